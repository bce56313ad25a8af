package scheme_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/scheme"
	"github.com/open-iot-mark/iotmark/internal/scheme/schemetest"
	"github.com/open-iot-mark/iotmark/internal/store/storetest"
	"github.com/open-iot-mark/iotmark/verify"
)

// A walk at random over all acts, most of which are refused, keeps what is
// always so: whatever was acknowledged has one row in the trail, nobody stands
// on two sides, nothing is decided without a review or granted without a
// decision, and the log counts the same.
func TestWalks(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, address string) {
		h := schemetest.New(t, address)
		h.Register()
		var begun int64
		for _, id := range texts(t, h.DB, "SELECT id FROM matter") {
			begun += h.OK(h.Scheme.Case(t.Context(), iotmark.Program(), id)).Version
		}
		w := &walker{t: t, h: h, r: rand.New(rand.NewPCG(7, 2026)), told: map[string]int{}, done: map[iotmark.Act]int{}}
		for range 2000 {
			w.step()
		}
		acts := whole(t, h)
		if acts != begun+w.acknowledged {
			t.Errorf("%d acts were acknowledged, and the trail has %d", w.acknowledged, acts-begun)
		}
		granted := 0
		for _, c := range h.Cases(iotmark.Application, "") {
			m, ok, err := h.Reg.Public().Mark(t.Context(), c.Subject)
			if err != nil {
				t.Fatal(err)
			}
			is, there := c.State == "granted" || c.State == "attested", ok && m.Slot >= 0
			if is != there {
				t.Errorf("the application %s is %s, and the log has a mark: %v (%s)", c.ID, c.State, there, m.State)
			}
			if is {
				granted++
			}
		}
		t.Logf("%d acts acknowledged, %d refused in %d ways, %d marks granted: %v", w.acknowledged, w.refused, len(w.told), granted, w.done)
		if granted == 0 || w.refused == 0 || len(w.told) < 5 {
			t.Errorf("the walk came nowhere: %v", w.told)
		}
	})
}

type walker struct {
	t            *testing.T
	h            *schemetest.House
	r            *rand.Rand
	cases        []string
	product      int
	acknowledged int64
	refused      int
	told         map[string]int
	done         map[iotmark.Act]int
}

func pick[T any](r *rand.Rand, of []T) T { return of[r.IntN(len(of))] }

// people are all who could act.
func (w *walker) people() []iotmark.Actor {
	out := []iotmark.Actor{schemetest.Applicant, schemetest.Registrar, schemetest.Reviewer, schemetest.Steward, w.h.Assessor(0), w.h.Assessor(1)}
	for i := range 4 {
		out = append(out, w.h.Member(i))
	}
	return out
}

// one is somebody who has a role; by where the walk has nobody.
func (w *walker) one(r iotmark.Role, by iotmark.Actor) iotmark.Actor {
	switch r {
	case iotmark.RoleApplicant:
		return schemetest.Applicant
	case iotmark.RoleRegistrar:
		return schemetest.Registrar
	case iotmark.RoleAssessor:
		return w.h.Assessor(w.r.IntN(2))
	case iotmark.RoleReviewer:
		return schemetest.Reviewer
	case iotmark.RoleCommittee:
		return w.h.Member(w.r.IntN(3))
	}
	return by
}

// step does one act of anybody that could follow somewhere.
func (w *walker) step() {
	ctx, s := w.t.Context(), w.h.Scheme
	by := pick(w.r, w.people())
	if len(w.cases) == 0 || len(w.cases) < 6 && w.r.IntN(20) == 0 {
		w.product++
		b := w.h.Application()
		b.Product.ID = fmt.Sprint("lamp-", w.product)
		c, err := s.Apply(ctx, by, scheme.On{}, iotmark.Application, schemetest.Body, "", b)
		if w.count("apply", err) {
			w.h.Supply(c.ID)
			w.acknowledged = w.h.OK(s.Case(ctx, iotmark.Program(), c.ID)).Version - 1 + w.acknowledged
			w.cases = append(w.cases, c.ID)
		}
		return
	}
	id := pick(w.r, w.cases)
	c := w.h.OK(s.Case(ctx, iotmark.Program(), id))
	var acts []iotmark.Act
	for _, a := range []iotmark.Act{"ask", "answer", "accept", "seal", "request", "reseal", "determine", "determine", "determine", "conclude", "return", "review", "review", "review", "review", "grant", "grant", "grant", "refuse",
		"withdraw", iotmark.ActDropped, iotmark.ActReject, iotmark.ActRecuse, iotmark.ActNote, iotmark.ActAssign, iotmark.ActRelease,
		iotmark.ActSign, iotmark.ActSign, iotmark.ActSign, iotmark.ActSign} {
		rare := slices.Contains([]iotmark.Act{"refuse", "reseal", "request", "ask", iotmark.ActDropped, iotmark.ActReject, iotmark.ActRecuse, iotmark.ActNote, iotmark.ActRelease}, a)
		if _, ok := iotmark.MoveCase(c.Kind, c.State, a); ok && (!rare || w.r.IntN(8) == 0) && (a != "withdraw" || w.r.IntN(60) == 0) {
			acts = append(acts, a)
		}
	}
	if len(acts) == 0 { // it has ended
		w.cases = slices.DeleteFunc(w.cases, func(s string) bool { return s == id })
		return
	}
	a := pick(w.r, acts)
	if m, _ := iotmark.MoveCase(c.Kind, c.State, a); w.r.IntN(8) > 0 { // mostly by somebody who could
		by = w.one(pick(w.r, m.By), by)
	}
	w.count(a, w.do(a, by, scheme.On{Case: id, Reason: "so it is"}))
	if w.r.IntN(6) == 0 {
		w.h.Publish()
	}
}

