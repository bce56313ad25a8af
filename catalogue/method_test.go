package catalogue_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
)

func loadMethods(t testing.TB) *catalogue.Catalogue {
	t.Helper()
	c := load(t)
	if err := c.LoadMethods(); err != nil {
		t.Fatal(err)
	}
	return c
}

// The seven musts that need a real unit each have a method that tries one.
func TestTestedMustsHaveMethods(t *testing.T) {
	t.Parallel()
	c := load(t)
	if len(c.Methods) != 0 {
		t.Error("Load read the methods, which most commands do without")
	}
	got := map[iotmark.CriterionID][]iotmark.MethodID{}
	for _, cr := range c.Criteria {
		if cr.Level != iotmark.Must || cr.NeedsStep() != iotmark.Tested {
			continue
		}
		for _, m := range c.MethodsFor(cr.ID) {
			if m.Sample.Units < 1 || m.Step() != iotmark.Tested {
				t.Errorf("%s for %s tries no unit", m.ID, cr.ID)
			}
			got[cr.ID] = append(got[cr.ID], m.ID)
		}
	}
	want := map[iotmark.CriterionID][]iotmark.MethodID{
		"data-security.transport-encryption":   {"data-security.forged-server"},
		"device-security.no-default-passwords": {"device-security.first-password"},
		"device-security.minimal-services":     {"device-security.open-ports"},
		"privacy.protective-defaults":          {"privacy.before-consent"},
		"privacy.sensor-control":               {"privacy.sensor-cut"},
		"lifecycle.works-without-internet":     {"lifecycle.line-cut"},
		"lifecycle.factory-reset":              {"lifecycle.reset-emptied"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("got (-want +got):\n%s", d)
	}
}

func TestMethodsFor(t *testing.T) {
	t.Parallel()
	c := loadMethods(t)
	for id, want := range map[iotmark.CriterionID][]iotmark.MethodID{
		"device-security.secure-updates":  {"device-security.tampered-update", "accountability.evidence-reading"},
		"lifecycle.take-back":             {"accountability.evidence-reading"},
		"data-security.multi-factor":      {"accountability.evidence-reading"}, // a should
		"data-security.endpoint-quality":  {"accountability.evidence-reading"}, // where no program can
		"data-security.no-such-criterion": nil,
	} {
		var got []iotmark.MethodID
		for _, m := range c.MethodsFor(id) {
			got = append(got, m.ID)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: got (-want +got):\n%s", id, d)
		}
	}
	m := c.Method("lifecycle.end-plan-reading")
	if d := cmp.Diff([]iotmark.CompetenceID{"documents", "contracts", "data-governance"}, c.CompetencesFor(m, "data-governance.data-on-exit")); d != "" {
		t.Errorf("competences (-want +got):\n%s", d)
	}
	for word, want := range map[string]string{"line-cut": "", "lifecycle.line-cut": "", "lifecycle.line-cat": "Did you mean lifecycle.line-cut?", "line-cat": "Did you mean lifecycle.line-cut?", "qqq": `no method "qqq".`} {
		m, err := c.FindMethod(word)
		if want == "" && (err != nil || m.ID != "lifecycle.line-cut") || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("FindMethod(%q) = %v, %v", word, m, err)
		}
	}
}

// offline is a record of lifecycle.line-cut that passes.
func offline(changes ...any) map[string]any {
	r := map[string]any{
		"unit_1": "A-0417", "how_drawn": "bought", "software_version": "3.2.0", "software_digest": catalogue.NotKnown, "in_scope": true,
		"basic_functions": 3, "fail_fresh": 0, "fail_after_setup": 0, "offline_minutes": 75.5, "fail_maker_gone": 0, "back_after_power": true,
		"back_after_line": true, "fail_after_day": 0, "day_waited": json.Number("25"), "contradicts": false, "unforeseen": false, "verdict": "pass",
	}
	for i := 0; i < len(changes); i += 2 {
		if changes[i+1] == nil {
			delete(r, changes[i].(string))
		} else {
			r[changes[i].(string)] = changes[i+1]
		}
	}
	return r
}

