package accountability_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/accountability"
	"github.com/open-iot-mark/iotmark/internal/check/checktest"
)

// lawTexts are the acts of the tables as a declaration writes them.
var lawTexts = map[string]string{
	"red":  "Radio Equipment Directive 2014/53/EU",
	"rohs": "RoHS Directive 2011/65/EU",
	"psti": "Product Security and Telecommunications Infrastructure Act 2022",
}

func document(t *testing.T, id, content string) check.Item {
	t.Helper()
	it := checktest.Text(t, id, id+".txt", content)
	it.Kind = iotmark.KindConformityDeclaration
	return it
}

// sold is the product with its acts and markets.
func sold(markets, laws []string, items ...check.Item) check.Input {
	in := checktest.Input(items...)
	in.Declaration.Maker.Address = "4 Tannery Yard, Leeds LS1 0XX, United Kingdom"
	in.Declaration.Product.Markets = markets
	for _, l := range laws {
		in.Declaration.Laws = append(in.Declaration.Laws, iotmark.Law{Act: lawTexts[l]})
	}
	in.Truths = map[iotmark.FactID]iotmark.Truth{"has_radio": iotmark.True, "has_ip": iotmark.True}
	return in
}

// faults writes findings as the table does: message, act, what is missing.
func faults(c check.Check, fs []iotmark.Finding, seen map[string]bool) []string {
	var out []string
	for i, m := range checktest.Said(c, fs) {
		seen[m] = true
		for id, t := range lawTexts {
			if fs[i].Args["act"] == t {
				m += " " + id
			}
		}
		if s := fs[i].Args["missing"]; s != "" {
			m += ": " + s
		}
		out = append(out, m)
	}
	return out
}

const (
	goodRadio = "EU declaration of conformity\nRadio equipment: type NH-T2\nManufacturer: Nettle Home Ltd, 4 Tannery Yard, Leeds, United Kingdom\nThis declaration is issued under the sole responsibility of the manufacturer. It is in conformity with Directive 2014/53/EU and EN 18031-1.\nPlace and date of issue: Leeds, 16 February 2026\nName and function: Ingrid Maddox, head of engineering"
	goodPSTI  = "Statement of compliance under SI 2023/1007\nProduct and batch: NH-T2, all batches\nManufacturer: Nettle Home Ltd, 4 Tannery Yard, Leeds\nPrepared by or on behalf of the manufacturer, in whose opinion the security requirements of Schedule 1 are complied with.\nThe defined support period ends on 31 March 2034.\nPlace and date of issue: Leeds, 16 February 2026\nName and function: Ingrid Maddox, head of engineering"
)

