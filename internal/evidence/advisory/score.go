package advisory

import (
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/open-iot-mark/iotmark/internal/evidence/tree"
)

// scored is one CVSS object of a version that is known.
type scored struct {
	*scoring
	node    *tree.Node
	pointer string
}

// cvss gives each CVSS object.
func (d *doc) cvss(yield func(scored) bool) {
	for i, v := range d.vulns {
		for j, s := range v.Get("scores").Items() {
			for _, key := range []string{"cvss_v2", "cvss_v3"} {
				o := s.Get(key)
				var of *scoring
				switch version := str(o.Get("version")); {
				case key == "cvss_v2" && version == "2.0":
					of = cvss2
				case key == "cvss_v3" && version == "3.0":
					of = cvss30
				case key == "cvss_v3" && version == "3.1":
					of = cvss31
				}
				if of != nil && !yield(scored{of, o, at(vuln(i)+"/scores", j) + "/" + key}) {
					return
				}
			}
		}
	}
}

// 6.1.9 Invalid CVSS computation.
func scoresMiscomputed(d *doc) {
	for s := range d.cvss {
		n := s.node.Get("vectorString")
		if !s.known(str(n)) {
			continue // 6.1.8 tells
		}
		v, ok := s.parse(str(n))
		if !ok { // a base metric is missing or stands twice: nothing follows from it
			d.tell(n, s.pointer+"/vectorString", "")
			continue
		}
		for _, x := range []struct {
			name string
			of   func(scores) float64
		}{
			{"base", func(c scores) float64 { return c.base }},
			{"temporal", func(c scores) float64 { return c.temporal }},
			{"environmental", func(c scores) float64 { return c.environmental }},
		} {
			right := s.right(v)
			if n := s.node.Get(x.name + "Score"); n != nil {
				g, ok := number(n)
				if ok && !slices.ContainsFunc(right, func(c scores) bool { return math.Abs(g-x.of(c)) < 1e-9 }) {
					d.tell(n, s.pointer+"/"+x.name+"Score", strconv.FormatFloat(x.of(right[0]), 'f', 1, 64))
				}
			}
			if n := s.node.Get(x.name + "Severity"); n != nil && s.version != "2.0" &&
				!slices.ContainsFunc(right, func(c scores) bool { return str(n) == severity(x.of(c)) }) {
				d.tell(n, s.pointer+"/"+x.name+"Severity", severity(x.of(right[0])))
			}
		}
	}
}

// right returns the scores that a vector may be given, the plain one first.
func (s scored) right(v vector) []scores {
	c := s.scores(v)
	// A property may give a metric that the vector leaves out. The standard
	// does not say whether it then counts: both ways are right.
	wide := s.widen(v)
	out := []scores{c, s.scores(wide)}
	switch s.version {
	case "2.0":
		out = append(out, scores2(v, math.Round), scores2(wide, math.Round))
	case "3.0":
		out = append(out, scores3(v, false, math.Ceil), scores3(wide, false, math.Ceil))
	}
	// The formula of version 3.1 for a changed scope gives another
	// environmental score even where nothing of the environment is said; tools
	// then write the temporal score instead.
	if !slices.ContainsFunc(s.metrics, func(m metric) bool { return m.environmental() && v[m.key] != "" }) {
		out = append(out, scores{c.base, c.temporal, c.temporal})
	}
	return out
}

// widen returns the vector with the metrics that only properties give.
func (s scored) widen(v vector) vector {
	out := maps.Clone(v)
	for _, m := range s.metrics {
		for _, x := range m.values {
			if out[m.key] == "" && x.word == str(s.node.Get(m.property)) {
				out[m.key] = x.letter
			}
		}
	}
	return out
}

// 6.1.10 Inconsistent CVSS. A metric that the vector leaves out contradicts
// nothing: so have it the test files of OASIS for 6.2.19.
func scoresInconsistent(d *doc) {
	for s := range d.cvss {
		v, ok := s.parse(str(s.node.Get("vectorString")))
		if !ok {
			continue
		}
		for _, m := range s.metrics {
			if n := s.node.Get(m.property); n != nil && v[m.key] != "" && str(n) != m.word(v) {
				d.tell(n, s.pointer+"/"+m.property, m.word(v))
			}
		}
	}
}
