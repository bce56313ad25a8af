package scheme_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/scheme"
	"github.com/open-iot-mark/iotmark/internal/scheme/schemetest"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/internal/store/storetest"
	"github.com/open-iot-mark/iotmark/verify"
)

// grid is a house with one case of each kind, which the tests put into any
// state without a story, and what was tried of the tables there.
type grid struct {
	t       *testing.T
	h       *schemetest.House
	s       *scheme.Scheme
	mark    string // that was granted
	methods map[string]method
	people  int
	kind    iotmark.CaseKind
	state   iotmark.CaseState
	covered map[string]bool
	queue   []statement
	calls   int
	every   int // of the rows, one of so many is tried
	at      int
}

// skip leaves rows out where not all are tried.
func (g *grid) skip() bool { g.at++; return g.at%g.every != 0 }

// do writes into the database, before the next that is asked.
func (g *grid) do(query string, args ...any) {
	g.queue = append(g.queue, statement{query, args})
}

type statement struct {
	query string
	args  []any
}

func (g *grid) flush() {
	g.t.Helper()
	if len(g.queue) == 0 {
		return
	}
	if err := g.h.DB.Do(g.t.Context(), func(tx *store.Tx) error {
		for _, q := range g.queue {
			if _, err := tx.Exec(g.t.Context(), q.query, q.args...); err != nil {
				return fmt.Errorf("%s: %w", q.query, err)
			}
		}
		return nil
	}); err != nil {
		g.t.Fatal(err)
	}
	g.queue = nil
}

func newGrid(t *testing.T, address string) *grid {
	h := schemetest.New(t, address)
	h.Register()
	g := &grid{t: t, h: h, s: h.Scheme, covered: map[string]bool{}, every: 1}
	g.mark = h.Granted().Subject
	g.methods = methods(h, g.mark)
	for _, k := range iotmark.CaseKinds() {
		if k == iotmark.Directory {
			continue
		}
		g.do(`INSERT INTO matter (id, kind, state, version, subject, maker, product, certifier, draft, opened, moved) VALUES ($1, $2, 'x', 1, $3, $4, 'p', $5, $6, '2026-01-01', '2026-01-01')`,
			id(k), string(k), verify.Subject(verify.OfMark, id(k)), schemetest.Acme, schemetest.Body, "draft of "+id(k))
		g.do(`INSERT INTO draft (id, matter, act, type, state, by_person, since) VALUES ($1, $2, 'x', $3, 'waiting', 'nobody', '2026-01-01')`, "draft of "+id(k), id(k), iotmark.InternalVote)
	}
	return g
}

// id is the case of a kind.
func id(k iotmark.CaseKind) string {
	if k == iotmark.Directory {
		return scheme.DirectoryID
	}
	return "the " + string(k)
}

// put puts the case of a kind into a state.
func (g *grid) put(k iotmark.CaseKind, s iotmark.CaseState) {
	g.t.Helper()
	if g.kind == k && g.state == s {
		return
	}
	g.kind, g.state = k, s
	if k != iotmark.Directory && s != "" {
		g.do("UPDATE matter SET state = $1 WHERE id = $2", string(s), id(k))
	}
}

// homes are where people have their offices.
func (g *grid) home(r iotmark.Role) string {
	lab := g.h.Keys.Orgs[0].Body.ID
	return map[iotmark.Role]string{iotmark.RoleApplicant: schemetest.Acme, iotmark.RoleRegistrar: schemetest.Body, iotmark.RoleAssessor: lab, iotmark.RoleTester: lab,
		iotmark.RoleReviewer: schemetest.Body, iotmark.RoleCommittee: "university", iotmark.RolePanel: "engineers", iotmark.RoleSteward: schemetest.Owner,
		iotmark.RoleObserver: "consumers", iotmark.RoleReporter: "public", iotmark.RoleOperator: schemetest.Body}[r]
}

func (g *grid) office(p string, r iotmark.Role, organisation string, until iotmark.Date) {
	g.t.Helper()
	g.do("INSERT INTO office (person, organisation, role, until_day) VALUES ($1, $2, $3, $4)", p, organisation, string(r), string(until))
}

