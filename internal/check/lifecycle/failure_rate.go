package lifecycle

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence/table"
	"github.com/open-iot-mark/iotmark/internal/pattern"
)

var fieldCounts = check.Need{Kinds: []iotmark.EvidenceKind{iotmark.KindFieldData}, Reader: "table", Optional: true}

// FailureRate counts the published rate of failures again.
var FailureRate = check.Check{
	ID:      "lifecycle.failure-rate",
	Version: 1,
	Title:   "The published rate of failures follows from the counts",
	What: "Adds up the counts of units and of failures and returns (CSV or JSON), and holds their rate against failures.per_100, to the decimals that were declared. " +
		"It fails when the declared rate is lower than the counted one, when the counted units are outside the declared band, and when too-new is said fifteen months after the first sale. It passes when they agree and period and method are stated.",
	Why:     "A rate nobody can count again is advertising. Buyers cannot avoid what breaks often when the number is polished.",
	Satisfy: "Hand in the counts as a table with one row for each month of sale: units sold, and how many of them failed or came back. Publish the rate that follows, with the period and the method.",
	Limits: "It cannot see units that failed and were not counted. When failures and returns stand in two columns they may overlap, so that any of the two or their sum may be the published one. " +
		"Units in use are averaged over the rows, units sold are added up.",
	Cites: []string{
		"IEC 61703:2016 (mathematical expressions for reliability)",
		"Criterion lifecycle.failure-rate-published, edition 2026.1",
	},
	Certainty: check.Sure,
	Reads:     []check.Need{fieldCounts},
	Run:       failureRate,
}

const failureID = "lifecycle.failure-rate."

// firstCount is how long after the first sale a model may be too new: a year
// of use, and a quarter to count it.
const firstCount = 15 // months

func failureRate(in check.Input) []iotmark.Finding {
	var basis []iotmark.EvidenceID
	files := check.Facts[*table.Facts](in, fieldCounts)
	for _, f := range files {
		basis = append(basis, f.ID)
	}
	rate := in.Declaration.Failures.Rate
	switch {
	case rate == nil && in.Declaration.Failures.Word == "too-new":
		return tooNew(in, basis)
	case len(files) == 0:
		for _, it := range in.Items {
			if fieldCounts.Fits(it) && it.Facts == nil {
				return []iotmark.Finding{check.CannotTell(failureID+"unread", []iotmark.EvidenceID{it.ID}, "evidence", string(it.ID))}
			}
		}
		return []iotmark.Finding{{Outcome: iotmark.Untested, Message: failureID + "no-counts"}}
	}
	var out []iotmark.Finding
	for _, f := range files {
		c, ok := count(f.Facts)
		if !ok {
			x := check.CannotTell(failureID+"no-columns", []iotmark.EvidenceID{f.ID}, "evidence", string(f.ID))
			out = append(out, x)
			continue
		}
		out = append(out, judge(f.ID, c, rate)...)
	}
	if rate != nil {
		out = append(out, stated(rate)...)
	}
	slices.SortStableFunc(out, func(a, b iotmark.Finding) int {
		return slices.Index(iotmark.Outcomes(), a.Outcome) - slices.Index(iotmark.Outcomes(), b.Outcome)
	})
	return out
}

// tooNew judges the word too-new by the day of the first sale.
func tooNew(in check.Input, basis []iotmark.EvidenceID) []iotmark.Finding {
	first := in.Declaration.Product.FirstSale
	for _, d := range in.Declaration.Product.FirstSaleIn {
		if first == "" || d != "" && d < first {
			first = d
		}
	}
	at := []iotmark.Place{{Path: "failures"}}
	t := first.Time()
	if t.IsZero() {
		f := check.CannotTell(failureID+"no-first-sale", basis)
		f.Places = at
		return []iotmark.Finding{f}
	}
	until := iotmark.DateOf(time.Date(t.Year(), t.Month()+firstCount, t.Day(), 0, 0, 0, 0, time.UTC))
	if in.AsOf < until {
		f := check.DoesNotApply(failureID+"too-new", basis, "first", string(first), "until", string(until))
		return []iotmark.Finding{f}
	}
	f := check.Fail(failureID+"no-longer-new", basis, "first", string(first), "until", string(until))
	f.Places = at
	return []iotmark.Finding{f}
}

