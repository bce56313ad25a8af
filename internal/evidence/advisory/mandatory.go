package advisory

import (
	"strings"

	"golang.org/x/text/language"

	"github.com/open-iot-mark/iotmark/internal/evidence/tree"
)

// A test is one of section 6.1. A valid document fails none of them.
type test struct {
	id  string       // number of its section
	run func(d *doc) // nil: the schema has looked already
}

// mandatory are the tests in the order of the standard.
var mandatory = []test{
	{"6.1.1", missingProducts},
	{"6.1.2", productsTwice},
	{"6.1.3", productsInCircles},
	{"6.1.4", missingGroups},
	{"6.1.5", groupsTwice},
	{"6.1.6", statusContradicts},
	{"6.1.7", scoresTwice},
	{"6.1.8", nil},
	{"6.1.9", scoresMiscomputed},
	{"6.1.10", scoresInconsistent},
	{"6.1.11", weaknessUnknown},
	{"6.1.12", languageUnknown},
	{"6.1.13", purlInvalid},
	{"6.1.14", historyUnsorted},
	{"6.1.15", translatorWithoutSource},
	{"6.1.16", versionNotLatest},
	{"6.1.17", versionWithoutDraft},
	{"6.1.18", historyUnreleased},
	{"6.1.19", historyPreRelease},
	{"6.1.20", versionPreRelease},
	{"6.1.21", historyGap},
	{"6.1.22", historyTwice},
	{"6.1.23", cveTwice},
	{"6.1.24", involvementTwice},
	{"6.1.25", hashTwice},
	{"6.1.26", categoryProhibited},
	{"6.1.27.1", profileNotes},
	{"6.1.27.2", profileReferences},
	{"6.1.27.3", profileNoVulnerabilities},
	{"6.1.27.4", profileProductTree},
	{"6.1.27.5", profileVulnerabilityNotes},
	{"6.1.27.6", profileProductStatus},
	{"6.1.27.7", vexStatus},
	{"6.1.27.8", vexIdentifier},
	{"6.1.27.9", vexImpact},
	{"6.1.27.10", vexAction},
	{"6.1.27.11", profileVulnerabilities},
	{"6.1.28", translationOfItself},
	{"6.1.29", remediationWithoutProduct},
	{"6.1.30", versionsMixed},
	{"6.1.31", rangeInVersion},
	{"6.1.32", flagWithoutProduct},
	{"6.1.33", justifiedTwice},
}

// Tests returns the numbers of the mandatory tests, in the order of the
// standard.
func Tests() []string {
	out := make([]string, len(mandatory))
	for i, t := range mandatory {
		out[i] = t.id
	}
	return out
}

// 6.1.1 Missing Definition of Product ID.
func missingProducts(d *doc) {
	defined := map[string]bool{}
	for _, n := range d.products() {
		defined[str(n.Get("product_id"))] = true
	}
	for m := range d.productMentions() {
		if !defined[str(m.node)] {
			d.tell(m.node, m.pointer(), "")
		}
	}
}

// 6.1.2 Multiple Definition of Product ID.
func productsTwice(d *doc) {
	seen := map[string]bool{}
	for p, n := range d.products() {
		if id := n.Get("product_id"); id != nil {
			if seen[str(id)] {
				d.tell(id, p+"/product_id", "")
			}
			seen[str(id)] = true
		}
	}
}

