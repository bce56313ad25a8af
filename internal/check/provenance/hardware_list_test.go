package provenance_test

import (
	"strings"
	"testing"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/checktest"
	"github.com/open-iot-mark/iotmark/internal/check/provenance"
	"github.com/open-iot-mark/iotmark/internal/evidence/sbom"
	"github.com/open-iot-mark/iotmark/internal/evidence/table"
	"github.com/open-iot-mark/iotmark/internal/samples"
)

func hardware(t *testing.T, radio iotmark.Truth, lines ...string) check.Input {
	in := check.Input{Declaration: &iotmark.Declaration{}, Truths: map[iotmark.FactID]iotmark.Truth{"has_radio": radio}}
	in.Items = []check.Item{checktest.Item(t, table.Reader, iotmark.KindHBOM, "hbom", strings.Join(lines, "\n")+"\n")}
	return in
}

func TestHardwareList(t *testing.T) {
	t.Parallel()
	head, chip, flash, power := "kind,maker,type", "main processor,A,A1", "flash memory,B,B1", "power supply,C,C1"
	software := hardware(t, iotmark.False, head, chip)
	software.Items[0].Facts, software.Items[0].Reader = &sbom.Facts{Components: []sbom.Component{{Type: "library", Name: "x"}}}, "sbom"
	sensing := hardware(t, iotmark.False, head, chip, flash, power)
	sensing.Declaration.Sensors.Items = []iotmark.Sensor{{Senses: "heat"}}
	long := hardware(t, iotmark.False, head, chip, flash, power)
	long.Items[0].Facts.(*table.Facts).Cut = true
	checktest.Run(t, provenance.HardwareList, []checktest.Case{
		checktest.Row("all there", hardware(t, iotmark.True, head, chip, flash, power, "radio module,D,D1"), "passed complete"),
		checktest.Row("no radio in the product", hardware(t, iotmark.False, head, chip, flash, power), "passed complete"),
		checktest.Row("one part holds several", hardware(t, iotmark.True, head, "system on chip with Wi-Fi radio and flash memory,A,A1", power), "passed complete"),
		checktest.Row("no radio in the list", hardware(t, iotmark.True, head, chip, flash, power), "cantTell class-missing"),
		checktest.Row("no sensor in the list", sensing, "cantTell class-missing"),
		checktest.Row("a main part without maker and type", hardware(t, iotmark.True, head, chip, flash, power, "radio module,,"), "failed unnamed 5"),
		checktest.Row("makers that say nothing", hardware(t, iotmark.False, head, "main processor,unknown,A1", flash, "power supply,C,-"), "failed unnamed 2"),
		checktest.Row("another part without maker", hardware(t, iotmark.False, head, chip, flash, power, "display,,D1"), "cantTell other-unnamed 5"),
		checktest.Row("no column for makers", hardware(t, iotmark.False, "kind,note,colour", chip, flash, power), "failed no-column 1"),
		checktest.Row("no column for types", hardware(t, iotmark.False, "kind,maker", "main processor,A", "flash memory,B", "power supply,C"), "failed no-column 1"),
		checktest.Row("no part", hardware(t, iotmark.False, head), "failed no-part"),
		checktest.Row("software", software, "cantTell no-hardware"),
		checktest.Row("a list that was cut", long, "cantTell cut"),
	})
}

// The real list names six connectors and jumpers with maker and number, and
// no chip.
func TestHardwareListReal(t *testing.T) {
	t.Parallel()
	in := check.Input{Declaration: &iotmark.Declaration{}, Items: []check.Item{checktest.Item(t, sbom.Reader, iotmark.KindHBOM, "hbom", string(samples.Read(t, "sbom/hbom-pcie-sata.cdx.json")))}}
	fs := provenance.HardwareList.Run(in)
	if len(fs) != 1 || checktest.Say(provenance.HardwareList, fs[0]) != "cantTell class-missing" || fs[0].Args["classes"] != "main chip, memory, power part" {
		t.Error(checktest.Words(fs))
	}
}

// The example names every part, but no main chip: the radio module may hold
// it, and a person must say so.
func TestHardwareListProducts(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]iotmark.Outcome{"careful": "passed", "average": "passed", "disaster": "failed", "example": "cantTell"} {
		in := checktest.Product(t, name, "2026-11-22", sbom.Reader, table.Reader)
		fs := provenance.HardwareList.Run(in)
		t.Logf("%s:\n%s", name, checktest.Words(fs))
		if got := checktest.Worst(fs); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
		checktest.Whole(t, name, in, fs)
	}
}

func TestHardwareListHostile(t *testing.T) {
	t.Parallel()
	lines := []string{"kind,maker,type"}
	for range 3000 {
		lines = append(lines, strings.Repeat("flash \u202e", 60)+",,")
	}
	in := hardware(t, iotmark.True, lines...)
	checktest.Whole(t, "many", in, provenance.HardwareList.Run(in))
}
