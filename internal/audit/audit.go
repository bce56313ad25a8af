// Package audit replays a whole log and holds what the scheme publishes
// against what follows from it. A witness vouches that a log only grows; an
// auditor, who has this package, vouches that what it says is right: that each
// status list, state and snapshot named in the log is the one that the
// entries amount to.
//
// It refuses to believe anything but the trust: entries are read against the
// root that the log signed. What can go wrong: the log cannot be read, or
// does not follow from itself (errors), or says what is not so
// ([Difference]s, which are for people).
package audit

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/attestation"
	"github.com/open-iot-mark/iotmark/internal/ledger"
	"github.com/open-iot-mark/iotmark/verify"
)

// Difference is something that the log says and that does not follow from it.
// A lie that the operator signed stays in the log, and a bundle can be made
// with it at any later time: an auditor signs no checkpoint that has one, and
// another generation of the log has to begin.
type Difference struct {
	Index int64           `json:"index"`
	ID    iotmark.ErrorID `json:"id"`   // status-differs
	What  string          `json:"what"` // keyring, marks, list 1 revocation, snapshot, states
	Said  string          `json:"said"`
	Is    string          `json:"is"`
}

// Report is what an audit found.
type Report struct {
	Origin      string           `json:"origin"`
	Size        int64            `json:"size"`
	Root        string           `json:"root"` // hexadecimal
	Witnesses   []string         `json:"witnesses,omitempty"`
	Witnessed   time.Time        `json:"witnessed,omitzero"` // earliest time on the checkpoint
	Entries     int64            `json:"entries"`            // replayed, all of them with effect or void
	Voids       []verify.Void    `json:"voids,omitempty"`
	Late        []int64          `json:"late,omitempty"`
	Attempts    []Attempt        `json:"attempts,omitempty"` // to lower a promise
	Marks       map[string]int64 `json:"marks"`              // by state
	Statuses    int64            `json:"statuses"`           // status.published that were computed again
	Last        int64            `json:"last"`               // index of the last of them; -1: there is none
	Pending     int64            `json:"pending"`            // entries of marks after the last one
	Differences []Difference     `json:"differences,omitempty"`
	Registry    iotmark.Digest   `json:"registry"` // hash of the state, to compare with other replays
	AsOf        time.Time        `json:"as_of"`
}

// Attempt is an entry by which a maker tried to lower a promise.
type Attempt struct {
	Product string   `json:"product"`
	Index   int64    `json:"index"`
	What    []string `json:"what"`
}

// Sound reports whether all that the log says follows from it.
func (r *Report) Sound() bool { return len(r.Differences) == 0 }

// Auditor follows one log. It keeps the replayed state, so that what is new
// costs what is new. It is not safe for use by several goroutines at once.
type Auditor struct {
	log    *ledger.Reader
	trust  *verify.Trust
	policy *verify.Policy
	now    func() time.Time
	public int64 // entries that are published; those after them are judged by now

	rules    *verify.Replayer
	first    *ledger.FirstSeen
	guessed  []guess // entries that were replayed before they were published
	statuses int64
	last     int64
	pending  int64
	differs  []Difference
	latest   time.Time // that the last entry claims, where no witness has one
}

// guess is an entry that was judged at a time that may turn out otherwise.
type guess struct{ index, claimed, at int64 }

// New makes an auditor of the log at r for whoever trusts t. now is the clock
// by which entries are judged that no witness has signed yet.
func New(r *ledger.Reader, t *verify.Trust, now func() time.Time) (*Auditor, error) {
	p, err := t.Witnessing()
	if err != nil {
		return nil, err
	}
	a := &Auditor{log: r, trust: t, policy: p, now: now}
	a.restart()
	return a, nil
}

func (a *Auditor) restart() {
	a.rules, a.first, a.guessed = verify.NewReplayer(a.trust), a.log.FirstSeen(a.policy), nil
	a.statuses, a.last, a.pending, a.differs, a.latest = 0, -1, 0, nil, time.Time{}
}