func (g *grid) part(p string, k iotmark.CaseKind, r iotmark.Role, organisation string) {
	g.t.Helper()
	g.do("INSERT INTO part (matter, person, role, organisation, since) VALUES ($1, $2, $3, $4, '2026')", id(k), p, string(r), organisation)
}

// acted lets a person have done something in a case before.
func (g *grid) acted(p, matter string, r iotmark.Role, act, at string) {
	g.t.Helper()
	g.people++
	g.do("INSERT INTO act (id, matter, version, at_time, person, organisation, role, via, act, from_state, to_state, body, hash) VALUES ($1, $2, $3, $4, $5, '', $6, '', $7, '', '', '{}', '')",
		fmt.Sprint("act ", g.people), matter, int64(1000+g.people), at, p, string(r), act)
}

// fresh is somebody new with one office, a competence, and a part in the case
// of a kind: nothing stands in his way.
func (g *grid) fresh(r iotmark.Role, k iotmark.CaseKind) iotmark.Actor {
	g.t.Helper()
	if r == iotmark.RoleProgram {
		return iotmark.Program()
	}
	g.people++
	p := schemetest.As(fmt.Sprint("y", g.people), g.home(r))
	g.office(p.Person, r, p.Organisation, "")
	g.part(p.Person, k, r, p.Organisation)
	g.do("INSERT INTO competence (person, area, shown, until_day) VALUES ($1, 'device-security', 'x', '2040-01-01')", p.Person)
	if r == iotmark.RoleSteward {
		g.acted(p.Person, scheme.DirectoryID, r, "undertake", g.h.Now().Format("2006-01-02T15:04:05Z"))
	}
	return p
}

// written counts all that an act could leave.
func (g *grid) written() (out string) {
	g.t.Helper()
	g.flush()
	var n [10]int64
	if err := g.h.DB.View(g.t.Context(), func(tx *store.Tx) error {
		_, err := tx.Row(g.t.Context(), []any{&n[0], &n[1], &n[2], &n[3], &n[4], &n[5], &n[6], &n[7], &n[8], &n[9]}, `SELECT (SELECT count(*) FROM matter), (SELECT sum(version) FROM matter),
			(SELECT count(*) FROM act), (SELECT count(*) FROM draft), (SELECT count(*) FROM vote), (SELECT count(*) FROM part), (SELECT count(*) FROM office),
			(SELECT count(*) FROM interest), (SELECT count(*) FROM attestation), (SELECT count(*) FROM outbox)`)
		return err
	}); err != nil {
		g.t.Fatal(err)
	}
	return fmt.Sprint(n)
}

// ask asks whether somebody may do an act where the case of the kind stands.
func (g *grid) ask(by iotmark.Actor, a iotmark.Act) string {
	g.flush()
	g.calls++
	ctx := g.t.Context()
	if g.state != "" {
		return storetest.ErrorID(g.s.MayDo(ctx, by, id(g.kind), a))
	}
	return storetest.ErrorID(g.s.MayBegin(ctx, by, g.kind, a, func(c *scheme.Case) {
		c.Maker, c.Certifier, c.Subject = schemetest.Acme, schemetest.Body, verify.Subject(verify.OfMark, id(g.kind))
		if g.kind == iotmark.Directory {
			c.Maker, c.Certifier = "", ""
		}
	}))
}

// through tries the methods that do an act, with input that would do, and
// reports those that are not refused with an id.
func (g *grid) through(by iotmark.Actor, a iotmark.Act, want string) {
	g.t.Helper()
	g.flush()
	for name, m := range g.methods {
		if m.act != a || m.begins != (g.state == "") || !m.fits(g.kind) || m.self || m.program {
			continue
		}
		// Who asks for a mark says by it whose case it is. Sealing again is
		// another act of the same method.
		if name == "Apply" && (want == "other-maker" || g.kind != iotmark.Application) || name == "Seal" && g.state == "evaluating" {
			continue
		}
		g.calls++
		on := scheme.On{Reason: "as it should be"}
		if !m.begins {
			on.Case = id(g.kind)
		}
		if got := storetest.ErrorID(m.call(g.t, g.s, name, by, on)); got != want {
			g.t.Errorf("%s by %s in %s %s: %q, want %q", name, by.Person, g.kind, g.state, got, want)
		}
	}
}

