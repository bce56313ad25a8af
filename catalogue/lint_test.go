package catalogue_test

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
)

// edit replaces the first place where old stands in a file; with an empty old
// the file is replaced or, when new is empty too, taken away.
type edit struct{ file, old, new string }

// broken returns the good data with some edits.
func broken(t testing.TB, edits ...edit) fs.FS {
	t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(name, ".go") {
			return err
		}
		raw, err := os.ReadFile(name)
		files[name] = &fstest.MapFile{Data: raw}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range edits {
		f := files[e.file]
		switch {
		case f == nil:
			t.Fatalf("there is no file %s", e.file)
		case e.old != "":
			if !strings.Contains(string(f.Data), e.old) {
				t.Fatalf("%s does not have the text %q", e.file, e.old)
			}
			f.Data = []byte(strings.Replace(string(f.Data), e.old, e.new, 1))
		case e.new != "":
			f.Data = []byte(e.new)
		default:
			delete(files, e.file)
		}
	}
	return files
}

func TestGoodDataHasNoProblem(t *testing.T) {
	t.Parallel()
	c := load(t)
	for _, p := range catalogue.Lint(c) {
		t.Errorf("%s: %v", p.ID, p)
	}
	if got := catalogue.LintBindings(c, bound(c)); len(got) > 0 {
		t.Errorf("bindings against their own checks: %v", got)
	}
}

func bound(c *catalogue.Catalogue) []iotmark.CheckID {
	seen := map[iotmark.CheckID]bool{}
	var out []iotmark.CheckID
	for _, cr := range c.Criteria {
		for _, b := range c.Bindings.Criteria[cr.ID] {
			if !seen[b.Check] {
				out = append(out, b.Check)
			}
			seen[b.Check] = true
		}
	}
	return out
}

const (
	scheme     = "2026.1/scheme.yaml"
	security   = "2026.1/data-security.yaml"
	label      = "2026.1/label-facts.yaml"
	schemaFile = "2026.1/declaration.schema.json"
	weee       = "instruments/eu-weee.yaml"
	themes     = "crosswalk/themes.yaml"
	fields     = "documents/fields.yaml"
	documents  = "documents/documents.yaml"
	bindings   = "bindings.yaml"
	effort     = "effort.yaml"
	procedure  = "2026.1/procedure.yaml"
	agreement  = "2026.1/licence-agreement.md"

	competences = "methods/competences.yaml"
	form        = "methods/form.yaml"
	lineCut     = "methods/lifecycle.line-cut.yaml"
	sensorCut   = "methods/privacy.sensor-cut.yaml"
	twoKeys     = "methods/data-security.two-unit-keys.yaml"
	reading     = "methods/accountability.evidence-reading.yaml"
	threats     = "methods/device-security.threat-reading.yaml"
)

// bareMethod is a method in its form, and of nothing.
const bareMethod = `id: lifecycle.line-cut
version: 1
title: Bare
serves: [lifecycle.works-without-internet]
carries: tested
purpose: None.
source: []
competence: []
equipment: []
sample: {units: 1, accounts: 0, drawn: any}
preparation: []
steps: []
fields: []
verdict: {fail: [], pass: [], inconclusive: []}
second_opinion: []
minutes: 10
hazards: []
limits: []
`

