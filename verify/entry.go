package verify

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gowebpki/jcs"

	"github.com/open-iot-mark/iotmark"
)

// Bounds of an entry. They are looked at before anything else is.
const (
	MaxEntry = 65_535 // bytes of the whole note; a log takes no larger one (c2sp.org/tlog-tiles)
	MaxSigs  = 100    // signature lines (as golang.org/x/mod/sumdb/note)
	maxName  = 255    // bytes of the name in a signature line
)

// Version is the version of the format, the member v of an entry.
const Version = 1

// Entry is the second line of an entry: one object of RFC 8785 JSON with
// these members and no others.
type Entry struct {
	Body    json.RawMessage `json:"body"`              // what it says; see [Forms]
	ID      string          `json:"id"`                // UUID version 7 in small letters; the same id never counts twice
	Prev    iotmark.Digest  `json:"prev,omitempty"`    // leaf of the subject's last entry; absent in its first
	Subject string          `json:"subject,omitempty"` // URN; absent where the entry is of the whole scheme
	Time    string          `json:"time"`              // as the signers claim it: RFC 3339, UTC, whole seconds
	Type    Type            `json:"type"`              // one of the table below
	V       int             `json:"v"`                 // version of this format: 1
}

// Sig is one signature line of a note (c2sp.org/signed-note).
type Sig struct {
	Name  string // of the key
	ID    uint32 // of the key; see [NoteKeyID] and [SSHKeyID]
	Bytes []byte // without the key id
}

// Signed is an entry as it stands in the log.
type Signed struct {
	Entry
	Text []byte         // what was signed: the two lines, each with its line feed
	Note []byte         // all of it
	Sigs []Sig          // not verified yet
	Leaf iotmark.Digest // hash of the note in the log

	body any
	keys []*Key // that the body brings
}

// Decoded returns the body as a pointer to the type that [Forms] names for
// the entry's type, such as *TermsBody.
func (s *Signed) Decoded() any { return s.body }

// At returns the claimed time.
func (s *Signed) At() time.Time {
	t, err := time.Parse(entryTime, s.Time)
	if err != nil {
		return time.Time{} // not after Parse
	}
	return t
}

const entryTime = "2006-01-02T15:04:05Z"

// TypeLine is the first line of every entry of a scheme. It keeps a signature
// on an entry from meaning anything elsewhere.
func TypeLine(domain string) string { return domain + "/entry/v1" }

// LeafOf is the hash of an entry in the log: SHA-256 over a zero byte and the
// whole note (RFC 6962, 2.1).
func LeafOf(note []byte) iotmark.Digest {
	h := sha256.New()
	h.Write([]byte{0})
	h.Write(note)
	return iotmark.Digest(hex.EncodeToString(h.Sum(make([]byte, 0, sha256.Size))))
}

