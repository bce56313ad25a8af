package verify

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/open-iot-mark/iotmark"
)

// tooLate is by how much an entry may come to the log after the time it
// claims. What comes later is of the time at which outsiders saw it.
const tooLate = 72 * 60 * 60 // seconds

//go:generate go test . -run TestStatesDocument -update

// Replayer reads the entries of a log one after another and knows at each what
// they amount to. Two replayers that read the same are in the same state: it
// asks nothing but the entries, the times of witnesses, and the trust.
//
// What has no effect is void: it changes nothing but the list of what is void,
// and, where a maker tried to lower a promise, the list of attempts. Every
// void entry has one reason, the first of: the log is closed; the bytes are no
// entry; its id was used; it does not follow the last entry of its subject;
// it claims a time after outsiders saw it; a signature is wrong; the act is
// not allowed, is not signed by those who must, or says what is not so.
//
// Time acts too: marks expire and suspensions lapse. An entry is judged by the
// state at its own time, and [Replayer.Registry] by the time that it is asked
// for. A Replayer is not safe for use by several goroutines at once.
type Replayer struct {
	trust  *Trust
	origin string
	size   int64
	late   []int64
	closed bool

	records records
	voids   []voided
	arena   arena   // terms, promises, texts
	lexicon lexicon // texts that occur often
	keys    keybook
	heads   map[string]ref // of all chains but those of marks and products

	ring     Keyring
	rings    []ref // keyring.set, in order
	policy   string
	opened   bool
	begun    int64 // time that log.opened claims
	status   ref
	statuses StatusBody

	corrections []Noted
	anchors     []Anchor
	proposals   []*Proposal
	editions    []*Adopted
	orgs        []*Org
	makers      []makerRow
	makerAt     map[string]int
	products    products
	marks       marks
}

// NewReplayer returns a replayer that has read nothing. Of a trust that
// [ParseTrust] would refuse, everything is void.
func NewReplayer(t *Trust) *Replayer {
	r := &Replayer{trust: t, origin: t.logName(), heads: map[string]ref{}, makerAt: map[string]int{}}
	r.ring.Index = -1
	r.ring.Root = max(t.RootThreshold, 1)
	for _, e := range t.Root {
		if k, err := ParseKey(e); err == nil && e.Role == Root {
			r.keys.known(-1, k)
		}
	}
	return r
}

// logName is the origin of the log: the name in its verifier key.
func (t *Trust) logName() string {
	name, _, _ := strings.Cut(t.Log, "+")
	return name
}

// Size is the number of entries read.
func (r *Replayer) Size() int64 { return r.size }

// act is one entry as it is judged.
type act struct {
	*Signed
	r       *Replayer
	index   int64
	at      int64 // effective time, Unix seconds
	seen    int64 // by witnesses, Unix seconds; the claimed time where there were none
	late    bool
	prev    ref
	signers []*holder // whose signatures hold
	who     []uint32  // keys to be remembered
	commit  func(n ref)
	trial   bool // look only
}

// rules say of each type whether an entry of it has effect. They look, and
// change nothing; what they find is changed by act.commit.
var rules = map[Type]func(*act) error{
	LogOpened: (*act).logOpened, KeyringSet: (*act).keyringSet, PolicySet: (*act).policySet, LogClosed: (*act).logClosed,
	CheckpointAnchor: (*act).anchored, NoteCorrection: (*act).corrected, StatusPublished: (*act).statusPublished,
	ProposalPublished: (*act).proposed, ConsultationOpen: (*act).consulted, ConsultationClose: (*act).consultationClosed,
	BallotHeld: (*act).balloted, EditionAdopted: (*act).adopted, EditionWithdrawn: (*act).editionWithdrawn,
	OrgAccredited: (*act).accredited, OrgSuspended: (*act).orgSuspended, OrgRestored: (*act).orgRestored,
	MakerRegistered: (*act).registered, DeclarationType: (*act).declared, PromiseSet: (*act).promised,
	ApplicationAccepted: (*act).applied, EvidenceSealed: (*act).sealed, EvaluationCompleted: (*act).evaluated,
	MarkGranted: (*act).granted, MarkRefused: (*act).refused, MarkRenewed: (*act).renewed, MarkAmended: (*act).amended,
	MarkSuspended: (*act).suspended, SuspensionConfirmed: (*act).confirmed, MarkRestored: (*act).restored, MarkWithdrawn: (*act).withdrawn,
	ComplaintOpened: (*act).caseOpened, ComplaintDecided: (*act).complaintDecided, AppealOpened: (*act).appealOpened, AppealDecided: (*act).appealDecided,
	FindingPublished: (*act).findingPublished, UnitBatch: (*act).unitsMade,
}

