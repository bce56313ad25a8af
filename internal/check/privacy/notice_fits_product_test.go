package privacy_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/checktest"
	"github.com/open-iot-mark/iotmark/internal/check/privacy"
)

const fitting = `<!doctype html><html lang="en"><title>Privacy notice</title><h1>Privacy notice of Hearth Thermostat 2</h1>
<p>Last updated: 1 June 2026. Nettle Home answers for the data.</p>
<p>Radar notices whether somebody is in the room. A sensor takes the temperature every 30 seconds. It has no camera and no microphone.</p>
<p>Questions about your data? Write to <a href="mailto:hello@nettle.example">hello@nettle.example</a>.</p></html>`

// ask is the line of fitting that says whom to ask.
const ask = `Write to <a href="mailto:hello@nettle.example">hello@nettle.example</a>.`

const fittingGerman = `<!doctype html><html lang="de"><title>Datenschutz</title><h1>Datenschutzhinweis zum Modell NH T2</h1>
<p>Stand: 1. Juni 2026. Die Nettle Home Ltd ist verantwortlich für die Daten, die hier genannt sind und die das Gerät von Ihnen aufnimmt.</p>
<p>Ein Radar merkt, ob jemand im Raum ist. Ein Fühler misst alle 30 Sekunden die Raumtemperatur. Eine Kamera ist nicht eingebaut.</p>
<p>Fragen zum Datenschutz beantwortet datenschutz@nettle.example.</p></html>`

