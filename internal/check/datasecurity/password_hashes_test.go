package datasecurity_test

import (
	"archive/tar"
	"bytes"
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/datasecurity"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/firmware"
	"github.com/open-iot-mark/iotmark/internal/message"
	"github.com/open-iot-mark/iotmark/internal/samples"
)

// firmwareItem reads bytes as an image.
func firmwareItem(t *testing.T, b []byte) check.Item {
	t.Helper()
	f, err := firmware.Reader.Read(context.Background(), evidence.NewSource("image.bin", b), evidence.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return check.Item{
		Evidence: iotmark.Evidence{ID: "image", Kind: iotmark.KindFirmwareImage, Title: "Image 1.0"},
		Standing: iotmark.Held, Reader: "firmware", Facts: f,
	}
}

func firmwareTar(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(files[name])), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(files[name])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// accountOf gives an image with one account and its password field.
func accountOf(hash, shell string) map[string]string {
	return map[string]string{"bin/sh": "x", "etc/passwd": "root:x:0:0::/:" + shell + "\n", "etc/shadow": "root:" + hash + ":1:0:99999:7:::\n"}
}

func TestPasswordHashes(t *testing.T) {
	t.Parallel()
	const md5 = "$1$saltsalt$a3vFHoJdFX2k9S3WHZrAO1"
	emitted := map[string]bool{}
	big := map[string]string{"bin/sh": "x", "etc/passwd": strings.Repeat("u:!:1:1::/:/bin/sh\n", 600)}
	for _, c := range []struct {
		name  string
		image []byte
		want  []string
	}{
		{"DES", firmwareTar(t, accountOf("XyeM5EWixbDNc", "/bin/sh")), []string{"failed fast"}},
		{"BSDi", firmwareTar(t, accountOf("_J9..SDSD5YGyRCr4W4c", "/bin/sh")), []string{"failed fast"}},
		{"MD5", firmwareTar(t, accountOf(md5, "/bin/sh")), []string{"failed fast"}},
		{"text in the open", firmwareTar(t, accountOf("letmein", "/bin/sh")), []string{"failed plain"}},
		{"SHA-256", firmwareTar(t, accountOf("$5$saltsalt$F0LqunYHYi6N5tBmEUKNGM8VNkEr/LfDE1nyjycYnu8", "/bin/sh")), []string{"passed slow"}},
		{"SHA-512", firmwareTar(t, accountOf("$6$rounds=1000$saltsalt$OTo1ErJyC7/RsneS2MGLjzyHA9koLYnvnlIJ0J5Rind8yN0UwwTYpkk3zD5CRI1jkv.bfRdXjknTy0aKBtcZd1", "/bin/sh")), []string{"passed slow"}},
		{"bcrypt", firmwareTar(t, accountOf("$2b$05$abcdefghabcdefghabcdee8d/qwq35R4Ci7q7K7NzIVyxHNBd0W4O", "/bin/sh")), []string{"passed slow"}},
		{"yescrypt", firmwareTar(t, accountOf("$y$j9T$abcdefgh$y7YixSZSrQy8hU6ORzd2u2Wa2NMN3ZDzpKLLnB2kgT9", "/bin/sh")), []string{"passed slow"}},
		{"a scheme nobody knows", firmwareTar(t, accountOf("$99$salt$abcdef", "/bin/sh")), []string{"cantTell unknown"}},
		{"locked", firmwareTar(t, accountOf("!", "/bin/sh")), []string{"inapplicable locked"}},
		{"locked, with a hash kept", firmwareTar(t, accountOf("!"+md5, "/bin/sh")), []string{"inapplicable locked"}},
		{"MD5, without a shell", firmwareTar(t, accountOf(md5, "/bin/false")), []string{"failed fast"}},
		{"text in the open, without a shell", firmwareTar(t, accountOf("none", "/bin/false")), []string{"inapplicable locked"}},
		{"empty is no hash", firmwareTar(t, accountOf("", "/bin/sh")), []string{"inapplicable locked"}},
		{"no shadow", firmwareTar(t, map[string]string{"bin/sh": "x", "etc/passwd": "root:x:0:0::/:/bin/sh\n"}), []string{"cantTell elsewhere"}},
		{"no accounts", firmwareTar(t, map[string]string{"bin/sh": "x", "etc/hosts": "x"}), []string{"cantTell no-accounts"}},
		{"opaque", []byte("\x00\xff\x00\xff" + strings.Repeat("\x01\x80", 400)), []string{"cantTell opaque"}},
		{"more accounts than are read", firmwareTar(t, big), []string{"cantTell too-many"}},
		{"one fast among slow", firmwareTar(t, map[string]string{"bin/sh": "x", "etc/passwd": "root:" + md5 + ":0:0::/:/bin/sh\nb:$y$j9T$abcdefgh$y7YixSZSrQy8hU6ORzd2u2Wa2NMN3ZDzpKLLnB2kgT9:1:1::/:/bin/sh\n"}), []string{"failed fast"}},
		{"hostile lines", firmwareTar(t, map[string]string{"bin/sh": "x", "etc/passwd": "\x00\xff:::::::\n:::::: \nroot:\x1b[2J:0:0::/:/bin/sh\n" + strings.Repeat("a:", 9000)}), []string{"failed plain"}},
	} {
		it := firmwareItem(t, c.image)
		out := datasecurity.PasswordHashes.Run(check.Input{Items: []check.Item{it}})
		var got []string
		for _, f := range out {
			what := strings.TrimPrefix(string(f.Message), string(datasecurity.PasswordHashes.ID)+".")
			emitted[what] = true
			got = append(got, string(f.Outcome)+" "+what)
			s := message.English().Say(f.Message, f.Args)
			if s == string(f.Message) || strings.Contains(s, "<no value>") || strings.Contains(s, "$1$") {
				t.Errorf("%s: says %q", c.name, s)
			}
			if f.Outcome == iotmark.Failed && len(f.Places) == 0 {
				t.Errorf("%s: points nowhere", c.name)
			}
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: got (-want +got):\n%s", c.name, d)
		}
	}
	raw, err := os.ReadFile(filepath.Join(samples.Root(), "internal/message/en/data-security.password-hashes.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var have map[string]any
	if err := yaml.Unmarshal(raw, &have); err != nil {
		t.Fatal(err)
	}
	for id := range have {
		if what := strings.TrimPrefix(id, "data-security.password-hashes."); !emitted[what] {
			t.Errorf("no case says %s", what)
		}
	}
}

func TestPasswordHashesOfBuffalo(t *testing.T) {
	t.Parallel()
	it := firmwareItem(t, samples.Read(t, "firmware/debian-buffalo-lspro/initrd.buffalo"))
	out := datasecurity.PasswordHashes.Run(check.Input{Items: []check.Item{it}})
	if len(out) != 1 || out[0].Outcome != iotmark.CantTell || out[0].Args["names"] != "installer" {
		t.Errorf("got %+v", out)
	}
}