// NewID returns a UUID version 7 (RFC 9562, 5.7) of a time and of randomness
// that the caller has.
func NewID(now time.Time, random [10]byte) string {
	var id [16]byte
	ms := uint64(now.UnixMilli())
	binary.BigEndian.PutUint16(id[0:], uint16(ms>>32))
	binary.BigEndian.PutUint32(id[2:], uint32(ms))
	copy(id[6:], random[:])
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	h := hex.EncodeToString(id[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// isID reports whether s is a UUID version 7 as [NewID] writes it.
func isID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		case 14:
			if c != '7' {
				return false
			}
		case 19:
			if c != '8' && c != '9' && c != 'a' && c != 'b' {
				return false
			}
		default:
			if !isHex(c) {
				return false
			}
		}
	}
	return true
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' }

func isDigest(d iotmark.Digest) bool {
	if len(d) != 2*sha256.Size {
		return false
	}
	for i := range len(d) {
		if !isHex(d[i]) {
			return false
		}
	}
	return true
}

// isTime reports whether s is written as the time of an entry is. Years
// before 2000 are a clock that was never set.
func isTime(s string) bool {
	if len(s) != len(entryTime) || s < "2000" {
		return false
	}
	t, err := time.Parse(entryTime, s)
	return err == nil && t.Format(entryTime) == s
}

// NewEntry returns an entry of a body, which is a value of the type that
// [Forms] names, or a pointer to one. The subject is empty where the type has
// none, prev where the subject has no entry before. [Text] checks it.
func NewEntry(t Type, id, subject, at string, prev iotmark.Digest, body any) (Entry, error) {
	b, err := encode(body)
	if err == nil {
		b, err = jcs.Transform(b)
	}
	if err != nil {
		return Entry{}, &iotmark.Error{Kind: iotmark.Invalid, ID: "body-wrong", Msg: "the body of the entry cannot be written as JSON", Err: err}
	}
	return Entry{Body: b, ID: id, Prev: prev, Subject: subject, Time: at, Type: t, V: Version}, nil
}

// Text returns what is signed: the type line and the entry as one line of
// RFC 8785 JSON, each with its line feed. It refuses what [Parse] would.
func Text(domain string, e Entry) ([]byte, error) {
	body, err := jcs.Transform(e.Body)
	if err != nil {
		return nil, &iotmark.Error{Kind: iotmark.Invalid, ID: "body-wrong", Msg: "the body of the entry is not one JSON object", Err: err}
	}
	var b strings.Builder
	b.WriteString(TypeLine(domain) + "\n")
	b.WriteString(`{"body":` + string(body) + `,"id":"` + e.ID + `"`)
	if e.Prev != "" {
		b.WriteString(`,"prev":"` + string(e.Prev) + `"`)
	}
	if e.Subject != "" {
		b.WriteString(`,"subject":"` + e.Subject + `"`)
	}
	fmt.Fprintf(&b, `,"time":"%s","type":"%s","v":%d}`+"\n", e.Time, e.Type, e.V)
	text := []byte(b.String())
	if err := checkText(text); err != nil {
		return nil, err
	}
	if _, rest, err := parseText(domain, text, nil); err != nil {
		return nil, err
	} else if len(rest) != 0 {
		return nil, refuse("malformed", "the entry has a line feed in a member")
	}
	return text, nil
}

// Seal puts signatures under a text. An entry has one form: the lines are in
// the order of their names; of one name the shorter signature comes first,
// and of equal length the smaller key id. Errors: seal-wrong, entry-too-large.
func Seal(text []byte, sigs ...Sig) ([]byte, error) {
	bad := func(format string, args ...any) ([]byte, error) { return nil, invalid("seal-wrong", format, args...) }
	if !bytes.HasSuffix(text, []byte("\n")) || bytes.Count(text, []byte("\n")) != 2 {
		return bad("what is signed must be the two lines that verify.Text gives")
	}
	if len(sigs) == 0 || len(sigs) > MaxSigs {
		return bad("an entry takes 1 to %d signatures, not %d", MaxSigs, len(sigs))
	}
	sigs = slices.SortedFunc(slices.Values(sigs), orderSigs)
	note := append(slices.Clone(text), '\n')
	for i, s := range sigs {
		if !isName(s.Name) || len(s.Bytes) == 0 {
			return bad("the signature of %q has no bytes, or a name that cannot stand in a signature line", s.Name)
		}
		if i > 0 && orderSigs(sigs[i-1], s) == 0 {
			return bad("the key %s has signed twice; hand in each signature once", s.Name)
		}
		note = append(note, s.line()...)
	}
	if len(note) > MaxEntry {
		return nil, invalid("entry-too-large", "the signed entry has %d bytes, and a log takes %d", len(note), MaxEntry)
	}
	return note, nil
}

func (s Sig) line() string {
	raw := binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(s.Bytes)), s.ID)
	return "\u2014 " + s.Name + " " + base64.StdEncoding.EncodeToString(append(raw, s.Bytes...)) + "\n"
}

// orderSigs is the order of signature lines. A plain Ed25519 signature is
// shorter than any other, so it stands before the SSHSIG of the same key.
func orderSigs(a, b Sig) int {
	return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(len(a.Bytes), len(b.Bytes)), cmp.Compare(a.ID, b.ID))
}

