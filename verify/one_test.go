package verify_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

// What one mark or product is asked for is what the whole registry has of it.
func TestOne(t *testing.T) {
	t.Parallel()
	s := verifytest.New(t, verifytest.Opts{})
	s.Grant(s.Makers[0], "lamp").Suspend(1)
	s.NewMark(s.Makers[1], "plug").Apply()
	s.Promise(s.Makers[2], "hub")
	r := verify.NewReplayer(s.Trust)
	for i, e := range s.Entries {
		if v := r.Apply(e, s.Births[i].Witnessed); v != nil {
			t.Fatal(v)
		}
	}
	for _, asOf := range []time.Time{s.Now, s.Now.AddDate(0, 2, 0), s.Now.AddDate(9, 0, 0)} {
		reg := r.Registry(asOf)
		for _, m := range append(reg.Marks, reg.Applications...) {
			got, ok := r.Mark(m.Subject, asOf)
			if diff := cmp.Diff(m, got); diff != "" || !ok {
				t.Errorf("%v %s: got (-want +got)\n%s", ok, m.Subject, diff)
			}
		}
		for _, p := range reg.Products {
			got, ok := r.Product(p.Subject)
			if diff := cmp.Diff(p, got); diff != "" || !ok {
				t.Errorf("%v %s: got (-want +got)\n%s", ok, p.Subject, diff)
			}
		}
		if len(reg.Marks) != 1 || len(reg.Applications) != 1 || len(reg.Products) != 2 {
			t.Errorf("got %d marks, %d applications, %d products", len(reg.Marks), len(reg.Applications), len(reg.Products))
		}
		reg.Marks, reg.Applications, reg.Products, reg.Voids = nil, nil, nil, nil
		if diff := cmp.Diff(reg, r.Scheme(asOf)); diff != "" {
			t.Errorf("the scheme: got (-want +got)\n%s", diff)
		}
	}
	for _, none := range []string{"", "urn:iotmark:mark:", "urn:iotmark:product:maker2.example:plug", "urn:iotmark:mark:019aa0f0-8a53-7c11-b1f2-0a4be5a1c0de", "lamp"} {
		if m, ok := r.Mark(none, s.Now); ok {
			t.Errorf("%q is a mark: %v", none, m)
		}
		if p, ok := r.Product(none); ok {
			t.Errorf("%q is a product: %v", none, p)
		}
	}
}

// Trying an entry says what applying it will say, and changes nothing.
func TestTry(t *testing.T) {
	t.Parallel()
	s := verifytest.New(t, verifytest.Opts{})
	m := s.Grant(s.Makers[0], "lamp")
	m.Suspend(1)
	lower := s.PromiseOf(s.Makers[0], "lamp")
	lower.Updates = "2020-01-01"
	s.AppendVoid(verifytest.Draft{Type: verify.PromiseSet, Subject: s.Makers[0].Product("lamp"), Body: lower, Signers: s.Makers[0].Keys})
	s.AppendBytes([]byte("no entry\n"), s.Now.Unix())
	s.AppendBytes(s.Entries[3], s.Now.Unix())
	m.Confirm()
	s.Status(s.StatusOf())
	r, voids := verify.NewReplayer(s.Trust), 0
	for i, e := range s.Entries {
		at := s.Births[i].Witnessed
		var before, after iotmark.Digest
		if i > 0 {
			before = r.Registry(s.Now).Hash()
		}
		for _, other := range [][]byte{s.Entries[len(s.Entries)-1-i], e} {
			r.Try(other, at)
		}
		want := r.Try(e, at)
		if i > 0 {
			after = r.Registry(s.Now).Hash()
		}
		if before != after {
			t.Errorf("trying entry %d changed the registry", i)
		}
		got := r.Apply(e, at)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("entry %d: (-tried +applied)\n%s", i, diff)
		}
		if got != nil {
			voids++
		}
	}
	if voids != 3 {
		t.Errorf("%d entries were void, want 3", voids)
	}
	reg, err := verify.Replay(entriesOf(s.Entries), s.Births, s.Trust, s.Now)
	if err != nil || reg.Hash() != r.Registry(s.Now).Hash() {
		t.Errorf("what was tried between left something: %v", err)
	}
}
