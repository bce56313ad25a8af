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
	// Visibility is restricted for kinds that may hold what nobody else may
	// know, as mayHoldSecrets says; empty, which is public, for all others.
	Visibility iotmark.Visibility
	// Criterion is the one that asks for such a file, or "".
	Criterion iotmark.CriterionID
}

// mayHoldSecrets are the kinds whose bytes a person cannot look through: a
// capture holds passwords that were sent in the clear, an image or an app the
// keys and accounts that were left in it. They are public only when the maker
// says so.
var mayHoldSecrets = []iotmark.EvidenceKind{iotmark.KindPacketCapture, iotmark.KindFirmwareImage, iotmark.KindAppPackage}

// Bounds of the walk: a repository is searched, not a disk.
const (
	proposeFiles = 20_000
	proposeDepth = 8
	proposeBytes = 2 << 30 // only the first bytes are read
)

// skipped folders hold other people's files, or nothing that is shipped.
var skipped = []string{"node_modules", "vendor", "third_party", "testdata", "CMakeFiles", "incremental"}

// built folders are what a build writes: the list of components and the image
// often lie there, among thousands of files that only look like evidence.
var built = []string{"build", "dist", "target"}

// clue is one way to recognise a piece of evidence. All parts that are set
// must hold. The first clue that holds decides.
type clue struct {
	name   *regexp.Regexp // of the base name, in lower case
	reader string         // whose Sniff must hold
	magic  string         // at the start of the bytes
	kind   iotmark.EvidenceKind
	title  string
	why    string
	sure   bool // by content or a name of its own: holds in a build's folder too
	asks   iotmark.CriterionID
}

func named(expr string) *regexp.Regexp { return regexp.MustCompile(expr) }

// clues stands with the sure ones first: a format that only one role uses, a
// format with a name, then a name alone.
var clues = []clue{
	{reader: "securitytxt", kind: iotmark.KindWebPage, asks: "device-security.disclosure-policy", title: "security.txt", why: "has the fields of a security.txt (RFC 9116)"},
	{reader: "netprofile", kind: iotmark.KindNetworkProfile, title: "Hosts and ports (MUD)", why: "is a MUD file (RFC 8520)", sure: true},
	{reader: "sbom", name: named(`hbom|hardware`), kind: iotmark.KindHBOM, title: "Hardware components", why: "is a CycloneDX list of hardware by its name", sure: true},
	{reader: "sbom", kind: iotmark.KindSBOM, asks: "provenance.software-components", title: "Software components", why: "is a list of components", sure: true},
	{reader: "description", kind: iotmark.KindInterfaceDescription, title: "Description of an interface", why: "describes an interface", sure: true},
	{reader: "advisory", name: named(`vex`), kind: iotmark.KindVEX, title: "Known weaknesses and this product", why: "is a VEX statement in CSAF by its content and name", sure: true},
	{reader: "advisory", name: named(`^provider-metadata\.json$`), kind: iotmark.KindWebPage, title: "Who publishes advisories, and where", why: "is provider metadata of CSAF", sure: true},
	{reader: "advisory", kind: iotmark.KindWebPage, title: "Security advisory", why: "is an advisory in CSAF"},
	{name: named(`(open)?vex.*\.json$`), kind: iotmark.KindVEX, title: "Known weaknesses and this product", why: "has the name of a VEX statement"},
	{reader: "capture", kind: iotmark.KindPacketCapture, title: "Recorded traffic", why: "is a packet capture", sure: true},
	{name: named(`\.apk$`), magic: "PK", kind: iotmark.KindAppPackage, title: "The app as shipped", why: "is an Android package", sure: true},
	{reader: "firmware", name: named(`\.(img|bin|fw|cpio|uimage|squashfs|ext4)$|(firmware|rootfs|image).*\.(tar|tgz|zip|gz|xz|zst)$`), kind: iotmark.KindFirmwareImage, title: "Device image", why: "is an image or a tree by its content and name", sure: true},
	{reader: "firmware", name: named(`firmware|rootfs|image|\.(img|bin|fw|cpio|uimage)$`), kind: iotmark.KindFirmwareImage, title: "Device image", why: "is an image or a tree by its content and name"},
	{reader: "table", name: named(`hbom|bill.?of.?materials|^bom\b.*\.csv$`), kind: iotmark.KindHBOM, title: "Hardware components", why: "is a table with the name of a parts list"},
	{reader: "table", name: named(`export|takeout`), kind: iotmark.KindDataExport, title: "Sample of an export", why: "is a table with the name of an export"},
	{reader: "table", name: named(`failure|returns?\b|field.?data|rma`), kind: iotmark.KindFieldData, asks: "lifecycle.failure-rate-published", title: "Counts from the field", why: "is a table with the name of field counts"},
	{reader: "table", name: named(`rohs|reach|substance|material`), kind: iotmark.KindSubstanceList, title: "Material declarations", why: "is a table with the name of a list of substances"},
	{reader: "image", name: named(`plate|label`), kind: iotmark.KindPhoto, title: "Type plate", why: "is a picture with the name of a type plate"},
	{reader: "image", name: named(`board|pcb|inside|front|device|product`), kind: iotmark.KindPhoto, title: "Photograph of the product", why: "is a picture of the product by its name"},
	{reader: "text", name: named(`privacy`), kind: iotmark.KindWebPage, asks: "privacy.notice-accessible", title: "Privacy notice", why: "is a text with this name"},
	{reader: "text", name: named(`declaration.?of.?conformity|conformity|statement.?of.?compliance|psti|\bdoc[-_.](eu|uk)`), kind: iotmark.KindConformityDeclaration, asks: "accountability.legal-conformity", title: "Declaration of conformity", why: "is a text with this name"},
	{reader: "text", name: named(`risk|threat`), kind: iotmark.KindRiskAssessment, asks: "device-security.threat-assessment", title: "Risk assessment", why: "is a text with this name"},
	{reader: "text", name: named(`test.?report|bench.?test|pentest`), kind: iotmark.KindTestReport, title: "Test report", why: "is a text with this name"},
	{reader: "text", name: named(`^security(\.|-policy|_policy)|disclosure`), kind: iotmark.KindWebPage, asks: "device-security.disclosure-policy", title: "Security policy", why: "is a text with this name"},
	{reader: "text", name: named(`end.?of.?life|\beol\b|sunset`), kind: iotmark.KindDocument, asks: "lifecycle.end-of-life-plan", title: "End of life plan", why: "is a text with this name"},
	{reader: "text", name: named(`support|updates?\b`), kind: iotmark.KindWebPage, title: "Support and updates", why: "is a text with this name"},
	{reader: "text", name: named(`warranty|guarantee`), kind: iotmark.KindWebPage, asks: "lifecycle.warranty", title: "Warranty", why: "is a text with this name"},
	{reader: "text", name: named(`^terms`), kind: iotmark.KindWebPage, title: "Terms", why: "is a text with this name"},
	{reader: "text", name: named(`repair|reset|disposal|recycl`), kind: iotmark.KindDocument, title: "Guide", why: "is a text with this name"},
	{reader: "text", name: named(`^(changelog|releases?|release.?notes)\b`), kind: iotmark.KindWebPage, title: "Release notes", why: "is a text with this name"},
}