// isName reports whether a name may stand in a signature line
// (c2sp.org/signed-note: not empty, no space, no plus).
func isName(s string) bool {
	return s != "" && len(s) <= maxName && utf8.ValidString(s) && !strings.Contains(s, "+") &&
		strings.IndexFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r < 0x20 || r == 0x7f }) < 0
}

// Parse reads an entry of a scheme: a C2SP signed note whose text is the type
// line and one line of RFC 8785 JSON. The body is decoded and checked by its
// type; no signature is verified. What it accepts has exactly one form. The
// result shares the bytes of the note.
//
// Errors are of kind Unverified: malformed, domain-wrong, version-unknown,
// type-unknown, subject-wrong, body-wrong.
func Parse(domain string, note []byte) (*Signed, error) { return parse(domain, note, nil) }

// parse is Parse where only some types are known, unless only is nil.
func parse(domain string, note []byte, only map[Type]bool) (*Signed, error) {
	if len(note) > MaxEntry {
		return nil, refuse("malformed", "the entry has %d bytes; %d are the most", len(note), MaxEntry)
	}
	if err := checkText(note); err != nil {
		return nil, err
	}
	s, rest, err := parseText(domain, note, only)
	if err != nil {
		return nil, err
	}
	s.Text = note[:len(note)-len(rest)]
	s.Note = note
	if s.Sigs, err = parseSigs(rest); err != nil {
		return nil, err
	}
	s.Leaf = LeafOf(note)
	return s, nil
}

// checkText looks at every character once: UTF-8 without control characters
// but the line feed (c2sp.org/signed-note).
func checkText(b []byte) error {
	for i, c := range b {
		if c < 0x20 && c != '\n' || c == 0x7f {
			return refuse("malformed", "the entry has a control character (%#02x) at byte %d", c, i)
		}
	}
	if !utf8.Valid(b) {
		return refuse("malformed", "the entry is not UTF-8")
	}
	return nil
}

// parseText reads the two lines of a text, and returns what follows them.
func parseText(domain string, b []byte, only map[Type]bool) (*Signed, []byte, error) {
	first, rest, ok := bytes.Cut(b, []byte("\n"))
	if !ok || string(first) != TypeLine(domain) {
		return nil, nil, otherLine(domain, string(first))
	}
	line, rest, ok := bytes.Cut(rest, []byte("\n"))
	if !ok {
		return nil, nil, refuse("malformed", "the entry ends before its line of JSON does")
	}
	s := &Signed{}
	if !s.parseLine(string(line)) {
		return nil, nil, refuse("malformed", "the entry's line of JSON %s", whyLine(line))
	}
	if err := s.check(domain, only); err != nil {
		return nil, nil, err
	}
	return s, rest, nil
}

// otherLine says what a wrong first line is.
func otherLine(domain, line string) error {
	if d, v, ok := strings.Cut(line, "/entry/v"); ok && len(line) <= maxName && plain(d) {
		switch {
		case v == "1" && d != domain:
			return refuse("domain-wrong", "the entry belongs to the scheme %q, not to %s", d, domain)
		case v != "1" && d == domain:
			return refuse("version-unknown", "the entry is of version %q; this program knows version %d", v, Version)
		}
	}
	return refuse("malformed", "the entry does not begin with the line %s", TypeLine(domain))
}