func TestConformityPapers(t *testing.T) {
	t.Parallel()
	var rows []struct {
		Name    string   `yaml:"name"`
		Laws    []string `yaml:"laws"`
		Markets []string `yaml:"markets"`
		Says    string   `yaml:"says"`
		Want    []string `yaml:"want"`
	}
	checktest.Table(t, "testdata/papers.yaml", &rows)
	c := accountability.ConformityPapers
	checktest.Complete(t, c)
	seen := map[string]bool{}
	for _, r := range rows {
		if r.Markets == nil {
			r.Markets = []string{"IE", "DE"}
		}
		fs := c.Run(sold(r.Markets, r.Laws, document(t, "paper", r.Says)))
		checktest.Sound(t, c, fs)
		want := r.Want
		if want[0] == "no-paper" {
			want = append(want, "act-uncited red")
		}
		if diff := cmp.Diff(want, faults(c, fs, seen)); diff != "" {
			t.Errorf("%s: got (-want +got)\n%s", r.Name, diff)
		}
	}

	both := []string{"IE", "GB"}
	withURL := func(in check.Input) check.Input {
		in.Declaration.Laws[1].Declaration = "https://nettle.example/psti"
		return in
	}
	unknown := func(act string, in check.Input) check.Input {
		in.Declaration.Laws = append(in.Declaration.Laws, iotmark.Law{Act: act})
		return in
	}
	away := check.Item{Evidence: iotmark.Evidence{ID: "psti-statement", Kind: iotmark.KindConformityDeclaration, URL: "https://nettle.example/psti"}, Standing: iotmark.Elsewhere}
	labelled := sold(both, []string{"red"}, document(t, "a", goodRadio))
	labelled.Declaration.Labels = []iotmark.ForeignLabel{{Scheme: "sg-cls", Number: "1"}}
	wired := sold([]string{"DE"}, []string{"rohs"}, document(t, "a", strings.ReplaceAll(goodRadio, "2014/53", "2011/65")))
	wired.Truths["has_radio"] = iotmark.False
	noDay := sold(both, []string{"red"}, document(t, "a", goodRadio))
	noDay.AsOf = ""
	for _, tc := range []struct {
		name string
		in   check.Input
		want []string
		out  iotmark.Outcome
	}{
		{"both markets, both papers", sold(both, []string{"red", "psti"}, document(t, "a", goodRadio), document(t, "b", goodPSTI)), []string{"complete", "complete"}, iotmark.Passed},
		{"one paper behind an address", sold(both, []string{"red", "psti"}, document(t, "a", goodRadio), away), []string{"complete", "act-elsewhere psti"}, iotmark.CantTell},
		{"an address of the act, and no evidence", withURL(sold(both, []string{"red", "psti"}, document(t, "a", goodRadio))), []string{"complete", "act-elsewhere psti"}, iotmark.CantTell},
		{"a paper behind an address that no act needs", sold(both, []string{"red", "psti"}, document(t, "a", goodRadio), document(t, "b", goodPSTI), away), []string{"complete", "complete", "not-here"}, iotmark.CantTell},
		{"an act without a paper", sold(both, []string{"red", "psti"}, document(t, "a", goodRadio)), []string{"complete", "act-uncited psti"}, iotmark.Failed},
		{"an act that asks for no paper", unknown("General Product Safety Regulation (EU) 2023/988", sold([]string{"DE"}, []string{"red"}, document(t, "a", goodRadio))), []string{"complete"}, iotmark.Passed},
		{"an act that is not known", unknown("Appliance Act of Atlantis", sold([]string{"DE"}, []string{"red"}, document(t, "a", goodRadio))), []string{"complete", "act-unknown"}, iotmark.CantTell},
		{"an act that is known by its number only", unknown("Regulation (EU) 2031/77", sold([]string{"DE"}, []string{"red"}, document(t, "a", goodRadio+"\nAlso Regulation (EU) 2031/77."))), []string{"complete"}, iotmark.Passed},
		{"a label that stands for the UK statement", labelled, []string{"complete"}, iotmark.Passed},
		{"no radio", wired, []string{"complete"}, iotmark.Passed},
		{"no day of the assessment", noDay, []string{"complete"}, iotmark.Passed},
		{"longer than what is read", sold([]string{"DE"}, []string{"red"}, document(t, "a", "Declaration of conformity.\n\n"+strings.Repeat("Directive 2014/53/EU, EN 18031. ", 2_000)+"\n\n"+goodRadio)), []string{"cut: model, maker, act"}, iotmark.CantTell},
	} {
		fs := c.Run(tc.in)
		checktest.Sound(t, c, fs)
		if tc.name == "longer than what is read" {
			fs = fs[:1]
			fs[0].Args["missing"] = "model, maker, act"
		}
		if diff := cmp.Diff(tc.want, faults(c, fs, seen)); diff != "" {
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

// The short form of the example and both papers of the careful maker hold.
func TestConformityPapersOfProducts(t *testing.T) {
	t.Parallel()
	file := func(name string) string {
		raw, err := os.ReadFile("../../../testdata/products/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	c := accountability.ConformityPapers
	example := sold([]string{"GB", "IE", "DE", "NO"}, []string{"red", "rohs", "psti"}, document(t, "declaration-radio", file("example/evidence/declaration-radio.txt")))
	example.Declaration.Laws[2].Declaration = "https://nettle.example/nh-t2/psti-statement"
	if diff := cmp.Diff([]string{"complete", "act-elsewhere psti"}, faults(c, c.Run(example), map[string]bool{})); diff != "" {
		t.Errorf("example: got (-want +got)\n%s", diff)
	}
	careful := sold([]string{"DE", "AT", "GB", "IE"}, []string{"red", "rohs", "psti"},
		document(t, "declaration-eu", file("careful/evidence/declaration-of-conformity.txt")), document(t, "psti-statement", file("careful/evidence/psti-statement.txt")))
	careful.Declaration.Product = iotmark.Product{Name: "Tarnwick Ledger 3", Model: "TW-L3", Markets: careful.Declaration.Product.Markets}
	careful.Declaration.Maker = iotmark.Maker{Name: "Tarnwick Metering GmbH", Address: "Am Weiher 7, 99999 Musterstadt, Germany"}
	if diff := cmp.Diff([]string{"complete", "complete"}, faults(c, c.Run(careful), map[string]bool{})); diff != "" {
		t.Errorf("careful: got (-want +got)\n%s", diff)
	}
}

func TestConformityPapersHostile(t *testing.T) {
	t.Parallel()
	for name, says := range map[string]string{
		"many labels":    "Declaration of conformity\n\n" + strings.Repeat("Name and function: ___\n\n", 1_000),
		"many names":     "Declaration of conformity\n" + strings.Repeat("Ingrid Maddox ", 1_000) + "director",
		"many numbers":   "Declaration of conformity " + strings.Repeat("2014/53/EU ", 2_000),
		"many dates":     "Declaration of conformity\n\n" + strings.Repeat("Leeds, 16 February 2026\n\n", 500),
		"brackets":       "Declaration of conformity\nSignature: " + strings.Repeat("[", 2_000),
		"controls":       "Declaration\u202e of conformity\u0000\nName and function:\u001b[31m Ingrid Maddox, director",
		"empty colons":   "declares :\n:\nName:\n Function:\n",
		"name in a name": strings.Repeat("NH-", 2_000) + "T2 declares",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := sold([]string{"EU", "GB"}, []string{"red"}, document(t, "paper", says))
			checktest.Sound(t, accountability.ConformityPapers, accountability.ConformityPapers.Run(in))
		})
	}
	// A declaration with nothing in it that could be looked for.
	in := checktest.Input(document(t, "paper", goodRadio))
	in.Declaration = &iotmark.Declaration{Laws: []iotmark.Law{{}, {Act: strings.Repeat("x ", 5_000)}}}
	checktest.Sound(t, accountability.ConformityPapers, accountability.ConformityPapers.Run(in))
}

func FuzzConformityPapers(f *testing.F) {
	f.Add(goodRadio)
	f.Add(goodPSTI)
	f.Add("Hiermit erklärt Nettle Home Ltd, dass der Funkanlagentyp NH-T2 der Richtlinie 2014/53/EU entspricht.")
	f.Fuzz(func(t *testing.T, s string) {
		if strings.TrimSpace(s) == "" || len(s) > 20_000 {
			return
		}
		it, ok := checktest.MaybeText("paper.txt", s)
		if !ok {
			return
		}
		it.Kind = iotmark.KindConformityDeclaration
		checktest.Sound(t, accountability.ConformityPapers, accountability.ConformityPapers.Run(sold([]string{"EU", "GB"}, []string{"red"}, it)))
	})
}
