package accountability_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/accountability"
	"github.com/open-iot-mark/iotmark/internal/check/checktest"
	"github.com/open-iot-mark/iotmark/internal/evidence/description"
	"github.com/open-iot-mark/iotmark/internal/evidence/elf"
	"github.com/open-iot-mark/iotmark/internal/evidence/firmware"
	"github.com/open-iot-mark/iotmark/internal/evidence/netprofile"
	"github.com/open-iot-mark/iotmark/internal/evidence/sbom"
	tables "github.com/open-iot-mark/iotmark/internal/evidence/table"
)

func TestFactsAgree(t *testing.T) {
	t.Parallel()
	image := func(f firmware.Facts) check.Item {
		return check.Item{Evidence: iotmark.Evidence{ID: "image", Kind: iotmark.KindFirmwareImage}, Standing: iotmark.Held, Reader: "firmware", Facts: &f}
	}
	linux := firmware.Facts{Roots: []firmware.Root{{Init: true}}, Programs: []elf.Program{{Path: "bin/a"}, {Path: "bin/b"}}, Totals: firmware.Totals{Programs: 2}}
	hashed := firmware.Facts{Accounts: []firmware.Account{{Name: "root", Password: firmware.Hashed}}}
	locked := firmware.Facts{Accounts: []firmware.Account{{Name: "root", Password: firmware.Locked}}}
	mud := check.Item{Evidence: iotmark.Evidence{ID: "mud", Kind: iotmark.KindNetworkProfile}, Standing: iotmark.Held, Reader: "netprofile",
		Facts: &netprofile.Facts{Flows: []netprofile.Flow{{Host: "link.lumo.example", Line: 7}}}}
	api := checktest.Item(t, description.Reader, iotmark.KindInterfaceDescription, "api", "openapi: 3.1.0\ninfo: {title: A, version: \"1\"}\npaths:\n  /x:\n    get: {responses: {\"200\": {description: ok}}}\n")
	list := checktest.Item(t, sbom.Reader, iotmark.KindSBOM, "sbom", `{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"components":[{"type":"library","name":"zlib","version":"1.3","licenses":[{"license":{"id":"Zlib"}}]}]}`)
	own := checktest.Item(t, sbom.Reader, iotmark.KindSBOM, "sbom", `{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"components":[{"type":"library","name":"mine","version":"1.3","licenses":[{"license":{"name":"proprietary"}}]}]}`)
	board := checktest.Item(t, tables.Reader, iotmark.KindHBOM, "board", "kind,maker,type\nMEMS microphone,Acme,M1\nmicrocontroller,Acme,U1\n")
	no := iotmark.FactValue{Truth: iotmark.False}
	for _, c := range []struct {
		name  string
		facts map[iotmark.FactID]iotmark.FactValue
		items []check.Item
		want  iotmark.Outcome
		deny  []iotmark.FactID
	}{
		{"nothing to see", map[iotmark.FactID]iotmark.FactValue{"runs_full_os": no}, nil, iotmark.Inapplicable, nil},
		{"an operating system denied", map[iotmark.FactID]iotmark.FactValue{"runs_full_os": no}, []check.Item{image(linux)}, iotmark.Failed, []iotmark.FactID{"runs_full_os"}},
		{"an operating system not known", nil, []check.Item{image(linux)}, iotmark.Passed, nil},
		{"a password denied", map[iotmark.FactID]iotmark.FactValue{"has_password": no}, []check.Item{image(hashed)}, iotmark.Failed, []iotmark.FactID{"has_password"}},
		{"locked accounts are no password", map[iotmark.FactID]iotmark.FactValue{"has_password": no}, []check.Item{image(locked)}, iotmark.Inapplicable, nil},
		{"the internet denied", map[iotmark.FactID]iotmark.FactValue{"connects_by": {Set: []string{}}}, []check.Item{mud}, iotmark.Failed, []iotmark.FactID{"has_ip"}},
		{"the internet by Wi-Fi", map[iotmark.FactID]iotmark.FactValue{"connects_by": {Set: []string{"wifi"}}}, []check.Item{mud}, iotmark.Passed, nil},
		{"the maker's host denied", map[iotmark.FactID]iotmark.FactValue{"has_cloud": no}, []check.Item{mud}, iotmark.Failed, []iotmark.FactID{"has_cloud"}},
		{"an interface denied", map[iotmark.FactID]iotmark.FactValue{"offers_interface": no}, []check.Item{api}, iotmark.Failed, []iotmark.FactID{"offers_interface"}},
		{"open source denied", map[iotmark.FactID]iotmark.FactValue{"uses_open_source": no}, []check.Item{list}, iotmark.Failed, []iotmark.FactID{"uses_open_source"}},
		{"own software only", map[iotmark.FactID]iotmark.FactValue{"uses_open_source": no}, []check.Item{own}, iotmark.Inapplicable, nil},
		{"a microphone denied", map[iotmark.FactID]iotmark.FactValue{"has_camera_or_microphone": no}, []check.Item{board}, iotmark.Failed, []iotmark.FactID{"has_camera_or_microphone"}},
	} {
		d := &iotmark.Declaration{Maker: iotmark.Maker{Website: "https://www.lumo.example/"}, Facts: c.facts}
		got := iotmark.Untested
		for _, f := range accountability.FactsAgree.Run(check.Input{Declaration: d, Items: c.items}) {
			got = got.Weightier(f.Outcome)
			if f.Outcome == iotmark.Failed && (len(f.Places) != 2 || len(f.Basis) != 1) {
				t.Errorf("%s: a failure without both places: %+v", c.name, f)
			}
		}
		if got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
		if diff := cmp.Diff(c.deny, accountability.Denied(d, c.items)); diff != "" {
			t.Errorf("%s: got (-want +got)\n%s", c.name, diff)
		}
	}
}
