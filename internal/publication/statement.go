package publication

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/gowebpki/jcs"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
)

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
	if !verify.IsDomain(host) {
		return Maker{}, &iotmark.Error{Kind: iotmark.Invalid, ID: "maker-domain", Field: "maker.website",
			Msg: "the set is made for the maker's own domain; set maker.website to an address such as https://maker.example"}
	}
	return Maker{Domain: host, LEI: m.IDs.LEI, Name: m.Name}, nil
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
	e, err := verify.NewEntry(verify.Type(s.Type), s.ID, s.Subject, s.Time, s.Prev, s.Body)
	if err != nil {
		return nil, err
	}
	text, err := verify.Text(Domain, e)
	return text, ours(err)
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
	s.V, s.Type = verify.Version, string(verify.DeclarationType)
	s.Subject = verify.Subject(verify.OfProduct, s.Body.Maker.Domain+":"+string(s.Body.Product.ID))
	day := s.Body.AsOf.Time()
	s.Time = day.Format(time.RFC3339)
	s.ID = ""
	line, err := canonical(s)
	if err != nil {
		return err
	}
	// What is random in other ids is made of the content here.
	sum := sha256.Sum256(line)
	s.ID = verify.NewID(day, [10]byte(sum[:10]))
	return nil
}

// Signed is a statement with its signatures, as bytes.
type Signed struct {
	Statement Statement
	Text      []byte // what was signed
	Note      []byte // the C2SP signed note: the entry
	Leaf      iotmark.Digest
	SSHSIG    []byte // the blob of the SSHSIG in it
}

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
	k, err := s.Body.key()
	if err != nil || !k.Public.Equal(key.Public) {
		return Signed{}, fmt.Errorf("the statement names another key than signs it")
	}
	text, err := s.Text()
	if err != nil {
		return Signed{}, err
	}
	plain, err := key.Sign(text)
	if err != nil {
		return Signed{}, err
	}
	ssh, err := key.Sign(verify.SSHMessage(verify.Namespace(Domain), sshHash, text))
	if err != nil {
		return Signed{}, err
	}
	sigs := []verify.Sig{k.Plain(plain), k.SSHSIG(verify.Namespace(Domain), sshHash, ssh)}
	for _, g := range sigs {
		if k.Verify(text, g, Domain) != nil {
			return Signed{}, &iotmark.Error{Kind: iotmark.Unavailable, ID: "key-signs-wrongly", Msg: "the key gave a signature that does not verify; nothing was published"}
		}
	}
	entry, err := verify.Seal(text, sigs...)
	if e, ok := errors.AsType[*iotmark.Error](err); ok && e.ID == "entry-too-large" {
		return Signed{}, invalid("statement-too-large", e.Msg+"; pack small files of evidence into one archive")
	} else if err != nil {
		return Signed{}, err
	}
	return OpenNote(entry)
}

// sshHash is the hash that the SSHSIG of a statement is over, that which
// ssh-keygen chooses.
const sshHash = "sha512"

// key is the key that a statement names, with its name in the note. It is one
// that makes both signatures; a security key makes SSHSIG only.
func (b Body) key() (*verify.Key, error) {
	if _, err := verify.ParsePublicLine(b.Key); err != nil {
		return nil, err
	}
	return verify.ParseKey(verify.KeyEntry{Key: b.Key, Name: b.Maker.KeyName(), Org: b.Maker.Domain, Person: "m1", Role: verify.Maker})
}

func broken(id iotmark.ErrorID, format string, args ...any) error {
	return &iotmark.Error{Kind: iotmark.Unverified, ID: id, Msg: fmt.Sprintf(format, args...)}
}

// ours gives what is wrong with an entry the id that it has for a statement.
func ours(err error) error {
	e, ok := errors.AsType[*iotmark.Error](err)
	if !ok {
		return err
	}
	id := iotmark.ErrorID("statement-malformed")
	if e.ID == "version-unknown" || e.ID == "type-unknown" {
		id = "statement-version"
	}
	return &iotmark.Error{Kind: iotmark.Unverified, ID: id, Msg: e.Msg}
}

// OpenNote parses a signed statement strictly and verifies both signatures
// with the key that it names. It says nothing about whose key that is. Errors
// are of kind Unverified.
func OpenNote(entry []byte) (Signed, error) {
	if len(entry) > MaxEntry {
		return Signed{}, broken("statement-too-large", "the statement has more than %d bytes", MaxEntry)
	}
	e, err := verify.Parse(Domain, entry)
	if err != nil {
		return Signed{}, ours(err)
	}
	s, err := statementOf(e)
	if err != nil {
		return Signed{}, err
	}
	k, err := s.Body.key()
	if err != nil {
		return Signed{}, broken("statement-malformed", "the statement names no Ed25519 key as ssh-keygen writes one")
	}
	var made []uint32
	for _, g := range e.Sigs {
		if !k.Made(g) {
			continue
		}
		if k.Verify(e.Text, g, Domain) != nil {
			return Signed{}, broken("signature-wrong", "the statement is not signed by the key that it names, or was changed since")
		}
		made = append(made, g.ID)
	}
	if len(e.Sigs) != 2 || !slices.Equal(made, []uint32{k.NoteID, k.SSHID}) {
		return Signed{}, broken("signature-missing", "the statement must carry two signatures of the maker's key, of which it has %d, and no others", len(made))
	}
	ssh := e.Sigs[1].Bytes
	if again := k.SSHSIG(verify.Namespace(Domain), sshHash, ssh[len(ssh)-ed25519.SignatureSize:]); !bytes.Equal(again.Bytes, ssh) {
		return Signed{}, broken("statement-malformed", "the SSHSIG of a statement is over %s", sshHash)
	}
	return Signed{Statement: s, Text: e.Text, Note: entry, Leaf: e.Leaf, SSHSIG: ssh}, nil
}

// statementOf reads an entry of which verify has looked at the frame. What it
// accepts has one form only: the body must be what it would be written as
// again.
func statementOf(e *verify.Signed) (Statement, error) {
	if e.Type != verify.DeclarationType {
		return Statement{}, broken("statement-version", "the statement is of type %q; this program knows %s", e.Type, verify.DeclarationType)
	}
	s := Statement{ID: e.ID, Prev: e.Prev, Subject: e.Subject, Time: e.Time, Type: string(e.Type), V: e.V}
	d := json.NewDecoder(bytes.NewReader(e.Body))
	d.DisallowUnknownFields()
	if err := d.Decode(&s.Body); err != nil {
		return Statement{}, broken("statement-malformed", "the statement's JSON cannot be read")
	}
	if again, err := canonical(s.Body); err != nil || !bytes.Equal(again, e.Body) {
		return Statement{}, broken("statement-malformed", "the statement's JSON is not in the one form of RFC 8785, or has members that nobody knows")
	}
	return s, s.valid()
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
	case !verify.IsDomain(b.Maker.Domain):
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

// ParsePublicKey reads the first key of a text as in key.pub, a line of
// allowed_signers, or authorized_keys: ssh-ed25519, base64, comment.
func ParsePublicKey(text string) (ed25519.PublicKey, error) {
	for l := range strings.Lines(text) {
		f := strings.Fields(l)
		for i := 0; i+1 < len(f) && !strings.HasPrefix(l, "#"); i++ {
			if f[i] == "ssh-ed25519" {
				return verify.ParsePublicLine(f[i] + " " + f[i+1])
			}
		}
	}
	return nil, errors.New("there is no ssh-ed25519 key in it")
}