func TestRecordCheck(t *testing.T) {
	t.Parallel()
	m := loadMethods(t).Method("lifecycle.line-cut")
	for _, tt := range []struct {
		name   string
		record map[string]any
		want   []string // id and field
		says   string
	}{
		{"in order", offline(), nil, ""},
		{"a fail that says so", offline("fail_after_day", 1, "verdict", "fail"), nil, ""},
		{"a fail with its reason", offline("fail_fresh", 1, "fail_fresh_which", "The dial does nothing.", "verdict", "fail"), nil, ""},
		{"unknown is no pass", offline("contradicts", "unknown", "verdict", "inconclusive", "why_open", "The page was down."), nil, ""},
		{"nothing at all", nil, []string{
			"record-field-missing unit_1", "record-field-missing how_drawn", "record-field-missing software_version", "record-field-missing software_digest", "record-field-missing in_scope",
			"record-field-missing basic_functions", "record-field-missing fail_fresh", "record-field-missing fail_after_setup", "record-field-missing offline_minutes", "record-field-missing fail_maker_gone",
			"record-field-missing back_after_power", "record-field-missing back_after_line", "record-field-missing fail_after_day", "record-field-missing day_waited", "record-field-missing contradicts",
			"record-field-missing unforeseen", "record-field-missing why_open", "record-verdict-missing verdict"}, "unit_1 is not filled in"},
		{"field missing", offline("back_after_power", nil), []string{"record-field-missing back_after_power", "record-field-missing why_open", "record-verdict-contradicts verdict"}, "write unknown"},
		{"field empty", offline("unit_1", ""), []string{"record-field-missing unit_1"}, ""},
		{"field needed because of another", offline("fail_fresh", 2, "verdict", "fail"), []string{"record-field-missing fail_fresh_which"}, "needed when fresh_fails"},
		{"text for a truth", offline("contradicts", "no"), []string{"record-value-wrong contradicts", "record-field-missing why_open", "record-verdict-contradicts verdict"}, "true or false"},
		{"text for a number", offline("day_waited", "25"), []string{"record-value-wrong day_waited", "record-field-missing why_open", "record-verdict-contradicts verdict"}, "must be a number"},
		{"list for a text", offline("unit_1", []any{"A"}), []string{"record-value-wrong unit_1"}, "must be text"},
		{"below the least", offline("fail_fresh", -1), []string{"record-value-wrong fail_fresh", "record-field-missing why_open", "record-verdict-contradicts verdict"}, "below 0"},
		{"above the most", offline("basic_functions", 101), []string{"record-value-wrong basic_functions", "record-field-missing why_open", "record-verdict-contradicts verdict"}, "above 100"},
		{"option that is not offered", offline("how_drawn", "stolen"), []string{"record-value-wrong how_drawn"}, "bought, from-stock, sent"},
		{"digest that is none", offline("software_digest", "ABC"), []string{"record-value-wrong software_digest"}, "64 small hexadecimal digits"},
		{"serial of two lines", offline("unit_1", "A\nB"), []string{"record-value-wrong unit_1"}, "one line"},
		{"text with control characters", offline("deviations", "\x1b[31m"), []string{"record-value-wrong deviations"}, "control characters"},
		{"text that is too long", offline("deviations", strings.Repeat("x", 4001)), []string{"record-value-wrong deviations"}, "4000"},
		{"unknown field", offline("contradict", true), []string{"record-field-unknown contradict"}, "did you mean contradicts?"},
		{"unknown field that would print ill", offline("\x1b]0;x\a", true), []string{"record-field-unknown ?]0;x?"}, ""},
		{"no verdict", offline("verdict", nil), []string{"record-verdict-missing verdict"}, "pass, fail or inconclusive"},
		{"another word for a verdict", offline("verdict", "ok"), []string{"record-verdict-missing verdict"}, ""},
		{"a pass where it fails", offline("back_after_line", false), []string{"record-verdict-contradicts verdict"}, "it is fail, because of: not back_after_power or not back_after_line"},
		{"a fail where it passes", offline("verdict", "fail"), []string{"record-verdict-contradicts verdict"}, "it is pass"},
		{"a pass outside the scope", offline("in_scope", false), []string{"record-field-missing why_open", "record-verdict-contradicts verdict"}, "not in_scope"},
		{"a pass of something unforeseen", offline("unforeseen", true), []string{"record-field-missing unforeseen_what", "record-field-missing why_open", "record-verdict-contradicts verdict"}, ""},
		{"a pass on a value that is not known", offline("fail_maker_gone", "unknown"), []string{"record-field-missing why_open", "record-verdict-contradicts verdict"}, "decide neither pass nor fail"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			errs := m.Check(tt.record)
			var got []string
			for _, e := range errs {
				got = append(got, string(e.ID)+" "+e.Field)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("got (-want +got):\n%s", d)
			}
			if !strings.Contains(errs.Error(), tt.says) {
				t.Errorf("got %v, want something that says %q", errs, tt.says)
			}
		})
	}
	many := offline()
	for i := range 200 {
		many[strings.Repeat("x", i+1)] = true
	}
	if errs := m.Check(many); len(errs) != 1 || errs[0].ID != "record-too-large" {
		t.Errorf("a record of 200 fields gives %v", errs)
	}
}

