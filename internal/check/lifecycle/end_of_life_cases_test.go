package lifecycle_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/checktest"
	"github.com/open-iot-mark/iotmark/internal/check/lifecycle"
)

// gaps writes findings as the table does: message, case, what is missing.
func gaps(c check.Check, fs []iotmark.Finding, seen map[string]bool) []string {
	var out []string
	for i, m := range checktest.Said(c, fs) {
		seen[m] = true
		if s := fs[i].Args["case"]; s != "" {
			m += " " + s
		}
		if s := fs[i].Args["missing"]; s != "" {
			m += ": " + s
		}
		out = append(out, m)
	}
	return out
}

// elsewhere is evidence behind an address that nobody fetched.
func elsewhere(id string) check.Item {
	return check.Item{Evidence: iotmark.Evidence{ID: iotmark.EvidenceID(id), Kind: iotmark.KindWebPage, URL: "https://nettle.example/" + id}, Standing: iotmark.Elsewhere, Claimed: true}
}

func TestEndOfLifeCases(t *testing.T) {
	t.Parallel()
	var rows []struct {
		Name string          `yaml:"name"`
		Says string          `yaml:"says"`
		Want []string        `yaml:"want"`
		Out  iotmark.Outcome `yaml:"out"`
	}
	checktest.Table(t, "testdata/end_of_life.yaml", &rows)
	c := lifecycle.EndOfLifeCases
	checktest.Complete(t, c)
	seen := map[string]bool{}
	for _, r := range rows {
		fs := c.Run(checktest.Input(checktest.Text(t, "plan", "plan.md", r.Says)))
		checktest.Sound(t, c, fs)
		if diff := cmp.Diff(r.Want, gaps(c, fs, seen)); diff != "" {
			t.Errorf("%s: got (-want +got)\n%s", r.Name, diff)
		}
		if worst := checktest.Worst(fs); r.Out != "" && worst != r.Out {
			t.Errorf("%s: outcome %s, want %s", r.Name, worst, r.Out)
		}
	}
	const partial = "If we end the service, we tell you 12 months before. The dial keeps working. You can export your data. Plans paid ahead are refunded. You can still use the local interface."
	const rest = "## Sale of the company\n- Notice: 3 months\n- Functions: all stay\n- Data: moves if you agree\n- Money: refund\n## Insolvency\n- Notice: 60 days\n- Functions: the dial\n- Data: deleted\n- Money: claim"
	for _, tc := range []struct {
		name  string
		items []check.Item
		want  []string
		out   iotmark.Outcome
	}{
		{"two texts make one plan", []check.Item{checktest.Text(t, "a", "a.md", partial), checktest.Text(t, "b", "b.md", rest)}, []string{"complete"}, iotmark.Passed},
		{"the rest is elsewhere", []check.Item{checktest.Text(t, "a", "a.md", partial), elsewhere("b")}, []string{"case-not-found sale", "case-not-found insolvency", "rest-unread"}, iotmark.CantTell},
		{"the rest is beyond what is read", []check.Item{checktest.Text(t, "a", "a.md", partial+"\n\n"+strings.Repeat("Nothing more. ", 15_000)+"\n\nEnd.")}, []string{"case-not-found sale", "case-not-found insolvency", "cut"}, iotmark.CantTell},
	} {
		fs := c.Run(checktest.Input(tc.items...))
		checktest.Sound(t, c, fs)
		if diff := cmp.Diff(tc.want, gaps(c, fs, seen)); diff != "" {
			t.Errorf("%s: got (-want +got)\n%s", tc.name, diff)
		}
		out := iotmark.Inapplicable
		for _, f := range fs {
			out = out.Weightier(f.Outcome)
		}
		if out != tc.out {
			t.Errorf("%s: outcome %s, want %s", tc.name, out, tc.out)
		}
	}
	checktest.WordsUsed(t, c, seen)
}

// The plans of the example and of the careful maker are complete.
func TestEndOfLifeCasesOfProducts(t *testing.T) {
	t.Parallel()
	for _, product := range []string{"example", "careful"} {
		raw, err := os.ReadFile("../../../testdata/products/" + product + "/evidence/end-of-life-plan.md")
		if err != nil {
			t.Fatal(err)
		}
		fs := lifecycle.EndOfLifeCases.Run(checktest.Input(checktest.Text(t, "plan", "end-of-life-plan.md", string(raw))))
		if diff := cmp.Diff([]string{"complete"}, gaps(lifecycle.EndOfLifeCases, fs, map[string]bool{})); diff != "" {
			t.Errorf("%s: got (-want +got)\n%s", product, diff)
		}
	}
}

func TestEndOfLifeCasesHostile(t *testing.T) {
	t.Parallel()
	for name, says := range map[string]string{
		"wide table":     "| Case |" + strings.Repeat(" Notice |", 2_000) + "\n| --- |\n| Insolvency |" + strings.Repeat(" 1 month |", 2_000),
		"many cases":     strings.Repeat("## Insolvency\n\n- Notice: tbd\n\n", 1_000),
		"one long cell":  "| Case | Data |\n| --- | --- |\n| Sale | " + strings.Repeat("data ", 5_000) + "|",
		"empty labels":   "## Insolvency\n\n- Notice:\n- Data: \n- : \n",
		"ragged table":   "| | Planned end | Sale |\n| --- |\n| Notice |\n| Data | a | b | c | d | e |\n|",
		"only bars":      strings.Repeat("| | |\n", 1_000) + "x",
		"odd characters": "## Insolvency\u202e\n\nNotice: \u0000\u001b[2J 60 days",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checktest.Sound(t, lifecycle.EndOfLifeCases, lifecycle.EndOfLifeCases.Run(checktest.Input(checktest.Text(t, "plan", "plan.md", says))))
		})
	}
}

func FuzzEndOfLifeCases(f *testing.F) {
	f.Add("| Case | Notice |\n|---|---|\n| Insolvency | 3 months |")
	f.Add("If we end the service, we tell you 12 months before.\n\n## Sale\nData: deleted")
	f.Fuzz(func(t *testing.T, s string) {
		if strings.TrimSpace(s) == "" || len(s) > 20_000 {
			return
		}
		if it, ok := checktest.MaybeText("plan.md", s); ok {
			checktest.Sound(t, lifecycle.EndOfLifeCases, lifecycle.EndOfLifeCases.Run(checktest.Input(it)))
		}
	})
}
