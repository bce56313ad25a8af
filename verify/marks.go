package verify

import (
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
)

// marks are all marks and applications, in the order in which they came.
type marks struct {
	rows   chunked[markRow]
	at     finder // by subject
	byCode finder
	slots  chunked[int32] // number of the mark at each slot
	beside map[int]*beside
}

// markRow is what is kept of one mark.
type markRow struct {
	subject    [16]byte
	code       [5]byte
	state      uint8 // number of the state; see states
	flags      uint8
	last       uint16 // of validity: the number of the day
	since      [4]byte
	seen       [4]byte // when outsiders saw the grant
	head       ref
	grant      ref
	set        ref  // the entry with the terms in force
	evaluation ref  // the last
	terms      span // packed
	round      span // packed: the evidence sealed last and its evaluation, where the terms do not rest on them
	reason     span
	product    int32
	slot       int32 // -1 before the grant
	edition    uint16
	certifier  uint32 // in the lexicon
}

const (
	flagLate        = 1 << iota // the grant came to the log long after the time it claims
	flagUnconfirmed             // suspended by too few
	flagByMaker                 // withdrawn by the maker
)

// states by number.
var states = []iotmark.MarkState{iotmark.MarkNone, iotmark.MarkApplied, iotmark.MarkSealed, iotmark.MarkEvaluated, iotmark.MarkValid,
	iotmark.MarkSuspended, iotmark.MarkWithdrawn, iotmark.MarkRefused, iotmark.MarkExpired}

func (m *markRow) is() iotmark.MarkState { return states[m.state] }

func (m *markRow) become(s iotmark.MarkState, since int64) {
	m.state, m.since = uint8(slices.Index(states, s)), stamp(since)
}

// beside is what few marks have.
type beside struct {
	cases    []caseRow
	findings []Found
	units    int
}

// caseRow is what is kept of a complaint or an appeal.
type caseRow struct {
	id      string
	against ref // of an appeal
	opened  [4]byte
	decided [4]byte
	outcome uint8 // number in caseOutcomes, from one; zero: not decided
}

func (r *Replayer) caseOf(c caseRow) Case {
	out := Case{Case: c.id, Appeal: c.against != 0, Against: r.records.leaf(c.against), Opened: timeOf(unixOf(c.opened))}
	if c.outcome > 0 {
		out.Decided, out.Outcome = timeOf(unixOf(c.decided)), caseOutcomes[c.outcome-1]
	}
	return out
}

const markURN = "urn:iotmark:" + string(OfMark) + ":"

func (ms *marks) find(subject string) (int, bool) {
	id := idBytes(strings.TrimPrefix(subject, markURN))
	return ms.at.find(hashOf(id[:]), func(i int) bool { return ms.rows.at(i).subject == id })
}

// of gives the mark that is a subject, or nil.
func (ms *marks) of(subject string) *markRow {
	if i, ok := ms.find(subject); ok {
		return ms.rows.at(i)
	}
	return nil
}

func (ms *marks) enter(m markRow) {
	i := ms.rows.add(m)
	ms.at.add(i, func(i int) uint64 { return hashOf(ms.rows.at(i).subject[:]) })
}

func (ms *marks) coded(code [5]byte) bool {
	_, ok := ms.byCode.find(hashOf(code[:]), func(i int) bool { return ms.rows.at(i).code == code })
	return ok
}

func (ms *marks) more(i int) *beside {
	if ms.beside == nil {
		ms.beside = map[int]*beside{}
	}
	if ms.beside[i] == nil {
		ms.beside[i] = &beside{}
	}
	return ms.beside[i]
}

// lapse is how long one person's suspension lasts without a second.
const lapse = 30 * 24 * 60 * 60 // seconds

// passed is the mark as time has made it: a suspension that was not confirmed
// lapses, and the mark expires after its last day.
func (m markRow) passed(at int64) markRow {
	step := func(act iotmark.MarkAct, when int64) {
		if to, ok := iotmark.MoveMark(m.is(), act); ok && at >= when {
			m.become(to, when)
			m.reason = 0
			m.flags &^= flagUnconfirmed
		}
	}
	end := epoch + int64(m.last+1)*86_400
	if lapses := unixOf(m.since) + lapse; m.flags&flagUnconfirmed != 0 && lapses < end {
		step(iotmark.SuspensionLapsed, lapses)
	}
	if m.last != 0 {
		step(iotmark.MarkExpiredAct, end)
	}
	return m
}

// round is the evidence that was sealed last, and what its evaluation found.
type round struct {
	basis
	evaluated bool
}

func (r *Replayer) roundOf(m *markRow) round {
	switch {
	case m.round != 0:
		u := &unpacker{b: r.arena.get(m.round), l: &r.lexicon}
		return round{evaluated: u.num() == 1, basis: u.basis()}
	case m.terms != 0:
		return round{evaluated: true, basis: r.basisOf(m)}
	}
	return round{}
}

func (r *Replayer) setRound(m *markRow, x round) {
	p := &packer{l: &r.lexicon}
	evaluated := 0
	if x.evaluated {
		evaluated = 1
	}
	p.num(evaluated)
	x.pack(p)
	r.arena.drop(m.round)
	m.round = r.arena.put(p.b)
}

// basisOf is what the terms in force rest on.
func (r *Replayer) basisOf(m *markRow) basis {
	u := &unpacker{b: r.arena.get(m.terms), l: &r.lexicon}
	return u.basis()
}
