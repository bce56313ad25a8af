package table_test

import (
	"encoding/json"
	"errors"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/table"
)

func read(t testing.TB, in string) (*table.Facts, error) {
	t.Helper()
	f, err := table.Reader.Read(t.Context(), evidence.NewSource("x.csv", []byte(in)), evidence.DefaultLimits())
	if err != nil {
		return nil, err
	}
	return f.(*table.Facts), nil
}

func mustRead(t testing.TB, in string) *table.Facts {
	t.Helper()
	f, err := read(t, in)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	back := table.Reader.New()
	if err := json.Unmarshal(raw, back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(f, back); diff != "" {
		t.Errorf("facts changed on their way through JSON (-want +got)\n%s", diff)
	}
	return f
}

// short writes a column as name:type[:unit].
func short(f *table.Facts) []string {
	var out []string
	for _, c := range f.Columns {
		s := c.Name + ":" + string(c.Type)
		if c.Unit != "" {
			s += ":" + c.Unit
		}
		out = append(out, s)
	}
	return out
}

// The tables of the products of the corpus, read off by eye.
func TestProducts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file    string
		columns []string
		rows    int
		dated   iotmark.Date
	}{
		{"example/evidence/export-sample.csv", []string{"time:timestamp", "room_temperature_celsius:number:celsius", "target_celsius:number:celsius", "heating_on:boolean", "somebody_home:boolean"}, 4, "2026-09-01"},
		{"example/evidence/hbom.csv", []string{"line:number", "kind:text", "maker:text", "type:text", "revision:text"}, 6, ""},
		{"careful/evidence/export.csv", []string{"time:timestamp", "circuit:number", "energy_kwh:number:kWh", "power_w:number:W", "heat_celsius:number:celsius", "account_mail:text", "account_language:text", "faults_version:text", "faults_restarts:number", "faults_signal_dbm:number:dBm"}, 5, "2026-09-01"},
		{"careful/evidence/failures.csv", []string{"sold_from:date", "sold_to:date", "units:number", "failures:number"}, 6, ""},
		{"careful/evidence/hbom.csv", []string{"line:number", "kind:text", "maker:text", "type:text", "revision:text", "quantity:number"}, 10, ""},
	} {
		t.Run(c.file, func(t *testing.T) {
			t.Parallel()
			b, err := os.ReadFile("../../../testdata/products/" + c.file)
			if err != nil {
				t.Fatal(err)
			}
			if !table.Reader.Sniff("x", b) {
				t.Error("not sniffed")
			}
			f := mustRead(t, string(b))
			if diff := cmp.Diff(c.columns, short(f)); diff != "" {
				t.Errorf("columns: got (-want +got)\n%s", diff)
			}
			if f.Rows != c.rows || len(f.Cells) != c.rows || f.Cut || !f.Headed || f.ContentDate() != c.dated {
				t.Errorf("rows %d, cells %d, cut %v, headed %v, dated %s", f.Rows, len(f.Cells), f.Cut, f.Headed, f.ContentDate())
			}
		})
	}
}

