package determine_test

import (
	"context"
	"fmt"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark/internal/determine"
)

const (
	bom     = `{"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": []}`
	openapi = `{"openapi": "3.1.0", "info": {"title": "Lamp", "version": "1"}, "paths": {}}`
	mud     = `{"ietf-mud:mud": {"mud-version": 1, "mud-url": "https://lumo.example/ln1.json"}}`
	notice  = "<!DOCTYPE html><html lang=\"en\"><title>Privacy</title><p>We keep nothing.</p></html>"
	contact = "Contact: mailto:security@lumo.example\nExpires: 2027-09-30T00:00:00Z\n"
	pcap    = "\xd4\xc3\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x04\x00\x01\x00\x00\x00"
	image   = "\x27\x05\x19\x56\x00\x01\x02\x03\xff\xfe"
	picture = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00"
)

func files(m map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for p, s := range m {
		fsys[p] = &fstest.MapFile{Data: []byte(s)}
	}
	return fsys
}

func TestPropose(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  []string // path kind id
	}{
		{"nothing", map[string]string{"main.c": "int main(void) { return 0; }"}, nil},
		{"the sources", map[string]string{"docs/privacy.html": notice, "out/bom.json": bom, "site/.well-known/security.txt": contact},
			[]string{"docs/privacy.html web-page privacy", "out/bom.json sbom sbom", "site/.well-known/security.txt web-page security-txt"}},
		{"what a build wrote, after all others", map[string]string{
			"build/bom.json": bom, "dist/openapi.json": openapi, "dist/mud.json": mud, "target/images/lamp.img": image,
			"target/hbom.json": bom, "build/app/lamp.apk": "PK\x03\x04rest", "build/trace.pcap": pcap, "docs/privacy.html": notice,
		}, []string{
			"docs/privacy.html web-page privacy",
			"build/app/lamp.apk app-package lamp", "build/bom.json sbom sbom", "build/trace.pcap packet-capture trace",
			"dist/mud.json network-profile mud", "dist/openapi.json interface-description openapi",
			"target/hbom.json hbom hbom", "target/images/lamp.img firmware-image lamp-2",
		}},
		{"deep inside the sources", map[string]string{"app/build/outputs/bom.json": bom}, []string{"app/build/outputs/bom.json sbom sbom"}},
		{"no prose or picture of a build", map[string]string{
			"build/privacy.html": notice, "dist/security.txt": contact, "dist/board.png": picture, "build/vex.json": "{}",
			"dist/export.csv": "a,b\n1,2\n", "build/image.o": "\x7fELF\x01\x01\x00\x00", "build/CMakeFiles/a.bin": "\x7fELF\x01\x01\x00\x00",
		}, nil},
		{"advisories", map[string]string{
			"csaf/2026/nh-1.json": `{"document": {"category": "csaf_security_advisory", "csaf_version": "2.0"}}`, "csaf/vex-2.json": `{"document": {"category": "csaf_vex", "csaf_version": "2.0"}}`,
			"csaf/provider-metadata.json": `{"canonical_url": "https://lumo.example/provider-metadata.json"}`, "openvex.json": `{"@context": "https://openvex.dev/ns/v0.2.0"}`,
		}, []string{"csaf/2026/nh-1.json web-page nh-1", "csaf/provider-metadata.json web-page provider-metadata", "csaf/vex-2.json vex vex-2", "openvex.json vex openvex"}},
		{"other people's files", map[string]string{
			"node_modules/x/bom.json": bom, "build/node_modules/x/bom.json": bom, "dist/vendor/bom.json": bom,
			"target/third_party/bom.json": bom, "build/testdata/bom.json": bom, "build/.cache/bom.json": bom, ".git/bom.json": bom,
		}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			found, err := determine.Propose(context.Background(), files(tt.files))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range found {
				got = append(got, fmt.Sprintf("%s %s %s", p.Path, p.Kind, p.ID))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("got (-want +got)\n%s", diff)
			}
		})
	}
}

// What may hold passwords and keys is proposed as restricted, and two files of
// one kind have titles that tell them apart.
func TestProposeKeepsSecrets(t *testing.T) {
	t.Parallel()
	found, err := determine.Propose(context.Background(), files(map[string]string{
		"build/lamp.apk": "PK\x03\x04rest", "build/lamp.img": image, "out/bom.json": bom, "lan/day-1.pcap": pcap, "lan/day-2.pcap": pcap,
	}))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range found {
		got = append(got, fmt.Sprintf("%s|%s|%s", p.Title, p.Kind, p.Visibility))
	}
	want := []string{
		"Recorded traffic: lan/day-1.pcap|packet-capture|restricted", "Recorded traffic: lan/day-2.pcap|packet-capture|restricted",
		"Software components|sbom|", "The app as shipped|app-package|restricted", "Device image|firmware-image|restricted",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("got (-want +got)\n%s", diff)
	}
}

// A build that wrote a great many files hides nothing beside it.
func TestProposeManyBuilt(t *testing.T) {
	t.Parallel()
	m := map[string]string{"docs/bom.json": bom}
	for n := range 20_100 {
		m[fmt.Sprintf("build/obj/%05d.o", n)] = ""
	}
	found, err := determine.Propose(context.Background(), files(m))
	if err != nil || len(found) != 1 || found[0].Path != "docs/bom.json" {
		t.Errorf("got %v, %v", found, err)
	}
}
