package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/net/html"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/assess"
	"github.com/open-iot-mark/iotmark/internal/message"
	"github.com/open-iot-mark/iotmark/internal/report"
)

// evil is what a hostile maker, file or page could put into every text.
const evil = "<script>alert(1)</script>\x1b[31m\x9b2J\u202egnp.exe\u2066 \"'></style>{{.X}}\r\n# [x](javascript:alert(1))\ufeff"

// input is an assessment with hostile text in every place that is foreign.
func input(t testing.TB, text string) report.Input {
	t.Helper()
	cat, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	d := &iotmark.Declaration{
		Edition: cat.Edition,
		Product: iotmark.Product{Name: text, Model: text, Kind: "lamp", FirstSale: "2026-01-01"},
		Maker:   iotmark.Maker{Name: text},
		Claims: map[iotmark.CriterionID]iotmark.Claim{
			"provenance.software-components": {Answer: iotmark.AnswerMet, Evidence: []iotmark.EvidenceID{"sbom"}},
			"lifecycle.warranty":             {Answer: iotmark.AnswerPartly, Note: text},
			"privacy.erase":                  {Answer: iotmark.AnswerMet},
		},
	}
	args := map[string]string{"kinds": text, "evidence": text, "n": "3"}
	a := assess.Assess(assess.Input{
		Catalogue: cat, Declaration: d, AsOf: "2026-11-22", Digest: iotmark.Digest(strings.Repeat("ab", 32)),
		Holdings: []iotmark.Holding{
			{Evidence: "sbom", Kind: iotmark.KindSBOM, Title: text, Standing: iotmark.Held, Reader: "sbom", Dated: "2026-10-01"},
			{Evidence: "old", Kind: iotmark.KindDocument, Title: text, Standing: iotmark.Unopened, Reason: "no-permission", Detail: text},
		},
		Findings: []iotmark.Finding{
			{Check: "provenance.sbom-minimum", Version: 1, Outcome: iotmark.Failed, Message: "check.not-read", Args: args, Basis: []iotmark.EvidenceID{"sbom"},
				Places: []iotmark.Place{{Evidence: "sbom", Path: text, Line: 3, Quote: text}}},
			{Check: "provenance.licences", Version: 1, Outcome: iotmark.CantTell, Message: "check.no-evidence", Args: args},
		},
		Warnings: []iotmark.Warning{{ID: "evidence-kind", Message: text}},
	})
	return report.Input{Assessment: a, Catalogue: cat, Words: message.English()}
}

func TestTextIsSafeAndNarrow(t *testing.T) {
	t.Parallel()
	for _, all := range []bool{false, true} {
		var b bytes.Buffer
		if err := report.Text(&b, input(t, evil), report.TextOptions{All: all}); err != nil {
			t.Fatal(err)
		}
		s := b.String()
		if !strings.Contains(s, "alert(1)") {
			t.Error("the foreign text is not shown at all")
		}
		for _, r := range s {
			if r != '\n' && r < ' ' || r == 0x9b || r == 0x202e || r == 0x2066 || r == 0xfeff {
				t.Fatalf("the control character %U came through", r)
			}
		}
		for l := range strings.Lines(s) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(l, "\n")); n > 80 {
				t.Errorf("%d columns: %s", n, l)
			}
		}
		if last := lastParagraph(s); !strings.Contains(last, "Open declaration") || !strings.Contains(last, "Certified mark") {
			t.Errorf("the report does not end with the tracks but with %q", last)
		}
	}
}

func lastParagraph(s string) string {
	ps := strings.Split(strings.TrimSpace(s), "\n\n")
	return ps[len(ps)-1]
}

