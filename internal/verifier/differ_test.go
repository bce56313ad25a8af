package verifier_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

var (
	cases = flag.Int("differ", 1_500, "how many damaged bundles both implementations are asked about")
	seed  = flag.Uint64("seed", 1, "of the damage")
)

// base is a bundle that is damaged, with all that forging takes.
type base struct {
	s      *verifytest.Scheme
	bundle *verify.Bundle
	trust  []byte
	now    int64
}

func bases(t testing.TB) []base {
	var out []base
	add := func(o verifytest.Opts, do func(s *verifytest.Scheme, k *verifytest.Mark)) {
		s := verifytest.New(t, o)
		k := s.Grant(s.Makers[0], "lamp")
		do(s, k)
		out = append(out, base{s, publish(t, s, 0), s.Trust.Marshal(), s.Now.Unix()})
	}
	add(verifytest.Opts{Witnesses: 3}, func(*verifytest.Scheme, *verifytest.Mark) {})
	add(verifytest.Opts{Witnesses: 1}, func(s *verifytest.Scheme, k *verifytest.Mark) {
		s.Grant(s.Makers[1], "plug")
		k.Amend()
	})
	add(verifytest.Opts{Unwitnessed: true}, func(s *verifytest.Scheme, k *verifytest.Mark) { k.Suspend(2) })
	add(verifytest.Opts{Witnesses: 2}, func(s *verifytest.Scheme, k *verifytest.Mark) {
		s.SetKeyring(s.WithKeys(verifytest.NewKey(s.Opts.Domain+"/root/6", "museum", "r6", verify.Root)))
		s.SetKeyring(s.EndKeys(s.Committee[4].Name))
		k.Withdraw(verify.Maker)
	})
	add(verifytest.Opts{Witnesses: 1}, func(s *verifytest.Scheme, k *verifytest.Mark) {
		ring := s.Keyring
		ring.Rules = map[verify.Type]verify.Rule{
			verify.MarkGranted:   {Need: map[verify.Role]int{verify.Assessor: 1, verify.Committee: 1}},
			verify.MarkRenewed:   {Need: map[verify.Role]int{verify.Assessor: 2, verify.Committee: 3}},
			verify.MarkWithdrawn: {Need: map[verify.Role]int{verify.Committee: 1}, Or: map[verify.Role]int{verify.Maker: 1}},
			verify.BallotHeld:    {Need: map[verify.Role]int{verify.Committee: 5}, OrgsApart: true},
		}
		s.SetKeyring(ring)
	})
	return out
}

// damage makes one damaged file, and says how.
type damage struct {
	r    *rand.Rand
	all  []base
	from base
	now  int64
	how  []string
}

func (d *damage) n(n int) int { return d.r.IntN(n) }

func pick[T any](d *damage, list []T) T { return list[d.n(len(list))] }

// other is the bundle of another base, or the same.
func (d *damage) other() *verify.Bundle { return pick(d, d.all).bundle }

func clone(b *verify.Bundle) *verify.Bundle {
	c := *b
	c.Credential = bytes.Clone(b.Credential)
	c.Entries = slices.Clone(b.Entries)
	c.Lists = nil
	for _, l := range b.Lists {
		c.Lists = append(c.Lists, bytes.Clone(l))
	}
	c.State.Path = append([]string{}, b.State.Path...)
	return &c
}

// bits changes a few bits, or takes, doubles or puts in a few bytes.
func (d *damage) bits(b []byte) []byte {
	b = bytes.Clone(b)
	if len(b) == 0 {
		return []byte{byte(d.n(256))}
	}
	for range 1 + d.n(2) {
		i := d.n(len(b))
		switch d.n(5) {
		case 0, 1:
			b[i] ^= 1 << d.n(8)
		case 2:
			b[i] = pick(d, []byte("\"\\{}[],:0 19aA\n+/=-\x00\xff\x80~"))
		case 3:
			b = slices.Delete(b, i, min(len(b), i+1+d.n(3)))
		case 4:
			b = slices.Insert(b, i, b[i:min(len(b), i+1+d.n(3))]...)
		}
		if len(b) == 0 {
			break
		}
	}
	return b
}

