package accountability_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/accountability"
	"github.com/open-iot-mark/iotmark/internal/check/checktest"
	"github.com/open-iot-mark/iotmark/internal/message"
)

// piece is a held piece of evidence, changed as a case needs it.
func piece(id string, change func(*check.Item)) check.Item {
	it := check.Item{
		Evidence: iotmark.Evidence{ID: iotmark.EvidenceID(id), Kind: iotmark.KindDocument, Title: id, Path: "evidence/" + id, Dated: "2026-06-01"},
		Standing: iotmark.Held, SHA256: iotmark.Digest(strings.Repeat("ab", 32)),
	}
	if change != nil {
		change(&it)
	}
	return it
}

func TestEvidenceCurrent(t *testing.T) {
	t.Parallel()
	c := accountability.EvidenceCurrent
	checktest.Complete(t, c)
	seenCurrent := map[string]bool{}
	report := func(says string) check.Item {
		it := checktest.Text(t, "bench-test", "bench-test.md", says)
		it.Kind = iotmark.KindTestReport
		return it
	}
	soft := []iotmark.Software{
		{Part: iotmark.Device, Version: "3.2.0", Released: "2026-10-02"},
		{Part: iotmark.Device, Version: "3.1.2", Released: "2026-07-14"},
		{Part: iotmark.Device, Version: "3.3.0", Released: "2027-01-15"}, // after the day
		{Part: iotmark.App, Version: "5.4.1"},
	}
	for _, tc := range []struct {
		name  string
		items []check.Item
		want  []string
		out   iotmark.Outcome
		place string
	}{
		{"nothing wrong", []check.Item{piece("a", nil), piece("b", nil)}, []string{"all-current"}, iotmark.Passed, ""},
		{"no evidence at all", nil, []string{"no-evidence"}, iotmark.Untested, ""},
		{"file missing", []check.Item{piece("a", nil), piece("b", func(i *check.Item) { i.Standing, i.SHA256 = iotmark.Missing, "" })}, []string{"file-missing"}, iotmark.Failed, "evidence.b.path"},
		{"file changed", []check.Item{piece("b", func(i *check.Item) {
			i.Standing, i.Evidence.SHA256 = iotmark.Differs, iotmark.Digest(strings.Repeat("cd", 32))
		})}, []string{"hash-differs"}, iotmark.Failed, "evidence.b.sha256"},
		{"expired", []check.Item{piece("b", func(i *check.Item) { i.Standing, i.ValidUntil = iotmark.Expired, "2026-02-28" })}, []string{"evidence-expired"}, iotmark.Failed, "evidence.b.valid_until"},
		{"three at once", []check.Item{
			piece("a", func(i *check.Item) { i.Standing = iotmark.Missing }),
			piece("b", func(i *check.Item) { i.Standing = iotmark.Expired }),
			piece("c", func(i *check.Item) { i.Standing = iotmark.Differs }),
		}, []string{"file-missing", "evidence-expired", "hash-differs"}, iotmark.Failed, "evidence.a.path"},
		{"does not open", []check.Item{piece("b", func(i *check.Item) {
			i.Standing, i.Problem = iotmark.Unopened, &iotmark.Error{ID: "not-a-file", Msg: "a folder"}
		})}, []string{"unreadable"}, iotmark.CantTell, "evidence.b.path"},
		{"does not open, and nobody says why", []check.Item{piece("b", func(i *check.Item) { i.Standing = iotmark.Unopened })}, []string{"unreadable"}, iotmark.CantTell, "evidence.b.path"},
		{"dated after the day", []check.Item{piece("b", func(i *check.Item) { i.Dated = "2026-11-23" })}, []string{"dated-ahead"}, iotmark.Failed, "evidence.b.dated"},
		{"dated on the day", []check.Item{piece("b", func(i *check.Item) { i.Dated = "2026-11-22" })}, []string{"all-current"}, iotmark.Passed, ""},
		{"runs out on the day", []check.Item{piece("b", func(i *check.Item) { i.ValidUntil = "2026-11-22" })}, []string{"all-current", "expiring-soon"}, iotmark.Passed, ""},
		{"runs out in 60 days", []check.Item{piece("b", func(i *check.Item) { i.ValidUntil = "2027-01-21" })}, []string{"all-current", "expiring-soon"}, iotmark.Passed, ""},
		{"runs out in 61 days", []check.Item{piece("b", func(i *check.Item) { i.ValidUntil = "2027-01-22" })}, []string{"all-current"}, iotmark.Passed, ""},
		{"old test report", []check.Item{piece("b", func(i *check.Item) { i.Kind, i.Dated = iotmark.KindTestReport, "2023-10-01" })}, []string{"report-old"}, iotmark.CantTell, "evidence.b.dated"},
		{"test report of three years", []check.Item{piece("b", func(i *check.Item) { i.Kind, i.Dated = iotmark.KindTestReport, "2023-11-23" })}, []string{"all-current"}, iotmark.Passed, ""},
		{"old document that is no report", []check.Item{piece("b", func(i *check.Item) { i.Dated = "2019-01-01" })}, []string{"all-current"}, iotmark.Passed, ""},
		{"report on an older version", []check.Item{report("Units: serial 1, hardware B, version 3.1.2.")}, []string{"older-version"}, iotmark.CantTell, ""},
		{"report on the newest version", []check.Item{report("Firmware: 3.2.0, before that version 3.1.2.")}, []string{"all-current"}, iotmark.Passed, ""},
		{"report on a repair of the newest line", []check.Item{report("Software v3.2.7")}, []string{"all-current"}, iotmark.Passed, ""},
		{"report with a version of something else", []check.Item{report("Wireshark version 2.6.1 was used. TLS version 1.2 was seen.")}, []string{"all-current"}, iotmark.Passed, ""},
		{"report on the app", []check.Item{func() check.Item {
			it := report("App version 5.4.1")
			it.About = []iotmark.PartName{iotmark.App}
			return it
		}()}, []string{"all-current"}, iotmark.Passed, ""},
		{"all elsewhere", []check.Item{piece("b", func(i *check.Item) { i.Standing, i.SHA256, i.URL = iotmark.Elsewhere, "", "https://nettle.example/b" })}, []string{"nothing-here"}, iotmark.CantTell, ""},
		{"withheld beside held", []check.Item{piece("a", nil), piece("b", func(i *check.Item) { i.Standing = iotmark.Withheld })}, []string{"all-current"}, iotmark.Passed, ""},
		{"hostile names and dates", []check.Item{piece("b", func(i *check.Item) {
			i.Standing, i.Evidence.SHA256, i.SHA256, i.Path = iotmark.Differs, "x", "", "{{.evidence}}"
			i.Dated, i.ValidUntil = "9999-99-99", "0000-00-00"
		})}, []string{"hash-differs"}, iotmark.Failed, "evidence.b.sha256"},
	} {
		in := checktest.Input(tc.items...)
		in.Declaration.Software = soft
		for _, it := range tc.items {
			in.Declaration.Evidence = append(in.Declaration.Evidence, it.Evidence)
		}
		fs := c.Run(in)
		if tc.name != "hostile names and dates" {
			checktest.Sound(t, c, fs)
		}
		got := checktest.Said(c, fs)
		for _, m := range got {
			seenCurrent[m] = true
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s: got (-want +got)\n%s", tc.name, diff)
		}
		out := iotmark.Untested
		for _, f := range fs {
			out = out.Weightier(f.Outcome)
		}
		if out != tc.out {
			t.Errorf("%s: outcome %s, want %s", tc.name, out, tc.out)
		}
		if tc.place != "" && (len(fs[0].Places) == 0 || fs[0].Places[0].Path != tc.place) {
			t.Errorf("%s: place %+v, want %s", tc.name, fs[0].Places, tc.place)
		}
	}
	checktest.WordsUsed(t, c, seenCurrent)
}

