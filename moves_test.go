package iotmark_test

import (
	"slices"
	"testing"

	"github.com/open-iot-mark/iotmark"
)

// moves are the rows of one kind of case.
func moves(k iotmark.CaseKind) (out []iotmark.CaseMove) {
	for _, m := range iotmark.CaseMoves() {
		if m.Kind == k {
			out = append(out, m)
		}
	}
	return out
}

// Every row leads somewhere, every state can be reached, and every case can
// end; one that never ends is the directory.
func TestCaseTables(t *testing.T) {
	t.Parallel()
	for _, k := range iotmark.CaseKinds() {
		rows := moves(k)
		if len(rows) == 0 {
			t.Errorf("%s has no table", k)
		}
		seen := map[iotmark.CaseState]bool{"": true}
		for range rows {
			for _, m := range rows {
				if seen[m.From] {
					seen[m.To] = true
				}
			}
		}
		final := 0
		for i, m := range rows {
			if !seen[m.From] {
				t.Errorf("%s: nothing leads to %s", k, m.From)
			}
			if len(m.By) == 0 {
				t.Errorf("%s: nobody may %s in %s", k, m.Act, m.From)
			}
			if slices.ContainsFunc(rows[:i], func(o iotmark.CaseMove) bool { return o.From == m.From && o.Act == m.Act }) {
				t.Errorf("%s: %s in %s stands twice", k, m.Act, m.From)
			}
			r, ok := iotmark.StateOf(k, m.To)
			if !ok {
				t.Errorf("%s: the state %s is not told", k, m.To)
			}
			if r.Final {
				final++
			}
			_, carried := iotmark.MoveCase(k, m.To, iotmark.ActCarried)
			_, dropped := iotmark.MoveCase(k, m.To, iotmark.ActDropped)
			if (m.Entry != "") != carried || carried != dropped {
				t.Errorf("%s: %s in %s drafts %q; carried from %s: %t, dropped: %t", k, m.Act, m.From, m.Entry, m.To, carried, dropped)
			}
			if m.Act != iotmark.ActDropped && slices.Contains(m.By, iotmark.RoleProgram) && len(m.By) > 1 && m.From != "" {
				t.Errorf("%s: %s in %s is an act of the program and of people", k, m.Act, m.From)
			}
		}
		if (final == 0) != (k == iotmark.Directory) {
			t.Errorf("%s has %d rows that end it", k, final)
		}
	}
}

// Only people of a kind of organisation that can have the role act in it.
func TestRolesOfOrganisations(t *testing.T) {
	t.Parallel()
	kinds := []iotmark.OrganisationKind{iotmark.OrgMaker, iotmark.OrgBody, iotmark.OrgLaboratory, iotmark.OrgOwner, iotmark.OrgCommittee, iotmark.OrgComplainant}
	for _, r := range iotmark.Roles() {
		filled := slices.ContainsFunc(kinds, func(k iotmark.OrganisationKind) bool { return slices.Contains(iotmark.RolesOf(k), r) })
		if filled != (r != iotmark.RoleProgram) {
			t.Errorf("the role %s can be filled: %t", r, filled)
		}
	}
	for _, r := range []iotmark.Role{iotmark.RoleAssessor, iotmark.RoleTester, iotmark.RoleReviewer, iotmark.RoleCommittee, iotmark.RolePanel, iotmark.RoleRegistrar} {
		for _, k := range []iotmark.OrganisationKind{iotmark.OrgOwner, iotmark.OrgMaker} {
			if slices.Contains(iotmark.RolesOf(k), r) {
				t.Errorf("people of a %s can be %s", k, r)
			}
		}
	}
}

// What is not in the tables is not allowed, and what may be done at any time
// is not allowed where everything has ended.
func TestMoveCase(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind iotmark.CaseKind
		from iotmark.CaseState
		act  iotmark.Act
		ok   bool
	}{
		{iotmark.Application, "", "apply", true},
		{iotmark.Application, "submitted", "grant", false},
		{iotmark.Application, "evaluated", "grant", false}, // no decision without review
		{iotmark.Application, "reviewed", "grant", true},
		{iotmark.Application, "granting", iotmark.ActSign, true},
		{iotmark.Application, "reviewed", iotmark.ActSign, false}, // nothing waits
		{iotmark.Application, "withdrawn", iotmark.ActNote, false},
		{iotmark.Application, "submitted", iotmark.ActNote, true},
		{iotmark.Application, "", iotmark.ActNote, false},
		{iotmark.Surveillance, "opened", "withdraw", false}, // no withdrawal without suspension
		{iotmark.EditionCase, "proposed", "ballot", false},  // no ballot without consultation
		{"lottery", "", "apply", false},
	} {
		m, ok := iotmark.MoveCase(tt.kind, tt.from, tt.act)
		if ok != tt.ok || ok && (m.From != tt.from || m.Act != tt.act) {
			t.Errorf("%s in a %s that is %q: %t, want %t", tt.act, tt.kind, tt.from, ok, tt.ok)
		}
	}
}
