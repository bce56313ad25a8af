package sbom

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/evidence"
)

// Reader reads lists of components.
var Reader = evidence.Reader{
	Name:    "sbom",
	Version: 2,
	Kinds:   []iotmark.EvidenceKind{iotmark.KindSBOM, iotmark.KindHBOM, iotmark.KindVEX, iotmark.KindCryptoList},
	Sniff:   sniff,
	Read: func(ctx context.Context, src evidence.Source, lim evidence.Limits) (any, error) {
		f, err := read(ctx, src, lim)
		if err != nil {
			return nil, err // a nil *Facts in an interface would look like facts
		}
		return f, nil
	},
	New: func() any { return new(Facts) },
}

// The marks of each form, looked for in the first bytes only. Forms that are
// not read are recognised too, so that their maker learns of a way out.
var (
	jsonMarks = []string{`"bomFormat"`, `"spdxVersion"`, `"SPDXID"`, "spdx.org/rdf/3", "cyclonedx.org/schema/bom-"}
	xmlMarks  = []string{"cyclonedx.org/schema/bom/", "spdx.org/rdf/terms", "<spdxVersion>"}
	lineMark  = regexp.MustCompile(`(?mi)^\s*"?SPDXVersion"?\s*:`)
)

func sniff(name string, head []byte) bool {
	head = bytes.ReplaceAll(head, []byte{0}, nil) // UTF-16, which is refused with its reason
	head = bytes.TrimLeft(head, "\xef\xbb\xbf\xfe\xff \t\r\n")
	if len(head) == 0 {
		return false
	}
	name = strings.ToLower(name)
	switch head[0] {
	case '{':
		return holds(head, jsonMarks) || strings.HasSuffix(name, ".cdx.json") || strings.HasSuffix(name, ".spdx.json")
	case '<':
		return holds(head, xmlMarks)
	}
	return lineMark.Match(head)
}

func holds(b []byte, marks []string) bool {
	for _, m := range marks {
		if bytes.Contains(b, []byte(m)) {
			return true
		}
	}
	return false
}

// The reader's own bounds, below those of all readers. At 64 MiB and 200,000
// components the largest resident set was 345 MB, which leaves too little of
// the 512 MB of a process for a second list; at these it is 125 MB
// (TestPeak). The largest of the real lists looked at had 903 components.
const (
	maxBytes      = 32 << 20
	maxComponents = 50_000
)

func read(ctx context.Context, src evidence.Source, lim evidence.Limits) (*Facts, error) {
	lim.Bytes, lim.Entries = min(lim.Bytes, maxBytes), min(lim.Entries, maxComponents)
	b, err := src.ReadAll(lim)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(b, []byte("\xff\xfe")) || bytes.HasPrefix(b, []byte("\xfe\xff")) {
		return nil, refuse("sbom-encoding", "the text is written in UTF-16; save it as UTF-8")
	}
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(b) {
		return nil, evidence.Malformed("list of components", fmt.Errorf("line %d: the bytes are not UTF-8", badLine(b)))
	}
	l := &list{ctx: ctx, lim: lim, f: &Facts{}, related: map[uint64]bool{}}
	switch t := bytes.TrimLeft(b, " \t\r\n"); {
	case len(t) == 0:
		return nil, evidence.Malformed("list of components", errors.New("there is nothing in it"))
	case t[0] == '{':
		err = l.readJSON(b)
	case t[0] == '<':
		err = l.readXML(b)
	case bytes.Contains(b, []byte("SPDXVersion:")):
		err = l.readTagValue(b)
	case lineMark.Match(t[:min(len(t), evidence.SniffLen)]):
		err = otherForm("SPDX in YAML")
	default:
		err = evidence.Malformed("list of components", errors.New("it is neither JSON nor XML nor SPDX tag-value"))
	}
	if err != nil {
		return nil, err
	}
	l.relate()
	return l.f, nil
}

// badLine returns the line of the first byte that is not UTF-8.
func badLine(b []byte) int {
	line := 1
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n <= 1 {
			break
		}
		if r == '\n' {
			line++
		}
		b = b[n:]
	}
	return line
}

func refuse(id iotmark.ErrorID, msg string) error {
	return &iotmark.Error{Kind: iotmark.Invalid, ID: id, Msg: msg}
}