// Apply reads the next entry; witnessed is the time, in Unix seconds, at which
// the witnesses signed the first published checkpoint that has it ([Seen]), and
// zero where none did. It returns nil when the entry has effect.
func (r *Replayer) Apply(note []byte, witnessed int64) *Void {
	a := &act{r: r, index: r.size, seen: witnessed}
	r.size++
	err := r.judge(a, note)
	if err == nil {
		return nil
	}
	v := a.void(err)
	kept := voided{index: v.Index, id: idBytes(v.ID), typ: kindOf[v.Type]}
	if !r.full() {
		kept.why = r.arena.put([]byte(string(v.Reason) + "\n" + v.Msg))
	}
	r.voids = append(r.voids, kept)
	return &v
}

// void tells an entry without effect.
func (a *act) void(err error) Void {
	v := Void{Index: a.index, Reason: "malformed", Msg: err.Error()}
	if e, ok := errors.AsType[*iotmark.Error](err); ok {
		v.Reason, v.Msg = e.ID, e.Msg
	}
	if a.Signed != nil {
		v.ID, v.Type = a.ID, a.Type
	}
	return v
}

// full reports whether there is no room for more. It comes after 4 billion
// entries or 16 gigabytes of terms and texts.
func (r *Replayer) full() bool {
	return r.records.list.n >= maxRecords || len(r.arena.chunks) >= maxChunks
}

func tooLarge() error {
	return refuse("log-too-large", "a replay holds 4 billion entries and 16 gigabytes of terms; begin another generation of the log")
}

func (r *Replayer) judge(a *act, note []byte) error {
	if r.closed {
		return refuse("log-closed", "the log was closed before this entry")
	}
	if r.full() {
		return tooLarge()
	}
	s, err := Parse(r.trust.Domain, note)
	if err != nil {
		return err
	}
	a.Signed = s
	if r.records.has(idBytes(s.ID)) {
		return refuse("id-used", "the id %s was used by an entry before", s.ID)
	}
	a.prev = r.head(s)
	if !r.records.is(a.prev, s.Prev) {
		return refuse("prev-wrong", "prev is %s; the last entry of this subject is %s", cmp.Or(s.Prev.Short(), "missing"), cmp.Or(r.records.leaf(a.prev).Short(), "none"))
	}
	if err := a.when(); err != nil {
		return err
	}
	if err := a.verifySigs(); err != nil {
		return err
	}
	return a.effect()
}

// effect judges an entry whose form, place, time and signatures are right, and
// lets it have its effect.
func (a *act) effect() error {
	r, s := a.r, a.Signed
	if err := a.inOrder(); err != nil {
		return err
	}
	if err := rules[s.Type](a); err != nil {
		return err
	}
	if a.trial {
		return nil
	}
	n := r.records.add(record{leaf: bytesOf(s.Leaf), id: idBytes(s.ID), at: stamp(a.at), prev: a.prev.bytes(), kind: kindOf[s.Type]}, a.who)
	a.commit(n)
	r.advance(s, n)
	if a.late {
		r.late = append(r.late, a.index)
	}
	return nil
}

// when finds the effective time: that which is claimed, unless outsiders saw
// the entry long after it.
func (a *act) when() error {
	claimed := a.At().Unix()
	if claimed-epoch > maxSeconds {
		return refuse("clock-ahead", "the entry claims to be of %s", a.Time)
	}
	a.at = claimed
	// Chains of the whole scheme begin with log.opened, and belong to one log by
	// that. Others begin with nothing: what was decided in the log before this
	// one, and perhaps undone there, must not be told again here. Declarations
	// may be older than the log; they say what they said.
	if kind := forms[a.Type].Subject; kind != NoSubject && a.Type != DeclarationType && a.r.opened && claimed < a.r.begun {
		return refuse("before-log", "the entry claims to be of %s; the log was opened at %s", a.Time, timeOf(a.r.begun).Format(entryTime))
	}
	if a.seen == 0 {
		a.seen = claimed
		return nil
	}
	if claimed > a.seen {
		return refuse("clock-ahead", "the entry claims to be of %s; outsiders saw it at %s", a.Time, timeOf(a.seen).Format(entryTime))
	}
	if a.seen-epoch > maxSeconds {
		return refuse("clock-ahead", "the witnesses claim that it is %s", timeOf(a.seen).Format(entryTime))
	}
	if a.seen-claimed > tooLate {
		a.at, a.late = a.seen, true
	}
	return nil
}

