package publication

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gowebpki/jcs"
	"golang.org/x/mod/sumdb/note"

	"github.com/open-iot-mark/iotmark"
)

// TypeLine is the first line of every entry. It keeps a signature made here
// from meaning anything elsewhere.
const TypeLine = Domain + "/entry/v1"

// EntryType is the type of entry that a published declaration is.
const EntryType = "declaration.published"

// Statement is what a maker signs. Its members are those of an entry of the
// log.
type Statement struct {
	Body    Body           `json:"body"`
	ID      string         `json:"id"`             // UUID version 7, made of time and content, so that the same statement has the same id
	Prev    iotmark.Digest `json:"prev,omitempty"` // leaf hash of the statement that this one replaces
	Subject string         `json:"subject"`        // urn:iotmark:product:<maker's domain>:<product id>
	Time    string         `json:"time"`           // RFC 3339 in UTC: the start of the day the assessment is of
	Type    string         `json:"type"`
	V       int            `json:"v"`
}

// Body is the content of a statement.
type Body struct {
	AsOf        iotmark.Date            `json:"as_of"`
	Bindings    iotmark.Digest          `json:"bindings"`    // of the table that binds checks to criteria
	Checks      map[iotmark.CheckID]int `json:"checks"`      // versions of all checks that ran
	Declaration iotmark.Digest          `json:"declaration"` // of the maker's own file, restricted fields included
	Edition     iotmark.Edition         `json:"edition"`
	Files       []File                  `json:"files"` // by path
	Key         string                  `json:"key"`   // as in key.pub: ssh-ed25519 and base64
	Lowered     []Lowering              `json:"lowered,omitempty"`
	Maker       Maker                   `json:"maker"`
	Product     Product                 `json:"product"`
	Program     string                  `json:"program"` // version that made the set
	Promises    Promises                `json:"promises"`
}

// Maker names who publishes.
type Maker struct {
	Domain string `json:"domain"` // where the set belongs
	LEI    string `json:"lei,omitempty"`
	Name   string `json:"name"`
}

// Product names what is published about.
type Product struct {
	GTINs []string  `json:"gtins,omitempty"`
	ID    ProductID `json:"id"`
	Model string    `json:"model"`
	Name  string    `json:"name"`
}

// KeyName is the name of the maker's key in the note and the principal in
// allowed_signers.
func (m Maker) KeyName() string { return m.Domain + "/maker" }

