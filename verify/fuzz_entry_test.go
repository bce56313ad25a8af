package verify_test

import (
	"bytes"
	"testing"

	"github.com/gowebpki/jcs"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
)

// What is read has one form: it is written again as it was, and its JSON is
// that of RFC 8785 by the measure of another implementation.
func FuzzParse(f *testing.F) {
	all := samples(f)
	for _, typ := range types(f) {
		f.Add(seal(f, text(f, typ, all[typ].subject, digest("prev"), all[typ].body)))
	}
	f.Add(granted(f))
	f.Fuzz(func(t *testing.T, note []byte) {
		s, err := verify.Parse(domain, note)
		if err != nil {
			e, ok := err.(*iotmark.Error)
			if !ok || e.Kind != iotmark.Unverified || e.ID == "" {
				t.Fatalf("got %#v", err)
			}
			if bytes.ContainsAny([]byte(e.Msg), "\x00\n\r\x1b") {
				t.Fatalf("the message steers a terminal: %q", e.Msg)
			}
			return
		}
		line := bytes.Split(s.Text, []byte("\n"))[1]
		if again, err := jcs.Transform(line); err != nil || !bytes.Equal(again, line) {
			t.Fatalf("not in the form of RFC 8785: %v\n%s", err, line)
		}
		if again, err := verify.Text(domain, s.Entry); err != nil || !bytes.Equal(again, s.Text) {
			t.Fatalf("not written again as it was: %v\n%s", err, line)
		}
		if again, err := verify.Seal(s.Text, s.Sigs...); err != nil || !bytes.Equal(again, note) {
			t.Fatalf("not sealed again as it was: %v", err)
		}
		if s.Decoded() == nil {
			t.Fatal("no body")
		}
	})
}

// Keys and signatures of strangers: nothing holds that was not made, and what
// is taken from a file is what the file has.
func FuzzSSHSIG(f *testing.F) {
	txt := text(f, verify.NoteCorrection, "", "", samples(f)[verify.NoteCorrection].body)
	h, sk := newHolder(f, domain+"/committee/2", "consumers", "p2", verify.Committee), newSecure(f)
	plain := h.ssh(txt).Bytes
	touched := map[string]bool{}
	for _, hash := range []string{"sha512", "sha256"} {
		blob := sk.sign(txt, verify.Namespace(domain), hash, 1, 7)
		touched[string(blob)] = true
		f.Add(sk.KeyEntry.Key, verify.Armour(blob))
	}
	f.Add(h.KeyEntry.Key, verify.Armour(plain))
	f.Add("ssh-rsa AAAA", []byte(nil))
	f.Fuzz(func(t *testing.T, line string, armoured []byte) {
		e := h.KeyEntry
		e.Key = line
		if k, err := verify.ParseKey(e); err == nil && k.KeyEntry.Key != line {
			t.Fatal("another key was read")
		}
		for _, k := range []*verify.Key{h.Key, sk.Key} {
			s, err := verify.FromSSH(k, armoured)
			if err != nil {
				continue
			}
			if !k.Made(s) {
				t.Fatal("the line is not of the key that made it")
			}
			if k.Verify(txt, s, domain) == nil && !bytes.Equal(s.Bytes, plain) && !touched[string(s.Bytes)] {
				t.Fatalf("a signature holds that nobody made: %x", s.Bytes)
			}
			if again, err := verify.FromSSH(k, verify.Armour(s.Bytes)); err != nil || !bytes.Equal(again.Bytes, s.Bytes) {
				t.Fatal("the armour does not give what was put in it")
			}
		}
	})
}
