package privacy_test

import (
	"strings"
	"testing"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/checktest"
	"github.com/open-iot-mark/iotmark/internal/check/privacy"
	"github.com/open-iot-mark/iotmark/internal/evidence/sbom"
	"github.com/open-iot-mark/iotmark/internal/evidence/table"
	"github.com/open-iot-mark/iotmark/internal/samples"
)

// board is a list of hardware by kinds, and a declaration by senses; the word
// none or unknown may stand for the senses.
func board(t *testing.T, kinds, senses string) check.Input {
	in := check.Input{Declaration: &iotmark.Declaration{}}
	var b strings.Builder
	b.WriteString("kind,maker,type\n")
	for k := range strings.SplitSeq(kinds, ";") {
		if k != "" {
			b.WriteString(k + ",Maker,T1\n")
		}
	}
	in.Items = []check.Item{checktest.Item(t, table.Reader, iotmark.KindHBOM, "hbom", b.String())}
	switch senses {
	case "none", "unknown":
		in.Declaration.Sensors.Word = iotmark.Word(senses)
	default:
		for s := range strings.SplitSeq(senses, ",") {
			in.Declaration.Sensors.Items = append(in.Declaration.Sensors.Items, iotmark.Sensor{Senses: s})
		}
	}
	return in
}

func TestSensorsAgree(t *testing.T) {
	t.Parallel()
	long := board(t, "temperature sensor;relay", "heat")
	long.Items[0].Facts.(*table.Facts).Cut = true
	checktest.Run(t, privacy.SensorsAgree, []checktest.Case{
		checktest.Row("all declared", board(t, "main processor;temperature sensor;presence sensor;display", "heat,presence"), "passed agree"),
		checktest.Row("a PIR for presence", board(t, "PIR detector", "presence"), "passed agree"),
		checktest.Row("a microphone nobody declared", board(t, "image sensor;mems microphone", "camera"), "failed undeclared 3"),
		checktest.Row("a camera nobody declared", board(t, "camera module;relay", "none"), "failed undeclared 2"),
		checktest.Row("place nobody declared", board(t, "GNSS receiver", "motion"), "failed undeclared 2", "cantTell not-on-board"),
		checktest.Row("told once for each kind", board(t, "MEMS microphone;MEMS microphone", "none"), "failed undeclared 2"),
		checktest.Row("declared and not in the list", board(t, "temperature sensor", "heat,sound"), "cantTell not-on-board"),
		checktest.Row("use and place need no part", board(t, "temperature sensor", "heat,use,place"), "passed agree"),
		checktest.Row("nothing senses", board(t, "relay;power supply;touch sensor", "none"), "passed none"),
		checktest.Row("nothing senses, but heat is declared", board(t, "relay", "heat"), "cantTell not-on-board"),
		checktest.Row("a sensor of something", board(t, "sensor", "none"), "cantTell unclear 2"),
		checktest.Row("sensors not declared", board(t, "image sensor", "unknown"), "cantTell not-said 2"),
		checktest.Row("sensors not declared, and nothing senses", board(t, "relay", "unknown"), "cantTell unknown"),
		checktest.Row("an empty list", board(t, "", "none"), "cantTell no-part"),
		checktest.Row("a list that was cut", long, "cantTell cut"),
		checktest.Row("words that only sound like sensors", board(t, "gas valve;water pump;thermal paste;video encoder;audio amplifier", "none"), "passed none"),
		checktest.Row("only may be a sensor", board(t, "main processor;antenna (GPS band not populated)", "none"), "cantTell may-sense 3"),
		checktest.Row("a camera with a lens", board(t, "main processor;camera module with lens", "none"), "failed undeclared 3"),
		checktest.Row("a lens for a camera", board(t, "main processor;camera lens", "none"), "cantTell may-sense 3"),
		checktest.Row("a driver with a sensor for itself", board(t, "main processor;motor driver with current sensor", "none"), "cantTell may-sense 3"),
		checktest.Row("the holder of a sensor", board(t, "main processor;camera connector", "none"), "cantTell may-sense 3"),
		checktest.Row("a part of which nobody knows what it senses", board(t, "main processor;motor driver with current sense", "none"), "cantTell unclear 3"),
		checktest.Row("part numbers instead of kinds", listed(t, "Reference,Value,Footprint,Manufacturer,MPN,Qty\nU4,OV2640,Camera:24,OmniVision,OV2640-V24A,1\nU1,ESP32,RF:W,Espressif,ESP32-WROVER-E,1\n"), "cantTell kinds-no-words"),
		checktest.Row("a microphone by its reference", listed(t, "Reference,Value,Footprint,Manufacturer,MPN,Qty\nMK1,SPH0645,Audio:K,Knowles,SPH0645LM4H-B,1\nU4,OV2640,Camera:24,OmniVision,OV2640,1\n"), "cantTell may-sense 2", "cantTell kinds-no-words"),
		checktest.Row("a microphone by its reference among kinds", listed(t, "Designator,Description,Manufacturer,MPN\nU1,microcontroller,Espressif,ESP32\nMIC1,SPH0645,Knowles,SPH0645LM4H\n"), "cantTell may-sense 3"),
	})
}