// Published audits the published log to its end.
func (a *Auditor) Published(ctx context.Context, progress func(done, of int64)) (*Report, error) {
	h, err := a.log.Head(ctx)
	if err != nil {
		return nil, err
	}
	seen, err := a.policy.Open(h.Note, a.log.Origin())
	if err != nil {
		return nil, err
	}
	a.public = h.Size
	if err := a.advance(ctx, h, progress); err != nil {
		return nil, err
	}
	return a.report(h, seen, a.now().UTC().Truncate(time.Second)), nil
}

// Examine audits the log up to a checkpoint that is not published yet, as an
// auditor does who is asked for his signature. An error keeps it back:
// audit-differs when something does not follow from the log.
func (a *Auditor) Examine(ctx context.Context, h ledger.Head) error {
	published, err := a.log.Head(ctx)
	if err != nil {
		return err
	}
	a.public = published.Size
	if err := a.advance(ctx, h, nil); err != nil {
		return err
	}
	if n := len(a.differs); n > 0 {
		d := a.differs[0]
		return &iotmark.Error{Kind: iotmark.Unverified, ID: "audit-differs",
			Msg: fmt.Sprintf("entry %d says of %s %s, and what follows from the log is %s (%d such)", d.Index, d.What, d.Said, d.Is, n)}
	}
	return nil
}

// advance replays up to a head. What was replayed before is not read again,
// unless a guessed time turned out to matter.
func (a *Auditor) advance(ctx context.Context, h ledger.Head, progress func(done, of int64)) error {
	if h.Size < a.rules.Size() {
		a.restart()
	}
	right, err := a.guessedRight(ctx)
	if err != nil {
		return err
	}
	if !right {
		a.restart()
	}
	for note, err := range a.log.EntriesAt(ctx, h, a.rules.Size(), h.Size) {
		if err != nil {
			return err
		}
		if err := a.apply(ctx, note, h); err != nil {
			return err
		}
		if n := a.rules.Size(); progress != nil && n%1024 == 0 {
			progress(n, h.Size)
		}
	}
	if progress != nil {
		progress(h.Size, h.Size)
	}
	return nil
}

var statusType = []byte(`"type":"` + string(verify.StatusPublished) + `"`)

func (a *Auditor) status(note []byte) (*verify.StatusBody, *verify.Signed, bool) {
	if !bytes.Contains(note, statusType) {
		return nil, nil, false
	}
	s, err := verify.Parse(a.trust.Domain, note)
	if err != nil {
		return nil, nil, false
	}
	b, ok := s.Decoded().(*verify.StatusBody)
	return b, s, ok
}

// apply replays one entry.
func (a *Auditor) apply(ctx context.Context, note []byte, h ledger.Head) error {
	index := a.rules.Size()
	var since int64
	if index < a.public {
		var err error
		if since, err = a.first.At(ctx, index); err != nil {
			return err
		}
	} else {
		since = a.now().Unix()
		if s, err := verify.Parse(a.trust.Domain, note); err == nil {
			a.guessed = append(a.guessed, guess{index, s.At().Unix(), since})
		}
	}
	said, signed, ok := a.status(note)
	ok = ok && said.Covers == index && a.signed(signed)
	var must verify.StatusBody
	if ok {
		var err error
		if must, err = attestation.StatusBody(a.rules.Registry(signed.At())); err != nil {
			return err
		}
	}
	void := a.rules.Apply(note, since)
	if since == 0 {
		if s, err := verify.Parse(a.trust.Domain, note); err == nil {
			a.latest = s.At()
		}
	}
	switch {
	case ok && void == nil:
		a.statuses, a.last, a.pending = a.statuses+1, index, 0
	case void == nil && bytes.Contains(note, aboutMark):
		a.pending++
	}
	if ok {
		a.compare(index, must, *said)
	}
	return nil
}