// pathForm is what the schema allows as a path.
var pathForm = regexp.MustCompile(`^[.]?[A-Za-z0-9_-][A-Za-z0-9._ -]*(/[.]?[A-Za-z0-9_-][A-Za-z0-9._ -]*)*$`)

// Propose walks a product's folder and proposes what evidence its files are.
// It opens nothing but regular files, reads their first bytes, and follows no
// link. What a build wrote comes last and has a bound of its own, so that many
// files there hide none of the others.
func Propose(ctx context.Context, fsys fs.FS) ([]Proposal, error) {
	w := walk{ctx: ctx, fsys: fsys, seen: map[iotmark.EvidenceID]int{}}
	if err := w.below("."); err != nil {
		return w.out, err
	}
	later := w.later
	w.built, w.files = true, 0
	for _, dir := range later {
		if err := w.below(dir); err != nil {
			return w.out, err
		}
	}
	return apart(w.out), nil
}

// apart adds the path to titles that several proposals have, so that readers
// of the titles can tell two captures from each other.
func apart(out []Proposal) []Proposal {
	times := map[string]int{}
	for _, p := range out {
		times[p.Title]++
	}
	for i, p := range out {
		if times[p.Title] > 1 {
			out[i].Title += ": " + p.Path
		}
	}
	return out
}

// walk is one search through a folder.
type walk struct {
	ctx   context.Context
	fsys  fs.FS
	built bool     // inside what a build wrote
	later []string // folders that a build wrote
	files int
	seen  map[iotmark.EvidenceID]int
	out   []Proposal
}

func (w *walk) below(root string) error {
	return fs.WalkDir(w.fsys, root, func(p string, d fs.DirEntry, err error) error {
		if w.ctx.Err() != nil {
			return w.ctx.Err()
		}
		if err != nil {
			return nil // what cannot be listed is not proposed
		}
		if d.IsDir() {
			return w.enter(p, d.Name())
		}
		if w.files++; w.files > proposeFiles {
			return fs.SkipAll
		}
		if d.Type().IsRegular() && pathForm.MatchString(p) {
			w.look(p, d)
		}
		return nil
	})
}

// enter says whether a folder is searched, and keeps what a build wrote for
// later.
func (w *walk) enter(p, name string) error {
	hidden := strings.HasPrefix(name, ".") && p != "." && name != ".well-known"
	if hidden || slices.Contains(skipped, name) || strings.Count(p, "/") >= proposeDepth {
		return fs.SkipDir
	}
	if !w.built && slices.Contains(built, name) {
		w.later = append(w.later, p)
		return fs.SkipDir
	}
	return nil
}

func (w *walk) look(p string, d fs.DirEntry) {
	c, ok := recognise(w.fsys, p, d, w.built)
	if !ok {
		return
	}
	id := proposalID(c, p)
	if w.seen[id]++; w.seen[id] > 1 {
		id = iotmark.EvidenceID(string(id) + "-" + strconv.Itoa(w.seen[id]))
	}
	prop := Proposal{ID: id, Path: p, Kind: c.kind, Title: c.title, Why: c.why, Criterion: c.asks}
	if slices.Contains(mayHoldSecrets, c.kind) {
		prop.Visibility = iotmark.Restricted
	}
	w.out = append(w.out, prop)
}

// recognise returns the first clue that holds for a file; only the sure ones
// are asked when a build wrote it.
func recognise(fsys fs.FS, p string, d fs.DirEntry, built bool) (clue, bool) {
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
		if (!built || c.sure) && (c.reader == "" || knows[c.reader]) && (c.name == nil || c.name.MatchString(base)) && strings.HasPrefix(string(head), c.magic) {
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
