package verify_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	fnote "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/formats/witness"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
)

// signer is a key of a log (type 1) or a witness (type 4).
type signer struct {
	name string
	kind byte
	key  ed25519.PrivateKey
}

func newSigner(name string, kind byte) signer {
	seed := sha256.Sum256([]byte("policy test " + name))
	return signer{name, kind, ed25519.NewKeyFromSeed(seed[:])}
}

func (s signer) id() []byte {
	h := sha256.Sum256(append([]byte(s.name+"\n"), s.typed()...))
	return h[:4]
}

func (s signer) typed() []byte {
	return append([]byte{s.kind}, s.key.Public().(ed25519.PublicKey)...)
}

func (s signer) vkey() string {
	return fmt.Sprintf("%s+%x+%s", s.name, s.id(), base64.StdEncoding.EncodeToString(s.typed()))
}

// line signs a checkpoint's text; witnesses say the time.
func (s signer) line(text string, at int64) string {
	raw := s.id()
	msg := text
	if s.kind == 4 {
		raw = binary.BigEndian.AppendUint64(raw, uint64(at))
		msg = fmt.Sprintf("cosignature/v1\ntime %d\n%s", uint64(at), text)
	}
	return "\u2014 " + s.name + " " + base64.StdEncoding.EncodeToString(append(raw, ed25519.Sign(s.key, []byte(msg))...)) + "\n"
}

var (
	theLog = newSigner("log.mark.example/1", 1)
	w1     = newSigner("witness.consumers.example", 4)
	w2     = newSigner("witness.university.example", 4)
	w3     = newSigner("witness.engineers.example", 4)
	w4     = newSigner("witness.abroad.example", 4)
	audit  = newSigner("audit.lab.example", 4)
)

const nested = `# three of four, and one that replays everything
log %s https://log.mark.example/1/

witness w1 %s https://w1.example/
witness	w2 %s
 witness w3 %s
witness w4 %s
group witnesses 3 w1 w2 w3 w4
witness a %s
group auditors any a
group all-of-them all witnesses auditors
quorum all-of-them
`

func nestedPolicy() string {
	return fmt.Sprintf(nested, theLog.vkey(), w1.vkey(), w2.vkey(), w3.vkey(), w4.vkey(), audit.vkey())
}

func TestPolicy(t *testing.T) {
	t.Parallel()
	p, err := verify.ParsePolicy(nestedPolicy())
	if err != nil {
		t.Fatal(err)
	}
	want := []verify.PolicyWitness{{"w1", w1.vkey(), "https://w1.example/"}, {"w2", w2.vkey(), ""}, {"w3", w3.vkey(), ""}, {"w4", w4.vkey(), ""}, {"a", audit.vkey(), ""}}
	if d := cmp.Diff(want, p.Witnesses()); d != "" {
		t.Errorf("witnesses: got (-want +got)\n%s", d)
	}
	if d := cmp.Diff([]string{theLog.vkey()}, p.Logs()); d != "" {
		t.Errorf("logs: got (-want +got)\n%s", d)
	}
	if d := cmp.Diff(verify.Margin{Witnesses: 5, Needed: 4, Tolerated: 2, Spare: 0}, p.Margin()); d != "" {
		t.Errorf("margin: got (-want +got)\n%s", d)
	}
}

