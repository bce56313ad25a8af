package verify_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
)

// Bytes that are no entry of this scheme, and what is said of them.
func TestParseRefuses(t *testing.T) {
	t.Parallel()
	txt := string(text(t, verify.LogClosed, "", digest("prev"), verify.ClosedBody{Reason: "quorum none"}))
	good := string(seal(t, []byte(txt)))
	sig := good[len(txt)+1:]
	swap := func(from, to string) string {
		t.Helper()
		if !strings.Contains(good, from) {
			t.Fatalf("there is no %s", from)
		}
		return strings.Replace(good, from, to, 1)
	}
	two, err := verify.Seal([]byte(txt),
		newHolder(t, domain+"/root/1", "body", "p1", verify.Root).plain([]byte(txt)),
		newHolder(t, domain+"/root/1", "body", "p1", verify.Root).ssh([]byte(txt)),
		newHolder(t, domain+"/root/2", "consumers", "p2", verify.Root).plain([]byte(txt)))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(two), "\n")
	if len(lines) != 7 {
		t.Fatalf("%d lines", len(lines))
	}
	deep := strings.Repeat("[", 5_000) + strings.Repeat("]", 5_000)
	for _, c := range []struct {
		name, note string
		id         iotmark.ErrorID
		says       string
	}{
		{"empty", "", "malformed", "does not begin"},
		{"too large", good + strings.Repeat("a", 65_536), "malformed", "65535 are the most"},
		{"byte order mark", "\ufeff" + good, "malformed", "does not begin"},
		{"carriage returns", strings.ReplaceAll(good, "\n", "\r\n"), "malformed", "control character (0x0d)"},
		{"nul", swap("quorum", "quo\x00um"), "malformed", "control character"},
		{"tab", swap("quorum ", "quorum\t"), "malformed", "control character"},
		{"delete", swap("quorum", "quorum\x7f"), "malformed", "control character (0x7f)"},
		{"not UTF-8", swap("quorum", "quor\xffm"), "malformed", "not UTF-8"},
		{"half of a pair in UTF-8", swap("quorum", "quor\xed\xa0\x80m"), "malformed", "not UTF-8"},
		{"another scheme", swap(domain, "other.example"), "domain-wrong", `"other.example"`},
		{"scheme in capitals", swap(domain, "IOTMARK.example"), "domain-wrong", "IOTMARK.example"},
		{"another version of the line", swap("/entry/v1", "/entry/v2"), "version-unknown", `"2"`},
		{"another version of the object", swap(`"v":1}`, `"v":2}`), "version-unknown", "version 2"},
		{"version 1.0", swap(`"v":1}`, `"v":1.0}`), "malformed", "whole numbers"},
		{"version 10", swap(`"v":1}`, `"v":10}`), "malformed", "other members"},
		{"another type", swap("log.closed", "log.shut"), "type-unknown", "log.shut"},
		{"type in capitals", swap("log.closed", "LOG.CLOSED"), "type-unknown", "LOG.CLOSED"},
		{"type of another body", swap("log.closed", "policy.set"), "body-wrong", "unknown field"},
		{"id in capitals", swap(id(1), strings.ToUpper(id(1))), "malformed", "id is not a UUID"},
		{"id of version 4", swap("-7000-", "-4000-"), "malformed", "id is not a UUID"},
		{"prev too short", swap(`"prev":"`, `"prev":"0`), "malformed", "prev is not 64"},
		{"prev that is empty", strings.Replace(good, string(digest("prev")), "", 1), "malformed", "other members"},
		{"prev that is null", strings.Replace(good, `"`+string(digest("prev"))+`"`, "null", 1), "malformed", "other members"},
		{"time with an offset", swap("10:00:00Z", "10:00:00+00:00"), "malformed", "time is not written"},
		{"time with a fraction", swap("10:00:00Z", "10:00:00.5Z"), "malformed", "time is not written"},
		{"leap second", swap("10:00:00Z", "23:59:60Z"), "malformed", "time is not written"},
		{"day that is not in the calendar", swap("2026-11-25", "2026-11-31"), "malformed", "time is not written"},
		{"clock that was never set", swap("2026-11-25", "1970-01-01"), "malformed", "time is not written"},
		{"subject where there is none", swap(`,"time"`, `,"subject":"urn:iotmark:org:x","time"`), "subject-wrong", "urn:iotmark:org:x"},
		{"subject that is empty", swap(`,"time"`, `,"subject":"","time"`), "malformed", "other members"},
		{"member twice", swap(`"reason":"quorum none"`, `"reason":"quorum none","reason":"quorum none"`), "malformed", "stands twice"},
		{"member of the frame twice", swap(`,"time"`, `,"prev":"`+string(digest("prev"))+`","time"`), "malformed", "stands twice"},
		{"member in other letters", swap(`"reason":`, `"Reason":`), "body-wrong", "lacks a member"},
		{"member in letters that fold", swap(`"reason":`, `"reaso\u006e":`), "malformed", "does not escape"},
		{"member of the frame unknown", swap(`,"time"`, `,"spare":1,"time"`), "malformed", "other members"},
		{"members in another order", swap(`{"body":{"reason":"quorum none"},"id":"`+id(1)+`"`, `{"id":"`+id(1)+`","body":{"reason":"quorum none"}`), "malformed", "order of RFC 8785"},
		{"space between", swap(`,"id"`, `, "id"`), "malformed", "white space"},
		{"space before", swap(`{"body"`, ` {"body"`), "malformed", "white space"},
		{"space after", swap(`"v":1}`, `"v":1} `), "malformed", "follows the end"},
		{"something after", swap(`"v":1}`, `"v":1}{}`), "malformed", "follows the end"},
		{"escape that is not needed", swap("quorum", `qu\u006frum`), "malformed", "does not escape"},
		{"slash escaped", swap("quorum none", `quorum\/none`), "malformed", "does not escape"},
		{"half of a pair", swap("quorum", `quor\ud800m`), "malformed", "does not escape"},
		{"not JSON", swap(`{"body"`, `{{"body"`), "malformed", "no JSON"},
		{"body is a list", swap(`{"reason":"quorum none"}`, `[]`), "malformed", "other members"},
		{"body is null", swap(`{"reason":"quorum none"}`, `null`), "malformed", "other members"},
		{"body ends too early", swap(`{"reason":"quorum none"}`, `{}},{"id":{}`), "malformed", ""},
		{"body is nested", swap(`"quorum none"`, deep), "malformed", "deep"},
		{"huge number", swap(`"quorum none"`, strings.Repeat("9", 30_000)), "malformed", "2^53"},
		{"minus zero", swap(`"quorum none"`, "-0"), "malformed", "whole numbers"},
		{"number with an exponent", swap(`"quorum none"`, "1e400"), "malformed", "whole numbers"},
		{"no line of JSON", domain + "/entry/v1\n\n" + sig, "malformed", ""},
		{"ends in the first line", domain + "/entry/v1", "malformed", "does not begin"},
		{"ends in the line of JSON", txt[:len(txt)-1], "malformed", "ends before"},
		{"no empty line", txt + sig, "malformed", "an empty line"},
		{"two empty lines", txt + "\n\n" + sig, "malformed", "signature line"},
		{"three lines of text", domain + "/entry/v1\n" + txt[strings.Index(txt, "\n")+1:] + "more\n\n" + sig, "malformed", "an empty line"},
		{"no signature", txt + "\n", "malformed", "1 to 100"},
		{"text alone", txt, "malformed", "an empty line"},
		{"last line does not end", strings.TrimSuffix(good, "\n"), "malformed", "1 to 100"},
		{"something after the signatures", good + "x\n", "malformed", "not a signature line"},
		{"empty line after the signatures", good + "\n", "malformed", "not a signature line"},
		{"two notes in one", good + good, "malformed", "not a signature line"},
		{"hyphen for the dash", swap("\u2014 ", "- "), "malformed", "not a signature line"},
		{"name with a plus", swap("\u2014 iotmark.example/root", "\u2014 iotmark.example+root"), "malformed", "not a signature line"},
		{"no name", swap("\u2014 iotmark.example/root/1 ", "\u2014  "), "malformed", "not a signature line"},
		{"name with a space of another script", swap("\u2014 iotmark.example", "\u2014 iot\u00a0mark.example"), "malformed", "not a signature line"},
		{"base64 with other letters", txt + "\n\u2014 a ____AAAA\n", "malformed", "not a signature line"},
		{"base64 without padding", txt + "\n\u2014 a AAAAAAA\n", "malformed", "not a signature line"},
		{"base64 with bits to spare", txt + "\n\u2014 a AAAAAAB=\n", "malformed", "not a signature line"},
		{"key id alone", txt + "\n\u2014 a AAAAAA==\n", "malformed", "not a signature line"},
		{"too many signatures", txt + "\n" + strings.Repeat("\u2014 a AAAAAAA=\n", 101), "malformed", "1 to 100"},
		{"a signature twice", lines[0] + lines[1] + lines[2] + lines[3] + lines[3], "malformed", "in their order"},
		{"names out of order", lines[0] + lines[1] + lines[2] + lines[5] + lines[3], "malformed", "in their order"},
		{"lengths out of order", lines[0] + lines[1] + lines[2] + lines[4] + lines[3], "malformed", "in their order"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			_, err := verify.Parse(domain, []byte(c.note))
			e, ok := err.(*iotmark.Error)
			if !ok || e.ID != c.id || e.Kind != iotmark.Unverified || !strings.Contains(e.Error(), c.says) {
				t.Errorf("got %v, want id %s that says %q", err, c.id, c.says)
			}
			if ok && len(e.Error()) > 400 {
				t.Errorf("the message has %d bytes", len(e.Error()))
			}
			if d := time.Since(start); d > 5*time.Second {
				t.Errorf("it took %s", d)
			}
		})
	}
	for _, note := range []string{good, string(two), txt + "\n\u2014 nobody AAAAAAA=\n"} {
		if _, err := verify.Parse(domain, []byte(note)); err != nil {
			t.Errorf("refused: %v\n%s", err, note)
		}
	}
}

