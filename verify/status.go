package verify

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/open-iot-mark/iotmark"
)

// Sizes of status lists (W3C Bitstring Status List v1.0).
const (
	ListBits    = 131_072 // slots in one list; the least that the standard allows, so that a request for one tells little
	MaxListBits = 1 << 26 // that a list of others may have
	listLife    = 7 * 24 * time.Hour
	listTTL     = 24 * time.Hour
)

// The purposes of lists. A bit of the first says withdrawn, of the second
// suspended.
const (
	Revocation = "revocation"
	Suspension = "suspension"
)

// Purposes returns the purposes in the order in which lists stand.
func Purposes() []string { return []string{Revocation, Suspension} }

// Bits is a bitstring, whose first bit is the highest of the first byte
// (Bitstring Status List v1.0, 3.1).
type Bits []byte

// Get returns the bit at an index, false beyond the end.
func (b Bits) Get(i int64) bool {
	return i >= 0 && i/8 < int64(len(b)) && b[i/8]&(0x80>>(i%8)) != 0
}

func (b Bits) set(i int64) { b[i/8] |= 0x80 >> (i % 8) }

// ListID is the number of the list that has a slot. The first is 1.
func ListID(slot int64) int { return int(slot/ListBits) + 1 }

// ListIDs returns the numbers of all lists that are needed for so many marks:
// at least one, so that an empty registry says so.
func ListIDs(marks int64) []int {
	ids := make([]int, ListID(max(marks-1, 0)))
	for i := range ids {
		ids[i] = i + 1
	}
	return ids
}

// StatusBits gives the bits of a list: bit i is set if and only if the mark at
// its i-th slot is withdrawn (suspended). Marks are those of [Registry.Marks].
func StatusBits(marks []Mark, id int, purpose string) Bits {
	state := iotmark.MarkWithdrawn
	if purpose == Suspension {
		state = iotmark.MarkSuspended
	}
	b := make(Bits, ListBits/8)
	for i := range marks {
		if m := &marks[i]; ListID(m.Slot) == id && m.State == state {
			b.set(m.Slot % ListBits)
		}
	}
	return b
}

// EncodeBits writes a bitstring as the encodedList of a status list: base64url
// without padding of its gzip form, after the u of multibase. Two versions of
// a compressor may give two texts of the same bits.
func EncodeBits(b Bits) string {
	var z bytes.Buffer
	w, err := gzip.NewWriterLevel(&z, gzip.BestCompression)
	if err == nil {
		_, err = w.Write(b)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic("verify: compressing in memory: " + err.Error())
	}
	return "u" + base64.RawURLEncoding.EncodeToString(z.Bytes())
}

// DecodeBits reads an encodedList of at least [ListBits] and at most limit
// bits. It never unpacks more than that. Errors of kind Unverified:
// list-malformed, list-size.
func DecodeBits(s string, limit int) (Bits, error) { return new(inflater).bits(s, limit) }

func (u *inflater) bits(s string, limit int) (Bits, error) {
	b64, ok := strings.CutPrefix(s, "u")
	// Bits that cannot be compressed take a sixth of a character each.
	if len(s) > limit/4+1024 {
		return nil, refuse("list-size", "the status list is longer than %d bits can be", limit)
	}
	z, err := base64.RawURLEncoding.Strict().DecodeString(b64)
	if !ok || err != nil || strings.ContainsAny(s, "\r\n") {
		return nil, refuse("list-malformed", "the status list is not multibase base64url")
	}
	b, err := u.gunzip(z, limit/8)
	switch {
	case errors.Is(err, errTooLong):
		return nil, refuse("list-size", "the status list has more than %d bits", limit)
	case err != nil:
		return nil, refuse("list-malformed", "the status list is not compressed with gzip: %v", err)
	case len(b) < ListBits/8:
		return nil, refuse("list-size", "the status list has %d bits; the standard asks for %d at least", len(b)*8, ListBits)
	}
	return b, nil
}

// List is a status list: what the credential that carries it says.
type List struct {
	Domain  string // of the scheme
	ID      int
	Purpose string
	Bits    Bits
	From    time.Time // of the status.published that names it
}

