package verify

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/open-iot-mark/iotmark"
)

// Bodies that a replay keeps for ever are packed: hashes as bytes, dates as
// days, texts that many marks share as numbers. What comes out is what went
// in, in every member; a test holds the two against each other.

func (n ref) bytes() (b [4]byte)      { put4(&b, uint32(n)); return b }
func refOf(b [4]byte) ref             { return ref(get4(b)) }
func dayNumber(d iotmark.Date) int    { return int((d.Time().Unix() - epoch) / 86_400) }
func numberedDay(n int) time.Time     { return timeOf(epoch + int64(n)*86_400) }
func dateNumbered(n int) iotmark.Date { return iotmark.DateOf(numberedDay(n)) }

const codeLetters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// packCode packs the eight characters of a code, five bits each.
func packCode(code string) (b [5]byte) {
	var n uint64
	for i := range len(code) {
		n = n<<5 | uint64(strings.IndexByte(codeLetters, code[i]))&31
	}
	for i := range b {
		b[i] = byte(n >> (8 * (4 - i)))
	}
	return b
}

func unpackCode(b [5]byte) string {
	var n uint64
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	out := make([]byte, 8)
	for i := 7; i >= 0; i-- {
		out[i] = codeLetters[n&31]
		n >>= 5
	}
	return string(out)
}

// packer writes members one after another.
type packer struct {
	b []byte
	l *lexicon
}

func (p *packer) num(n int)     { p.b = binary.AppendUvarint(p.b, uint64(n)) }
func (p *packer) word(s string) { p.num(p.l.of(s)) }
func (p *packer) text(s string) { p.num(len(s)); p.b = append(p.b, s...) }

func (p *packer) digest(d iotmark.Digest) {
	b := bytesOf(d)
	p.b = append(p.b, b[:]...)
}

// date writes a day that may be missing.
func (p *packer) date(d iotmark.Date) {
	if d == "" {
		p.num(0)
		return
	}
	p.num(dayNumber(d) + 1)
}

// unpacker reads what a packer wrote.
type unpacker struct {
	b []byte
	l *lexicon
}

func (u *unpacker) num() int {
	n, size := binary.Uvarint(u.b)
	u.b = u.b[size:]
	return int(n)
}

func (u *unpacker) take(n int) []byte {
	b := u.b[:n]
	u.b = u.b[n:]
	return b
}

func (u *unpacker) word() string { return u.l.text(u.num()) }
func (u *unpacker) text() string { return string(u.take(u.num())) }

func (u *unpacker) digest() iotmark.Digest { return digestOf([32]byte(u.take(32))) }

func (u *unpacker) date() iotmark.Date {
	if n := u.num(); n > 0 {
		return dateNumbered(n - 1)
	}
	return ""
}

// basis is what terms rest on: the evaluation, and what that found.
type basis struct {
	evaluation  ref
	evidence    [32]byte
	conclusions [32]byte
	edition     int
	scope       int // in the lexicon
}

func (b basis) pack(p *packer) {
	p.num(int(b.evaluation))
	p.b = append(append(p.b, b.evidence[:]...), b.conclusions[:]...)
	p.num(b.edition)
	p.num(b.scope)
}

func (u *unpacker) basis() (b basis) {
	b.evaluation = ref(u.num())
	b.evidence = [32]byte(u.take(32))
	b.conclusions = [32]byte(u.take(32))
	b.edition, b.scope = u.num(), u.num()
	return b
}

const (
	hasManifest = 1 << iota
	hasMatter
)

// packTerms packs terms that rest on a basis. Code and slot are the mark's, the
// product's id its application's, and the scope is the category.
func (r *Replayer) packTerms(b *TermsBody, on basis) []byte {
	p := &packer{l: &r.lexicon, b: make([]byte, 0, 256)}
	on.pack(p)
	p.word(b.Holder.Domain + "\n" + b.Holder.LEI + "\n" + b.Holder.Name)
	flags := 0
	if b.Product.Software.Manifest != "" {
		flags |= hasManifest
	}
	if b.Product.Matter != nil {
		flags |= hasMatter
	}
	p.num(flags)
	if flags&hasManifest != 0 {
		p.digest(b.Product.Software.Manifest)
	}
	if flags&hasMatter != 0 {
		p.num(b.Product.Matter.PID)
		p.num(b.Product.Matter.VID)
	}
	p.num(len(b.Product.GTINs))
	for _, g := range b.Product.GTINs {
		n := 0
		for _, c := range g {
			n = n*10 + int(c-'0')
		}
		p.num(n)
	}
	p.word(strings.Join(b.Product.Hardware, "\n"))
	p.word(strings.Join(b.Product.Services, "\n"))
	p.text(b.Product.Model)
	p.text(b.Product.Name)
	p.word(b.Product.Software.Min)
	p.date(b.Updates)
	p.date(b.ValidFrom)
	p.date(b.ValidUntil)
	p.topics(b.Topics)
	return p.b
}

