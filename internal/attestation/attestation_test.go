package attestation_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/attestation"
	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

func scheme(t testing.TB) (*verifytest.Scheme, *verifytest.Mark) {
	t.Helper()
	s := verifytest.New(t, verifytest.Opts{Witnesses: 3})
	return s, s.Grant(s.Makers[0], "lamp")
}

func TestCredential(t *testing.T) {
	t.Parallel()
	s, k := scheme(t)
	reg := s.Replay()
	a := attestation.Attested(reg, &reg.Marks[0])
	doc, err := s.Issuing().Credential(a)
	if err != nil {
		t.Fatal(err)
	}
	if err := verify.Canonical(doc); err != nil {
		t.Error(err)
	}
	if err := verify.VerifyDI(doc, s.Issuing().Public); err != nil {
		t.Error(err)
	}
	again, err := s.Issuing().Credential(a)
	if err != nil || !bytes.Equal(doc, again) {
		t.Errorf("the same terms give another credential: %v", err)
	}
	var got struct {
		ID, ValidFrom, ValidUntil string
		Type                      []string
		Issuer                    struct{ ID string }
		CredentialSubject         struct {
			ID, Name, Description string
			IssuedToParty         struct{ ID, Name string }
			Assessment            []struct{ ID, Description string }
		}
		CredentialStatus []struct{ ID, StatusListCredential, StatusListIndex, StatusPurpose string }
		Evidence         []struct {
			Index int64
			Leaf  iotmark.Digest
			Log   string
		}
	}
	if err := json.Unmarshal(doc, &got); err != nil {
		t.Fatal(err)
	}
	page := "https://mark.example/m/" + k.Terms.Code
	for what, pair := range map[string][2]string{
		"id":          {got.ID, page},
		"issuer":      {got.Issuer.ID, "did:web:mark.example"},
		"from":        {got.ValidFrom, string(k.Terms.ValidFrom) + "T00:00:00Z"},
		"until":       {got.ValidUntil, string(k.Terms.ValidUntil) + "T23:59:59Z"},
		"subject":     {got.CredentialSubject.ID, k.Subject},
		"name":        {got.CredentialSubject.Name, "mark.example: Warmth lamp"},
		"description": {got.CredentialSubject.Description, "Warmth lamp, model T-1, hardware rev C, software from 2.4.0, services api.example.com; security updates until 2031-01-05"},
		"holder":      {got.CredentialSubject.IssuedToParty.ID, "https://maker1.example"},
		"topic":       {got.CredentialSubject.Assessment[2].ID, page + "#privacy"},
		"counts":      {got.CredentialSubject.Assessment[2].Description, "7 criteria: 2 examined by program, 3 read by a person, 1 tried on a unit"},
		"list":        {got.CredentialStatus[1].ID, "https://mark.example/status/1-suspension#0"},
		"log":         {fmt.Sprint(got.Evidence[0].Index, got.Evidence[0].Log), fmt.Sprint(k.Granted.Index, "log.mark.example/1")},
		"leaf":        {string(got.Evidence[0].Leaf), string(k.Granted.Leaf)},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: got %q, want %q", what, pair[0], pair[1])
		}
	}
	if n := len(got.CredentialSubject.Assessment); n != 9 {
		t.Errorf("%d assessments, want one of all criteria and eight of topics", n)
	}
}

// An LEI, no GTIN, and newer terms are told too.
func TestCredentialForms(t *testing.T) {
	t.Parallel()
	s, k := scheme(t)
	reg := s.Replay()
	a := attestation.Attested(reg, &reg.Marks[0])
	terms := k.Terms
	terms.Holder.LEI, terms.Product.GTINs, terms.Product.Hardware, terms.Product.Services = "5493001KJTIIGC8Y1R12", nil, nil, nil
	a.Terms, a.InForce, a.ForceIndex = &terms, verifytest.Digest("newer"), 99
	doc := string(a.Credential())
	for _, want := range []string{`"registeredId":"5493001KJTIIGC8Y1R12"`, `"urn:iotmark:product:maker1.example:lamp"`, `"index":99`, `model T-1, software from`} {
		if !strings.Contains(doc, want) {
			t.Errorf("no %s in %s", want, doc)
		}
	}
}

