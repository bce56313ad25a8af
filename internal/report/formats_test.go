package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	goldhtml "github.com/yuin/goldmark/renderer/html"
	"golang.org/x/net/html"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/report"
)

// evils are texts that try to leave the place they stand in.
var evils = map[string]string{
	"html":      evil,
	"markdown":  "# h\n\n* a\n\n|a|b|\n|-|-|\n|c|d| ~~x~~ **b** [l](http://x.example) ![i](http://x.example/i.png) <b>x</b> <!-- c --> &lt;",
	"backticks": "` `` ``` ````x`",
	"fence":     "```\n</details>\n~~~\nx\n```",
	"end":       "\\",
	"mention":   "@everyone #1 GH-1 me@x.example www.x.example https://x.example/?a=b user/repo#1 :tada:",
	"command":   "::add-mask::x\n::error::y\n   ::stop-commands::z ##[error]w",
	"xml":       "]]><testcase name='x'/><![CDATA[ &amp; \x00 \ufffe",
	"sarif":     "[x](https://x.example) {0} {{1}} [y](1) \\[z](2)",
	"bidi":      "\u202eabc\u2066def\u200b\u00ad\u2028x",
	"long":      strings.Repeat("long `word` ", 5000),
	"empty":     " \t ",
}

// hostile is an assessment with a text in every foreign place, where one claim
// is unmet, one contradicted, and one finding can be exploited.
func hostile(t testing.TB, text string) report.Input {
	in := input(t, text)
	a := &in.Assessment
	a.Findings = append(a.Findings, iotmark.Finding{
		Check: "device-security.private-keys", Version: 1, Outcome: iotmark.Failed, Message: "device-security.private-keys.found",
		Args: map[string]string{"image": text, "n": "1", "path": "SECRET-ARGS " + text}, Basis: []iotmark.EvidenceID{"sbom"}, Exploitable: true,
		Places: []iotmark.Place{{Evidence: "sbom", Path: "SECRET-PATH", Line: 3, Quote: "SECRET-QUOTE"}},
	})
	i := len(a.Findings) - 1
	for n := range a.Conclusions {
		if c := &a.Conclusions[n]; c.Criterion == "device-security.no-embedded-secrets" {
			c.Verdict, c.Waits = iotmark.DoesNotConform, iotmark.WaitMaker
			c.Reasons = []iotmark.Reason{{Kind: iotmark.ByFinding, Message: a.Findings[i].Message, Args: a.Findings[i].Args, Finding: &i}}
		}
	}
	in.Where = report.Where{
		Declaration: "a b/" + name(text) + "/iotmark.yaml",
		Evidence:    map[iotmark.EvidenceID]string{"sbom": "a b/" + name(text) + "/sbom.json"},
		Line:        func(field string) int { return len(field) },
	}
	in.Program = report.Program{Version: "v1.2.3", Exit: 1}
	return in
}

// name makes a text a name that a file may have.
func name(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '/' || r == 0 {
			return '_'
		}
		return r
	}, s[:min(len(s), 60)])
}

// gfm renders Markdown as forges do, and returns the elements in order.
func gfm(t *testing.T, md []byte) (elements []string, links []string) {
	t.Helper()
	var b bytes.Buffer
	g := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(goldhtml.WithUnsafe()))
	if err := g.Convert(md, &b); err != nil {
		t.Fatal(err)
	}
	doc, err := html.Parse(&b)
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Type == html.CommentNode {
			elements = append(elements, "<!--"+n.Data+"-->")
		}
		if n.Type == html.ElementNode {
			elements = append(elements, n.Data)
			for _, a := range n.Attr {
				if a.Key == "href" || a.Key == "src" {
					links = append(links, a.Val)
				}
			}
		}
	}
	return elements, links
}

