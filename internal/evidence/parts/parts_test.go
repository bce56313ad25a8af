package parts_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/parts"
	"github.com/open-iot-mark/iotmark/internal/evidence/sbom"
	"github.com/open-iot-mark/iotmark/internal/evidence/table"
	"github.com/open-iot-mark/iotmark/internal/samples"
)

func list(t *testing.T, r evidence.Reader, b []byte) parts.List {
	t.Helper()
	f, err := r.Read(t.Context(), evidence.NewSource("x", b), evidence.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	l, ok := parts.Of(f)
	if !ok {
		t.Fatal("no list of hardware")
	}
	return l
}

func show(l parts.List) []string {
	var out []string
	for _, p := range l.Parts {
		out = append(out, fmt.Sprintf("%s|%s|%s %v", p.Kind, p.Maker, p.Type, p.Classes()))
	}
	return out
}

// Read off from the lists by eye.
func TestProducts(t *testing.T) {
	t.Parallel()
	for file, want := range map[string][]string{
		"example/evidence/hbom.csv": {
			"radio module|Northchip|NC5340-QD [radio]", "temperature sensor|Sensira|ST40 [sensor]", "presence sensor|Lumatek|LR60 radar [sensor]",
			"relay|Hartwell|HX-16A []", "flash memory|Macrosil|MS25 64 Mbit [memory]", "power supply|Voltra|VT-5W-230 [power]",
		},
		"careful/evidence/hbom.csv": {
			"main processor|Halvorsen Semiconductors|HS6050 Arm SoC [processor]", "wifi radio module|Northchip|NC7120-W [radio]", "ethernet transceiver|Lumatek|LE110 []",
			"energy metering chip|Wattix|WX9030 [sensor]", "temperature sensor|Sensira|ST40 [sensor]", "secure element|Keyforge|KF200 []", "flash memory|Macrosil|MS25 512 Mbit [memory]",
			"working memory|Macrosil|MD3 128 MB [memory]", "power supply|Voltra|VT-3W-230 [power]", "display|Clearview|CV-24E []",
		},
		"average/evidence/parts-list.csv": {
			"SoC|Vantora|VT3518E [processor]", "image sensor|Opteka Imaging|OI2305 [sensor]", "MEMS microphone|Soniq|SQ1407 [sensor]", "PIR motion sensor|Lumatek|LP40 [sensor]",
			"Wi-Fi module|Northchip|NC6100 [radio]", "NOR flash memory|Macrosil|MS25 128 Mbit [memory]", "DC/DC power converter|Voltra|VT1805 [power]", "speaker|Soniq|SP20 []",
		},
		"disaster/evidence/bom-hw.csv": {
			"main chip|| [processor]", "cmos image sensor|| [sensor]", "mems microphone||MIC-4015 [sensor]", "wifi|| [radio]", "flash||25Q64 [memory]", "led ir|| []",
		},
	} {
		b, err := os.ReadFile("../../../testdata/products/" + file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, show(list(t, table.Reader, b))); diff != "" {
			t.Errorf("%s: got (-want +got)\n%s", file, diff)
		}
	}
}

// The real hardware list: six parts, connectors and a jumper, none of which
// senses.
func TestReal(t *testing.T) {
	t.Parallel()
	l := list(t, sbom.Reader, samples.Read(t, "sbom/hbom-pcie-sata.cdx.json"))
	want := []string{
		"connector PCIE-098-02-F-D-EMS2|Samtec|PCIE-098-02-F-D-EMS2 []", "connector 47155-4001|Molex|47155-4001 []", "connector 5622-4100-ML|3M|5622-4100-ML []",
		"connector MC9A22-1034|Multicomp|MC9A22-1034 []", "connector 826632-3|TE Connectivity|826632-3 []", "jumper MP000003|Multicomp|MP000003 []",
	}
	if diff := cmp.Diff(want, show(l)); diff != "" {
		t.Errorf("got (-want +got)\n%s", diff)
	}
}

func TestColumns(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Manufacturer,Manufacturer Part Number,Description\nA,B1,flash memory\n": "flash memory|A|B1 [memory] true true true",
		"Bauteil;Hersteller;Typ\nFunkmodul;A;B1\n":                               "Funkmodul|A|B1 [radio] true true true",
		"line,kind,note,colour\n1,flash memory,A,B1\n":                           "flash memory|| [memory] false false true",
		"part,vendor,model\nPMIC,A,B1\n":                                         "PMIC|A|B1 [power] true true true",
		"ref,value\nU1,x\n":                                                      " false false false",
		"kind,maker,type\nflash,unknown,-\n":                                     "flash|| [memory] true true true",
		"function,mfr,mpn\nsystem on chip with Bluetooth,A,B1\n":                 "system on chip with Bluetooth|A|B1 [radio processor] true true true",
	} {
		l := list(t, table.Reader, []byte(in))
		if got := fmt.Sprint(strings.Join(show(l), ""), " ", l.HasMaker, " ", l.HasType, " ", l.HasKind); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	if _, ok := parts.Of(&sbom.Facts{Components: []sbom.Component{{Type: "library"}}}); ok {
		t.Error("software was taken for hardware")
	}
	if _, ok := parts.Of("x"); ok {
		t.Error("text was taken for hardware")
	}
}

// FuzzOf puts any bytes through the readers whose facts are taken, as tables
// and as lists of components, and looks at what comes out as parts.
func FuzzOf(f *testing.F) {
	for _, s := range []string{
		"kind,maker,type\nflash memory,A,B1\n", "Bauteil;Hersteller;Typ\nFunkmodul;-;x\n",
		`[{"part":"PMIC","vendor":"A","model":{"b":[1,null]}}]`,
		`{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"device","name":"B1","supplier":{"name":"A"},"properties":[{"name":"cdx:device:function","value":"radio"}]}]}`,
		"SPDXVersion: SPDX-2.3\nPackageName: a\nSPDXID: SPDXRef-a\nPrimaryPackagePurpose: DEVICE\nPackageSupplier: Organization: A\n",
	} {
		f.Add([]byte(s))
	}
	lim := evidence.Limits{Bytes: 1 << 20, Depth: 64, Entries: 1000, Time: 5 * time.Second}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, r := range []evidence.Reader{table.Reader, sbom.Reader} {
			facts, err := r.Read(t.Context(), evidence.NewSource("x", b), lim)
			if err != nil {
				continue
			}
			l, ok := parts.Of(facts)
			entries := 0
			switch v := facts.(type) {
			case *table.Facts:
				entries = len(v.Cells)
				if !ok {
					t.Fatal("a table is no list")
				}
			case *sbom.Facts:
				entries = len(v.Components)
			}
			if len(l.Parts) > entries {
				t.Fatalf("%d parts of %d entries", len(l.Parts), entries)
			}
			for _, p := range l.Parts {
				if p.Line < 0 || !l.HasMaker && p.Maker != "" || !l.HasType && p.Type != "" || !l.HasKind && p.Kind != "" {
					t.Fatalf("%+v in a list with %v, %v, %v", p, l.HasMaker, l.HasType, l.HasKind)
				}
				for _, s := range []string{p.Kind, p.Maker, p.Type} {
					if s != strings.TrimSpace(s) || s == "-" {
						t.Fatalf("%q says nothing", s)
					}
				}
				seen := map[parts.Class]bool{}
				for _, c := range p.Classes() {
					if seen[c] || !p.Is(c) {
						t.Fatalf("%+v is of %s twice, or not at all", p, c)
					}
					seen[c] = true
				}
			}
			if again, _ := parts.Of(facts); cmp.Diff(l, again) != "" {
				t.Fatal("two lists of the same facts differ")
			}
		}
	})
}