// A date that only the content gives may lie ahead; without a day of the
// assessment no date is judged.
func TestEvidenceCurrentDates(t *testing.T) {
	t.Parallel()
	c := accountability.EvidenceCurrent
	it := piece("notice", func(i *check.Item) { i.Dated = "2027-01-01" })
	in := checktest.Input(it)
	in.Declaration.Evidence = []iotmark.Evidence{{ID: "notice"}}
	if diff := cmp.Diff([]string{"all-current"}, checktest.Said(c, c.Run(in))); diff != "" {
		t.Errorf("got (-want +got)\n%s", diff)
	}
	in.Declaration.Evidence[0].Dated = "2027-01-01"
	in.AsOf = ""
	if diff := cmp.Diff([]string{"all-current"}, checktest.Said(c, c.Run(in))); diff != "" {
		t.Errorf("no day: got (-want +got)\n%s", diff)
	}
}

func TestEvidenceCurrentSaysShortHashes(t *testing.T) {
	t.Parallel()
	fs := accountability.EvidenceCurrent.Run(checktest.Input(piece("b", func(i *check.Item) {
		i.Standing, i.Evidence.SHA256 = iotmark.Differs, iotmark.Digest(strings.Repeat("cd", 32))
	})))
	got := message.English().Say(fs[0].Message, fs[0].Args)
	want := "evidence.b: evidence/b has changed since it was declared. Its SHA-256 now begins with abababab, declared is cdcdcdcd. Declare the new file with its date, or put the old one back."
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("got (-want +got)\n%s", diff)
	}
}