// Verdicts of other methods that have more than truths and limits.
func TestConclude(t *testing.T) {
	t.Parallel()
	c := loadMethods(t)
	const a, b = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	shared := map[string]any{"in_scope": true, "unforeseen": false}
	keys := map[string]any{"credential_kind": "certificate", "digest_unit_1": a, "digest_unit_2": b, "other_same": 0, "shared_secret": false, "reaches_other": "refused", "shut_out": "alone", "shut_out_days": 2}
	update := map[string]any{"genuine_accepted": "installed", "by_itself": true, "owner_acts": 2, "ways_not_tried": 0, "changed_program": "refused", "changed_header": "refused",
		"no_signature": "refused", "other_model": "only-random", "older_release": "no-weakness", "power_cuts": 4, "dead_after_cut": 0, "not_updatable": "updatable"}
	fixed := map[string]any{"genuine_accepted": "none", "by_itself": false, "owner_acts": 0, "ways_not_tried": 0, "changed_program": "none", "changed_header": "none",
		"no_signature": "none", "other_model": "none", "older_release": "none", "power_cuts": 0, "dead_after_cut": 0, "not_updatable": "says-so"}
	for _, tt := range []struct {
		name   string
		method iotmark.MethodID
		base   map[string]any
		change map[string]any
		want   iotmark.InspectionVerdict
		second int
	}{
		{"different keys", "data-security.two-unit-keys", keys, nil, iotmark.InspectionPass, 0},
		{"the same key on two units", "data-security.two-unit-keys", keys, map[string]any{"digest_unit_2": a}, iotmark.InspectionFail, 0},
		{"one key could not be read", "data-security.two-unit-keys", keys, map[string]any{"digest_unit_2": "unknown"}, iotmark.InspectionInconclusive, 0},
		{"one unit reaches the other", "data-security.two-unit-keys", keys, map[string]any{"reaches_other": "reached"}, iotmark.InspectionFail, 1},
		{"reaching was not tried", "data-security.two-unit-keys", keys, map[string]any{"reaches_other": "not-tried"}, iotmark.InspectionInconclusive, 0},
		{"updates refused as they must be", "device-security.tampered-update", update, nil, iotmark.InspectionPass, 0},
		{"a flipped byte is taken", "device-security.tampered-update", update, map[string]any{"changed_program": "installed"}, iotmark.InspectionFail, 1},
		{"the unchanged update is refused too", "device-security.tampered-update", update, map[string]any{"genuine_accepted": "refused"}, iotmark.InspectionInconclusive, 0},
		{"the flipped byte was not tried", "device-security.tampered-update", update, map[string]any{"changed_program": "not-tried"}, iotmark.InspectionInconclusive, 0},
		{"cannot be updated, and says so", "device-security.tampered-update", fixed, nil, iotmark.InspectionPass, 0},
		{"cannot be updated, and is silent", "device-security.tampered-update", fixed, map[string]any{"not_updatable": "silent"}, iotmark.InspectionFail, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := maps.Clone(tt.base)
			maps.Copy(r, shared)
			maps.Copy(r, tt.change)
			m := c.Method(tt.method)
			got, why := m.Conclude(r)
			if got != tt.want {
				t.Errorf("got %s because of %v, want %s", got, why, tt.want)
			}
			if second := m.NeedsSecond(r); len(second) != tt.second {
				t.Errorf("a second opinion because of %v, want %d rules", second, tt.second)
			}
		})
	}
}

