package devicesecurity_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check/devicesecurity"
)

func pemOf(t *testing.T, label string, der []byte) string {
	t.Helper()
	return string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}))
}

func TestPrivateKeys(t *testing.T) {
	t.Parallel()
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p8, err := x509.MarshalPKCS8PrivateKey(ed)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	key := pemOf(t, "PRIVATE KEY", p8)
	found, none := []string{"failed found exploitable"}, []string{"passed none"}
	table(t, devicesecurity.PrivateKeys, []row{
		{"nothing", root(nil), none},
		{"Ed25519 in PEM", root(tree{"etc/k.pem": key}), found},
		{"RSA in PEM", root(tree{"etc/k.pem": pemOf(t, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey))}), found},
		{"RSA in DER", root(tree{"etc/k.der": string(x509.MarshalPKCS1PrivateKey(rsaKey))}), found},
		{"within a program", root(tree{"bin/agent": "\x7fELF\x01\x01\x01" + strings.Repeat("\x00", 100) + key}), found},
		{"in JSON", root(tree{"etc/c.json": `{"key":"` + strings.ReplaceAll(key, "\n", `\n`) + `"}`}), found},
		{"outside the tree by name", root(tree{"../../k.pem": key}), found},
		{"a public key", root(tree{"etc/k.pub": "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAOsx6dRapbvdjkYP0Ne8SvRfLKavWtCsjvrCKRmO7QdY=\n-----END PUBLIC KEY-----\n"}), none},
		{"markers alone", root(tree{"bin/ssl": "\x00-----BEGIN RSA PRIVATE KEY-----\x00-----END RSA PRIVATE KEY-----\x00"}), none},
		{"a sample that is no key", root(tree{"usr/share/doc/x": "-----BEGIN PRIVATE KEY-----\n" + strings.Repeat("QUFBQUFB", 30) + "\n-----END PRIVATE KEY-----\n"}), none},
		{"encrypted", root(tree{"etc/k.pem": "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n" + strings.Repeat("QUFBQUFB", 30) + "\n-----END RSA PRIVATE KEY-----\n"}), []string{"cantTell encrypted"}},
		{"a part that cannot be looked into", root(tree{"opt/data.sqfs": "hsqs" + strings.Repeat("\x00", 24) + "\x04\x00\x00\x00" + strings.Repeat("\x00", 64)}), []string{"cantTell partly"}},
	})
	t.Run("in an opaque image", func(t *testing.T) {
		t.Parallel()
		c := devicesecurity.PrivateKeys
		out := run(t, c, image(t, []byte(strings.Repeat("\x00\xfe\x01", 5000)+key+"\x00\xff")))
		if got := said(c, out); len(got) != 2 || got[0] != "failed found exploitable" || got[1] != "cantTell opaque" {
			t.Errorf("got %q", got)
		}
		for _, f := range out {
			for _, s := range append([]string{f.Args["path"]}, quotes(f.Places)...) {
				if strings.Contains(key, s) && len(s) > 4 {
					t.Errorf("the finding gives the key away: %q", s)
				}
			}
		}
	})
}

func quotes(ps []iotmark.Place) []string {
	var out []string
	for _, p := range ps {
		out = append(out, p.Quote)
	}
	return out
}
