package determine

import (
	"context"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/evidence"
)

// Proposal is a file that looks like evidence. The program proposes, a person
// confirms; it proposes evidence, never a claim.
type Proposal struct {
	ID    iotmark.EvidenceID
	Path  string
	Kind  iotmark.EvidenceKind
	Title string
	Why   string // how it was recognised
}

// Bounds of the walk: a repository is searched, not a disk.
const (
	proposeFiles = 20_000
	proposeDepth = 8
	proposeBytes = 256 << 20
)

// skipped folders hold other people's files.
var skipped = []string{"node_modules", "vendor", "third_party", "testdata", "target", "build", "dist"}

// clue is one way to recognise a piece of evidence. All parts that are set
// must hold. The first clue that holds decides.
type clue struct {
	name   *regexp.Regexp // of the base name, in lower case
	reader string         // whose Sniff must hold
	magic  string         // at the start of the bytes
	kind   iotmark.EvidenceKind
	title  string
	why    string
}

func named(expr string) *regexp.Regexp { return regexp.MustCompile(expr) }

// clues stands with the sure ones first: a format that only one role uses, a
// format with a name, then a name alone.
var clues = []clue{
	{reader: "securitytxt", kind: iotmark.KindWebPage, title: "security.txt", why: "has the fields of a security.txt (RFC 9116)"},
	{reader: "netprofile", kind: iotmark.KindNetworkProfile, title: "Hosts and ports (MUD)", why: "is a MUD file (RFC 8520)"},
	{reader: "sbom", name: named(`hbom|hardware`), kind: iotmark.KindHBOM, title: "Hardware components", why: "is a CycloneDX list of hardware by its name"},
	{reader: "sbom", kind: iotmark.KindSBOM, title: "Software components", why: "is a list of components"},
	{reader: "description", kind: iotmark.KindInterfaceDescription, title: "Description of an interface", why: "describes an interface"},
	{name: named(`(open)?vex.*\.json$`), kind: iotmark.KindVEX, title: "Known weaknesses and this product", why: "has the name of a VEX statement"},
	{magic: "\xd4\xc3\xb2\xa1", kind: iotmark.KindPacketCapture, title: "Recorded traffic", why: "is a packet capture"},
	{magic: "\xa1\xb2\xc3\xd4", kind: iotmark.KindPacketCapture, title: "Recorded traffic", why: "is a packet capture"},
	{magic: "\x0a\x0d\x0d\x0a", kind: iotmark.KindPacketCapture, title: "Recorded traffic", why: "is a packet capture"},
	{name: named(`\.apk$`), magic: "PK", kind: iotmark.KindAppPackage, title: "The app as shipped", why: "is an Android package"},
	{reader: "firmware", name: named(`firmware|rootfs|image|\.(img|bin|fw|cpio|uimage)$`), kind: iotmark.KindFirmwareImage, title: "Device image", why: "is an image or a tree by its content and name"},
	{reader: "table", name: named(`hbom|bill.?of.?materials|^bom\b.*\.csv$`), kind: iotmark.KindHBOM, title: "Hardware components", why: "is a table with the name of a parts list"},
	{reader: "table", name: named(`export|takeout`), kind: iotmark.KindDataExport, title: "Sample of an export", why: "is a table with the name of an export"},
	{reader: "table", name: named(`failure|returns?\b|field.?data|rma`), kind: iotmark.KindFieldData, title: "Counts from the field", why: "is a table with the name of field counts"},
	{reader: "table", name: named(`rohs|reach|substance|material`), kind: iotmark.KindSubstanceList, title: "Material declarations", why: "is a table with the name of a list of substances"},
	{reader: "image", name: named(`plate|label`), kind: iotmark.KindPhoto, title: "Type plate", why: "is a picture with the name of a type plate"},
	{reader: "image", name: named(`board|pcb|inside|front|device|product`), kind: iotmark.KindPhoto, title: "Photograph of the product", why: "is a picture of the product by its name"},
	{reader: "text", name: named(`privacy`), kind: iotmark.KindWebPage, title: "Privacy notice", why: "is a text with this name"},
	{reader: "text", name: named(`declaration.?of.?conformity|conformity|statement.?of.?compliance|psti|\bdoc[-_.](eu|uk)`), kind: iotmark.KindConformityDeclaration, title: "Declaration of conformity", why: "is a text with this name"},
	{reader: "text", name: named(`risk|threat`), kind: iotmark.KindRiskAssessment, title: "Risk assessment", why: "is a text with this name"},
	{reader: "text", name: named(`test.?report|bench.?test|pentest`), kind: iotmark.KindTestReport, title: "Test report", why: "is a text with this name"},
	{reader: "text", name: named(`^security(\.|-policy|_policy)|disclosure`), kind: iotmark.KindWebPage, title: "Security policy", why: "is a text with this name"},
	{reader: "text", name: named(`end.?of.?life|\beol\b|sunset`), kind: iotmark.KindDocument, title: "End of life plan", why: "is a text with this name"},
	{reader: "text", name: named(`support|updates?\b`), kind: iotmark.KindWebPage, title: "Support and updates", why: "is a text with this name"},
	{reader: "text", name: named(`warranty|guarantee`), kind: iotmark.KindWebPage, title: "Warranty", why: "is a text with this name"},
	{reader: "text", name: named(`^terms`), kind: iotmark.KindWebPage, title: "Terms", why: "is a text with this name"},
	{reader: "text", name: named(`repair|reset|disposal|recycl`), kind: iotmark.KindDocument, title: "Guide", why: "is a text with this name"},
	{reader: "text", name: named(`^(changelog|releases?|release.?notes)\b`), kind: iotmark.KindWebPage, title: "Release notes", why: "is a text with this name"},
}