// lines moves, takes or doubles lines of a text, or takes some from another.
func (d *damage) lines(s, other string) string {
	l, o := strings.SplitAfter(s, "\n"), strings.SplitAfter(other, "\n")
	i, j := d.n(len(l)), d.n(len(l))
	switch d.n(6) {
	case 0:
		l = slices.Delete(l, i, i+1)
	case 1:
		l = slices.Insert(l, i, l[j])
	case 2:
		l[i], l[j] = l[j], l[i]
	case 3:
		l[i] = pick(d, o)
	case 4:
		l = slices.Insert(l, i, pick(d, o))
	default:
		l[i] = string(d.bits([]byte(l[i])))
	}
	return strings.Join(l, "")
}

// base64 changes one bit of what a signature line or hash line stands for.
func (d *damage) base64(s string) string {
	l := strings.Split(s, "\n")
	for range 50 {
		i := d.n(len(l))
		at := strings.LastIndex(l[i], " ") + 1
		raw, err := base64.StdEncoding.DecodeString(l[i][at:])
		if err != nil || len(raw) < 32 {
			continue
		}
		switch d.n(4) {
		case 0: // another text of the same bytes, or nearly
			b := []byte(l[i])
			b[len(b)-1-d.n(3)] = pick(d, []byte("ABCQgw=+/"))
			l[i] = string(b)
		case 1:
			raw = raw[:len(raw)-1-d.n(3)]
			l[i] = l[i][:at] + base64.StdEncoding.EncodeToString(raw)
		default:
			raw[d.n(len(raw))] ^= 1 << d.n(8)
			l[i] = l[i][:at] + base64.StdEncoding.EncodeToString(raw)
		}
		break
	}
	return strings.Join(l, "\n")
}

// json changes a member of a JSON value and writes it canonically again.
func (d *damage) json(raw []byte) []byte {
	var v any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if dec.Decode(&v) != nil {
		return raw
	}
	v = d.value(v, 0)
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return raw
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")) // names are ASCII: their order is that of RFC 8785
}

func (d *damage) value(v any, depth int) any {
	if depth > 0 && d.n(6) == 0 {
		return pick(d, []any{nil, true, "", "x", 0, 1, -1, 1 << 40, []any{}, map[string]any{}, "2026-02-30", "2027-01-01", strings.Repeat("f", 64), "k\u00f6nnen", "\U0001F600", "a@b.cd", "\u202e"})
	}
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 {
			v["x"] = 1
			return v
		}
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		k := pick(d, keys)
		switch d.n(8) {
		case 0:
			delete(v, k)
		case 1:
			v[pick(d, []string{"x", "until", "lei", "proof", "or", strings.ToUpper(k[:1]) + k[1:]})] = v[k]
		case 2:
			v[k], v[keys[0]] = v[keys[0]], v[k]
		default:
			v[k] = d.value(v[k], depth+1)
		}
		return v
	case []any:
		if len(v) == 0 {
			return append(v, "x")
		}
		i := d.n(len(v))
		switch d.n(6) {
		case 0:
			return slices.Delete(v, i, i+1)
		case 1:
			return slices.Insert(v, i, v[d.n(len(v))])
		case 2:
			v[i], v[0] = v[0], v[i]
		default:
			v[i] = d.value(v[i], depth+1)
		}
		return v
	case json.Number:
		n, _ := v.Int64()
		return n + int64(pick(d, []int{1, -1, 2, 1000, -1000}))
	case string:
		return strings.ToValidUTF8(string(d.bits([]byte(v))), "\ufffd")
	}
	return v
}

// entry changes an entry; where it can, it signs it again with the keys of
// some people and puts it into a log of its own, so that the damage gets past
// signature and proof.
func (d *damage) entry(p verify.Proven, other verify.Proven) verify.Proven {
	switch d.n(8) {
	case 0:
		p.Entry = d.lines(p.Entry, other.Entry)
	case 1:
		p.Entry = d.base64(p.Entry)
	case 2:
		p.Proof = d.lines(p.Proof, other.Proof)
	case 3:
		p.Proof = d.base64(p.Proof)
	case 4:
		p.Entry = string(d.bits([]byte(p.Entry)))
	case 5:
		p.Entry, p.Proof = other.Entry, pick(d, []string{p.Proof, other.Proof})
	default:
		p = d.forge(p)
	}
	return p
}