func key(k iotmark.CaseKind, s iotmark.CaseState, a iotmark.Act, r iotmark.Role, why iotmark.ErrorID) string {
	return fmt.Sprintf("%s|%s|%s|%s|%s", k, s, a, r, why)
}

// states are those of a kind, and the one before it is there.
func states(k iotmark.CaseKind) []iotmark.CaseState {
	out := []iotmark.CaseState{""}
	for _, r := range iotmark.CaseStates() {
		if r.Kind == k {
			out = append(out, r.State)
		}
	}
	return out
}

// acts are all acts that there are.
var acts = sync.OnceValue(func() (out []iotmark.Act) {
	for _, m := range append(iotmark.CaseMoves(), iotmark.CaseAnytime()...) {
		if !slices.Contains(out, m.Act) {
			out = append(out, m.Act)
		}
	}
	return out
})

// allowed are the moves of a kind, those that change no state among them.
var allowed = sync.OnceValue(func() map[iotmark.CaseKind][]iotmark.CaseMove {
	out := map[iotmark.CaseKind][]iotmark.CaseMove{}
	for _, k := range iotmark.CaseKinds() {
		for _, s := range states(k) {
			for _, a := range acts() {
				if m, ok := iotmark.MoveCase(k, s, a); ok {
					out[k] = append(out[k], m)
				}
			}
		}
	}
	return out
})

// Every row of the tables is held: what is not in them is refused; who has not
// the role is refused; who has it and in whose way nothing stands may; and each
// row of the table of bars stands in the way of every act and role that it is
// about. Nothing that was refused has written anything. At the end the rows
// are counted again, from the tables alone. PostgreSQL, where a call costs
// more, tries one row of eleven: who may is asked by one SQL text.
func TestTables(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, address string) {
		g := newGrid(t, address)
		if g.h.DB.Engine() == store.PostgreSQL {
			g.every = 11
		}
		g.notAllowed()
		g.roles()
		for _, b := range scheme.Bars() {
			g.bar(b)
		}
		if !t.Failed() && g.every == 1 {
			g.count()
		}
	})
}

func (g *grid) notAllowed() {
	g.t.Helper()
	before := g.written()
	for _, k := range iotmark.CaseKinds() {
		for _, s := range states(k) {
			g.put(k, s)
			for _, a := range acts() {
				if _, ok := iotmark.MoveCase(k, s, a); !ok && !g.skip() {
					g.covered[key(k, s, a, "", "act-not-allowed")] = true
					if got := g.ask(schemetest.Observer, a); got != "act-not-allowed" {
						g.t.Errorf("%s in a case of %s that is %q: %q", a, k, s, got)
					}
				}
			}
			for name, m := range g.methods {
				_, ok := iotmark.MoveCase(k, s, m.act)
				seal := name == "Seal" && s == "evaluating" // it is sealed again there
				elsewhere := len(m.of) == 1 && m.of[0] == iotmark.Directory
				if s == "" || m.begins || ok && m.fits(k) || seal || elsewhere || name == "Fixed" || g.skip() {
					continue
				}
				g.flush()
				g.calls++
				if got := storetest.ErrorID(m.call(g.t, g.s, name, schemetest.Observer, scheme.On{Case: id(k), Reason: "x"})); got != "act-not-allowed" {
					g.t.Errorf("%s in a case of %s that is %q: %q", name, k, s, got)
				}
			}
			if after := g.written(); after != before {
				g.t.Fatalf("refused acts in %s %s have written: %s, before %s", k, s, after, before)
			}
		}
	}
}

func (g *grid) roles() {
	g.t.Helper()
	for _, k := range iotmark.CaseKinds() {
		for _, r := range iotmark.Roles() {
			by := g.fresh(r, k)
			before := g.written()
			for _, m := range allowed()[k] {
				if g.skip() {
					continue
				}
				g.put(k, m.From)
				want := ""
				if !slices.Contains(m.By, r) {
					want = "role-missing"
					if r != iotmark.RoleProgram {
						g.through(by, m.Act, want)
					}
				}
				g.covered[key(k, m.From, m.Act, r, iotmark.ErrorID(want))] = true
				if got := g.ask(by, m.Act); got != want {
					g.t.Errorf("%s by a %s in a case of %s that is %q: %q, want %q", m.Act, r, k, m.From, got, want)
				}
			}
			if after := g.written(); after != before {
				g.t.Fatalf("refused acts of a %s in %s have written: %s, before %s", r, k, after, before)
			}
		}
	}
}