// lintCases break the good data in one way each, and name the rule that must
// find it.
var lintCases = []struct {
	name string
	edit edit
	rule iotmark.ErrorID
	says string // part of the field or the message
}{
	{"state of the scheme", edit{scheme, "state: draft", "state: final"}, "reference-unknown", `"final"`},
	{"in force without a day", edit{scheme, "state: draft", "state: in-force"}, "edition-dates", "in force from"},
	{"a draft with a day", edit{scheme, "state: draft", "state: draft\nfrom: \"2027-01-01\""}, "edition-dates", "2027-01-01"},
	{"a day that is not in the calendar", edit{scheme, "state: draft", "state: in-force\nfrom: \"2027-02-30\""}, "edition-dates", "2027-02-30"},
	{"ends before it begins", edit{scheme, "state: draft", "state: in-force\nfrom: \"2027-01-01\"\nuntil: \"2026-12-31\""}, "edition-dates", "2026-12-31"},
	{"retired and no last day", edit{scheme, "state: draft", "state: retired\nfrom: \"2027-01-01\""}, "edition-dates", "retired"},
	{"topic taken away", edit{scheme, "  - id: privacy\n    name: Privacy\n    title: Customer and consumer privacy\n    asks: Can people see, limit and delete what the product knows about them?\n", ""}, "topics-wrong", "in this order"},
	{"risk twice", edit{scheme, "- id: poor-service", "- id: fail-rate"}, "id-twice", "fail-rate"},
	{"level renamed", edit{scheme, "- id: may\n", "- id: might\n"}, "words-differ", "might"},
	{"level id malformed", edit{scheme, "- id: may\n", "- id: May\n"}, "id-malformed", `"May"`},
	{"part twice", edit{scheme, "{id: hub, ", "{id: device, "}, "id-twice", "parts"},
	{"rank twice", edit{scheme, "rank: 4", "rank: 3"}, "ranks-wrong", "assessed=3"},
	{"step renamed", edit{scheme, "- id: shown\n", "- id: seen\n"}, "ranks-wrong", "seen=2"},
	{"answer renamed", edit{scheme, "{id: partly,         means: \"some", "{id: half,         means: \"some"}, "words-differ", "half"},
	{"reason twice", edit{scheme, "{id: no-answer,", "{id: not-asked,"}, "id-twice", "why_unknown"},
	{"track twice", edit{scheme, "- id: certified", "- id: declaration"}, "id-twice", "tracks"},
	{"duty after the grant unknown", edit{scheme, "after_grant: [accountability.label-at-sale]", "after_grant: [accountability.label]"}, "reference-unknown", "label"},
	{"duty after the grant is no must", edit{scheme, "after_grant: [accountability.label-at-sale]", "after_grant: [data-security.multi-factor]"}, "after-grant-level", "multi-factor"},
	{"term twice", edit{scheme, "- term: party", "- term: maker"}, "term-twice", "maker"},
	{"fact with hyphens", edit{scheme, "- id: has_cloud", "- id: has-cloud"}, "id-malformed", "has-cloud"},
	{"fact without help", edit{scheme, "help: Signing in with somebody else's account counts.", "help: \"\""}, "fact-incomplete", "has_account"},
	{"fact of another type", edit{scheme, "- id: has_app\n    type: boolean", "- id: has_app\n    type: choice"}, "fact-type", "choice"},
	{"boolean options out of order", edit{scheme, `{"true": "Yes", "false": "No", "unknown": "Not sure"}`, `{"false": "No", "true": "Yes", "unknown": "Not sure"}`}, "fact-options", "has_app"},
	{"set gives an unknown option", edit{scheme, "has_ip: [wifi,", "has_ip: [wlan,"}, "reference-unknown", "wlan"},
	{"implies an unknown fact", edit{scheme, "{if: has_account,", "{if: has_acount,"}, "reference-unknown", "did you mean has_account?"},
	{"kind of evidence reaches an unknown step", edit{scheme, "{id: sbom,                  reach: assessed,", "{id: sbom,                  reach: read,"}, "reference-unknown", `"read"`},
	{"family on an unknown kind", edit{scheme, "on: [sbom], means: \"well", "on: [boms], means: \"well"}, "reference-unknown", "boms"},
	{"family twice", edit{scheme, "{id: header-probe,", "{id: tls-probe,"}, "id-twice", "tls-probe"},
	{"visibility twice", edit{scheme, "{id: restricted, means", "{id: public, means"}, "id-twice", "visibility"},
	{"automation twice", edit{scheme, "{id: partly, means: \"a program", "{id: full, means: \"a program"}, "id-twice", "automation"},

	{"criterion in the file of another topic", edit{security, "- id: data-security.multi-factor", "- id: privacy.multi-factor"}, "id-malformed", "privacy.multi-factor"},
	{"criterion with capitals", edit{security, "- id: data-security.multi-factor", "- id: data-security.MultiFactor"}, "id-malformed", "MultiFactor"},
	{"keys out of order", edit{security, "  level: must\n  entry: true\n", "  entry: true\n  level: must\n"}, "key-order", "id, level, entry"},
	{"key lacking", edit{security, "  rationale: One leaked password should not open a front door or a camera.\n", ""}, "field-lacking", "rationale"},
	{"unknown level", edit{security, "level: should", "level: shall"}, "reference-unknown", "shall"},
	{"unknown part", edit{security, "parts: [cloud, device, app]", "parts: [server, device, app]"}, "reference-unknown", "server"},
	{"unknown risk", edit{security, "risks: [security-flaws, data-exploitation]", "risks: [security-flaw, data-exploitation]"}, "reference-unknown", "did you mean security-flaws?"},
	{"unknown automation", edit{security, "automation: full", "automation: complete"}, "reference-unknown", "complete"},
	{"unknown kind of evidence", edit{security, "evidence: [host-list]", "evidence: [host-lists]"}, "reference-unknown", "host-lists"},
	{"unknown family", edit{security, "checks: [tls-probe, header-probe]", "checks: [tls-probes, header-probe]"}, "reference-unknown", "tls-probes"},
	{"unknown theme", edit{security, "themes: [T19]", "themes: [T99]"}, "reference-unknown", "T99"},
	{"unknown touched theme", edit{security, "touches: [T20]", "touches: [T98]"}, "reference-unknown", "T98"},
	{"unknown origin", edit{security, "origin: [betteriot-2018#26,", "origin: [betteriot-2019#26,"}, "reference-unknown", "betteriot-2019"},
	{"unknown fact", edit{security, "applies_if: has_ip", "applies_if: has_up"}, "reference-unknown", "has_up"},
	{"no parts", edit{security, "parts: [cloud, device, app]", "parts: []"}, "field-empty", "parts"},
	{"no risks", edit{security, "risks: [security-flaws]", "risks: []"}, "field-empty", "risks"},
	{"no evidence", edit{security, "evidence: [host-list]", "evidence: []"}, "field-empty", "evidence"},
	{"no origin", edit{security, "origin: [iotmark-2017#18, digital-standard#Authentication, cmu-label]", "origin: []"}, "field-empty", "origin"},
	{"families though people only", edit{security, "checks: []", "checks: [text-scan]"}, "automation-checks", "staff-and-processor-access"},
	{"no families though a program decides", edit{security, "checks: [tls-probe, header-probe]", "checks: []"}, "automation-checks", "endpoint-quality"},
	{"family without evidence", edit{security, "checks: [tls-probe, header-probe]", "checks: [tls-probe, app-scan]"}, "check-idle", "app-scan"},
	{"no evidence reaches the step", edit{security, "evidence: [host-list]", "evidence: [statement]"}, "needs-unreached", "endpoint-quality"},
	{"full automation needs assessed", edit{security, "needs: checked", "needs: assessed"}, "automation-needs", "endpoint-quality"},
	{"partly needs shown", edit{security, "needs: tested", "needs: shown"}, "automation-needs", "transport-encryption"},
	{"no theme and not beyond", edit{security, "themes: [T03]", "themes: []"}, "beyond-themes", "password-handling"},
	{"beyond with a theme", edit{security, "themes: [T03]", "themes: [T03]\n  beyond: true"}, "beyond-themes", "password-handling"},
	{"beyond is false", edit{security, "themes: [T03]", "themes: [T03]\n  beyond: false"}, "beyond-themes", "only ever true"},
	{"theme in both lists", edit{security, "touches: [T20]", "touches: [T19]"}, "theme-twice", "transport-encryption"},
	{"entry is no must", edit{security, "level: must\n  entry: true", "level: should\n  entry: true"}, "entry-level", "transport-encryption"},
	{"hard words", edit{security, "consumer: Knowing your password alone is not enough to get in.", "consumer: Possession of identification documentation constitutes insufficient authorisation."}, "reading-grade", "Possession"},
	{"long sentence", edit{security, "consumer: Knowing your password alone is not enough to get in.", "consumer: It is a thing that you have and it is a thing that you know and it is a thing that you can do."}, "sentence-long", "24 words"},
	{"word of the trade", edit{security, "consumer: Knowing your password alone is not enough to get in.", "consumer: Your TLS is fine."}, "word-avoided", "TLS"},
	{"word of the trade in capitals", edit{security, "consumer: Knowing your password alone is not enough to get in.", "consumer: Firmware is fine for you."}, "word-avoided", "firmware"},
	{"long remedy", edit{security, "remedy: Offer passkeys", "remedy: " + strings.Repeat("o", 131) + " passkeys"}, "text-length", "remedy"},
	{"long statement", edit{security, "    A second sign-in factor", "    " + strings.Repeat("a ", 241) + "second sign-in factor"}, "text-length", "statement"},
	{"no full stop", edit{security, "a front door or a camera.", "a front door or a camera"}, "full-stop", "rationale"},
	{"criterion taken away", edit{"2026.1/provenance.yaml", "", "edition: \"2026.1\"\ntopic: provenance\ncriteria: []\n"}, "count-changed", "102 criteria"},
	{"topic without criteria", edit{"2026.1/provenance.yaml", "", "edition: \"2026.1\"\ntopic: provenance\n"}, "count-changed", "102 criteria"},
	{"no documents at all", edit{documents, "", "edition: \"2026.1\"\n"}, "count-changed", "0 documents"},
	{"no themes at all", edit{themes, "", "edition: \"2026.1\"\n"}, "reference-unknown", "T19"},
	{"no scheme at all", edit{scheme, "", "edition: \"2026.1\"\n"}, "topics-wrong", "in this order"},
	{"fact decides nothing", edit{scheme, "- id: has_cloud\n", "- id: has_server\n"}, "fact-idle", "has_server"},
	{"kind never used", edit{scheme, "{id: teardown,", "{id: opening,"}, "kind-idle", "opening"},
	{"family never used", edit{scheme, "{id: feed-parse,", "{id: feed-read,"}, "family-idle", "feed-read"},

	{"instrument without a key", edit{weee, "notes: []\n", ""}, "field-lacking", "notes"},
	{"instrument out of order", edit{weee, "issuer: European Union\nkind: law\n", "kind: law\nissuer: European Union\n"}, "key-order", "eu-weee"},
	{"unknown kind of instrument", edit{weee, "kind: law", "kind: act"}, "reference-unknown", `"act"`},
	{"unknown confidence", edit{weee, "confidence: high", "confidence: sure"}, "reference-unknown", `"sure"`},
	{"unknown market", edit{weee, "markets: [eu]", "markets: [de]"}, "reference-unknown", `"de"`},
	{"unknown subject", edit{weee, "about: [product]", "about: [goods]"}, "reference-unknown", `"goods"`},
	{"unknown state", edit{weee, "state: in-force", "state: active"}, "reference-unknown", `"active"`},
	{"no source", edit{weee, "source:\n  - \"http://data.europa.eu/eli/dir/2012/19/oj\"", "source: []"}, "field-empty", "no source"},
	{"provision twice", edit{weee, `- id: "Art15"`, `- id: "Art14"`}, "id-twice", "Art14"},
	{"unknown level of a provision", edit{weee, "level: mandatory", "level: must"}, "reference-unknown", `"must"`},
	{"unknown topic of a provision", edit{weee, "topic: lifecycle", "topic: waste"}, "reference-unknown", `"waste"`},
	{"unknown automation of a provision", edit{weee, "automation: none", "automation: never"}, "reference-unknown", `"never"`},
	{"unknown confidence of a provision", edit{weee, "automation: none", "automation: none\n    confidence: sure"}, "reference-unknown", `"sure"`},
	{"conditional without when", edit{weee, "    when: seller from elsewhere\n", ""}, "when-lacking", "Art17"},
	{"instrument taken away", edit{weee, "", ""}, "count-changed", "39 instruments"},
	{"provision renamed", edit{weee, `- id: "Art16"`, `- id: "Art16a"`}, "reference-unknown", `"Art16"`},
	{"theme out of number", edit{themes, "- id: T02", "- id: T82"}, "themes-numbered", "T82"},
	{"unknown topic of a theme", edit{themes, "topic: device-security", "topic: supply-chain"}, "reference-unknown", "supply-chain"},
	{"unknown subject of a theme", edit{themes, "about: product", "about: things"}, "reference-unknown", "things"},
	{"unknown instrument of a theme", edit{themes, "uk-psti: [\"Sch1-1\"]", "uk-pstj: [\"Sch1-1\"]"}, "reference-unknown", "did you mean uk-psti?"},
	{"unknown provision of a theme", edit{themes, "uk-psti: [\"Sch1-1\"]", "uk-psti: [\"Sch1-9\"]"}, "reference-unknown", "Sch1-9"},
	{"mapping by hand", edit{"crosswalk/mapping.yaml", "confidence: medium", "confidence: low"}, "mapping-stale", "go generate ./catalogue"},
	{"mapping taken away", edit{"crosswalk/mapping.yaml", "", ""}, "mapping-stale", "go generate ./catalogue"},
	{"mapping older than a criterion", edit{security, "themes: [T03]", "themes: [T04]"}, "mapping-stale", "go generate ./catalogue"},

	{"printed fact out of number", edit{label, "order: 3", "order: 4"}, "label-order", "account-or-plan"},
	{"printed fact twice", edit{label, "- id: spare-parts", "- id: senses"}, "id-twice", "senses"},
	{"unknown criterion of a printed fact", edit{label, "criteria: [lifecycle.security-support-date]", "criteria: [lifecycle.security-support]"}, "reference-unknown", "lifecycle.security-support"},
	{"unknown field of a printed fact", edit{label, "fields: [support.updates_until]", "fields: [support.updates_till]"}, "path-unknown", "support.updates_till"},
	{"unknown printed fact of an answer", edit{label, "facts: [security-updates]", "facts: [updates]"}, "reference-unknown", `"updates"`},
	{"unknown risk of a printed fact", edit{label, "risks: [short-lived, security-flaws]", "risks: [shortlived, security-flaws]"}, "reference-unknown", "shortlived"},
	{"value twice", edit{label, "{id: none,    print: None,            when: \"updates_until is none\"}", "{id: date,    print: None,            when: \"updates_until is none\"}"}, "label-values", "date twice"},
	{"no value unknown", edit{label, "{id: unknown, print: Not known,       when: \"updates_until", "{id: blank, print: Not known,       when: \"updates_until"}, "label-values", "no value unknown"},
	{"value without when", edit{label, "when: \"updates_until is none\"", "when: \"\""}, "field-empty", "security-updates"},
	{"hard answer", edit{label, "No. The maker promises no updates.", "Manufacturer availability representations are demonstrably insufficient."}, "reading-grade", "supported.none"},
	{"answer taken away", edit{label, "- id: closes\n  order: 9\n  question: What if the maker closes?", "- id: closes\n  order: 9\n  question: What then?\n  values:\n    - {id: unknown, say: \"No.\", when: \"all\"}\n  fields: []\n  criteria: []\n- id: more\n  order: 10\n  question: What if the maker closes?"}, "count-changed", "10 answers"},

	{"field twice", edit{fields, "{id: product.model, ", "{id: product.name, "}, "id-twice", "product-name"},
	{"field taken away", edit{fields, "- {id: product.misuse,      type: text, visibility: public, from: declaration, at: product.misuse, means: \"foreseeable use or misuse with real risk\"}\n", ""}, "count-changed", "83 fields"},
	{"unknown type of a field", edit{fields, "{id: product.name,        type: text,", "{id: product.name,        type: words,"}, "reference-unknown", `"words"`},
	{"unknown visibility of a field", edit{fields, "visibility: public", "visibility: open"}, "reference-unknown", `"open"`},
	{"unknown source of a field", edit{fields, "from: declaration, at: product.name", "from: maker, at: product.name"}, "reference-unknown", `"maker"`},
	{"source and place do not fit", edit{fields, "from: declaration, at: product.name", "from: declaration"}, "field-source", "product.name"},
	{"kind and source do not fit", edit{fields, "from: evidence, kind: assessment-tables,", "from: evidence,"}, "field-source", "security.watch"},
	{"unknown place of a field", edit{fields, "at: product.model,", "at: product.modell,"}, "path-unknown", "product.modell"},
	{"unknown second place of a field", edit{fields, "also: [product.codes]", "also: [product.code]"}, "path-unknown", "product.code"},
	{"unknown kind of a field", edit{fields, "kind: assessment-tables,", "kind: tables,"}, "reference-unknown", `"tables"`},
	{"table without columns", edit{fields, "columns: [criterion, instrument, provision, relation, confidence], ", ""}, "field-empty", "tables.crosswalk"},
	{"unknown column", edit{fields, "columns: [part, name, needed,", "columns: [part, name, need,"}, "reference-unknown", `"need"`},
	{"unknown role of a party", edit{fields, "where: [factory]", "where: [factories]"}, "reference-unknown", "factories"},
	{"field in no document", edit{documents, "product.purpose, product.environment, ", "product.purpose, "}, "field-idle", "product.environment"},
	{"document twice", edit{documents, "- id: cra-technical-file", "- id: psti-statement"}, "id-twice", "psti-statement"},
	{"document id malformed", edit{documents, "- id: psti-statement", "- id: PSTI"}, "id-malformed", "PSTI"},
	{"document out of order", edit{documents, "  access: public\n  signed: true\n", "  signed: true\n  access: public\n"}, "key-order", "psti-statement"},
	{"document without a key", edit{documents, "  form: text\n", ""}, "field-lacking", "form"},
	{"unknown instrument of a document", edit{documents, "instruments: [uk-psti]", "instruments: [uk-psta]"}, "reference-unknown", "uk-psta"},
	{"unknown access of a document", edit{documents, "access: public", "access: open"}, "reference-unknown", `"open"`},
	{"unknown field of a document", edit{documents, "from: [product.name, product.model, product.batches]", "from: [product.name, product.model, product.batch]"}, "reference-unknown", "product.batch"},
	{"provision of another instrument", edit{documents, "covers: [Sch4-a]", "covers: [AnII-1]"}, "reference-unknown", "AnII-1"},
	{"document taken away", edit{documents, "- id: psti-statement", "- id: spare\n  title: spare\n  instruments: []\n  markets: []\n  access: public\n  signed: false\n  form: text\n  rows: []\n\n- id: psti-statement"}, "count-changed", "24 documents"},
	{"public paper with a secret field", edit{fields, "{id: product.batches,     type: text, visibility: public", "{id: product.batches,     type: text, visibility: secret"}, "secret-shown", "psti-statement"},

	{"fact that the schema does not know", edit{schemaFile, `"has_cloud": {`, `"has_server": {`}, "schema-differs", "the facts"},
	{"kind that the schema does not know", edit{scheme, "{id: teardown,", "{id: opening,"}, "schema-differs", "the kinds of evidence"},
	{"visibility that the schema does not know", edit{scheme, "{id: restricted, means", "{id: closed, means"}, "schema-differs", "the visibilities"},
	{"answer that the schema does not know", edit{schemaFile, `"enum": ["met", "partly", "unmet", "unknown", "not-applicable"]`, `"enum": ["met", "partly", "unmet", "unknown"]`}, "schema-differs", "the answers"},
	{"part that the schema does not know", edit{schemaFile, `"enum": ["device", "hub", "cloud", "app"]`, `"enum": ["device", "cloud", "app"]`}, "schema-differs", "the parts"},
	{"option that the schema does not know", edit{schemaFile, `"cellular",`, `"mobile",`}, "schema-differs", "the options of connects_by"},
	{"sense that the schema does not know", edit{schemaFile, `"enum": ["camera", "sound",`, `"enum": ["camera", "noise",`}, "schema-differs", "the senses"},
	{"schema is no JSON", edit{schemaFile, "", "{"}, "schema-differs", "cannot be read"},
	{"pattern that few programs read", edit{schemaFile, `"pattern": "`, `"pattern": "(?:x)`}, "schema-pattern", "(?:x)"},

	{"unknown criterion in the bindings", edit{bindings, "privacy.notice-accessible:", "privacy.notice-acessible:"}, "reference-unknown", "did you mean privacy.notice-accessible?"},
	{"unknown family in the bindings", edit{bindings, "family: readability", "family: reading"}, "reference-unknown", `"reading"`},
	{"unknown role in the bindings", edit{bindings, "role: guard, because: the criterion asks for a notice", "role: sure, because: the criterion asks for a notice"}, "reference-unknown", `"sure"`},
	{"check without a topic", edit{bindings, "check: privacy.notice-readable", "check: notice-readable"}, "id-malformed", "notice-readable"},
	{"check in the room of another topic", edit{bindings, "check: privacy.notice-readable", "check: provenance.notice-readable"}, "check-topic", "its topic must be one of privacy"},
	{"binding without a reason", edit{bindings, "because: a login nobody was told of is a hidden entrance", "because: \"\""}, "binding-because", "no-hidden-access"},
	{"check bound twice", edit{bindings, "check: privacy.notice-readable, family: readability", "check: privacy.notice-fits-product, family: text-scan"}, "binding-twice", "notice-fits-product"},
	{"check in two families", edit{bindings, "check: privacy.notice-readable, family: readability", "check: privacy.notice-fits-product, family: readability"}, "check-family", "text-scan and readability"},
	{"binding to a criterion without such evidence", edit{bindings, "data-security.stored-data-protected:", "data-security.password-handling:"}, "check-idle", "password-handling"},

	{"estimate taken away", edit{effort, "  privacy.erase: ", "  #"}, "effort-lacking", "privacy.erase"},
	{"estimate for an unknown criterion", edit{effort, "  privacy.erase: ", "  privacy.delete: "}, "reference-unknown", "privacy.delete"},
	{"answer takes no time", edit{effort, "{answer: 10, mend: 3360}", "{answer: 0, mend: 3360}"}, "effort-range", "privacy.erase"},
	{"answer takes longer than mending", edit{effort, "{answer: 10, mend: 3360}", "{answer: 10, mend: 5}"}, "effort-range", "privacy.erase"},

	{"must that needs tested without a method", edit{lineCut, "", ""}, "method-lacking", "lifecycle.works-without-internet"},
	{"must that needs assessed without a generic method", edit{reading, "", ""}, "method-lacking", "lifecycle.take-back"},
	{"method of an unknown criterion", edit{lineCut, "serves: [lifecycle.works-without-internet]", "serves: [lifecycle.works-without-inet]"}, "reference-unknown", "did you mean lifecycle.works-without-internet?"},
	{"method of an unknown competence", edit{lineCut, "competence: [network]", "competence: [networks]"}, "reference-unknown", "did you mean network?"},
	{"method that keeps an unknown kind", edit{lineCut, "keep: [test-report]", "keep: [report]"}, "reference-unknown", `kind of evidence "report"`},
	{"method from an unknown instrument", edit{lineCut, "instrument: matter", "instrument: mater"}, "reference-unknown", "did you mean matter?"},
	{"method from an unknown provision", edit{lineCut, "\"TG-5.9\"", "\"TG-5.99\""}, "reference-unknown", "TG-5.99"},
	{"method that carries to an unknown step", edit{lineCut, "carries: tested", "carries: tried"}, "reference-unknown", `"tried"`},
	{"method that carries too low", edit{lineCut, "carries: tested", "carries: assessed"}, "method-carries", "works-without-internet needs tested"},
	{"method for nothing", edit{lineCut, "serves: [lifecycle.works-without-internet]", "serves: []"}, "method-serves", "lifecycle.line-cut"},
	{"generic method for something", edit{reading, "generic: true", "serves: [lifecycle.take-back]\ngeneric: true"}, "method-serves", "evidence-reading"},
	{"method in the room of another topic", edit{lineCut, "serves: [lifecycle.works-without-internet]", "serves: [privacy.sensor-control]"}, "method-topic", "must be one of privacy"},
	{"method that keeps what its criterion does not accept", edit{"methods/lifecycle.support-asked.yaml", "serves: [lifecycle.support-channels]", "serves: [lifecycle.support-channels, lifecycle.take-back, privacy.automated-decisions, device-security.no-embedded-secrets]"}, "method-evidence", "no-embedded-secrets accepts"},
	{"trial without unit or account", edit{lineCut, "  units: 1\n", "  units: 0\n"}, "method-sample", "with 0 units"},
	{"trial of too many units", edit{lineCut, "  units: 1\n", "  units: 10\n"}, "method-sample", "at most 9 units"},
	{"method in no time", edit{lineCut, "minutes: 200", "minutes: 0"}, "method-minutes", "0 minutes"},
	{"method for a month", edit{lineCut, "minutes: 200", "minutes: 9600"}, "method-minutes", "9600 minutes"},
	{"method without steps", edit{lineCut, "", bareMethod}, "field-empty", "steps of lifecycle.line-cut is empty"},
	{"step without what to expect", edit{lineCut, "expect: Nothing that was declared to work did not.", "expect: \"\""}, "field-empty", "what to expect"},
	{"rule without what it means", edit{lineCut, "means: \"They held for a day without the line.\"", "means: \"\""}, "field-empty", "does not say what it means"},
	{"step that records and keeps nothing", edit{lineCut, "record: [contradicts]", "record: []"}, "method-step-idle", "step 7"},
	{"step that records an unknown field", edit{lineCut, "record: [contradicts]", "record: [contradict]"}, "reference-unknown", "did you mean contradicts?"},
	{"field in no step", edit{lineCut, "record: [fail_after_day, day_waited]", "record: [fail_after_day]"}, "record-field-idle", "day_waited"},
	{"source of two sorts", edit{threats, "{instrument: eu-cra, provisions: [\"Art13-2\"]}", "{instrument: eu-cra, title: CRA}"}, "method-source", "threat-reading"},
	{"sentence of a method without full stop", edit{lineCut, "Nothing that was declared to work did not.", "Nothing that was declared to work did not"}, "full-stop", "lifecycle.line-cut"},
	{"method out of order", edit{lineCut, "version: 1\ntitle: Working with the line cut\n", "title: Working with the line cut\nversion: 1\n"}, "key-order", "lifecycle.line-cut"},
	{"method without limits", edit{lineCut, "limits:\n  - Outages longer than a day, and a permission that ends after months, are not seen.\n  - That the unit is safe while it works alone is not shown; see device-security.safe-actuation.\n", "limits: []\n"}, "field-empty", "limits of lifecycle.line-cut"},
	{"text of a method changed without a version", edit{lineCut, "Give the unit power for the first time.", "Give the unit power."}, "method-version", "raise the version"},
	{"version of a method too high", edit{lineCut, "version: 1", "version: 3"}, "method-version", "version 3"},
	{"version of a method below 1", edit{lineCut, "version: 1", "version: 0"}, "method-version", "version 0"},
	{"version of a method that is gone", edit{"methods/versions.yaml", "  lifecycle.line-cut:", "  lifecycle.line-cat:"}, "method-version", "lifecycle.line-cat has versions and no file"},
	{"shared form changed without versions", edit{form, "within the scope applied for", "as applied for"}, "method-version", "raise the version"},
	{"field twice on a form", edit{lineCut, "{id: back_after_line,", "{id: back_after_power,"}, "record-field-twice", "back_after_power"},
	{"field that the shared form has", edit{lineCut, "{id: contradicts,", "{id: unforeseen,"}, "record-field-twice", "unforeseen"},
	{"name given twice", edit{lineCut, "gives: {day_enough:", "gives: {offline_enough:"}, "record-field-twice", "offline_enough"},
	{"field named as the verdict", edit{lineCut, "{id: contradicts,", "{id: verdict,"}, "record-field-twice", "verdict"},
	{"field with hyphens", edit{lineCut, "{id: contradicts,", "{id: contra-dicts,"}, "id-malformed", "contra-dicts"},
	{"field of an unknown type", edit{lineCut, "type: text", "type: words"}, "record-field-form", "of the type words"},
	{"field without a label", edit{lineCut, "label: \"Which, and what happened\"", "label: \"\""}, "record-field-form", "has no label"},
	{"choice of one", edit{twoKeys, "options: {refused: \"refused\", reached: \"data or a command got through\", not-tried: \"could not be tried\"}", "options: {refused: \"refused\"}"}, "record-field-form", "at least two options"},
	{"choice of unknown", edit{twoKeys, "not-tried: \"could not be tried\"}", "unknown: \"could not be tried\"}"}, "record-field-form", "offers unknown"},
	{"number without a unit", edit{lineCut, "unit: hours, ", ""}, "record-field-form", "number without a unit"},
	{"text with a unit", edit{lineCut, "type: text, required", "type: text, unit: words, required"}, "record-field-form", "is no number"},
	{"least above most", edit{lineCut, "least: 0, most: 10000", "least: 20000, most: 10000"}, "record-field-form", "least above its most"},
	{"required always and sometimes", edit{lineCut, "required: false, required_when: \"fresh_fails\"", "required: true, required_when: \"fresh_fails\""}, "record-field-form", "only sometimes"},
	{"name given by nothing", edit{lineCut, "gives: {day_enough: {at_least: 24}}", "gives: {day_enough: {}}"}, "record-field-form", "by no condition"},
	{"name given by an option that is not offered", edit{twoKeys, "reached: {is: [reached]}", "reached: {is: [reachd]}"}, "record-field-form", "options it does not offer"},
	{"name given by a limit of no number", edit{twoKeys, "reached: {is: [reached]}", "reached: {at_least: 1}"}, "record-field-form", "is no number"},
	{"name given by a field that is not there", edit{twoKeys, "same_as: digest_unit_2", "same_as: digest_unit_3"}, "record-field-form", "not there or not of its type"},
	{"rule on what is not recorded", edit{lineCut, "when: \"some_function\", means: \"The basic", "when: \"some_functions\", means: \"The basic"}, "verdict-unrecorded", "did you mean some_function?"},
	{"rule that is always true", edit{lineCut, "when: \"some_function\", means: \"The basic", "when: \"always\", means: \"The basic"}, "verdict-unrecorded", "refers to always"},
	{"required when something is not recorded", edit{lineCut, "required_when: \"fresh_fails\"", "required_when: \"fresh_fail\""}, "reference-unknown", "did you mean fresh_fails?"},
	{"rule on what may stay empty", edit{lineCut, "{id: contradicts, label: \"The declaration says that something works without internet which did not\", type: boolean, required: true}", "{id: contradicts, label: \"The declaration says that something works without internet which did not\", type: boolean, required: false}"}, "verdict-optional", "require contradicts"},
	{"pass that cannot be reached", edit{lineCut, "when: \"offline_enough and day_enough\"", "when: \"offline_enough and not offline_enough\""}, "verdict-unreachable", "the verdict pass"},
	{"fail that cannot be reached", edit{lineCut, "", bareMethod}, "verdict-unreachable", "the verdict fail"},
	{"competence of no kind", edit{competences, "  kind: technique", "  kind: skill"}, "reference-unknown", `"skill"`},
	{"topic as a technique", edit{competences, "  kind: topic", "  kind: technique"}, "competence-form", "the eight topics"},
	{"competence for ever", edit{competences, "months: 24", "months: 25"}, "competence-form", "1 to 24 months"},
	{"competence of a topic taken away", edit{competences, "- id: interoperability", "- id: interop"}, "competence-topic", "interoperability"},
	{"competence that no method asks for", edit{competences, "- id: contracts", "- id: contract"}, "competence-idle", "contract"},
	{"competence twice", edit{competences, "- id: radio", "- id: network"}, "id-twice", "network"},

	{"long dash", edit{weee, "photo of symbol", "photo \u2014 of symbol"}, "style", "eu-weee.yaml"},
	{"curly quote", edit{"README.md", "Criteria, facts", "Criteria, \u201cfacts"}, "style", "README.md"},
	{"tab", edit{schemaFile, "  ", "\t"}, "style", "declaration.schema.json"},
}

