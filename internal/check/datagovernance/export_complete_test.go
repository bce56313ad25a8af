package datagovernance_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/checktest"
	"github.com/open-iot-mark/iotmark/internal/check/datagovernance"
	"github.com/open-iot-mark/iotmark/internal/evidence/table"
)

var (
	climate = iotmark.DataKind{ID: "climate", What: "Room temperature, heating on or off", From: "sensor"}
	account = iotmark.DataKind{ID: "account", What: "Mail address and paired phones", From: "account"}
	machine = iotmark.DataKind{ID: "machine", What: "Hours of the motor", From: "telemetry", Personal: new(bool)}
)

func exported(t *testing.T, kinds []iotmark.DataKind, files ...string) check.Input {
	in := check.Input{Declaration: &iotmark.Declaration{}}
	in.Declaration.Data.Items = kinds
	for i, f := range files {
		in.Items = append(in.Items, checktest.Item(t, table.Reader, iotmark.KindDataExport, iotmark.EvidenceID(fmt.Sprint("file", i)), f))
	}
	return in
}

func TestExportComplete(t *testing.T) {
	t.Parallel()
	both := []iotmark.DataKind{climate, account, machine}
	one := []iotmark.DataKind{climate}
	none := exported(t, []iotmark.DataKind{}, "a,b\n1,2\n")
	unknown := exported(t, nil, "time,room_temperature_celsius\n2026-09-01T06:00:00Z,1\n")
	good := "time,room_temperature_celsius,heating_on,account_mail\n2026-09-01T06:00:00Z,18.5,true,a@b.example\n"
	checktest.Run(t, datagovernance.ExportComplete, []checktest.Case{
		checktest.Row("all there", exported(t, both, good), "passed complete"),
		checktest.Row("in two files", exported(t, both, "time,temp_c\n2026-09-01T06:00:00+02:00,18.5\n", `{"mail":"a@b.example","phones":["x"]}`), "passed complete"),
		checktest.Row("lists by kind", exported(t, both, `{"climate":[{"at":"2026-09-01T06:00:00Z","celsius":1}],"account":{"mail":"x"}}`), "passed complete"),
		checktest.Row("no zone", exported(t, one, "time,room_temperature_celsius\n2026-09-01T06:00:00,18.5\n"), "failed no-zone 2"),
		checktest.Row("day and month either way round", exported(t, one, "time,room_temperature_celsius\n03/04/2026 10:22,18.5\n"), "failed no-zone 2"),
		checktest.Row("seconds since 1970", exported(t, one, "timestamp,room_temperature_celsius\n1788242400,18.5\n"), "passed complete"),
		checktest.Row("readings without time", exported(t, one, "room_temperature_celsius,heating_on\n18.5,true\n"), "failed no-time 1"),
		checktest.Row("a list of readings without time", exported(t, both, "{\"climate\":[\n{\"celsius\":1}],\"account\":{\"mail\":\"x\"}}"), "failed no-time 2"),
		checktest.Row("an account needs no time", exported(t, []iotmark.DataKind{account}, `{"account":{"mail":"x"}}`), "passed complete"),
		checktest.Row("no unit", exported(t, one, "time,room_temperature\n2026-09-01T06:00:00Z,18.5\n"), "cantTell no-unit 1"),
		checktest.Row("a count has none", exported(t, one, "time,temp_c,restarts,zone_id\n2026-09-01T06:00:00Z,18.5,3,1\n"), "passed complete"),
		checktest.Row("no row", exported(t, one, "time,room_temperature_celsius\n"), "failed no-row"),
		checktest.Row("no names", exported(t, one, "2026-09-01T06:00:00Z,18.5\n"), "failed no-names 1", "failed kinds-missing"),
		checktest.Row("ragged", exported(t, one, "time,temp_c\n2026-09-01T06:00:00Z,18.5\n2026-09-01T06:05:00Z,18.5,3\n"), "cantTell ragged 3"),
		checktest.Row("a formula", exported(t, both, "time,temp_c,mail\n2026-09-01T06:00:00Z,18.5,\"=HYPERLINK(\"\"x\"\")\"\n"), "cantTell formula 2"),
		checktest.Row("a reading is missing", exported(t, both, `{"account":{"mail":"x"}}`), "failed kinds-missing"),
		checktest.Row("the account is missing", exported(t, both, "time,room_temperature_celsius\n2026-09-01T06:00:00Z,18.5\n"), "cantTell kinds-elsewhere"),
		checktest.Row("a reading is missing, and names that say nothing", exported(t, both, "time,a,value,mail\n2026-09-01T06:00:00Z,x,y,z\n"), "failed kinds-missing"),
		checktest.Row("a kind may be in another column", exported(t, both, "time,room_temperature_celsius,contact\n2026-09-01T06:00:00Z,18.5,x\n"), "cantTell kinds-unclear"),
		checktest.Row("no data", none, "inapplicable no-data"),
		checktest.Row("kinds not declared", unknown, "cantTell kinds-unknown"),
	})
}

// The example's sample holds climate and presence; account and health of the
// device are not in it and may come in another file.
func TestExportCompleteProducts(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]iotmark.Outcome{"careful": "passed", "average": "passed", "disaster": "failed", "example": "cantTell"} {
		in := checktest.Product(t, name, "2026-11-22", table.Reader)
		fs := datagovernance.ExportComplete.Run(in)
		t.Logf("%s:\n%s", name, checktest.Words(fs))
		if got := checktest.Worst(fs); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
		checktest.Whole(t, name, in, fs)
	}
}

func TestExportCompleteHostile(t *testing.T) {
	t.Parallel()
	var head []string
	for i := range 900 {
		head = append(head, fmt.Sprintf("%sc%d", strings.Repeat("\u202e", 50), i))
	}
	in := exported(t, []iotmark.DataKind{climate}, strings.Join(head, ",")+"\n"+strings.Repeat("1,", 899)+"1\n", "\xff,\xfe\n1,2\n", "[]")
	checktest.Whole(t, "hostile", in, datagovernance.ExportComplete.Run(in))
}
