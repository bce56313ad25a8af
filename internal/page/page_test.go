package page_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/assess"
	"github.com/open-iot-mark/iotmark/internal/determine"
	"github.com/open-iot-mark/iotmark/internal/dossier"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/message"
	"github.com/open-iot-mark/iotmark/internal/page"
)

const products = "../../testdata/products"

func load(t testing.TB) *catalogue.Catalogue {
	t.Helper()
	cat, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

func words(t testing.TB, code string) *message.Words {
	t.Helper()
	w, ok := message.In(code)
	if !ok {
		t.Fatalf("there are no words for %s", code)
	}
	return w
}

// product is a product of the corpus as its page takes it.
func product(t testing.TB, name, lang string) page.Input {
	t.Helper()
	cat := load(t)
	d, err := dossier.Open(filepath.Join(products, name), cat, dossier.Options{AsOf: "2026-11-22"})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	a, err := determine.Run(context.Background(), determine.Input{Catalogue: cat, Dossier: d, AsOf: "2026-11-22", Limits: evidence.DefaultLimits()})
	if err != nil {
		t.Fatal(err)
	}
	in := page.Input{Declaration: d.Declaration, Assessment: a, Catalogue: cat, Words: words(t, lang), Criteria: "criteria.html", Product: "index.html"}
	for _, l := range message.Languages() {
		in.Languages = append(in.Languages, page.Link{Code: l.Code, Name: l.Name, Href: "index." + l.Code + ".html"})
	}
	return in
}

// of is a page of a declaration without evidence.
func of(t testing.TB, d *iotmark.Declaration, findings ...iotmark.Finding) page.Input {
	t.Helper()
	cat := load(t)
	a := assess.Assess(assess.Input{Catalogue: cat, Declaration: d, AsOf: "2026-11-22", Findings: findings})
	return page.Input{Declaration: d, Assessment: a, Catalogue: cat, Words: words(t, "en"), Criteria: "criteria.html"}
}

func render(t testing.TB, in page.Input) string {
	t.Helper()
	var b bytes.Buffer
	if err := page.HTML(&b, in); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func renderCriteria(t testing.TB, in page.Input) string {
	t.Helper()
	var b bytes.Buffer
	if err := page.HTMLCriteria(&b, in); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// corpus gives the products of the corpus whose evidence is all in the
// project.
func corpus(t testing.TB) []string {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(products, "*", "iotmark.yaml"))
	if err != nil || len(dirs) < 6 {
		t.Fatalf("%d products, %v", len(dirs), err)
	}
	var out []string
	for _, d := range dirs {
		out = append(out, filepath.Base(filepath.Dir(d)))
	}
	return out
}

// The page of every product comes in one answer of 10 KB, compressed.
func TestWeight(t *testing.T) {
	t.Parallel()
	for _, name := range corpus(t) {
		for _, l := range message.Languages() {
			t.Run(name+"/"+l.Code, func(t *testing.T) {
				t.Parallel()
				var z bytes.Buffer
				w, _ := gzip.NewWriterLevel(&z, gzip.BestCompression)
				w.Write([]byte(render(t, product(t, name, l.Code))))
				w.Close()
				if z.Len() > 10_000 {
					t.Errorf("%d bytes compressed", z.Len())
				}
			})
		}
	}
}

// skeleton gives the elements of a page with their attributes, without any
// text.
func skeleton(t testing.TB, doc string) []string {
	t.Helper()
	var out []string
	z := html.NewTokenizer(strings.NewReader(doc))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return out
		case html.StartTagToken, html.SelfClosingTagToken:
			tok := z.Token()
			s := tok.Data
			for _, a := range tok.Attr {
				s += " " + a.Key + "=" + a.Val
			}
			out = append(out, s)
		case html.EndTagToken:
			out = append(out, "/"+z.Token().Data)
		}
	}
}