func TestForms(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, in string
		want     []string
		rows     int
		ragged   table.Flaw
	}{
		{"comma", "a,b\n1,x\n2,y\n", []string{"a:number", "b:text"}, 2, table.Flaw{}},
		{"byte order mark", "\xef\xbb\xbfa,b\n1,x\n2,y\n", []string{"a:number", "b:text"}, 2, table.Flaw{}},
		{"utf-16", "\xff\xfea\x00\t\x00b\x00\n\x001\x00\t\x00\xe9\x00\n\x00", []string{"a:number", "b:text"}, 1, table.Flaw{}},
		{"semicolon and comma as decimal sign", "when;temp (°C)\r\n2026-01-02;1,5\r\n2026-01-03;-2,25\r\n", []string{"when:date", "temp (°C):number:celsius"}, 2, table.Flaw{}},
		{"excel's first line", "sep=;\na;b\n1;2\n", []string{"a:number", "b:number"}, 1, table.Flaw{}},
		{"tab", "a\tb\n1\t2\n", []string{"a:number", "b:number"}, 1, table.Flaw{}},
		{"quotes, commas and lines in cells", "a,b\n\"x, \"\"y\"\"\nz\",2\nq,3\n", []string{"a:text", "b:number"}, 2, table.Flaw{}},
		{"notes before the header", "# sold in 2025\n\na,b\n1,2\n", []string{"a:number", "b:number"}, 1, table.Flaw{}},
		{"no header", "1,2026-01-02\n2,2026-01-03\n", []string{":number", ":date"}, 2, table.Flaw{}},
		{"ragged", "a,b\n1\n2,3,4\n5,6\n", []string{"a:number", "b:number"}, 3, table.Flaw{N: 2, Line: 2}},
		{"separator at each end", "a,b\n1,2,\n3,4,\n", []string{"a:number", "b:number"}, 2, table.Flaw{}},
		{"one column", "host\na.example\nb.example\n", []string{"host:text"}, 2, table.Flaw{}},
		{"empty column", "a,b\n1,\n2,\n", []string{"a:number", "b:empty"}, 2, table.Flaw{}},
		{"times", "z,off,sp,local,slash,ms,sec,mixed\n" +
			"2026-09-01T06:00:00Z,2026-09-01T06:00:00.5+0200,2026-09-01 06:00:00 UTC,2026-09-01 06:00,9/1/2026 6:00 AM,x,y,2026-09-01T06:00Z\n" +
			"2026-09-01T06:00Z,2026-09-01T06:00:00 +02:00,\"Tue, 01 Sep 2026 06:00:00 GMT\",01.09.2026 06:00:01,9/1/2026 18:00,x,y,2026-09-01T06:00\n",
			[]string{"z:timestamp", "off:timestamp", "sp:timestamp", "local:timestamp-without-zone", "slash:timestamp-without-zone", "ms:text:ms", "sec:text:s", "mixed:timestamp-without-zone"}, 2, table.Flaw{}},
		{"zone in the name", "time_utc,v\n2026-09-01T06:00,1\n", []string{"time_utc:timestamp", "v:number"}, 1, table.Flaw{}},
		{"zone in a column", "time,tz\n2026-09-01T06:00,Europe/Oslo\n", []string{"time:timestamp", "tz:text"}, 1, table.Flaw{}},
		{"since 1970", "timestamp,count\n1788242400,1788242400\n1788242460000,1\n", []string{"timestamp:timestamp", "count:number"}, 2, table.Flaw{}},
		{"json rows", `[{"time":"2026-09-01T06:00:00Z","v":{"power_w":3}},` + "\n" + `{"time":"2026-09-01T06:01:00Z","v":{"power_w":4},"note":null}]`, []string{"time:timestamp", "v.power_w:number:W", "note:empty"}, 2, table.Flaw{}},
		{"json lists", `{"account":{"mail":"a@b.example","phones":["x","y"]},"climate":[{"at":"2026-09-01T06:00:00Z","celsius":1.5}],"presence":[]}`,
			[]string{"account.mail:text", "account.phones:text", "climate.at:timestamp", "climate.celsius:number:celsius"}, 2, table.Flaw{}},
		{"json rows in rows", `[{"room":"a","readings":[{"t":1},{"t":2}]}]`, []string{"room:text", "readings.t:number"}, 3, table.Flaw{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if !table.Reader.Sniff("x", []byte(c.in)) {
				t.Error("not sniffed")
			}
			f := mustRead(t, c.in)
			if diff := cmp.Diff(c.want, short(f)); diff != "" {
				t.Errorf("got (-want +got)\n%s", diff)
			}
			if f.Rows != c.rows || f.Ragged != c.ragged {
				t.Errorf("rows %d, ragged %v", f.Rows, f.Ragged)
			}
			for _, r := range f.Cells {
				if len(r) != len(f.Columns) {
					t.Errorf("a row has %d cells for %d columns", len(r), len(f.Columns))
				}
			}
		})
	}
}

