package advisory

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark/internal/evidence/tree"
)

// A metric of CVSS: its letters in a vector, its name as a property, and its
// values with letter, word and weight.
type metric struct {
	key, property string
	base          bool // must stand in a vector
	values        []value
}

type value struct {
	letter, word string
	weight       float64
}

// scoring is one version of CVSS.
type scoring struct {
	version string // as in the property version
	prefix  string // of a vector
	example string // of a whole vector
	metrics []metric
	scores  func(vector) scores
}

// vector holds the letter of each metric that is given.
type vector map[string]string

// scores are what follows from a vector.
type scores struct{ base, temporal, environmental float64 }

func vals(s string) []value {
	var out []value
	for _, f := range strings.Fields(s) {
		p := strings.Split(f, "=")
		var w float64
		if _, err := fmt.Sscan(p[2], &w); err != nil {
			panic("advisory: a weight of CVSS is no number: " + f)
		}
		out = append(out, value{p[0], p[1], w})
	}
	return out
}

// CVSS v2.0, complete guide, 3.2.1 to 3.2.3 and 2.4.
var cvss2 = &scoring{version: "2.0", example: "AV:N/AC:L/Au:N/C:P/I:P/A:P", scores: func(v vector) scores { return scores2(v, halfUp) }, metrics: metrics2}

var metrics2 = []metric{
	{"AV", "accessVector", true, vals("L=LOCAL=0.395 A=ADJACENT_NETWORK=0.646 N=NETWORK=1")},
	{"AC", "accessComplexity", true, vals("H=HIGH=0.35 M=MEDIUM=0.61 L=LOW=0.71")},
	{"Au", "authentication", true, vals("M=MULTIPLE=0.45 S=SINGLE=0.56 N=NONE=0.704")},
	{"C", "confidentialityImpact", true, vals("N=NONE=0 P=PARTIAL=0.275 C=COMPLETE=0.66")},
	{"I", "integrityImpact", true, vals("N=NONE=0 P=PARTIAL=0.275 C=COMPLETE=0.66")},
	{"A", "availabilityImpact", true, vals("N=NONE=0 P=PARTIAL=0.275 C=COMPLETE=0.66")},
	{"E", "exploitability", false, vals("ND=NOT_DEFINED=1 U=UNPROVEN=0.85 POC=PROOF_OF_CONCEPT=0.9 F=FUNCTIONAL=0.95 H=HIGH=1")},
	{"RL", "remediationLevel", false, vals("ND=NOT_DEFINED=1 OF=OFFICIAL_FIX=0.87 TF=TEMPORARY_FIX=0.9 W=WORKAROUND=0.95 U=UNAVAILABLE=1")},
	{"RC", "reportConfidence", false, vals("ND=NOT_DEFINED=1 UC=UNCONFIRMED=0.9 UR=UNCORROBORATED=0.95 C=CONFIRMED=1")},
	{"CDP", "collateralDamagePotential", false, vals("ND=NOT_DEFINED=0 N=NONE=0 L=LOW=0.1 LM=LOW_MEDIUM=0.3 MH=MEDIUM_HIGH=0.4 H=HIGH=0.5")},
	{"TD", "targetDistribution", false, vals("ND=NOT_DEFINED=1 N=NONE=0 L=LOW=0.25 M=MEDIUM=0.75 H=HIGH=1")},
	{"CR", "confidentialityRequirement", false, vals("ND=NOT_DEFINED=1 L=LOW=0.5 M=MEDIUM=1 H=HIGH=1.51")},
	{"IR", "integrityRequirement", false, vals("ND=NOT_DEFINED=1 L=LOW=0.5 M=MEDIUM=1 H=HIGH=1.51")},
	{"AR", "availabilityRequirement", false, vals("ND=NOT_DEFINED=1 L=LOW=0.5 M=MEDIUM=1 H=HIGH=1.51")},
}

