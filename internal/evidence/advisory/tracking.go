package advisory

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/open-iot-mark/iotmark/internal/evidence/tree"
)

// numbering is a version number of 3.1.11: whole numbers, or Semantic
// Versioning 2.0.0.
type numbering struct {
	semantic bool
	n        [3]string // without leading zeros; a whole number is the first
	pre      string    // pre-release, without the hyphen
	build    string    // build metadata, without the plus
}

// parseVersion reads a version number, and says false when it is none.
func parseVersion(s string) (numbering, bool) {
	if !versionForm.fits(s) {
		return numbering{}, false
	}
	s, build, _ := strings.Cut(s, "+")
	s, pre, _ := strings.Cut(s, "-")
	v := numbering{pre: pre, build: build, n: [3]string{s, "0", "0"}}
	if parts := strings.Split(s, "."); len(parts) == 3 {
		v.semantic = true
		copy(v.n[:], parts)
	}
	return v, true
}

// digits compares numbers without leading zeros, of any length.
func digits(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b)) }

// compare orders versions (Semantic Versioning 2.0.0, item 11).
func (v numbering) compare(w numbering) int {
	for i := range v.n {
		if c := digits(v.n[i], w.n[i]); c != 0 {
			return c
		}
	}
	switch {
	case v.pre == w.pre:
		return 0
	case v.pre == "":
		return 1
	case w.pre == "":
		return -1
	}
	a, b := strings.Split(v.pre, "."), strings.Split(w.pre, ".")
	for i := 0; i < len(a) && i < len(b); i++ {
		if a[i] == b[i] {
			continue
		}
		x, y := isNumber(a[i]), isNumber(b[i])
		switch {
		case x && y:
			return digits(a[i], b[i])
		case x:
			return -1
		case y:
			return 1
		}
		return strings.Compare(a[i], b[i])
	}
	return cmp.Compare(len(a), len(b))
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// zero reports whether the version is 0 or 0.y.z.
func (v numbering) zero() bool { return v.n[0] == "0" }

// revision is one item of the revision history.
type revision struct {
	i    int // in the file
	at   time.Time
	node *tree.Node // its number
	numbering
}

func (r revision) pointer() string {
	return at("/document/tracking/revision_history", r.i) + "/number"
}

// history returns the items of the revision history by date, and by number
// where the dates are equal; false when one of them has no date or number.
func (d *doc) history() ([]revision, bool) {
	var out []revision
	for i, n := range d.root.Path("document", "tracking", "revision_history").Items() {
		r := revision{i: i, node: n.Get("number")}
		var dated, numbered bool
		r.at, dated = instant(str(n.Get("date")))
		r.numbering, numbered = parseVersion(str(r.node))
		if !dated || !numbered {
			return nil, false
		}
		out = append(out, r)
	}
	slices.SortStableFunc(out, func(a, b revision) int { return cmp.Or(a.at.Compare(b.at), a.compare(b.numbering)) })
	return out, len(out) > 0
}

func (d *doc) version() (*tree.Node, numbering, bool) {
	n := d.root.Path("document", "tracking", "version")
	v, ok := parseVersion(str(n))
	return n, v, ok
}

func (d *doc) status() string { return str(d.root.Path("document", "tracking", "status")) }

// 6.1.14 Sorted Revision History.
func historyUnsorted(d *doc) {
	h, _ := d.history()
	for i := 1; i < len(h); i++ {
		if h[i].compare(h[i-1].numbering) < 0 {
			d.tell(h[i].node, h[i].pointer(), str(h[i-1].node))
		}
	}
}

// 6.1.16 Latest Document Version. Build metadata never counts, a pre-release
// part does not in a draft.
func versionNotLatest(d *doc) {
	n, v, ok := d.version()
	h, sound := d.history()
	if !ok || !sound {
		return
	}
	last := h[len(h)-1]
	w := last.numbering
	if d.status() == "draft" {
		v.pre, w.pre = "", ""
	}
	if v.compare(w) != 0 || v.semantic != w.semantic {
		d.tell(n, "/document/tracking/version", str(last.node))
	}
}

// 6.1.17 Document Status Draft.
func versionWithoutDraft(d *doc) {
	if n, v, ok := d.version(); ok && (v.zero() || v.pre != "") && d.status() != "draft" {
		d.tell(n, "/document/tracking/version", "")
	}
}

// 6.1.18 Released Revision History.
func historyUnreleased(d *doc) {
	if s := d.status(); s != "final" && s != "interim" {
		return
	}
	h, _ := d.history()
	for _, r := range h {
		if r.zero() {
			d.tell(r.node, r.pointer(), "")
		}
	}
}

// 6.1.19 Revision History Entries for Pre-release Versions.
func historyPreRelease(d *doc) {
	h, _ := d.history()
	for _, r := range h {
		if r.pre != "" {
			d.tell(r.node, r.pointer(), "")
		}
	}
}

// 6.1.20 Non-draft Document Version.
func versionPreRelease(d *doc) {
	if n, v, ok := d.version(); ok && v.pre != "" && (d.status() == "final" || d.status() == "interim") {
		d.tell(n, "/document/tracking/version", "")
	}
}

// 6.1.21 Missing Item in Revision History. Only the major part of semantic
// versions is counted.
func historyGap(d *doc) {
	h, _ := d.history()
	for i, r := range h {
		major, err := strconv.ParseUint(r.n[0], 10, 62)
		var low, high uint64 = 0, 1
		if i > 0 {
			before, _ := strconv.ParseUint(h[i-1].n[0], 10, 62)
			low, high = before, before+1
		}
		if err != nil || major > high {
			d.tell(r.node, r.pointer(), strconv.FormatUint(high, 10))
		} else if major < low {
			continue // 6.1.14 tells that they are not in order
		}
	}
}

// 6.1.22 Multiple Definition in Revision History.
func historyTwice(d *doc) {
	seen := map[string]bool{}
	h, _ := d.history()
	for _, r := range h {
		if seen[str(r.node)] {
			d.tell(r.node, r.pointer(), "")
		}
		seen[str(r.node)] = true
	}
}

// 6.1.30 Mixed Integer and Semantic Versioning.
func versionsMixed(d *doc) {
	_, v, ok := d.version()
	for i, n := range d.root.Path("document", "tracking", "revision_history").Items() {
		w, sound := parseVersion(str(n.Get("number")))
		if sound && ok && w.semantic != v.semantic {
			d.tell(n.Get("number"), at("/document/tracking/revision_history", i)+"/number", "")
		}
		if sound && !ok {
			v, ok = w, true
		}
	}
}