// An entry of the greatest size is read; a byte more is not.
func TestParseLargest(t *testing.T) {
	t.Parallel()
	d := declaration(t)
	build := func(pad int) []byte {
		d["pad"] = strings.Repeat("x", pad)
		txt := text(t, verify.DeclarationType, verify.Subject(verify.OfProduct, "lamps.example:glowone-g1"), "", d)
		return append(append(txt, '\n'), "\u2014 a AAAAAAA=\n"...)
	}
	room := verify.MaxEntry - len(build(0))
	if n := build(room); len(n) != verify.MaxEntry {
		t.Fatalf("%d bytes", len(n))
	} else if _, err := verify.Parse(domain, n); err != nil {
		t.Error(err)
	}
	if _, err := verify.Parse(domain, build(room+1)); err == nil {
		t.Error("an entry that is too large was read")
	}
}

func TestSealRefuses(t *testing.T) {
	t.Parallel()
	txt := text(t, verify.LogClosed, "", "", verify.ClosedBody{Reason: "quorum none"})
	h := newHolder(t, domain+"/root/1", "body", "p1", verify.Root)
	for _, c := range []struct {
		name string
		text []byte
		sigs []verify.Sig
	}{
		{"no signature", txt, nil},
		{"the same twice", txt, []verify.Sig{h.plain(txt), h.ssh(txt), h.plain(txt)}},
		{"no bytes", txt, []verify.Sig{{Name: "a", ID: 1}}},
		{"no name", txt, []verify.Sig{{ID: 1, Bytes: []byte{1}}}},
		{"name with a line end", txt, []verify.Sig{{Name: "a\n", ID: 1, Bytes: []byte{1}}}},
		{"text without its end", bytes.TrimSuffix(txt, []byte("\n")), []verify.Sig{h.plain(txt)}},
		{"text of three lines", append(bytes.Clone(txt), '\n'), []verify.Sig{h.plain(txt)}},
		{"too large", txt, []verify.Sig{{Name: "a", ID: 1, Bytes: make([]byte, 1<<16)}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := verify.Seal(c.text, c.sigs...)
			want := iotmark.ErrorID("seal-wrong")
			if c.name == "too large" {
				want = "entry-too-large"
			}
			if e, ok := err.(*iotmark.Error); !ok || e.ID != want || e.Kind != iotmark.Invalid {
				t.Errorf("got %v", err)
			}
		})
	}
}

