package text_test

import (
	"context"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/text"
	"go.yaml.in/yaml/v3"
)

type passage struct {
	Say string             `yaml:"say"`
	Is  []text.StatementID `yaml:"is"`
}

func passages(t *testing.T, name string) []passage {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var ps []passage
	if err := yaml.Unmarshal(raw, &ps); err != nil {
		t.Fatal(err)
	}
	return ps
}

func read(t *testing.T, name, content string) *text.Facts {
	t.Helper()
	f, err := text.Reader.Read(context.Background(), evidence.NewSource(name, []byte(content)), evidence.DefaultLimits())
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return f.(*text.Facts)
}

type count struct{ hit, extra, missed int }

func (c count) precision() float64 { return ratio(c.hit, c.hit+c.extra) }
func (c count) recall() float64    { return ratio(c.hit, c.hit+c.missed) }

func ratio(a, b int) float64 {
	if b == 0 {
		return 1
	}
	return float64(a) / float64(b)
}

// judge holds the rules against a table of passages and prints what differs.
func judge(t *testing.T, ps []passage) (all count, each map[text.StatementID]*count) {
	t.Helper()
	each = map[text.StatementID]*count{}
	at := func(id text.StatementID) *count {
		if each[id] == nil {
			each[id] = new(count)
		}
		return each[id]
	}
	for _, p := range ps {
		f := read(t, "notice.md", p.Say)
		got := map[text.StatementID]bool{}
		for _, s := range f.Statements {
			if slices.Contains(privacyFamilies, s.ID) {
				got[s.ID] = true
			}
		}
		for _, id := range p.Is {
			if got[id] {
				all.hit++
				at(id).hit++
			} else {
				all.missed++
				at(id).missed++
				t.Logf("missed %s: %s", id, p.Say)
			}
		}
		for _, id := range slices.Sorted(maps.Keys(got)) {
			if !slices.Contains(p.Is, id) {
				all.extra++
				at(id).extra++
				t.Logf("wrongly %s: %s", id, p.Say)
			}
		}
	}
	return all, each
}

var privacyFamilies = []text.StatementID{
	text.SellsData, text.NeverSells, text.NeverAdvertises, text.SaleWithConsent, text.ContactPrivacy, text.AcknowledgeDays, text.GoodFaith,
}

func TestStatementsAgainstTruth(t *testing.T) {
	t.Parallel()
	ps := passages(t, "testdata/statements.yaml")
	all, each := judge(t, ps)
	for _, id := range privacyFamilies {
		c := each[id]
		if c == nil {
			t.Errorf("no passage says %s", id)
			continue
		}
		t.Logf("%-18s precision %.2f recall %.2f of %d", id, c.precision(), c.recall(), c.hit+c.missed)
		if c.precision() < 0.9 || c.recall() < 0.85 {
			t.Errorf("%s: precision %.2f, recall %.2f", id, c.precision(), c.recall())
		}
	}
	t.Logf("all: %d passages, precision %.3f, recall %.3f", len(ps), all.precision(), all.recall())
	if all.precision() < 0.95 || all.recall() < 0.95 {
		t.Errorf("precision %.3f and recall %.3f; both must be at least 0.95", all.precision(), all.recall())
	}
}

func TestStatementsOtherWordings(t *testing.T) {
	t.Parallel()
	ps := passages(t, "testdata/statements-unseen.yaml")
	all, _ := judge(t, ps)
	t.Logf("other wordings: %d passages, precision %.3f, recall %.3f", len(ps), all.precision(), all.recall())
	if all.precision() < 0.95 || all.recall() < 0.95 {
		t.Errorf("precision %.3f and recall %.3f; both must be at least 0.95", all.precision(), all.recall())
	}
}

func TestDays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		n, unit string
		want    int
		ok      bool
	}{
		{"30", "days", 30, true}, {"72", "hours", 3, true}, {"1", "hour", 1, true}, {"a", "week", 7, true}, {"two", "weeks", 14, true},
		{"24", "months", 720, true}, {"zehn", "jahre", 3650, true}, {"3", "werktagen", 3, true}, {"", "days", 0, false}, {"3", "", 0, false}, {"many", "days", 0, false},
	} {
		got, ok := text.Statement{Values: map[string]string{"n": c.n, "unit": c.unit}}.Days()
		if got != c.want || ok != c.ok {
			t.Errorf("%s %s: got %d, %v, want %d, %v", c.n, c.unit, got, ok, c.want, c.ok)
		}
	}
}
