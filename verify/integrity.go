package verify

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"iter"
	"time"

	"github.com/gowebpki/jcs"

	"github.com/open-iot-mark/iotmark"
)

// Bounds of a secured document that is not in canonical form yet.
const maxDocument = 1 << 20

// Proof is a Data Integrity proof (W3C VC Data Integrity 1.0, 2.1) of the
// cryptosuite eddsa-jcs-2022 (Data Integrity EdDSA Cryptosuites v1.0, 3.3),
// with the members that are used here.
type Proof struct {
	Context     []string `json:"@context,omitempty"` // of the document
	Created     string   `json:"created"`
	Cryptosuite string   `json:"cryptosuite"`
	Purpose     string   `json:"proofPurpose"`
	Value       string   `json:"proofValue,omitempty"`
	Type        string   `json:"type"`
	Method      string   `json:"verificationMethod"`
}

const (
	proofType    = "DataIntegrityProof"
	cryptosuite  = "eddsa-jcs-2022"
	proofPurpose = "assertionMethod"
)

// NewProof returns the options of a proof that a key of a scheme makes: all of
// the proof but its value.
func NewProof(context []string, domain string, key ed25519.PublicKey, created time.Time) Proof {
	return newProof(context, Method(domain, key), created)
}

func newProof(context []string, method string, created time.Time) Proof {
	return Proof{Context: context, Created: created.UTC().Format(time.RFC3339), Cryptosuite: cryptosuite,
		Purpose: proofPurpose, Type: proofType, Method: method}
}

// DID is the identifier of a scheme (did:web).
func DID(domain string) string { return "did:web:" + domain }

// Method is the id of a key of a scheme: the fragment is the key itself, so
// that nothing has to be fetched to know it.
func Method(domain string, key ed25519.PublicKey) string { return DID(domain) + "#" + Multikey(key) }

// ProofInput returns the 64 bytes that eddsa-jcs-2022 signs: SHA-256 over the
// canonical proof options, then SHA-256 over the canonical document without
// proof (3.3.3, 3.3.4). The options are a proof without proofValue; where the
// document has a @context, they have the same.
func ProofInput(doc, options []byte) ([]byte, error) {
	doc, err := canonicalise(doc)
	if err != nil {
		return nil, err
	}
	if options, err = canonicalise(options); err != nil {
		return nil, err
	}
	return proofInput(doc, options), nil
}

func proofInput(doc, options []byte) []byte {
	p, d := sha256.Sum256(options), sha256.Sum256(doc)
	return append(p[:], d[:]...)
}

// Secure signs a canonical document with a proof of which only the value is
// missing, and returns the secured document in canonical form. Sign gives the
// 64 bytes of an Ed25519 signature over its message.
func (p Proof) Secure(doc []byte, sign func(message []byte) ([]byte, error)) ([]byte, error) {
	if err := Canonical(doc); err != nil {
		return nil, err
	}
	p.Value = ""
	options, err := encode(p)
	if err != nil {
		return nil, err
	}
	sig, err := sign(proofInput(doc, options))
	if err != nil {
		return nil, err
	}
	if len(sig) != ed25519.SignatureSize {
		return nil, invalid("signature-malformed", "the key gave a signature of %d bytes, not of 64", len(sig))
	}
	p.Value = encode58(sig)
	secured, err := encode(p)
	if err != nil {
		return nil, err
	}
	return insert(doc, "proof", secured), nil
}

// VerifyDI checks the Data Integrity proof of a secured document by one key:
// one proof of eddsa-jcs-2022 for assertionMethod. Which key that is, and
// whether its verificationMethod may be trusted, is for the caller to know.
// Errors of kind Unverified: those of [Canonical] with any number, json-large,
// integrity-malformed, integrity-unknown, integrity-wrong.
func VerifyDI(doc []byte, key ed25519.PublicKey) error {
	canon := doc
	if Canonical(doc) != nil {
		var err error
		if canon, err = canonicalise(doc); err != nil {
			return err
		}
	}
	return verifyDI(canon, key)
}

// verifyDI is VerifyDI for a document that is canonical.
func verifyDI(canon []byte, key ed25519.PublicKey) error {
	doc, proof, ok := cut(canon, "proof")
	if !ok || len(proof) == 0 || proof[0] != '{' {
		return refuse("integrity-malformed", "the document has no proof, or more than one")
	}
	options, value, ok := cut(proof, "proofValue")
	encoded, isText := text(value)
	if !ok || !isText {
		return refuse("integrity-malformed", "the proof of the document has no value that is text")
	}
	if kind, suite := textOf(options, "type"), textOf(options, "cryptosuite"); kind != proofType || suite != cryptosuite {
		return refuse("integrity-unknown", "the document has a proof of type %q, suite %q; known is %s", clip(kind), clip(suite), cryptosuite)
	}
	if _, ends := valueOf(options, "expires"); ends || textOf(options, "proofPurpose") != proofPurpose || textOf(options, "verificationMethod") == "" {
		return refuse("integrity-malformed", "the proof of the document is for another purpose than an assertion, names no key, or has an end")
	}
	if _, dated := valueOf(options, "created"); dated {
		if _, err := time.Parse(time.RFC3339, textOf(options, "created")); err != nil {
			return refuse("integrity-malformed", "the proof of the document was created at no time")
		}
	}
	if context, given := valueOf(options, "@context"); given {
		if doc, ok = withContext(doc, context); !ok {
			return refuse("integrity-malformed", "the contexts of the proof are not the first ones of the document")
		}
	}
	sig, ok := decode58(encoded, ed25519.SignatureSize)
	if !ok {
		return refuse("integrity-malformed", "the value of the proof is not 64 bytes in base58")
	}
	if len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, proofInput(doc, options), sig) {
		return refuse("integrity-wrong", "the signature of the document is wrong")
	}
	return nil
}