// The table of trust.md 4.3, and the edges.
func TestMargin(t *testing.T) {
	t.Parallel()
	tests := []struct {
		policy string
		want   verify.Margin
	}{
		{"quorum none", verify.Margin{Tolerated: -1}},
		{"witness w1 quorum w1", verify.Margin{Witnesses: 1, Needed: 1, Tolerated: 0}},
		{"group g 2 3", verify.Margin{Witnesses: 3, Needed: 2, Tolerated: 0, Spare: 1}},
		{"group g 3 4", verify.Margin{Witnesses: 4, Needed: 3, Tolerated: 1, Spare: 1}},
		{"group g 4 5", verify.Margin{Witnesses: 5, Needed: 4, Tolerated: 2, Spare: 1}},
		{"group g 5 7", verify.Margin{Witnesses: 7, Needed: 5, Tolerated: 2, Spare: 2}},
		{"group g 1 3", verify.Margin{Witnesses: 3, Needed: 1, Tolerated: -1, Spare: 2}},
		{"group g 2 4", verify.Margin{Witnesses: 4, Needed: 2, Tolerated: -1, Spare: 2}},
	}
	for _, tt := range tests {
		t.Run(tt.policy, func(t *testing.T) {
			t.Parallel()
			text := tt.policy + "\n"
			var k, n int
			switch _, err := fmt.Sscanf(tt.policy, "group g %d %d", &k, &n); {
			case err == nil:
				text = ""
				group := fmt.Sprintf("group g %d", k)
				for i := range n {
					name := fmt.Sprintf("w%d", i)
					text += "witness " + name + " " + newSigner(name, 4).vkey() + "\n"
					group += " " + name
				}
				text += group + "\nquorum g\n"
			case strings.HasPrefix(tt.policy, "witness"):
				text = "witness w1 " + w1.vkey() + "\nquorum w1\n"
			}
			p, err := verify.ParsePolicy(text)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, p.Margin()); d != "" {
				t.Errorf("got (-want +got)\n%s", d)
			}
		})
	}
}

func TestPolicyRefuses(t *testing.T) {
	t.Parallel()
	w, log := w1.vkey(), theLog.vkey()
	flip := func(vkey string) string { // another key id
		name, rest, _ := strings.Cut(vkey, "+")
		return name + "+00000000+" + rest[9:]
	}
	var many strings.Builder
	for i := range 65 {
		many.WriteString("witness " + fmt.Sprint(i) + " " + newSigner(fmt.Sprint(i), 4).vkey() + "\n")
	}
	tests := []struct{ name, text string }{
		{"empty", ""},
		{"no quorum", "witness a " + w + "\n"},
		{"two quorums", "quorum none\nquorum none\n"},
		{"no line feed at the end", "quorum none"},
		{"carriage return", "quorum none\r\n"},
		{"unknown word", "note a\nquorum none\n"},
		{"log with too much", "log " + log + " u v\nquorum none\n"},
		{"log twice", "log " + log + "\nlog " + log + "\nquorum none\n"},
		{"witness key for a log", "log " + w + "\nquorum none\n"},
		{"log key for a witness", "witness a " + log + "\nquorum a\n"},
		{"other key id", "witness a " + flip(w) + "\nquorum a\n"},
		{"key id in capitals", "witness a " + strings.Replace(w, "+", "+0X", 1) + "\nquorum a\n"},
		{"no key", "witness a b\nquorum a\n"},
		{"short key", "witness a b+00000000+BAAA\nquorum a\n"},
		{"name twice", "witness a " + w + "\nwitness a " + w2.vkey() + "\nquorum a\n"},
		{"key twice", "witness a " + w + "\nwitness b " + w + "\nquorum a\n"},
		{"named none", "witness none " + w + "\nquorum none\n"},
		{"group before its members", "group g any a\nwitness a " + w + "\nquorum g\n"},
		{"group of nobody", "group g any\nquorum g\n"},
		{"group of itself", "group g any g\nquorum g\n"},
		{"member twice", "witness a " + w + "\ngroup g any a a\nquorum g\n"},
		{"member of two groups", "witness a " + w + "\ngroup g any a\ngroup h any a\nquorum g\n"},
		{"zero of", "witness a " + w + "\ngroup g 0 a\nquorum g\n"},
		{"two of one", "witness a " + w + "\ngroup g 2 a\nquorum g\n"},
		{"leading zero", "witness a " + w + "\ngroup g 01 a\nquorum g\n"},
		{"none in a group", "group g any none\nquorum g\n"},
		{"quorum of nothing", "quorum g\n"},
		{"too many", many.String() + "quorum none\n"},
		{"too long", "#" + strings.Repeat("x", verify.MaxPolicy) + "\nquorum none\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := verify.ParsePolicy(tt.text)
			if got := idOf(err); got != "policy-malformed" {
				t.Errorf("got %q (%v), want policy-malformed", got, err)
			}
		})
	}
}

func TestForLog(t *testing.T) {
	t.Parallel()
	p, err := verify.ParsePolicy(nestedPolicy())
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, vkey string
		want       iotmark.ErrorID
	}{
		{"its own", theLog.vkey(), ""},
		{"another", newSigner("log.other.example/1", 1).vkey(), "policy-other-log"},
		{"no key", "log", "vkey-malformed"},
		{"key of a witness", w1.vkey(), "vkey-malformed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := p.ForLog(tt.vkey); idOf(err) != tt.want {
				t.Errorf("got %q, want %q", idOf(err), tt.want)
			}
		})
	}
}

