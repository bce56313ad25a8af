package cli_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/open-iot-mark/iotmark/internal/cli"
	"github.com/open-iot-mark/iotmark/internal/samples"
)

var update = flag.Bool("update", false, "write the golden reports anew")

// products gives the folders of the sample products.
func products(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob("../../testdata/products/*/iotmark.yaml")
	if err != nil || len(found) < 6 {
		t.Fatalf("%d products, %v", len(found), err)
	}
	for i := range found {
		found[i] = filepath.Dir(found[i])
	}
	return found
}

// run runs the program and returns what it printed.
func run(t *testing.T, args ...string) (out string, exit int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	exit = cli.Main(append([]string{"iotmark"}, args...), strings.NewReader(""), &stdout, &stderr)
	if exit > 1 {
		t.Fatalf("iotmark %s: exit %d\n%s", strings.Join(args, " "), exit, stderr.String())
	}
	return stdout.String(), exit
}

// sarifSchema is the JSON Schema of SARIF 2.1.0.
func sarifSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	raw := samples.Packaged(t, "format sarif")
	def, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("sarif.json", def); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("sarif.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sarifLog is what the tests look at in a log.
type sarifLog struct {
	Runs []struct {
		Tool struct {
			Driver struct {
				Rules []struct {
					ID, Name, HelpURI                 string
					ShortDescription, FullDescription struct{ Text string }
					Help                              struct{ Text, Markdown string }
					Properties                        struct {
						Tags     []string
						Severity string `json:"security-severity"`
					}
				}
			}
		}
		AutomationDetails struct{ ID string }
		Artifacts         []struct{ Location struct{ URI string } }
		Results           []sarifResult
	}
}

type sarifResult struct {
	RuleID                      string
	RuleIndex                   int
	Kind, Level, BaselineState  string
	Message                     struct{ Text string }
	Locations, RelatedLocations []sarifPlace
	PartialFingerprints         map[string]string
	Properties                  struct{ Exploitable bool }
}

type sarifPlace struct {
	PhysicalLocation struct {
		ArtifactLocation struct {
			URI   string
			Index *int
		}
		Region *struct {
			StartLine int
			Snippet   *struct{ Text string }
		}
	}
}

// Every product's SARIF is what the standard's schema says, keeps to what
// GitHub takes in, and says the same when written again.
func TestSARIFOfEveryProduct(t *testing.T) {
	t.Parallel()
	schema := sarifSchema(t)
	for _, p := range products(t) {
		t.Run(filepath.Base(p), func(t *testing.T) {
			t.Parallel()
			base := filepath.Join(t.TempDir(), "base.json")
			run(t, "check", "--at", "2026-11-22", "--topic", "privacy", "-f", "json="+base, p)
			for _, args := range [][]string{{}, {"--all"}, {"--topic", "privacy", "--all", "--baseline", base}} {
				args = append([]string{"check", "--at", "2026-11-22", "--root", p, "-f", "sarif"}, append(args, p)...)
				out, _ := run(t, args...)
				v, err := jsonschema.UnmarshalJSON(strings.NewReader(out))
				if err != nil {
					t.Fatal(err)
				}
				if err := schema.Validate(v); err != nil {
					t.Errorf("%s: %v", strings.Join(args, " "), err)
				}
				var log sarifLog
				if err := json.Unmarshal([]byte(out), &log); err != nil {
					t.Fatal(err)
				}
				ingest(t, p, out, log)
				rights(t, log, slices.Contains(args, "--all"))
				if again, _ := run(t, args...); again != out {
					t.Error("the same command gives other bytes")
				}
			}
		})
	}
}

// ingest holds a log against what code scanning of GitHub takes in. One result
// without a place makes it refuse the whole file.
func ingest(t *testing.T, product, raw string, log sarifLog) {
	t.Helper()
	var z bytes.Buffer
	zw := gzip.NewWriter(&z)
	io.WriteString(zw, raw)
	zw.Close()
	if z.Len() > 10_000_000 {
		t.Errorf("%d bytes compressed, more than 10 MB", z.Len())
	}
	if len(log.Runs) != 1 {
		t.Fatalf("%d runs", len(log.Runs))
	}
	r := log.Runs[0]
	if len(r.Results) > 5000 || len(r.Tool.Driver.Rules) > 25_000 {
		t.Errorf("%d results, %d rules", len(r.Results), len(r.Tool.Driver.Rules))
	}
	if !regexp.MustCompile(`^iotmark/[0-9A-Za-z._-]+/$`).MatchString(r.AutomationDetails.ID) {
		t.Errorf("the category is %q", r.AutomationDetails.ID)
	}
	for _, rule := range r.Tool.Driver.Rules {
		if u, err := url.Parse(rule.HelpURI); err != nil || u.Scheme != "https" || u.Host == "" || u.Fragment == "" {
			t.Errorf("%s: helpUri %q, %v", rule.ID, rule.HelpURI, err)
		}
		if len(rule.Properties.Tags) > 10 || len(rule.ID) > 255 || len(rule.Name) > 255 || len(rule.ShortDescription.Text) > 1024 ||
			len(rule.FullDescription.Text) > 1024 || rule.Help.Text == "" || rule.Help.Markdown == "" {
			t.Errorf("%s is not what GitHub takes", rule.ID)
		}
		if s := rule.Properties.Severity; s != "" {
			if f, err := strconv.ParseFloat(s, 64); err != nil || f <= 0 || f > 10 {
				t.Errorf("%s: security-severity %q", rule.ID, s)
			}
		}
	}
	for _, x := range r.Results {
		if len(x.Locations) != 1 || len(x.RelatedLocations) > 99 || x.Message.Text == "" {
			t.Errorf("%s: %d places, %d beside, says %q", x.RuleID, len(x.Locations), len(x.RelatedLocations), x.Message.Text)
		}
		if x.RuleIndex >= 0 && r.Tool.Driver.Rules[x.RuleIndex].ID != x.RuleID {
			t.Errorf("%s has the index of %s", x.RuleID, r.Tool.Driver.Rules[x.RuleIndex].ID)
		}
		for i, l := range append(x.Locations, x.RelatedLocations...) {
			a := l.PhysicalLocation.ArtifactLocation
			name, err := url.PathUnescape(a.URI)
			if err != nil || name == "" || filepath.IsAbs(name) || strings.HasPrefix(name, "..") || strings.Contains(name, ":") {
				t.Errorf("%s: the place %q is no path in the repository", x.RuleID, a.URI)
			}
			if _, err := os.Stat(filepath.Join(product, name)); err != nil {
				t.Errorf("%s: %v", x.RuleID, err)
			}
			if a.Index == nil || r.Artifacts[*a.Index].Location.URI != a.URI {
				t.Errorf("%s: %s is not among the artifacts", x.RuleID, a.URI)
			}
			if i == 0 && (l.PhysicalLocation.Region == nil || l.PhysicalLocation.Region.StartLine < 1) {
				t.Errorf("%s: the first place has no line", x.RuleID)
			}
		}
	}
}

// rights: level is none unless kind is fail (SARIF 2.1.0, 3.27.10); only what
// fails is written unless asked for; no two results have one fingerprint; what
// can be exploited shows nothing of the file.
func rights(t *testing.T, log sarifLog, all bool) {
	t.Helper()
	kinds, prints := map[string]int{}, map[string]int{}
	for _, x := range log.Runs[0].Results {
		kinds[x.Kind]++
		if (x.Kind == "fail") == (x.Level == "none") {
			t.Errorf("%s: kind %s with level %s", x.RuleID, x.Kind, x.Level)
		}
		if x.Kind == "fail" {
			prints[x.PartialFingerprints["iotmarkGap/v1"]]++
		}
		for _, l := range append(x.Locations, x.RelatedLocations...) {
			if r := l.PhysicalLocation.Region; r != nil && r.Snippet != nil && x.Properties.Exploitable {
				t.Errorf("%s shows %q", x.RuleID, r.Snippet.Text)
			}
		}
	}
	for f, n := range prints {
		if n > 1 || len(f) != 32 {
			t.Errorf("the fingerprint %q stands %d times", f, n)
		}
	}
	if !all && len(kinds) > 0 && (len(kinds) != 1 || kinds["fail"] == 0) {
		t.Errorf("got the kinds %v", kinds)
	}
	if all && kinds["open"]+kinds["review"] == 0 {
		t.Errorf("nothing is open or waits for a person: %v", kinds)
	}
}

// rule says which attributes and children an element may have; those with a
// star must be there. It is the part of junit-10.xsd of Jenkins' xunit plugin
// (MIT) that a schema of JUnit XML is usually held against.
type rule struct{ attrs, children string }

var junit = map[string]rule{
	"testsuites": {"name time tests failures errors", "testsuite"},
	"testsuite":  {"name* tests* failures* errors* group time skipped timestamp hostname id package file log url", "testsuite properties testcase system-out system-err"},
	"properties": {"", "property"},
	"property":   {"name* value*", ""},
	"testcase":   {"name* time classname group", "skipped error failure rerunFailure rerunError flakyFailure flakyError system-out system-err"},
	"failure":    {"type message", ""},
	"skipped":    {"type message", ""},
	"system-out": {"", ""},
}

// validJUnit tells where a document is not what the schema says, and counts
// cases by what became of them.
func validJUnit(raw string) (count map[string]int, problems []string) {
	count = map[string]int{}
	seen := map[string]bool{}
	d := xml.NewDecoder(strings.NewReader(raw))
	var open []string
	tell := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return count, problems
		}
		if err != nil {
			return count, append(problems, err.Error())
		}
		switch x := tok.(type) {
		case xml.StartElement:
			name := x.Name.Local
			count[name]++
			r, ok := junit[name]
			if !ok {
				tell("<%s> is no element", name)
			}
			if len(open) == 0 && name != "testsuites" || len(open) > 0 && !slices.Contains(strings.Fields(junit[open[len(open)-1]].children), name) {
				tell("<%s> may not stand in %v", name, open)
			}
			have := map[string]string{}
			for _, a := range x.Attr {
				have[a.Name.Local] = a.Value
				if !slices.Contains(strings.Fields(strings.ReplaceAll(r.attrs, "*", "")), a.Name.Local) {
					tell("<%s> has the attribute %s", name, a.Name.Local)
				}
			}
			for _, a := range strings.Fields(r.attrs) {
				if a, must := strings.CutSuffix(a, "*"); must && have[a] == "" {
					if _, ok := have[a]; !ok {
						tell("<%s> has no %s", name, a)
					}
				}
			}
			if name == "testcase" {
				// GitLab ignores a second case of the same name.
				id := have["classname"] + " " + have["name"]
				if seen[id] {
					tell("the case %s stands twice", id)
				}
				seen[id] = true
			}
			open = append(open, name)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if text := strings.TrimSpace(string(x)); text != "" {
				if at := open[len(open)-1]; !slices.Contains([]string{"failure", "skipped", "system-out"}, at) {
					tell("<%s> holds the text %q", at, text)
				}
			}
		}
	}
}

