package devicesecurity_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/checktest"
	"github.com/open-iot-mark/iotmark/internal/check/devicesecurity"
	"github.com/open-iot-mark/iotmark/internal/evidence/firmware"
	"github.com/open-iot-mark/iotmark/internal/message"
	"github.com/open-iot-mark/iotmark/internal/samples"
)

// tree is the content of a test's image: path -> content, or "-> target" for
// a link.
type tree map[string]string

// root is a tree in which nothing is wrong, with changes: an empty content
// takes a file away.
func root(changes tree) tree {
	t := tree{
		"bin/busybox":        "\x00applets",
		"bin/sh":             "-> busybox",
		"sbin/init":          "-> ../bin/busybox",
		"etc/passwd":         "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1::/:/usr/sbin/nologin\n",
		"etc/shadow":         "root:!:20000:0:99999:7:::\ndaemon:*:20000:0:99999:7:::\n",
		"etc/inittab":        "::sysinit:/etc/init.d/rcS\nttyS0::respawn:/sbin/getty -L ttyS0 115200\n",
		"etc/init.d/rcS":     "#!/bin/sh\nfor s in /etc/init.d/S??*; do $s start; done\n",
		"etc/init.d/S50http": "#!/bin/sh\ncase \"$1\" in\nstart) start-stop-daemon -S -x /usr/sbin/lighttpd -- -f /etc/l.conf ;;\nesac\n",
	}
	for k, v := range changes {
		if v == "" {
			delete(t, k)
			continue
		}
		t[k] = v
	}
	return t
}

func (tr tree) tar(t testing.TB) []byte {
	t.Helper()
	return checktest.Tar(t, 0o755, tr)
}

// image reads bytes as an image and makes an item of them.
func image(t testing.TB, b []byte) check.Item {
	t.Helper()
	return checktest.Firmware(t, b)
}

// row is one line of a truth table: messages without the check's id, each
// after its outcome.
type row struct {
	name string
	tree tree
	want []string
}

var fwChecks = map[string]check.Check{
	"default-logins": devicesecurity.DefaultLogins,
	"clear-services": devicesecurity.ClearServices,
	"private-keys":   devicesecurity.PrivateKeys,
	"hardening":      devicesecurity.Hardening,
}

// run runs a check on one image and looks at what every finding must have.
func run(t *testing.T, c check.Check, it check.Item) []iotmark.Finding {
	t.Helper()
	out := c.Run(check.Input{Declaration: &iotmark.Declaration{}, Items: []check.Item{it}, AsOf: "2026-11-22"})
	if len(out) == 0 {
		t.Fatal("no finding")
	}
	words := message.English()
	for _, f := range out {
		s := words.Say(f.Message, f.Args)
		if s == string(f.Message) || strings.Contains(s, "<no value>") || !strings.Contains(s, "Image 1.0") {
			t.Errorf("%s says %q", f.Message, s)
		}
		if !cmp.Equal(f.Basis, []iotmark.EvidenceID{it.ID}) {
			t.Errorf("%s rests on %v", f.Message, f.Basis)
		}
		if f.Outcome == iotmark.Failed && len(f.Places) == 0 {
			t.Errorf("%s points nowhere", f.Message)
		}
		for _, p := range f.Places {
			if len(p.Quote) > 200 || strings.ContainsAny(p.Quote, "$") {
				t.Errorf("%s quotes %q", f.Message, p.Quote)
			}
		}
	}
	return out
}

func said(c check.Check, out []iotmark.Finding) []string {
	var got []string
	for _, f := range out {
		s := string(f.Outcome) + " " + strings.TrimPrefix(string(f.Message), string(c.ID)+".")
		if f.Exploitable {
			s += " exploitable"
		}
		got = append(got, s)
	}
	return got
}

func table(t *testing.T, c check.Check, rows []row) {
	t.Helper()
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			if d := cmp.Diff(r.want, said(c, run(t, c, image(t, r.tree.tar(t))))); d != "" {
				t.Errorf("got (-want +got):\n%s", d)
			}
		})
	}
}

// The real images: what SOURCES.md says of them.
func TestFirmwareChecksOnRealImages(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sample string
		want   map[string][]string
	}{
		{"firmware/debian-buffalo-lspro/initrd.buffalo", map[string][]string{
			"default-logins": {"failed console-shell", "cantTell elsewhere"},
			"clear-services": {"failed console-shell"},
			"private-keys":   {"passed none"},
			"hardening":      {"passed built"},
		}},
		{"firmware/particle/tinker-5.0.0-p2.bin", map[string][]string{
			"default-logins": {"cantTell opaque"}, "clear-services": {"cantTell opaque"}, "private-keys": {"cantTell opaque"}, "hardening": {"cantTell opaque"},
		}},
		{"firmware/fs/squashfs.bin", map[string][]string{
			"default-logins": {"cantTell opaque"}, "clear-services": {"cantTell opaque"}, "private-keys": {"cantTell opaque"}, "hardening": {"cantTell opaque"},
		}},
	} {
		t.Run(c.sample, func(t *testing.T) {
			t.Parallel()
			it := image(t, samples.Read(t, c.sample))
			got := map[string][]string{}
			for name, ch := range fwChecks {
				got[name] = said(ch, run(t, ch, it))
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("got (-want +got):\n%s", d)
			}
		})
	}
}

// The words of each check are those its source can emit, all of them.
func TestFirmwareChecksHaveWords(t *testing.T) {
	t.Parallel()
	emits := regexp.MustCompile(`"([a-z]+(?:-[a-z]+)*)", (?:"|iotmark\.(?:Failed|CantTell)|func|plain|encrypted|open|started|present|unsafe)|(?:say|programs|consoles)\([a-zA-Z.]*,? ?"([a-z-]+)"`)
	for name, c := range fwChecks {
		src, err := os.ReadFile(strings.ReplaceAll(name, "-", "_") + ".go")
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]bool{}
		body := string(src)[strings.Index(string(src), "Reads:"):]
		for _, m := range emits.FindAllStringSubmatch(body, -1) {
			w := m[1] + m[2]
			if !slices.Contains([]string{"n", "names", "read", "files", "first", "of", "nx", "pie", "relro", "canary", "full", "fortified", "path", "line", "image"}, w) {
				want[w] = true
			}
		}
		for call, w := range map[string]string{"m.opaque()": "opaque", "m.partly()": "partly"} {
			if strings.Contains(body, call) {
				want[w] = true
			}
		}
		checktest.Sentences(t, c, want)
	}
}

// Checks survive facts that nobody would send: all zero.
func TestFirmwareChecksOnEmptyFacts(t *testing.T) {
	t.Parallel()
	for name, c := range fwChecks {
		it := image(t, root(nil).tar(t))
		it.Facts = &firmware.Facts{}
		for _, f := range run(t, c, it) {
			if f.Outcome == iotmark.Passed {
				t.Errorf("%s passes on nothing", name)
			}
		}
	}
}