// 6.1.3 Circular Definition of Product ID.
func productsInCircles(d *doc) {
	list := d.root.Path("product_tree", "relationships").Items()
	from := map[string][]int{} // relationships that define an id
	id := func(i int) *tree.Node { return list[i].Path("full_product_name", "product_id") }
	for i := range list {
		if n := id(i); n != nil {
			from[str(n)] = append(from[str(n)], i)
		}
	}
	const (
		open = 1 + iota // on the way from the start
		done
	)
	state := map[string]int{}
	for start := range list {
		if id(start) == nil || state[str(id(start))] != 0 {
			continue
		}
		// The way is kept by hand: a chain can be as long as the file.
		type step struct {
			id   string
			uses []string
		}
		uses := func(id string) (out []string) {
			for _, i := range from[id] {
				out = append(out, str(list[i].Get("product_reference")), str(list[i].Get("relates_to_product_reference")))
			}
			return out
		}
		first := str(id(start))
		way := []step{{first, uses(first)}}
		state[first] = open
		for len(way) > 0 {
			top := &way[len(way)-1]
			if len(top.uses) == 0 {
				state[top.id] = done
				way = way[:len(way)-1]
				continue
			}
			next := top.uses[0]
			top.uses = top.uses[1:]
			switch {
			case state[next] == open:
				i := from[top.id][0]
				d.tell(id(i), at("/product_tree/relationships", i)+"/full_product_name/product_id", "")
			case state[next] == 0 && len(from[next]) > 0:
				state[next] = open
				way = append(way, step{next, uses(next)})
			}
		}
	}
}

// 6.1.4 Missing Definition of Product Group ID.
func missingGroups(d *doc) {
	for m := range d.groupMentions() {
		if _, ok := d.groups[str(m.node)]; !ok {
			d.tell(m.node, m.pointer(), "")
		}
	}
}

// 6.1.5 Multiple Definition of Product Group ID.
func groupsTwice(d *doc) {
	seen := map[string]bool{}
	for i, g := range d.root.Path("product_tree", "product_groups").Items() {
		if id := g.Get("group_id"); id != nil {
			if seen[str(id)] {
				d.tell(id, at("/product_tree/product_groups", i)+"/group_id", "")
			}
			seen[str(id)] = true
		}
	}
}

// contradictions are the groups of 6.1.6, by list of the product status.
var contradictions = map[Status]string{
	FirstAffected: "affected", KnownAffected: "affected", LastAffected: "affected",
	KnownNotAffected: "not affected",
	FirstFixed:       "fixed", Fixed: "fixed",
	Investigated: "under investigation",
}

// 6.1.6 Contradicting Product Status.
func statusContradicts(d *doc) {
	for i, v := range d.vulns {
		in := map[string]string{}
		for _, s := range statusNames {
			group := contradictions[s]
			if group == "" {
				continue
			}
			for j, n := range v.Path("product_status", string(s)).Items() {
				if was := in[str(n)]; was != "" && was != group {
					d.tell(n, at(vuln(i)+"/product_status/"+string(s), j), was)
				}
				in[str(n)] = group
			}
		}
	}
}

// 6.1.7 Multiple Scores with same Version per Product.
func scoresTwice(d *doc) {
	for i, v := range d.vulns {
		seen := map[[2]string]bool{}
		for j, s := range v.Get("scores").Items() {
			for _, key := range []string{"cvss_v2", "cvss_v3"} {
				o := s.Get(key)
				if o == nil {
					continue
				}
				version := str(o.Get("version"))
				for k, n := range s.Get("products").Items() {
					at2 := [2]string{version, str(n)}
					if seen[at2] {
						d.tell(n, at(at(vuln(i)+"/scores", j)+"/products", k), version)
					}
					seen[at2] = true
				}
			}
		}
	}
}

// 6.1.12 Language. A tag is looked up, subtag by subtag, in the register of
// IANA as golang.org/x/text has it.
func languageUnknown(d *doc) {
	for _, key := range []string{"lang", "source_lang"} {
		if n := d.root.Path("document", key); n != nil {
			if _, err := language.Parse(str(n)); err != nil {
				d.tell(n, "/document/"+key, "")
			}
		}
	}
}

// 6.1.15 Translator.
func translatorWithoutSource(d *doc) {
	if n := d.root.Path("document", "publisher", "category"); str(n) == "translator" && d.root.Path("document", "source_lang") == nil {
		d.tell(n, "/document/publisher/category", "")
	}
}

// 6.1.23 Multiple Use of Same CVE.
func cveTwice(d *doc) {
	seen := map[string]bool{}
	for i, v := range d.vulns {
		if n := v.Get("cve"); n != nil {
			if seen[str(n)] {
				d.tell(n, vuln(i)+"/cve", "")
			}
			seen[str(n)] = true
		}
	}
}

