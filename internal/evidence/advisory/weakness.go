package advisory

import (
	_ "embed"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed cwe.txt
var cweText string

// CWEVersion is the version of CWE whose weaknesses are known, and CWEDate
// its day.
const (
	CWEVersion = "4.17"
	CWEDate    = "2025-04-03"
)

// weaknesses are the names of each weakness of CWE by its number, the one of
// the latest version first, and the largest number.
var weaknesses = sync.OnceValues(func() (map[string][]string, int) {
	out, largest := map[string][]string{}, 0
	for line := range strings.Lines(cweText) {
		if id, names, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok && !strings.HasPrefix(line, "#") {
			out[id] = strings.Split(names, "\t")
			if n, err := strconv.Atoi(id); err == nil {
				largest = max(largest, n)
			}
		}
	}
	return out, largest
})

// 6.1.11 CWE. A name that the weakness had in an earlier version counts. A
// number above those of the version that is known here is not judged;
// see [doc.undecided].
func weaknessUnknown(d *doc) {
	known, largest := weaknesses()
	for i, v := range d.vulns {
		id, name := v.Path("cwe", "id"), v.Path("cwe", "name")
		if !cweForm.fits(str(id)) {
			continue
		}
		number := strings.TrimPrefix(str(id), "CWE-")
		names := known[number]
		switch n, _ := strconv.Atoi(number); {
		case names == nil && n > largest:
		case names == nil:
			d.tell(id, vuln(i)+"/cwe/id", "")
		case name != nil && !slices.Contains(names, str(name)):
			d.tell(name, vuln(i)+"/cwe/name", names[0])
		}
	}
}

// undecided are the places that a test looked at and could not judge: a
// weakness newer than the list of CWE that is known here.
func (d *doc) undecided() []Spot {
	_, largest := weaknesses()
	var out []Spot
	for i, v := range d.vulns {
		id := v.Path("cwe", "id")
		if n, _ := strconv.Atoi(strings.TrimPrefix(str(id), "CWE-")); cweForm.fits(str(id)) && n > largest && len(out) < maxSpots {
			out = append(out, Spot{Pointer: vuln(i) + "/cwe/id", Line: id.LineOf(), Found: quote(str(id))})
		}
	}
	return out
}