func TestLintFinds(t *testing.T) {
	t.Parallel()
	for i, tt := range lintCases {
		if race && i%16 != 0 {
			continue // the detector multiplies the cost, and one rule is like another to it
		}
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, err := catalogue.LoadFS(broken(t, tt.edit))
			if err != nil {
				t.Fatalf("the broken data cannot be read: %v", err)
			}
			got := catalogue.Lint(c)
			for _, p := range got {
				if p.ID == tt.rule && strings.Contains(p.Pos+" "+p.Field+" "+p.Msg, tt.says) {
					return
				}
			}
			t.Errorf("no %s that says %q among %d problems:\n%v", tt.rule, tt.says, len(got), got)
		})
	}
}

// The checks that are built in are known only to the caller.
var bindingCases = []struct {
	name  string
	known func([]iotmark.CheckID) []iotmark.CheckID
	rule  iotmark.ErrorID
	says  string
}{
	{"bound and not built in", func(k []iotmark.CheckID) []iotmark.CheckID { return k[1:] }, "check-unknown", "data-security.clear-ports"},
	{"built in and not bound", func(k []iotmark.CheckID) []iotmark.CheckID { return append(k, "privacy.spare") }, "check-unbound", "privacy.spare"},
}

func TestLintBindingsFinds(t *testing.T) {
	t.Parallel()
	c := load(t)
	for _, tt := range bindingCases {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := catalogue.LintBindings(c, tt.known(bound(c)))
			if len(got) != 1 || got[0].ID != tt.rule || !strings.Contains(got[0].Msg, tt.says) {
				t.Errorf("got %v, want one %s about %s", got, tt.rule, tt.says)
			}
		})
	}
}

