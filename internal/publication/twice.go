package publication

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/open-iot-mark/iotmark"
)

// names are what buyers know a product by, in one form: its model and its
// GTINs. Two products of one site that share one are the same to them.
func (p Product) names() []string {
	out := []string{modelName(p.Model)}
	for _, g := range p.GTINs {
		out = append(out, "GTIN "+strings.TrimLeft(g, "0")) // 13 digits and 14 name the same
	}
	return out
}

// modelName is a model as people see it. Compatible forms and cases are one
// (Unicode 15, 3.11 and 5.18), every dash is a hyphen, and what is not seen is
// gone. Letters of other scripts that look alike stay apart.
func modelName(model string) string {
	s := strings.Map(func(r rune) rune {
		switch {
		case unicode.In(r, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point):
			return -1
		case unicode.Is(unicode.Pd, r), strings.ContainsRune("\u02d7\u2043\u2212", r): // a modifier, a bullet, and minus
			return '-'
		}
		return r
	}, norm.NFKC.String(model))
	return "model " + strings.Join(strings.Fields(norm.NFKC.String(cases.Fold().String(s))), " ")
}

// Admit decides whether a product may be published here under its id. Under a
// second id, or after its folder was taken away, its promises would begin
// anew, and people bought on the earlier ones. It refuses an id that the list
// names and whose folder is gone (published-missing), a model or GTIN that is
// published under another id, or was and with more promises than now
// (published-elsewhere), and a site in which nobody can tell
// (published-unreadable).
func (s *Site) Admit(p Product, now Promises) error {
	x, err := s.index()
	if err != nil {
		return err
	}
	ids, problems := productsIn(s.root, x)
	for _, pr := range problems {
		if pr.ID == "too-many" || pr.ID == "file-unreadable" {
			return invalid("published-unreadable", fmt.Sprintf("%s cannot be looked through, so nobody can tell what was promised there: %s. Nothing was written", s.path, pr.Message))
		}
	}
	mine := p.names()
	elsewhere := func(id ProductID, name string) error {
		return invalid("published-elsewhere", fmt.Sprintf("%s is published as %s already, and what was promised there would begin anew. Nothing was written. Publish it with --id %s; two products need a model and GTINs of their own", name, id, id))
	}
	for _, q := range x.Products {
		switch name := modelName(q.Model); {
		case q.ID == p.ID && !slices.Contains(ids, p.ID):
			return invalid("published-missing", fmt.Sprintf("%s lists %s, and its folder is gone, and with it what was promised in public. Nothing was written. Put the folder %s back as it is on your web server, and publish again",
				filepath.Join(s.path, IndexFile), p.ID, filepath.Join(s.path, string(p.ID))))
		case q.ID != p.ID && slices.Contains(mine, name):
			return elsewhere(q.ID, name)
		}
	}
	for _, id := range ids {
		if id == p.ID {
			continue // Previous looks at it
		}
		other, err := s.open(id, NoteFile)
		if err != nil {
			return invalid("published-unreadable", fmt.Sprintf("the statement of %s cannot be read, so nobody can tell whether it is of the same product: %s. Nothing was written. Restore the folder, or move away what is yours", filepath.Join(s.path, string(id)), reason(err)))
		}
		for _, name := range other.Statement.Body.Product.names() {
			if slices.Contains(mine, name) {
				return elsewhere(id, name)
			}
		}
		if err := s.left(id, other, mine, now); err != nil {
			return err
		}
	}
	return nil
}

// open reads a statement in the folder of a product.
func (s *Site) open(id ProductID, name string) (Signed, error) {
	b, err := (&tree{root: s.root}).read(string(id)+"/"+name, MaxEntry)
	if err != nil {
		return Signed{}, err
	}
	return OpenNote(b)
}

// left refuses names that another product had in an earlier statement, where
// more was promised under them: people bought by that name. The newest
// statement that has a name counts.
func (s *Site) left(id ProductID, other Signed, mine []string, now Promises) error {
	for n := 0; other.Statement.Prev != "" && n < MaxHistory; n++ {
		prev := other.Statement.Prev
		var err error
		if other, err = s.open(id, historyFile(prev)); err == nil && other.Leaf != prev {
			err = broken("history-broken", "it is another one")
		}
		if err != nil {
			return invalid("published-unreadable", fmt.Sprintf("an earlier statement of %s cannot be read, so nobody can tell what was promised in it: %s. Nothing was written. Restore the folder", filepath.Join(s.path, string(id)), reason(err)))
		}
		b := other.Statement.Body
		for _, name := range b.Product.names() {
			i := slices.Index(mine, name)
			if i < 0 {
				continue
			}
			if low := Lowered(b.Promises, now); len(low) > 0 {
				return invalid("published-elsewhere", fmt.Sprintf("%s was published as %s, as of %s, and this would promise less under the same name:%s\nNothing was written. Restore the promises, or give it to %s back and record there what is lowered", name, id, b.AsOf, lines(low), id))
			}
			mine = slices.Delete(slices.Clone(mine), i, i+1)
		}
	}
	return nil
}

// twice finds products of one site that are the same to buyers and promise
// different things, and those that took over a name and promise less.
func twice(products []Verified) []Problem {
	out := moved(products)
	first := map[string]int{}
	for i, v := range products {
		if v.Promises == nil {
			continue
		}
		told := map[int]bool{}
		for _, name := range (Product{GTINs: v.GTINs, Model: v.Model}).names() {
			j, ok := first[name]
			if !ok {
				first[name] = i
				continue
			}
			if !told[j] && !reflect.DeepEqual(products[j].Promises, v.Promises) {
				told[j] = true
				out = append(out, Problem{iotmark.ErrorID("promises-disagree"), string(v.ID), fmt.Sprintf("%s is published as %s too, and the two promise different things", name, products[j].ID)})
			}
		}
	}
	return out
}

// moved finds products with a name that another one gave up, where more was
// promised under it.
func moved(products []Verified) []Problem {
	type was struct {
		at      int
		earlier Earlier
	}
	past := map[string][]was{}
	for i, v := range products {
		seen := map[string]bool{}
		for _, n := range (Product{GTINs: v.GTINs, Model: v.Model}).names() {
			seen[n] = true // it has the name still, and twice looks at it
		}
		for _, e := range v.Earlier {
			for _, n := range (Product{GTINs: e.GTINs, Model: e.Model}).names() {
				if !seen[n] {
					seen[n] = true
					past[n] = append(past[n], was{i, e})
				}
			}
		}
	}
	var out []Problem
	for i, v := range products {
		if v.Promises == nil {
			continue
		}
		for _, n := range (Product{GTINs: v.GTINs, Model: v.Model}).names() {
			for _, w := range past[n] {
				if w.at != i && len(Lowered(w.earlier.Promises, *v.Promises)) > 0 {
					out = append(out, Problem{"promises-disagree", string(v.ID), fmt.Sprintf("%s was published as %s, as of %s, and more was promised then", n, products[w.at].ID, w.earlier.AsOf)})
				}
			}
		}
	}
	return out
}
