package scheme_test

import (
	"context"
	"encoding/json"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/confine"
	"github.com/open-iot-mark/iotmark/internal/determine"
	"github.com/open-iot-mark/iotmark/internal/dossier"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/scheme"
	"github.com/open-iot-mark/iotmark/internal/scheme/schemetest"
	"github.com/open-iot-mark/iotmark/internal/store/storetest"
	"github.com/open-iot-mark/iotmark/verify"
)

const product = "../../testdata/products/complete"

// accepted brings an application to where evidence is sealed.
func accepted(h *schemetest.House) scheme.On {
	c := h.OK(h.Scheme.Apply(h.T.Context(), schemetest.Applicant, scheme.On{}, iotmark.Application, schemetest.Body, "", h.Application()))
	h.Supply(c.ID)
	h.OK(h.Scheme.Accept(h.T.Context(), schemetest.Registrar, scheme.On{Case: c.ID}))
	h.Sign(schemetest.Applicant, c.ID)
	h.Assign(c.ID)
	return scheme.On{Case: c.ID, Reason: "as it should be"}
}

func sealed(h *schemetest.House, on scheme.On) {
	h.OK(h.Scheme.Seal(h.T.Context(), schemetest.Applicant, on, verify.SealedBody{}))
	h.Sign(schemetest.Applicant, on.Case)
}

func body(h *schemetest.House, on scheme.On) (b scheme.ApplicationBody) {
	h.T.Helper()
	c := h.OK(h.Scheme.Case(h.T.Context(), schemetest.Observer, on.Case))
	if err := json.Unmarshal(c.Body, &b); err != nil {
		h.T.Fatal(err)
	}
	return b
}

// What is determined in a case is what iotmark check says of the folder, with
// the image of the firmware read in a confined child.
func TestDetermined(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, address string) {
		h := schemetest.New(t, address, func(c *scheme.Config) { c.Confined, c.Determine = confine.New(confine.Budget{}).Read, nil })
		h.Register()
		on := accepted(h)
		sealed(h, on)
		if b := body(h, on); b.Determined != nil {
			t.Fatal("it was determined before its job was done")
		}
		h.Work()

		cat := catalogue.MustLoad()
		asOf := iotmark.DateOf(h.Now())
		d, err := dossier.Open(product, cat, dossier.Options{AsOf: asOf})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		want, err := determine.Run(t.Context(), determine.Input{Catalogue: cat, Dossier: d, AsOf: asOf, Limits: evidence.DefaultLimits()})
		if err != nil {
			t.Fatal(err)
		}
		got, err := h.Scheme.Determined(t.Context(), schemetest.Applicant, on.Case)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(again(t, want), got); d != "" {
			t.Errorf("the assessment (-check +case):\n%s", d)
		}
		b := body(h, on)
		if b.Determined.Evidence != b.Sealed.Root || b.Determined.Edition != cat.Edition || b.Determined.Declaration != d.Digest || len(b.Determined.Checks) != len(determine.Checks()) {
			t.Errorf("the case says %+v of the determination", b.Determined)
		}
		if _, err := h.Scheme.Determined(t.Context(), schemetest.Reporter, on.Case); storetest.ErrorID(err) != "case-unknown" {
			t.Errorf("a stranger reads it: %v", err)
		}
	})
}