func TestNoticeFitsProduct(t *testing.T) {
	t.Parallel()
	edit := func(s, old, new string) string {
		if !strings.Contains(s, old) {
			t.Fatalf("nothing to edit: %q", old)
		}
		return strings.ReplaceAll(s, old, new)
	}
	for _, c := range []struct {
		name   string
		senses []string
		texts  []string
		want   []string
	}{
		{"all there", []string{"presence", "heat"}, []string{fitting}, []string{"passed fits"}},
		{"in German, by model written otherwise", []string{"presence", "heat"}, []string{fittingGerman}, []string{"passed fits"}},
		{"two notices", []string{"presence"}, []string{fitting, fittingGerman}, []string{"passed fits", "passed fits"}},
		{"no sensor declared", nil, []string{fitting}, []string{"passed fits"}},
		{"another product", []string{"heat"}, []string{edit(fitting, "Hearth Thermostat 2", "our products and services")}, []string{"failed not-named"}},
		{"the product before", []string{"heat"}, []string{edit(fitting, "Hearth Thermostat 2", "Hearth Thermostat 1")}, []string{"failed not-named"}},
		{"a longer number", []string{"heat"}, []string{edit(fitting, "Hearth Thermostat 2", "Hearth Thermostat 20")}, []string{"failed not-named"}},
		{"the name in other spelling", []string{"heat"}, []string{edit(fitting, "Hearth Thermostat 2", "HEARTH-THERMOSTAT&nbsp;2")}, []string{"passed fits"}},
		{"nobody answers for it", []string{"heat"}, []string{edit(edit(fitting, "Nettle Home answers", "We answer"), "hello@nettle", "hello@example")}, []string{"failed no-maker"}},
		{"a sensor not spoken of", []string{"presence", "heat", "place"}, []string{fitting}, []string{"cantTell sensors-missing"}},
		{"two sensors not spoken of", []string{"place", "health"}, []string{fitting}, []string{"cantTell sensors-missing"}},
		{"a sensor denied", []string{"camera", "heat"}, []string{fitting}, []string{"failed denies-sensor"}},
		{"a microphone denied", []string{"sound"}, []string{fitting}, []string{"failed denies-sensor"}},
		{"no date", []string{"heat"}, []string{edit(fitting, "Last updated: 1 June 2026. ", "")}, []string{"failed undated"}},
		{"a date of something else", []string{"heat"}, []string{edit(fitting, "Last updated: 1 June 2026.", "Updates come until 31 March 2034.")}, []string{"cantTell date-unclear"}},
		{"a year of copyright is no date", []string{"heat"}, []string{edit(fitting, "Last updated: 1 June 2026.", "Copyright 2019 Nettle.")}, []string{"failed undated"}},
		{"a date behind a version", []string{"heat"}, []string{edit(fitting, "Last updated: 1 June 2026.", "Version 2.3 - 1 June 2026.")}, []string{"cantTell date-unclear"}},
		{"a date in other words", []string{"heat"}, []string{edit(fitting, "Last updated: 1 June 2026.", "We last changed this notice on 1 June 2026. It has applied since 1 June 2026.")}, []string{"cantTell date-unclear"}},
		{"a month in the heading", []string{"heat"}, []string{edit(edit(fitting, "Last updated: 1 June 2026.", ""), "Thermostat 2<", "Thermostat 2 (June 2026)<")}, []string{"cantTell date-unclear"}},
		{"a bare date", []string{"heat"}, []string{edit(fitting, "Last updated: 1 June 2026.", "2026-05-03.")}, []string{"cantTell date-unclear"}},
		{"a date of two readings", []string{"heat"}, []string{edit(fitting, "Last updated: 1 June 2026.", "Effective 06/01/2026.")}, []string{"cantTell date-unclear"}},
		{"a month no table knows", []string{"heat"}, []string{edit(fitting, "Last updated: 1 June 2026.", "1 czerwca 2026.")}, []string{"cantTell date-unclear"}},
		{"a page to ask", []string{"heat"}, []string{edit(fitting, ask, `Use our <a href="https://nettle.example/contact">contact form</a>.`)}, []string{"cantTell contact-unclear"}},
		{"a page to ask, by a relative link", []string{"heat"}, []string{edit(fitting, ask, `Use our <a href="/contact">form</a>.`)}, []string{"cantTell contact-unclear"}},
		{"a mail address written out", []string{"heat"}, []string{edit(fitting, ask, `privacy (at) nettle.example`)}, []string{"cantTell contact-unclear"}},
		{"an address and a telephone", []string{"heat"}, []string{edit(fitting, ask, `Data protection officer, 1 Mill Lane, Leeds LS1 4AP, +44 113 496 0000.`)}, []string{"cantTell contact-unclear"}},
		{"named among trade marks", []string{"heat"}, []string{edit(edit(fitting, "Hearth Thermostat 2", "our products"), "</html>", "<p>Nettle, Hearth and NH-T2 are trade marks. This policy is ours.</p></html>")}, []string{"cantTell named-in-passing"}},
		{"named in a sentence about the device", []string{"heat"}, []string{edit(edit(fitting, "of Hearth Thermostat 2", ""), "Nettle Home answers", "This notice is about the NH-T2. Nettle Home answers")}, []string{"passed fits"}},
		{"pictures that are not sold", []string{"camera"}, []string{edit(fitting, "It has no camera and no microphone.", "We never sell your pictures.")}, []string{"cantTell sensors-missing"}},
		{"nobody to ask", []string{"heat"}, []string{edit(fitting, `Write to <a href="mailto:hello@nettle.example">hello@nettle.example</a>.`, "Ask the shop.")}, []string{"failed no-contact"}},
		{"the declared page to ask", []string{"heat"}, []string{edit(fitting, `Write to <a href="mailto:hello@nettle.example">hello@nettle.example</a>.`, `Use <a href="https://nettle.example/privacy/rights">the form</a>.`)}, []string{"passed fits"}},
		{"a language without word lists", []string{"heat"}, []string{edit(fitting[:strings.Index(fitting, "<p>Radar")]+"<p>a@b.example</p>", `lang="en"`, `lang="hu"`)}, []string{"cantTell language"}},
		{"everything wrong", []string{"heat"}, []string{"<p>We value your privacy.</p>"}, []string{"failed not-named", "failed no-maker", "cantTell language", "failed undated", "failed no-contact"}},
		{"a page beside the notice", []string{"heat"}, []string{fitting, "<title>Shop</title><h1>Shop</h1><p>Buy now.</p>"}, []string{"passed fits"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			in := check.Input{Declaration: thermostat([]string{"GB"}, c.senses...), AsOf: "2026-11-22"}
			for i, s := range c.texts {
				in.Items = append(in.Items, notice(t, string(rune('a'+i)), s))
			}
			fs := privacy.NoticeFitsProduct.Run(in)
			checktest.Wholesome(t, fs)
			if d := cmp.Diff(c.want, outcomes(privacy.NoticeFitsProduct, fs)); d != "" {
				t.Errorf("findings (-want +got):\n%s", d)
			}
		})
	}
}

func TestNoticeFitsProductHostile(t *testing.T) {
	t.Parallel()
	d := thermostat([]string{"GB"}, "heat", "nonsense")
	d.Product.Name, d.Product.Model, d.Maker.Name, d.Maker.Brand = "()[*\x1b", "+", "", "Ltd"
	for _, s := range []string{
		"<h1>Privacy</h1><p>" + strings.Repeat("no camera ", 20_000),
		"<h1>Privacy</h1>" + strings.Repeat("<p>heat\x1b[31m\u202e", 20_000),
	} {
		in := check.Input{Declaration: d, Items: []check.Item{notice(t, "a", s)}, AsOf: "2026-11-22"}
		checktest.Wholesome(t, privacy.NoticeFitsProduct.Run(in))
	}
}

func TestNoticeFitsProductWords(t *testing.T) {
	t.Parallel()
	checktest.Emits(t, privacy.NoticeFitsProduct, "notice_fits_product.go")
}
