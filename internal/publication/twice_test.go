package publication_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/publication"
)

// Promises do not begin anew under another name, or after a folder was taken
// away.
func TestAdmit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		do      func(place string) error
		product publication.Product
		want    iotmark.ErrorID
	}{
		"the same again":                 {nil, publication.Product{ID: "tw-l3", Model: "TW-L3"}, ""},
		"another product":                {nil, publication.Product{ID: "tw-l4", Model: "TW-L4", GTINs: []string{"09506000134352"}}, ""},
		"the model under another id":     {nil, publication.Product{ID: "tw-l3-new", Model: "tw-l3 "}, "published-elsewhere"},
		"a GTIN under another id":        {nil, publication.Product{ID: "tw-l4", Model: "TW-L4", GTINs: []string{"0" + carefulGTIN(t)}}, "published-elsewhere"},
		"a dash that looks like another": {nil, publication.Product{ID: "x", Model: "TW\u2011L3"}, "published-elsewhere"},
		"a minus":                        {nil, publication.Product{ID: "x", Model: "TW\u2212L3"}, "published-elsewhere"},
		"a small dash":                   {nil, publication.Product{ID: "x", Model: "TW\ufe58L3"}, "published-elsewhere"},
		"a letter that is not seen":      {nil, publication.Product{ID: "x", Model: "TW-\u200bL\u2060\ufe0f3"}, "published-elsewhere"},
		"wide letters":                   {nil, publication.Product{ID: "x", Model: "\uff34\uff37-\uff2c\uff13"}, "published-elsewhere"},
		"small letters":                  {nil, publication.Product{ID: "x", Model: " tw-l3"}, "published-elsewhere"},
		"a figure less":                  {nil, publication.Product{ID: "x", Model: "TW-L"}, ""},
		"its folder is gone":             {func(p string) error { return os.RemoveAll(filepath.Join(p, "tw-l3")) }, publication.Product{ID: "tw-l3", Model: "TW-L3"}, "published-missing"},
		"the other folder is gone":       {func(p string) error { return os.RemoveAll(filepath.Join(p, "tw-l3")) }, publication.Product{ID: "x", Model: "TW-L3"}, "published-elsewhere"},
		"the list is gone":               {func(p string) error { return os.Remove(filepath.Join(p, "index.json")) }, publication.Product{ID: "x", Model: "TW-L3"}, "published-elsewhere"},
		"nobody can tell": {func(p string) error { return os.Truncate(filepath.Join(p, "tw-l3/statement.note"), 9) },
			publication.Product{ID: "x", Model: "X"}, "published-unreadable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, product := written(t)
			if c.do != nil {
				if err := c.do(filepath.Dir(product)); err != nil {
					t.Fatal(err)
				}
			}
			s, err := publication.OpenSite(dir, false)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			err = s.Admit(c.product, publication.Promises{})
			e, ok := errors.AsType[*iotmark.Error](err)
			if ok != (c.want != "") || ok && (e.ID != c.want || !strings.Contains(e.Msg, "Nothing was written")) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	site, product := written(t)
	if err := os.RemoveAll(product); err != nil {
		t.Fatal(err)
	}
	s, err := publication.OpenSite(site, false)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	in := input(t, careful)
	in.Key = testKey(2)
	if err := s.Write(t.Context(), set(t, in), nil); err == nil {
		t.Error("the promises of a product began anew with another key")
	}
}

func carefulGTIN(t *testing.T) string {
	t.Helper()
	g := input(t, careful).Public.Declaration.Product.GTINs
	if len(g) == 0 {
		t.Fatal("the careful product has no GTIN")
	}
	return g[0]
}

// Two folders of one site that tell buyers of one product different things.
func TestPromisesOfOneProductAgree(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		until iotmark.Until
		want  bool
	}{"the same promises": {"", false}, "other promises": {"2027-01-01", true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site, product := written(t)
			other := t.TempDir()
			in := input(t, careful)
			in.Product = "tw-l3-new"
			if c.until != "" {
				in.Public.Declaration.Support.UpdatesUntil = c.until
			}
			write(t, other, set(t, in))
			if err := os.Rename(filepath.Join(other, publication.Place, "tw-l3-new"), filepath.Join(filepath.Dir(product), "tw-l3-new")); err != nil {
				t.Fatal(err)
			}
			if got := ids(verified(t, site)); slices.Contains(got, "promises-disagree tw-l3-new") != c.want {
				t.Errorf("got %q, want promises-disagree: %v", got, c.want)
			}
		})
	}
}

// A GTIN that a product had is not taken to another one with less promised.
func TestGTINsAreRemembered(t *testing.T) {
	t.Parallel()
	site, product := written(t)
	s, err := publication.OpenSite(site, false)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	in := input(t, careful)
	gtin, promised := in.Public.Declaration.Product.GTINs, publication.PromisesOf(in.Public.Declaration)
	in.Public.Declaration.Product.GTINs = nil
	if in.Previous, err = s.Previous(t.Context(), "tw-l3"); err != nil {
		t.Fatal(err)
	}
	write(t, site, set(t, in))

	less := promised
	less.UpdatesUntil = "2028-01-01"
	other := publication.Product{ID: "tw-l4", Model: "TW-L4", GTINs: gtin}
	if err := s.Admit(other, promised); err != nil {
		t.Errorf("with the same promises: %v", err)
	}
	err = s.Admit(other, less)
	if e, ok := errors.AsType[*iotmark.Error](err); !ok || e.ID != "published-elsewhere" || !strings.Contains(e.Msg, "updates_until: 2034-03-31 -> 2028-01-01") || !strings.Contains(e.Msg, "Nothing was written") {
		t.Errorf("with less: got %v", err)
	}
	if err := s.Admit(publication.Product{ID: "tw-l4", Model: "TW-L4"}, less); err != nil {
		t.Errorf("without the GTIN: %v", err)
	}

	for name, c := range map[string]struct {
		until iotmark.Until
		want  bool
	}{"the same promises": {promised.UpdatesUntil, false}, "less": {less.UpdatesUntil, true}} {
		elsewhere := t.TempDir()
		in := input(t, careful)
		in.Public.Declaration.Product.Model, in.Public.Declaration.Support.UpdatesUntil = "TW-L4", c.until
		write(t, elsewhere, set(t, in))
		to := filepath.Join(filepath.Dir(product), "tw-l4")
		if err := errors.Join(os.RemoveAll(to), os.Rename(filepath.Join(elsewhere, publication.Place, "tw-l4"), to)); err != nil {
			t.Fatal(err)
		}
		if got := ids(verified(t, site)); slices.Contains(got, "promises-disagree tw-l4") != c.want {
			t.Errorf("%s: got %q, want promises-disagree: %v", name, got, c.want)
		}
	}
	if err := os.RemoveAll(filepath.Join(product, "history")); err != nil {
		t.Fatal(err)
	}
	err = s.Admit(publication.Product{ID: "tw-l5", Model: "TW-L5"}, less)
	if e, ok := errors.AsType[*iotmark.Error](err); !ok || e.ID != "published-unreadable" {
		t.Errorf("without its history: got %v", err)
	}
}