// stated asks for what must stand beside the rate.
func stated(r *iotmark.FailureRate) []iotmark.Finding {
	var lacks []string
	if r.Period == "" {
		lacks = append(lacks, "period")
	}
	if r.Method == "" {
		lacks = append(lacks, "method")
	}
	var out []iotmark.Finding
	if len(lacks) > 0 {
		f := check.CannotTell(failureID+"not-stated", nil, "fields", strings.Join(lacks, ", "))
		f.Places = []iotmark.Place{{Path: "failures"}}
		out = append(out, f)
	}
	if m, ok := months(r.Over); ok && (m < 11.5 || m > 12.5) {
		f := check.CannotTell(failureID+"not-yearly", nil, "over", r.Over)
		f.Places = []iotmark.Place{{Path: "failures.over"}}
		out = append(out, f)
	}
	return out
}

var spanForm = pattern.New(`^(\d{1,4}(?:\.\d+)?) (day|week|month|year)s?$`)

// months reads a span of time in months.
func months(s string) (float64, bool) {
	m := spanForm.Regexp().FindStringSubmatch(s)
	if m == nil {
		return 0, false
	}
	n, _ := strconv.ParseFloat(m[1], 64)
	return n * map[string]float64{"day": 12 / 365.25, "week": 12 * 7 / 365.25, "month": 1, "year": 12}[m[2]], true
}

// counted is what a table adds up to.
type counted struct {
	units float64
	// failed holds the sums that may be meant: each column, and their sum.
	failed []float64
	broken int // line of the first row that cannot be counted; 0: none
	odd    int // line of a row with more failures than units; 0: none
	rows   int
	cut    bool
}

var (
	unitWords   = []string{"sold", "units", "shipped", "delivered", "sales", "verkauft", "stück"}
	inUseWords  = []string{"use", "installed", "active", "operation", "field", "betrieb"}
	failedWords = []string{"failures", "failed", "failure", "defects", "defective", "defect", "faults", "faulty", "broken", "ausfälle", "defekte"}
	backWords   = []string{"returns", "returned", "returned_units", "back", "claims", "repairs", "rma", "rücksendungen"}
	totalWords  = map[string]bool{"total": true, "sum": true, "all": true, "gesamt": true, "summe": true, "overall": true}
)

// number finds the first column of numbers whose name holds one of the words.
func number(f *table.Facts, words []string, not int) int {
	for _, w := range words {
		for i, c := range f.Columns {
			if i != not && c.Type == table.Number && slices.Contains(c.Words, w) {
				return i
			}
		}
	}
	return -1
}

// count adds up a table. It is not ok when the columns are not found.
func count(f *table.Facts) (counted, bool) {
	failed := number(f, failedWords, -1)
	back := number(f, backWords, failed)
	use := number(f, inUseWords, -1)
	units := number(f, unitWords, use)
	for _, i := range []*int{&use, &units} { // "units_failed" counts failures
		if *i >= 0 && (*i == failed || *i == back) {
			*i = -1
			if i == &units {
				units = unitsBeside(f, failed, back, use)
			}
		}
	}
	if failed < 0 && back < 0 || units < 0 && use < 0 {
		return counted{}, false
	}
	base, average := units, false
	if base < 0 {
		base, average = use, true
	}
	c := counted{cut: f.Cut}
	comma := f.Delimiter == ";"
	var a, b float64
	for i, row := range f.Cells {
		if slices.ContainsFunc(row, func(s string) bool { return totalWords[strings.ToLower(s)] }) {
			continue // a line that adds up the others
		}
		u, ok := table.ParseNumber(row[base], comma)
		get := func(col int) float64 {
			if col < 0 || row[col] == "" {
				return 0
			}
			v, good := table.ParseNumber(row[col], comma)
			ok = ok && good && v >= 0
			return v
		}
		x, y := get(failed), get(back)
		if !ok || u < 0 {
			if c.broken == 0 {
				c.broken = f.Lines[i]
			}
			continue
		}
		if (x > u || y > u) && c.odd == 0 && !average {
			c.odd = f.Lines[i]
		}
		c.units += u
		a += x
		b += y
		c.rows++
	}
	if average && c.rows > 0 {
		c.units /= float64(c.rows)
	}
	switch {
	case failed >= 0 && back >= 0:
		c.failed = []float64{a, b, a + b}
	case failed >= 0:
		c.failed = []float64{a}
	default:
		c.failed = []float64{b}
	}
	return c, true
}

// unitsBeside finds units in a column that counts no failures.
func unitsBeside(f *table.Facts, taken ...int) int {
	for _, w := range unitWords {
		for i, c := range f.Columns {
			if c.Type == table.Number && slices.Contains(c.Words, w) && !slices.Contains(taken, i) {
				return i
			}
		}
	}
	return -1
}