// listed is a list of hardware as a table, of a product that senses nothing.
func listed(t *testing.T, csv string) check.Input {
	in := board(t, "", "none")
	in.Items[0] = checktest.Item(t, table.Reader, iotmark.KindHBOM, "hbom", csv)
	return in
}

// Kinds of parts as real lists word them, and what they sense.
func TestSenses(t *testing.T) {
	t.Parallel()
	for kind, senses := range map[string]string{
		"PDM MEMS mic": "sound", "5MP CMOS image sensor": "camera", "24 GHz mmWave radar": "presence", "PIR": "motion", "6-axis IMU": "motion", "3-axis accelerometer": "motion",
		"PPG heart rate sensor": "health", "GPS module": "place", "NTC thermistor": "heat", "humidity sensor": "surroundings", "CO2 sensor": "surroundings", "VOC gas sensor": "surroundings",
		"ambient light sensor": "surroundings", "smoke detector": "surroundings", "energy metering chip": "use", "current transformer": "use", "ToF proximity sensor": "presence", "hall sensor": "motion",
		"Mikrofon": "sound", "Temperaturfühler": "heat", "Feuchtesensor": "surroundings", "fingerprint sensor": "health", "barometric pressure sensor": "surroundings", "load cell": "health",
	} {
		in := board(t, kind, senses)
		if got := checktest.Worst(privacy.SensorsAgree.Run(in)); got != iotmark.Passed {
			t.Errorf("%s as %s: got %s %s", kind, senses, got, checktest.Words(privacy.SensorsAgree.Run(in)))
		}
		want := iotmark.Failed
		if kind == "NTC thermistor" || kind == "current transformer" {
			want = iotmark.CantTell // it may guard the board itself, or feed it
		}
		if got := checktest.Worst(privacy.SensorsAgree.Run(board(t, kind, "none"))); got != want {
			t.Errorf("%s, nothing declared: got %s", kind, got)
		}
	}
	for _, kind := range []string{"main processor", "flash memory", "speaker", "LED", "relay", "power supply", "display", "ethernet transceiver", "wifi radio module", "secure element", "button", "motor driver", "crystal",
		"Ethernet magnetics", "magnet", "magnetic connector", "emotional LED", "body (ABS)", "heart-shaped LED", "vibration motor", "drain valve", "lightweight housing"} {
		if got := checktest.Worst(privacy.SensorsAgree.Run(board(t, kind, "none"))); got != iotmark.Passed {
			t.Errorf("%s: got %s", kind, got)
		}
	}
}

// The real hardware list holds no part that senses.
func TestSensorsAgreeReal(t *testing.T) {
	t.Parallel()
	in := check.Input{Declaration: &iotmark.Declaration{}, Items: []check.Item{checktest.Item(t, sbom.Reader, iotmark.KindHBOM, "hbom", string(samples.Read(t, "sbom/hbom-pcie-sata.cdx.json")))}}
	in.Declaration.Sensors.Word = iotmark.WordNone
	if fs := privacy.SensorsAgree.Run(in); checktest.Worst(fs) != iotmark.Passed {
		t.Error(checktest.Words(fs))
	}
	in.Declaration.Sensors = iotmark.Listed[iotmark.Sensor]{Items: []iotmark.Sensor{{Senses: "camera"}}}
	if fs := privacy.SensorsAgree.Run(in); checktest.Worst(fs) != iotmark.CantTell {
		t.Error(checktest.Words(fs))
	}
}

func TestSensorsAgreeProducts(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]iotmark.Outcome{"careful": "passed", "average": "passed", "disaster": "failed", "example": "passed"} {
		in := checktest.Product(t, name, "2026-11-22", sbom.Reader, table.Reader)
		fs := privacy.SensorsAgree.Run(in)
		t.Logf("%s:\n%s", name, checktest.Words(fs))
		if got := checktest.Worst(fs); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
		checktest.Whole(t, name, in, fs)
	}
}

func TestSensorsAgreeHostile(t *testing.T) {
	t.Parallel()
	var kinds []string
	for range 3000 {
		kinds = append(kinds, "microphone "+strings.Repeat("\u202e", 300)+strings.Repeat("x", len(kinds)%500))
	}
	in := board(t, strings.Join(kinds, ";"), "none")
	fs := privacy.SensorsAgree.Run(in)
	checktest.Whole(t, "many", in, fs)
	if len(fs) > 30 {
		t.Errorf("%d findings", len(fs))
	}
}
