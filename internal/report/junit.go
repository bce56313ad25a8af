package report

import (
	"encoding/xml"
	"io"
	"strconv"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/message"
)

// JUnit writes the assessment as JUnit XML, in the form that the schema
// junit-10.xsd of Jenkins' xunit plugin allows and GitLab reads: a suite a
// topic, a case a criterion that concerns the product.
//
// A failure is what exit code 1 stands on: a must that does not conform and,
// where there is a baseline, is not known from it. What is not known, waits,
// or is no must is skipped with a message. No time is written: none was
// measured for a criterion.
func JUnit(w io.Writer, in Input) error {
	b, err := xml.MarshalIndent(in.suites(), "", "  ")
	if err == nil {
		_, err = io.WriteString(w, xml.Header+string(b)+"\n")
	}
	return err
}

type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		ID         string          `xml:"id,attr"`
		File       string          `xml:"file,attr,omitempty"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
		Out        *junitText      `xml:"system-out"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Name    string     `xml:"name,attr"`
		Class   string     `xml:"classname,attr"`
		Failure *junitSaid `xml:"failure"`
		Skipped *junitSaid `xml:"skipped"`
	}
	junitSaid struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
	junitText struct {
		Text string `xml:",chardata"`
	}
)

func (in Input) suites() junitSuites {
	a := in.Assessment
	out := junitSuites{Name: "iotmark"}
	cmp := in.Compare()
	gaps, known := map[iotmark.CriterionID][]Gap{}, map[iotmark.CriterionID][]Gap{}
	for _, g := range cmp.New {
		gaps[g.Criterion] = append(gaps[g.Criterion], g)
	}
	for _, g := range cmp.Known() {
		known[g.Criterion] = append(known[g.Criterion], g)
	}
	for i, t := range iotmark.Topics() {
		s := junitSuite{Name: "iotmark." + string(t), ID: strconv.Itoa(i), File: message.Clean(in.Where.Declaration), Properties: []junitProperty{
			{"topic", in.topicName(t)}, {"edition", string(a.Edition)}, {"bindings", string(a.Bindings)}, {"as_of", string(a.AsOf)},
			{"product", message.Clean(a.Product)}, {"model", message.Clean(a.Model)}, {"maker", message.Clean(a.Maker)},
		}}
		if in.Baseline != nil {
			s.Properties = append(s.Properties, junitProperty{"baseline", string(in.Baseline.AsOf)})
		}
		for _, c := range a.Conclusions {
			if c.Criterion.Topic() != t || c.Verdict == iotmark.NotApplicable {
				continue
			}
			k := in.junitCase(c, gaps[c.Criterion], known[c.Criterion])
			s.Tests++
			switch {
			case k.Failure != nil:
				s.Failures++
			case k.Skipped != nil:
				s.Skipped++
			}
			s.Cases = append(s.Cases, k)
		}
		if gone := in.gone(cmp, t); gone != "" {
			s.Out = &junitText{gone}
		}
		if s.Tests == 0 && s.Out == nil {
			continue // left out by a filter
		}
		out.Tests += s.Tests
		out.Failures += s.Failures
		out.Suites = append(out.Suites, s)
	}
	return out
}

// gone lists the gaps of the baseline in a topic that are not there any more.
func (in Input) gone(cmp Comparison, t iotmark.Topic) string {
	var b strings.Builder
	list := func(gs []Gap, id iotmark.MessageID) {
		for _, g := range gs {
			if g.Criterion.Topic() == t {
				b.WriteString(in.say(id, map[string]string{"gap": name(g)}) + "\n")
			}
		}
	}
	list(cmp.Replaced, "baseline.replaced")
	list(cmp.Resolved, "baseline.resolved")
	list(cmp.Unseen, "baseline.unseen")
	return b.String()
}

// name names a gap in short: criterion and check.
func name(g Gap) string {
	if g.Check == "" {
		return message.Clean(string(g.Criterion))
	}
	return message.Clean(string(g.Criterion) + " (" + string(g.Check) + ")")
}

func (in Input) junitCase(c iotmark.Conclusion, gaps, known []Gap) junitCase {
	k := junitCase{Name: string(c.Criterion), Class: "iotmark." + string(c.Criterion.Topic())}
	verdict := in.say(iotmark.MessageID("verdict."+string(c.Verdict)), nil)
	switch {
	case c.Verdict == iotmark.DoesNotConform:
		told := append(gaps, known...)
		said := &junitSaid{Type: string(c.Level), Message: in.public(told[0]), Text: in.junitBody(c, told)}
		switch {
		case c.Level != iotmark.Must:
			said.Message = in.say("ci.not-must", map[string]string{"level": string(c.Level), "why": said.Message})
			k.Skipped = said
		case len(gaps) == 0:
			said.Message = in.say("ci.known", map[string]string{"why": said.Message})
			k.Skipped = said
		default:
			k.Failure = said
		}
	case c.Counts, c.Waits == iotmark.WaitNobody:
	default:
		said := &junitSaid{Type: string(c.Waits), Message: verdict}
		if c.Next != nil {
			said.Message += ". " + in.say(c.Next.Message, c.Next.Args)
		}
		k.Skipped = said
	}
	return k
}

func (in Input) junitBody(c iotmark.Conclusion, gaps []Gap) string {
	cr := in.Catalogue.Criterion(c.Criterion)
	var b strings.Builder
	b.WriteString("\n" + cr.Statement + "\n")
	for _, g := range gaps {
		b.WriteString("\n" + in.public(g))
		if g.Check != "" {
			b.WriteString(" [" + string(g.Check) + "]")
		}
		b.WriteString("\n")
		if in.exploitable(g) {
			continue
		}
		for i, p := range in.places(g) {
			if i == maxPlaces {
				b.WriteString("  and " + strconv.Itoa(len(in.places(g))-maxPlaces) + " more places\n")
				break
			}
			b.WriteString("  at " + in.placeInRepository(p) + "\n")
		}
	}
	b.WriteString("\nRemedy: " + cr.Remedy + "\n" + helpURI(c.Criterion) + "\n")
	return b.String()
}

// maxPlaces is how many places of one gap the formats for build services
// name.
const maxPlaces = 10

// public tells a gap where others may read along, as in the log of a build.
// What can be exploited goes to the maker first: it is told by its name only.
func (in Input) public(g Gap) string { return in.tellPublic(g, in.say) }

func (in Input) tellPublic(g Gap, say func(iotmark.MessageID, map[string]string) string) string {
	if in.exploitable(g) {
		return say("ci.exploitable", map[string]string{"check": string(g.Check)})
	}
	return in.tell(g, say)
}

// placeInRepository writes a place with the path of its file.
func (in Input) placeInRepository(p iotmark.Place) string {
	file, member := in.Where.Declaration, ""
	line := p.Line
	if p.Evidence == "" {
		if line = in.Where.line(p.Path); file == "" {
			return in.place(p)
		}
		member = " " + p.Path
	} else {
		if file = in.Where.Evidence[p.Evidence]; file == "" {
			return in.place(p)
		}
		if p.Path != "" {
			member = " " + p.Path
			if line > 0 {
				return message.Clean(file + member + ", line " + strconv.Itoa(line))
			}
		}
	}
	if line > 0 {
		file += ":" + strconv.Itoa(line)
	}
	return message.Clean(file + strings.TrimSuffix(member, " "))
}