// forge signs an entry again: as it is by other people, or with another body
// by those who must.
func (d *damage) forge(p verify.Proven) verify.Proven {
	s := d.from.s
	e, err := verify.Parse(s.Opts.Domain, []byte(p.Entry))
	if err != nil {
		return p
	}
	everybody := slices.Concat(s.Root, s.Committee, []verifytest.Key{s.Operator, s.Issuer}, s.Orgs[0].Keys, s.Orgs[1].Keys, s.Makers[0].Keys)
	text, sigs := e.Text, e.Sigs
	signAll := func() {
		sigs = nil
		for _, k := range everybody {
			if slices.ContainsFunc(e.Sigs, func(s verify.Sig) bool { return s.Name == k.Name }) {
				sigs = append(sigs, k.Sign(text))
			}
		}
	}
	switch d.n(5) {
	case 4: // one that is not of this text
		sigs = slices.Clone(sigs)
		i := d.n(len(sigs))
		sigs[i].Bytes = d.bits(sigs[i].Bytes)
	case 0: // other members
		line := strings.Split(string(e.Text), "\n")
		line[1] = string(d.json([]byte(line[1])))
		text = []byte(strings.Join(line, "\n"))
		signAll()
	case 1: // one fewer
		if len(sigs) > 1 {
			i := d.n(len(sigs))
			sigs = slices.Delete(slices.Clone(sigs), i, i+1)
		}
	case 2: // one more
		k := pick(d, everybody)
		sigs = append(slices.DeleteFunc(slices.Clone(sigs), func(s verify.Sig) bool { return s.Name == k.Name }), k.Sign(text))
	case 3: // any
		sigs = nil
		for _, i := range d.r.Perm(len(everybody))[:1+d.n(6)] {
			sigs = append(sigs, everybody[i].Sign(text))
		}
	}
	note, err := verify.Seal(text, sigs...)
	if err != nil {
		return p
	}
	return d.log(note)
}

// issue changes a document and has the issuer sign it again.
func (d *damage) issue(t testing.TB, doc json.RawMessage, context []string, at time.Time) json.RawMessage {
	changed := d.json(unsecured(t, doc))
	if verify.Canonical(changed) != nil {
		return doc
	}
	return issue(t, d.from.s.Opts.Domain, d.from.s.Issuer, changed, context, at)
}

// log puts a note into a copy of the log, and proves it.
func (d *damage) log(note []byte) verify.Proven {
	s := *d.from.s
	at := int64(d.n(len(s.Entries)) + 1)
	s.Entries = append(slices.Clone(s.Entries[:at]), note)
	return verify.Proven{Entry: string(note), Proof: s.Proof(at, at+1, time.Unix(s.Births[at-1].Witnessed, 0))}
}

// file makes the damaged file and the trust to verify it by.
func (d *damage) file(t testing.TB) (out, trust []byte) {
	b, trust := clone(d.from.bundle), d.from.trust
	d.now = d.from.now
	if d.n(4) == 0 {
		d.now += int64(pick(d, []int{-700, -500, 3, 15, 800}) * pick(d, []int{1, 86400}))
	}
	i := d.n(len(b.Entries))
	how := d.n(14)
	d.how = append(d.how, fmt.Sprint(how))
	switch how {
	case 0:
		return d.bits(file(t, b)), trust
	case 1:
		plain, _ := json.Marshal(b)
		return d.bits(plain), trust
	case 2:
		plain, _ := json.Marshal(b)
		return d.json(plain), trust
	case 3, 4, 5, 6, 7:
		o := d.other()
		b.Entries[i] = d.entry(b.Entries[i], pick(d, o.Entries))
	case 8:
		b.Credential = d.json(b.Credential)
		if d.n(2) == 0 {
			b.Credential = d.issue(t, d.from.bundle.Credential, verify.Attested{}.Context(), time.Date(2026, 3, 6, 0, 0, 0, 0, time.UTC))
		}
	case 9:
		j := d.n(len(b.Lists))
		b.Lists[j] = d.json(b.Lists[j])
		if d.n(2) == 0 {
			b.Lists[j] = d.issue(t, d.from.bundle.Lists[j], verify.ListContext(), time.Unix(d.from.now-60, 0))
		}
	case 10:
		o := d.other()
		switch d.n(5) {
		case 0:
			b.Entries = slices.Delete(b.Entries, i, i+1)
		case 1:
			j := d.n(len(b.Entries))
			b.Entries[i], b.Entries[j] = b.Entries[j], b.Entries[i]
		case 2:
			b.Credential = o.Credential
		case 3:
			b.Lists = o.Lists
		case 4:
			b.State = o.State
		}
	case 11:
		raw, _ := json.Marshal(b.State)
		var state verify.StateProof
		if json.Unmarshal(d.json(raw), &state) == nil {
			b.State = state
		}
	case 12:
		trust = pick(d, []func([]byte) []byte{d.bits, d.json})(bytes.TrimSuffix(trust, []byte("\n")))
		if d.n(4) == 0 {
			trust = pick(d, d.all).trust
		}
	case 13: // witnesses say other times, of whom not all are needed
		times := map[int]int64{}
		for n := range d.from.s.Witness {
			if d.n(3) > 0 {
				times[n] = pick(d, []int64{0, 1, d.now, 1 << 53, 1<<62 - 1}) + pick(d, []int64{0, -60, -3600, -3601, -86_400, 3600})
			}
		}
		for i, e := range b.Entries {
			b.Entries[i].Proof = dated(d.from.s, e.Proof, times)
		}
		t, _ := verify.ParseTrust(trust)
		t.Policy = strings.Replace(t.Policy, fmt.Sprintf("group g %d", len(d.from.s.Witness)), fmt.Sprintf("group g %d", 1+d.n(max(len(d.from.s.Witness), 1))), 1)
		trust = t.Marshal()
	}
	plain, err := json.Marshal(b)
	if err != nil { // the credential or a list is no JSON any more
		return file(t, d.from.bundle), trust
	}
	return plain, trust
}