// MakerOf names the maker of a declaration. The domain is that of the web
// site, or else of the mail address.
func MakerOf(m iotmark.Maker) (Maker, error) {
	host := ""
	if u, err := url.Parse(m.Website); err == nil {
		host = u.Hostname()
	}
	if host == "" {
		_, host, _ = strings.Cut(m.Email, "@")
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if !isDomain(host) {
		return Maker{}, &iotmark.Error{Kind: iotmark.Invalid, ID: "maker-domain", Field: "maker.website",
			Msg: "the set is made for the maker's own domain; set maker.website to an address such as https://maker.example"}
	}
	return Maker{Domain: host, LEI: m.IDs.LEI, Name: m.Name}, nil
}

// isDomain reports whether a name may stand in a key's name and in a URN:
// letters, digits, hyphens and dots, with at least one dot (RFC 1123, 2.1).
func isDomain(s string) bool {
	if len(s) > 253 || !strings.Contains(s, ".") {
		return false
	}
	if _, err := netip.ParseAddr(s); err == nil {
		return false
	}
	for l := range strings.SplitSeq(s, ".") {
		if len(l) > 63 || !productID.MatchString(l) {
			return false
		}
	}
	return true
}

// Signer signs with the maker's key. Sign returns the 64 bytes of an Ed25519
// signature (RFC 8032) over the message.
type Signer struct {
	Public ed25519.PublicKey
	Sign   func(message []byte) ([]byte, error)
}

// Text returns what is signed: the type line, and the statement as one line of
// RFC 8785 JSON, each with its line feed.
func (s Statement) Text() ([]byte, error) {
	line, err := canonical(s)
	if err != nil {
		return nil, err
	}
	return slices.Concat([]byte(TypeLine+"\n"), line, []byte("\n")), nil
}

func canonical(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return jcs.Transform(b.Bytes())
}

// complete fills in what follows from the body: type, subject, time and id.
func (s *Statement) complete() error {
	s.V, s.Type = 1, EntryType
	s.Subject = "urn:iotmark:product:" + s.Body.Maker.Domain + ":" + string(s.Body.Product.ID)
	day := s.Body.AsOf.Time()
	s.Time = day.Format(time.RFC3339)
	s.ID = ""
	line, err := canonical(s)
	if err != nil {
		return err
	}
	// RFC 9562, 5.7: 48 bits of milliseconds, and the rest from the content
	// in place of randomness.
	var id [16]byte
	sum := sha256.Sum256(line)
	copy(id[6:], sum[:10])
	binary.BigEndian.PutUint16(id[0:], uint16(day.UnixMilli()>>32))
	binary.BigEndian.PutUint32(id[2:], uint32(day.UnixMilli()))
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	h := hex.EncodeToString(id[:])
	s.ID = h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
	return nil
}

// Signed is a statement with its signatures, as bytes.
type Signed struct {
	Statement Statement
	Text      []byte // what was signed
	Note      []byte // the C2SP signed note: the entry
	Leaf      iotmark.Digest
}

// leaf is the hash of an entry in the log (RFC 6962, 2.1): SHA-256 over a
// zero byte and the whole note.
func leaf(entry []byte) iotmark.Digest { return sum(slices.Concat([]byte{0}, entry)) }

func sum(b []byte) iotmark.Digest {
	h := sha256.Sum256(b)
	return iotmark.Digest(hex.EncodeToString(h[:]))
}

// Sign signs a statement twice with one key: as a note (Ed25519) and as an
// SSHSIG, which stock ssh-keygen verifies. Both are in the note. It fills in
// what follows from the body: type, version, subject, time and id.
func Sign(s Statement, key Signer) (Signed, error) {
	if err := s.complete(); err != nil {
		return Signed{}, err
	}
	if got, err := publicKey(s.Body.Key); err != nil || !got.Equal(key.Public) {
		return Signed{}, fmt.Errorf("the statement names another key than signs it")
	}
	text, err := s.Text()
	if err != nil {
		return Signed{}, err
	}
	name := s.Body.Maker.KeyName()
	plain, err := key.Sign(text)
	if err != nil {
		return Signed{}, err
	}
	ssh, err := sshsig(key, text)
	if err != nil {
		return Signed{}, err
	}
	if !ed25519.Verify(key.Public, text, plain) {
		return Signed{}, &iotmark.Error{Kind: iotmark.Unavailable, ID: "key-signs-wrongly", Msg: "the key gave a signature that does not verify; nothing was published"}
	}
	entry := slices.Concat(text, []byte("\n"),
		signatureLine(name, noteKeyID(name, key.Public), plain), signatureLine(name, sshKeyID(name, key.Public), ssh))
	if len(entry) > MaxEntry {
		return Signed{}, invalid("statement-too-large", fmt.Sprintf("the signed statement has %d bytes, and a log takes %d; pack small files of evidence into one archive", len(entry), MaxEntry))
	}
	return OpenNote(entry)
}

func signatureLine(name string, id uint32, sig []byte) []byte {
	raw := binary.BigEndian.AppendUint32(nil, id)
	return []byte("\u2014 " + name + " " + base64.StdEncoding.EncodeToString(append(raw, sig...)) + "\n")
}

// signatureOf takes one signature out of a note.
func signatureOf(entry []byte, name string, id uint32) ([]byte, bool) {
	for l := range bytes.Lines(entry) {
		b64, ok := bytes.CutPrefix(bytes.TrimSuffix(l, []byte("\n")), []byte("\u2014 "+name+" "))
		if !ok {
			continue
		}
		if raw, err := base64.StdEncoding.DecodeString(string(b64)); err == nil && len(raw) > 4 && binary.BigEndian.Uint32(raw) == id {
			return raw[4:], true
		}
	}
	return nil, false
}

// verifier verifies one kind of signature line.
type verifier struct {
	name   string
	id     uint32
	verify func(msg, sig []byte) bool
}

func (v verifier) Name() string                { return v.name }
func (v verifier) KeyHash() uint32             { return v.id }
func (v verifier) Verify(msg, sig []byte) bool { return v.verify(msg, sig) }

func verifiers(name string, pub ed25519.PublicKey) note.Verifiers {
	return note.VerifierList(
		verifier{name, noteKeyID(name, pub), func(msg, sig []byte) bool { return ed25519.Verify(pub, msg, sig) }},
		verifier{name, sshKeyID(name, pub), func(msg, sig []byte) bool { return sshsigVerify(pub, msg, sig) }},
	)
}

// noteKeyID is the key id of a note's Ed25519 signature: the first four bytes
// of SHA-256(name LF 0x01 key) (c2sp.org/signed-note).
func noteKeyID(name string, pub ed25519.PublicKey) uint32 {
	return keyID(name, slices.Concat([]byte{0x01}, pub))
}

// sshKeyID is that of an SSHSIG in a note: type 0xff, then the identifier.
func sshKeyID(name string, pub ed25519.PublicKey) uint32 {
	return keyID(name, slices.Concat([]byte{0xff}, []byte("oim-sshsig"), pub))
}

func keyID(name string, key []byte) uint32 {
	h := sha256.Sum256(slices.Concat([]byte(name), []byte("\n"), key))
	return binary.BigEndian.Uint32(h[:4])
}

func broken(id iotmark.ErrorID, format string, args ...any) error {
	return &iotmark.Error{Kind: iotmark.Unverified, ID: id, Msg: fmt.Sprintf(format, args...)}
}

// OpenNote parses a signed statement strictly and verifies both signatures
// with the key that it names. It says nothing about whose key that is. Errors
// are of kind Unverified.
func OpenNote(entry []byte) (Signed, error) {
	if len(entry) > MaxEntry {
		return Signed{}, broken("statement-too-large", "the statement has more than %d bytes", MaxEntry)
	}
	s, text, err := parseEntry(entry)
	if err != nil {
		return Signed{}, err
	}
	pub, err := publicKey(s.Body.Key)
	if err != nil {
		return Signed{}, broken("statement-malformed", "the statement names no Ed25519 key as ssh-keygen writes one")
	}
	name := s.Body.Maker.KeyName()
	n, err := note.Open(entry, verifiers(name, pub))
	if err != nil {
		return Signed{}, broken("signature-wrong", "the statement is not signed by the key that it names, or was changed since")
	}
	if len(n.Sigs) != 2 || len(n.UnverifiedSigs) != 0 {
		return Signed{}, broken("signature-missing", "the statement must carry two signatures of the maker's key, of which it has %d, and no others", len(n.Sigs))
	}
	// One entry has one form: a second one would have another leaf hash.
	again := slices.Concat(text, []byte("\n"))
	for _, id := range []uint32{noteKeyID(name, pub), sshKeyID(name, pub)} {
		for _, g := range n.Sigs {
			if g.Hash == id {
				again = fmt.Appendf(again, "\u2014 %s %s\n", g.Name, g.Base64)
			}
		}
	}
	if !bytes.Equal(again, entry) {
		return Signed{}, broken("statement-malformed", "the signatures do not stand in the order and form that an entry has")
	}
	return Signed{Statement: s, Text: text, Note: entry, Leaf: leaf(entry)}, nil
}

// parseEntry reads the text of an entry. What it accepts has one form only:
// the JSON must be what it would be written as again.
func parseEntry(entry []byte) (Statement, []byte, error) {
	bad := func(format string, args ...any) (Statement, []byte, error) {
		return Statement{}, nil, broken("statement-malformed", format, args...)
	}
	if !utf8.Valid(entry) {
		return bad("the statement is not UTF-8")
	}
	first, rest, ok := bytes.Cut(entry, []byte("\n"))
	if !ok || string(first) != TypeLine {
		return bad("the statement does not begin with the line %s", TypeLine)
	}
	line, rest, ok := bytes.Cut(rest, []byte("\n"))
	if !ok || len(rest) == 0 || rest[0] != '\n' {
		return bad("the statement must have one line of JSON, then an empty line")
	}
	var s Statement
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return bad("the statement's JSON cannot be read")
	}
	if again, err := canonical(s); err != nil || !bytes.Equal(again, line) {
		return bad("the statement's JSON is not in the one form of RFC 8785, or has members that nobody knows")
	}
	if err := s.valid(); err != nil {
		return Statement{}, nil, err
	}
	return s, slices.Concat(first, []byte("\n"), line, []byte("\n")), nil
}

