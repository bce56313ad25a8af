package verify_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/merkle/testonly"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

func TestStatusBits(t *testing.T) {
	t.Parallel()
	var marks []verify.Mark
	at := func(slot int64, s iotmark.MarkState) { marks = append(marks, verify.Mark{Slot: slot, State: s}) }
	at(0, iotmark.MarkValid)
	at(1, iotmark.MarkWithdrawn)
	at(2, iotmark.MarkSuspended)
	at(3, iotmark.MarkExpired)
	at(verify.ListBits-1, iotmark.MarkWithdrawn)
	at(verify.ListBits, iotmark.MarkWithdrawn)
	at(verify.ListBits+9, iotmark.MarkSuspended)
	for _, tt := range []struct {
		id      int
		purpose string
		want    []int64
	}{
		{1, verify.Revocation, []int64{1, verify.ListBits - 1}},
		{1, verify.Suspension, []int64{2}},
		{2, verify.Revocation, []int64{0}},
		{2, verify.Suspension, []int64{9}},
		{3, verify.Revocation, nil},
	} {
		b := verify.StatusBits(marks, tt.id, tt.purpose)
		back := must(verify.DecodeBits(verify.EncodeBits(b), verify.ListBits))
		if !bytes.Equal(back, b) {
			t.Errorf("list %d for %s changed on its way", tt.id, tt.purpose)
		}
		var got []int64
		for i := range int64(verify.ListBits) {
			if back.Get(i) {
				got = append(got, i)
			}
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("list %d for %s: got (-want +got)\n%s", tt.id, tt.purpose, d)
		}
	}
	for marks, want := range map[int64][]int{0: {1}, 1: {1}, verify.ListBits: {1}, verify.ListBits + 1: {1, 2}} {
		if d := cmp.Diff(want, verify.ListIDs(marks)); d != "" {
			t.Errorf("%d marks: got (-want +got)\n%s", marks, d)
		}
	}
}

// The first bit is the left-most one (Bitstring Status List v1.0, 3.1 and the
// example of 2.2, whose list has 131,072 bits that are not set).
func TestBits(t *testing.T) {
	t.Parallel()
	b := must(verify.DecodeBits("uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA", verify.ListBits))
	if len(b)*8 != verify.ListBits || !bytes.Equal(b, make([]byte, len(b))) {
		t.Errorf("the example of the standard has %d bits", len(b)*8)
	}
	b[0] = 0x41
	for i, want := range []bool{false, true, false, false, false, false, false, true, false} {
		if b.Get(int64(i)) != want {
			t.Errorf("bit %d of 0x41: got %v", i, !want)
		}
	}
	if b.Get(-1) || b.Get(1<<40) {
		t.Error("there are bits beyond the ends")
	}
}

func TestDecodeBitsRefuses(t *testing.T) {
	t.Parallel()
	good := verify.EncodeBits(make(verify.Bits, verify.ListBits/8))
	raw := must(base64.RawURLEncoding.DecodeString(good[1:]))
	coded := func(b []byte) string { return "u" + base64.RawURLEncoding.EncodeToString(b) }
	changed := bytes.Clone(raw)
	changed[len(changed)-6] ^= 1 // of the checksum
	noise := make(verify.Bits, verify.ListBits/8)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	for _, tt := range []struct {
		name, in string
		want     iotmark.ErrorID
	}{
		{"good", good, ""},
		{"noise, which cannot be compressed", verify.EncodeBits(noise), ""},
		{"nothing", "", "list-malformed"},
		{"another base", "z" + good[1:], "list-malformed"},
		{"padding", good + "=", "list-malformed"},
		{"line feed", good[:9] + "\n" + good[9:], "list-malformed"},
		{"no gzip", coded([]byte("abc")), "list-malformed"},
		{"cut short", coded(raw[:len(raw)-9]), "list-malformed"},
		{"wrong checksum", coded(changed), "list-malformed"},
		{"something after it", coded(append(bytes.Clone(raw), 0)), "list-malformed"},
		{"two in one", coded(append(bytes.Clone(raw), raw...)), "list-malformed"},
		{"one byte short", verify.EncodeBits(make(verify.Bits, verify.ListBits/8-1)), "list-size"},
		{"one byte long", verify.EncodeBits(make(verify.Bits, verify.ListBits/8+1)), "list-size"},
		{"bomb", verify.EncodeBits(make(verify.Bits, 1<<25)), "list-size"},
		{"text that is too long", "u" + strings.Repeat("A", 1<<20), "list-size"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := verify.DecodeBits(tt.in, verify.ListBits); idOf(err) != tt.want {
				t.Errorf("got %q (%v), want %q", idOf(err), err, tt.want)
			}
		})
	}
	if _, err := verify.DecodeBits(verify.EncodeBits(make(verify.Bits, 1<<20)), verify.MaxListBits); err != nil {
		t.Errorf("a longer list of others: %v", err)
	}
}