// again is an assessment as it comes back from JSON.
func again(t *testing.T, a iotmark.Assessment) (out iotmark.Assessment) {
	t.Helper()
	raw, err := json.Marshal(a)
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Nothing is sealed but what was handed in, and nothing is determined but what
// was sealed.
func TestSealRefused(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, address string) {
		h := schemetest.New(t, address)
		h.Register()
		on := accepted(h)
		is, err := h.Scheme.Sealable(t.Context(), schemetest.Applicant, on.Case)
		if err != nil || is.Items != len(h.Dossier()) {
			t.Fatalf("%d files can be sealed, of %d: %v", is.Items, len(h.Dossier()), err)
		}
		seal := func(by iotmark.Actor, b verify.SealedBody) string {
			_, err := h.Scheme.Seal(t.Context(), by, on, b)
			return storetest.ErrorID(err)
		}
		if got := seal(schemetest.Applicant, verify.SealedBody{Items: is.Items + 1, Root: is.Root}); got != "evidence-differs" {
			t.Errorf("sealed is what was not handed in: %s", got)
		}
		if got := seal(schemetest.Registrar, is); got != "role-missing" {
			t.Errorf("a registrar seals: %s", got)
		}
		h.Supply(on.Case, map[string][]byte{"iotmark.yaml": []byte("iotmark: nonsense\n")})
		if got := seal(schemetest.Applicant, verify.SealedBody{}); got == "" || got == "internal" {
			t.Errorf("a broken declaration is sealed: %s", got)
		}
		h.Supply(on.Case)
		h.OK(h.Scheme.Seal(t.Context(), schemetest.Applicant, on, is))
		h.Sign(schemetest.Applicant, on.Case)

		h.Supply(on.Case, map[string][]byte{"evidence/late.txt": []byte("handed in after the seal")})
		h.Work()
		if b := body(h, on); b.Determined != nil {
			t.Error("what was not sealed was determined")
		}
		sealed(h, on)
		h.Work()
		if b := body(h, on); b.Determined == nil || b.Determined.Evidence != b.Sealed.Root || b.Sealed.Root == is.Root {
			t.Errorf("sealed again, the case says %+v of %+v", b.Determined, b.Sealed)
		}
	})
}

// A child that is killed or talks nonsense is a finding that says so; one that
// cannot be started, and a vault that is gone, is tried again and leaves
// nothing behind.
func TestDetermineFaults(t *testing.T) {
	fail := func(k iotmark.Kind, id iotmark.ErrorID) error {
		return &iotmark.Error{Kind: k, ID: id, Msg: "as a test wants it"}
	}
	storetest.Engines(t, func(t *testing.T, address string) {
		var mode atomic.Value
		mode.Store(fail(iotmark.Unavailable, "not-confined"))
		h := schemetest.New(t, address, func(c *scheme.Config) {
			c.Determine = nil
			c.Confined = func(context.Context, evidence.Reader, evidence.Source, evidence.Limits) (any, error) {
				return nil, mode.Load().(error)
			}
		})
		h.Register()
		on := accepted(h)
		sealed(h, on)
		without := h.Config
		without.Vault = nil
		if _, err := scheme.New(without).Determine(t.Context(), on); storetest.ErrorID(err) != "vault-unreachable" {
			t.Errorf("determined without a vault: %v", err)
		}
		if _, err := h.Scheme.Determine(t.Context(), on); storetest.ErrorID(err) != "not-confined" {
			t.Fatalf("without a child it is determined: %v", err)
		}
		if n, err := h.Jobs.Drain(t.Context()); err != nil || body(h, on).Determined != nil {
			t.Fatalf("the job did %d and left %+v, %v", n, body(h, on).Determined, err)
		}
		if c, err := h.Jobs.Count(t.Context()); err != nil || c.Failed != 0 {
			t.Fatalf("the job is given up at once: %+v, %v", c, err)
		}
		mode.Store(fail(iotmark.Internal, "reader-nonsense"))
		h.Days(1)
		h.Work()
		a, err := h.Scheme.Determined(t.Context(), h.Assessor(0), on.Case)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(a.Evidence, func(h iotmark.Holding) bool { return h.Kind == iotmark.KindFirmwareImage })
		if i < 0 || a.Evidence[i].Reason != "reader-nonsense" {
			t.Errorf("the image is held as %+v", a.Evidence[i])
		}
		if !slices.ContainsFunc(a.Findings, func(f iotmark.Finding) bool { return f.Outcome == iotmark.CantTell }) {
			t.Error("no finding says that it could not look")
		}
	})
}
