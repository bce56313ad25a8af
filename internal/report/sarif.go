package report

import (
	"fmt"
	"io"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/message"
)

const (
	toolName       = "iotmark"
	home           = "https://github.com/open-iot-mark/iotmark"
	sarifSchema    = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	gapFingerprint = "iotmarkGap/v1"
	sourceRoot     = "%SRCROOT%"
)

// SARIFOptions say how much the log holds.
type SARIFOptions struct {
	// All adds what is no nonconformity: criteria that are open, wait for a
	// person, are met or do not concern the product, each with its kind, and
	// the gaps of the baseline that are gone. Code scanning of GitHub reads
	// neither kind nor baselineState and would show each of them as an alert,
	// so they are left out unless asked for (docs/adr/0014).
	All bool
}

// SARIF writes the assessment as one run of SARIF 2.1.0 (OASIS Standard with
// errata 01). A rule is a criterion, a result is a gap; the same assessment
// gives the same bytes.
func SARIF(w io.Writer, in Input, opt SARIFOptions) error {
	s := &sarif{in: in, opt: opt, artifact: map[string]int{}, rule: map[iotmark.CriterionID]int{}}
	b, err := encode(s.log())
	if err == nil {
		_, err = w.Write(b)
	}
	return err
}

// The parts of SARIF 2.1.0 that are written; names and order are those of the
// standard.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool              sarifTool                `json:"tool"`
		Invocations       []sarifInvocation        `json:"invocations"`
		AutomationDetails sarifAutomation          `json:"automationDetails"`
		OriginalURIBases  map[string]sarifLocation `json:"originalUriBaseIds"`
		Artifacts         []sarifArtifact          `json:"artifacts"`
		ColumnKind        string                   `json:"columnKind"`
		Language          string                   `json:"language"`
		Results           []sarifResult            `json:"results"`
		Properties        runProperties            `json:"properties"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name            string      `json:"name"`
		FullName        string      `json:"fullName"`
		Organization    string      `json:"organization"`
		Version         string      `json:"version,omitempty"`
		SemanticVersion string      `json:"semanticVersion,omitempty"`
		InformationURI  string      `json:"informationUri"`
		Rules           []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID                   string         `json:"id"`
		Name                 string         `json:"name"`
		ShortDescription     sarifText      `json:"shortDescription"`
		FullDescription      sarifText      `json:"fullDescription"`
		Help                 sarifText      `json:"help"`
		HelpURI              string         `json:"helpUri"`
		DefaultConfiguration sarifConfig    `json:"defaultConfiguration"`
		Properties           ruleProperties `json:"properties"`
	}
	sarifText struct {
		Text     string `json:"text"`
		Markdown string `json:"markdown,omitempty"`
	}
	sarifConfig struct {
		Level string `json:"level"`
	}
	ruleProperties struct {
		Tags             []string `json:"tags"`
		SecuritySeverity string   `json:"security-severity,omitempty"`
	}
	sarifInvocation struct {
		ExecutionSuccessful bool                `json:"executionSuccessful"`
		ExitCode            int                 `json:"exitCode"`
		ExitDescription     string              `json:"exitCodeDescription"`
		Notifications       []sarifNotification `json:"toolExecutionNotifications,omitempty"`
	}
	sarifNotification struct {
		Descriptor struct {
			ID string `json:"id"`
		} `json:"descriptor"`
		Level     string         `json:"level"`
		Message   sarifText      `json:"message"`
		Locations []sarifLocated `json:"locations,omitempty"`
	}
	sarifAutomation struct {
		ID string `json:"id"`
	}
	sarifLocation struct {
		URI         string     `json:"uri,omitempty"`
		URIBaseID   string     `json:"uriBaseId,omitempty"`
		Index       *int       `json:"index,omitempty"`
		Description *sarifText `json:"description,omitempty"`
	}
	sarifArtifact struct {
		Location    sarifLocation     `json:"location"`
		Length      int64             `json:"length,omitempty"`
		Roles       []string          `json:"roles"`
		Hashes      map[string]string `json:"hashes,omitempty"`
		Description *sarifText        `json:"description,omitempty"`
	}
	sarifLocated struct {
		Physical sarifPhysical  `json:"physicalLocation"`
		Logical  []sarifLogical `json:"logicalLocations,omitempty"`
		Message  *sarifText     `json:"message,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifLocation `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifRegion struct {
		StartLine int        `json:"startLine"`
		Snippet   *sarifText `json:"snippet,omitempty"`
	}
	sarifLogical struct {
		FullyQualifiedName string `json:"fullyQualifiedName"`
		Kind               string `json:"kind"`
	}
	sarifResult struct {
		RuleID              string            `json:"ruleId"`
		RuleIndex           int               `json:"ruleIndex"`
		Kind                string            `json:"kind"`
		Level               string            `json:"level"`
		Message             sarifText         `json:"message"`
		Locations           []sarifLocated    `json:"locations"`
		RelatedLocations    []sarifLocated    `json:"relatedLocations,omitempty"`
		PartialFingerprints map[string]string `json:"partialFingerprints,omitempty"`
		BaselineState       string            `json:"baselineState,omitempty"`
		Properties          resultProperties  `json:"properties"`
	}
	runProperties struct {
		Edition  iotmark.Edition `json:"edition"`
		Bindings iotmark.Digest  `json:"bindings"`
		AsOf     iotmark.Date    `json:"asOf"`
		Product  string          `json:"product"`
		Model    string          `json:"model"`
		Maker    string          `json:"maker"`
		Only     []string        `json:"only,omitempty"`
	}
	resultProperties struct {
		Level       iotmark.Level   `json:"criterionLevel"`
		Entry       bool            `json:"entry,omitempty"`
		Verdict     iotmark.Verdict `json:"verdict,omitempty"`
		Check       iotmark.CheckID `json:"check,omitempty"`
		State       string          `json:"gapState,omitempty"`
		Exploitable bool            `json:"exploitable,omitempty"`
	}
)

