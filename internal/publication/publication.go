// Package publication makes of a dossier and its assessment the published
// open declaration: a set of files for the maker's own domain, bound together
// by one signed statement. It also does the inverse, and checks such a set.
//
// What it refuses to do: reach for a network, hold a key, publish a byte of
// restricted evidence, or publish a finding that helps an attacker. What can
// go wrong: a set that comes from elsewhere is hostile; all of it is bounded
// before it is read, and each fault is a [Problem] with a stable id.
//
// The statement is an entry as the registry's log takes it, so that a
// registry can import it later as it stands: a C2SP signed note
// (https://c2sp.org/signed-note) of one type line and one line of RFC 8785
// JSON.
package publication

import (
	"regexp"
	"strings"

	"github.com/open-iot-mark/iotmark"
)

// Domain is the scheme's domain as entries name it. It is a placeholder of
// RFC 2606 until the scheme has one.
const Domain = "iotmark.example"

// Names of the files of a published product.
const (
	Place          = ".well-known/iotmark" // below the root of the web site (RFC 8615)
	IndexFile      = "index.json"          // all products of the maker, in Place
	NoteFile       = "statement.note"      // the signed entry
	TextFile       = "statement.txt"       // its text alone: what was signed
	SignatureFile  = "statement.txt.sig"   // the SSHSIG of the text, in armour
	KeyFile        = "key.pub"             // the public key as ssh-keygen writes it
	SignersFile    = "allowed_signers"     // the same as ssh-keygen -Y verify reads it
	DeclarationDoc = "declaration.json"
	AssessmentDoc  = "assessment.json"
	LinkedDoc      = "product.jsonld"
	SumsFile       = "SHA256SUMS"
	EvidenceDir    = "evidence"
	HistoryDir     = "history" // earlier statements, by leaf hash
)

// Bounds of a published set. A set that is over one is refused before it is
// read.
const (
	MaxEntry    = 65_535   // bytes of a statement; the log takes no larger entry (c2sp.org/tlog-tiles)
	MaxFiles    = 2_000    // files of one product, history included
	MaxProducts = 1_000    // products of one maker
	MaxDepth    = 4        // folders below one product
	MaxDocument = 16 << 20 // bytes of a document that is parsed or rendered
	MaxFile     = 1 << 30  // bytes of one file of evidence
	MaxTotal    = 2 << 30  // bytes of one product
	MaxHistory  = 500      // earlier statements
)

// ProductID is the name of a product's folder: small letters, digits and
// hyphens.
type ProductID string

var productID = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$`)

// Valid reports whether the id may name a folder.
func (id ProductID) Valid() bool { return productID.MatchString(string(id)) }

// ProductIDOf makes an id of a model: "TW-L3" gives "tw-l3". It is empty when
// nothing of the model can stand in an address.
func ProductIDOf(model string) ProductID {
	var b strings.Builder
	for _, r := range strings.ToLower(model) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	s := strings.Trim(b.String(), "-")
	if len(s) > 64 {
		s = strings.Trim(s[:64], "-")
	}
	if id := ProductID(s); id.Valid() {
		return id
	}
	return ""
}

// File is one file of a published product as its statement names it.
type File struct {
	Path   string         `json:"path"` // below the product's folder, forward slashes
	SHA256 iotmark.Digest `json:"sha256"`
	Size   int64          `json:"size"` // in bytes
}

// Problem is one reason why a published set does not hold.
type Problem struct {
	ID      iotmark.ErrorID `json:"id"`
	Path    string          `json:"path,omitempty"` // of the file it is about
	Message string          `json:"message"`
}

func invalid(id iotmark.ErrorID, msg string) *iotmark.Error {
	return &iotmark.Error{Kind: iotmark.Invalid, ID: id, Msg: msg}
}