func TestJUnitOfEveryProduct(t *testing.T) {
	t.Parallel()
	for _, p := range products(t) {
		t.Run(filepath.Base(p), func(t *testing.T) {
			t.Parallel()
			out, exit := run(t, "check", "--at", "2026-11-22", "--root", p, "-f", "junit", p)
			count, problems := validJUnit(out)
			for _, x := range problems {
				t.Error(x)
			}
			if (count["failure"] > 0) != (exit == 1) {
				t.Errorf("%d failures and exit %d", count["failure"], exit)
			}
			if len(out) > 30_000_000 {
				t.Errorf("%d bytes, more than GitLab reads", len(out))
			}
			var sums struct {
				Tests    int `xml:"tests,attr"`
				Failures int `xml:"failures,attr"`
				Suites   []struct {
					Tests    int        `xml:"tests,attr"`
					Failures int        `xml:"failures,attr"`
					Skipped  int        `xml:"skipped,attr"`
					Cases    []struct{} `xml:"testcase"`
				} `xml:"testsuite"`
			}
			if err := xml.Unmarshal([]byte(out), &sums); err != nil {
				t.Fatal(err)
			}
			skipped := 0
			for _, s := range sums.Suites {
				skipped += s.Skipped
				if s.Tests != len(s.Cases) {
					t.Errorf("a suite says %d cases and has %d", s.Tests, len(s.Cases))
				}
			}
			if sums.Tests != count["testcase"] || sums.Failures != count["failure"] || skipped != count["skipped"] {
				t.Errorf("it says %d cases, %d failures, %d skipped; there are %v", sums.Tests, sums.Failures, skipped, count)
			}
		})
	}
}