// CVSS v3.0 and v3.1, specification document, 7.4. Privileges weigh more
// where the scope changes; that stands in [cvss3].
var (
	cvss30 = &scoring{version: "3.0", prefix: "CVSS:3.0/", example: "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", scores: func(v vector) scores { return scores3(v, false, exactly) }, metrics: metrics3}
	cvss31 = &scoring{version: "3.1", prefix: "CVSS:3.1/", example: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", scores: func(v vector) scores { return scores3(v, true, exactly) }, metrics: metrics3}

	metrics3 = append([]metric{
		{"AV", "attackVector", true, vals("N=NETWORK=0.85 A=ADJACENT_NETWORK=0.62 L=LOCAL=0.55 P=PHYSICAL=0.2")},
		{"AC", "attackComplexity", true, vals("L=LOW=0.77 H=HIGH=0.44")},
		{"PR", "privilegesRequired", true, vals("N=NONE=0.85 L=LOW=0.62 H=HIGH=0.27")},
		{"UI", "userInteraction", true, vals("N=NONE=0.85 R=REQUIRED=0.62")},
		{"S", "scope", true, vals("U=UNCHANGED=0 C=CHANGED=0")},
		{"C", "confidentialityImpact", true, vals("N=NONE=0 L=LOW=0.22 H=HIGH=0.56")},
		{"I", "integrityImpact", true, vals("N=NONE=0 L=LOW=0.22 H=HIGH=0.56")},
		{"A", "availabilityImpact", true, vals("N=NONE=0 L=LOW=0.22 H=HIGH=0.56")},
		{"E", "exploitCodeMaturity", false, vals("X=NOT_DEFINED=1 U=UNPROVEN=0.91 P=PROOF_OF_CONCEPT=0.94 F=FUNCTIONAL=0.97 H=HIGH=1")},
		{"RL", "remediationLevel", false, vals("X=NOT_DEFINED=1 O=OFFICIAL_FIX=0.95 T=TEMPORARY_FIX=0.96 W=WORKAROUND=0.97 U=UNAVAILABLE=1")},
		{"RC", "reportConfidence", false, vals("X=NOT_DEFINED=1 U=UNKNOWN=0.92 R=REASONABLE=0.96 C=CONFIRMED=1")},
		{"CR", "confidentialityRequirement", false, vals("X=NOT_DEFINED=1 L=LOW=0.5 M=MEDIUM=1 H=HIGH=1.5")},
		{"IR", "integrityRequirement", false, vals("X=NOT_DEFINED=1 L=LOW=0.5 M=MEDIUM=1 H=HIGH=1.5")},
		{"AR", "availabilityRequirement", false, vals("X=NOT_DEFINED=1 L=LOW=0.5 M=MEDIUM=1 H=HIGH=1.5")},
	}, modified3()...)
)

// modified3 are the modified base metrics, whose weights are those of the
// base metrics they replace.
func modified3() []metric {
	return []metric{
		{"MAV", "modifiedAttackVector", false, vals("X=NOT_DEFINED=0 N=NETWORK=0.85 A=ADJACENT_NETWORK=0.62 L=LOCAL=0.55 P=PHYSICAL=0.2")},
		{"MAC", "modifiedAttackComplexity", false, vals("X=NOT_DEFINED=0 L=LOW=0.77 H=HIGH=0.44")},
		{"MPR", "modifiedPrivilegesRequired", false, vals("X=NOT_DEFINED=0 N=NONE=0.85 L=LOW=0.62 H=HIGH=0.27")},
		{"MUI", "modifiedUserInteraction", false, vals("X=NOT_DEFINED=0 N=NONE=0.85 R=REQUIRED=0.62")},
		{"MS", "modifiedScope", false, vals("X=NOT_DEFINED=0 U=UNCHANGED=0 C=CHANGED=0")},
		{"MC", "modifiedConfidentialityImpact", false, vals("X=NOT_DEFINED=0 N=NONE=0 L=LOW=0.22 H=HIGH=0.56")},
		{"MI", "modifiedIntegrityImpact", false, vals("X=NOT_DEFINED=0 N=NONE=0 L=LOW=0.22 H=HIGH=0.56")},
		{"MA", "modifiedAvailabilityImpact", false, vals("X=NOT_DEFINED=0 N=NONE=0 L=LOW=0.22 H=HIGH=0.56")},
	}
}

// environmental reports whether the metric belongs to the environment.
func (m metric) environmental() bool {
	return !m.base && !slices.Contains([]string{"E", "RL", "RC"}, m.key)
}

// rule is that of the JSON schema of this version (FIRST, cvss-v2.0.json of
// 2017-05-31, cvss-v3.0.json of 2017-05-31, cvss-v3.1.json of 2021-11-03).
func (s *scoring) rule() *rule {
	score := &rule{kind: tree.Number, scale: true}
	severity := words("NONE", "LOW", "MEDIUM", "HIGH", "CRITICAL")
	r := object("version!", words(s.version),
		"vectorString!", like(&form{s.example, s.known}),
		"baseScore!", score, "temporalScore", score, "environmentalScore", score)
	if s.version != "2.0" {
		r.fields = append(r.fields, field{"baseSeverity", true, severity}, field{"temporalSeverity", false, severity}, field{"environmentalSeverity", false, severity})
	}
	for _, m := range s.metrics {
		w := make([]string, len(m.values))
		for i, v := range m.values {
			w[i] = v.word
		}
		r.fields = append(r.fields, field{m.property, false, words(w...)})
	}
	return r
}

// known reports whether a vector has only metrics and values of this
// version. As in the schema, one may be missing or stand twice.
func (s *scoring) known(v string) bool {
	rest, ok := strings.CutPrefix(v, s.prefix)
	if !ok {
		return false
	}
	for part := range strings.SplitSeq(rest, "/") {
		key, letter, _ := strings.Cut(part, ":")
		i := slices.IndexFunc(s.metrics, func(m metric) bool { return m.key == key })
		if i < 0 || !slices.ContainsFunc(s.metrics[i].values, func(x value) bool { return x.letter == letter }) {
			return false
		}
	}
	return true
}

// parse reads a vector, and says false when a base metric is missing or one
// stands twice: then no score follows from it.
func (s *scoring) parse(v string) (vector, bool) {
	if !s.known(v) {
		return nil, false
	}
	out := vector{}
	for part := range strings.SplitSeq(v[len(s.prefix):], "/") {
		key, letter, _ := strings.Cut(part, ":")
		if out[key] != "" {
			return nil, false
		}
		out[key] = letter
	}
	for _, m := range s.metrics {
		if m.base && out[m.key] == "" {
			return nil, false
		}
	}
	return out, true
}

// word returns the word of a metric that the vector gives.
func (m metric) word(v vector) string {
	for _, x := range m.values {
		if x.letter == v[m.key] {
			return x.word
		}
	}
	return ""
}

// weigh returns the weight of a metric that is given, and otherwise.
func weigh(ms []metric, v vector, key string, otherwise float64) float64 {
	for _, m := range ms {
		if m.key == key {
			for _, x := range m.values {
				if x.letter == v[key] {
					return x.weight
				}
			}
		}
	}
	return otherwise
}

// scores2 are the equations of the guide to CVSS v2.0, 3.2. Tenths are
// rounded by nearest: a half goes up, which calculators in floating point
// miss for some environmental scores.
func scores2(v vector, nearest func(float64) float64) scores {
	w := func(key string, otherwise float64) float64 { return weigh(metrics2, v, key, otherwise) }
	round := func(x float64) float64 { return nearest(x*10) / 10 }
	base := func(impact float64) float64 {
		exploitability := 20 * w("AV", 0) * w("AC", 0) * w("Au", 0)
		f := 1.176
		if impact == 0 {
			f = 0
		}
		return round((0.6*impact + 0.4*exploitability - 1.5) * f)
	}
	late := w("E", 1) * w("RL", 1) * w("RC", 1)
	impact := 10.41 * (1 - (1-w("C", 0))*(1-w("I", 0))*(1-w("A", 0)))
	adjusted := min(10, 10.41*(1-(1-w("C", 0)*w("CR", 1))*(1-w("I", 0)*w("IR", 1))*(1-w("A", 0)*w("AR", 1))))
	b := base(impact)
	t := round(base(adjusted) * late)
	return scores{b, round(b * late), round((t + (10-t)*w("CDP", 0)) * w("TD", 1))}
}

// scores3 are the equations of the specifications of CVSS v3.0 and v3.1, 7.1
// to 7.3. They differ in the impact of a changed scope. Tenths are rounded up
// by ceil: version 3.1 rounds [exactly], and so does whoever computes version
// 3.0 with care; calculators of 3.0 in floating point give a tenth more for
// some vectors, such as 5.0 x 0.92.
func scores3(v vector, one bool, ceil func(float64) float64) scores {
	w := func(key string, otherwise float64) float64 { return weigh(metrics3, v, key, otherwise) }
	// modified returns the weight of a modified metric, or of the base metric
	// it would replace.
	modified := func(key string) float64 {
		if l := v["M"+key]; l != "" && l != "X" {
			return w("M"+key, 0)
		}
		return w(key, 0)
	}
	letter := func(key string) string {
		if l := v["M"+key]; l != "" && l != "X" {
			return l
		}
		return v[key]
	}
	privileges := func(letter string, changed bool) float64 {
		if changed {
			return map[string]float64{"N": 0.85, "L": 0.68, "H": 0.5}[letter]
		}
		return map[string]float64{"N": 0.85, "L": 0.62, "H": 0.27}[letter]
	}
	up := func(x float64) float64 { return ceil(x*10) / 10 }
	late := func(x float64) float64 { return up(x * w("E", 1) * w("RL", 1) * w("RC", 1)) }
	sum := func(impact, exploitability float64, changed bool) float64 {
		if impact <= 0 {
			return 0
		}
		if changed {
			return up(min(1.08*(impact+exploitability), 10))
		}
		return up(min(impact+exploitability, 10))
	}

	changed := v["S"] == "C"
	iss := 1 - (1-w("C", 0))*(1-w("I", 0))*(1-w("A", 0))
	impact := 6.42 * iss
	if changed {
		impact = 7.52*(iss-0.029) - 3.25*math.Pow(iss-0.02, 15)
	}
	base := sum(impact, 8.22*w("AV", 0)*w("AC", 0)*privileges(v["PR"], changed)*w("UI", 0), changed)

	changed = letter("S") == "C"
	miss := min(1-(1-w("CR", 1)*modified("C"))*(1-w("IR", 1)*modified("I"))*(1-w("AR", 1)*modified("A")), 0.915)
	impact = 6.42 * miss
	switch {
	case changed && one:
		impact = 7.52*(miss-0.029) - 3.25*math.Pow(miss*0.9731-0.02, 13)
	case changed:
		impact = 7.52*(miss-0.029) - 3.25*math.Pow(miss-0.02, 15)
	}
	env := sum(impact, 8.22*modified("AV")*modified("AC")*privileges(letter("PR"), changed)*modified("UI"), changed)
	return scores{base, late(base), late(env)}
}

// halfUp rounds tenths to the nearest, halves up, after it has made up for
// what floating point takes away.
func halfUp(tenths float64) float64 { return math.Floor(tenths + 0.5 + 1e-9) }

// exactly rounds tenths up as Roundup of CVSS v3.1 does, appendix A: on every
// machine alike, after it has dropped what floating point adds.
func exactly(tenths float64) float64 { return math.Ceil(math.Round(tenths*10_000) / 10_000) }

// severity is the word for a score (CVSS v3.1, section 5).
func severity(score float64) string {
	switch {
	case score <= 0:
		return "NONE"
	case score < 4:
		return "LOW"
	case score < 7:
		return "MEDIUM"
	case score < 9:
		return "HIGH"
	}
	return "CRITICAL"
}
