package advisory

import (
	"bytes"
	"context"
	"errors"
	"regexp"
	"strconv"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/tree"
)

// Reader reads advisories and the files by which they are found.
var Reader = evidence.Reader{
	Name:    "advisory",
	Version: 1,
	Kinds:   []iotmark.EvidenceKind{iotmark.KindWebPage, iotmark.KindDocument, iotmark.KindVEX},
	Sniff: func(_ string, head []byte) bool {
		head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
		if len(head) == 0 || head[0] != '{' {
			return false
		}
		for _, re := range signs {
			if re.Match(head) {
				return true
			}
		}
		return false
	},
	Read: func(ctx context.Context, src evidence.Source, lim evidence.Limits) (any, error) {
		f, err := read(ctx, src, lim)
		if err != nil {
			return nil, err // a nil *Facts in an interface would look like facts
		}
		return f, nil
	},
	New: func() any { return new(Facts) },
}

// signs are how each kind is known. The version of an advisory may stand
// after long acknowledgments, so that its first words count, too.
var signs = []*regexp.Regexp{
	regexp.MustCompile(`"csaf_version"\s*:`),
	regexp.MustCompile(`^\{\s*("\$schema"\s*:\s*"[^"]*/csaf_json_schema\.json"\s*,\s*)?"document"\s*:\s*\{\s*"(acknowledgments|aggregate_severity|category|distribution|publisher|tracking)"\s*:`),
	regexp.MustCompile(`"(mirror|list)_on_CSAF_aggregators"\s*:`),
	regexp.MustCompile(`"aggregator_version"\s*:`),
	regexp.MustCompile(`"canonical_url"\s*:\s*"[^"]*/(provider-metadata|aggregator)\.json"`),
}

// Bounds of this reader, beside the limits it is given. The largest advisory
// of a maker of devices that is known here has 6 MB.
const (
	maxBytes    = 32 << 20
	maxNodes    = 600_000
	maxWork     = 20_000_000 // products looked at through groups
	maxProblems = 100
	maxSpots    = 10
	maxQuote    = 80
	maxText     = 300
	maxList     = 500
	maxProducts = 5_000
	maxVulns    = 2_000
	maxMentions = 50_000
)

func read(ctx context.Context, src evidence.Source, lim evidence.Limits) (*Facts, error) {
	lim.Bytes = min(lim.Bytes, maxBytes)
	b, err := src.ReadAll(lim)
	if err != nil {
		return nil, err
	}
	root, err := tree.JSON(ctx, b, tree.Limits{Depth: lim.Depth, Nodes: min(5*lim.Entries, maxNodes)})
	if err != nil {
		return nil, err
	}
	if root.Kind != tree.Map {
		return nil, evidence.Malformed("CSAF document", errors.New("it is no object"))
	}
	switch {
	case root.Get("document") != nil:
		return advisory(ctx, root)
	case root.Get("aggregator_version") != nil || root.Get("csaf_providers") != nil:
		f := &Facts{Document: Aggregator, Version: cut(str(root.Get("aggregator_version"))), Aggregator: collection(root)}
		f.hold(aggregatorRules(), root)
		return f, nil
	case root.Get("canonical_url") != nil || root.Get("metadata_version") != nil || root.Get("mirror_on_CSAF_aggregators") != nil || root.Get("list_on_CSAF_aggregators") != nil:
		f := &Facts{Document: Provider, Version: cut(str(root.Get("metadata_version"))), Provider: metadata(root)}
		f.hold(providerRules(), root)
		return f, nil
	}
	return nil, evidence.Malformed("CSAF document", errors.New(`there is neither "document" (CSAF 2.0, section 3.2) nor "canonical_url" (section 7.1.7)`))
}

// cvssPointer finds places inside a CVSS object: what breaks its schema is
// test 6.1.8, and not told twice.
var cvssPointer = regexp.MustCompile(`^/vulnerabilities/\d+/scores/\d+/cvss_v[23](/|$)`)

// hold holds a document against the schema of its kind, and returns what is
// wrong within CVSS objects.
func (f *Facts) hold(r *rule, root *tree.Node) []Problem {
	if f.Version == "" {
		f.Version = "2.0" // the schema tells that it is missing
	}
	if strings.HasPrefix(f.Version, "2.") && !f.Judged() {
		return nil
	}
	f.Version = "2.0"
	var scores []Problem
	r.judge(root, "", func(p Problem) {
		switch {
		case cvssPointer.MatchString(p.Pointer):
			scores = append(scores, p)
		case len(f.Problems) < maxProblems:
			f.Problems = append(f.Problems, p)
		default:
			f.More++
		}
	})
	return scores
}

func advisory(ctx context.Context, root *tree.Node) (*Facts, error) {
	f := &Facts{Document: Advisories, Version: cut(str(root.Path("document", "csaf_version")))}
	scores := f.hold(csafRules(), root)
	d := newDoc(ctx, root)
	if f.Judged() {
		var err error
		if f.Failures, err = d.run(scores); err != nil {
			return nil, err
		}
		f.Undecided = d.undecided()
	}
	f.Advisory = d.extract()
	return f, nil
}

// cut shortens to what is kept of a text, and writes characters that do not
// print as escapes.
func cut(s string) string { return short(s, maxText) }

func quote(s string) string { return short(s, maxQuote) }

func short(s string, most int) string {
	if len(s) > 4*most {
		s = strings.ToValidUTF8(s[:4*most], "")
	}
	for _, r := range s {
		if !strconv.IsPrint(r) {
			s = strings.Trim(strconv.Quote(s), `"`)
			break
		}
	}
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return s
}