// Both implementations give the same result for bundles that were damaged in
// all the ways that somebody who forges could think of. What ever told them
// apart is kept in testdata/differ and asked first.
func TestDiffer(t *testing.T) {
	t.Parallel()
	type asked struct {
		name          string
		bundle, trust []byte
		now           int64
	}
	all := bases(t)
	var list []asked
	kept, _ := filepath.Glob("testdata/differ/*.json")
	for _, f := range kept {
		raw, err := os.ReadFile(f)
		var q question
		if err != nil || json.Unmarshal(raw, &q) != nil {
			t.Fatalf("%s: %v", f, err)
		}
		bundle, _ := base64.StdEncoding.DecodeString(q.Bundle)
		trust, _ := base64.StdEncoding.DecodeString(q.Trust)
		list = append(list, asked{f, bundle, trust, q.Now})
	}
	for i := range *cases {
		d := &damage{r: rand.New(rand.NewPCG(*seed, uint64(i))), all: all}
		d.from = pick(d, all)
		b, trust := d.file(t)
		list = append(list, asked{fmt.Sprintf("seed %d, case %d, kind %s", *seed, i, strings.Join(d.how, " ")), b, trust, d.now})
	}
	n := startNode(t)
	go func() {
		for _, q := range list {
			n.ask.Encode(question{base64.StdEncoding.EncodeToString(q.bundle), base64.StdEncoding.EncodeToString(q.trust), q.now})
		}
	}()
	told, bad := map[string]int{}, 0
	for i, q := range list {
		want := inGo(q.bundle, q.trust, q.now)
		got := n.answer(t)
		told[string(want.Answer)+" "+string(want.Failure)]++
		if d := cmp.Diff(want, got, likeJSON); d != "" {
			if bad++; bad > 8 {
				t.Fatal("and more")
			}
			if want.Answer != got.Answer || want.Failure != got.Failure {
				d = fmt.Sprintf("%s %s, %s %s", want.Answer, want.Failure, got.Answer, got.Failure)
			}
			t.Errorf("%s: Go (-) and JavaScript (+) differ: %s", q.name, d)
			raw, _ := json.Marshal(question{base64.StdEncoding.EncodeToString(q.bundle), base64.StdEncoding.EncodeToString(q.trust), q.now})
			if i >= len(kept) {
				name := fmt.Sprintf("testdata/differ/%s.json", verifytest.Digest(string(raw)).Short())
				if os.MkdirAll("testdata/differ", 0o755) != nil || os.WriteFile(name, raw, 0o644) != nil {
					t.Error("cannot keep " + name)
				}
			}
		}
	}
	for _, k := range slices.Sorted(maps.Keys(told)) {
		t.Logf("%5d %s", told[k], k)
	}
}