func TestParseList(t *testing.T) {
	t.Parallel()
	s := verifytest.New(t, verifytest.Opts{Bare: true})
	want := verify.List{Domain: s.Opts.Domain, ID: 12, Purpose: verify.Suspension, Bits: make(verify.Bits, verify.ListBits/8), From: s.Now}
	want.Bits[7] = 3
	doc := must(s.Issuing().List(want))
	if err := verify.VerifyDI(doc, s.Issuing().Public); err != nil {
		t.Error(err)
	}
	if d := cmp.Diff(want, must(verify.ParseList(s.Opts.Domain, doc))); d != "" {
		t.Errorf("got (-want +got)\n%s", d)
	}
	if got, want := want.Until(), s.Now.AddDate(0, 0, 7); !got.Equal(want) {
		t.Errorf("until %s, want %s", got, want)
	}
	for _, bad := range []string{" ", `{"a":1,"a":1}`, "{}", string(doc) + "\n"} {
		if got := idOf(second(verify.ParseList(s.Opts.Domain, []byte(bad)))); got != "list-malformed" {
			t.Errorf("%.30q: got %q, want list-malformed", bad, got)
		}
	}
	if got := idOf(second(verify.ParseList("other.example", doc))); got != "list-wrong" {
		t.Errorf("got %q, want list-wrong", got)
	}
}

func FuzzDecodeBits(f *testing.F) {
	f.Add(verify.EncodeBits(make(verify.Bits, verify.ListBits/8)))
	f.Fuzz(func(t *testing.T, s string) {
		b, err := verify.DecodeBits(s, verify.ListBits)
		if err == nil && len(b) != verify.ListBits/8 || err != nil && b != nil {
			t.Errorf("%d bytes, %v", len(b), err)
		}
	})
}

// The tree is that of RFC 6962, at every size; each leaf has a path, and the
// path is of no other.
func TestTree(t *testing.T) {
	t.Parallel()
	leaves := testonly.LeafInputs()
	roots := testonly.RootHashes()
	for n := range len(leaves) + 1 {
		root := verify.NewTree(n, func(i int) []byte { return leaves[i] }).Root()
		if !bytes.Equal(root[:], roots[n]) {
			t.Errorf("root of %d: got %x, want %x", n, root, roots[n])
		}
	}
	var records []verify.StateRecord
	for n := range 70 {
		tree := verify.StatesOf(records)
		root := tree.Root()
		for i, r := range records {
			p := verify.ProveState(tree, r)
			if !p.Holds(root) {
				t.Fatalf("record %d of %d: its path does not lead to the root", i, n)
			}
			p.Record.Terms = verifytest.Digest("other")
			if p.Holds(root) {
				t.Errorf("record %d of %d: the path holds for another record", i, n)
			}
		}
		if tree.Path(int64(n)) != nil || tree.Path(-1) != nil {
			t.Errorf("there is a path beyond the %d records", n)
		}
		records = append(records, verify.StateRecord{Code: fmt.Sprint(n), Grant: verifytest.Digest(fmt.Sprint("grant", n)), Slot: int64(n),
			State: iotmark.MarkValid, Terms: verifytest.Digest(fmt.Sprint("terms", n))})
	}
	root := verify.NewTree(0, nil).Root()
	if !bytes.Equal(root[:], rfc6962.DefaultHasher.EmptyRoot()) {
		t.Errorf("got %x for nothing", root)
	}
}

