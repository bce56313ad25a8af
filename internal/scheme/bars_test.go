package scheme_test

import (
	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/scheme"
	"github.com/open-iot-mark/iotmark/internal/scheme/schemetest"
	"github.com/open-iot-mark/iotmark/verify"
)

// conflict makes somebody in whose way a bar stands, or who comes close to it
// and passes. ok is false where it is not about the role.
type conflict struct {
	name   string
	passes bool
	make   func(g *grid, k iotmark.CaseKind, r iotmark.Role) (by iotmark.Actor, undo func(), ok bool)
}

// day is a day some days from now.
func (g *grid) day(n int) iotmark.Date { return scheme.Day(g.h.Now(), n) }

// spoiled is a conflict of somebody new.
func spoiled(name string, passes bool, spoil func(g *grid, p iotmark.Actor, k iotmark.CaseKind, r iotmark.Role)) conflict {
	return conflict{name, passes, func(g *grid, k iotmark.CaseKind, r iotmark.Role) (iotmark.Actor, func(), bool) {
		p := g.fresh(r, k)
		spoil(g, p, k, r)
		return p, nil, true
	}}
}

// elsewhere is a conflict of somebody who acts for another organisation.
func elsewhere(name, organisation string) conflict {
	return conflict{name, false, func(g *grid, k iotmark.CaseKind, r iotmark.Role) (iotmark.Actor, func(), bool) {
		p := g.fresh(r, k)
		p.Organisation = organisation
		g.do("INSERT INTO organisation (id, kind, name, domain, since) VALUES ($1, $2, 'x', '', '2026') ON CONFLICT (id) DO NOTHING", organisation, string(iotmark.OrgMaker))
		g.office(p.Person, r, organisation, "")
		g.do("UPDATE part SET organisation = $1 WHERE person = $2", organisation, p.Person)
		return p, nil, true
	}}
}

// sided makes one conflict for each other role: by a part in the case, or by
// an act in it.
func sided() (out []conflict) {
	for _, other := range []iotmark.Role{iotmark.RoleApplicant, iotmark.RoleAssessor, iotmark.RoleTester, iotmark.RoleReviewer, iotmark.RoleCommittee, iotmark.RolePanel} {
		for _, by := range []string{"part", "act"} {
			out = append(out, conflict{"with a " + by + " as " + string(other), false, func(g *grid, k iotmark.CaseKind, r iotmark.Role) (iotmark.Actor, func(), bool) {
				if g.s.Side(other) == "" || g.s.Side(r) == "" || g.s.Side(other) == g.s.Side(r) {
					return iotmark.Actor{}, nil, false
				}
				p := g.fresh(r, k)
				if by == "part" {
					g.part(p.Person, k, other, "elsewhere")
				} else {
					g.acted(p.Person, id(k), other, "note", "2026-01-01")
				}
				return p, nil, true
			}})
		}
	}
	return append(out,
		spoiled("with a part as registrar", true, func(g *grid, p iotmark.Actor, k iotmark.CaseKind, r iotmark.Role) {
			if r != iotmark.RoleRegistrar {
				g.part(p.Person, k, iotmark.RoleRegistrar, schemetest.Body)
			}
		}),
		spoiled("with an act in another case", true, func(g *grid, p iotmark.Actor, k iotmark.CaseKind, r iotmark.Role) {
			g.acted(p.Person, "another", iotmark.RoleApplicant, "note", "2026-01-01")
		}))
}

// tied are conflicts by an interest: of an office, or a declaration, that goes
// on or has ended.
func tied() []conflict {
	office := func(name string, passes bool, until int) conflict {
		return spoiled(name, passes, func(g *grid, p iotmark.Actor, _ iotmark.CaseKind, _ iotmark.Role) {
			day := g.day(until)
			if until == 0 {
				day = ""
			}
			g.office(p.Person, iotmark.RoleApplicant, schemetest.Acme, day)
		})
	}
	declared := func(name string, passes bool, until int) conflict {
		return spoiled(name, passes, func(g *grid, p iotmark.Actor, _ iotmark.CaseKind, _ iotmark.Role) {
			day := g.day(until)
			if until == 0 {
				day = ""
			}
			g.do("INSERT INTO interest (id, person, organisation, what, from_day, to_day) VALUES ($1, $1, $2, 'consultant', '2020-01-01', $3)", p.Person, schemetest.Acme, string(day))
		})
	}
	return []conflict{
		office("with an office at the maker", false, 0), office("whose office at the maker ended yesterday", false, -1),
		office("whose office at the maker ended within the time", false, -730), office("whose office at the maker ended before the time", true, -731),
		declared("with a declared interest", false, 0), declared("whose interest ended within the time", false, -730), declared("whose interest ended before the time", true, -731),
	}
}

