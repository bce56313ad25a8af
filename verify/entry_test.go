package verify_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
)

const domain = "iotmark.example"

// holder is a key pair of a test, made of its name.
type holder struct {
	*verify.Key
	private ed25519.PrivateKey
}

func newHolder(t testing.TB, name, org, person string, role verify.Role) holder {
	t.Helper()
	seed := sha256.Sum256([]byte(name))
	private := ed25519.NewKeyFromSeed(seed[:])
	k, err := verify.ParseKey(verify.KeyEntry{Key: verify.PublicLine(private.Public().(ed25519.PublicKey)), Name: name, Org: org, Person: person, Role: role})
	if err != nil {
		t.Fatal(err)
	}
	return holder{k, private}
}

func (h holder) plain(text []byte) verify.Sig { return h.Plain(ed25519.Sign(h.private, text)) }

func (h holder) ssh(text []byte) verify.Sig {
	ns := verify.Namespace(domain)
	return h.SSHSIG(ns, "sha512", ed25519.Sign(h.private, verify.SSHMessage(ns, "sha512", text)))
}

func digest(s string) iotmark.Digest { return verify.LeafOf([]byte(s)) }

func id(n byte) string {
	return verify.NewID(time.UnixMilli(1795600000000), [10]byte{9: n})
}

func mark(n byte) string { return verify.Subject(verify.OfMark, id(n)) }

// terms is a body with every member there is.
func terms() verify.TermsBody {
	topics := map[iotmark.Topic]verify.TopicCounts{}
	for i, t := range iotmark.Topics() {
		topics[t] = verify.TopicCounts{Criteria: 20 + i, Checked: i, Assessed: 3, Tested: 1}
	}
	return verify.TermsBody{
		Catalogue: digest("catalogue"), Code: "K7Q2MX99", Conclusions: digest("conclusions"), Edition: "2026.1",
		Evaluation: digest("evaluation"), Evidence: digest("evidence"),
		Holder: verify.Holder{Domain: "lamps.example", LEI: "5493001KJTIIGC8Y1R12", Name: "\u00d6ko Lamp Ltd"},
		Product: verify.ProductTerms{Category: "lighting", GTINs: []string{"09506000134352"}, Hardware: []string{"rev C"}, ID: "glowone-g1",
			Matter: &verify.Matter{PID: 32769, VID: 65521}, Model: "GlowOne G1", Name: "GlowOne \"warm\" <lamp> & hub",
			Services: []string{"api.lamps.example", "ota.lamps.example"}, Software: verify.Software{Manifest: digest("manifest"), Min: "2.4.0"}},
		Scope: "lighting", Slot: 94567, Topics: topics, Updates: "2031-10-10", ValidFrom: "2026-11-22", ValidUntil: "2029-11-21",
	}
}

func text(t testing.TB, typ verify.Type, subject string, prev iotmark.Digest, body any) []byte {
	t.Helper()
	e, err := verify.NewEntry(typ, id(1), subject, "2026-11-25T10:00:00Z", prev, body)
	if err != nil {
		t.Fatal(err)
	}
	b, err := verify.Text(domain, e)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func granted(t testing.TB) []byte {
	t.Helper()
	txt := text(t, verify.MarkGranted, mark(7), digest("before"), terms())
	note, err := verify.Seal(txt,
		newHolder(t, domain+"/committee/4", "body", "p4", verify.Committee).ssh(txt),
		newHolder(t, "testlab.example/assessor/7", "testlab", "p7", verify.Assessor).plain(txt),
		newHolder(t, domain+"/committee/2", "consumers", "p2", verify.Committee).plain(txt))
	if err != nil {
		t.Fatal(err)
	}
	return note
}

func TestParse(t *testing.T) {
	t.Parallel()
	note := granted(t)
	s, err := verify.Parse(domain, note)
	if err != nil {
		t.Fatal(err)
	}
	want := terms()
	if diff := cmp.Diff(&want, s.Decoded()); diff != "" {
		t.Errorf("got (-want +got)\n%s", diff)
	}
	again, err := verify.Text(domain, s.Entry)
	if err != nil || !bytes.Equal(again, s.Text) {
		t.Errorf("the text is not written again as it was: %v\n%s\n%s", err, again, s.Text)
	}
	sealed, err := verify.Seal(s.Text, s.Sigs...)
	if err != nil || !bytes.Equal(sealed, note) {
		t.Errorf("the note is not sealed again as it was: %v", err)
	}
	if s.Leaf != verify.LeafOf(note) || s.Subject != mark(7) || s.At().Unix() != 1795600800 {
		t.Errorf("leaf %s, subject %s, time %s", s.Leaf, s.Subject, s.At())
	}
	if !strings.HasPrefix(string(note), "iotmark.example/entry/v1\n{\"body\":{\"catalogue\":") {
		t.Errorf("it begins otherwise:\n%s", note)
	}
}