func TestGroupsAndPlaces(t *testing.T) {
	t.Parallel()
	f := mustRead(t, "{\"a\":[\n{\"t\":\"2026-09-01T06:00\"},\n{\"t\":\"2026-09-01T06:05\"}],\n\"b\":[],\"c\":1}")
	want := []table.Group{{Name: "a", Rows: 2, Line: 2, List: true}, {Name: "b", Line: 4, List: true}, {Rows: 1, Line: 1}}
	if diff := cmp.Diff(want, f.Groups); diff != "" {
		t.Errorf("got (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(table.Flaw{N: 2, Line: 2}, f.Columns[0].Unzoned); diff != "" {
		t.Errorf("got (-want +got)\n%s", diff)
	}
	f = mustRead(t, "name,v\n=cmd|' /C calc'!A0,1\n+49 30 1,2\n-5,3\n@SUM(1),4\n\"+1+cmd|'x'!A\",5\n")
	if diff := cmp.Diff(table.Flaw{N: 3, Line: 2}, f.Formulas); diff != "" {
		t.Errorf("formulas: got (-want +got)\n%s", diff)
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in    string
		comma bool
		want  float64
		ok    bool
	}{
		{"16400", false, 16400, true}, {"-1.5e3", false, -1500, true}, {"16,400", false, 16400, true}, {"1,640,000.5", false, 1640000.5, true},
		{"16 400", false, 16400, true}, {"16\u00a0400", true, 16400, true}, {"16'400", false, 16400, true},
		{"1,5", true, 1.5, true}, {"1.234,5", true, 1234.5, true}, {"1.234.567", true, 1234567, true}, {"1.5", true, 1.5, true},
		{"1.234", true, 0, false}, // 1234 or 1.234: nobody can tell
		{"1,5", false, 0, false}, {"1,2,3", false, 0, false}, {"12 34", false, 0, false},
		{"", false, 0, false}, {"inf", false, 0, false}, {"NaN", false, 0, false}, {"0x1f", false, 0, false}, {"1e999", false, 0, false}, {"-", false, 0, false}, {"1_000", false, 0, false},
	} {
		if got, ok := table.ParseNumber(c.in, c.comma); got != c.want || ok != c.ok {
			t.Errorf("%q, comma %v: got %v %v, want %v %v", c.in, c.comma, got, ok, c.want, c.ok)
		}
	}
}

func TestUnit(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"room_temperature_celsius": "celsius", "roomTemperatureCelsius": "celsius", "Power (W)": "W", "power_w": "W", "w": "", "Temperature [°C]": "celsius",
		"humidity %": "percent", "energy": "", "battery_pct": "percent", "duration_s": "s", "item_c_name": "", "Price in EUR": "EUR", "signal_dbm": "dBm", "": "",
	} {
		if got := table.UnitOf(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestNotTables(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]string{
		"xlsx": "PK\x03\x04\x14\x00\x06\x00", "pdf": "%PDF-1.7\n", "html": "<!doctype html><table>", "prose": "This is a report about the device.\nIt has two lines of prose.\n",
		"cyclonedx": `{"bomFormat":"CycloneDX"}`, "mud": `{"ietf-mud:mud":{}}`, "openapi": `{"openapi":"3.1.0"}`, "empty": "", "binary": "a\x00b,c\x00d\n", "xml": "<?xml version='1.0'?><a/>",
	} {
		if table.Reader.Sniff("x.csv", []byte(in)) {
			t.Errorf("%s was taken for a table", name)
		}
	}
}

func TestHostile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, id, in string }{
		{"a million columns", "too-many", strings.Repeat(",", 1_000_000) + "\n"},
		{"a million columns in one row", "too-many", "a,b\n" + strings.Repeat("1,", 1_000_000) + "\n"},
		{"one giant cell", "field-too-long", "a,b\n" + strings.Repeat("x", 40<<20)},
		{"a quote never closed", "malformed", "a,b\n\"x,y\n1,2\n"},
		{"a quote never closed, long", "field-too-long", "a,b\n\"" + strings.Repeat("x\n", 1<<20)},
		{"giant after a quote", "field-too-long", "a,b\n\"\"" + strings.Repeat("x", 1<<20)},
		{"json of columns", "too-many", "[{" + columns(2000) + "}]"},
		{"json deep", "too-deep", strings.Repeat(`[`, 1_000_000)},
		{"json deep objects", "too-deep", strings.Repeat(`{"a":`, 1_000_000)},
		{"json of lists", "too-many", "{" + lists(1000) + "}"},
		{"json twice", "malformed", `[{"a":1,"a":2}]`},
		{"json twice many", "malformed", `[{` + strings.Repeat(`"a":1,`, 1_000_000) + `"a":1}]`},
		{"json cut off", "malformed", `[{"a":1`},
		{"json scalar end", "malformed", `[{"a":1}] x`},
		{"json large", "too-large", "[" + strings.Repeat(" ", 33<<20) + "]"},
		{"spreadsheet", "malformed", "PK\x03\x04"},
		{"nothing", "malformed", " \n"},
		{"notes alone", "malformed", "# a\n# b\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			_, err := read(t, c.in)
			if e, ok := errors.AsType[*iotmark.Error](err); !ok || string(e.ID) != c.id {
				t.Errorf("got %v, want the error %s", err, c.id)
			}
			if d := time.Since(start); d > 20*time.Second {
				t.Errorf("took %s", d)
			}
		})
	}
}