type sarif struct {
	in        Input
	opt       SARIFOptions
	artifacts []sarifArtifact
	artifact  map[string]int // index by path
	rules     []sarifRule
	rule      map[iotmark.CriterionID]int
}

func (s *sarif) log() sarifLog {
	a := s.in.Assessment
	s.files()
	for _, c := range a.Conclusions {
		s.rule[c.Criterion] = len(s.rules)
		s.rules = append(s.rules, s.ruleOf(c))
	}
	results := s.results()
	d := sarifDriver{
		Name: toolName, FullName: "iotmark, the program of the Open IoT Mark", Organization: "Open IoT Mark",
		Version: s.in.Program.Version, InformationURI: home, Rules: s.rules,
	}
	if v, ok := strings.CutPrefix(s.in.Program.Version, "v"); ok && semantic.MatchString(v) {
		d.SemanticVersion = v
	}
	return sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{{
		Tool:              sarifTool{d},
		Invocations:       []sarifInvocation{s.invocation()},
		AutomationDetails: sarifAutomation{toolName + "/" + slug(a.Model) + "/"},
		OriginalURIBases:  map[string]sarifLocation{sourceRoot: {Description: &sarifText{Text: "The root of the repository, or the folder given with --root."}}},
		Artifacts:         s.artifacts,
		ColumnKind:        "unicodeCodePoints",
		Language:          "en",
		Results:           results,
		Properties: runProperties{Edition: a.Edition, Bindings: a.Bindings, AsOf: a.AsOf, Product: safe(a.Product), Model: safe(a.Model),
			Maker: safe(a.Maker), Only: a.Only},
	}}}
}

var semantic = regexp.MustCompile(`^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`)

// safe keeps what a program compares as it is, but for what is no text.
func safe(s string) string { return strings.ToValidUTF8(s, "\ufffd") }

// slug makes a name safe for an id: letters, digits, dots and hyphens of
// ASCII.
func slug(s string) string {
	out := strings.Map(func(r rune) rune {
		if r < 0x80 && (r == '.' || r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z') {
			return r
		}
		return '-'
	}, s)
	if len(out) > 100 {
		out = out[:100]
	}
	if strings.Trim(out, "-") == "" {
		return "product"
	}
	return out
}

// files lists the declaration and every piece of evidence that lies in the
// dossier, with hashes.
func (s *sarif) files() {
	w := s.in.Where
	s.file(w.Declaration, sarifArtifact{Hashes: sha(w.Archive, s.in.Assessment.Declared), Roles: []string{"analysisTarget"}})
	for _, h := range s.in.Assessment.Evidence {
		if p := w.Evidence[h.Evidence]; p != "" && h.SHA256 != "" {
			s.file(p, sarifArtifact{Hashes: sha(w.Archive, h.SHA256), Length: h.Size, Roles: []string{"analysisTarget"},
				Description: &sarifText{Text: plain(fmt.Sprintf("%s (%s)", h.Title, h.Kind))}})
		}
	}
	if s.artifacts == nil {
		s.artifacts = []sarifArtifact{}
	}
}

// sha is the hash of a file. The members of an archive have theirs, and the
// path that is shown is the archive's.
func sha(archive bool, d iotmark.Digest) map[string]string {
	if archive || d == "" {
		return nil
	}
	return map[string]string{"sha-256": string(d)}
}