// 6.1.24 Multiple Definition in Involvements. An involvement without a date
// is one at no date, of which there may be one.
func involvementTwice(d *doc) {
	for i, v := range d.vulns {
		seen := map[[2]string]bool{}
		for j, x := range v.Get("involvements").Items() {
			date := str(x.Get("date"))
			if t, ok := instant(date); ok {
				date = t.UTC().String()
			}
			key := [2]string{str(x.Get("party")), date}
			if seen[key] {
				d.tell(x.Get("party"), at(vuln(i)+"/involvements", j)+"/party", "")
			}
			seen[key] = true
		}
	}
}

// 6.1.25 Multiple Use of Same Hash Algorithm. Names are compared as written:
// the test files of OASIS hold MD5 beside md5 for valid.
func hashTwice(d *doc) {
	for p, n := range d.products() {
		for i, h := range n.Path("product_identification_helper", "hashes").Items() {
			seen := map[string]bool{}
			for j, x := range h.Get("file_hashes").Items() {
				a := x.Get("algorithm")
				if name := str(a); a != nil {
					if seen[name] {
						d.tell(a, at(at(p+"/product_identification_helper/hashes", i)+"/file_hashes", j)+"/algorithm", "")
					}
					seen[name] = true
				}
			}
		}
	}
}

// 6.1.28 Translation. Tags of languages know no case (RFC 5646, 2.1.1).
func translationOfItself(d *doc) {
	if n := d.root.Path("document", "source_lang"); n != nil && strings.EqualFold(str(n), str(d.root.Path("document", "lang"))) {
		d.tell(n, "/document/source_lang", "")
	}
}

// 6.1.29 Remediation without Product Reference.
func remediationWithoutProduct(d *doc) { withoutProduct(d, "remediations") }

// 6.1.32 Flag without Product Reference.
func flagWithoutProduct(d *doc) { withoutProduct(d, "flags") }

func withoutProduct(d *doc, key string) {
	for i, v := range d.vulns {
		for j, x := range v.Get(key).Items() {
			if x.Get("product_ids") == nil && x.Get("group_ids") == nil {
				d.tell(x, at(vuln(i)+"/"+key, j), "")
			}
		}
	}
}

// ranges are the words of 6.1.31 that make a version a range; the signs < and
// > do so wherever they stand.
var ranges = []string{"after", "all", "before", "earlier", "later", "prior", "versions"}

// 6.1.31 Version Range in Product Version. The standard finds it enough to
// look for the words as parts of others; here they stand by themselves, so
// that versions named "Tallinn" and "after-eight" are none.
func rangeInVersion(d *doc) {
	letter := func(s string, i int) bool {
		return i >= 0 && i < len(s) && (s[i] >= 'a' && s[i] <= 'z' || s[i] >= 0x80)
	}
	for p, b := range d.branches() {
		n := b.Get("name")
		if str(b.Get("category")) != "product_version" || n == nil {
			continue
		}
		name := strings.ToLower(str(n))
		found := strings.ContainsAny(name, "<>")
		for _, w := range ranges {
			for from := 0; !found; {
				i := strings.Index(name[from:], w)
				if i < 0 {
					break
				}
				i += from
				end := i + len(w)
				found = !letter(name, i-1) && !letter(name, end) && !strings.HasPrefix(name[end:], "-")
				from = i + 1
			}
		}
		if found {
			d.tell(n, p+"/name", "")
		}
	}
}

// 6.1.33 Multiple Flags with VEX Justification Codes per Product.
func justifiedTwice(d *doc) {
	for i, v := range d.vulns {
		owner := map[string]int{} // flag that justifies a product, from 1
		for j, x := range v.Get("flags").Items() {
			hit := false
			for p := range d.reach(x) {
				hit = hit || owner[p] > 0
				owner[p] = j + 1
			}
			if hit {
				d.tell(x.Get("label"), at(vuln(i)+"/flags", j)+"/label", "")
			}
			if d.over {
				return
			}
		}
	}
}