// parseLine takes the frame around the body apart, from its end. In the one
// form of RFC 8785 the members of the frame stand in a fixed order, and none
// but the body has a quotation mark in it; so what is taken apart here could
// only be put together as it was. Whether the values are what they must be is
// looked at in check.
func (s *Signed) parseLine(line string) bool {
	rest, ok := strings.CutPrefix(line, `{"body":`)
	i := strings.LastIndex(rest, `,"v":`)
	if !ok || i < 0 || !strings.HasSuffix(rest, "}") {
		return false
	}
	v := rest[i+len(`,"v":`) : len(rest)-1]
	if len(v) != 1 || v[0] < '0' || v[0] > '9' {
		return false
	}
	s.V, rest = int(v[0]-'0'), rest[:i]
	take := func(name string) (value string, ok bool) {
		r, ok := strings.CutSuffix(rest, `"`)
		if !ok {
			return "", false
		}
		i := strings.LastIndexByte(r, '"')
		if i < 0 {
			return "", false
		}
		before, ok := strings.CutSuffix(r[:i], `,"`+name+`":`)
		if !ok || strings.IndexByte(r[i:], '\\') >= 0 {
			return "", false
		}
		rest = before
		return r[i+1:], true
	}
	typ, ok1 := take("type")
	at, ok2 := take("time")
	subject, has := take("subject")
	if has && subject == "" {
		return false
	}
	prev, has := take("prev")
	if has && prev == "" {
		return false
	}
	id, ok3 := take("id")
	if !ok1 || !ok2 || !ok3 || !strings.HasPrefix(rest, "{") {
		return false
	}
	s.Type, s.Time, s.Subject, s.Prev, s.ID = Type(typ), at, subject, iotmark.Digest(prev), id
	s.Body = json.RawMessage(rest)
	return true
}

// whyLine says in words why a line was refused; it is not asked whether.
func whyLine(line []byte) string {
	if err := Canonical(line); err != nil {
		return "is not in the one form of RFC 8785: " + err.Error()
	}
	return "has other members than body, id, prev, subject, time, type and v"
}

// check looks at the values of the frame, then decodes the body.
func (s *Signed) check(domain string, only map[Type]bool) error {
	switch {
	case s.V != Version:
		return refuse("version-unknown", "the entry is of version %d; this program knows version %d", s.V, Version)
	case !isID(s.ID):
		return refuse("malformed", "the entry's id is not a UUID of version 7 in small letters")
	case s.Prev != "" && !isDigest(s.Prev):
		return refuse("malformed", "the entry's prev is not 64 small hexadecimal digits")
	case !isTime(s.Time):
		return refuse("malformed", "the entry's time is not written as 2026-11-25T10:00:00Z is")
	}
	f, ok := FormOf(s.Type)
	if !ok || only != nil && !only[s.Type] {
		return refuse("type-unknown", "no entries of type %q are known here", clip(string(s.Type)))
	}
	var err error
	if s.body, s.keys, err = f.decode(s.Body); err != nil {
		return err
	}
	return f.checkSubject(domain, s)
}

// clip shortens foreign text for a message.
func clip(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}

// parseSigs reads an empty line and the signature lines after it.
func parseSigs(b []byte) ([]Sig, error) {
	rest, ok := bytes.CutPrefix(b, []byte("\n"))
	if !ok {
		return nil, refuse("malformed", "the entry must have an empty line after its line of JSON")
	}
	n := bytes.Count(rest, []byte("\n"))
	if n == 0 || n > MaxSigs || rest[len(rest)-1] != '\n' {
		return nil, refuse("malformed", "the entry must end with 1 to %d signature lines", MaxSigs)
	}
	sigs := make([]Sig, 0, n)
	for line := range bytes.Lines(rest) {
		s, ok := parseSig(string(line[:len(line)-1]))
		if !ok {
			return nil, refuse("malformed", "line %d after the text is not a signature line of a note", len(sigs)+2)
		}
		if len(sigs) > 0 && orderSigs(sigs[len(sigs)-1], s) >= 0 {
			return nil, refuse("malformed", "the signature lines are not in their order, or one stands there twice")
		}
		sigs = append(sigs, s)
	}
	return sigs, nil
}

func parseSig(line string) (Sig, bool) {
	rest, ok := strings.CutPrefix(line, "\u2014 ")
	name, b64, ok2 := strings.Cut(rest, " ")
	if !ok || !ok2 || !isName(name) {
		return Sig{}, false
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(b64)
	if err != nil || len(raw) < 5 {
		return Sig{}, false
	}
	return Sig{Name: name, ID: binary.BigEndian.Uint32(raw), Bytes: raw[4:]}, true
}