// Colour adds escapes and changes no word.
func TestColourIsDecoration(t *testing.T) {
	t.Parallel()
	var plain, painted bytes.Buffer
	in := input(t, "Lamp")
	if err := report.Text(&plain, in, report.TextOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := report.Text(&painted, in, report.TextOptions{Colour: true}); err != nil {
		t.Fatal(err)
	}
	stripped := regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(painted.String(), "")
	if plain.String() != stripped {
		t.Error("colour changes the words or where lines break")
	}
	if painted.Len() == plain.Len() {
		t.Error("nothing was painted")
	}
}

// The page parses, has a language, one h1, ids that stand once, links that
// lead somewhere, no script, and nothing of the foreign text as markup.
func TestPage(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"Lamp", evil} {
		var b bytes.Buffer
		if err := report.HTML(&b, input(t, text)); err != nil {
			t.Fatal(err)
		}
		doc, err := html.Parse(bytes.NewReader(b.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		tags, ids, refs := map[string]int{}, map[string]int{}, []string{}
		lang := ""
		for n := range doc.Descendants() {
			if n.Type != html.ElementNode {
				continue
			}
			tags[n.Data]++
			for _, a := range n.Attr {
				switch {
				case a.Key == "id":
					ids[a.Val]++
				case a.Key == "href":
					refs = append(refs, a.Val)
				case a.Key == "lang" && n.Data == "html":
					lang = a.Val
				case strings.HasPrefix(a.Key, "on"), a.Key == "src", a.Key == "style":
					t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
				}
			}
		}
		for _, tag := range []string{"script", "iframe", "object", "img", "link", "form", "base"} {
			if tags[tag] > 0 {
				t.Errorf("there are %d <%s>", tags[tag], tag)
			}
		}
		if tags["h1"] != 1 || tags["main"] != 1 || lang != "en" {
			t.Errorf("%d h1, %d main, language %q", tags["h1"], tags["main"], lang)
		}
		for id, n := range ids {
			if n != 1 {
				t.Errorf("the id %s stands %d times", id, n)
			}
		}
		for _, r := range refs {
			if id, ok := strings.CutPrefix(r, "#"); !ok || ids[id] == 0 {
				t.Errorf("the link %s leads nowhere", r)
			}
		}
		if strings.ContainsAny(b.String(), "\x1b\u202e\u2066") {
			t.Error("control characters came through")
		}
	}
}

// The policy names the style that the page carries.
func TestContentSecurityPolicy(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := report.HTML(&b, input(t, "Lamp")); err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(b.String(), "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	if want := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(report.ContentSecurityPolicy, want) {
		t.Errorf("the policy %s does not name %s", report.ContentSecurityPolicy, want)
	}
}

// What fails by its evidence stands among what is to be mended; the last line
// does not count it once more among what has no answer.
func TestClosingCountsAsTheReport(t *testing.T) {
	t.Parallel()
	in := input(t, "Lamp")
	const bad, open = iotmark.CriterionID("data-security.transport-encryption"), iotmark.CriterionID("lifecycle.warranty")
	for _, tt := range []struct {
		name    string
		missing []iotmark.CriterionID
		want    string
	}{
		{"one of each", []iotmark.CriterionID{bad, open},
			"Open declaration: not ready, 1 entry criterion has no answer (lifecycle.warranty). 1 more fails above and needs an answer too (data-security.transport-encryption)."},
		{"nothing but what fails", []iotmark.CriterionID{bad}, "Open declaration: not ready, 1 entry criterion has no answer (data-security.transport-encryption)."},
	} {
		in.Assessment.Conclusions = []iotmark.Conclusion{{Criterion: bad, Verdict: iotmark.DoesNotConform}, {Criterion: open, Verdict: iotmark.Undetermined}}
		in.Assessment.Tracks = []iotmark.Track{{ID: iotmark.OpenDeclaration, Missing: tt.missing}}
		if got := in.Closing(); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// The JSON report is what its published schema says.
func TestJSONSchema(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../docs/assessment.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	def, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("assessment.json", def); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("assessment.json")
	if err != nil {
		t.Fatal(err)
	}
	in := input(t, "Lamp")
	f := &in.Assessment.Findings[0]
	f.Shown, f.Exploitable = &iotmark.LabelValue{Fact: "security-updates", Value: "date", Date: "2030-01-01"}, true
	b, err := report.JSON(in)
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(v); err != nil {
		t.Error(err)
	}
	compared := in
	compared.Baseline = &report.Baseline{AsOf: "2026-01-01", Gaps: append(report.Gaps(in.Assessment)[1:],
		report.Gap{ID: strings.Repeat("a", 32), Criterion: "lifecycle.warranty", Level: iotmark.Must})}
	c2, err := report.JSON(compared)
	if err != nil {
		t.Fatal(err)
	}
	v2, err := jsonschema.UnmarshalJSON(bytes.NewReader(c2))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(v2); err != nil || !bytes.Contains(c2, []byte(`"resolved": [`)) {
		t.Errorf("with a baseline: %v", err)
	}
	// And it comes back as it was.
	var back iotmark.Assessment
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&back); err != nil {
		t.Fatal(err)
	}
	again, err := report.JSON(report.Input{Assessment: back})
	if err != nil || !bytes.Equal(b, again) {
		t.Errorf("the assessment changed on its way through JSON, %v", err)
	}
}

func TestEffort(t *testing.T) {
	t.Parallel()
	for minutes, want := range map[int]string{0: "", 5: "5 min", 59: "59 min", 60: "1 h", 100: "2 h", 480: "1 day", 960: "2 days", 2400: "5 days"} {
		if got := report.Effort(minutes); got != want {
			t.Errorf("%d minutes: got %q, want %q", minutes, got, want)
		}
	}
}
