package provenance_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/checktest"
	"github.com/open-iot-mark/iotmark/internal/check/provenance"
	"github.com/open-iot-mark/iotmark/internal/evidence/firmware"
	"github.com/open-iot-mark/iotmark/internal/message"
	"github.com/open-iot-mark/iotmark/internal/samples"
)

// dpkg is an image with one dpkg database: "name version [source]" each.
func dpkg(packages ...string) map[string]string {
	var b strings.Builder
	for _, p := range packages {
		w := strings.Fields(p)
		fmt.Fprintf(&b, "Package: %s\nStatus: install ok installed\nArchitecture: armhf\nVersion: %s\n", w[0], w[1])
		if len(w) > 2 {
			fmt.Fprintf(&b, "Source: %s\n", strings.Join(w[2:], " "))
		}
		b.WriteString("Description: x\n more\n\n")
	}
	return map[string]string{"bin/sh": "x", "etc/hosts": "x", "var/lib/dpkg/status": b.String()}
}

// cdx is a list of components: "name@version" or a package URL each.
func cdx(t *testing.T, components ...string) check.Item {
	t.Helper()
	type component struct {
		Type    string `json:"type"`
		Name    string `json:"name"`
		Version string `json:"version,omitempty"`
		PURL    string `json:"purl,omitempty"`
		CPE     string `json:"cpe,omitempty"`
	}
	var list []component
	for _, c := range components {
		switch {
		case strings.HasPrefix(c, "pkg:"):
			path, _, _ := strings.Cut(c, "?")
			_, v, _ := strings.Cut(path, "@")
			list = append(list, component{"library", "x", strings.ReplaceAll(v, "%2B", "+"), c, ""})
		case strings.HasPrefix(c, "cpe:"):
			list = append(list, component{"library", "x", cpeVersion(c), "", c})
		default:
			n, v, _ := strings.Cut(c, "@")
			list = append(list, component{"library", n, v, "", ""})
		}
	}
	b, err := json.Marshal(map[string]any{"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": list})
	if err != nil {
		t.Fatal(err)
	}
	return listItem(t, b)
}

func cpeVersion(c string) string {
	w := strings.Split(c, ":")
	if w[1] == "2.3" {
		return w[5]
	}
	return w[4]
}

func listItem(t *testing.T, b []byte) check.Item { return list(t, "sbom", b) }