// text gives what a reader of the page sees.
func text(t testing.TB, doc string) string {
	t.Helper()
	n, err := html.Parse(strings.NewReader(doc))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.ElementNode && (n.Data == "style" || n.Data == "script") {
			return
		}
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
		if n.Type == html.ElementNode && slices.Contains([]string{"dd", "dt", "p", "li", "h1", "h2", "h3", "summary", "div"}, n.Data) {
			b.WriteString("\n")
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(n)
	return regexp.MustCompile(`[ \n]*\n[ \n]*`).ReplaceAllString(b.String(), "\n")
}

// inOrder fails unless the pieces stand in the text one after the other.
func inOrder(t *testing.T, s string, pieces ...string) {
	t.Helper()
	for _, p := range pieces {
		i := strings.Index(s, p)
		if i < 0 {
			t.Fatalf("%q is missing, or stands too early, in\n%s", p, s)
		}
		s = s[i+len(p):]
	}
}

// The order of the page: what it is, the state first, nine answers, help,
// what was not checked, what was looked at, promises, who is responsible.
func TestOrder(t *testing.T) {
	t.Parallel()
	got := text(t, render(t, product(t, "average", "en")))
	inOrder(t, got,
		"Nook Indoor Camera 2", "Camera, model MN-C2, made by Marlow Nook B.V.",
		"This is the maker's own declaration. Nobody independent has checked it. It is not a mark.",
		"Signed by the maker on 1 October 2026. A program looked at it on 22 November 2026.",
		"Nine answers",
		"Is it still supported?\nYes, until September 2030.\n3 years left. Last update 21 September 2026. The service runs until December 2029.\nSays the maker. Checked by program, 22 November 2026.",
		"Has anything happened?\nNothing that we know of.",
		"What can it sense?\nCamera, Sound, Motion.\nCamera: yes. Microphone: yes. You can turn off: Camera, Sound, Motion.",
		"Where does my data go?\nSome goes to Ireland, Sweden.\nKept for as long as you do not delete it. Goes to 2 firms. Sold or used for ads: No.",
		"Does it work without internet?\nNo.\nWorks: The camera records to its own memory when something moves.",
		"Do I need an account or a paid plan?\nYes, an account.",
		"How often does it break?\nToo new to say. First count in January 2027.\nWarranty: 2 years.",
		"Can I repair it?\nYes, by a repair shop.\nParts: foot, USB cable. Parts until October 2029.",
		"What if the maker closes?",
		"Get help", "Ask the maker (answers in about 3 working days)", "Where to complain: Not known",
		"What was not checked", "No person has read the proof.", "This page does not mean \"no risk\".",
		"What was looked at", "Data security: 1 of 10 points by program, 0 read by a person, 0 tried on a unit",
		"Lifecycle:", "Accountability:",
		"What the maker promises", "Fixes for weak spots until\n30 September 2030", "Repair guides until\nNot known",
		"Who is responsible", "Maker\nMarlow Nook B.V.", "Netherlands", "For the maker in the UK\nNook UK Ltd", "security@marlow-nook.example",
		"Points of edition 2026.1.", "sets no cookie and counts no visitor",
	)
	german := text(t, render(t, product(t, "average", "de")))
	inOrder(t, german,
		"Kamera, Modell MN-C2", "Niemand Unabhängiges hat sie geprüft. Sie ist kein Zeichen.", "am 1. Oktober 2026",
		"Ja, bis September 2030.", "Noch 3 Jahre.", "Bild, Ton, Bewegung.", "Einiges geht hierhin: Irland, Schweden.",
		"Zu neu, um es zu sagen. Erste Zählung im Januar 2027.", "Niederlande", "Teile dieser Seite sind auf Englisch.",
	)
}

// Unknown is printed as large as any other value, in its box, for each of the
// nine answers and each promise.
func TestNotKnown(t *testing.T) {
	t.Parallel()
	doc := render(t, of(t, &iotmark.Declaration{}))
	if n := strings.Count(doc, `<dd><span class="uk">Not known</span></dd>`); n < 9+6 {
		t.Errorf("%d values are shown as not known", n)
	}
	inOrder(t, text(t, doc), "Not known\nThe maker has not said.\nNo answer, 22 November 2026.")
	for _, blank := range []string{"<dd></dd>", "<dt></dt>", "<h1></h1>", "<bdi></bdi>"} {
		if strings.Contains(doc, blank) {
			t.Errorf("something is left blank: %s", blank)
		}
	}
}

// A value that the program found prints, with what the maker said instead.
func TestContradicted(t *testing.T) {
	t.Parallel()
	d := &iotmark.Declaration{Support: iotmark.Support{UpdatesUntil: "2034-03-31"}}
	f := iotmark.Finding{Check: "lifecycle.support-date-agrees", Outcome: iotmark.Failed, Message: "x", Shown: &iotmark.LabelValue{Fact: "security-updates", Value: "date", Date: "2030-06-30"}}
	in := of(t, d, f)
	inOrder(t, text(t, render(t, in)),
		"Yes, until June 2030.", "Found by program, 22 November 2026. The maker says something else. Security updates until: March 2034.",
		"31 March 2034", "Found by program, 22 November 2026. June 2030.",
	)
	in.Words = words(t, "de")
	inOrder(t, text(t, render(t, in)), "Ja, bis Juni 2030.", "Der Hersteller sagt etwas anderes. Sicherheitsupdates bis: März 2034.")
}

// Where the program found that the criterion behind an answer is not met, the
// answer says so beside the maker's words.
func TestAnswerThatDoesNotFit(t *testing.T) {
	t.Parallel()
	inOrder(t, text(t, render(t, product(t, "disaster", "en"))),
		"What can it sense?\nCamera.", "Says the maker, 1 November 2026. The program found something that does not fit.", "Where does my data go?",
		"The program found something that does not fit.", "Does it work without internet?")
	// a host that nobody declared is about the firms, which are the detail of this answer
	inOrder(t, text(t, render(t, product(t, "average", "en"))),
		"Where does my data go?", "Goes to 2 firms.", "The program found something that does not fit.", "Does it work without internet?")
	if s := text(t, render(t, product(t, "complete", "en"))); strings.Contains(s, "does not fit") {
		t.Error("something does not fit where everything does")
	}
}

// What could be misused is on neither page, and its criterion looks like one
// that nobody looked at.
func TestExploitable(t *testing.T) {
	t.Parallel()
	d := &iotmark.Declaration{
		Claims: map[iotmark.CriterionID]iotmark.Claim{"device-security.no-embedded-secrets": {Answer: iotmark.AnswerMet}},
	}
	f := iotmark.Finding{
		Check: "device-security.private-keys", Outcome: iotmark.Failed, Message: "device-security.private-keys.found",
		Args: map[string]string{"file": "GEHEIM"}, Places: []iotmark.Place{{Path: "GEHEIM", Quote: "GEHEIM"}},
	}
	open := of(t, d, f)
	if !strings.Contains(text(t, render(t, open)), "The maker says so. The program found otherwise.") {
		t.Fatal("a finding that may be told is not told, so that this test shows nothing")
	}
	f.Exploitable = true
	kept, none := of(t, d, f), of(t, d)
	none.Assessment.Declared = kept.Assessment.Declared
	for name, doc := range map[string][2]string{
		"page":     {render(t, kept), render(t, none)},
		"criteria": {renderCriteria(t, kept), renderCriteria(t, none)},
	} {
		if diff := cmp.Diff(doc[1], doc[0]); diff != "" {
			t.Errorf("%s: the finding that is kept back shows (-want +got)\n%s", name, diff)
		}
	}
}

// Evidence that is not public is told by title and hash; what a program found
// in it, by its outcome alone.
func TestEvidenceKeptBack(t *testing.T) {
	t.Parallel()
	d := &iotmark.Declaration{
		Claims: map[iotmark.CriterionID]iotmark.Claim{"provenance.software-components": {Answer: iotmark.AnswerMet, Evidence: []iotmark.EvidenceID{"sbom"}}},
		Evidence: []iotmark.Evidence{{
			ID: "sbom", Kind: iotmark.KindSBOM, Title: "Parts of the program", Path: "evidence/GEHEIM.json", URL: "https://geheim.example/GEHEIM",
			Visibility: iotmark.Restricted, SHA256: iotmark.Digest(strings.Repeat("ab", 32)),
		}},
		Parties: []iotmark.Party{{Role: "importer", Name: "GEHEIM", Visibility: iotmark.Secret}},
		Support: iotmark.Support{Reason: "GEHEIM"},
	}
	f := iotmark.Finding{
		Check: "provenance.sbom-minimum", Outcome: iotmark.Failed, Message: "provenance.sbom-minimum.missing", Basis: []iotmark.EvidenceID{"sbom"},
		Args: map[string]string{"what": "GEHEIM"}, Places: []iotmark.Place{{Evidence: "sbom", Quote: "GEHEIM"}},
	}
	in := of(t, d, f)
	all := renderCriteria(t, in)
	if s := render(t, in) + all; strings.Contains(strings.ToUpper(s), "GEHEIM") {
		t.Error("something that is not public is shown")
	}
	inOrder(t, text(t, all), "Program: found otherwise. What it looked at is not public.", "Parts of the program, sbom, not public. SHA-256 "+strings.Repeat("ab", 32))
}

// No script but the data block, no emblem, no code, nothing that is loaded,
// no cookie, and the policy names the style.
func TestStandsAlone(t *testing.T) {
	t.Parallel()
	in := product(t, "careful", "en")
	for name, doc := range map[string]string{"page": render(t, in), "criteria": renderCriteria(t, in)} {
		scripts, h1 := 0, 0
		z := html.NewTokenizer(strings.NewReader(doc))
		for tt := z.Next(); tt != html.ErrorToken; tt = z.Next() {
			if tt != html.StartTagToken && tt != html.SelfClosingTagToken {
				continue
			}
			tok := z.Token()
			attr := map[string]string{}
			for _, a := range tok.Attr {
				attr[a.Key] = a.Val
				if strings.HasPrefix(a.Key, "on") || a.Key == "src" || a.Key == "style" || a.Key == "srcdoc" || a.Key == "action" {
					t.Errorf("%s: %s has %s", name, tok.Data, a.Key)
				}
			}
			switch tok.Data {
			case "script":
				scripts++
				if attr["type"] != "application/ld+json" {
					t.Errorf("%s: a script of type %q", name, attr["type"])
				}
			case "h1":
				h1++
			case "svg", "img", "picture", "object", "embed", "iframe", "video", "canvas", "form", "base":
				t.Errorf("%s: there is a %s", name, tok.Data)
			case "link":
				if attr["rel"] != "canonical" && attr["rel"] != "alternate" {
					t.Errorf("%s: a link of kind %s", name, attr["rel"])
				}
			case "a":
				if href := attr["href"]; strings.Contains(href, ":") {
					if !regexp.MustCompile(`^(https?://|mailto:|tel:)`).MatchString(href) || attr["rel"] != "nofollow noopener noreferrer" {
						t.Errorf("%s: the link %s has rel %q", name, href, attr["rel"])
					}
				}
			}
		}
		if h1 != 1 || name == "page" && scripts != 1 || name == "criteria" && scripts != 0 {
			t.Errorf("%s: %d h1, %d scripts", name, h1, scripts)
		}
		m := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindStringSubmatch(doc)
		sum := sha256.Sum256([]byte(m[1]))
		if want := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(page.ContentSecurityPolicy, want) {
			t.Errorf("the policy %s does not name %s", page.ContentSecurityPolicy, want)
		}
		for _, r := range doc {
			if r == '✓' || r == '✔' || r == '★' || r == '☆' {
				t.Errorf("%s: %c", name, r)
			}
		}
	}
	if strings.Contains(page.ContentSecurityPolicy, "unsafe") {
		t.Error(page.ContentSecurityPolicy)
	}
	style, err := os.ReadFile("style.css")
	if err != nil {
		t.Fatal(err)
	}
	// Layout follows the direction of the language.
	if m := regexp.MustCompile(`\b(margin|padding|border)-(left|right)|\b(left|right):|text-align:(left|right)|float:`).Find(style); m != nil {
		t.Errorf("the style knows left and right: %s", m)
	}
}

func TestJSONLD(t *testing.T) {
	t.Parallel()
	in := product(t, "average", "en")
	in.Base = "https://marlow-nook.example/.well-known/iotmark/mn-c2/"
	b, err := page.JSONLD(in)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"@context": "https://schema.org", "@type": "Product", "@id": in.Base + "#product", "url": in.Base,
		"name": "Nook Indoor Camera 2", "model": "MN-C2", "category": "camera", "gtin": "9524000002013", "releaseDate": "2025-10-06",
		"brand": map[string]any{"@type": "Brand", "name": "Marlow Nook"},
		"manufacturer": map[string]any{
			"@type": "Organization", "name": "Marlow Nook B.V.", "url": "https://marlow-nook.example",
			"address": map[string]any{"@type": "PostalAddress", "addressCountry": "NL"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("got (-want +got)\n%s", diff)
	}
	if doc := render(t, in); !strings.Contains(doc, `<script type="application/ld+json">`+string(b)+`</script>`) {
		t.Error("the page does not hold the same data")
	}
}

// The same input gives the same bytes.
func TestDeterministic(t *testing.T) {
	t.Parallel()
	in := product(t, "disaster", "de")
	a, c := render(t, in), renderCriteria(t, in)
	for range 5 {
		if render(t, in) != a || renderCriteria(t, in) != c {
			t.Fatal("the bytes differ")
		}
	}
}

// A language that is written from right to left turns the page by its dir
// alone.
func TestRightToLeft(t *testing.T) {
	t.Parallel()
	in := product(t, "average", "en")
	ltr := render(t, in)
	w := *in.Words
	w.Dir = "rtl"
	in.Words = &w
	rtl := render(t, in)
	if got := strings.Replace(rtl, `dir="rtl"`, `dir="ltr"`, 1); got != ltr || got == rtl {
		t.Error("more than the direction changes")
	}
}

// The words for a screen reader end in one full stop each, also after "B.V.".
func TestPanelDescription(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"en", "de"} {
		got := page.Panel(product(t, "average", lang)).Alt()
		if !strings.Contains(got, " Marlow Nook B.V. ") || strings.Contains(got, "..") {
			t.Errorf("%s: got %q", lang, got)
		}
	}
}