// Whatever the foreign text is, the document stays the same: the same elements
// in the same order, and the same links.
func TestMarkdownHoldsHostileText(t *testing.T) {
	t.Parallel()
	render := func(text string) []byte {
		in := hostile(t, text)
		var b bytes.Buffer
		if err := report.Markdown(&b, in, report.MarkdownOptions{First: 2}); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	wantElements, wantLinks := gfm(t, render("Lamp"))
	for what, text := range evils {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			md := render(text)
			gotElements, gotLinks := gfm(t, md)
			if what == "empty" { // nothing is quoted where nothing stands
				gotElements, wantElements := strip(gotElements, "code"), strip(wantElements, "code")
				if diff := cmp.Diff(wantElements, gotElements); diff != "" {
					t.Errorf("elements (-want +got)\n%s", diff)
				}
				return
			}
			if diff := cmp.Diff(wantElements, gotElements); diff != "" {
				t.Errorf("elements (-want +got)\n%s\n%s", diff, md)
			}
			if diff := cmp.Diff(wantLinks, gotLinks); diff != "" {
				t.Errorf("links (-want +got)\n%s", diff)
			}
			safeForTerminals(t, md)
		})
	}
}

func strip(list []string, what string) []string {
	var out []string
	for _, s := range list {
		if s != what {
			out = append(out, s)
		}
	}
	return out
}

func safeForTerminals(t *testing.T, b []byte) {
	t.Helper()
	for _, r := range string(b) {
		if r != '\n' && r < ' ' || r == 0x9b || r == 0x202e || r == 0x2066 || r == 0x200b || r == 0xad || r == 0x2028 {
			t.Fatalf("the control character %U came through", r)
		}
	}
}

// A summary has its bounds, and is whole at each.
func TestMarkdownKeepsToItsLimit(t *testing.T) {
	t.Parallel()
	in := hostile(t, strings.Repeat("x", 1000))
	f := in.Assessment.Findings[0]
	for n := range in.Assessment.Conclusions {
		c := &in.Assessment.Conclusions[n]
		if c.Verdict != iotmark.DoesNotConform {
			continue
		}
		for range 600 {
			in.Assessment.Findings = append(in.Assessment.Findings, f)
			i := len(in.Assessment.Findings) - 1
			c.Reasons = append(c.Reasons, iotmark.Reason{Kind: iotmark.ByFinding, Finding: &i})
		}
	}
	for _, limit := range []int{16 << 10, 100 << 10, report.MaxSummary} {
		var b bytes.Buffer
		if err := report.Markdown(&b, in, report.MarkdownOptions{Limit: limit}); err != nil {
			t.Fatal(err)
		}
		if b.Len() > limit {
			t.Errorf("%d bytes, more than %d", b.Len(), limit)
		}
		if !strings.Contains(b.String(), "are left out") || !strings.HasSuffix(b.String(), "assessor or test).\n") {
			t.Errorf("at %d it ends with %q", limit, b.String()[b.Len()-200:])
		}
		if strings.Count(b.String(), "<details>") != strings.Count(b.String(), "</details>") {
			t.Errorf("at %d something stays open", limit)
		}
	}
}