func (s *sarif) file(path string, a sarifArtifact) {
	if _, ok := s.artifact[path]; ok || path == "" {
		return
	}
	if s.in.Where.Archive {
		a.Length, a.Description = 0, nil
	}
	a.Location = sarifLocation{URI: uri(path), URIBaseID: sourceRoot}
	s.artifact[path] = len(s.artifacts)
	s.artifacts = append(s.artifacts, a)
}

// uri writes a path with forward slashes as a relative reference (RFC 3986).
func uri(path string) string { return (&url.URL{Path: path}).String() }

func (s *sarif) at(path string) sarifLocation {
	l := sarifLocation{URI: uri(path), URIBaseID: sourceRoot}
	if i, ok := s.artifact[path]; ok {
		l.Index = &i
	}
	return l
}

func level(l iotmark.Level) string {
	switch l {
	case iotmark.Must:
		return "error"
	case iotmark.Should:
		return "warning"
	}
	return "note"
}

func (s *sarif) ruleOf(c iotmark.Conclusion) sarifRule {
	cr := s.in.Catalogue.Criterion(c.Criterion)
	x := ruleProperties{Tags: []string{string(cr.ID.Topic()), string(cr.Level)}}
	if cr.Entry {
		x.Tags = append(x.Tags, "entry")
	}
	x.SecuritySeverity = s.severity(c)
	if x.SecuritySeverity != "" || s.exploited(c) {
		x.Tags = append(x.Tags, "security") // where GitHub keeps what can be exploited
	}
	text, markdown := s.help(cr)
	return sarifRule{
		ID: string(cr.ID), Name: camel(string(cr.ID)),
		ShortDescription: sarifText{Text: cr.Consumer}, FullDescription: sarifText{Text: cr.Statement},
		Help: sarifText{Text: text, Markdown: markdown}, HelpURI: helpURI(cr.ID),
		DefaultConfiguration: sarifConfig{level(cr.Level)}, Properties: x,
	}
}

// helpURI leads to the heading of a criterion in docs/catalogue.md, as forges
// name it: small letters, without the dot.
func helpURI(id iotmark.CriterionID) string {
	return home + "/blob/main/docs/catalogue.md#" + strings.ReplaceAll(string(id), ".", "")
}

// camel writes topic.name as an identifier that is easy to read (3.49.7).
func camel(id string) string {
	var b strings.Builder
	for _, w := range strings.FieldsFunc(id, func(r rune) bool { return r == '.' || r == '-' }) {
		b.WriteString(strings.ToUpper(w[:1]) + w[1:])
	}
	return b.String()
}

func (s *sarif) help(cr *catalogue.Criterion) (text, markdown string) {
	effort := ""
	if e := Effort(s.in.Catalogue.Efforts[cr.ID].Mend); e != "" {
		effort = " About " + e + " (estimate)."
	}
	explain := "iotmark explain " + string(cr.ID)
	text = fmt.Sprintf("%s\n\nWhy: %s\n\nRemedy: %s%s\n\n%s tells everything about it.", cr.Statement, cr.Rationale, cr.Remedy, effort, explain)
	markdown = fmt.Sprintf("%s\n\n**Why:** %s\n\n**Remedy:** %s%s\n\n`%s` tells everything about it.", escapeMarkdown(cr.Statement),
		escapeMarkdown(cr.Rationale), escapeMarkdown(cr.Remedy), effort, explain)
	return text, markdown
}

// severity is the highest score that a source gave to an exploitable weakness
// found by this rule: a CVSS base score in the argument cvss. Where nobody
// scored it, no number is made up.
func (s *sarif) severity(c iotmark.Conclusion) string {
	best := 0.0
	for _, i := range deciding(s.in.Assessment, c) {
		f := s.in.Assessment.Findings[i]
		if v, err := strconv.ParseFloat(f.Args["cvss"], 64); err == nil && f.Exploitable && v > best && v <= 10 {
			best = v
		}
	}
	if best == 0 {
		return ""
	}
	return strconv.FormatFloat(best, 'f', 1, 64)
}

func (s *sarif) exploited(c iotmark.Conclusion) bool {
	for _, i := range deciding(s.in.Assessment, c) {
		if s.in.Assessment.Findings[i].Exploitable {
			return true
		}
	}
	return false
}