func TestSBOMCoversFirmware(t *testing.T) {
	t.Parallel()
	covered, missing, differs := []string{"passed covered"}, []string{"failed missing"}, []string{"failed differs"}
	openssl := dpkg("libssl3 3.0.11-1~deb12u2 openssl", "busybox 1:1.35.0-4+deb12u1+b1")
	many := make([]string, 40)
	for i := range many {
		many[i] = fmt.Sprintf("pkg%d 1.%d-1", i, i)
	}
	emitted := map[string]bool{}
	for _, c := range []struct {
		name  string
		image []byte
		list  check.Item
		want  []string
	}{
		{"same names and versions", checktest.Tar(t, 0o644, openssl), cdx(t, "libssl3@3.0.11-1~deb12u2", "busybox@1:1.35.0-4+deb12u1+b1"), covered},
		{"source name, upstream version", checktest.Tar(t, 0o644, openssl), cdx(t, "OpenSSL@3.0.11", "BusyBox@v1.35.0"), covered},
		{"by package URL", checktest.Tar(t, 0o644, openssl), cdx(t, "pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=armhf", "pkg:deb/debian/busybox@1.35.0-4%2Bdeb12u1?arch=armhf"), covered},
		{"by upstream of a package URL", checktest.Tar(t, 0o644, dpkg("foo-bin 2.0-1 foo")), cdx(t, "pkg:deb/debian/foo-tools@2.0-1?upstream=foo%402.0-1"), covered},
		{"by CPE", checktest.Tar(t, 0o644, dpkg("libssl3 3.0.11-1 openssl")), cdx(t, "cpe:2.3:a:openssl:openssl:3.0.11:*:*:*:*:*:*:*"), covered},
		{"generic package URL", checktest.Tar(t, 0o644, dpkg("dropbear 2022.83-1")), cdx(t, "pkg:generic/dropbear@2022.83"), covered},
		{"installer's package", checktest.Tar(t, 0o644, dpkg("busybox-udeb 1:1.35.0-4")), cdx(t, "busybox@1.35.0"), covered},
		{"no version in the list", checktest.Tar(t, 0o644, openssl), cdx(t, "openssl", "busybox@unknown"), covered},
		{"repacked upstream", checktest.Tar(t, 0o644, dpkg("zlib1g 1:1.2.13.dfsg-1 zlib")), cdx(t, "zlib@1.2.13"), covered},
		{"recipes in the list, packages in the image", checktest.Tar(t, 0o644, dpkg("busybox 1.36.1-r0", "busybox-udhcpc 1.36.1-r0", "libc6 2.39+git0+ce65d944e3-r0", "libssl3 3.2.4-r0", "openssl-conf 3.2.4-r0", "packagegroup-core-boot 1.0-r0", "busybox-dbg 1.36.1-r0", "zoo-locale-en-gb 1-r0", "zoo-doc 1-r0", "zoo-dev 1-r0")),
			cdx(t, "openssl@3.2.4", "busybox@1.36.1", "glibc@2.39+git"), covered},
		{"a package of a recipe in another version", checktest.Tar(t, 0o644, dpkg("busybox 1.36.1-r0", "busybox-udhcpc 1.35.0-r0")), cdx(t, "busybox@1.36.1"), missing},
		{"a package of a recipe without a version", checktest.Tar(t, 0o644, dpkg("python3-requests 2.31.0-r0")), cdx(t, "python3"), missing},
		{"a hyphen is where the name ends", checktest.Tar(t, 0o644, dpkg("busyboxer 1.36.1-r0")), cdx(t, "busybox@1.36.1"), missing},
		{"nothing but groups of packages", checktest.Tar(t, 0o644, dpkg("packagegroup-base 1.0-r83")), cdx(t, "busybox@1.36.1"), []string{"cantTell nothing-seen"}},
		{"a version that is a day", checktest.Tar(t, 0o644, dpkg("libubox 2024-03-01-r1")), cdx(t, "libubox@2024-03-01"), covered},
		{"a version that is another day", checktest.Tar(t, 0o644, dpkg("libubox 2024-03-01-r1")), cdx(t, "libubox@2024-03-29"), differs},
		{"a day and a commit", checktest.Tar(t, 0o644, dpkg("uci 2023-08-10-5781664d-1")), cdx(t, "uci@2023-08-10-5781664d"), covered},
		{"by CPE of 2.2", checktest.Tar(t, 0o644, dpkg("busybox 1.36.1-1")), cdx(t, "cpe:/a:busybox:busybox:1.36.1"), covered},
		{"one missing", checktest.Tar(t, 0o644, openssl), cdx(t, "openssl@3.0.11"), missing},
		{"another version", checktest.Tar(t, 0o644, openssl), cdx(t, "openssl@3.0.2", "busybox@1.35.0"), differs},
		{"missing and different", checktest.Tar(t, 0o644, openssl), cdx(t, "openssl@3.0.2"), []string{"failed missing", "failed differs"}},
		{"a name that only begins alike", checktest.Tar(t, 0o644, dpkg("curl 7.88.1-10")), cdx(t, "curlew@7.88.1"), missing},
		{"forty missing", checktest.Tar(t, 0o644, dpkg(many...)), cdx(t, "x@1"), missing},
		{"removed packages do not count", checktest.Tar(t, 0o644, map[string]string{"bin/sh": "x", "etc/hosts": "x", "var/lib/dpkg/status": "Package: a\nStatus: install ok installed\nVersion: 1\n\nPackage: gone\nStatus: deinstall ok config-files\nVersion: 1\n"}), cdx(t, "a@1"), covered},
		{"opkg", checktest.Tar(t, 0o644, map[string]string{"bin/sh": "x", "etc/hosts": "x", "usr/lib/opkg/status": "Package: dnsmasq\nVersion: 2.89-4\nStatus: install user installed\nArchitecture: mips_24kc\n"}), cdx(t, "pkg:opkg/dnsmasq@2.89"), covered},
		{"apk", checktest.Tar(t, 0o644, map[string]string{"bin/sh": "x", "etc/hosts": "x", "lib/apk/db/installed": "C:Q1x\nP:musl\nV:1.2.4-r2\nA:armv7\nL:MIT\n\nP:ssl_client\nV:1.36.1-r5\no:busybox\n"}), cdx(t, "musl@1.2.4", "busybox@1.36.1"), covered},
		{"a program that names itself", checktest.Tar(t, 0o644, map[string]string{"etc/hosts": "x", "bin/busybox": "\x7fELF\x01\x01\x01" + strings.Repeat("\x00", 60) + "BusyBox v1.19.4 (2013)\x00"}), cdx(t, "busybox@1.35.0"), differs},
		{"a program that names itself, listed", checktest.Tar(t, 0o644, map[string]string{"etc/hosts": "x", "bin/busybox": "\x7fELF\x01\x01\x01" + strings.Repeat("\x00", 60) + "BusyBox v1.19.4 (2013)\x00"}), cdx(t, "busybox@1.19.4"), covered},
		{"nothing names itself", checktest.Tar(t, 0o644, map[string]string{"bin/sh": "x", "etc/hosts": "x"}), cdx(t, "busybox@1.35.0"), []string{"cantTell nothing-seen"}},
		{"an empty list", checktest.Tar(t, 0o644, openssl), cdx(t), []string{"cantTell no-list"}},
		{"opaque", []byte(strings.Repeat("\x00\xff\x01\x80", 400)), cdx(t, "busybox@1.35.0"), []string{"cantTell opaque"}},
		{"hostile names", checktest.Tar(t, 0o644, dpkg("pkg:%zz/@@?? \x1b[2J", strings.Repeat("a", 5000)+" 1")), cdx(t, "pkg:deb/%zz@?upstream=%zz", "a@1"), missing},
		{"more packages than are read", checktest.Tar(t, 0o644, dpkg(slices.Repeat([]string{"a 1"}, 20_001)...)), cdx(t, "a@1"), []string{"cantTell too-many"}},
	} {
		out := provenance.SBOMCoversFirmware.Run(check.Input{Items: []check.Item{checktest.Firmware(t, c.image), c.list}})
		var got []string
		for _, f := range out {
			what := strings.TrimPrefix(string(f.Message), string(provenance.SBOMCoversFirmware.ID)+".")
			emitted[what] = true
			got = append(got, string(f.Outcome)+" "+what)
			s := message.English().Say(f.Message, f.Args)
			if s == string(f.Message) || strings.Contains(s, "<no value>") || strings.Contains(s, "\x1b") || len(s) > 3000 {
				t.Errorf("%s: says %q", c.name, s)
			}
			if f.Outcome == iotmark.Failed && len(f.Places) == 0 || len(f.Places) > 5 {
				t.Errorf("%s: points to %d places", c.name, len(f.Places))
			}
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: got (-want +got):\n%s", c.name, d)
		}
	}
	raw, err := os.ReadFile(filepath.Join(samples.Root(), "internal/message/en/provenance.sbom-covers-firmware.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var have map[string]any
	if err := yaml.Unmarshal(raw, &have); err != nil {
		t.Fatal(err)
	}
	for id := range have {
		if what := strings.TrimPrefix(id, "provenance.sbom-covers-firmware."); !emitted[what] {
			t.Errorf("no case says %s", what)
		}
	}
}

// The real image against a list of its own 93 packages, and against the list
// of another product.
func TestSBOMCoversBuffalo(t *testing.T) {
	t.Parallel()
	it := checktest.Firmware(t, samples.Read(t, "firmware/debian-buffalo-lspro/initrd.buffalo"))
	var all []string
	for _, p := range it.Facts.(*firmware.Facts).Packages {
		all = append(all, p.Name+"@"+p.Version)
	}
	for _, v := range it.Facts.(*firmware.Facts).Versions {
		all = append(all, v.Name+"@"+v.Version)
	}
	run := func(l check.Item) iotmark.Finding {
		return provenance.SBOMCoversFirmware.Run(check.Input{Items: []check.Item{it, l}})[0]
	}
	if f := run(cdx(t, all...)); f.Outcome != iotmark.Passed {
		t.Errorf("got %+v", f)
	}
	if f := run(listItem(t, samples.Read(t, "sbom/proton-bridge-v1.8.0.bom.json"))); f.Outcome != iotmark.Failed || f.Args["n"] != f.Args["of"] {
		t.Errorf("got %+v", f)
	}
}