// In every form for build services foreign text stays in its place, and what
// can be exploited shows neither file nor quotation.
func TestFormatsHoldHostileText(t *testing.T) {
	t.Parallel()
	forms := map[string]func(io.Writer, report.Input) error{
		"markdown":    func(w io.Writer, in report.Input) error { return report.Markdown(w, in, report.MarkdownOptions{}) },
		"sarif":       func(w io.Writer, in report.Input) error { return report.SARIF(w, in, report.SARIFOptions{All: true}) },
		"junit":       report.JUnit,
		"github":      report.GitHub,
		"codequality": report.CodeQuality,
	}
	for what, text := range evils {
		for form, write := range forms {
			var b bytes.Buffer
			if err := write(&b, hostile(t, text)); err != nil {
				t.Fatalf("%s, %s: %v", what, form, err)
			}
			safeForTerminals(t, b.Bytes())
			s := b.String()
			if strings.Contains(s, "SECRET-QUOTE") {
				t.Errorf("%s, %s: quotes what can be exploited", what, form)
			}
			if form != "sarif" && strings.Contains(s, "SECRET") {
				t.Errorf("%s, %s: tells what can be exploited", what, form)
			}
			switch form {
			case "sarif", "codequality":
				if !json.Valid(b.Bytes()) {
					t.Errorf("%s, %s: no JSON", what, form)
				}
			case "junit":
				var v struct {
					Cases []struct{} `xml:"testsuite>testcase"`
				}
				if err := xml.Unmarshal(b.Bytes(), &v); err != nil || len(v.Cases) < 90 || len(v.Cases) > 110 {
					t.Errorf("%s: %d cases, %v", what, len(v.Cases), err)
				}
			case "github":
				for l := range strings.Lines(s) {
					if !strings.HasPrefix(l, "::error file=") && !strings.HasPrefix(l, "::warning file=") {
						t.Errorf("%s: the line %q", what, l)
					}
					head, _, _ := strings.Cut(strings.TrimPrefix(l, "::"), "::")
					if strings.Count(head, ",") != 2 || strings.Count(head, ":") != 0 {
						t.Errorf("%s: the properties %q", what, head)
					}
				}
			}
		}
	}
}