// inOrder holds the beginning of a log: it is opened by its first entry, and
// nothing counts before there is a keyring.
func (a *act) inOrder() error {
	switch {
	case (a.Type == LogOpened) != (!a.r.opened):
		return refuse("act-not-allowed", "a log begins with log.opened, once")
	case a.r.opened && len(a.r.rings) == 0 && a.Type != KeyringSet:
		return refuse("act-not-allowed", "a %s before the first keyring.set", a.Type)
	}
	return nil
}

// Chains of declarations are apart from those of promises: a maker links its
// declarations at home, where the log is not at hand.
func declarationChain(s *Signed) bool { return s.Type == DeclarationType }

// head is the last entry that has effect of the chain that an entry goes on.
func (r *Replayer) head(s *Signed) ref {
	switch forms[s.Type].Subject {
	case OfMark:
		if m := r.marks.of(s.Subject); m != nil {
			return m.head
		}
		return 0
	case OfProduct:
		p := r.products.of(s.Subject)
		switch {
		case p == nil:
			return 0
		case declarationChain(s):
			return p.declaration
		}
		return p.head
	}
	return r.heads[s.Subject]
}

// Head is the leaf of the last entry that has effect of a subject's chain: the
// prev of the next entry of this type about it. It is empty before the first.
// The subject is empty for entries of the whole scheme.
func (r *Replayer) Head(t Type, subject string) iotmark.Digest {
	return r.records.leaf(r.head(&Signed{Entry: Entry{Type: t, Subject: subject}}))
}

func (r *Replayer) advance(s *Signed, n ref) {
	switch forms[s.Type].Subject {
	case OfMark:
		r.marks.of(s.Subject).head = n
	case OfProduct:
		p := r.products.of(s.Subject)
		if declarationChain(s) {
			p.declaration = n
		} else {
			p.head = n
		}
	default:
		r.heads[strings.Clone(s.Subject)] = n // the subject is a part of the whole entry
	}
}

// day is the calendar day of the effective time.
func (a *act) day() iotmark.Date { return iotmark.DateOf(timeOf(a.at)) }

func notAllowed(format string, args ...any) error { return refuse("act-not-allowed", format, args...) }
func missing(format string, args ...any) error    { return refuse("reference-missing", format, args...) }

// Replay reads a whole log and returns what it amounts to at a time. Births
// are the published checkpoints, by size: entries beyond the last of them were
// not published and are not read. Without any (nil), all entries count as
// published and seen by no witness.
//
// Errors: births-wrong when sizes do not grow, entries-missing when there are
// fewer entries than were published, and what the sequence of entries yields.
// An entry that has no effect is no error; see [Registry.Voids].
func Replay(entries iter.Seq2[[]byte, error], births []Birth, t *Trust, asOf time.Time) (*Registry, error) {
	r := NewReplayer(t)
	for i, b := range births {
		if b.Size < 0 || b.Witnessed < 0 || i > 0 && b.Size <= births[i-1].Size {
			return nil, invalid("births-wrong", "the published checkpoints do not grow at size %d", b.Size)
		}
	}
	next := 0
	for e, err := range entries {
		if err != nil {
			return nil, fmt.Errorf("read entry %d: %w", r.size, err)
		}
		for next < len(births) && births[next].Size <= r.size {
			next++
		}
		var seen int64
		if births != nil {
			if next == len(births) {
				break
			}
			seen = births[next].Witnessed
		}
		r.Apply(e, seen)
	}
	if n := len(births); n > 0 && births[n-1].Size > r.size {
		return nil, refuse("entries-missing", "there are %d entries, and %d were published", r.size, births[n-1].Size)
	}
	return r.Registry(asOf), nil
}

// whyVoid takes apart what Apply kept.
func (r *Replayer) whyVoid(v voided) Void {
	out := Void{Index: v.index, Type: kinds[v.typ]}
	if reason, msg, ok := bytes.Cut(r.arena.get(v.why), []byte("\n")); ok {
		out.Reason, out.Msg = iotmark.ErrorID(reason), string(msg)
	} else {
		e := tooLarge().(*iotmark.Error)
		out.Reason, out.Msg = e.ID, e.Msg
	}
	if v.id != [16]byte{} {
		out.ID = idText(v.id)
	}
	return out
}

// kinds are the types by number; zero is none.
var kinds, kindOf = func() ([]Type, map[Type]uint8) {
	list, of := []Type{""}, map[Type]uint8{}
	for i, f := range table() {
		list = append(list, f.Type)
		of[f.Type] = uint8(i + 1)
	}
	return list, of
}()
