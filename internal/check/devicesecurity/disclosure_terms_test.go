package devicesecurity_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/checktest"
	"github.com/open-iot-mark/iotmark/internal/check/devicesecurity"
	"github.com/open-iot-mark/iotmark/internal/evidence/text"
	"github.com/open-iot-mark/iotmark/internal/message"
)

// The truth: policies in the manner of real ones, and what must be said.
var policies = []struct {
	name, policy string
	ack, status  int // declared
	want         []string
}{
	{"complete", "We acknowledge your report within 3 days. We tell you the state of our work at least every 14 days. We will not take legal action against people who report in good faith.", 3, 14,
		[]string{"passed complete"}},
	{"the words that the check itself proposes", "We acknowledge reports within 3 days, and tell you how far we are every 14 days. We do not take legal action against people who report in good faith.", 3, 14,
		[]string{"passed complete"}},
	{"the words of the message", "We acknowledge a report within 3 days. We tell you how far we are every 14 days. We do not take legal action against people who report in good faith.", 3, 14,
		[]string{"passed complete"}},
	{"complete, other words", "You will get a reply to your vulnerability report within five working days. After that you get an update every two weeks. Research done in good faith is considered authorized; we offer safe harbour.", 0, 0,
		[]string{"passed complete"}},
	{"complete, German", "Wir bestätigen den Eingang Ihrer Meldung innerhalb von 3 Tagen. Über den Stand der Arbeit informieren wir Sie alle 14 Tage. Wer in gutem Glauben meldet, wird nicht rechtlich verfolgt.", 3, 14,
		[]string{"passed complete"}},
	{"no times", "Please report weaknesses by mail. We do not pursue people who report in good faith. We take every report seriously and look at it with care.", 0, 0,
		[]string{"cantTell no-acknowledge-days", "cantTell no-status-every"}},
	{"no promise", "We acknowledge reports within 3 days. Status updates follow every 30 days until the weakness is fixed.", 0, 0,
		[]string{"cantTell no-good-faith"}},
	{"a threat", "We acknowledge reports within 3 days. We give you an update every 14 days. We reserve the right to take legal action against anyone who tests our devices.", 0, 0,
		[]string{"failed pursues", "cantTell no-good-faith"}},
	{"research is forbidden", "Reverse engineering of the device and its app is strictly prohibited and will be reported. Write to us about problems with your order.", 0, 0,
		[]string{"failed pursues", "cantTell no-acknowledge-days", "cantTell no-status-every", "cantTell no-good-faith"}},
	{"a promise that sounds like a threat", "We acknowledge reports within 3 days, and give you news every 14 days. We will not pursue or support legal action against people who report in good faith, and will say so to law enforcement.", 0, 0,
		[]string{"passed complete"}},
	{"other days than declared", "We acknowledge reports within 10 days. We give you an update every 14 days. We do not take legal action against people who report in good faith.", 3, 14,
		[]string{"failed days-differ"}},
	{"weeks are days", "We acknowledge reports within one week. We give you an update every two weeks. We do not take legal action against people who report in good faith.", 7, 14,
		[]string{"passed complete"}},
	{"times of something else", "We answer support questions within 2 days. The device looks for firmware updates every 24 hours. We do not pursue people who report in good faith.", 3, 14,
		[]string{"cantTell no-acknowledge-days", "cantTell no-status-every"}},
	{"forbids denial of service", "We acknowledge reports within 3 days. We give you an update every 14 days. We do not take legal action against people who report in good faith. Denial-of-service testing is prohibited. Physical testing and spam are forbidden.", 3, 14,
		[]string{"passed complete"}},
	{"attacks that harm", "We acknowledge reports within 3 days. We give you an update every 14 days. We do not take legal action against people who report in good faith. Attacks that harm customers may be reported to law enforcement.", 3, 14,
		[]string{"passed complete"}},
	{"a threat beside a promise", "We acknowledge reports within 3 days. We give you an update every 14 days. We do not take legal action against people who report in good faith. We reserve the right to take legal action against anyone who tests our devices.", 3, 14,
		[]string{"cantTell threat-beside-promise"}},
	{"a fix is no acknowledgement", "We acknowledge reports within 3 days, the fix comes within 90 days. We give you an update every 14 days. We do not take legal action against people who report in good faith.", 3, 14,
		[]string{"passed complete"}},
	{"two times, one declared", "We acknowledge reports within 3 days. We give you an update every 14 days. We do not take legal action against people who report in good faith. We acknowledge reports about the cloud within 5 days.", 3, 14,
		[]string{"passed complete"}},
	{"a search for updates is no news", "We acknowledge reports within 3 days. Our firmware update check runs every 7 days. We do not take legal action against people who report in good faith.", 3, 14,
		[]string{"cantTell no-status-every"}},
	{"another language", "Nous accusons réception de votre signalement dans un délai de trois jours. Nous vous tenons informés de nos travaux toutes les deux semaines. Nous n'engageons pas de poursuites contre les personnes qui agissent de bonne foi et qui nous laissent le temps de corriger la faille.", 0, 0,
		[]string{"cantTell language"}},
}

func TestDisclosureTerms(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for _, p := range policies {
		it := checktest.Item(t, text.Reader, iotmark.KindWebPage, "policy", "# Reporting a weakness\n\n"+p.policy+"\n")
		it.Claimed = true
		got := []string{}
		for _, f := range devicesecurity.DisclosureTerms.Run(check.Input{
			Declaration: &iotmark.Declaration{Contacts: iotmark.Contacts{AcknowledgeDays: p.ack, StatusDays: p.status}},
			Items:       []check.Item{it}, AsOf: "2026-11-22",
		}) {
			m := strings.TrimPrefix(string(f.Message), "device-security.disclosure-terms.")
			used[m] = true
			got = append(got, string(f.Outcome)+" "+m)
			if f.Outcome == iotmark.Failed && (len(f.Places) == 0 || f.Places[0].Quote == "") {
				t.Errorf("%s: a failure without a quoted place", p.name)
			}
		}
		if diff := cmp.Diff(p.want, got); diff != "" {
			t.Errorf("%s: got (-want +got)\n%s", p.name, diff)
		}
	}
	used["cut"] = true // a policy of more than the limit; see the hostile inputs of the reader
	for _, id := range message.English().IDs() {
		if m, ok := strings.CutPrefix(string(id), "device-security.disclosure-terms."); ok && !used[m] {
			t.Errorf("%s is never said", id)
		}
	}
}

// A policy that is longer than what is read is not judged by what is missing.
func TestDisclosureTermsCut(t *testing.T) {
	t.Parallel()
	it := check.Item{
		Evidence: iotmark.Evidence{ID: "policy", Kind: iotmark.KindWebPage, Title: "Policy"}, Standing: iotmark.Held,
		Reader: "text", Claimed: true, Facts: &text.Facts{Language: "en", Cut: true},
	}
	fs := devicesecurity.DisclosureTerms.Run(check.Input{Declaration: &iotmark.Declaration{}, Items: []check.Item{it}})
	if !slices.ContainsFunc(fs, func(f iotmark.Finding) bool { return f.Message == "device-security.disclosure-terms.cut" }) {
		t.Errorf("nothing says that the text was cut: %+v", fs)
	}
	for _, f := range fs {
		if f.Outcome != iotmark.CantTell {
			t.Errorf("%s is %s", f.Message, f.Outcome)
		}
	}
}
