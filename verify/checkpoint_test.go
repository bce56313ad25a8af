package verify_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/transparency-dev/formats/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
)

var someRoot = sha256.Sum256([]byte("root"))

func checkpointText(size int) string { return checkpointOf(theLog.name, size, someRoot) }

func checkpointOf(origin string, size int, root [32]byte) string {
	return fmt.Sprintf("%s\n%d\n%s\n", origin, size, base64.StdEncoding.EncodeToString(root[:]))
}

func policyOf(t testing.TB, text string) *verify.Policy {
	t.Helper()
	p, err := verify.ParsePolicy(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestOpen(t *testing.T) {
	t.Parallel()
	p := policyOf(t, nestedPolicy())
	c := checkpointText(7)
	const at = 1_790_000_000
	logged := c + "\n" + theLog.line(c, 0)
	enough := w1.line(c, at+3) + w2.line(c, at+1) + w3.line(c, at+2) + audit.line(c, at+9)
	full := logged + enough
	other := checkpointText(8)
	stranger := newSigner("witness.stranger.example", 4)
	impostor := newSigner("stranger", 1)
	impostor.name = theLog.name
	tests := []struct {
		name, cp string
		want     iotmark.ErrorID
	}{
		{"good", full, ""},
		{"all witnesses, and a stranger", full + w4.line(c, at) + stranger.line(c, at), ""},
		{"signatures before that of the log", c + "\n" + enough + theLog.line(c, 0), ""},
		{"impostor of the same name beside", full + impostor.line(c, 0), ""},
		{"second line of one witness is not looked at", full + w1.line(other, at), ""},
		{"one missing", strings.Replace(full, w2.line(c, at+1), "", 1), "quorum-unmet"},
		{"no auditor", strings.Replace(full, audit.line(c, at+9), w4.line(c, at), 1), "quorum-unmet"},
		{"one witness three times", logged + w1.line(c, at) + w1.line(c, at+1) + w1.line(c, at+2) + audit.line(c, at), "quorum-unmet"},
		{"a witness that says no time", strings.Replace(full, w2.line(c, at+1), w2.line(c, 0), 1), "quorum-unmet"},
		{"no signature of the log", c + "\n" + enough, "log-signature-missing"},
		{"impostor alone", c + "\n" + impostor.line(c, 0) + enough, "log-signature-missing"},
		{"log signed another size", c + "\n" + theLog.line(other, 0) + enough, "log-signature-wrong"},
		{"witness signed another size", full + w4.line(other, at), "witness-signature-wrong"},
		{"witness said another time", strings.Replace(full, w2.line(c, at+1), tamper(w2.line(c, at+1)), 1), "witness-signature-wrong"},
		{"another log", strings.Replace(full, theLog.name+"\n7", "log.other.example/1\n7", 1), "origin-wrong"},
		{"extension line", strings.Replace(full, "\n\n", "\nmore\n\n", 1), "checkpoint-malformed"},
		{"no signatures", c + "\n", "checkpoint-malformed"},
		{"two checkpoints in one", full + "\n" + full, "checkpoint-malformed"},
		{"size with a leading zero", strings.Replace(full, "\n7\n", "\n07\n", 1), "checkpoint-malformed"},
		{"negative size", strings.Replace(full, "\n7\n", "\n-7\n", 1), "checkpoint-malformed"},
		{"size that JavaScript cannot count", strings.Replace(full, "\n7\n", "\n9007199254740992\n", 1), "checkpoint-malformed"},
		{"root too short", strings.Replace(full, "=\n\n", "\n\n", 1), "checkpoint-malformed"},
		{"carriage returns", strings.ReplaceAll(full, "\n", "\r\n"), "checkpoint-malformed"},
		{"not UTF-8", full + "\u2014 \xff AAAAAAA=\n", "checkpoint-malformed"},
		{"cut short", full[:len(full)-1], "checkpoint-malformed"},
		{"nothing", "", "checkpoint-malformed"},
		{"too many lines", logged + strings.Repeat(stranger.line(c, at), 100), "checkpoint-malformed"},
		{"too long", full + "\u2014 a " + strings.Repeat("A", verify.MaxCheckpoint) + "\n", "checkpoint-malformed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := p.Open([]byte(tt.cp), theLog.name)
			if got := idOf(err); got != tt.want {
				t.Errorf("got %q (%v), want %q", got, err, tt.want)
			}
		})
	}
	got, err := p.Open([]byte(full), theLog.name)
	if err != nil {
		t.Fatal(err)
	}
	want := verify.Seen{Origin: theLog.name, Size: 7, Root: someRoot, Earliest: at + 1,
		Witnesses: []verify.WitnessSig{{Name: "w1", Time: at + 3}, {Name: "w2", Time: at + 1}, {Name: "w3", Time: at + 2}, {Name: "a", Time: at + 9}}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("got (-want +got)\n%s", d)
	}
}

// tamper changes the last digit of the time in a cosignature.
func tamper(line string) string {
	i := strings.LastIndex(line, " ") + 1
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(line[i:], "\n"))
	if err != nil {
		panic(err)
	}
	raw[11]++
	return line[:i] + base64.StdEncoding.EncodeToString(raw) + "\n"
}

