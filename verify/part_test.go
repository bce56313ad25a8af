package verify_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

// A text and a signature are handed on by themselves, and come back as they
// were; nothing that is more, less or other is taken for one.
func TestPartsOfAnEntry(t *testing.T) {
	t.Parallel()
	s := verifytest.New(t, verifytest.Opts{})
	e, err := verify.Parse("mark.example", s.Entries[1])
	if err != nil {
		t.Fatal(err)
	}
	text, err := verify.ParseText("mark.example", e.Text)
	if err != nil || text.ID != e.ID || text.Leaf != "" || text.Sigs != nil || text.Decoded() == nil {
		t.Errorf("%v, %+v", err, text)
	}
	for name, b := range map[string]string{
		"the whole entry": string(s.Entries[1]), "cut": string(e.Text[:len(e.Text)-1]), "empty": "",
		"a control character": "\x00" + string(e.Text), "too large": strings.Repeat("x", verify.MaxEntry+1), "of another scheme": strings.Replace(string(e.Text), "mark.example", "mark.other", 1),
	} {
		if _, err := verify.ParseText("mark.example", []byte(b)); iotmark.KindOf(err) != iotmark.Unverified {
			t.Errorf("%s: got %v", name, err)
		}
	}
	var sigs []verify.Sig
	for _, one := range e.Sigs {
		line := one.Line()
		for _, form := range []string{line, strings.TrimSuffix(line, "\n"), strings.TrimSuffix(line, "\n") + "\r\n"} {
			back, err := verify.ParseSig(form)
			if diff := cmp.Diff(one, back); err != nil || diff != "" {
				t.Errorf("%v, got (-want +got):\n%s", err, diff)
			}
		}
		sigs = append(sigs, one)
	}
	if note, err := verify.Seal(text.Text, sigs...); err != nil || string(note) != string(s.Entries[1]) {
		t.Errorf("%v\n%s", err, note)
	}
	for name, line := range map[string]string{"empty": "", "no dash": "a AAAAAAAA\n", "two": e.Sigs[0].Line() + e.Sigs[1].Line(), "huge": "\u2014 a " + strings.Repeat("A", 9_000)} {
		_, err := verify.ParseSig(line)
		if e, ok := errors.AsType[*iotmark.Error](err); !ok || e.ID != "signature-malformed" {
			t.Errorf("%s: got %v, want signature-malformed", name, err)
		}
	}
}
