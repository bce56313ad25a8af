package lifecycle_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/checktest"
	"github.com/open-iot-mark/iotmark/internal/check/lifecycle"
	"github.com/open-iot-mark/iotmark/internal/evidence/text"
)

func TestSupportDateAgrees(t *testing.T) {
	t.Parallel()
	var rows []struct {
		Name  string       `yaml:"name"`
		File  string       `yaml:"file"`
		Says  string       `yaml:"says"`
		Want  []string     `yaml:"want"`
		Shown iotmark.Date `yaml:"shown"`
	}
	checktest.Table(t, "testdata/support_dates.yaml", &rows)
	c := lifecycle.SupportDateAgrees
	checktest.Complete(t, c)
	seen := map[string]bool{}
	for _, r := range rows {
		if r.File == "" {
			r.File = "page.txt"
		}
		fs := c.Run(checktest.Input(checktest.Text(t, "sales-page", r.File, r.Says)))
		checktest.Sound(t, c, fs)
		var weighs []string
		var shown iotmark.Date
		for _, f := range fs {
			seen[checktest.Said(c, []iotmark.Finding{f})[0]] = true
			if f.Outcome == iotmark.Passed && len(fs) > 1 {
				continue
			}
			weighs = append(weighs, checktest.Said(c, []iotmark.Finding{f})...)
			if f.Shown != nil {
				shown = f.Shown.Date
			}
		}
		if diff := cmp.Diff(r.Want, weighs); diff != "" {
			t.Errorf("%s: got (-want +got)\n%s%+v", r.Name, diff, fs)
		}
		if shown != r.Shown {
			t.Errorf("%s: shown %q, want %q", r.Name, shown, r.Shown)
		}
	}
	const good = "Security updates until 31 March 2034."
	for _, tc := range []struct {
		name string
		in   func() check.Input
		want []string
		out  iotmark.Outcome
	}{
		{"a silent page beside one that says it", func() check.Input {
			return checktest.Input(checktest.Text(t, "a", "a.txt", "Nothing here about time."), checktest.Text(t, "b", "b.txt", good))
		}, []string{"agrees"}, iotmark.Passed},
		{"two pages that say different things", func() check.Input {
			return checktest.Input(checktest.Text(t, "a", "a.txt", good), checktest.Text(t, "b", "b.txt", "Security updates until 2029."))
		}, []string{"agrees", "earlier"}, iotmark.Failed},
		{"a lifetime beside a page with the date", func() check.Input {
			return checktest.Input(checktest.Text(t, "a", "a.txt", good), checktest.Text(t, "b", "b.txt", "Lifetime security updates."))
		}, []string{"agrees", "vague"}, iotmark.Failed},
		{"a page that no claim points to", func() check.Input {
			other := checktest.Text(t, "b", "b.txt", "Security updates until 2029.")
			other.Claimed = false
			return checktest.Input(checktest.Text(t, "a", "a.txt", good), other)
		}, []string{"agrees"}, iotmark.Passed},
		{"no date declared", func() check.Input {
			in := checktest.Input(checktest.Text(t, "a", "a.txt", good))
			in.Declaration.Support = iotmark.Support{}
			return in
		}, []string{"undeclared"}, iotmark.CantTell},
		{"no date declared and none found", func() check.Input {
			in := checktest.Input(checktest.Text(t, "a", "a.txt", "Nothing."))
			in.Declaration.Support = iotmark.Support{}
			return in
		}, []string{"not-found"}, iotmark.CantTell},
		{"none declared and a date found", func() check.Input {
			in := checktest.Input(checktest.Text(t, "a", "a.txt", good))
			in.Declaration.Support = iotmark.Support{UpdatesUntil: "none"}
			return in
		}, []string{"declared-none"}, iotmark.Failed},
		{"none declared and none found", func() check.Input {
			in := checktest.Input(checktest.Text(t, "a", "a.txt", "Nothing."))
			in.Declaration.Support = iotmark.Support{UpdatesUntil: "none"}
			return in
		}, []string{"none"}, iotmark.Failed},
		{"shorter than an earlier promise", func() check.Input {
			in := checktest.Input(checktest.Text(t, "a", "a.txt", good))
			in.Declaration.Support.History = []iotmark.Promise{{Set: "2025-01-01", Until: "2035-12-31"}}
			return in
		}, []string{"shortened", "agrees"}, iotmark.Failed},
		{"a text that was cut", func() check.Input {
			it := checktest.Text(t, "a", "a.txt", "Nothing yet.")
			cut := *it.Facts.(*text.Facts)
			cut.Cut = true
			it.Facts = &cut
			return checktest.Input(it)
		}, []string{"cut"}, iotmark.CantTell},
	} {
		fs := c.Run(tc.in())
		checktest.Sound(t, c, fs)
		got := checktest.Said(c, fs)
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s: got (-want +got)\n%s", tc.name, diff)
		}
		out := iotmark.Inapplicable
		for i, f := range fs {
			seen[got[i]] = true
			out = out.Weightier(f.Outcome)
		}
		if out != tc.out {
			t.Errorf("%s: outcome %s, want %s", tc.name, out, tc.out)
		}
	}
	checktest.WordsUsed(t, c, seen)
}

// No text may break the check, slow it down, or get more than 200 characters
// into a report.
func TestSupportDateAgreesHostile(t *testing.T) {
	t.Parallel()
	for name, says := range map[string]string{
		"many dates":     strings.Repeat("Security updates until 31 March 2034. ", 500),
		"dates in a row": "Security updates until " + strings.Repeat("31 March 2034, ", 500),
		"one long word":  "Security updates until " + strings.Repeat("x", 1<<17),
		"many tables":    strings.Repeat("| Model | Security updates until |\n| --- | --- |\n| X | 31 May 2027 |\n\n", 500),
		"deep headings":  strings.Repeat("###### Security updates until\n\n", 500) + "2034",
		"controls":       "Security\u202e updates\u200b until\u0000 31 March 2034\u001b[31m.",
		"odd letters":    "İİİ security updates until 31 March 2034",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checktest.Sound(t, lifecycle.SupportDateAgrees, lifecycle.SupportDateAgrees.Run(checktest.Input(checktest.Text(t, "page", "page.md", says))))
		})
	}
}

func FuzzSupportDateAgrees(f *testing.F) {
	f.Add("Security updates until 31 March 2034.")
	f.Add("| Model | Updates until |\n|---|---|\n| NH-T2 | 03/04/2034 |")
	f.Fuzz(func(t *testing.T, s string) {
		if strings.TrimSpace(s) == "" || len(s) > 20_000 {
			return
		}
		it, ok := checktest.MaybeText("page.md", s)
		if !ok {
			return
		}
		checktest.Sound(t, lifecycle.SupportDateAgrees, lifecycle.SupportDateAgrees.Run(checktest.Input(it)))
	})
}