// pathForm is what the schema allows as a path.
var pathForm = regexp.MustCompile(`^[.]?[A-Za-z0-9_-][A-Za-z0-9._ -]*(/[.]?[A-Za-z0-9_-][A-Za-z0-9._ -]*)*$`)

// Propose walks a product's folder and proposes what evidence its files are.
// It opens nothing but regular files, reads their first bytes, and follows no
// link.
func Propose(ctx context.Context, fsys fs.FS) ([]Proposal, error) {
	var out []Proposal
	seen := map[iotmark.EvidenceID]int{}
	files := 0
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return nil // what cannot be listed is not proposed
		}
		if d.IsDir() {
			hidden := strings.HasPrefix(d.Name(), ".") && p != "." && d.Name() != ".well-known"
			if hidden || slices.Contains(skipped, d.Name()) || strings.Count(p, "/") >= proposeDepth {
				return fs.SkipDir
			}
			return nil
		}
		if files++; files > proposeFiles {
			return fs.SkipAll
		}
		if !d.Type().IsRegular() || !pathForm.MatchString(p) {
			return nil
		}
		c, ok := recognise(fsys, p, d)
		if !ok {
			return nil
		}
		id := proposalID(c, p)
		if seen[id]++; seen[id] > 1 {
			id = iotmark.EvidenceID(string(id) + "-" + strconv.Itoa(seen[id]))
		}
		out = append(out, Proposal{ID: id, Path: p, Kind: c.kind, Title: c.title, Why: c.why})
		return nil
	})
	return out, err
}

// recognise returns the first clue that holds for a file.
func recognise(fsys fs.FS, p string, d fs.DirEntry) (clue, bool) {
	info, err := d.Info()
	if err != nil || info.Size() == 0 || info.Size() > proposeBytes {
		return clue{}, false
	}
	f, err := fsys.Open(p)
	if err != nil {
		return clue{}, false
	}
	defer f.Close()
	head := make([]byte, min(info.Size(), evidence.SniffLen))
	n, _ := f.Read(head)
	head = head[:n]
	base := strings.ToLower(path.Base(p))
	knows := map[string]bool{}
	for _, r := range Readers() {
		knows[r.Name] = r.Sniff(path.Base(p), head)
	}
	for _, c := range clues {
		if (c.reader == "" || knows[c.reader]) && (c.name == nil || c.name.MatchString(base)) && strings.HasPrefix(string(head), c.magic) {
			return c, true
		}
	}
	return clue{}, false
}

var notInID = regexp.MustCompile(`[^a-z0-9]+`)

// proposalID makes an id out of the file's name, in the form of the schema.
func proposalID(c clue, p string) iotmark.EvidenceID {
	base := strings.ToLower(strings.TrimSuffix(path.Base(p), path.Ext(p)))
	if c.kind == iotmark.KindSBOM || c.reader == "securitytxt" {
		base = strings.ReplaceAll(c.reader, "securitytxt", "security-txt")
	}
	id := strings.Trim(notInID.ReplaceAllString(base, "-"), "-")
	if len(id) > 50 {
		id = strings.Trim(id[:50], "-")
	}
	if id == "" || id[0] < 'a' || id[0] > 'z' {
		id = strings.Trim(string(c.kind)+"-"+id, "-")
	}
	return iotmark.EvidenceID(id)
}
