package catalogue_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
)

func load(t testing.TB) *catalogue.Catalogue {
	t.Helper()
	c, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestLoad(t *testing.T) {
	t.Parallel()
	c := load(t)
	if c.Edition != c.Scheme.Edition || c.Edition != catalogue.Current || c.Label.Edition != c.Edition {
		t.Errorf("editions %s, %s, %s, want %s", c.Edition, c.Scheme.Edition, c.Label.Edition, catalogue.Current)
	}
	if len(c.Instruments) != 0 {
		t.Error("Load read the instruments, which most commands do without")
	}
	n, err := c.Total()
	if err != nil {
		t.Fatal(err)
	}
	// The figures that the check of the data printed before it was moved here.
	want := catalogue.Totals{Criteria: 110, Facts: 17, Kinds: 29, Families: 28, Checks: n.Checks, Instruments: 40,
		Provisions: 635, Themes: 80, Mapping: 1343, Fields: 84, Documents: 23}
	if d := cmp.Diff(want, n); d != "" {
		t.Errorf("got (-want +got):\n%s", d)
	}
	all := catalogue.Counts{Criteria: 110, Must: 75, Should: 31, May: 4, Entry: 37, Full: 25, Partly: 78, None: 7, Checked: 25, Assessed: 78, Tested: 7, Beyond: 28}
	got := c.Count(c.Criteria)
	got.Bound = 0
	if d := cmp.Diff(all, got); d != "" {
		t.Errorf("got (-want +got):\n%s", d)
	}
	if c.Criteria[0].ID != "data-security.transport-encryption" || c.Criteria[109].ID != "accountability.label-at-sale" {
		t.Errorf("from %s to %s, want catalogue order", c.Criteria[0].ID, c.Criteria[109].ID)
	}
}

func TestOptionsKeepTheirOrder(t *testing.T) {
	t.Parallel()
	f, ok := load(t).Fact("connects_by")
	if !ok {
		t.Fatal("there is no fact connects_by")
	}
	var got []string
	for _, o := range f.Options {
		got = append(got, o.Value+"="+o.Label)
	}
	want := []string{"wifi=Wi-Fi", "ethernet=Ethernet", "cellular=mobile network", "thread=Thread", "bluetooth=Bluetooth", "zigbee=Zigbee",
		"z-wave=Z-Wave", "lorawan=LoRaWAN", "nfc=NFC", "other-radio=another radio", "other-wire=another wire"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("got (-want +got):\n%s", d)
	}
}

func TestBindingsAreNamedByTheirHash(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("bindings.yaml")
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.Sum256(raw)
	if got, want := load(t).Bindings.Digest, iotmark.Digest(hex.EncodeToString(h[:])); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestLoadInstrumentsInManyGoroutines(t *testing.T) {
	t.Parallel()
	c := load(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if c.Instrument("eu-cra") == nil || c.Theme("T01") == nil {
				t.Error("eu-cra and T01 are not there")
			}
		})
	}
	wg.Wait()
}

func TestTruths(t *testing.T) {
	t.Parallel()
	c := load(t)
	for _, tt := range []struct {
		name  string
		facts map[iotmark.FactID]iotmark.FactValue
		want  map[iotmark.FactID]iotmark.Truth
	}{
		{"nothing said", nil, map[iotmark.FactID]iotmark.Truth{}},
		{"said to be unknown", map[iotmark.FactID]iotmark.FactValue{"has_cloud": {}, "connects_by": {}}, map[iotmark.FactID]iotmark.Truth{}},
		{"booleans", map[iotmark.FactID]iotmark.FactValue{"has_cloud": {Truth: iotmark.True}, "has_app": {Truth: iotmark.False}},
			map[iotmark.FactID]iotmark.Truth{"has_cloud": iotmark.True, "has_app": iotmark.False}},
		{"Ethernet alone", map[iotmark.FactID]iotmark.FactValue{"connects_by": {Set: []string{"ethernet"}}},
			map[iotmark.FactID]iotmark.Truth{"has_ip": iotmark.True, "has_radio": iotmark.False}},
		{"Zigbee and another wire", map[iotmark.FactID]iotmark.FactValue{"connects_by": {Set: []string{"other-wire", "zigbee"}}},
			map[iotmark.FactID]iotmark.Truth{"has_ip": iotmark.False, "has_radio": iotmark.True}},
		{"no connection at all", map[iotmark.FactID]iotmark.FactValue{"connects_by": {Set: []string{}}},
			map[iotmark.FactID]iotmark.Truth{"has_ip": iotmark.False, "has_radio": iotmark.False}},
		{"a fact that nobody asks for", map[iotmark.FactID]iotmark.FactValue{"has_wings": {Truth: iotmark.True}}, map[iotmark.FactID]iotmark.Truth{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if d := cmp.Diff(tt.want, c.Truths(tt.facts)); d != "" {
				t.Errorf("got (-want +got):\n%s", d)
			}
		})
	}
}