// Not knowing one value more never makes a fail, and never a pass of what was
// none.
func TestNotKnowingDecidesNothing(t *testing.T) {
	t.Parallel()
	m := loadMethods(t).Method("lifecycle.line-cut")
	for _, r := range []map[string]any{offline(), offline("fail_fresh", 1), offline("day_waited", 3), offline("in_scope", false)} {
		before, _ := m.Conclude(r)
		for _, f := range m.Fields {
			less := maps.Clone(r)
			less[f.ID] = catalogue.NotKnown
			after, why := m.Conclude(less)
			if after != before && after != iotmark.InspectionInconclusive {
				t.Errorf("without %s %s becomes %s because of %v", f.ID, before, after, why)
			}
		}
	}
}

// No method gives a verdict other than inconclusive to an empty record, and
// each stated verdict is then refused by the same rule.
func TestEmptyRecordsAreOpen(t *testing.T) {
	t.Parallel()
	for _, m := range loadMethods(t).Methods {
		if got, why := m.Conclude(nil); got != iotmark.InspectionInconclusive || len(why) > 0 {
			t.Errorf("%s gives %s to an empty record because of %v", m.ID, got, why)
		}
		open := map[string]any{}
		for _, f := range m.Fields {
			open[f.ID] = catalogue.NotKnown
		}
		open["verdict"] = "inconclusive"
		if errs := m.Check(open); len(errs) > 0 {
			t.Errorf("%s refuses a record in which nothing is known: %v", m.ID, errs)
		}
	}
}

func TestCheckInspection(t *testing.T) {
	t.Parallel()
	c := loadMethods(t)
	m := c.Method("lifecycle.line-cut")
	note := func(change func(*iotmark.Inspection)) iotmark.Inspection {
		in := iotmark.Inspection{Criterion: "lifecycle.works-without-internet", Method: m.ID, Version: m.Version, Digest: m.Digest,
			By: "p-17", On: "2026-11-25", Verdict: iotmark.InspectionPass, Record: offline(), Evidence: []iotmark.Digest{m.Digest}}
		if change != nil {
			change(&in)
		}
		return in
	}
	for _, tt := range []struct {
		name   string
		change func(*iotmark.Inspection)
		want   iotmark.ErrorID
	}{
		{"in order", nil, ""},
		{"unknown criterion", func(in *iotmark.Inspection) { in.Criterion = "lifecycle.works" }, "criterion-unknown"},
		{"unknown method", func(in *iotmark.Inspection) { in.Method = "lifecycle.line" }, "method-unknown"},
		{"method of another criterion", func(in *iotmark.Inspection) { in.Criterion = "lifecycle.factory-reset" }, "method-unfit"},
		{"reading where trying is needed", func(in *iotmark.Inspection) { in.Method = "accountability.evidence-reading" }, "method-unfit"},
		{"another version", func(in *iotmark.Inspection) { in.Version = 7 }, "method-version-other"},
		{"another text", func(in *iotmark.Inspection) { in.Digest = "" }, "method-version-other"},
		{"no day", func(in *iotmark.Inspection) { in.On = "2026-11-31" }, "inspection-date-wrong"},
		{"nobody", func(in *iotmark.Inspection) { in.By = "" }, "inspection-unsigned"},
		{"two verdicts", func(in *iotmark.Inspection) { in.Verdict = iotmark.InspectionFail }, "record-verdict-contradicts"},
		{"a record that is not in order", func(in *iotmark.Inspection) { in.Record = offline("unit_1", nil) }, "record-field-missing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := note(tt.change)
			errs := c.CheckInspection(in)
			if tt.want == "" {
				if len(errs) > 0 {
					t.Errorf("got %v, want nothing", errs)
				}
				return
			}
			if len(errs) == 0 || errs[0].ID != tt.want {
				t.Errorf("got %v, want %s first", errs, tt.want)
			}
		})
	}
	if got := c.Carried(note(nil)); got != iotmark.Tested {
		t.Errorf("a pass carries to %s, want tested", got)
	}
	if got := c.Carried(note(func(in *iotmark.Inspection) { in.Verdict = iotmark.InspectionInconclusive })); got != iotmark.NoAssurance {
		t.Errorf("inconclusive carries to %s, want none", got)
	}

	// A note survives JSON, and is in order on the other side.
	raw, err := json.Marshal(note(nil))
	if err != nil {
		t.Fatal(err)
	}
	var back iotmark.Inspection
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatal(err)
	}
	if errs := c.CheckInspection(back); len(errs) > 0 {
		t.Errorf("after JSON: %v", errs)
	}
	again, err := json.Marshal(back)
	if d := cmp.Diff(string(raw), string(again)); err != nil || d != "" {
		t.Errorf("got %v (-want +got):\n%s", err, d)
	}
}

