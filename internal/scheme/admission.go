package scheme

import (
	"context"
	"slices"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
)

// Unadmitted returns the terms of admission of the procedure that a
// declaration does not meet, of those that a program reads in it, by id and in
// the order of the procedure: physical-product, product-with-data,
// identifiable-maker.
func Unadmitted(d *iotmark.Declaration) []string {
	var out []string
	thing := slices.ContainsFunc(d.Parts, func(p iotmark.Part) bool { return p.Part == iotmark.Device || p.Part == iotmark.Hub })
	if !thing || len(d.Facts["connects_by"].Set) == 0 {
		out = append(out, "physical-product")
	}
	if !d.Data.Known() {
		out = append(out, "product-with-data")
	}
	nobody := func(s string) bool {
		return s == "" || s == string(iotmark.WordUnknown) || s == string(iotmark.WordNone)
	}
	if m := d.Maker; slices.ContainsFunc([]string{m.Name, m.Address, m.Country, m.Email}, nobody) {
		out = append(out, "identifiable-maker")
	}
	return out
}

// Accept takes an application in: from now on it is in the log, signed by the
// maker and the operator. Renewals and amendments are of a mark that is there.
// The dossier is looked at before, and held to the terms of admission. Errors:
// evidence-missing, not-eligible, dossier-other, and those of the declaration.
func (s *Scheme) Accept(ctx context.Context, by iotmark.Actor, on On) (Case, error) {
	if err := s.mayDo(ctx, by, on, "accept"); err != nil {
		return Case{}, err
	}
	look, err := s.look(ctx, on.Case)
	if err != nil {
		return Case{}, err
	}
	return s.act(ctx, by, on, "accept", deed{then: func(m *moment) error {
		if _, err := m.unmoved(look); err != nil {
			return err
		}
		b, err := in[ApplicationBody](*m.c)
		if err != nil {
			return err
		}
		d := look.dossier.Declaration
		if terms := Unadmitted(d); len(terms) > 0 {
			return conflict("not-eligible", "the dossier does not meet the terms of admission: %s. The procedure says how each is looked at", list(terms))
		}
		if d.Product.Model != b.Product.Model || d.Edition != b.Edition {
			return conflict("dossier-other", "the dossier is of the model %.60q by the edition %s, and the application of %.60q by %s; hand in the one that belongs to it", d.Product.Model, d.Edition, b.Product.Model, b.Edition)
		}
		if m.row.Entry == "" {
			return nil
		}
		return m.draft(m.c.Subject, verify.ApplicationBody{Body: m.c.Certifier, Edition: b.Edition, Maker: m.c.Maker, Product: m.c.Product})
	}})
}