// The grammar as its rules in scheme.yaml say it.
func TestExpressions(t *testing.T) {
	t.Parallel()
	facts := map[iotmark.FactID]iotmark.Truth{"a": iotmark.True, "b": iotmark.False}
	for s, want := range map[string]iotmark.Truth{
		"a or b and b": iotmark.True, "(a or b) and b": iotmark.False, "not b": iotmark.True, "not a or c": iotmark.Unknown,
		"a or c": iotmark.True, "b and c": iotmark.False, "not c": iotmark.Unknown, "always": iotmark.True, "not not a": iotmark.True,
		"not (a and c)": iotmark.Unknown, "not always": iotmark.False, "((a))": iotmark.True,
	} {
		e, err := catalogue.ParseExpr(s)
		if err != nil {
			t.Errorf("%q: %v", s, err)
			continue
		}
		if got := e.Value(facts); got != want {
			t.Errorf("%q is %s, want %s", s, got, want)
		}
	}
	for _, s := range []string{"a and", "or a", "(a", "a b", "not", "a && b", "A", "a)", "", "()", "and", strings.Repeat("(", 1001), strings.Repeat("not ", 400)} {
		if _, err := catalogue.ParseExpr(s); err == nil {
			t.Errorf("%.20q is accepted, want an error", s)
		}
	}
	if got := (catalogue.Expr{}).Value(nil); got != iotmark.True {
		t.Errorf("the zero value is %s, want true", got)
	}
}

func FuzzParseExpr(f *testing.F) {
	f.Add("has_ip and not (has_cloud or always)")
	f.Add("(((((")
	f.Fuzz(func(t *testing.T, s string) {
		e, err := catalogue.ParseExpr(s)
		if err == nil {
			e.Value(nil)
			e.Names()
		}
	})
}

func TestAppliesUnlessFalse(t *testing.T) {
	t.Parallel()
	c := load(t)
	cr := c.Criterion("data-security.endpoint-quality")
	for facts, want := range map[iotmark.Truth]iotmark.Truth{iotmark.True: iotmark.True, iotmark.False: iotmark.False, iotmark.Unknown: iotmark.Unknown} {
		if got := cr.Applies(map[iotmark.FactID]iotmark.Truth{"has_cloud": facts}); got != want {
			t.Errorf("with has_cloud %s it is %s, want %s", facts, got, want)
		}
	}
	if cr.NeedsStep() != iotmark.Checked {
		t.Errorf("it needs %s, want checked", cr.NeedsStep())
	}
}

// The values are those of the counter in Python from which this one was
// ported, its roughness included: it hears one syllable in watches.
func TestReadingGrade(t *testing.T) {
	t.Parallel()
	for w, want := range map[string]int{"a": 1, "the": 1, "table": 2, "make": 1, "makes": 1, "wanted": 2, "opened": 2, "boxes": 2, "watches": 1, "caches": 1, "people": 2, "Internet": 3, "don't": 1, "rhythm": 1, "brrr": 1, "aches": 1, "lathes": 1, "houses": 2, "tried": 1, "created": 2, "area": 2, "idea": 2, "useful": 3, "something": 3, "everyone": 3, "charged": 1, "needed": 2, "changes": 1} {
		if got := catalogue.Syllables(w); got != want {
			t.Errorf("%q has %d syllables, want %d", w, got, want)
		}
	}
	for _, tt := range []struct {
		text string
		want float64
	}{{"", 0.0000}, {"You can read it.", -2.2300}, {"Knowing your password alone is not enough to get in.", 4.8300}, {"A plain list shows what the product can see, hear and record.", 2.8567}, {"It stops. Nobody answers! Why?", 3.9400}, {"Yes, but only until May May.", 2.4833}} {
		if got := catalogue.Grade(tt.text); got < tt.want-0.0001 || got > tt.want+0.0001 {
			t.Errorf("%q has the grade %.2f, want %.2f", tt.text, got, tt.want)
		}
	}
}