func TestUncommanded(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a b\nc": "a b\nc", "::error::x": ": :error::x", "a\n \t::x::y\n": "a\n \t: :x::y\n",
		"std::vector": "std::vector", "a ##[error]b": "a ## [error]b", "\u00a0\u3000::x": "\u00a0\u3000: :x",
	} {
		if got := report.Uncommanded(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// gapInput has two claims and a finding on a component list that do not
// conform.
func gapInput(t *testing.T, change func(*iotmark.Assessment)) report.Input {
	in := hostile(t, "Lamp")
	if change != nil {
		change(&in.Assessment)
	}
	return in
}

func baselineOf(t *testing.T, in report.Input, sarif bool) *report.Baseline {
	t.Helper()
	var b bytes.Buffer
	raw, err := report.JSON(in)
	if sarif {
		err = report.SARIF(&b, in, report.SARIFOptions{})
		raw = b.Bytes()
	}
	if err != nil {
		t.Fatal(err)
	}
	base, err := report.ReadBaseline("base", raw)
	if err != nil {
		t.Fatal(err)
	}
	return base
}

// What becomes of gaps since a baseline.
func TestCompare(t *testing.T) {
	t.Parallel()
	key := "device-security.no-embedded-secrets (device-security.private-keys)"
	list := "provenance.software-components (provenance.sbom-minimum)"
	last := func(a *iotmark.Assessment) *iotmark.Finding { return &a.Findings[len(a.Findings)-1] }
	for name, c := range map[string]struct {
		before, after func(*iotmark.Assessment)
		want          string
	}{
		"the same": {nil, nil, "unchanged 3"},
		"lines, counts and titles": {nil, func(a *iotmark.Assessment) {
			a.Findings[0].Args = map[string]string{"kinds": "Lamp", "evidence": "Lamp", "n": "5"}
			a.Findings[0].Places[0].Line = 99
		}, "changed " + list + ", unchanged 2"},
		"a line alone":  {nil, func(a *iotmark.Assessment) { a.Findings[0].Places[0].Line = 99 }, "unchanged 3"},
		"other bytes":   {nil, func(a *iotmark.Assessment) { a.Evidence[0].SHA256 = iotmark.Digest(strings.Repeat("0", 64)) }, "unchanged 3"},
		"another key":   {nil, func(a *iotmark.Assessment) { last(a).Places[0].Path = "other" }, "new " + key + ", unchanged 2, replaced " + key},
		"another image": {nil, func(a *iotmark.Assessment) { last(a).Args["image"] = "2.0" }, "new " + key + ", unchanged 2, replaced " + key},
		"mended": {nil, func(a *iotmark.Assessment) {
			a.Findings[0].Outcome = iotmark.Passed
			conclusion(a, "provenance.software-components").Verdict = iotmark.Conforms
		}, "unchanged 2, resolved " + list},
		"not looked at": {nil, func(a *iotmark.Assessment) {
			a.Findings[0].Outcome = iotmark.CantTell
			conclusion(a, "provenance.software-components").Verdict = iotmark.Conforms
		}, "unchanged 2, unseen " + list},
		"the check is gone": {nil, func(a *iotmark.Assessment) {
			a.Findings[0].Check = "provenance.other"
			a.Findings[0].Outcome = iotmark.Passed
			conclusion(a, "provenance.software-components").Verdict = iotmark.Conforms
		}, "unchanged 2, unseen " + list},
		"answered unknown": {nil, func(a *iotmark.Assessment) {
			conclusion(a, "lifecycle.warranty").Verdict = iotmark.Undetermined
		}, "unchanged 2, unseen lifecycle.warranty"},
		"other words of the note": {nil, func(a *iotmark.Assessment) { conclusion(a, "lifecycle.warranty").Note = "other" }, "changed lifecycle.warranty, unchanged 2"},
		"does not concern it": {nil, func(a *iotmark.Assessment) {
			conclusion(a, "lifecycle.warranty").Verdict = iotmark.NotApplicable
		}, "unchanged 2, resolved lifecycle.warranty"},
		"new":              {func(a *iotmark.Assessment) { conclusion(a, "lifecycle.warranty").Verdict = iotmark.Conforms }, nil, "new lifecycle.warranty, unchanged 2"},
		"one of two alike": {func(a *iotmark.Assessment) { twice(a) }, nil, "unchanged 3, resolved " + list},
		"two alike of one": {nil, func(a *iotmark.Assessment) { twice(a) }, "new " + list + ", unchanged 3"},
	} {
		for _, sarif := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, sarif %t", name, sarif), func(t *testing.T) {
				t.Parallel()
				base := baselineOf(t, gapInput(t, c.before), sarif)
				in := gapInput(t, c.after)
				in.Baseline = base
				if err := base.Fits(in.Assessment); err != nil {
					t.Fatal(err)
				}
				got := in.Compare()
				var parts []string
				add := func(what string, gs []report.Gap) {
					for _, g := range gs {
						n := string(g.Criterion)
						if g.Check != "" {
							n += " (" + string(g.Check) + ")"
						}
						parts = append(parts, what+" "+n)
					}
				}
				add("new", got.New)
				add("changed", got.Changed)
				if len(got.Unchanged) > 0 {
					parts = append(parts, fmt.Sprintf("unchanged %d", len(got.Unchanged)))
				}
				add("replaced", got.Replaced)
				add("resolved", got.Resolved)
				add("unseen", got.Unseen)
				if diff := cmp.Diff(c.want, strings.Join(parts, ", ")); diff != "" {
					t.Errorf("(-want +got)\n%s", diff)
				}
			})
		}
	}
}

func conclusion(a *iotmark.Assessment, id iotmark.CriterionID) *iotmark.Conclusion {
	for i := range a.Conclusions {
		if a.Conclusions[i].Criterion == id {
			return &a.Conclusions[i]
		}
	}
	return nil
}

// twice tells the finding on the component list a second time.
func twice(a *iotmark.Assessment) {
	a.Findings = append(a.Findings, a.Findings[0])
	i := len(a.Findings) - 1
	c := conclusion(a, "provenance.software-components")
	c.Reasons = append(c.Reasons, iotmark.Reason{Kind: iotmark.ByFinding, Finding: &i})
}