// What would not be read is not written.
func TestTextRefuses(t *testing.T) {
	t.Parallel()
	good, err := verify.NewEntry(verify.LogClosed, id(1), "", "2026-11-25T10:00:00Z", "", verify.ClosedBody{Reason: "quorum none"})
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]func(e *verify.Entry){
		"line end in a member":       func(e *verify.Entry) { e.Time += "\n" },
		"quotation mark in a member": func(e *verify.Entry) { e.Subject = `","x":"` },
		"no id":                      func(e *verify.Entry) { e.ID = "" },
		"no body":                    func(e *verify.Entry) { e.Body = nil },
		"body that is no JSON":       func(e *verify.Entry) { e.Body = []byte("{") },
		"version 2":                  func(e *verify.Entry) { e.V = 2 },
		"unknown type":               func(e *verify.Entry) { e.Type = "x" },
	} {
		e := good
		f(&e)
		if _, err := verify.Text(domain, e); err == nil {
			t.Errorf("%s: not refused", name)
		}
	}
	if _, err := verify.NewEntry(verify.LogClosed, id(1), "", "", "", func() {}); iotmark.KindOf(err) != iotmark.Invalid {
		t.Errorf("got %v", err)
	}
	if got, want := verify.NewID(time.UnixMilli(0x0102030405), [10]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe}), "00010203-0405-7fff-bfff-fffffffffffe"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
