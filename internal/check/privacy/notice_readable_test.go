package privacy_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/checktest"
	"github.com/open-iot-mark/iotmark/internal/check/privacy"
)

var (
	plainEnglish = "<h1>Privacy notice</h1><p>" + strings.Repeat("We keep the heat of your room. It stays with you at home. You can wipe it when you want. ", 10)
	midEnglish   = "<h1>Privacy notice</h1><p>" + strings.Repeat("The information about the temperature of your home is transferred to our servers when you activate the remote service. ", 10)
	hardEnglish  = "<h1>Privacy notice</h1><p>" + strings.Repeat("Notwithstanding any contrary representation, the utilisation of the aforementioned functionalities constitutes irrevocable acknowledgement of the applicability of supplementary contractual conditions, which may periodically be modified without notification. ", 10)
	plainGerman  = "<h1>Datenschutz</h1><p>" + strings.Repeat("Wir speichern die Wärme in Ihrem Raum. Das bleibt bei Ihnen im Haus. Sie können alles löschen, wenn Sie es wollen. ", 10)
	hardGerman   = "<h1>Datenschutz</h1><p>" + strings.Repeat("Ungeachtet anderslautender Darstellungen begründet die Inanspruchnahme der vorgenannten Funktionalitäten die unwiderrufliche Anerkennung der Anwendbarkeit ergänzender Vertragsbedingungen, welche gegebenenfalls ohne vorherige Benachrichtigung betroffener Personen geändert werden. ", 10)
	hardFinnish  = "<h1>Tietosuoja</h1><p>" + strings.Repeat("Tietosuojaselosteessa kuvataan, että henkilötietojenne käsittelytarkoitukset ja luovutuksensaajat ovat voimassaolevan tietosuojalainsäädännön mukaisia, ja että rekisteröidyillä on tarkastusoikeus sekä mahdollisuus tietojensa oikaisemiseen ja poistamiseen. ", 10)
)

func TestNoticeReadable(t *testing.T) {
	t.Parallel()
	declared := func(lang, s string) string { return `<html lang="` + lang + `"><body>` + s }
	for _, c := range []struct {
		name    string
		markets []string
		items   []check.Item
		want    []string
	}{
		{"plain, and in the language", []string{"GB", "IE"}, []check.Item{notice(t, "a", plainEnglish)}, []string{"passed plain", "passed languages"}},
		{"two languages", []string{"GB", "DE", "AT"}, []check.Item{notice(t, "a", plainEnglish), notice(t, "b", plainGerman)}, []string{"passed plain", "passed plain", "passed languages"}},
		{"one of several official languages", []string{"CH", "BE", "MT"}, []check.Item{notice(t, "a", plainEnglish), notice(t, "b", plainGerman)}, []string{"passed plain", "passed plain", "passed languages"}},
		{"a market left out", []string{"GB", "NL"}, []check.Item{notice(t, "a", plainEnglish)}, []string{"passed plain", "failed language-missing"}},
		{"a page not fetched may be the one", []string{"GB", "NL"}, []check.Item{notice(t, "a", plainEnglish), page("b")}, []string{"passed plain", "cantTell language-unread"}},
		{"a page not fetched beside enough", []string{"GB"}, []check.Item{notice(t, "a", plainEnglish), page("b")}, []string{"passed plain", "passed languages"}},
		{"in between", []string{"GB"}, []check.Item{notice(t, "a", midEnglish)}, []string{"cantTell between", "passed languages"}},
		{"hard", []string{"GB"}, []check.Item{notice(t, "a", hardEnglish)}, []string{"failed hard", "passed languages"}},
		{"hard German", []string{"DE"}, []check.Item{notice(t, "a", hardGerman)}, []string{"failed hard", "passed languages"}},
		{"long words by nature", []string{"FI"}, []check.Item{notice(t, "a", hardFinnish)}, []string{"cantTell between", "passed languages"}},
		{"short", []string{"GB"}, []check.Item{notice(t, "a", declared("en", "<h1>Privacy</h1><p>We keep nothing.</p>"))}, []string{"cantTell short", "passed languages"}},
		{"declared language", []string{"HU"}, []check.Item{notice(t, "a", declared("hu-HU", "<h1>Privacy</h1><p>Semmit sem mentünk.</p>"))}, []string{"cantTell short", "passed languages"}},
		{"Norwegian by its older tag", []string{"NO"}, []check.Item{notice(t, "a", declared("no", "<h1>Personvern</h1><p>Ingenting.</p>"))}, []string{"cantTell short", "passed languages"}},
		{"no language to be told", []string{"GB"}, []check.Item{notice(t, "a", "<h1>Privacy</h1><p>Nothing.</p>")}, []string{"cantTell short", "cantTell language-unknown"}},
		{"short sentences in a list", []string{"GB"}, []check.Item{notice(t, "a", declared("en", "<h1>Privacy</h1><ul>"+strings.Repeat("<li>We keep the heat of your room for you.</li>", 15)+"</ul>"))}, []string{"passed plain", "passed languages"}},
		{"all in a table", []string{"GB"}, []check.Item{notice(t, "a", declared("en", "<h1>Privacy</h1><table>"+strings.Repeat("<tr><td>heat of the room</td><td>to keep you warm</td></tr>", 30)+"</table>"))}, []string{"cantTell few-sentences", "passed languages"}},
		{"the Union as a market", []string{"EU"}, []check.Item{notice(t, "a", plainEnglish)}, []string{"passed plain", "cantTell market-unknown"}},
		{"a country nobody wrote down, and one left out", []string{"XX", "FR"}, []check.Item{notice(t, "a", plainEnglish)}, []string{"passed plain", "failed language-missing", "cantTell market-unknown"}},
		{"no market", nil, []check.Item{notice(t, "a", plainEnglish)}, []string{"passed plain", "cantTell no-markets"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			in := check.Input{Declaration: thermostat(c.markets), Items: c.items, AsOf: "2026-11-22"}
			fs := privacy.NoticeReadable.Run(in)
			checktest.Wholesome(t, fs)
			if d := cmp.Diff(c.want, outcomes(privacy.NoticeReadable, fs)); d != "" {
				t.Errorf("findings (-want +got):\n%s", d)
			}
		})
	}
}

func TestNoticeReadableHostile(t *testing.T) {
	t.Parallel()
	for _, s := range []string{strings.Repeat("a", 100_000), strings.Repeat("x. Y", 100_000), "<h1>Privacy</h1><p>" + strings.Repeat("\x1b[31mnotwithstanding ", 5_000)} {
		in := check.Input{Declaration: thermostat([]string{"GB", "\x1b"}), Items: []check.Item{notice(t, "a", s)}, AsOf: "2026-11-22"}
		checktest.Wholesome(t, privacy.NoticeReadable.Run(in))
	}
}

func TestNoticeReadableWords(t *testing.T) {
	t.Parallel()
	checktest.Emits(t, privacy.NoticeReadable, "notice_readable.go")
}
