package iotmark_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
)

// One table maps kinds to HTTP status and exit code; every kind is in it once.
func TestKinds(t *testing.T) {
	t.Parallel()
	want := map[iotmark.Kind][2]int{
		iotmark.Internal: {500, 4}, iotmark.Invalid: {422, 2}, iotmark.NotFound: {404, 2}, iotmark.Forbidden: {403, 4},
		iotmark.Unauthenticated: {401, 4}, iotmark.Conflict: {409, 4}, iotmark.TooMany: {429, 4}, iotmark.Unavailable: {503, 4},
		iotmark.Nonconforming: {422, 1}, iotmark.Unverified: {422, 3}, iotmark.Unreadable: {422, 5}, iotmark.Interrupted: {503, 130},
	}
	got := map[iotmark.Kind][2]int{}
	for _, r := range iotmark.Kinds() {
		if _, twice := got[r.Kind]; twice {
			t.Errorf("%s stands twice", r.Kind)
		}
		got[r.Kind] = [2]int{r.HTTP, r.Exit}
		err := fmt.Errorf("around: %w", &iotmark.Error{Kind: r.Kind, Err: errors.New("cause")})
		if iotmark.KindOf(err) != r.Kind || iotmark.HTTPStatus(err) != r.HTTP || iotmark.ExitCode(err) != r.Exit {
			t.Errorf("%s is lost in an error's tree", r.Kind)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("got (-want +got)\n%s", diff)
	}
	if iotmark.ExitCode(nil) != 0 || iotmark.HTTPStatus(nil) != 200 || iotmark.ExitCode(errors.New("x")) != 4 {
		t.Error("no error, or one that nobody expected, has the wrong code")
	}
	if iotmark.KindOf(iotmark.Errors{{Kind: iotmark.Invalid}}) != iotmark.Invalid {
		t.Error("a list of errors has lost its kind")
	}
}

// Kleene's tables: the rules of the scheme's grammar.
func TestTruth(t *testing.T) {
	t.Parallel()
	const T, F, U = iotmark.True, iotmark.False, iotmark.Unknown
	for _, r := range []struct{ x, y, and, or iotmark.Truth }{
		{T, T, T, T}, {T, F, F, T}, {T, U, U, T},
		{F, T, F, T}, {F, F, F, F}, {F, U, F, U},
		{U, T, U, T}, {U, F, F, U}, {U, U, U, U},
	} {
		if r.x.And(r.y) != r.and || r.x.Or(r.y) != r.or {
			t.Errorf("%s, %s: and %s, or %s", r.x, r.y, r.x.And(r.y), r.x.Or(r.y))
		}
	}
	if T.Not() != F || F.Not() != T || U.Not() != U {
		t.Error("not")
	}
}

func TestWeightier(t *testing.T) {
	t.Parallel()
	order := []iotmark.Outcome{iotmark.Failed, iotmark.CantTell, iotmark.Passed, iotmark.Inapplicable, iotmark.Untested}
	for i, x := range order {
		for k, y := range order {
			if want := order[min(i, k)]; x.Weightier(y) != want {
				t.Errorf("%s and %s: got %s, want %s", x, y, x.Weightier(y), want)
			}
		}
	}
}

func TestDate(t *testing.T) {
	t.Parallel()
	for s, ok := range map[string]bool{
		"2026-02-28": true, "2024-02-29": true, "2026-02-29": false, "2026-13-01": false, "2026-2-1": false,
		"": false, "2026-02-28T00:00:00Z": false, "26-02-28": false, "0000-00-00": false,
	} {
		if _, err := iotmark.ParseDate(s); (err == nil) != ok {
			t.Errorf("%q: %v", s, err)
		}
	}
	if n := iotmark.Date("2026-03-02").Days("2026-11-22"); n != 265 {
		t.Errorf("got %d days", n)
	}
	if !iotmark.Date("nonsense").Time().IsZero() {
		t.Error("nonsense is a day")
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	for s, ok := range map[string]bool{
		"privacy.erase": true, "data-security.tenant-isolation": true, "privacy": false, "privacy.": false, ".erase": false,
		"Privacy.erase": false, "privacy.erase.x": false, "privacy.-x": false, "privacy.x--y": false, "privacy.erase\n": false,
	} {
		if iotmark.CriterionID(s).Valid() != ok || iotmark.CheckID(s).Valid() != ok {
			t.Errorf("%q: want %t", s, ok)
		}
	}
	if iotmark.CriterionID("data-security.x").Topic() != iotmark.DataSecurity {
		t.Error("topic")
	}
	if iotmark.Digest("abc").Short() != "abc" || iotmark.Digest("0123456789").Short() != "01234567" {
		t.Error("short digest")
	}
}

// What may be a list or a word, a date or a word, a truth or a set, keeps the
// difference between none, unknown and an empty list.
func TestDeclarationJSON(t *testing.T) {
	t.Parallel()
	const text = `{"iotmark":"2026.1","product":{"name":"a","model":"b","kind":"c","first_sale":"2026-01-01"},` +
		`"maker":{"name":"m","address":"x","country":"GB","email":"a@b.example"},` +
		`"facts":{"connects_by":["wifi"],"has_app":false,"has_cloud":true,"updatable":"unknown"},` +
		`"support":{"updates_until":"none"},"functions":[{"id":"f","text":"t","core":false,"works_without":[]}],` +
		`"plans":"none","sensors":[],"failures":{"per_100":1.5,"over":"1 year","units":"1000","counted_by":"maker"},"incidents":[],` +
		`"claims":{"privacy.erase":{"answer":"partly","note":"n","evidence":["e"]}}}`
	var d iotmark.Declaration
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	if d.Plans.Word != iotmark.WordNone || !d.Plans.Known() || d.Sensors.Items == nil || !d.Sensors.Known() || d.Data.Known() {
		t.Errorf("lists: %+v %+v %+v", d.Plans, d.Sensors, d.Data)
	}
	if _, ok := d.Support.UpdatesUntil.Date(); ok || !d.Support.UpdatesUntil.Known() || d.Product.LastSale.Known() {
		t.Error("dates")
	}
	if d.Functions[0].IsCore() || d.Functions[0].WorksWithout.Items == nil {
		t.Error("functions")
	}
	if d.Facts["updatable"].Truth != iotmark.Unknown || d.Facts["has_cloud"].Truth != iotmark.True || len(d.Facts["connects_by"].Set) != 1 {
		t.Errorf("facts: %+v", d.Facts)
	}
	b, err := json.Marshal(&d)
	if err != nil {
		t.Fatal(err)
	}
	var got, want any
	if json.Unmarshal(b, &got) != nil || json.Unmarshal([]byte(text), &want) != nil {
		t.Fatal("not JSON")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("got (-want +got)\n%s", diff)
	}
}

func TestClaimForms(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]iotmark.Claim{
		`"unknown"`:                         {Answer: iotmark.AnswerUnknown},
		`["a","b"]`:                         {Answer: iotmark.AnswerMet, Evidence: []iotmark.EvidenceID{"a", "b"}},
		`{"answer":"unmet","note":"later"}`: {Answer: iotmark.AnswerUnmet, Note: "later"},
	} {
		var got iotmark.Claim
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: got (-want +got)\n%s", text, diff)
		}
	}
	for _, text := range []string{`7`, `{"answer":7}`, `[7]`, `true`} {
		if json.Unmarshal([]byte(text), new(iotmark.Claim)) == nil {
			t.Errorf("%s is no claim", text)
		}
	}
}

func TestAssurance(t *testing.T) {
	t.Parallel()
	for a := iotmark.NoAssurance; a <= iotmark.Tested; a++ {
		b, _ := a.MarshalText()
		var back iotmark.Assurance
		if err := back.UnmarshalText(b); err != nil || back != a {
			t.Errorf("%s came back as %s, %v", a, back, err)
		}
	}
	if new(iotmark.Assurance).UnmarshalText([]byte("proven")) == nil || iotmark.Assurance(9).String() != "assurance(9)" {
		t.Error("a step that does not exist")
	}
}