// The rules tell a wrong document from a right one.
func TestJUnitRules(t *testing.T) {
	t.Parallel()
	const right = `<testsuites name="a"><testsuite name="a" tests="1" failures="1" errors="0"><testcase name="x"><failure message="m">t</failure></testcase></testsuite></testsuites>`
	for name, c := range map[string]struct{ old, new, want string }{
		"right":            {"", "", ""},
		"no name":          {`<testcase name="x">`, `<testcase>`, "<testcase> has no name"},
		"file of a case":   {`<testcase name="x">`, `<testcase name="x" file="f">`, "has the attribute file"},
		"skipped of all":   {`<testsuites name="a">`, `<testsuites name="a" skipped="1">`, "has the attribute skipped"},
		"text in a suite":  {`<testcase`, `text<testcase`, "holds the text"},
		"failure in suite": {`<testcase name="x">`, `<failure/><testcase name="x">`, "may not stand in"},
		"twice":            {`</testsuite>`, `<testcase name="x"/></testsuite>`, "stands twice"},
		"cut off":          {`</testsuites>`, ``, "unexpected EOF"},
	} {
		_, problems := validJUnit(strings.Replace(right, c.old, c.new, 1))
		if got := strings.Join(problems, "; "); c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// Code quality has what GitLab asks for: description, check_name, fingerprint,
// severity, location.path and location.lines.begin.
func TestCodeQualityOfEveryProduct(t *testing.T) {
	t.Parallel()
	for _, p := range products(t) {
		out, _ := run(t, "check", "--at", "2026-11-22", "--root", p, "-f", "codequality", p)
		var list []struct {
			Description, Fingerprint, Severity string
			CheckName                          string `json:"check_name"`
			Location                           struct {
				Path  string
				Lines struct{ Begin int }
			}
		}
		if err := json.Unmarshal([]byte(out), &list); err != nil || list == nil {
			t.Fatalf("%s: %v", p, err)
		}
		seen := map[string]bool{}
		for _, x := range list {
			if x.Description == "" || x.CheckName == "" || seen[x.Fingerprint] || x.Location.Lines.Begin < 1 ||
				!slices.Contains([]string{"info", "minor", "major", "critical", "blocker"}, x.Severity) {
				t.Errorf("%s: %+v", p, x)
			}
			if _, err := os.Stat(filepath.Join(p, x.Location.Path)); err != nil {
				t.Errorf("%s: %v", x.CheckName, err)
			}
			seen[x.Fingerprint] = true
		}
	}
}

var versionLine = regexp.MustCompile(`(?m)^ *"(version|semanticVersion)": "[^"]*",\n( *"informationUri")`)

// What a person reads, or a forge: the average product. go test -update
// ./internal/cli writes it anew.
func TestGoldenReports(t *testing.T) {
	t.Parallel()
	const p = "../../testdata/products/average"
	for file, args := range map[string][]string{
		"average.md": {"-f", "markdown"}, "average.junit.xml": {"-f", "junit"},
		// With all topics the rules alone have 150 kB.
		"average.provenance.sarif": {"-f", "sarif", "--topic", "provenance"},
		"average.github.txt":       {"-f", "github"}, "average.codequality.json": {"-f", "codequality"},
	} {
		got, _ := run(t, append(append([]string{"check", "--at", "2026-11-22", "--root", p}, args...), p)...)
		got = versionLine.ReplaceAllString(got, "$2")
		golden := filepath.Join("testdata/golden", file)
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
			t.Errorf("%s (-want +got)\n%s", file, diff)
		}
	}
}

// A baseline of a product holds all its gaps, from JSON as from SARIF, with
// and without what passes; and a gap's name does not hang on lines.
func TestBaselineOfEveryProduct(t *testing.T) {
	t.Parallel()
	for _, p := range products(t) {
		t.Run(filepath.Base(p), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			moved := filepath.Join(dir, "moved")
			if err := os.CopyFS(moved, os.DirFS(p)); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(moved, "iotmark.yaml")
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, append([]byte("# a comment\n# moves every line\n\n"), b...), 0o644); err != nil {
				t.Fatal(err)
			}
			for name, args := range map[string][]string{"a.json": {"-f", "json"}, "a.sarif": {"-f", "sarif"}, "b.sarif": {"-f", "sarif", "--all"}} {
				base := filepath.Join(dir, name)
				run(t, append(append([]string{"check", "--at", "2026-11-22", "-o", base}, args...), p)...)
				for _, again := range []string{p, moved} {
					out, exit := run(t, "check", "--at", "2026-11-22", "--baseline", base, "-f", "json", again)
					var got struct {
						Baseline struct{ New, Changed, Resolved, Unseen []any }
					}
					if err := json.Unmarshal([]byte(out), &got); err != nil {
						t.Fatal(err)
					}
					c := got.Baseline
					if exit != 0 || len(c.New)+len(c.Changed)+len(c.Resolved)+len(c.Unseen) > 0 || c.New == nil {
						t.Errorf("%s against %s: exit %d, %+v", again, name, exit, c)
					}
				}
			}
		})
	}
}

// The list of formats is what help names.
func TestFormatsAreInHelp(t *testing.T) {
	t.Parallel()
	help, _ := run(t, "check", "--help")
	words := map[string]bool{}
	for _, w := range strings.FieldsFunc(help, func(r rune) bool { return r == ' ' || r == ',' || r == '.' || r == '\n' }) {
		words[w] = true
	}
	for _, f := range cli.FormatNames() {
		if !words[f] {
			t.Errorf("help does not name %s", f)
		}
	}
	if len(cli.FormatNames()) < 8 {
		t.Errorf("got %v of %v", cli.FormatNames(), slices.Sorted(maps.Keys(words)))
	}
}
