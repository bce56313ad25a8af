package iotmark

// EvidenceKind is the role in which a piece of evidence is handed in. The
// format of its bytes is another matter, and is sniffed.
type EvidenceKind string

// The kinds of evidence of the scheme.
const (
	KindStatement             EvidenceKind = "statement"
	KindDeclaration           EvidenceKind = "declaration"
	KindWebPage               EvidenceKind = "web-page"
	KindDocument              EvidenceKind = "document"
	KindRiskAssessment        EvidenceKind = "risk-assessment"
	KindConformityDeclaration EvidenceKind = "conformity-declaration"
	KindAssessmentTables      EvidenceKind = "assessment-tables"
	KindSBOM                  EvidenceKind = "sbom"
	KindVEX                   EvidenceKind = "vex"
	KindCryptoList            EvidenceKind = "crypto-list"
	KindHBOM                  EvidenceKind = "hbom"
	KindSubstanceList         EvidenceKind = "substance-list"
	KindNetworkProfile        EvidenceKind = "network-profile"
	KindInterfaceDescription  EvidenceKind = "interface-description"
	KindDataExport            EvidenceKind = "data-export"
	KindSourceRepository      EvidenceKind = "source-repository"
	KindFieldData             EvidenceKind = "field-data"
	KindPhoto                 EvidenceKind = "photo"
	KindVideo                 EvidenceKind = "video"
	KindPackagingArtwork      EvidenceKind = "packaging-artwork"
	KindRegisterEntry         EvidenceKind = "register-entry"
	KindUserReport            EvidenceKind = "user-report"
	KindHostList              EvidenceKind = "host-list"
	KindFirmwareImage         EvidenceKind = "firmware-image"
	KindAppPackage            EvidenceKind = "app-package"
	KindPacketCapture         EvidenceKind = "packet-capture"
	KindTeardown              EvidenceKind = "teardown"
	KindTestReport            EvidenceKind = "test-report"
	KindCertificate           EvidenceKind = "certificate"
)

// Visibility says who may read a piece of evidence. The zero value is public.
type Visibility string

// Restricted evidence is read by assessors and authorities; secret evidence
// stays with the maker. The public sees title, kind, date and hash of both.
const (
	Public     Visibility = "public"
	Restricted Visibility = "restricted"
	Secret     Visibility = "secret"
)

// Evidence is one piece of evidence as the declaration names it.
type Evidence struct {
	ID         EvidenceID   `json:"id"`
	Kind       EvidenceKind `json:"kind"`
	Title      string       `json:"title"`
	Path       string       `json:"path,omitempty"` // below the dossier, forward slashes
	URL        string       `json:"url,omitempty"`
	Visibility Visibility   `json:"visibility,omitempty"`
	SHA256     Digest       `json:"sha256,omitempty"`
	Dated      Date         `json:"dated,omitempty"`
	ValidUntil Date         `json:"valid_until,omitempty"`
	By         string       `json:"by,omitempty"` // when it is not the maker
	About      []PartName   `json:"about,omitempty"`
}

// Standing says whether a piece of evidence can be counted.
type Standing string

// Only evidence that is held or read counts. The others say why not.
const (
	Held      Standing = "held"         // the file is here and is what was declared
	Elsewhere Standing = "elsewhere"    // an address was given; nobody fetched it
	Withheld  Standing = "withheld"     // named by its hash, or its file kept back
	Missing   Standing = "file-missing" // a public file that is not there
	Differs   Standing = "hash-differs" // not the bytes that were declared
	Expired   Standing = "expired"      // valid_until has passed
	Unopened  Standing = "unreadable"   // the file is here and could not be read
)

// Holding is what became of one piece of evidence in a determination.
type Holding struct {
	Evidence EvidenceID   `json:"evidence"`
	Kind     EvidenceKind `json:"kind"`
	Title    string       `json:"title"`
	Standing Standing     `json:"standing"`
	SHA256   Digest       `json:"sha256,omitempty"` // of the bytes that were here
	Size     int64        `json:"size,omitempty"`   // in bytes
	Reader   string       `json:"reader,omitempty"` // the reader that understood it, with version
	Dated    Date         `json:"dated,omitempty"`  // declared, or found in the content
	Reason   ErrorID      `json:"reason,omitempty"` // why it was not read
	Detail   string       `json:"detail,omitempty"` // the reason in words
}