// What is accepted here, the parser of the log accepts too, once all
// witnesses have an address; and it means the same.
func TestPolicyAgreesWithFormats(t *testing.T) {
	t.Parallel()
	text := strings.NewReplacer(w2.vkey(), w2.vkey()+" https://w2.example/", w3.vkey(), w3.vkey()+" https://w3.example/",
		w4.vkey(), w4.vkey()+" https://w4.example/", audit.vkey(), audit.vkey()+" https://a.example/").Replace(nestedPolicy())
	ours, err := verify.ParsePolicy(text)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := witness.ParsePolicy([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	all := []signer{w1, w2, w3, w4, audit}
	for set := range 1 << len(all) {
		c := checkpointText(7)
		cp := c + "\n" + theLog.line(c, 0)
		for i, w := range all {
			if set>>i&1 == 1 {
				cp += w.line(c, 1_790_000_000+int64(i))
			}
		}
		_, err := ours.Open([]byte(cp), theLog.name)
		if got, want := err == nil, theirs.Satisfied([]byte(cp)); got != want {
			t.Errorf("witnesses %05b: got %v (%v), want %v", set, got, err, want)
		}
	}
}

func TestMLDSA(t *testing.T) {
	t.Parallel()
	skey, vkey, err := fnote.GenerateMLDSAKey("witness.new.example")
	if err != nil {
		t.Fatal(err)
	}
	s, err := fnote.NewMLDSASigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	logKey, logVKey, err := fnote.GenerateMLDSAKey(theLog.name)
	if err != nil {
		t.Fatal(err)
	}
	ls, err := fnote.NewMLDSASigner(logKey)
	if err != nil {
		t.Fatal(err)
	}
	p, err := verify.ParsePolicy("log " + theLog.vkey() + "\nlog " + logVKey + "\nwitness w " + vkey + "\nquorum w\n")
	if err != nil {
		t.Fatal(err)
	}
	if p, err = p.ForLog(theLog.vkey()); err != nil {
		t.Fatal(err)
	}
	c := checkpointText(7)
	line := func(s *fnote.SubtreeSigner, sig []byte) string {
		return "\u2014 " + s.Name() + " " + base64.StdEncoding.EncodeToString(append(binary.BigEndian.AppendUint32(nil, s.KeyHash()), sig...)) + "\n"
	}
	sign := func(s *fnote.SubtreeSigner) []byte {
		sig, err := s.Sign([]byte(c))
		if err != nil {
			t.Fatal(err)
		}
		return sig
	}
	wrong := sign(s)
	wrong[100]++
	wrongLog := sign(ls)
	wrongLog[100]++
	plain := c + "\n" + theLog.line(c, 0)
	for _, tt := range []struct {
		name, cp string
		want     iotmark.ErrorID
	}{
		{"witness", plain + line(s, sign(s)), ""},
		{"both", plain + line(ls, sign(ls)) + line(s, sign(s)), ""},
		{"log only by its second key", c + "\n" + line(ls, sign(ls)) + line(s, sign(s)), "log-signature-missing"},
		{"wrong witness", plain + line(s, wrong), "witness-signature-wrong"},
		{"wrong second signature of the log", plain + line(ls, wrongLog) + line(s, sign(s)), "log-signature-wrong"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := p.Open([]byte(tt.cp), theLog.name); idOf(err) != tt.want {
				t.Errorf("got %q, want %q", idOf(err), tt.want)
			}
		})
	}
}

func FuzzParsePolicy(f *testing.F) {
	f.Add(nestedPolicy())
	f.Add("quorum none\n")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := verify.ParsePolicy(text)
		if err != nil {
			if idOf(err) != "policy-malformed" {
				t.Errorf("got %v", err)
			}
			return
		}
		if m := p.Margin(); m.Needed > m.Witnesses || m.Tolerated >= m.Needed && m.Needed > 0 || p.Witnessed() != (m.Needed > 0) {
			t.Errorf("margin %+v of %q", m, text)
		}
	})
}