func (w *walker) do(a iotmark.Act, by iotmark.Actor, on scheme.On) (err error) {
	ctx, s := w.t.Context(), w.h.Scheme
	part := func() scheme.Part {
		r := pick(w.r, []iotmark.Role{iotmark.RoleAssessor, iotmark.RoleReviewer, iotmark.RoleCommittee, iotmark.RoleCommittee})
		p := pick(w.r, w.people())
		if w.r.IntN(8) > 0 {
			p = w.one(r, p)
		}
		return scheme.Part{Person: p.Person, Organisation: p.Organisation, Role: r}
	}
	switch a {
	case "ask":
		_, err = s.Ask(ctx, by, on, "which?")
	case "request":
		_, err = s.Request(ctx, by, on, "when?")
	case "answer":
		_, err = s.Answer(ctx, by, on, "soon")
	case "accept":
		_, err = s.Accept(ctx, by, on)
	case "seal", "reseal":
		_, err = s.Seal(ctx, by, on, verify.SealedBody{})
	case "determine":
		_, err = s.Determine(ctx, on)
		for range 3 { // by whoever of the two it is
			one := w.one(iotmark.RoleAssessor, by)
			w.count("inspect", w.do("inspect", one, on))
		}
	case "inspect", "second":
		notes := w.notes(by, on.Case, a)
		if len(notes) == 0 {
			_, err = s.Note(ctx, by, on, "nothing is left to inspect")
			break
		}
		if a == "inspect" {
			if _, err = s.Inspect(ctx, by, on, notes...); err == nil {
				w.second(by, on)
			}
		} else {
			_, err = s.Second(ctx, by, on, notes...)
		}
	case "conclude":
		_, err = s.Conclude(ctx, by, on, "none")
	case "return":
		_, err = s.Return(ctx, by, on)
	case "review":
		_, err = s.Review(ctx, by, on, "grant")
	case "grant":
		_, err = s.Grant(ctx, by, on)
	case "refuse":
		_, err = s.Refuse(ctx, by, on, []iotmark.CriterionID{"CR-001"})
	case "withdraw":
		_, err = s.Withdraw(ctx, by, on)
	case iotmark.ActDropped:
		_, err = s.Drop(ctx, by, on)
	case iotmark.ActReject:
		_, err = s.Reject(ctx, by, on)
	case iotmark.ActRecuse:
		_, err = s.Recuse(ctx, by, on)
	case iotmark.ActNote:
		_, err = s.Note(ctx, by, on, "seen")
	case iotmark.ActAssign:
		_, err = s.Assign(ctx, by, on, part())
	case iotmark.ActRelease:
		_, err = s.Release(ctx, by, on, part())
	case iotmark.ActSign:
		if by == schemetest.Registrar || by == schemetest.Reviewer || by == schemetest.Steward { // who have no key
			_, err = s.Support(ctx, by, on)
		} else {
			_, err = w.h.TrySign(by, on.Case)
		}
	}
	return err
}

// notes are on what is left to be inspected, for somebody who may see it.
func (w *walker) notes(by iotmark.Actor, id string, a iotmark.Act) (out []iotmark.Inspection) {
	c, err := w.h.Scheme.Standing(w.t.Context(), by, id)
	if err != nil {
		return []iotmark.Inspection{{}}
	}
	left := c.Evaluation.Unmet
	if a == "second" {
		left = c.Second
	}
	for _, m := range left {
		out = append(out, w.h.Note(m, iotmark.InspectionPass))
	}
	return out
}

// second has another assessor look again, who is given a part for it.
func (w *walker) second(first iotmark.Actor, on scheme.On) {
	ctx, s, by := w.t.Context(), w.h.Scheme, w.h.Assessor(0)
	if by == first {
		by = w.h.Assessor(1)
	}
	_, err := s.Assign(ctx, schemetest.Registrar, on, scheme.Part{Person: by.Person, Organisation: by.Organisation, Role: iotmark.RoleAssessor})
	w.count(iotmark.ActAssign, err)
	if notes := w.notes(first, on.Case, "second"); len(notes) > 0 {
		_, err := s.Second(ctx, by, on, notes...)
		w.count("second", err)
	}
}

// count keeps what came of an act; what was refused has an id.
func (w *walker) count(a iotmark.Act, err error) bool {
	w.t.Helper()
	if err == nil {
		w.acknowledged++
		w.done[a]++
		return true
	}
	w.refused++
	id := storetest.ErrorID(err)
	w.told[id]++
	if k := iotmark.KindOf(err); strings.Contains(id, " ") || k == iotmark.Internal || k == iotmark.Unavailable {
		w.t.Errorf("%s: %s: %v", a, id, err)
	}
	return false
}