// rows calls back for each row of the tables that a bar is about, by state.
func rows(b scheme.Bar, k iotmark.CaseKind, r iotmark.Role, each func(iotmark.CaseState, iotmark.Act)) {
	for _, m := range allowed()[k] {
		if slices.Contains(m.By, r) && b.Fits(k, r, m.Act) && r != iotmark.RoleProgram {
			each(m.From, m.Act)
		}
	}
}

// never says where a bar cannot stand, and why.
func never(b iotmark.ErrorID, k iotmark.CaseKind, s iotmark.CaseState) bool {
	switch b {
	case "other-maker", "other-body":
		return k == iotmark.Directory // it is of nobody
	case "not-assigned", "two-sides":
		return s == "" // nobody has a part in what is not there yet, or has acted in it
	}
	return false
}

func (g *grid) bar(b scheme.Bar) {
	g.t.Helper()
	all := conflicts[b.ID]
	if len(all) == 0 {
		g.t.Errorf("no test provokes the bar %s", b.ID)
	}
	for _, k := range iotmark.CaseKinds() {
		for _, r := range iotmark.Roles() {
			n := 0
			rows(b, k, r, func(iotmark.CaseState, iotmark.Act) { n++ })
			if n == 0 {
				continue
			}
			whole := false
			for _, c := range all {
				whole = g.conflict(b, k, r, c, !whole && !c.passes) || whole
			}
		}
	}
}

// conflict tries one conflict on all rows of a kind and a role, by the methods
// too; or where it is not the first of its bar, on one act in each state. It
// reports whether it tried all.
func (g *grid) conflict(b scheme.Bar, k iotmark.CaseKind, r iotmark.Role, c conflict, all bool) bool {
	g.t.Helper()
	by, undo, ok := c.make(g, k, r)
	if !ok {
		return false
	}
	last := iotmark.CaseState("none yet")
	want := string(b.ID)
	if c.passes {
		want = ""
	}
	before := g.written()
	rows(b, k, r, func(s iotmark.CaseState, a iotmark.Act) {
		if never(b.ID, k, s) || !all && s == last || g.skip() {
			return
		}
		last = s
		g.put(k, s)
		if got := g.ask(by, a); got != want {
			g.t.Errorf("%s by a %s (%s) in a case of %s that is %q: %q, want %q", a, r, c.name, k, s, got, want)
		}
		if all {
			g.covered[key(k, s, a, r, b.ID)] = true
			if a != iotmark.ActSign { // by which role one votes follows from the draft
				g.through(by, a, want)
			}
		}
	})
	if after := g.written(); after != before {
		g.t.Fatalf("refused acts of a %s (%s) in %s have written: %s, before %s", r, c.name, k, after, before)
	}
	if undo != nil {
		undo()
	}
	return all
}

// count holds what was tried against the tables.
func (g *grid) count() {
	g.t.Helper()
	all, moves, bars := 0, 0, 0
	need := func(k string) {
		all++
		if !g.covered[k] {
			g.t.Errorf("not tried: %s", k)
		}
	}
	for _, k := range iotmark.CaseKinds() {
		for _, s := range states(k) {
			for _, a := range acts() {
				m, ok := iotmark.MoveCase(k, s, a)
				if !ok {
					need(key(k, s, a, "", "act-not-allowed"))
					continue
				}
				moves++
				for _, r := range iotmark.Roles() {
					if !slices.Contains(m.By, r) {
						need(key(k, s, a, r, "role-missing"))
						continue
					}
					need(key(k, s, a, r, ""))
					for _, b := range scheme.Bars() {
						if r != iotmark.RoleProgram && b.Fits(k, r, a) && !never(b.ID, k, s) {
							bars++
							need(key(k, s, a, r, b.ID))
						}
					}
				}
			}
		}
	}
	g.t.Logf("%d rows of kind, state, act, actor and conflict, all tried with %d calls: %d moves, %d rows with a conflict", all, g.calls, moves, bars)
	if all < 10_000 {
		g.t.Errorf("the tables have %d rows only", all)
	}
}