// What is hashed never changes.
func TestStateRecordLine(t *testing.T) {
	t.Parallel()
	r := verify.StateRecord{Code: "K7Q2MX99", Grant: verifytest.Digest("a"), Slot: 5, State: iotmark.MarkSuspended, Terms: verifytest.Digest("b")}
	want := `{"code":"K7Q2MX99","grant":"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb","slot":5,"state":"suspended","terms":"3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d"}`
	if got := string(r.Line()); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTrust(t *testing.T) {
	t.Parallel()
	s := verifytest.New(t, verifytest.Opts{Bare: true, Witnesses: 3})
	file := s.Trust.Marshal()
	got := must(verify.ParseTrust(file))
	if d := cmp.Diff(s.Trust, got); d != "" {
		t.Errorf("got (-want +got)\n%s", d)
	}
	if got.Origin() != s.Origin {
		t.Errorf("origin %s, want %s", got.Origin(), s.Origin)
	}
	text := string(file)
	for _, tt := range []struct {
		name, in string
		want     iotmark.ErrorID
	}{
		{"without line feed", strings.TrimSuffix(text, "\n"), ""},
		{"nothing", "", "json-malformed"},
		{"white space", " " + text, "json-not-canonical"},
		{"member twice", strings.Replace(text, `"v":1`, `"v":1,"v":1`, 1), "json-duplicate"},
		{"another member", strings.Replace(text, `"v":1`, `"v":1,"w":1`, 1), "member-unknown"},
		{"member in capitals", strings.Replace(text, `"domain"`, `"DOMAIN"`, 1), "json-not-canonical"},
		{"newer version", strings.Replace(text, `"v":1`, `"v":2`, 1), "trust-version"},
		{"no domain", strings.Replace(text, `"domain":"mark.example"`, `"domain":"mark"`, 1), "trust-malformed"},
		{"no root", strings.Replace(text, `"role":"root"`, `"role":"committee"`, 1), "trust-malformed"},
		{"threshold of none", strings.Replace(text, `"root_threshold":3`, `"root_threshold":0`, 1), "trust-malformed"},
		{"threshold that nobody reaches", strings.Replace(text, `"root_threshold":3`, `"root_threshold":6`, 1), "trust-malformed"},
		{"no key of a log", strings.Replace(text, `"log":"log.`, `"log":"lag.`, 1), "vkey-malformed"},
		{"policy for another log", strings.Replace(text, `"policy":"log log.mark.example/1+`, `"policy":"log `+newSigner("log.other.example/1", 1).vkey()+`\n#`, 1), "policy-other-log"},
		{"policy without quorum", strings.Replace(text, `quorum g\n`, ``, 1), "policy-malformed"},
		{"too long", text + strings.Repeat(" ", verify.MaxTrust), "trust-malformed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := verify.ParseTrust([]byte(tt.in)); idOf(err) != tt.want {
				t.Errorf("got %q (%v), want %q", idOf(err), err, tt.want)
			}
		})
	}
}

func TestIndex(t *testing.T) {
	t.Parallel()
	s := verifytest.New(t, verifytest.Opts{})
	k := s.Grant(s.Makers[0], "lamp")
	s.Grant(s.Makers[1], "kettle").Suspend(2)
	reg := s.Replay()
	x := reg.Index()
	doc := must(x.Marshal())
	if err := verify.Canonical(doc); err != nil {
		t.Error(err)
	}
	got := must(verify.ParseIndex(doc))
	if d := cmp.Diff(&x, got); d != "" {
		t.Errorf("got (-want +got)\n%s", d)
	}
	if d := cmp.Diff(got, must(verify.ParseIndex(gzipped(t, doc)))); d != "" {
		t.Errorf("compressed: got (-want +got)\n%s", d)
	}
	want := verify.IndexMark{Code: k.Terms.Code, State: iotmark.MarkValid, GTINs: k.Terms.Product.GTINs, Holder: k.Terms.Holder.Name, Product: k.Terms.Product.Name,
		Model: "T-1", Edition: "2026.1", From: k.Terms.ValidFrom, Until: k.Terms.ValidUntil, Updates: k.Terms.Updates, Terms: string(k.Granted.Leaf[:32])}
	if d := cmp.Diff(want, got.Marks[0]); d != "" || got.Marks[1].State != iotmark.MarkSuspended {
		t.Errorf("got (-want +got)\n%s, state of the second %s", d, got.Marks[1].State)
	}
	for name, tt := range map[string]struct {
		in   []byte
		want iotmark.ErrorID
	}{
		"nothing":         {nil, "index-malformed"},
		"no gzip":         {[]byte{0x1f, 0x8b, 8}, "index-malformed"},
		"newer":           {bytes.Replace(doc, []byte(`"v":1}`), []byte(`"v":2}`), 1), "index-version"},
		"one value short": {bytes.Replace(doc, []byte(`,"T-1"`), nil, 1), "index-malformed"},
		"one more":        {bytes.Replace(doc, []byte(`,"T-1"`), []byte(`,"T-1",1`), 1), "index-malformed"},
	} {
		if got := idOf(second(verify.ParseIndex(tt.in))); got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

func FuzzParseIndex(f *testing.F) {
	f.Add([]byte(`{"as_of":"2026-01-05T09:00:00Z","domain":"mark.example","marks":[["A","valid",["1"],"h","p","m","2026.1","2026-01-01","2027-01-01","2028-01-01","00"]],"origin":"log","size":1,"v":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := verify.ParseIndex(b)
		if err != nil {
			return
		}
		if again := must(x.Marshal()); b[0] == '{' && !bytes.Equal(again, b) {
			t.Errorf("%q is written %q", b, again)
		}
	})
}
