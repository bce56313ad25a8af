package lifecycle_test

import (
	"slices"
	"testing"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/lifecycle"
	"github.com/open-iot-mark/iotmark/internal/message"
)

func TestSupportDateDeclared(t *testing.T) {
	t.Parallel()
	known := message.English().IDs()
	for _, c := range []struct {
		until iotmark.Until
		want  iotmark.Outcome
		what  string
	}{
		{"2034-03-31", iotmark.Passed, "date"},
		{"2026-11-22", iotmark.Passed, "date"}, // the last day counts
		{"2026-11-21", iotmark.Failed, "past"},
		{"none", iotmark.Failed, "none"},
		{"unknown", iotmark.CantTell, "unknown"},
		{"", iotmark.CantTell, "unknown"},
	} {
		d := &iotmark.Declaration{Support: iotmark.Support{UpdatesUntil: c.until}}
		fs := lifecycle.SupportDateDeclared.Run(check.Input{Declaration: d, AsOf: "2026-11-22"})
		id := iotmark.MessageID("lifecycle.support-date-declared." + c.what)
		if len(fs) != 1 || fs[0].Outcome != c.want || fs[0].Message != id {
			t.Errorf("%q: got %+v, want %s %s", c.until, fs, c.want, c.what)
		}
		if !slices.Contains(known, id) {
			t.Errorf("%s has no words", id)
		}
		if len(fs) == 1 && len(fs[0].Basis) != 0 {
			t.Errorf("%q: it rests on evidence; the declaration alone must lift nothing", c.until)
		}
	}
}