func TestJWT(t *testing.T) {
	t.Parallel()
	s, _ := scheme(t)
	reg := s.Replay()
	a := attestation.Attested(reg, &reg.Marks[0])
	token, err := s.Issuing().JWT(a)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		t.Fatal(err)
	}
	payload, err := signed.Verify(s.Issuing().Public)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(a.Credential()), string(payload)); d != "" {
		t.Errorf("payload: got (-want +got)\n%s", d)
	}
	h := signed.Signatures[0].Protected
	if typ := h.ExtraHeaders["typ"]; typ != "vc+jwt" || h.KeyID != verify.Method(s.Opts.Domain, s.Issuing().Public) || h.Algorithm != "EdDSA" {
		t.Errorf("header %+v", h)
	}
}

func TestDIDDocument(t *testing.T) {
	t.Parallel()
	s, _ := scheme(t)
	second := verifytest.NewKey("mark.example/issuer/2", "operator", "o8", verify.Issuer)
	b := s.WithKeys(second)
	zero := int64(0)
	for i := range b.Keys {
		if b.Keys[i].Name == s.Issuer.Name {
			b.Keys[i].Until = &zero
		}
	}
	s.SetKeyring(b)
	doc, err := attestation.DIDDocument(s.Replay())
	if err != nil {
		t.Fatal(err)
	}
	key := verify.Multikey(second.Public())
	want := `{"@context":["https://www.w3.org/ns/did/v1","https://w3id.org/security/multikey/v1"],"assertionMethod":["did:web:mark.example#` + key +
		`"],"id":"did:web:mark.example","verificationMethod":[{"controller":"did:web:mark.example","id":"did:web:mark.example#` + key +
		`","publicKeyMultibase":"` + key + `","type":"Multikey"}]}`
	if d := cmp.Diff(want, string(doc)); d != "" {
		t.Errorf("got (-want +got)\n%s", d)
	}
}

// A round says what its registry is, and nothing but that and the key decides
// its bytes.
func TestRound(t *testing.T) {
	t.Parallel()
	s, k := scheme(t)
	s.Grant(s.Makers[1], "kettle").Withdraw(verify.Maker)
	k.Suspend(2)
	reg := s.Replay()
	r, err := attestation.NewRound(reg, s.Issuing())
	if err != nil {
		t.Fatal(err)
	}
	again, err := attestation.NewRound(s.Replay(), s.Issuing())
	if err != nil {
		t.Fatal(err)
	}
	body := r.Body()
	if d := cmp.Diff(body, again.Body()); d != "" {
		t.Errorf("twice: got (-want +got)\n%s", d)
	}
	if body.Covers != reg.Size || body.Marks != 2 || body.Keyring != reg.Keyring.Leaf || len(body.Lists) != 2 {
		t.Errorf("got %+v", body)
	}
	for i, want := range []verify.List{{Purpose: verify.Revocation}, {Purpose: verify.Suspension}} {
		l, err := verify.ParseList(s.Opts.Domain, r.Lists[i])
		if err != nil {
			t.Fatal(err)
		}
		bad := int64(1 - i) // the second is withdrawn, the first suspended
		if l.Purpose != want.Purpose || !l.Bits.Get(bad) || l.Bits.Get(1-bad) || !l.From.Equal(reg.AsOf) {
			t.Errorf("list %d is for %s, as of %s", i, l.Purpose, l.From)
		}
	}
	small, err := attestation.Compress(r.Snapshot)
	if err != nil {
		t.Fatal(err)
	}
	x, err := verify.ParseIndex(small)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(reg.Index(), *x); d != "" {
		t.Errorf("snapshot: got (-want +got)\n%s", d)
	}
	if got, want := attestation.SnapshotName(reg), fmt.Sprintf("registry-%d.json.gz", reg.Size); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	s.Status(body)
	s.Replay() // and replay counts it
}

