// Package interop answers like an issuer and a verifier of the VC-API (W3C
// Credentials Community Group), with nothing but what verify and
// internal/attestation do, so that the test suites of W3C can ask them. It
// serves tests only: its key is known to all, it keeps nothing, and it issues
// whatever it is handed.
//
// A credential of this server is of any shape, signed by a did:key, because
// that is what the suites resolve. Marks never are: see verify.VerifyBundle.
package interop

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gowebpki/jcs"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/attestation"
	"github.com/open-iot-mark/iotmark/verify"
)

// maxRequest bounds a request.
const maxRequest = 1 << 20

// Server issues credentials and verifies them. Each one it issues has the next
// slot of its status lists.
type Server struct {
	issuer attestation.Issuer
	now    func() time.Time

	mu    sync.Mutex
	ids   []string // of the credentials, by slot
	marks []verify.Mark
}

// New makes a server whose status lists are under https://<domain>/status/.
func New(domain string, now func() time.Time) *Server {
	seed := sha256.Sum256([]byte("interop: a key that everybody knows"))
	key := ed25519.NewKeyFromSeed(seed[:])
	return &Server{now: now, issuer: attestation.Issuer{Domain: domain, Public: key.Public().(ed25519.PublicKey),
		Sign: func(m []byte) ([]byte, error) { return ed25519.Sign(key, m), nil }}}
}

// DID is who issues.
func (s *Server) DID() string { return "did:key:" + verify.Multikey(s.issuer.Public) }

// Handler serves POST /credentials/issue, /credentials/verify and
// /credentials/status, and GET /status/<list>. What is refused has status 400
// and {"verified":false,"errors":[...]}.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /credentials/issue", answer(http.StatusCreated, s.issue))
	mux.HandleFunc("POST /credentials/verify", answer(http.StatusOK, s.verify))
	mux.HandleFunc("POST /credentials/status", answer(http.StatusOK, s.set))
	mux.HandleFunc("GET /status/{list}", answer(http.StatusOK, func(r *http.Request) ([]byte, error) {
		id, purpose, _ := strings.Cut(r.PathValue("list"), "-")
		n, err := strconv.Atoi(id)
		if err != nil || n != 1 || !slices.Contains(verify.Purposes(), purpose) {
			return nil, errors.New("there is no such list")
		}
		return s.list(purpose)
	}))
	return mux
}

func answer(status int, f func(*http.Request) ([]byte, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := f(r)
		w.Header().Set("Content-Type", "application/json")
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			body, _ = json.Marshal(map[string]any{"verified": false, "errors": []string{err.Error()}})
			w.Write(body)
			return
		}
		w.WriteHeader(status)
		w.Write(body)
	}
}