// judge holds the counts against the declared rate.
func judge(id iotmark.EvidenceID, c counted, rate *iotmark.FailureRate) []iotmark.Finding {
	basis := []iotmark.EvidenceID{id}
	at := func(f iotmark.Finding, line int) []iotmark.Finding {
		f.Places = []iotmark.Place{{Evidence: id, Line: line}}
		f.Args["evidence"] = string(id)
		return []iotmark.Finding{f}
	}
	switch {
	case c.cut:
		return at(check.CannotTell(failureID+"cut", basis, "evidence", ""), 0)
	case c.broken > 0:
		return at(check.CannotTell(failureID+"no-number", basis, "evidence", ""), c.broken)
	case c.odd > 0:
		return at(check.CannotTell(failureID+"more-than-sold", basis, "evidence", ""), c.odd)
	case c.units == 0:
		return at(check.CannotTell(failureID+"nothing-counted", basis, "evidence", ""), 0)
	}
	rates := make([]float64, len(c.failed))
	for i, n := range c.failed {
		rates[i] = n / c.units * 100
	}
	low, high := slices.Min(rates), slices.Max(rates)
	args := []string{"units", whole(c.units), "failed", whole(c.failed[0]), "counted", short(rates[0])}
	if rate == nil {
		return at(check.CannotTell(failureID+"not-declared", basis, args...), 0)
	}
	args = append(args, "declared", strconv.FormatFloat(rate.Per100, 'f', -1, 64))
	step := half(rate.Per100)
	var out []iotmark.Finding
	switch {
	case slices.ContainsFunc(rates, func(r float64) bool { return math.Abs(r-rate.Per100) <= step }):
		out = at(check.Pass(failureID+"agrees", basis, args...), 0)
	case rate.Per100 < low:
		args[3], args[5] = whole(slices.Min(c.failed)), short(low)
		out = at(check.Fail(failureID+"too-low", basis, args...), 0)
	case rate.Per100 > high:
		args[3], args[5] = whole(slices.Max(c.failed)), short(high)
		out = at(check.CannotTell(failureID+"too-high", basis, args...), 0)
	default:
		out = at(check.CannotTell(failureID+"between", basis, append(args, "low", short(low), "high", short(high))...), 0)
	}
	if from, to, ok := band(rate.Units); ok && (c.units < from || c.units > to) {
		out = append(out, at(check.Fail(failureID+"other-band", basis, "units", whole(c.units), "band", rate.Units), 0)...)
	}
	return out
}

// half is half of the last decimal that was declared: 1.3 stands for
// everything from 1.25 to 1.35.
func half(v float64) float64 {
	_, frac, _ := strings.Cut(strconv.FormatFloat(v, 'f', -1, 64), ".")
	return 0.5*math.Pow10(-len(frac)) + 1e-9
}

func whole(v float64) string { return strconv.FormatFloat(math.Round(v), 'f', 0, 64) }

// short writes a rate with two decimals, and without zeros at the end.
func short(v float64) string {
	return strings.TrimRight(strings.TrimRight(strconv.FormatFloat(v, 'f', 2, 64), "0"), ".")
}

var bandNumber = pattern.New(`\d{1,3}(?:[ ,.'\x{00a0}\x{202f}]\d{3})+|\d+`)

// band reads the declared band of units: "10 000 to 30 000", "over 10 000".
func band(s string) (from, to float64, ok bool) {
	var ns []float64
	for _, m := range bandNumber.Regexp().FindAllString(s, 4) {
		digits := strings.Map(func(r rune) rune {
			if r < '0' || r > '9' {
				return -1
			}
			return r
		}, m)
		v, err := strconv.ParseFloat(digits, 64)
		if err != nil {
			return 0, 0, false
		}
		ns = append(ns, v)
	}
	low := strings.ToLower(s)
	has := func(ws ...string) bool {
		return slices.ContainsFunc(ws, func(w string) bool { return strings.Contains(low, w) })
	}
	switch {
	case len(ns) == 2 && ns[0] <= ns[1]:
		return ns[0], ns[1], true
	case len(ns) == 1 && has("over", "more than", "at least", "above", ">"):
		return ns[0], math.Inf(1), true
	case len(ns) == 1 && has("under", "less than", "up to", "below", "at most", "<"):
		return 0, ns[0], true
	}
	return 0, 0, false
}