// The bundle of each of several marks verifies, and is small.
func TestBundle(t *testing.T) {
	t.Parallel()
	s, k := scheme(t)
	k.Amend()
	s.Grant(s.Makers[1], "kettle")
	r, status := s.Publish()
	for i := range r.Registry.Marks {
		b, err := r.Bundle(&r.Registry.Marks[i], s.Trust, s.Issuing(), status.Index, s.Finder())
		if err != nil {
			t.Fatal(err)
		}
		file := s.File(b)
		got := verify.VerifyBundle(file, s.Trust, s.Now)
		if got.Answer != verify.GenuineCurrent {
			t.Errorf("mark %d: got %s (%v), want genuine-current", i, got.Answer, got.Failure)
		}
		if len(file) > 9_000 {
			t.Errorf("mark %d: the bundle has %d bytes, want 9000 at most", i, len(file))
		}
	}
	if _, err := r.Bundle(&verify.Mark{}, s.Trust, s.Issuing(), status.Index, s.Finder()); iotmark.KindOf(err) != iotmark.Invalid {
		t.Errorf("a mark that was not granted: got %v", err)
	}
	broken := errors.New("gone")
	if _, err := r.Bundle(&r.Registry.Marks[0], s.Trust, s.Issuing(), status.Index, func(int64, bool) ([]byte, []byte, error) { return nil, nil, broken }); !errors.Is(err, broken) {
		t.Errorf("an entry that cannot be had: got %v", err)
	}
}

// A key that fails, or signs something else, is found at once.
func TestIssuerFails(t *testing.T) {
	t.Parallel()
	s, _ := scheme(t)
	reg := s.Replay()
	a := attestation.Attested(reg, &reg.Marks[0])
	gone := errors.New("gone")
	for name, sign := range map[string]func([]byte) ([]byte, error){
		"fails":         func([]byte) ([]byte, error) { return nil, gone },
		"signs other":   func([]byte) ([]byte, error) { return ed25519.Sign(s.Root[0].Private, nil), nil },
		"signs nothing": func([]byte) ([]byte, error) { return nil, nil },
	} {
		i := s.Issuing()
		i.Sign = sign
		if _, err := i.Credential(a); err == nil {
			t.Errorf("%s: there is a credential", name)
		}
		if _, err := i.JWT(a); err == nil {
			t.Errorf("%s: there is a JWT", name)
		}
		if _, err := attestation.NewRound(reg, i); err == nil {
			t.Errorf("%s: there is a round", name)
		}
	}
}

// How large the whole registry is, for 10,000 marks.
func TestSnapshotSize(t *testing.T) {
	t.Parallel()
	s, k := scheme(t)
	reg := s.Replay()
	m := reg.Marks[0]
	for i := range 10_000 {
		t := k.Terms
		t.Code = iotmark.NewCode([5]byte([]byte(verifytest.Digest(fmt.Sprint(i))[:5])))
		t.Product.GTINs = []string{fmt.Sprintf("0950600013%04d", i)}
		t.Holder.Name, t.Product.Name, t.Product.Model = fmt.Sprintf("Maker %d Ltd", i%700), fmt.Sprintf("Product %d of the house", i), fmt.Sprintf("M-%d", i%90)
		t.ValidFrom = iotmark.DateOf(s.Now.AddDate(0, 0, i%700))
		m.TermsInForce, m.Terms, m.Slot = &t, verifytest.Digest(fmt.Sprint("leaf", i)), int64(i+1)
		reg.Marks = append(reg.Marks, m)
	}
	doc, err := reg.Index().Marshal()
	if err != nil {
		t.Fatal(err)
	}
	small, err := attestation.Compress(doc)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("10,000 marks: %d bytes, %d compressed", len(doc), len(small))
	if len(small) > 500_000 {
		t.Errorf("%d bytes for 10,000 marks, want 50 each at most", len(small))
	}
}