func columns(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(`"c` + strconv.Itoa(i) + `":1,`)
	}
	return b.String() + `"z":1`
}

func lists(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(`"c` + strconv.Itoa(i) + `":[],`)
	}
	return b.String() + `"z":[]`
}

// A large table is counted and not kept.
func TestLarge(t *testing.T) {
	row := "2026-09-01T06:00:00Z,18.4,19.0,true,true\n"
	in := "time,a,b,c,d\n" + strings.Repeat(row, 1_000_000)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	f, err := read(t, in)
	if err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	t.Logf("%d MB in %s, %d MB allocated in all", len(in)>>20, time.Since(start), (after.TotalAlloc-before.TotalAlloc)>>20)
	if f.Rows != 1_000_000 || !f.Cut || len(f.Cells) != 2_000 || f.Columns[0].Type != table.Instant {
		t.Errorf("rows %d, cut %v, cells %d, %v", f.Rows, f.Cut, len(f.Cells), f.Columns[0])
	}
}

func TestInvalidBytes(t *testing.T) {
	t.Parallel()
	f := mustRead(t, "a,b\n\xe9t\xe9,1\n")
	if f.Replaced != 2 || f.Cells[0][0] != "\uFFFDt\uFFFD" {
		t.Errorf("got %d, %q", f.Replaced, f.Cells)
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"a,b\n1,x\n", "\"a\"\"\",b\n=1,2", "[{\"a\":[1,{\"b\":2}],\"c\":{\"d\":null}}]", "sep=;\na;b\n1,5;2", "\xff\xfea\x00", "{\"a\":[[1],[2]]}", "t\n2026-09-01 06:00:00 +02:00\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		table.Reader.Sniff("x", b[:min(len(b), evidence.SniffLen)])
		got, err := table.Reader.Read(t.Context(), evidence.NewSource("x", b), evidence.DefaultLimits())
		if (got == nil) == (err == nil) {
			t.Fatalf("facts %v, error %v", got, err)
		}
		if err == nil {
			if _, ok := errors.AsType[*iotmark.Error](err); err != nil && !ok {
				t.Fatalf("an error of no kind: %v", err)
			}
			x := got.(*table.Facts)
			if len(x.Cells) != len(x.Lines) || len(x.Cells) > x.Rows {
				t.Fatalf("%d cells, %d lines, %d rows", len(x.Cells), len(x.Lines), x.Rows)
			}
			if _, err := json.Marshal(x); err != nil {
				t.Fatal(err)
			}
		}
	})
}