// A witness that does not count towards the quorum says no time either.
func TestUncountedWitness(t *testing.T) {
	t.Parallel()
	p := policyOf(t, "log "+theLog.vkey()+"\nwitness own "+w1.vkey()+"\nwitness other "+w2.vkey()+"\nquorum other\n")
	c := checkpointText(7)
	got, err := p.Open([]byte(c+"\n"+theLog.line(c, 0)+w1.line(c, 5)+w2.line(c, 9)), theLog.name)
	if err != nil {
		t.Fatal(err)
	}
	want := verify.Seen{Origin: theLog.name, Size: 7, Root: someRoot, Earliest: 9, Witnesses: []verify.WitnessSig{{Name: "other", Time: 9}}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("got (-want +got)\n%s", d)
	}
	none := policyOf(t, "log "+theLog.vkey()+"\nwitness own "+w1.vkey()+"\nquorum none\n")
	if got, err = none.Open([]byte(c+"\n"+theLog.line(c, 0)+w1.line(c, 5)), theLog.name); err != nil || got.Earliest != 0 || none.Witnessed() {
		t.Errorf("got %+v, %v; want no time of a witness that nobody asks for", got, err)
	}
}

func TestInclusion(t *testing.T) {
	t.Parallel()
	p := policyOf(t, "log "+theLog.vkey()+"\nquorum none\n")
	notes := [][]byte{[]byte("zero"), []byte("one"), []byte("two")}
	h := rfc6962.DefaultHasher
	l := [][]byte{h.HashLeaf(notes[0]), h.HashLeaf(notes[1]), h.HashLeaf(notes[2])}
	root := h.HashChildren(h.HashChildren(l[0], l[1]), l[2])
	c := checkpointOf(theLog.name, 3, [32]byte(root))
	cp := c + "\n" + theLog.line(c, 0)
	good := string(proof.TLogProof{Index: 1, Hashes: [][32]byte{[32]byte(l[0]), [32]byte(l[2])}, Checkpoint: []byte(cp)}.Marshal())
	tests := []struct {
		name, proof string
		note        []byte
		want        iotmark.ErrorID
	}{
		{"good", good, notes[1], ""},
		{"another entry", good, notes[2], "proof-wrong"},
		{"another index", strings.Replace(good, "index 1", "index 0", 1), notes[1], "proof-wrong"},
		{"index beyond the log", strings.Replace(good, "index 1", "index 3", 1), notes[1], "proof-wrong"},
		{"hash left out", strings.Replace(good, base64.StdEncoding.EncodeToString(l[2])+"\n", "", 1), notes[1], "proof-wrong"},
		{"hashes swapped", string(proof.TLogProof{Index: 1, Hashes: [][32]byte{[32]byte(l[2]), [32]byte(l[0])}, Checkpoint: []byte(cp)}.Marshal()), notes[1], "proof-wrong"},
		{"extra data", strings.Replace(good, "index", "extra AAAA\nindex", 1), notes[1], "proof-malformed"},
		{"other version", strings.Replace(good, "@v1", "@v2", 1), notes[1], "proof-malformed"},
		{"index with a plus", strings.Replace(good, "index 1", "index +1", 1), notes[1], "proof-malformed"},
		{"half a hash", strings.Replace(good, base64.StdEncoding.EncodeToString(l[2]), "AAAA", 1), notes[1], "proof-malformed"},
		{"carriage return in a hash", strings.Replace(good, "=\n", "\r\n", 1), notes[1], "proof-malformed"},
		{"too many hashes", strings.Replace(good, "index 1\n", "index 1\n"+strings.Repeat(base64.StdEncoding.EncodeToString(l[2])+"\n", 65), 1), notes[1], "proof-malformed"},
		{"no checkpoint", strings.Split(good, "\n\n")[0], notes[1], "proof-malformed"},
		{"wrong checkpoint", strings.Replace(good, "\n3\n", "\n4\n", 1), notes[1], "log-signature-wrong"},
		{"nothing", "", notes[1], "proof-malformed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			index, s, err := verify.Inclusion([]byte(tt.proof), tt.note, p, theLog.name)
			if got := idOf(err); got != tt.want {
				t.Errorf("got %q (%v), want %q", got, err, tt.want)
			}
			if err == nil && (index != 1 || s.Size != 3) {
				t.Errorf("got index %d in size %d, want 1 in 3", index, s.Size)
			}
		})
	}
}

// No checkpoint opens but by the signatures of this policy.
func FuzzOpen(f *testing.F) {
	c := checkpointText(7)
	p, err := verify.ParsePolicy("log " + theLog.vkey() + "\nwitness w " + w1.vkey() + "\nquorum w\n")
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(c + "\n" + theLog.line(c, 0) + w1.line(c, 9)))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := p.Open(b, theLog.name)
		if err == nil && (s.Size != 7 || s.Root != someRoot || s.Earliest != 9) {
			t.Errorf("opened %q", b)
		}
		if err != nil && strings.HasPrefix(string(idOf(err)), "not ours") {
			t.Errorf("got %v", err)
		}
	})
}

// What is read of a proof is what was written, and no proof has two forms.
func FuzzInclusion(f *testing.F) {
	p, err := verify.ParsePolicy("log " + theLog.vkey() + "\nquorum none\n")
	if err != nil {
		f.Fatal(err)
	}
	note := []byte("one")
	c := checkpointOf(theLog.name, 1, [32]byte(rfc6962.DefaultHasher.HashLeaf(note)))
	good := proof.TLogProof{Checkpoint: []byte(c + "\n" + theLog.line(c, 0))}.Marshal()
	f.Add(good)
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, _, err := verify.Inclusion(b, note, p, theLog.name); err == nil && !bytes.HasPrefix(b, good) {
			t.Errorf("accepted %q", b)
		}
	})
}