// invocation says how the program ended, and what it could not read.
func (s *sarif) invocation() sarifInvocation {
	p := s.in.Program
	inv := sarifInvocation{ExecutionSuccessful: true, ExitCode: p.Exit, ExitDescription: exitWords(p.Exit)}
	add := func(id iotmark.ErrorID, words, path string, line int) {
		n := sarifNotification{Level: "warning", Message: sarifText{Text: plain(words)}}
		n.Descriptor.ID = string(id)
		if path != "" {
			n.Locations = []sarifLocated{{Physical: sarifPhysical{Artifact: s.at(path), Region: s.line(line, "")}}}
		}
		inv.Notifications = append(inv.Notifications, n)
	}
	for _, w := range s.in.Assessment.Warnings {
		add(w.ID, w.Message, s.in.Where.Declaration, s.in.Where.line(w.Field))
	}
	for _, h := range s.in.Assessment.Evidence {
		if h.Reason != "" && h.Standing != iotmark.Elsewhere && h.Standing != iotmark.Withheld {
			add(h.Reason, fmt.Sprintf("%s (%s): %s", h.Evidence, h.Kind, h.Detail), s.in.Where.Declaration, s.in.Where.line("evidence."+string(h.Evidence)))
		}
	}
	return inv
}

func exitWords(code int) string {
	switch code {
	case 0:
		return "no applicable must is unmet"
	case 1:
		return "an applicable must does not conform"
	case 5:
		return "some evidence could not be read"
	}
	return "see the documentation"
}

func (s *sarif) line(n int, quote string) *sarifRegion {
	if n <= 0 || s.in.Where.Archive {
		return nil
	}
	r := &sarifRegion{StartLine: n}
	if quote != "" {
		r.Snippet = &sarifText{Text: message.Clean(quote)}
	}
	return r
}

func (s *sarif) results() []sarifResult {
	out := []sarifResult{}
	states := s.in.states()
	gaps := map[iotmark.CriterionID][]Gap{}
	for _, g := range Gaps(s.in.Assessment) {
		gaps[g.Criterion] = append(gaps[g.Criterion], g)
	}
	for _, c := range s.in.Assessment.Conclusions {
		for _, g := range gaps[c.Criterion] {
			r := s.result(c, g)
			r.BaselineState = states[g.ID]
			out = append(out, r)
		}
		if s.opt.All && len(gaps[c.Criterion]) == 0 {
			out = append(out, s.other(c))
		}
	}
	if s.opt.All && s.in.Baseline != nil {
		cmp := s.in.Compare()
		for _, g := range cmp.Resolved {
			out = append(out, s.gone(g, "It is resolved since the baseline."))
		}
		for _, g := range cmp.Replaced {
			out = append(out, s.gone(g, "It was in the baseline, and the same check finds it otherwise now; see the new result."))
		}
		for _, g := range cmp.Unseen {
			out = append(out, s.gone(g, "It was in the baseline, and could not be looked at this time."))
		}
	}
	return out
}

func (s *sarif) result(c iotmark.Conclusion, g Gap) sarifResult {
	r := sarifResult{
		RuleID: string(c.Criterion), RuleIndex: s.rule[c.Criterion], Kind: "fail", Level: level(c.Level),
		Message:             sarifText{Text: plain(s.in.words(g))},
		PartialFingerprints: map[string]string{gapFingerprint: g.ID},
		Properties: resultProperties{Level: c.Level, Entry: c.Entry, Verdict: c.Verdict, Check: g.Check, State: g.State,
			Exploitable: s.in.exploitable(g)},
	}
	// Without a place with a line the piece of evidence is shown where the
	// declaration names it, and without evidence the claim.
	claim := s.claim(c.Criterion)
	anchor := claim
	if g.Finding >= 0 {
		if basis := s.in.Assessment.Findings[g.Finding].Basis; len(basis) > 0 {
			anchor = s.declared("evidence." + string(basis[0]))
			anchor.Message = &sarifText{Text: "The evidence in the declaration."}
		}
	}
	var lined, others []sarifLocated
	for _, p := range s.in.places(g) {
		l, ok := s.place(p, s.in.exploitable(g))
		switch {
		case !ok:
		case l.Physical.Region != nil:
			lined = append(lined, l)
		default:
			others = append(others, l)
		}
	}
	// A place without a line, such as a file within an image, stands beside.
	if len(lined) == 0 {
		lined = []sarifLocated{anchor}
	}
	if g.Finding >= 0 {
		others = append(others, claim)
	}
	r.Locations = lined[:1]
	for _, l := range append(lined[1:len(lined):len(lined)], others...) {
		// SARIF 2.1.0, 3.27.22: each location once. Places that differ in
		// what is quoted are the same where nothing may be quoted.
		if !slices.ContainsFunc(r.RelatedLocations, func(o sarifLocated) bool { return reflect.DeepEqual(o, l) }) {
			r.RelatedLocations = append(r.RelatedLocations, l)
		}
	}
	if len(r.RelatedLocations) > maxRelated {
		r.RelatedLocations = r.RelatedLocations[:maxRelated]
	}
	return r
}