// stewards are conflicts of the owner: of somebody else than who acts.
func stewards() []conflict {
	of := func(name string, passes bool, at func(g *grid) string) conflict {
		return conflict{name, passes, func(g *grid, k iotmark.CaseKind, r iotmark.Role) (iotmark.Actor, func(), bool) {
			p := g.fresh(r, k)
			g.people++
			s := "w" + p.Person
			g.office(s, iotmark.RoleSteward, schemetest.Owner, "")
			if when := at(g); when != "" {
				g.acted(s, scheme.DirectoryID, iotmark.RoleSteward, "undertake", when)
			}
			return p, func() { g.do("DELETE FROM office WHERE person = $1", s) }, true
		}}
	}
	const at = "2006-01-02T15:04:05Z"
	return []conflict{
		of("while a steward never declared", false, func(*grid) string { return "" }),
		of("while a steward declared more than a year ago", false, func(g *grid) string { return g.h.Now().AddDate(-1, 0, -1).Format(at) }),
		of("while a steward declared eleven months ago", true, func(g *grid) string { return g.h.Now().AddDate(0, -11, 0).Format(at) }),
	}
}

// appealed are conflicts of a panel: with another case of the same mark.
func appealed() []conflict {
	of := func(name string, passes bool, subject string, took func(g *grid, p iotmark.Actor, matter string)) conflict {
		return spoiled(name, passes, func(g *grid, p iotmark.Actor, k iotmark.CaseKind, _ iotmark.Role) {
			s := subject
			if s == "" {
				s = verify.Subject(verify.OfMark, id(k))
			}
			matter := "case of " + p.Person
			g.do("INSERT INTO matter (id, kind, state, version, subject, opened, moved) VALUES ($1, 'application', 'refused', 1, $2, '2026', '2026')", matter, s)
			took(g, p, matter)
		})
	}
	part := func(g *grid, p iotmark.Actor, matter string) {
		g.do("INSERT INTO part (matter, person, role, organisation, since) VALUES ($1, $2, 'committee', 'x', '2026')", matter, p.Person)
	}
	act := func(g *grid, p iotmark.Actor, matter string) {
		g.acted(p.Person, matter, iotmark.RoleCommittee, "sign", "2026-01-01")
	}
	return []conflict{
		of("with a part in what is appealed", false, "", part), of("with an act in what is appealed", false, "", act),
		of("with a part in a case of another mark", true, "urn:other", part),
	}
}

// conflicts provoke each bar, by its id. Those that pass come close to it. The
// first is tried through the methods too.
var conflicts = map[iotmark.ErrorID][]conflict{
	"other-maker": {elsewhere("of another maker", "other.example")},
	"other-body":  {elsewhere("of another body", "rivals")},
	"owner-certifies": {
		spoiled("with an office at the owner", false, func(g *grid, p iotmark.Actor, _ iotmark.CaseKind, _ iotmark.Role) {
			g.office(p.Person, iotmark.RoleOperator, schemetest.Owner, "")
		}),
		spoiled("whose office at the owner ended", true, func(g *grid, p iotmark.Actor, _ iotmark.CaseKind, _ iotmark.Role) {
			g.office(p.Person, iotmark.RoleOperator, schemetest.Owner, g.day(-1))
		}),
	},
	"not-assigned": {
		spoiled("without a part", false, func(g *grid, p iotmark.Actor, _ iotmark.CaseKind, _ iotmark.Role) {
			g.do("DELETE FROM part WHERE person = $1", p.Person)
		}),
		spoiled("with a part for another organisation", false, func(g *grid, p iotmark.Actor, _ iotmark.CaseKind, _ iotmark.Role) {
			g.do("UPDATE part SET organisation = 'another' WHERE person = $1", p.Person)
		}),
	},
	"two-sides":        sided(),
	"interest":         tied(),
	"took-part":        appealed(),
	"owner-undeclared": stewards(),
	"not-competent": {
		spoiled("without a competence", false, func(g *grid, p iotmark.Actor, _ iotmark.CaseKind, _ iotmark.Role) {
			g.do("DELETE FROM competence WHERE person = $1", p.Person)
		}),
		spoiled("whose competence ended yesterday", false, func(g *grid, p iotmark.Actor, _ iotmark.CaseKind, _ iotmark.Role) {
			g.do("UPDATE competence SET until_day = $1 WHERE person = $2", string(g.day(-1)), p.Person)
		}),
		spoiled("whose competence ends today", true, func(g *grid, p iotmark.Actor, _ iotmark.CaseKind, _ iotmark.Role) {
			g.do("UPDATE competence SET until_day = $1 WHERE person = $2", string(g.day(0)), p.Person)
		}),
	},
}