// withContext puts the @context of a proof in the place of that of the
// document, which must begin with it (3.3.2, step 4).
func withContext(doc, context []byte) ([]byte, bool) {
	rest, have, ok := cut(doc, "@context")
	if !ok {
		return nil, false
	}
	if bytes.Equal(have, context) {
		return doc, true
	}
	list := func(b []byte) (l []json.RawMessage) {
		if json.Unmarshal(b, &l) != nil {
			l = []json.RawMessage{b}
		}
		return l
	}
	all, first := list(have), list(context)
	if len(first) > len(all) {
		return nil, false
	}
	for i := range first {
		if !bytes.Equal(first[i], all[i]) {
			return nil, false
		}
	}
	return insert(rest, "@context", context), true
}

// canonicalise brings a JSON object of others into the form of RFC 8785.
func canonicalise(b []byte) ([]byte, error) {
	if len(b) > maxDocument {
		return nil, refuse("json-large", "the document has %d bytes; %d are the most", len(b), maxDocument)
	}
	if deeper(b, maxDepth) {
		return nil, refuse("json-too-deep", "the document is nested more than %d levels deep", maxDepth)
	}
	if len(b) == 0 || b[0] != '{' && !bytes.HasPrefix(bytes.TrimLeft(b, " \t\r\n"), []byte("{")) || !json.Valid(b) {
		return nil, refuse("json-malformed", "the document is no JSON object")
	}
	out, err := jcs.Transform(b)
	if err != nil {
		return nil, &iotmark.Error{Kind: iotmark.Unverified, ID: "json-malformed", Msg: "the document has no canonical form", Err: err}
	}
	return out, nil
}

// deeper reports whether brackets outside of strings are nested deeper than n.
func deeper(b []byte, n int) bool {
	depth, in := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case in && c == '\\':
			i++
		case c == '"':
			in = !in
		case in:
		case c == '{' || c == '[':
			if depth++; depth > n {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// cut takes a member out of a canonical JSON object. What is left is canonical
// again. It copies the rest, unless there is no such member.
func cut(obj []byte, name string) (rest, value []byte, ok bool) {
	for m := range members(obj) {
		if from, end := m.from, m.end; string(m.name) == name {
			switch {
			case from > 1: // the comma before it goes along
				from--
			case obj[end] == ',':
				end++
			}
			rest = append(append(make([]byte, 0, len(obj)), obj[:from]...), obj[end:]...)
			return rest, m.value, true
		}
	}
	return obj, nil, false
}

// insert puts a member that is not there yet into a canonical JSON object.
func insert(obj []byte, name string, value []byte) []byte {
	at, last := len(obj)-1, true
	for m := range members(obj) {
		if compareNames(unescape(m.name), []byte(name)) > 0 {
			at, last = m.from, false
			break
		}
	}
	out := make([]byte, 0, len(obj)+len(name)+len(value)+4)
	out = append(out, obj[:at]...)
	if last && len(obj) > 2 {
		out = append(out, ',')
	}
	out = append(append(append(append(out, '"'), name...), `":`...), value...)
	if !last {
		out = append(out, ',')
	}
	return append(out, obj[at:]...)
}

// part is one member of a JSON object, as it is written.
type part struct {
	from, end   int // of it all
	name, value []byte
}

// members goes over the members of a canonical JSON object; any other value
// has none.
func members(obj []byte) iter.Seq[part] {
	return func(yield func(part) bool) {
		if len(obj) == 0 || obj[0] != '{' {
			return
		}
		i := 1
		for i < len(obj) && obj[i] == '"' {
			from := i
			i = skip(obj, i)
			name := obj[from+1 : i-1]
			i++ // the colon
			value := i
			i = skip(obj, i)
			if !yield(part{from, i, name, obj[value:i]}) {
				return
			}
			i++ // the comma
		}
	}
}

// valueOf gives the value of a member of an object.
func valueOf(obj []byte, name string) ([]byte, bool) {
	for m := range members(obj) {
		if string(m.name) == name {
			return m.value, true
		}
	}
	return nil, false
}

// textOf gives the text of a member of an object, empty if there is no such
// member, or if it is no text.
func textOf(obj []byte, name string) string {
	v, _ := valueOf(obj, name)
	s, _ := text(v)
	return s
}

// text reads a canonical JSON string.
func text(raw []byte) (string, bool) {
	if len(raw) < 2 || raw[0] != '"' {
		return "", false
	}
	raw = raw[1 : len(raw)-1]
	if bytes.IndexByte(raw, '\\') >= 0 {
		raw = unescape(raw)
	}
	return string(raw), true
}

// skip returns the place after the JSON value that begins at i. The JSON is
// known to be well formed.
func skip(b []byte, i int) int {
	for depth := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			if i = skipText(b, i); depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i // after a number or a word
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',':
			if depth == 0 {
				return i
			}
		}
	}
	return i
}

// skipText returns the place of the quotation mark that ends the string that
// begins at i: the first one with an even number of backslashes before it.
func skipText(b []byte, i int) int {
	for from := i; ; {
		n := bytes.IndexByte(b[i+1:], '"')
		if n < 0 {
			return len(b)
		}
		i += 1 + n
		slashes := 0
		for i-1-slashes > from && b[i-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return i
		}
	}
}