// A baseline that does not fit is refused with words that say how to mend it.
func TestBadBaselines(t *testing.T) {
	t.Parallel()
	in := gapInput(t, nil)
	whole, err := report.JSON(in)
	if err != nil {
		t.Fatal(err)
	}
	var sarif bytes.Buffer
	if err := report.SARIF(&sarif, in, report.SARIFOptions{}); err != nil {
		t.Fatal(err)
	}
	other := func(old, new string) []byte { return bytes.ReplaceAll(whole, []byte(old), []byte(new)) }
	for name, c := range map[string]struct {
		raw  []byte
		want iotmark.ErrorID
	}{
		"cut off":         {whole[:len(whole)/2], "baseline-unreadable"},
		"empty":           {nil, "baseline-unreadable"},
		"not JSON":        {[]byte("iotmark: 2026.1"), "baseline-unreadable"},
		"other JSON":      {[]byte(`{"a": 1}`), "baseline-foreign"},
		"a list":          {[]byte(`[]`), "baseline-unreadable"},
		"of another tool": {bytes.Replace(sarif.Bytes(), []byte(`"name": "iotmark"`), []byte(`"name": "other"`), 1), "baseline-foreign"},
		"no runs":         {[]byte(`{"version": "2.1.0", "runs": []}`), "baseline-foreign"},
		"another type":    {other(`"findings": [`, `"findings": 1, "f": [`), "baseline-unreadable"},
		"too many bytes":  {bytes.Repeat([]byte(" "), report.MaxBaseline+1), "baseline-too-large"},
		"too many values": {[]byte(`{"runs":[` + strings.Repeat("{},", 250_000) + `{}]}`), "baseline-too-large"},
		"too many lists":  {[]byte(`{"runs":` + strings.Repeat("[", 2_100_000)), "baseline-too-large"},
		"another product": {other(`"product": "Lamp"`, `"product": "Toaster"`), "baseline-product"},
		"another edition": {other(`"edition": "2026.1"`, `"edition": "2027.1"`), "baseline-edition"},
		"a filtered one":  {other(`"declaration_sha256"`, `"only": ["entry"], "declaration_sha256"`), "baseline-filter"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, err := report.ReadBaseline("old.json", c.raw)
			if err == nil {
				err = b.Fits(in.Assessment)
			}
			e, ok := err.(*iotmark.Error)
			if !ok || e.ID != c.want || e.Kind != iotmark.Invalid || !strings.Contains(e.Msg, "old.json") || !strings.Contains(e.Msg, "iotmark check --format json=") {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

// Hostile indexes of a baseline lead nowhere.
func TestBaselineWithWrongIndexes(t *testing.T) {
	t.Parallel()
	raw, err := report.JSON(gapInput(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []string{"-1", "99999999", "9223372036854775807"} {
		b := bytes.ReplaceAll(raw, []byte(`"finding": 0`), []byte(`"finding": `+n))
		if _, err := report.ReadBaseline("base", b); err != nil {
			t.Error(err)
		}
	}
}

func FuzzReadBaseline(f *testing.F) {
	in := hostile(f, "Lamp")
	in.Assessment = report.Filter(in.Assessment, []string{"provenance"}, func(c iotmark.Conclusion) bool {
		return c.Criterion.Topic() == iotmark.Provenance // small, so that there are many runs
	})
	f.Fuzz(func(t *testing.T, b []byte) {
		base, err := report.ReadBaseline("base", b)
		if err != nil {
			if e, ok := err.(*iotmark.Error); !ok || e.ID == "" || e.Kind != iotmark.Invalid {
				t.Fatalf("%T %v", err, err)
			}
			return
		}
		in := in
		in.Baseline = base
		if base.Fits(in.Assessment) != nil {
			return
		}
		for _, write := range []func(io.Writer, report.Input) error{
			func(w io.Writer, in report.Input) error { return report.Text(w, in, report.TextOptions{All: true}) },
			func(w io.Writer, in report.Input) error { return report.SARIF(w, in, report.SARIFOptions{All: true}) },
			func(w io.Writer, in report.Input) error { return report.Markdown(w, in, report.MarkdownOptions{}) },
			report.HTML, report.JUnit, report.GitHub,
		} {
			var out bytes.Buffer
			if err := write(&out, in); err != nil {
				t.Fatal(err)
			}
			if strings.ContainsAny(out.String(), "\x1b\u202e") {
				t.Fatal("control characters came through")
			}
		}
	})
}
