package datagovernance_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/checktest"
	"github.com/open-iot-mark/iotmark/internal/check/datagovernance"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/text"
)

func item(t testing.TB, id, content string) check.Item {
	t.Helper()
	f, err := text.Reader.Read(context.Background(), evidence.NewSource(id, []byte(content)), evidence.DefaultLimits())
	if err != nil {
		t.Fatalf("%s: %v", id, err)
	}
	return check.Item{
		Evidence: iotmark.Evidence{ID: iotmark.EvidenceID(id), Kind: iotmark.KindWebPage, Title: id},
		Standing: iotmark.Held, Reader: "text", Facts: f, Claimed: true,
	}
}

func run(sold, ads string, items ...check.Item) []iotmark.Finding {
	return datagovernance.SaleStatement.Run(check.Input{
		Declaration: &iotmark.Declaration{DataSold: sold, DataForAds: ads}, Items: items, AsOf: "2026-11-22",
	})
}

func outcomes(fs []iotmark.Finding) []string {
	var out []string
	for _, f := range fs {
		out = append(out, fmt.Sprintf("%s %s", f.Outcome, strings.TrimPrefix(string(f.Message), "data-governance.sale-statement.")))
	}
	return out
}

// wholesome holds what is so of all findings, and that each place of this
// check is a line with its words.
func wholesome(t *testing.T, fs []iotmark.Finding) {
	t.Helper()
	checktest.Wholesome(t, fs)
	for _, f := range fs {
		for _, p := range f.Places {
			if p.Line < 1 || p.Quote == "" {
				t.Errorf("%s: place %+v", f.Message, p)
			}
		}
	}
}

func TestSaleStatement(t *testing.T) {
	t.Parallel()
	const (
		sale     = "We do not sell your data."
		ads      = "We never use your data for advertising."
		never    = "We do not sell your data, and we do not share it with others for advertising."
		niemals  = "Wir verkaufen Ihre Daten nicht und geben sie nicht für Werbung weiter."
		admits   = "We may share usage data with our advertising partners."
		verkauft = "Wir geben Ihre Daten an Werbepartner weiter."
		consent  = "We share data with advertising partners only with your consent."
		silent   = "We keep log files for 30 days."
		dutch    = "Deze verklaring zegt u wat de thermostaat opneemt, waar de gegevens heen gaan en hoe lang ze worden bewaard. U kunt alles op elk moment wissen. Als u het er niet mee eens bent, werkt het apparaat zonder de cloud en wordt er niets naar ons of naar anderen gestuurd."
	)
	for _, c := range []struct {
		name, sold, ads string
		says            []string
		want            []string
	}{
		{"never, and says so", "never", "never", []string{never}, []string{"passed never"}},
		{"never, in German", "never", "never", []string{niemals}, []string{"passed never"}},
		{"never, and admits", "never", "never", []string{admits}, []string{"failed admits"}},
		{"never, and admits in German", "never", "never", []string{verkauft}, []string{"failed admits"}},
		{"denies and admits in one text", "never", "never", []string{never + " " + admits}, []string{"failed admits"}},
		{"denies and admits in one sentence", "never", "never", []string{"We do not sell your name, but we share your location with advertising partners."}, []string{"failed admits"}},
		{"denies in one text, admits in another", "never", "never", []string{never, verkauft}, []string{"failed admits"}},
		{"never, and says with consent", "never", "never", []string{never + " " + consent}, []string{"cantTell says-with-consent"}},
		{"never, and silent", "never", "never", []string{silent}, []string{"cantTell silent"}},
		{"never, and asks only", "never", "never", []string{"Do you sell my data?"}, []string{"cantTell silent"}},
		{"never, and answers", "never", "never", []string{"Do you sell my data? No.\n\nIs my data used for advertising? No."}, []string{"passed never"}},
		{"denies sale alone", "never", "never", []string{sale}, []string{"cantTell no-word-of-advertising"}},
		{"denies advertising alone", "never", "never", []string{ads}, []string{"cantTell no-word-of-sale"}},
		{"denies each in a text of its own", "never", "never", []string{sale, ads}, []string{"passed never"}},
		{"unless people opt out", "never", "never", []string{never + " We share usage data with advertising partners unless you opt out in the settings."}, []string{"failed admits"}},
		{"may opt out", "never", "never", []string{never + " You may opt out of our sharing of your data for targeted advertising at any time."}, []string{"failed admits"}},
		{"opt-out is no consent", "with-consent", "with-consent", []string{consent + " We share usage data with advertising partners unless you opt out in the settings."}, []string{"failed admits-without-consent"}},
		{"licensed to buyers", "never", "never", []string{never + " Personal data, including presence patterns, may be licensed to insurers and other commercial buyers."}, []string{"failed admits"}},
		{"personalised advertisements", "never", "never", []string{never + " We use information about when you are home to show you personalised advertisements in the app."}, []string{"failed admits"}},
		{"interest-based advertising", "never", "never", []string{never + " Device identifiers are used for interest-based advertising by Meta and Google."}, []string{"failed admits"}},
		{"silence is no consent, in German", "never", "never", []string{niemals + " Sofern Sie nicht widersprechen, übermitteln wir Nutzungsdaten an Werbepartner."}, []string{"failed admits"}},
		{"words that no rule sorts", "never", "never", []string{never + " Advertising keeps the lights on here."}, []string{"cantTell unsorted"}},
		{"monetises", "never", "never", []string{never + " Presence patterns are monetised."}, []string{"cantTell unsorted"}},
		{"the right of an American law", "never", "never", []string{never + " You have the right to opt out of the sale of your personal information."}, []string{"cantTell unsorted"}},
		{"a heading names what follows", "never", "never", []string{"# Selling and advertising\n\n" + never}, []string{"passed never"}},
		{"partners are forbidden to", "never", "never", []string{never + " We share data with partners only to deliver the service; partners are contractually forbidden to use your data for advertising."}, []string{"cantTell unsorted"}},
		{"a newsletter that was asked for", "never", "never", []string{never + " We send your e-mail address to Mailworks GmbH, which delivers our marketing newsletter if you subscribed."}, []string{"passed never"}},
		{"a number for the agency", "never", "never", []string{never + " We share with our advertising agency only the total number of units sold."}, []string{"cantTell unsorted"}},
		{"about products", "never", "never", []string{never + " We provide information to our marketing partners about our products, never about you."}, []string{"cantTell unsorted"}},
		{"a denial that goes on", "never", "never", []string{never + " We do not sell your data, but Google shows interest-based ads."}, []string{"cantTell unsorted"}},
		{"insurers buy", "never", "never", []string{never + " Insurers buy your data from us."}, []string{"cantTell unsorted"}},
		{"earns money", "never", "never", []string{never + " We earn money with your data."}, []string{"cantTell unsorted"}},
		{"marketing by others", "never", "never", []string{never + " Data about your habits is used for marketing by third parties."}, []string{"cantTell unsorted"}},
		{"by default", "never", "never", []string{never + " We share your data with advertisers and send our newsletter."}, []string{"cantTell unsorted"}},
		{"nobody buys or sells here", "never", "never", []string{never + " Shops that sell the lamp keep their own records."}, []string{"passed never"}},
		{"said in one of two texts", "never", "never", []string{silent, never}, []string{"passed never"}},
		{"with consent, and says so", "with-consent", "never", []string{consent}, []string{"passed with-consent"}},
		{"with consent, and admits without", "never", "with-consent", []string{admits}, []string{"failed admits-without-consent"}},
		{"with consent, and says never", "with-consent", "with-consent", []string{never}, []string{"cantTell says-never"}},
		{"with consent, and silent", "with-consent", "never", []string{silent}, []string{"cantTell silent-with-consent"}},
		{"always", "always", "never", []string{never}, []string{"failed declared-always"}},
		{"always for advertising, and admits", "never", "always", []string{admits}, []string{"failed declared-always"}},
		{"not declared", "", "", []string{never}, []string{"cantTell undeclared"}},
		{"half declared", "never", "", []string{never}, []string{"cantTell undeclared"}},
		{"unknown, and admits", "unknown", "unknown", []string{admits}, []string{"failed admits-undeclared"}},
		{"a language without rules", "never", "never", []string{dutch}, []string{"cantTell language"}},
		{"a language without rules beside one with", "never", "never", []string{dutch, never}, []string{"cantTell language", "passed never"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var items []check.Item
			for i, s := range c.says {
				items = append(items, item(t, string(rune('a'+i)), s))
			}
			fs := run(c.sold, c.ads, items...)
			wholesome(t, fs)
			if d := cmp.Diff(c.want, outcomes(fs)); d != "" {
				t.Errorf("findings (-want +got):\n%s", d)
			}
		})
	}
}