// maxRelated bounds the places beside the first one; GitHub shows 100 of one
// result.
const maxRelated = 99

// claim is the line of the declaration where a criterion is claimed, or its
// first line.
func (s *sarif) claim(id iotmark.CriterionID) sarifLocated {
	l := s.declared("claims." + string(id))
	l.Message = &sarifText{Text: "The claim in the declaration."}
	return l
}

func (s *sarif) declared(field string) sarifLocated {
	l := sarifLocated{Physical: sarifPhysical{Artifact: s.at(s.in.Where.Declaration), Region: s.line(max(1, s.in.Where.line(field)), "")}}
	if s.in.Where.Archive {
		l.Logical = []sarifLogical{{FullyQualifiedName: "iotmark.yaml: " + message.Clean(field), Kind: "resource"}}
	}
	return l
}

// place writes where something was found. A line counts within the file
// itself only: a line of a member of an archive is told in words.
func (s *sarif) place(p iotmark.Place, exploitable bool) (sarifLocated, bool) {
	if p.Evidence == "" {
		return s.declared(p.Path), true
	}
	path := s.in.Where.Evidence[p.Evidence]
	if path == "" {
		return sarifLocated{}, false
	}
	l := sarifLocated{Physical: sarifPhysical{Artifact: s.at(path)}, Message: &sarifText{Text: plain(s.in.place(p))}}
	if p.Path != "" || s.in.Where.Archive {
		name := message.Clean(string(p.Evidence))
		if p.Path != "" {
			name = message.Clean(p.Path)
		}
		if p.Line > 0 {
			name += ":" + strconv.Itoa(p.Line)
		}
		l.Logical = []sarifLogical{{FullyQualifiedName: name, Kind: "resource"}}
		return l, true
	}
	quote := p.Quote
	if exploitable {
		quote = ""
	}
	l.Physical.Region = s.line(p.Line, quote)
	return l, true
}

// other is the result of a criterion without a gap (SARIF 2.1.0, 3.27.9):
// pass where it counts, review where a person must look, open where the maker
// must act, notApplicable where it does not concern the product.
func (s *sarif) other(c iotmark.Conclusion) sarifResult {
	kind, words := "pass", s.in.say(iotmark.MessageID("verdict."+string(c.Verdict)), nil)
	switch {
	case c.Verdict == iotmark.NotApplicable:
		kind = "notApplicable"
	case c.Waits == iotmark.WaitAssessor || c.Waits == iotmark.WaitTest:
		kind = "review"
	case c.Waits == iotmark.WaitMaker:
		kind = "open"
	}
	if c.Verdict == iotmark.Conforms {
		id := iotmark.MessageID("how.conforms")
		if c.Counts {
			id = "how.counts"
		}
		words = s.in.say(id, map[string]string{"step": c.Assurance.String(), "needs": c.Needs.String()})
	}
	if c.Next != nil {
		words += " " + s.in.say(c.Next.Message, c.Next.Args)
	}
	return sarifResult{
		RuleID: string(c.Criterion), RuleIndex: s.rule[c.Criterion], Kind: kind, Level: "none", Message: sarifText{Text: plain(words)},
		Locations:  []sarifLocated{s.claim(c.Criterion)},
		Properties: resultProperties{Level: c.Level, Entry: c.Entry, Verdict: c.Verdict},
	}
}

// gone is a gap of the baseline that is not there any more.
func (s *sarif) gone(g Gap, words string) sarifResult {
	i, ok := s.rule[g.Criterion]
	if !ok {
		i = -1 // SARIF's word for no index; a filter left the rule out
	}
	return sarifResult{
		RuleID: string(g.Criterion), RuleIndex: i, Kind: "fail", Level: level(g.Level), Message: sarifText{Text: words},
		Locations:           []sarifLocated{s.claim(g.Criterion)},
		PartialFingerprints: map[string]string{gapFingerprint: g.ID},
		BaselineState:       "absent",
		Properties:          resultProperties{Level: g.Level, Check: g.Check, State: g.State},
	}
}

// plain writes foreign words as a plain text message of SARIF: 3.11.5 doubles
// braces, which otherwise are placeholders, and 3.11.6 puts a backslash before
// square brackets, which otherwise are links.
func plain(s string) string { return literals.Replace(message.Clean(s)) }

var literals = strings.NewReplacer("{", "{{", "}", "}}", "[", `\[`, "]", `\]`)