func otherForm(what string) error {
	return refuse("sbom-form", what+" is not read; export CycloneDX 1.2 to 1.7 as JSON or XML, or SPDX 2.3 as JSON or tag-value")
}

func wrongVersion(format, got, want string) error {
	if got == "" {
		got = "without a version"
	}
	return refuse("sbom-version", fmt.Sprintf("%s %s is not read; export %s", format, cut(got, 20), want))
}

// list is the state of one reading. One goroutine owns it.
type list struct {
	ctx     context.Context
	lim     evidence.Limits
	f       *Facts
	kept    int             // entries of all lists that are kept, components left out
	related map[uint64]bool // hashes of the ids that stand in a relation
	// SPDX says what it describes by id; found again when all is read.
	described map[string]bool
	complete  bool
	partial   bool
}

// The lengths that texts are cut to, in bytes. Longer ones are no names.
const (
	maxName = 1024
	maxNote = 300
)

// Bounds within one component, and on all that is kept beside components: an
// entry of some 20 bytes in the file costs some 100 in memory.
const (
	maxHashes     = 32
	maxProperties = 64
	keptPerEntry  = 5
)

// keep counts an entry that is kept.
func (l *list) keep() error {
	if l.kept++; l.kept > keptPerEntry*l.lim.Entries {
		return evidence.TooMany("entries", keptPerEntry*l.lim.Entries)
	}
	return nil
}

// add makes room for a component and returns its place, so that components
// within it come after it.
func (l *list) add() (int, error) {
	if len(l.f.Components) >= l.lim.Entries {
		return 0, evidence.TooMany("components", l.lim.Entries)
	}
	l.f.Components = append(l.f.Components, Component{})
	return len(l.f.Components) - 1, nil
}

// cut cuts to n bytes, at the border of a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return strings.Clone(s[:n])
}

// relation notes one edge between two elements.
func (l *list) relation(from, to string) error {
	l.f.Relations++
	if err := l.mark(from); err != nil {
		return err
	}
	return l.mark(to)
}

// mark notes that an element stands in the graph of relations. The hash
// stands for the id, since a graph can name far more ids than there are
// components. FNV-1a, 64 bits: a collision would only call a component
// related that is not.
func (l *list) mark(id string) error {
	if id == "" {
		return nil
	}
	h := fnv(id)
	if l.related[h] {
		return nil
	}
	l.related[h] = true
	return l.keep()
}

func fnv(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// relate carries what the end of the file says back to the components.
func (l *list) relate() {
	f := l.f
	for i := range f.Components {
		c := &f.Components[i]
		c.Related = c.Nested || c.Ref != "" && l.related[fnv(c.Ref)]
		f.Hardware = f.Hardware || c.Type == "device"
	}
	if f.Subject != nil {
		f.Subject.Related = f.Subject.Ref != "" && l.related[fnv(f.Subject.Ref)]
	}
	switch {
	case l.partial:
		f.Completeness = Incomplete
	case l.complete:
		f.Completeness = Complete
	}
	if len(f.Components) == 0 {
		f.Components = nil
	}
}

// concluded keeps the licences that were concluded, when any was: they are
// what the maker found to hold, the declared ones what an author said.
func concluded(all []Licence, is []bool) []Licence {
	var out []Licence
	for i, l := range all {
		if is[i] {
			out = append(out, l)
		}
	}
	if out == nil {
		return all
	}
	return out
}

// put adds an entry to a small map within its bound. A name that comes twice
// keeps both values.
func put(m map[string]string, k, v string, bound int) map[string]string {
	if k == "" || v == "" {
		return m
	}
	if m == nil {
		m = map[string]string{}
	}
	if old, ok := m[k]; ok {
		if old != v {
			m[k] = cut(old+", "+v, maxNote)
		}
		return m
	}
	if len(m) < bound {
		m[k] = v
	}
	return m
}

// toolName writes a tool as "name version".
func toolName(vendor, name, version string) string {
	if name == "" {
		name = vendor
	}
	return strings.TrimSpace(name + " " + version)
}

// first returns the first text that is not empty.
func first(s ...string) string {
	for _, x := range s {
		if x != "" {
			return x
		}
	}
	return ""
}