// listURL is where a list is served.
func listURL(domain string, id int, purpose string) string {
	return fmt.Sprintf("https://%s/status/%d-%s", domain, id, purpose)
}

// Until is the time from which the list is past its date: seven days after it
// was made.
func (l List) Until() time.Time { return l.From.Add(listLife) }

// Credential returns the BitstringStatusListCredential without its proof, in
// canonical JSON (Bitstring Status List v1.0, 2.2; VC Data Model 2.0).
func (l List) Credential() []byte { return mustEncode(l.credential(EncodeBits(l.Bits))) }

// ListContext returns the contexts of the credential of a status list.
func ListContext() []string { return []string{contextVC} }

type listCredential struct {
	Context []string    `json:"@context"`
	Subject listSubject `json:"credentialSubject"`
	ID      string      `json:"id"`
	Issuer  string      `json:"issuer"`
	Type    []string    `json:"type"`
	From    string      `json:"validFrom"`
	Until   string      `json:"validUntil"`
}

type listSubject struct {
	EncodedList string `json:"encodedList"`
	ID          string `json:"id"`
	Purpose     string `json:"statusPurpose"`
	TTL         int64  `json:"ttl"` // milliseconds
	Type        string `json:"type"`
}

func (l List) credential(encoded string) listCredential {
	url := listURL(l.Domain, l.ID, l.Purpose)
	return listCredential{
		Context: ListContext(),
		Subject: listSubject{EncodedList: encoded, ID: url + "#list", Purpose: l.Purpose, TTL: listTTL.Milliseconds(), Type: "BitstringStatusList"},
		ID:      url, Issuer: DID(l.Domain), Type: []string{"VerifiableCredential", "BitstringStatusListCredential"},
		From: l.From.UTC().Format(time.RFC3339), Until: l.Until().UTC().Format(time.RFC3339),
	}
}

// ParseList reads a secured status list of a scheme, as it is served, and
// checks that it says what a list of this scheme says and nothing else; the
// bits are its own. Its proof is not checked: see [VerifyDI]. Errors of kind
// Unverified: list-malformed, list-size, list-wrong.
func ParseList(domain string, doc []byte) (List, error) {
	if err := Canonical(doc); err != nil {
		return List{}, refuse("list-malformed", "the status list is not in the form of RFC 8785: %v", err)
	}
	l, _, _, err := parseList(domain, doc, &inflater{})
	return l, err
}

// parseList is ParseList for canonical JSON. It gives the document without its
// proof, and the proof.
func parseList(domain string, doc []byte, z *inflater) (l List, rest, proof []byte, err error) {
	rest, proof, ok := cut(doc, "proof")
	subject, ok2 := valueOf(rest, "credentialSubject")
	if !ok || !ok2 {
		return List{}, nil, nil, refuse("list-malformed", "the status list is no credential with a proof")
	}
	l = List{Domain: domain, Purpose: textOf(subject, "statusPurpose")}
	name, ok1 := strings.CutPrefix(textOf(rest, "id"), "https://"+domain+"/status/")
	id, ok2 := strings.CutSuffix(name, "-"+l.Purpose)
	n, ok3 := parseCount(id)
	from, err := time.Parse(time.RFC3339, textOf(rest, "validFrom"))
	if !ok1 || !ok2 || !ok3 || err != nil || n < 1 || n > maxCount/ListBits || !slices.Contains(Purposes(), l.Purpose) {
		return List{}, nil, nil, refuse("list-wrong", "the status list is not one of %s", domain)
	}
	l.ID, l.From = int(n), from
	encoded := textOf(subject, "encodedList")
	if !bytes.Equal(mustEncode(l.credential(encoded)), rest) {
		return List{}, nil, nil, refuse("list-wrong", "the status list says something else than a list of %s does", domain)
	}
	if z.last != encoded || encoded == "" {
		if z.lastBits, err = z.bits(encoded, ListBits); err != nil {
			return List{}, nil, nil, err
		}
		sum := sha256.Sum256(z.lastBits)
		z.last, z.lastSum = encoded, iotmark.Digest(hex.EncodeToString(sum[:]))
	}
	l.Bits = z.lastBits
	return l, rest, proof, nil
}