// valid looks at each member that something rests on later.
func (s Statement) valid() error {
	bad := func(what string) error {
		return broken("statement-malformed", "the statement's %s is not as it must be", what)
	}
	b := s.Body
	again := Statement{Body: b, Prev: s.Prev}
	if _, err := iotmark.ParseDate(string(b.AsOf)); err != nil {
		return bad("date")
	}
	switch {
	case s.V != 1 || s.Type != EntryType:
		return broken("statement-version", "the statement is of type %q, version %d; this program knows %s, version 1", s.Type, s.V, EntryType)
	case !isDomain(b.Maker.Domain):
		return bad("maker")
	case !b.Product.ID.Valid():
		return bad("product id")
	case s.Prev != "" && !isDigest(s.Prev):
		return bad("prev")
	case !isDigest(b.Bindings) || !isDigest(b.Declaration):
		return bad("digests")
	case b.unfit() != "":
		return bad(b.unfit())
	case again.complete() != nil || again.Subject != s.Subject || again.Time != s.Time || again.ID != s.ID:
		return bad("id, subject or time")
	case !slices.IsSortedFunc(b.Promises.Functions, func(x, y Function) int { return cmp.Compare(x.ID, y.ID) }):
		return bad("list of functions")
	}
	if len(b.Files) == 0 || len(b.Files) > MaxFiles {
		return bad("list of files")
	}
	for i, f := range b.Files {
		if !cleanPath(f.Path) || !isDigest(f.SHA256) || f.Size < 0 || f.Size > MaxFile || i > 0 && b.Files[i-1].Path >= f.Path {
			return bad("list of files")
		}
	}
	return nil
}

func isDigest(d iotmark.Digest) bool {
	b, err := hex.DecodeString(string(d))
	return err == nil && len(b) == sha256.Size && strings.ToLower(string(d)) == string(d)
}

// Harmless reports whether a name in an archive may be one of a published
// site: that of [Place], or of files below it.
func Harmless(name string) bool {
	if i := strings.Index(name, Place+"/"); i == 0 || i > 0 && name[i-1] == '/' {
		return (i == 0 || cleanPath(name[:i-1])) && cleanPath(name[i+len(Place)+1:])
	}
	return cleanPath(name)
}

// cleanPath reports whether a path may name a file of a set: below the
// folder, nothing hidden, and plain characters that every server serves.
func cleanPath(p string) bool {
	if p == "" || len(p) > 200 || p != path.Clean(p) || strings.HasPrefix(p, "/") || strings.Count(p, "/") > MaxDepth {
		return false
	}
	for seg := range strings.SplitSeq(p, "/") {
		if strings.HasPrefix(seg, ".") {
			return false
		}
	}
	return strings.IndexFunc(p, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-/", r))
	}) < 0
}
