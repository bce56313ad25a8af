package publication

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

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

func modelName(model string) string {
	return "model " + strings.ToLower(strings.Join(strings.Fields(model), " "))
}

// Admit decides whether a product may be published here under its id. Under a
// second id, or after its folder was taken away, its promises would begin
// anew, and people bought on the earlier ones. It refuses an id that the list
// names and whose folder is gone (published-missing), a model or GTIN that is
// published under another id (published-elsewhere), and a site in which nobody
// can tell (published-unreadable).
func (s *Site) Admit(p Product) error {
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
		b, err := (&tree{root: s.root}).read(string(id)+"/"+NoteFile, MaxEntry)
		var other Signed
		if err == nil {
			other, err = OpenNote(b)
		}
		if err != nil {
			return invalid("published-unreadable", fmt.Sprintf("the statement of %s cannot be read, so nobody can tell whether it is of the same product: %s. Nothing was written. Restore the folder, or move away what is yours", filepath.Join(s.path, string(id)), reason(err)))
		}
		for _, name := range other.Statement.Body.Product.names() {
			if slices.Contains(mine, name) {
				return elsewhere(id, name)
			}
		}
	}
	return nil
}

// twice finds products of one site that are the same to buyers and promise
// different things.
func twice(products []Verified) []Problem {
	var out []Problem
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
