package report_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/report"
)

// What several checks say with the same words is read once, with the names of
// all of them; other arguments and another outcome are another matter, and
// JSON keeps each finding as it is.
func TestOneSentenceOnce(t *testing.T) {
	t.Parallel()
	in := input(t, "plain")
	say := func(check iotmark.CheckID, o iotmark.Outcome, title, quote string) iotmark.Finding {
		return iotmark.Finding{Check: check, Version: 1, Outcome: o, Message: "capture.idle", Args: map[string]string{"capture": title, "packets": "9", "from": "", "to": ""},
			Places: []iotmark.Place{{Evidence: "capture", Quote: quote}}}
	}
	in.Assessment.Findings = []iotmark.Finding{
		say("data-security.capture-cleartext", iotmark.CantTell, "Kitchen", "first place"),
		say("data-security.capture-logins", iotmark.CantTell, "Cellar", "another capture"),
		say("data-security.capture-tls-suites", iotmark.CantTell, "Kitchen", "second place"),
		say("data-security.capture-tls-suites", iotmark.CantTell, "Kitchen", "first place"),
		say("data-security.capture-tls-versions", iotmark.Failed, "Kitchen", "third place"),
	}
	for i := range in.Assessment.Conclusions {
		c := &in.Assessment.Conclusions[i]
		c.Reasons = nil
		if c.Criterion == "lifecycle.warranty" {
			for n := range in.Assessment.Findings {
				c.Reasons = append(c.Reasons, iotmark.Reason{Kind: iotmark.ByFinding, Message: "capture.idle", Finding: &n})
			}
		}
	}
	const both = "[data-security.capture-cleartext, data-security.capture-tls-suites"
	var b bytes.Buffer
	if err := report.Text(&b, in, report.TextOptions{All: true, Width: 4000}); err != nil {
		t.Fatal(err)
	}
	_, open, _ := strings.Cut(b.String(), "Could not tell: 2\n")
	if strings.Count(open, "Kitchen") != 1 || strings.Count(open, "Cellar") != 1 || !strings.Contains(open, both+"]") {
		t.Errorf("the text says\n%s", b.String())
	}
	b.Reset()
	if err := report.HTML(&b, in); err != nil {
		t.Fatal(err)
	}
	_, found, _ := strings.Cut(b.String(), "What the checks found")
	if strings.Count(found, "Kitchen (") != 2 || strings.Count(found, both+":") != 1 || strings.Count(found, "first place") != 1 || strings.Count(found, "second place") != 1 {
		t.Errorf("the page says\n%s", found)
	}
	_, one, _ := strings.Cut(b.String(), `id="c-lifecycle.warranty"`)
	one, _, _ = strings.Cut(one, `<li id=`)
	if strings.Count(one, "Kitchen (") != 2 || strings.Count(one, both+":") != 1 {
		t.Errorf("the page says of one criterion\n%s", one)
	}
	j, err := report.JSON(in)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(j), `"message": "capture.idle",`); n != 2*len(in.Assessment.Findings) {
		t.Errorf("JSON holds %d of them, in findings and reasons", n)
	}
}