func TestGeneratedFilesAreFresh(t *testing.T) {
	t.Parallel()
	c := load(t)
	mapping, err := c.MappingYAML()
	if err != nil {
		t.Fatal(err)
	}
	procedure, err := c.ProcedureReference()
	if err != nil {
		t.Fatal(err)
	}
	versions, err := c.VersionsYAML()
	if err != nil {
		t.Fatal(err)
	}
	methods, err := c.MethodsReference()
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string][]byte{"crosswalk/mapping.yaml": mapping, "methods/versions.yaml": versions,
		"../docs/catalogue.md": c.Reference(), "../docs/methods.md": methods, "../docs/procedure.md": procedure} {
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")); d != "" {
			t.Errorf("%s is stale; run go generate ./catalogue (-want +got):\n%.2000s", file, d)
		}
	}
}

func TestMapping(t *testing.T) {
	t.Parallel()
	c := load(t)
	got := c.Mapping("data-security.multi-factor")
	want := []catalogue.MappingRow{
		{Instrument: "owasp-isvs", Provision: "V2", Relation: "intersects", Confidence: "medium", Via: []iotmark.ThemeID{"T03"}},
	}
	if len(got) == 0 {
		t.Fatal("no rows")
	}
	i := len(got) - 1
	for ; i > 0 && got[i].Instrument != "owasp-isvs"; i-- {
	}
	if d := cmp.Diff(want[0], got[i]); d != "" {
		t.Errorf("got (-want +got):\n%s", d)
	}
	laws := c.LawHints("data-security.transport-encryption")
	if d := cmp.Diff([]catalogue.LawHint{{Market: "eu", Instrument: "eu-cra", From: "2027-12-11"}, {Market: "eu", Instrument: "eu-gdpr"}}, laws); d != "" {
		t.Errorf("got (-want +got):\n%s", d)
	}
	if rows := c.Mapping("no.such"); rows != nil {
		t.Errorf("a criterion that is not there has %d rows", len(rows))
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	c := load(t)
	x, err := c.Explain("provenance.software-components")
	if err != nil {
		t.Fatal(err)
	}
	if x.Topic.Name != "Provenance" || x.Level.ID != "must" || x.Needs.Rank != iotmark.Checked || x.Effort.Answer <= 0 {
		t.Errorf("topic %q, level %q, needs %v, effort %+v", x.Topic.Name, x.Level.ID, x.Needs, x.Effort)
	}
	if len(x.Protects) == 0 || x.Protects[0].Means == "" || len(x.Evidence) == 0 || !x.Evidence[0].Enough || len(x.Checks) != 2 || len(x.Families) == 0 {
		t.Errorf("%d risks, %d kinds, %d checks, %d families", len(x.Protects), len(x.Evidence), len(x.Checks), len(x.Families))
	}
	var cra *catalogue.Source
	for i, s := range x.Laws {
		if s.Kind != "law" {
			t.Errorf("%s is a %s among the laws", s.ID, s.Kind)
		}
		if s.ID == "eu-cra" {
			cra = &x.Laws[i]
		}
		if s.Title == "" || len(s.Provisions) == 0 || s.Provisions[0].Title == "" {
			t.Errorf("%s lacks its title or its provisions", s.ID)
		}
	}
	if cra == nil || !cra.Binding || cra.From != "2027-12-11" || cra.Confidence != "medium" {
		t.Errorf("the CRA is %+v, want a binding hint from 2027-12-11", cra)
	}
	if len(x.Standards) == 0 {
		t.Error("no standard asks for it")
	}
	for _, cr := range c.Criteria {
		x, err := c.Explain(cr.ID)
		if err != nil {
			t.Fatal(err)
		}
		closely := false
		for _, s := range append(x.Laws, x.Standards...) {
			closely = closely || s.Confidence != "low"
		}
		if cr.Beyond && closely {
			t.Errorf("%s is beyond every instrument and one asks for it closely", cr.ID)
		}
		if raw, err := json.Marshal(x); err != nil || strings.Contains(string(raw), "null") {
			t.Errorf("%s in JSON has a null, or %v", cr.ID, err)
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	c := load(t)
	for _, word := range []string{"privacy.erase", "erase"} {
		if cr, err := c.Find(word); err != nil || cr.ID != "privacy.erase" {
			t.Errorf("Find(%q) = %v, %v, want privacy.erase", word, cr, err)
		}
	}
	for word, msg := range map[string]string{
		"privacy.eraze": `there is no criterion "privacy.eraze". Did you mean privacy.erase?`,
		"eraze":         `there is no criterion "eraze". Did you mean privacy.erase?`,
		"qqq":           `there is no criterion "qqq".`,
		"":              `there is no criterion "".`,
	} {
		_, err := c.Find(word)
		want := &iotmark.Error{Kind: iotmark.NotFound, ID: "criterion-unknown", Msg: msg}
		if d := cmp.Diff(error(want), err); d != "" {
			t.Errorf("%q (-want +got):\n%s", word, d)
		}
	}
	if _, err := c.Explain("erase"); iotmark.KindOf(err) != iotmark.NotFound {
		t.Errorf("Explain takes a name without its topic: %v", err)
	}
}

// The figures are those that the check of the data printed before it was
// moved here.
func TestCoverage(t *testing.T) {
	t.Parallel()
	c := load(t)
	rows, err := c.Coverage()
	if err != nil {
		t.Fatal(err)
	}
	var sum catalogue.Coverage
	for _, r := range rows {
		sum.Provisions += r.Provisions
		sum.InThemes += r.InThemes
		sum.Closely += r.Closely
		sum.Reached += r.Reached
		if r.Instrument == "eu-cra" && (r.Provisions != 52 || r.InThemes != 49 || r.Closely != 43 || r.Reached != 47) {
			t.Errorf("eu-cra is %+v", r)
		}
	}
	if d := cmp.Diff(catalogue.Coverage{Provisions: 635, InThemes: 523, Closely: 441, Reached: 485}, sum); d != "" {
		t.Errorf("got (-want +got):\n%s", d)
	}
	if rows[0].Instrument != "csa-psv" || rows[39].Instrument != "us-ftc-marks" {
		t.Errorf("from %s to %s, want those about products first", rows[0].Instrument, rows[39].Instrument)
	}
	gaps, err := c.Gaps()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, g := range gaps {
		s := string(g.Theme)
		if g.Touched {
			s += " touched"
		}
		got = append(got, s)
	}
	want := []string{"T02 touched", "T07", "T11", "T13 touched", "T16 touched", "T54", "T59", "T60 touched", "T69 touched", "T70"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("got (-want +got):\n%s", d)
	}
}

func TestTouching(t *testing.T) {
	t.Parallel()
	got := load(t).Touching("eu-weee")
	want := []catalogue.Touch{{Criterion: "lifecycle.take-back", Closely: true, Confidence: "medium"}}
	if d := cmp.Diff(want, got["Art16"]); d != "" {
		t.Errorf("got (-want +got):\n%s", d)
	}
	if len(got["Art17"]) != 0 {
		t.Errorf("Art17 is touched by %v", got["Art17"])
	}
}

// The coverage of the families is printed so that it is looked at; what may
// not happen is a binding to a family that does not exist.
func TestFamilyCoverage(t *testing.T) {
	t.Parallel()
	c := load(t)
	checks := c.FamilyChecks()
	n := 0
	for _, f := range c.Scheme.Checks {
		if len(checks[f.ID]) == 0 {
			t.Logf("%-20s no check yet", f.ID)
			continue
		}
		n++
		t.Logf("%-20s %v", f.ID, checks[f.ID])
	}
	t.Logf("%d of %d families have a check", n, len(c.Scheme.Checks))
	if len(checks) != n {
		t.Errorf("%d families are bound, %d of them are in the scheme", len(checks), n)
	}
}

func TestMinutes(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{1: "1 minute", 45: "45 minutes", 60: "1 hour", 90: "2 hours", 240: "4 hours", 480: "1 day", 960: "2 days", 19200: "40 days"} {
		if got := catalogue.Minutes(n); got != want {
			t.Errorf("Minutes(%d) = %q, want %q", n, got, want)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := catalogue.Load(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoadInstruments(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if err := load(b).LoadInstruments(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLint(b *testing.B) {
	c := load(b)
	for b.Loop() {
		if ps := catalogue.Lint(c); len(ps) > 0 {
			b.Fatal(ps)
		}
	}
}
