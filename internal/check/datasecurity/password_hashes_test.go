package datasecurity_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/checktest"
	"github.com/open-iot-mark/iotmark/internal/check/datasecurity"
	"github.com/open-iot-mark/iotmark/internal/message"
	"github.com/open-iot-mark/iotmark/internal/samples"
)

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
		{"DES", checktest.Tar(t, 0o644, accountOf("XyeM5EWixbDNc", "/bin/sh")), []string{"failed fast"}},
		{"BSDi", checktest.Tar(t, 0o644, accountOf("_J9..SDSD5YGyRCr4W4c", "/bin/sh")), []string{"failed fast"}},
		{"MD5", checktest.Tar(t, 0o644, accountOf(md5, "/bin/sh")), []string{"failed fast"}},
		{"text in the open", checktest.Tar(t, 0o644, accountOf("letmein", "/bin/sh")), []string{"failed plain"}},
		{"SHA-256", checktest.Tar(t, 0o644, accountOf("$5$saltsalt$F0LqunYHYi6N5tBmEUKNGM8VNkEr/LfDE1nyjycYnu8", "/bin/sh")), []string{"passed slow"}},
		{"SHA-512", checktest.Tar(t, 0o644, accountOf("$6$rounds=1000$saltsalt$OTo1ErJyC7/RsneS2MGLjzyHA9koLYnvnlIJ0J5Rind8yN0UwwTYpkk3zD5CRI1jkv.bfRdXjknTy0aKBtcZd1", "/bin/sh")), []string{"passed slow"}},
		{"bcrypt", checktest.Tar(t, 0o644, accountOf("$2b$05$abcdefghabcdefghabcdee8d/qwq35R4Ci7q7K7NzIVyxHNBd0W4O", "/bin/sh")), []string{"passed slow"}},
		{"yescrypt", checktest.Tar(t, 0o644, accountOf("$y$j9T$abcdefgh$y7YixSZSrQy8hU6ORzd2u2Wa2NMN3ZDzpKLLnB2kgT9", "/bin/sh")), []string{"passed slow"}},
		{"a scheme nobody knows", checktest.Tar(t, 0o644, accountOf("$99$salt$abcdef", "/bin/sh")), []string{"cantTell unknown"}},
		{"locked", checktest.Tar(t, 0o644, accountOf("!", "/bin/sh")), []string{"inapplicable locked"}},
		{"locked, with a hash kept", checktest.Tar(t, 0o644, accountOf("!"+md5, "/bin/sh")), []string{"inapplicable locked"}},
		{"MD5, without a shell", checktest.Tar(t, 0o644, accountOf(md5, "/bin/false")), []string{"failed fast"}},
		{"text in the open, without a shell", checktest.Tar(t, 0o644, accountOf("none", "/bin/false")), []string{"inapplicable locked"}},
		{"empty is no hash", checktest.Tar(t, 0o644, accountOf("", "/bin/sh")), []string{"inapplicable locked"}},
		{"no shadow", checktest.Tar(t, 0o644, map[string]string{"bin/sh": "x", "etc/passwd": "root:x:0:0::/:/bin/sh\n"}), []string{"cantTell elsewhere"}},
		{"no accounts", checktest.Tar(t, 0o644, map[string]string{"bin/sh": "x", "etc/hosts": "x"}), []string{"cantTell no-accounts"}},
		{"opaque", []byte("\x00\xff\x00\xff" + strings.Repeat("\x01\x80", 400)), []string{"cantTell opaque"}},
		{"more accounts than are read", checktest.Tar(t, 0o644, big), []string{"cantTell too-many"}},
		{"one fast among slow", checktest.Tar(t, 0o644, map[string]string{"bin/sh": "x", "etc/passwd": "root:" + md5 + ":0:0::/:/bin/sh\nb:$y$j9T$abcdefgh$y7YixSZSrQy8hU6ORzd2u2Wa2NMN3ZDzpKLLnB2kgT9:1:1::/:/bin/sh\n"}), []string{"failed fast"}},
		{"hostile lines", checktest.Tar(t, 0o644, map[string]string{"bin/sh": "x", "etc/passwd": "\x00\xff:::::::\n:::::: \nroot:\x1b[2J:0:0::/:/bin/sh\n" + strings.Repeat("a:", 9000)}), []string{"failed plain"}},
	} {
		it := checktest.Firmware(t, c.image)
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
	it := checktest.Firmware(t, samples.Read(t, "firmware/debian-buffalo-lspro/initrd.buffalo"))
	out := datasecurity.PasswordHashes.Run(check.Input{Items: []check.Item{it}})
	if len(out) != 1 || out[0].Outcome != iotmark.CantTell || out[0].Args["names"] != "installer" {
		t.Errorf("got %+v", out)
	}
}