// Every rule has a case that breaks it, and every case a rule.
func TestEveryRuleIsBroken(t *testing.T) {
	t.Parallel()
	rules, cases := map[iotmark.ErrorID]bool{}, map[iotmark.ErrorID]bool{}
	for _, r := range catalogue.Rules() {
		rules[r.ID] = true
	}
	for _, tt := range lintCases {
		cases[tt.rule] = true
	}
	for _, tt := range bindingCases {
		cases[tt.rule] = true
	}
	for _, tt := range procedureCases {
		cases[tt.rule] = true
	}
	if d := cmp.Diff(rules, cases); d != "" {
		t.Errorf("rules and cases (-rules +cases):\n%s", d)
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		edit edit
		id   iotmark.ErrorID
		want string // of the message with its position
	}{
		{"shared form taken away", edit{form, "", ""}, "catalogue-file-missing", form},
		{"method under another name", edit{lineCut, "id: lifecycle.line-cut", "id: lifecycle.line-cat"}, "catalogue-head-wrong", "methods/lifecycle.line-cut.yaml:1:5: the file is named lifecycle.line-cut"},
		{"method with a broken rule", edit{lineCut, "when: \"contradicts\"", "when: \"contradicts or\""}, "catalogue-expression-broken", "ends too early"},
		{"method with a broken condition", edit{lineCut, "required_when: \"fresh_fails\"", "required_when: \"fresh_fails =\""}, "catalogue-expression-broken", "did not expect ="},
		{"shared form with a broken rule", edit{form, "when: \"not in_scope\"", "when: \"not\""}, "catalogue-expression-broken", "methods/form.yaml:21:14: "},
		{"unknown key of a method", edit{lineCut, "minutes: 200", "minuts: 200"}, "catalogue-key-unknown", "did you mean minutes?"},
		{"empty key of a method", edit{lineCut, "minutes: 200", "\"\": 200"}, "catalogue-key-unknown", lineCut},
		{"text for a limit of a field", edit{lineCut, "at_least: 24", "at_least: day"}, "catalogue-type-wrong", "text where a fraction is wanted"},
		{"method too large", edit{lineCut, "id: lifecycle.line-cut", "# " + strings.Repeat("x", 64<<10) + "\nid: lifecycle.line-cut"}, "catalogue-too-large", "several methods"},
		{"method with too many steps", edit{lineCut, "steps:\n", "steps:\n" + strings.Repeat("  - {do: A., expect: B., record: [], keep: []}\n", 40)}, "catalogue-too-large", "47 steps"},
		{"method with too many fields", edit{lineCut, "fields:\n", "fields:\n" + strings.Repeat("  - {id: a, label: A, type: text, required: true}\n", 60)}, "catalogue-too-large", "71 fields"},
		{"file taken away", edit{label, "", ""}, "catalogue-file-missing", "2026.1/label-facts.yaml: "},
		{"not YAML", edit{security, "criteria:", "criteria: ["}, "catalogue-yaml-broken", security},
		{"empty file", edit{security, "", "# nothing\n"}, "catalogue-yaml-broken", security},
		{"two documents", edit{security, "criteria:", "---\ncriteria:"}, "catalogue-yaml-broken", "more than one document"},
		{"anchor", edit{security, "parts: [cloud, app]", "parts: &p [cloud, app]\n  evidence: *p"}, "catalogue-type-wrong", "an alias where a list is wanted"},
		{"key twice", edit{security, "  level: should\n", "  level: should\n  level: must\n"}, "catalogue-key-twice", "level stands twice"},
		{"unknown key", edit{security, "  level: should\n", "  lvel: should\n"}, "catalogue-key-unknown", "did you mean level?"},
		{"yes for true", edit{security, "entry: true", "entry: yes"}, "catalogue-type-wrong", "text where a truth value is wanted"},
		{"number for text", edit{weee, `date: "`, "date: 2012 #"}, "catalogue-type-wrong", "a whole number where text is wanted; put it in quotes"},
		{"fraction for text", edit{"instruments/eu-rohs.yaml", "version: ", "version: 1.0 #"}, "catalogue-type-wrong", "a fraction where text is wanted"},
		{"nothing for a list", edit{weee, "notes: []", "notes:"}, "catalogue-type-wrong", "nothing where a list is wanted"},
		{"text for a list", edit{security, "parts: [cloud, app]", "parts: cloud"}, "catalogue-type-wrong", "text where a list is wanted"},
		{"list for a block", edit{effort, "{answer: 10, mend: 3360}", "[10, 3360]"}, "catalogue-type-wrong", "a list where a block of keys is wanted"},
		{"text for a number", edit{effort, "{answer: 10, mend: 3360}", "{answer: ten, mend: 3360}"}, "catalogue-type-wrong", "privacy.erase.answer is text where a whole number is wanted"},
		{"truth for a key", edit{scheme, `options: {"true": "Yes"`, `options: {true: "Yes"`}, "catalogue-type-wrong", "put it in quotes"},
		{"option twice", edit{scheme, "      ethernet: Ethernet", "      wifi: Ethernet"}, "catalogue-type-wrong", "wifi stands twice"},
		{"options in a list", edit{scheme, `options: {"true": "Yes", "false": "No", "unknown": "Not sure"}`, `options: ["true", "false", "unknown"]`}, "catalogue-type-wrong", "a block of keys is wanted"},
		{"head of a topic", edit{security, "topic: data-security", "topic: privacy"}, "catalogue-head-wrong", "topic privacy"},
		{"edition of a topic", edit{security, `edition: "2026.1"`, `edition: "2026.2"`}, "catalogue-head-wrong", "2026.2"},
		{"edition of the bindings", edit{bindings, `edition: "2026.1"`, `edition: "2025.1"`}, "catalogue-head-wrong", "2025.1"},
		{"id of an instrument", edit{weee, "id: eu-weee", "id: eu-waste"}, "catalogue-head-wrong", "eu-waste"},
		{"broken expression", edit{security, "applies_if: has_ip", "applies_if: has_ip and"}, "catalogue-expression-broken", "ends too early"},
		{"unknown step", edit{security, "needs: tested", "needs: proven"}, "catalogue-step-unknown", `"proven"`},
		{"no step", edit{security, "needs: tested", "needs: none"}, "catalogue-step-unknown", `"none"`},
		{"criterion twice", edit{security, "- id: data-security.endpoint-quality", "- id: data-security.transport-encryption"}, "catalogue-criterion-twice", "stands twice"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, err := catalogue.LoadFS(broken(t, tt.edit))
			if err == nil {
				err = c.LoadInstruments()
			}
			if err == nil {
				err = c.LoadMethods()
			}
			var es iotmark.Errors
			if !errors.As(err, &es) {
				t.Fatalf("got %v, want iotmark.Errors", err)
			}
			if iotmark.KindOf(err) != iotmark.Invalid {
				t.Errorf("the kind is %s, want invalid", iotmark.KindOf(err))
			}
			for _, e := range es {
				if e.ID == tt.id && strings.Contains(e.Error(), tt.want) {
					return
				}
			}
			t.Errorf("no %s that says %q:\n%v", tt.id, tt.want, err)
		})
	}
}

