package evidence_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/crypto/ssh"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/evidence"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func armoured(label string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}))
}

// secrets are keys made here and now, and the forms of access keys.
func secrets() map[string]string {
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	r := must(rsa.GenerateKey(rand.Reader, 2048))
	ec := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	pkcs8 := armoured("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(ed)))
	random := make([]byte, 30)
	rand.Read(random)
	aws := base64.StdEncoding.EncodeToString(random)
	return map[string]string{
		"PKCS #8":   pkcs8,
		"PKCS #1":   armoured("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(r)),
		"SEC 1":     armoured("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(ec))),
		"locked":    armoured("ENCRYPTED PRIVATE KEY", bytes.Repeat([]byte{7}, 120)),
		"OpenSSH":   string(pem.EncodeToMemory(must(ssh.MarshalPrivateKey(ed, "x")))),
		"OpenPGP":   "-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG v2\n\n" + strings.Repeat("lQOYBF0aYmcBCADN1q9wYbnO1gq\n", 6) + "=njUN\n-----END PGP PRIVATE KEY BLOCK-----\n",
		"in JSON":   string(must(json.Marshal(map[string]string{"key": pkcs8}))),
		"in C":      `"` + strings.ReplaceAll(pkcs8, "\n", "\\n\"\n\"") + `"`,
		"in HTML":   strings.ReplaceAll(pkcs8, "\n", "<br>"),
		"in base64": "tls.key: " + base64.StdEncoding.EncodeToString([]byte(pkcs8)),
		"PuTTY":     "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n",
		"age":       "AGE-SECRET-KEY-1" + strings.Repeat("QZ", 29),
		"AWS id":    "aws_access_key_id = AKIA" + strings.Repeat("Q2", 8),
		"AWS key":   "aws_secret_access_key = " + aws,
		"AWS JSON":  `{"SecretAccessKey": "` + aws + `"}`,
		"AWS env":   "export AWS_SECRET_ACCESS_KEY='" + aws + "'",
	}
}

func source(b []byte) evidence.Source { return evidence.NewSource("x", b) }

func gzipped(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	z.Write(b)
	z.Close()
	return out.Bytes()
}

func zipped(method uint16, b []byte) []byte {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, name := range []string{"first", "second"} {
		content := b
		if name == "first" {
			content = []byte(strings.Repeat("nothing ", 1000))
		}
		if method == zip.Store { // with its size in front, as zip programs write it
			n := uint64(len(content))
			must(z.CreateRaw(&zip.FileHeader{Name: name, CompressedSize64: n, UncompressedSize64: n})).Write(content)
			continue
		}
		must(z.CreateHeader(&zip.FileHeader{Name: name, Method: method})).Write(content)
	}
	z.Close()
	return out.Bytes()
}

func tarred(b []byte) []byte {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	w.WriteHeader(&tar.Header{Name: "etc/x", Mode: 0o600, Size: int64(len(b))})
	w.Write(b)
	w.Close()
	return out.Bytes()
}

func TestSecretIsFound(t *testing.T) {
	t.Parallel()
	packed := map[string]func([]byte) []byte{
		"alone":      func(b []byte) []byte { return b },
		"far behind": func(b []byte) []byte { return append(bytes.Repeat([]byte("x\n"), 1<<19+300), b...) },
		"over a window's end": func(b []byte) []byte {
			return append(bytes.Repeat([]byte("x\n"), 1<<19-20), append(b, bytes.Repeat([]byte("y\n"), 1<<19)...)...)
		},
		"gzip":                gzipped,
		"gzip, and behind":    func(b []byte) []byte { return append(gzipped([]byte("nothing")), b...) },
		"tar":                 tarred,
		"tar.gz in tar":       func(b []byte) []byte { return tarred(gzipped(tarred(b))) },
		"zip":                 func(b []byte) []byte { return zipped(zip.Deflate, b) },
		"zip, stored":         func(b []byte) []byte { return zipped(zip.Store, b) },
		"gzip in zip":         func(b []byte) []byte { return zipped(zip.Store, gzipped(b)) },
		"zip without its end": func(b []byte) []byte { z := zipped(zip.Deflate, b); return z[:len(z)-60] },
		"zstd":                func(b []byte) []byte { return must(zstd.NewWriter(nil)).EncodeAll(b, nil) },
		"gzip, broken off":    func(b []byte) []byte { z := gzipped(append(b, bytes.Repeat([]byte{0}, 9000)...)); return z[:len(z)-9] },
	}
	for name, s := range secrets() {
		for as, pack := range packed {
			got, err := evidence.Secret(t.Context(), source(pack([]byte("before\n"+s+"\nbehind"))))
			if err != nil || got == "" || len(got) > 60 {
				t.Errorf("%s, %s: got %q, %v", name, as, got, err)
			}
		}
	}
}

func TestNoSecret(t *testing.T) {
	t.Parallel()
	pub, _, _ := ed25519.GenerateKey(rand.Reader)
	for name, s := range map[string]string{
		"nothing":               "",
		"a public key":          armoured("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(pub))),
		"a certificate":         armoured("CERTIFICATE", bytes.Repeat([]byte{7}, 500)),
		"words about it":        "The file begins with -----BEGIN RSA PRIVATE KEY----- and ends with -----END RSA PRIVATE KEY-----, and is secret.",
		"left out":              "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----\n",
		"texts of a program":    "-----BEGIN RSA PRIVATE KEY-----\x00-----END RSA PRIVATE KEY-----\x00-----BEGIN EC PRIVATE KEY-----\x00" + strings.Repeat("\x01\x02", 100),
		"an example of AWS":     "AKIAIOSFODNN7EXAMPLE wins aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
		"a word with AKIA":      "SLOVAKIAQQQQQQQQQQQQQQQQ",
		"where a secret is put": "aws_secret_access_key = ${SECRET}",
		"a broken gzip":         "\x1f\x8b\x08 no",
	} {
		if got, err := evidence.Secret(t.Context(), source([]byte(s))); err != nil || got != "" {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

// What is too large to look through is not taken for clean.
func TestSecretLimits(t *testing.T) {
	t.Parallel()
	many := strings.Repeat("-----BEGIN PRIVATE KEY-----", 20_001)
	_, err := evidence.Secret(t.Context(), source([]byte(many)))
	if e, ok := errors.AsType[*iotmark.Error](err); !ok || e.ID != "too-much" {
		t.Errorf("many lines: got %v", err)
	}
	var bomb bytes.Buffer
	z := must(gzip.NewWriterLevel(&bomb, gzip.BestSpeed))
	zeros := make([]byte, 1<<20)
	for range 2<<10 + 1 {
		z.Write(zeros)
	}
	z.Close()
	_, err = evidence.Secret(t.Context(), source(bomb.Bytes()))
	if e, ok := errors.AsType[*iotmark.Error](err); !ok || e.ID != "too-much" {
		t.Errorf("a bomb: got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := evidence.Secret(ctx, source(bomb.Bytes())); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
}

func FuzzSecret(f *testing.F) {
	for _, s := range secrets() {
		f.Add([]byte(s))
		f.Add(tarred(gzipped([]byte(s))))
		f.Add(zipped(zip.Deflate, []byte(s)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<16 {
			return
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		got, err := evidence.Secret(ctx, source(b))
		again, _ := evidence.Secret(ctx, evidence.Source{Name: "x", Size: int64(len(b)), ReaderAt: io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b)))})
		if got != again || err != nil && got != "" {
			t.Errorf("got %q, then %q, %v", got, again, err)
		}
	})
}