func TestReadRecord(t *testing.T) {
	t.Parallel()
	got, err := catalogue.ReadRecord([]byte(`{"a": "x", "b": 1e2, "c": true, "d": null}` + "\n"))
	if d := cmp.Diff(map[string]any{"a": "x", "b": json.Number("1e2"), "c": true, "d": nil}, got); err != nil || d != "" {
		t.Errorf("got %v (-want +got):\n%s", err, d)
	}
	for name, tt := range map[string]struct{ raw, says string }{
		"empty":      {"", "not one JSON object"},
		"list":       {"[]", "not one JSON object"},
		"nested":     {`{"a": {}}`, "a must be text, a number, true or false"},
		"list in it": {`{"a": [1]}`, "a must be text"},
		"cut off":    {`{"a": 1`, "not JSON after byte"},
		"no value":   {`{"a": }`, "a must be text"},
		"key twice":  {`{"a": 1, "a": 2}`, "a stands twice"},
		"two":        {`{} {}`, "behind the record"},
		"too large":  {`{"a": "` + strings.Repeat("x", catalogue.MaxRecord) + `"}`, "keep long text as evidence"},
	} {
		if _, err := catalogue.ReadRecord([]byte(tt.raw)); err == nil || !strings.Contains(err.Error(), tt.says) || iotmark.KindOf(err) != iotmark.Invalid {
			t.Errorf("%s: got %v, want %q", name, err, tt.says)
		}
	}
}

// Whatever stands in a record: errors, never a panic, and never a pass that
// the rules do not give.
func FuzzReadRecord(f *testing.F) {
	c := loadMethods(f)
	good, err := json.Marshal(offline())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint8(0), good)
	f.Add(uint8(3), []byte(`{"a": 1e999, "b": -0, "verdict": "pass"}`))
	f.Add(uint8(9), []byte(`{"`))
	f.Fuzz(func(t *testing.T, i uint8, raw []byte) {
		r, err := catalogue.ReadRecord(raw)
		if err != nil {
			return
		}
		m := c.Methods[int(i)%len(c.Methods)]
		errs := m.Check(r)
		got, _ := m.Conclude(r)
		if len(errs) == 0 && r["verdict"] != string(got) {
			t.Errorf("%v is in order and says %v, not %s", r, r["verdict"], got)
		}
		m.NeedsSecond(r)
	})
}

// A version that was once written down is never written over.
func TestVersionsOnlyGrow(t *testing.T) {
	t.Parallel()
	changed := edit{lineCut, "Give the unit power for the first time.", "Give the unit power."}
	for _, tt := range []struct {
		name  string
		edits []edit
		says  string // empty: one more version
	}{
		{"text changed", []edit{changed}, "write version: 2"},
		{"version skipped", []edit{changed, {lineCut, "version: 1", "version: 3"}}, "write version: 2"},
		{"version raised", []edit{changed, {lineCut, "version: 1", "version: 2"}}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, err := catalogue.LoadFS(broken(t, tt.edits...))
			if err != nil {
				t.Fatal(err)
			}
			raw, err := c.VersionsYAML()
			if tt.says != "" {
				if err == nil || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("got %v, want %q", err, tt.says)
				}
				return
			}
			old, errOld := loadMethods(t).VersionsYAML()
			if err != nil || errOld != nil {
				t.Fatal(err, errOld)
			}
			if n := strings.Count(string(raw), "\n") - strings.Count(string(old), "\n"); n != 1 {
				t.Errorf("%d lines more, want 1", n)
			}
		})
	}
}

func TestMethodMarkdownHasTheForm(t *testing.T) {
	t.Parallel()
	c := loadMethods(t)
	for _, m := range c.Methods {
		text := string(c.Markdown(m))
		for _, f := range m.Fields {
			if !strings.Contains(text, "`"+f.ID+"`\n") {
				t.Errorf("the form of %s lacks %s", m.ID, f.ID)
			}
		}
		for _, want := range []string{"[ ] pass   [ ] fail   [ ] inconclusive", "Signature: ____", m.Digest.Short()} {
			if !strings.Contains(text, want) {
				t.Errorf("the form of %s lacks %q", m.ID, want)
			}
		}
	}
}