var aboutMark = []byte(`"subject":"urn:iotmark:mark:`)

// signed reports whether a status.published carries the signature of a key
// that is or was an operator's. Whoever verifies offline cannot see that one
// has no effect, as when its key has ended, so that what it says must be right
// too. One that does not cover all entries before it is refused by everybody.
func (a *Auditor) signed(s *verify.Signed) bool {
	for _, e := range a.rules.Scheme(s.At()).Keyring.Keys {
		if e.Role != verify.Operator {
			continue
		}
		k, err := verify.ParseKey(e)
		if err == nil && slices.ContainsFunc(s.Sigs, func(g verify.Sig) bool { return g.Name == e.Name && k.Verify(s.Text, g, a.trust.Domain) == nil }) {
			return true
		}
	}
	return false
}

// guessedRight reports whether the entries that were replayed before they were
// published would be judged the same now. Times matter only by whether an
// entry claims to be later than outsiders saw it, or came long after its time.
func (a *Auditor) guessedRight(ctx context.Context) (bool, error) {
	for len(a.guessed) > 0 {
		g := a.guessed[0]
		if g.index >= a.public {
			return true, nil
		}
		at, err := a.first.At(ctx, g.index)
		if err != nil {
			return false, err
		}
		const soon = 3600 // far below what makes an entry late
		if at > 0 && (g.claimed > at) != (g.claimed > g.at) || at-g.claimed > soon || g.at-g.claimed > soon {
			return false, nil
		}
		a.guessed = a.guessed[1:]
	}
	return true, nil
}

// compare tells each part of a status.published that does not follow from the
// log.
func (a *Auditor) compare(index int64, must, said verify.StatusBody) {
	differ := func(what, said, is string) {
		if said != is {
			a.differs = append(a.differs, Difference{index, "status-differs", what, said, is})
		}
	}
	lists := func(b verify.StatusBody) map[string]string {
		out := map[string]string{}
		for _, l := range b.Lists {
			out[fmt.Sprintf("list %d %s", l.ID, l.Purpose)] = string(l.SHA256)
		}
		return out
	}
	differ("keyring", string(said.Keyring), string(must.Keyring))
	differ("marks", fmt.Sprint(said.Marks), fmt.Sprint(must.Marks))
	differ("snapshot", string(said.Snapshot), string(must.Snapshot))
	differ("states", string(said.States), string(must.States))
	is, tells := lists(must), lists(said)
	for _, name := range slices.Sorted(maps.Keys(is)) {
		differ(name, cmp.Or(tells[name], "nothing"), is[name])
	}
	for _, name := range slices.Sorted(maps.Keys(tells)) {
		if _, ok := is[name]; !ok {
			differ(name, tells[name], "nothing")
		}
	}
}

func (a *Auditor) report(h ledger.Head, seen verify.Seen, asOf time.Time) *Report {
	reg := a.rules.Registry(asOf)
	r := &Report{Origin: a.log.Origin(), Size: h.Size, Root: hex.EncodeToString(h.Root[:]), Entries: reg.Size,
		Voids: reg.Voids, Late: reg.Late, Marks: map[string]int64{}, Statuses: a.statuses, Last: a.last, Pending: a.pending,
		Differences: a.differs, Registry: reg.Hash(), AsOf: asOf}
	for _, w := range seen.Witnesses {
		r.Witnesses = append(r.Witnesses, w.Name)
	}
	if seen.Earliest > 0 {
		r.Witnessed = time.Unix(seen.Earliest, 0).UTC()
	}
	for i := range reg.Marks {
		r.Marks[string(reg.Marks[i].State)]++
	}
	for _, p := range reg.Products {
		for _, t := range p.Refused {
			r.Attempts = append(r.Attempts, Attempt{p.Subject, t.Index, t.What})
		}
	}
	slices.SortFunc(r.Attempts, func(x, y Attempt) int { return cmp.Compare(x.Index, y.Index) })
	return r
}
