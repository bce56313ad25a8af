// Package attestation renders what the log says of marks: credentials in two
// securings, the scheme's DID document, status lists, the snapshot of the
// registry, the body of status.published, and the bundle of one mark.
//
// Everything is a function of a prefix of the log, given as a
// [verify.Registry], and of the issuer's key, which is handed in. It refuses to
// decide and to remember: no clock, no files, no keys of its own. The entry is
// the mark; what is made here is a rendering, and what goes wrong here can be
// made again. What can go wrong: the key does not sign, or an entry that the
// registry names cannot be had.
package attestation

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"

	"github.com/go-jose/go-jose/v4"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
)

// Issuer signs credentials and status lists for a scheme. Its key has the role
// issuer in the keyring.
type Issuer struct {
	Domain string // of the scheme
	Public ed25519.PublicKey
	Sign   func(message []byte) ([]byte, error) // gives the 64 bytes of RFC 8032
}

// Attested gives what the credential of a mark says.
func Attested(reg *verify.Registry, m *verify.Mark) verify.Attested {
	return verify.Attested{Domain: reg.Domain, Origin: reg.Origin, Subject: m.Subject, Terms: m.TermsInForce,
		Grant: m.Grant, GrantIndex: m.GrantIndex, InForce: m.Terms, ForceIndex: m.TermsIndex}
}

// Credential returns the credential of a mark with an eddsa-jcs-2022 proof, in
// canonical JSON. It is of the day from which the terms are valid, so that the
// same terms and the same key give the same bytes.
func (i Issuer) Credential(a verify.Attested) ([]byte, error) {
	return i.secure(a.Credential(), verify.NewProof(a.Context(), i.Domain, i.Public, a.Terms.ValidFrom.Time()))
}

// secure signs, and looks at what came back: a key that signs wrongly is found
// here and not by those who verify.
func (i Issuer) secure(doc []byte, p verify.Proof) ([]byte, error) {
	out, err := p.Secure(doc, i.Sign)
	if err != nil {
		return nil, err
	}
	if err := verify.VerifyDI(out, i.Public); err != nil {
		return nil, errSigns
	}
	return out, nil
}

var errSigns = &iotmark.Error{Kind: iotmark.Unavailable, ID: "issuer-signs-wrongly",
	Msg: "the issuer's key gave a signature that does not verify; check that the key and its public half belong together"}

// JWT returns the same credential as vc+jwt (W3C Securing Verifiable
// Credentials using JOSE and COSE, 3.1.1), which UNTP asks for. The algorithm
// is EdDSA (RFC 8037).
func (i Issuer) JWT(a verify.Attested) (string, error) {
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: opaque{i}}, (&jose.SignerOptions{}).
		WithType("vc+jwt").WithContentType("vc").WithHeader("kid", verify.Method(i.Domain, i.Public)))
	if err != nil {
		return "", err
	}
	signed, err := s.Sign(a.Credential())
	if err != nil {
		return "", err
	}
	if _, err := signed.Verify(i.Public); err != nil {
		return "", errSigns
	}
	return signed.CompactSerialize()
}

// opaque lets jose sign with a key that it does not hold.
type opaque struct{ Issuer }

func (o opaque) Public() *jose.JSONWebKey { return &jose.JSONWebKey{Key: o.Issuer.Public} }

func (o opaque) Algs() []jose.SignatureAlgorithm { return []jose.SignatureAlgorithm{jose.EdDSA} }

func (o opaque) SignPayload(payload []byte, alg jose.SignatureAlgorithm) ([]byte, error) {
	if alg != jose.EdDSA {
		return nil, errors.New("attestation: only EdDSA")
	}
	return o.Sign(payload)
}

// List returns a status list with an eddsa-jcs-2022 proof, in canonical JSON.
func (i Issuer) List(l verify.List) ([]byte, error) {
	return i.secure(l.Credential(), verify.NewProof(verify.ListContext(), i.Domain, i.Public, l.From))
}

// DIDDocument returns the document that did:web:<domain> resolves to, served
// at /.well-known/did.json (W3C DID v1.0; did:web method; Controlled
// Identifiers v1.0): the issuer's keys that have not ended. Whoever verifies a
// bundle does not need it.
func DIDDocument(reg *verify.Registry) ([]byte, error) {
	type method struct {
		Controller string `json:"controller"`
		ID         string `json:"id"`
		Multibase  string `json:"publicKeyMultibase"`
		Type       string `json:"type"`
	}
	doc := struct {
		Context   []string `json:"@context"`
		Assertion []string `json:"assertionMethod"`
		ID        string   `json:"id"`
		Methods   []method `json:"verificationMethod"`
	}{Context: []string{"https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"}, ID: verify.DID(reg.Domain),
		Assertion: []string{}, Methods: []method{}}
	for _, e := range reg.Keyring.Keys {
		if e.Role != verify.Issuer || e.Until != nil && *e.Until <= reg.Size {
			continue
		}
		k, err := verify.ParseKey(e)
		if err != nil {
			return nil, err
		}
		id := verify.Method(reg.Domain, k.Public)
		doc.Assertion = append(doc.Assertion, id)
		doc.Methods = append(doc.Methods, method{Controller: doc.ID, ID: id, Multibase: verify.Multikey(k.Public), Type: "Multikey"})
	}
	return json.Marshal(doc)
}

func digest(b []byte) iotmark.Digest {
	h := sha256.Sum256(b)
	return iotmark.Digest(hex.EncodeToString(h[:]))
}