// read decodes the body of a request.
func read(r *http.Request, v any) error {
	b, err := io.ReadAll(io.LimitReader(r.Body, maxRequest+1))
	if err == nil && len(b) > maxRequest {
		err = fmt.Errorf("the request has more than %d bytes", maxRequest)
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}

// issue adds the two references to status lists and the issuer to a credential
// and signs it.
func (s *Server) issue(r *http.Request) ([]byte, error) {
	var in struct{ Credential map[string]json.RawMessage }
	if err := read(r, &in); err != nil {
		return nil, err
	}
	c := in.Credential
	if err := statusesOf(c); err != nil {
		return nil, err
	}
	if c["proof"] != nil || c["credentialStatus"] != nil {
		return nil, errors.New("the credential has a proof or a status already")
	}
	var context, kind []string
	if json.Unmarshal(c["@context"], &context) != nil || len(context) == 0 || context[0] != verify.ListContext()[0] ||
		json.Unmarshal(c["type"], &kind) != nil || !slices.Contains(kind, "VerifiableCredential") || c["credentialSubject"] == nil {
		return nil, errors.New("this is no credential of VC Data Model 2.0")
	}
	var id, issuer string
	if c["issuer"] != nil && (json.Unmarshal(c["issuer"], &issuer) != nil || issuer != s.DID()) {
		return nil, errors.New("the credential is of another issuer")
	}
	if c["id"] != nil && json.Unmarshal(c["id"], &id) != nil {
		return nil, errors.New("the id of the credential is no text")
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	slot := int64(len(s.marks))
	if slot == verify.ListBits {
		return nil, errors.New("the status list is full")
	}
	var refs []status
	for _, p := range verify.Purposes() {
		l := s.listAt(p)
		refs = append(refs, status{ID: fmt.Sprintf("%s#%d", l, slot), Type: entryType, Purpose: p, Index: strconv.FormatInt(slot, 10), List: l})
	}
	var err error
	if c["credentialStatus"], err = json.Marshal(refs); err != nil {
		return nil, err
	}
	if c["issuer"], err = json.Marshal(s.DID()); err != nil {
		return nil, err
	}
	doc, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	if doc, err = jcs.Transform(doc); err != nil {
		return nil, err
	}
	p := verify.NewProof(context, s.issuer.Domain, s.issuer.Public, s.now())
	p.Method = s.DID() + "#" + verify.Multikey(s.issuer.Public)
	secured, err := p.Secure(doc, s.issuer.Sign)
	if err != nil {
		return nil, err
	}
	s.ids = append(s.ids, id)
	s.marks = append(s.marks, verify.Mark{Slot: slot, State: iotmark.MarkValid})
	return secured, nil
}

// verify checks the proof of a credential by the did:key that it names, and
// its status.
func (s *Server) verify(r *http.Request) ([]byte, error) {
	var in struct{ VerifiableCredential json.RawMessage }
	if err := read(r, &in); err != nil {
		return nil, err
	}
	var c map[string]json.RawMessage
	var proof struct{ VerificationMethod string }
	if json.Unmarshal(in.VerifiableCredential, &c) != nil || json.Unmarshal(c["proof"], &proof) != nil {
		return nil, errors.New("the credential has no proof, or more than one")
	}
	did, fragment, _ := strings.Cut(strings.TrimPrefix(proof.VerificationMethod, "did:key:"), "#")
	key, err := verify.ParseMultikey(did)
	if err != nil || fragment != did || !strings.HasPrefix(proof.VerificationMethod, "did:key:") {
		return nil, errors.New("the proof is by no did:key of Ed25519")
	}
	if err := verify.VerifyDI(in.VerifiableCredential, key); err != nil {
		return nil, err
	}
	if err := statusesOf(c); err != nil {
		return nil, err
	}
	refs, err := references(c["credentialStatus"])
	if err != nil {
		return nil, err
	}
	for _, ref := range refs {
		if err := s.look(ref); err != nil {
			return nil, err
		}
	}
	return []byte(`{"verified":true}`), nil
}

// look reads the list that a credential refers to as a stranger would: its
// proof, what it says, its bit.
func (s *Server) look(ref status) error {
	if ref.List != s.listAt(ref.Purpose) {
		return fmt.Errorf("the list %q is of others; it was not looked at", ref.List)
	}
	doc, err := s.list(ref.Purpose)
	if err != nil {
		return err
	}
	if err := verify.VerifyDI(doc, s.issuer.Public); err != nil {
		return err
	}
	l, err := verify.ParseList(s.issuer.Domain, doc)
	if err != nil {
		return err
	}
	index, err := strconv.ParseInt(ref.Index, 10, 64)
	if err != nil || index >= int64(len(l.Bits))*8 {
		return fmt.Errorf("the list has no index %q", ref.Index)
	}
	if !s.now().Before(l.Until()) {
		return errors.New("the list is past its date")
	}
	if l.Bits.Get(index) {
		return fmt.Errorf("the bit of the credential is set in the list for %s", ref.Purpose)
	}
	return nil
}

// set sets the bit of a credential, or clears it.
func (s *Server) set(r *http.Request) ([]byte, error) {
	var in struct {
		CredentialID     string
		CredentialStatus struct{ StatusPurpose string }
		Status           *bool
	}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.ids, in.CredentialID)
	if i < 0 || in.CredentialID == "" {
		return nil, errors.New("no such credential was issued")
	}
	switch state := &s.marks[i].State; {
	case in.Status != nil && !*in.Status:
		*state = iotmark.MarkValid
	case in.CredentialStatus.StatusPurpose == verify.Revocation:
		*state = iotmark.MarkWithdrawn
	case in.CredentialStatus.StatusPurpose == verify.Suspension:
		*state = iotmark.MarkSuspended
	default:
		return nil, errors.New("there is no list for that purpose")
	}
	return []byte("{}"), nil
}

func (s *Server) listAt(purpose string) string {
	return "https://" + s.issuer.Domain + "/status/1-" + purpose
}

// list gives a status list as a scheme publishes it.
func (s *Server) list(purpose string) ([]byte, error) {
	s.mu.Lock()
	bits := verify.StatusBits(s.marks, 1, purpose)
	s.mu.Unlock()
	return s.issuer.List(verify.List{Domain: s.issuer.Domain, ID: 1, Purpose: purpose, Bits: bits, From: s.now().Truncate(time.Second)})
}

const entryType = "BitstringStatusListEntry"

// status is a reference to a status list (Bitstring Status List v1.0, 2.1).
type status struct {
	ID      string `json:"id,omitempty"`
	Type    string `json:"type"`
	Purpose string `json:"statusPurpose"`
	Index   string `json:"statusListIndex"`
	List    string `json:"statusListCredential"`
}

// statusesOf refuses a credential with a malformed reference to a status list,
// whichever member it stands in.
func statusesOf(c map[string]json.RawMessage) error {
	for name, raw := range c {
		if _, err := references(raw); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// references reads the references to status lists of a value, which is one or
// a list; others are passed over.
func references(raw json.RawMessage) (out []status, err error) {
	var all []json.RawMessage
	if json.Unmarshal(raw, &all) != nil {
		all = []json.RawMessage{raw}
	}
	for _, one := range all {
		var kind struct{ Type any }
		if json.Unmarshal(one, &kind) != nil || kind.Type != entryType {
			continue
		}
		var ref status
		if err := json.Unmarshal(one, &ref); err != nil {
			return nil, fmt.Errorf("MALFORMED_VALUE_ERROR: %w", err)
		}
		n, err := strconv.ParseUint(ref.Index, 10, 63)
		list, bad := url.Parse(ref.List)
		if err != nil || strconv.FormatUint(n, 10) != ref.Index || bad != nil || !list.IsAbs() || ref.Purpose == "" || ref.ID == ref.List {
			return nil, fmt.Errorf("MALFORMED_VALUE_ERROR: %.300s is no %s", one, entryType)
		}
		out = append(out, ref)
	}
	return out, nil
}