// Whatever stands in a file of the catalogue: an error or problems, never a
// panic.
func FuzzLoadFS(f *testing.F) {
	files := []string{scheme, security, label, schemaFile, bindings, effort, weee, themes, fields, documents, procedure, agreement,
		form, competences, "methods/versions.yaml", lineCut}
	for i := range files {
		f.Add(uint8(i), []byte("edition: \"2026.1\"\n"))
		f.Add(uint8(i), []byte("{"))
		f.Add(uint8(i), []byte("- &a [*a, *a]"))
		f.Add(uint8(i), []byte(`{"properties": {"facts": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"$ref": "#/$defs/a"}}}`))
	}
	f.Fuzz(func(t *testing.T, i uint8, raw []byte) {
		good := broken(t).(fstest.MapFS)
		good[files[int(i)%len(files)]] = &fstest.MapFile{Data: raw}
		if c, err := catalogue.LoadFS(good); err == nil {
			catalogue.Lint(c)
		}
	})
}

// All faults are told in one run, each with its line.
func TestLoadTellsAllFaults(t *testing.T) {
	t.Parallel()
	_, err := catalogue.LoadFS(broken(t,
		edit{security, "entry: true", "entry: yes"},
		edit{scheme, "state: draft", "stat: draft"},
		edit{"2026.1/privacy.yaml", "level: must", "level: 1"},
	))
	var got []string
	for _, e := range err.(iotmark.Errors) {
		got = append(got, e.Error())
	}
	want := []string{
		"2026.1/scheme.yaml:6:1: stat is no key of the file; did you mean state?",
		"2026.1/data-security.yaml:8:10: criteria.data-security.transport-encryption.entry is text where a truth value is wanted",
		"2026.1/privacy.yaml:7:10: criteria.privacy.notice-accessible.level is a whole number where text is wanted; put it in quotes",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("got (-want +got):\n%s", d)
	}
}