func TestSaleStatementQuotes(t *testing.T) {
	t.Parallel()
	fs := run("never", "never", item(t, "notice", "<h1>Notice</h1>\n<p>We keep data.</p>\n<p>We may share\x1b[31m usage data\u202e with our advertising partners.</p>"))
	want := []iotmark.Place{{Evidence: "notice", Line: 3, Quote: "We may share[31m usage data with our advertising partners."}}
	if d := cmp.Diff(want, fs[0].Places); d != "" {
		t.Errorf("places (-want +got):\n%s", d)
	}
}

func TestSaleStatementHostile(t *testing.T) {
	t.Parallel()
	for _, s := range []string{strings.Repeat("sell your data ", 20_000), strings.Repeat("We do not sell your data. ", 2_000), "\x1b\x1b" + strings.Repeat("x", 100_000)} {
		wholesome(t, run("never", "\x1b", item(t, "a", s)))
	}
}

func TestProducts(t *testing.T) {
	t.Parallel()
	for name, pages := range map[string][]string{
		"careful":  {"privacy.en.html", "privacy.de.html"},
		"average":  {"privacy.en.html", "privacy.de.html"},
		"disaster": {"privacy.html"},
	} {
		dir := filepath.Join("../../../testdata/products", name)
		truth, err := os.ReadFile(filepath.Join(dir, "truth.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		m := regexp.MustCompile(`data-governance\.sale-statement: ([a-zA-Z]+)`).FindSubmatch(truth)
		var items []check.Item
		for _, p := range pages {
			raw, err := os.ReadFile(filepath.Join(dir, "evidence/pages", p))
			if err != nil {
				t.Fatal(err)
			}
			items = append(items, item(t, p, string(raw)))
		}
		// All three declare never.
		fs := run("never", "never", items...)
		wholesome(t, fs)
		if len(fs) != 1 || string(fs[0].Outcome) != string(m[1]) {
			t.Errorf("%s: got %v, want %s", name, outcomes(fs), m[1])
		}
	}
}

func TestSaleStatementWords(t *testing.T) {
	t.Parallel()
	checktest.Emits(t, datagovernance.SaleStatement, "sale_statement.go")
}