// topics writes how many criteria each topic has, which is the same for many
// marks, as one word, and the counts in half bytes.
func (p *packer) topics(m map[iotmark.Topic]TopicCounts) {
	var criteria, beyond []byte
	var half []byte
	for _, t := range iotmark.Topics() {
		c := m[t]
		criteria = binary.AppendUvarint(criteria, uint64(c.Criteria))
		for _, n := range []int{c.Assessed, c.Checked, c.Tested} {
			if n >= 15 {
				beyond = binary.AppendUvarint(beyond, uint64(n))
				n = 15
			}
			half = append(half, byte(n))
		}
	}
	p.word(string(criteria))
	for i := 0; i < len(half); i += 2 {
		p.b = append(p.b, half[i]<<4|half[i+1])
	}
	p.b = append(p.b, beyond...)
}

func (u *unpacker) topics() map[iotmark.Topic]TopicCounts {
	criteria := &unpacker{b: []byte(u.word())}
	half := u.take(12)
	m := map[iotmark.Topic]TopicCounts{}
	for i, t := range iotmark.Topics() {
		c := TopicCounts{Criteria: criteria.num()}
		for j, to := range []*int{&c.Assessed, &c.Checked, &c.Tested} {
			k := 3*i + j
			*to = int(half[k/2]>>(4*(1-k%2))) & 15
			if *to == 15 {
				*to = u.num()
			}
		}
		m[t] = c
	}
	return m
}

// terms unpacks the terms of a mark.
func (r *Replayer) terms(m *markRow) *TermsBody {
	u := &unpacker{b: r.arena.get(m.terms), l: &r.lexicon}
	on := u.basis()
	b := &TermsBody{Code: unpackCode(m.code), Slot: int64(m.slot), Evaluation: r.records.leaf(on.evaluation), Evidence: digestOf(on.evidence), Conclusions: digestOf(on.conclusions),
		Catalogue: r.editions[on.edition].Catalogue, Edition: r.editions[on.edition].Edition, Scope: r.lexicon.text(on.scope)}
	holder := strings.SplitN(u.word(), "\n", 3)
	b.Holder = Holder{Domain: holder[0], LEI: holder[1], Name: holder[2]}
	p := &b.Product
	p.Category = b.Scope
	_, p.ID = r.products.name(int(m.product))
	flags := u.num()
	if flags&hasManifest != 0 {
		p.Software.Manifest = u.digest()
	}
	if flags&hasMatter != 0 {
		p.Matter = &Matter{}
		p.Matter.PID, p.Matter.VID = u.num(), u.num()
	}
	for range u.num() {
		p.GTINs = append(p.GTINs, fmt.Sprintf("%014d", u.num()))
	}
	p.Hardware, p.Services = lines(u.word()), lines(u.word())
	p.Model, p.Name, p.Software.Min = u.text(), u.text(), u.word()
	b.Updates, b.ValidFrom, b.ValidUntil = u.date(), u.date(), u.date()
	b.Topics = u.topics()
	return b
}

// lines splits what was joined; texts of a body have no line feeds.
func lines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

// packPromise packs the dates and functions of a promise.
func (r *Replayer) packPromise(b *PromiseBody) []byte {
	p := &packer{l: &r.lexicon}
	p.date(b.Parts)
	p.date(b.Service)
	p.date(b.Updates)
	p.word(strings.Join(b.Functions, "\n"))
	return p.b
}

func (r *Replayer) promise(i int) *PromiseBody {
	row := r.products.rows.at(i)
	if row.promise == 0 {
		return nil
	}
	u := &unpacker{b: r.arena.get(row.promise), l: &r.lexicon}
	b := &PromiseBody{}
	b.Maker, b.Product = r.products.name(i)
	b.Parts, b.Service, b.Updates = u.date(), u.date(), u.date()
	b.Functions = lines(u.word())
	return b
}

// lowered says what a new promise takes back of an old one.
func lowered(old, now *PromiseBody) []string {
	var out []string
	for _, f := range old.Functions {
		if !slices.Contains(now.Functions, f) {
			out = append(out, "function:"+f)
		}
	}
	dates := map[string][2]iotmark.Date{"parts_until": {old.Parts, now.Parts}, "service_until": {old.Service, now.Service}, "updates_until": {old.Updates, now.Updates}}
	for _, name := range slices.Sorted(maps.Keys(dates)) {
		if d := dates[name]; d[1] < d[0] {
			out = append(out, name)
		}
	}
	return out
}
