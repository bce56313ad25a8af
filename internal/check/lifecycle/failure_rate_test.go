package lifecycle_test

import (
	"strings"
	"testing"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/checktest"
	"github.com/open-iot-mark/iotmark/internal/check/lifecycle"
	tables "github.com/open-iot-mark/iotmark/internal/evidence/table"
)

// counts is a declared rate and a table; the empty table is none at all.
func counts(t *testing.T, rate *iotmark.FailureRate, csv string) check.Input {
	in := check.Input{Declaration: &iotmark.Declaration{Failures: iotmark.Failures{Rate: rate}}, AsOf: "2026-11-22"}
	if csv != "" {
		in.Items = []check.Item{checktest.Item(t, tables.Reader, iotmark.KindFieldData, "counts", csv)}
	}
	return in
}

func tooNew(first iotmark.Date) check.Input {
	d := &iotmark.Declaration{Failures: iotmark.Failures{Word: "too-new"}}
	d.Product.FirstSale = first
	return check.Input{Declaration: d, AsOf: "2026-11-22"}
}

func TestFailureRate(t *testing.T) {
	t.Parallel()
	rate := func(per100 float64, units string) *iotmark.FailureRate {
		return &iotmark.FailureRate{Per100: per100, Over: "12 months", Units: units, CountedBy: "maker", Period: "2025", Method: "https://a.example"}
	}
	six := "sold_from,units,failures\n2025-03-03,2100,26\n2025-04-01,2600,35\n2025-05-01,2750,37\n2025-06-01,2900,36\n2025-07-01,3000,40\n2025-08-01,3050,39\n"
	bare := rate(1.3, "10 000 to 30 000")
	bare.Period, bare.Method, bare.Over = "", "", "6 months"
	long := counts(t, rate(1.3, ""), six)
	long.Items[0].Facts.(*tables.Facts).Cut = true
	unread := counts(t, rate(1.3, ""), `[{"a":`)
	checktest.Run(t, lifecycle.FailureRate, []checktest.Case{
		checktest.Row("213 of 16,400 are 1.3", counts(t, rate(1.3, "10 000 to 30 000"), six), "passed agrees"),
		checktest.Row("1.30 is closer than 1.3", counts(t, rate(1.299, ""), six), "passed agrees"),
		checktest.Row("1.29 is not", counts(t, rate(1.29, ""), six), "failed too-low"),
		checktest.Row("whole numbers", counts(t, rate(1, ""), six), "passed agrees"),
		checktest.Row("too low", counts(t, rate(0.4, ""), six), "failed too-low"),
		checktest.Row("too high", counts(t, rate(2, ""), six), "cantTell too-high"),
		checktest.Row("another band", counts(t, rate(1.3, "over 100 000"), six), "failed other-band", "passed agrees"),
		checktest.Row("a band nobody can read", counts(t, rate(1.3, "many"), six), "passed agrees"),
		checktest.Row("a line of totals is not counted", counts(t, rate(10, ""), "month,sold,returned\nmay,50,5\njune,50,5\nTotal,100,10\n"), "passed agrees"),
		checktest.Row("units in use are averaged", counts(t, rate(4, ""), "month,in_use,failed\nmay,90,2\njune,110,2\n"), "passed agrees"),
		checktest.Row("failures and returns, one of them declared", counts(t, rate(3, ""), "units,failures,returns\n100,3,5\n"), "passed agrees"),
		checktest.Row("failures and returns, their sum declared", counts(t, rate(8, ""), "units,failures,returns\n100,3,5\n"), "passed agrees"),
		checktest.Row("failures and returns, something between", counts(t, rate(6.5, ""), "units,failures,returns\n100,3,5\n"), "cantTell between"),
		checktest.Row("units that failed", counts(t, rate(3, ""), "units_failed,units_sold\n3,100\n"), "passed agrees"),
		checktest.Row("thousands with a point", counts(t, rate(1, ""), "Monat;Verkauft;Defekte\nMai;1.640.000;16400\n"), "passed agrees"),
		checktest.Row("a number that may be two", counts(t, rate(1, ""), "Monat;Verkauft;Defekte\nMai;1000;10\nJuni;1640;16\nJuli;1.640;16\n"), "cantTell no-columns"),
		checktest.Row("JSON", counts(t, rate(2, ""), `[{"month":"2025-01","units":50,"returns":1}]`), "passed agrees"),
		checktest.Row("no such columns", counts(t, rate(1, ""), "month,a,b\nmay,1,2\n"), "cantTell no-columns"),
		checktest.Row("an empty cell", counts(t, rate(1, ""), "units,failures\n,1\n100,1\n"), "cantTell no-number 2"),
		checktest.Row("more failures than units", counts(t, rate(1, ""), "units,failures\n10,11\n100,1\n"), "cantTell more-than-sold 2"),
		checktest.Row("nothing counted", counts(t, rate(1, ""), "units,failures\n0,0\n"), "cantTell nothing-counted"),
		checktest.Row("counts without a rate", counts(t, nil, six), "cantTell not-declared"),
		checktest.Row("no period, no method, half a year", counts(t, bare, six), "cantTell not-stated", "cantTell not-yearly", "passed agrees"),
		checktest.Row("a table that was cut", long, "cantTell cut"),
		checktest.Row("a table that cannot be read", unread, "cantTell unread"),
		checktest.Row("no counts", counts(t, rate(1.3, ""), ""), "untested no-counts"),
		checktest.Row("nothing said", counts(t, nil, ""), "untested no-counts"),
		checktest.Row("new", tooNew("2025-10-06"), "inapplicable too-new"),
		checktest.Row("the last day of being new", tooNew("2025-08-23"), "inapplicable too-new"),
		checktest.Row("new no longer", tooNew("2025-08-22"), "failed no-longer-new"),
		checktest.Row("not sold yet", tooNew("2027-01-01"), "inapplicable too-new"),
		checktest.Row("first sale not said", tooNew(""), "cantTell no-first-sale"),
	})
}

func TestFailureRateProducts(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]iotmark.Outcome{"careful": "passed", "average": "inapplicable", "disaster": "failed", "example": "inapplicable", "minimal": "untested"} {
		in := checktest.Product(t, name, "2026-11-22", tables.Reader)
		fs := lifecycle.FailureRate.Run(in)
		t.Logf("%s:\n%s", name, checktest.Words(fs))
		if got := checktest.Worst(fs); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
		checktest.Whole(t, name, in, fs)
	}
}

func TestFailureRateHostile(t *testing.T) {
	t.Parallel()
	rate := &iotmark.FailureRate{Per100: 1, Over: strings.Repeat("9", 100) + " years", Units: strings.Repeat("9", 400) + " to 1"}
	for _, csv := range []string{"units,failures\n1e308,1e308\n1e308,1e308\n", "units,failures\n-5,1\n", "units,units,units\n1,2,3\n", "failures\n1\n", "units,failures\n\n"} {
		in := counts(t, rate, csv)
		checktest.Whole(t, csv, in, lifecycle.FailureRate.Run(in))
	}
}
