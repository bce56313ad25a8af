package dossier_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/dossier"
)

// minimal is the shortest declaration, to be changed by tests.
func minimal(t testing.TB) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(example, "minimal.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// with returns the minimal declaration with old replaced by new.
func with(t testing.TB, old, new string) string {
	t.Helper()
	s := minimal(t)
	if !strings.Contains(s, old) {
		t.Fatalf("the minimal declaration has no %q", old)
	}
	return strings.Replace(s, old, new, 1)
}

// TestWords holds what is told about single mistakes: the code, the place and
// the exact words.
func TestWords(t *testing.T) {
	t.Parallel()
	cat := load(t)
	add := func(s string) string { return minimal(t) + s }
	facts := func(s string) string { return with(t, "facts:\n", "facts:\n"+s) }
	product := func(s string) string { return with(t, "product:\n", "product:\n"+s) }
	for _, c := range []struct {
		name string
		in   string
		want []string // "line:column id message"
	}{
		{"key twice", product("  name: A\n"), []string{
			"6:3 key-twice product: name stands here twice. Keep one of them."}},
		{"key twice at the top", add("facts: {}\n"), []string{
			"19:1 key-twice the file: facts stands here twice. Keep one of them."}},
		{"yes for true", facts("  has_app: yes\n"), []string{
			"15:12 type-wrong facts.has_app: needs true, false or unknown, but found yes. Write true."}},
		{"No for false", facts("  has_app: No\n"), []string{
			"15:12 type-wrong facts.has_app: needs true, false or unknown, but found No. Write false."}},
		{"a truth in quotes", facts("  has_app: \"true\"\n"), []string{
			"15:12 type-wrong facts.has_app: needs true, false or unknown, but found true. Take the quotes off."}},
		{"a fact misspelt as unknwon", facts("  has_app: unknwon\n"), []string{
			"15:12 type-wrong facts.has_app: needs true, false or unknown, but found unknwon. Did you mean unknown?"}},
		{"a fact left empty", facts("  has_app:\n"), []string{
			"15:11 type-wrong facts.has_app: needs true, false or unknown, but found nothing."}},
		{"date without zeros", with(t, "2026-05-04", "2026-5-4"), []string{
			"8:15 value-malformed product.first_sale: 2026-5-4 is not year-month-day, such as 2033-12-31. Write 2026-05-04."}},
		{"date without zeros where a word may stand", with(t, "2031-05-31", "2031-5-31"), []string{
			"18:18 value-malformed support.updates_until: 2031-5-31 is not year-month-day, such as 2033-12-31. Write 2031-05-31."}},
		{"a month for a date", with(t, "2031-05-31", "2031-05"), []string{
			"18:18 type-wrong support.updates_until: needs a date such as 2033-12-31, none or unknown, but found 2031-05. Write the last day of the month."}},
		{"no such day", with(t, "2031-05-31", "2031-02-30"), []string{
			"18:18 date-impossible support.updates_until: there is no day 2031-02-30 in the calendar."}},
		{"an address with a login", add("contacts: {security_policy: \"https://anna:hunter2@maker.example/help\"}\n"), []string{
			"19:29 address-with-login contacts.security_policy: the address at maker.example has a user name or a password in it, and a declaration is read by many. Take out what stands before the @, and change that password if this file was handed on."}},
		{"edition without quotes", with(t, `"2026.1"`, "2026.1"), []string{
			"3:10 type-wrong iotmark: needs text, but found the number 2026.1. Put it in quotes: \"2026.1\"."}},
		{"unknown edition", with(t, `"2026.1"`, `"2025.1"`), []string{
			"3:10 edition-unknown iotmark: there is no edition 2025.1. Known: 2026.1."}},
		{"small country", with(t, "country: GB", "country: gb"), []string{
			"12:12 value-malformed maker.country: gb is not two capital letters, such as GB; EU stands for all EU countries. Did you mean GB?"}},
		{"a list where one word is", with(t, "[bluetooth]", "bluetooth"), []string{
			"15:16 type-wrong facts.connects_by: needs a list or unknown, but found bluetooth. A list of one is written [bluetooth]."}},
		{"a radio misspelt", with(t, "[bluetooth]", "[bluetoth]"), []string{
			"15:17 value-unknown facts.connects_by.1: bluetoth is not one of wifi, ethernet, cellular, thread, bluetooth, zigbee, z-wave, lorawan, nfc, other-radio, other-wire. Did you mean bluetooth?"}},
		{"missing field with an example", with(t, "  model: LN-1\n", ""), []string{
			"4:1 field-missing product.model is missing. Model or type as printed on the type plate. Example: model: NH-T2"}},
		{"empty text", with(t, "model: LN-1", `model: ""`), []string{
			"6:10 value-malformed product.model: an empty text is not an answer. Fill it in, or take the line out."}},
		{"version as a number", add("software:\n  - {part: device, version: 1.10}\n"), []string{
			"20:29 type-wrong software.1.version: needs text, but found the number 1.10. Put it in quotes: \"1.10\"."}},
		{"criterion in another topic", add("claims: {privacy.factory-reset: unknown}\n"), []string{
			"19:10 criterion-unknown claims: there is no criterion privacy.factory-reset in edition 2026.1. Did you mean lifecycle.factory-reset?"}},
		{"criterion without topic", add("claims: {factory-reset: unknown}\n"), []string{
			"19:10 criterion-unknown claims: there is no criterion factory-reset in edition 2026.1. Did you mean lifecycle.factory-reset?"}},
		{"criterion with a misspelt topic", add("claims: {lifecicle.factory-rest: unknown}\n"), []string{
			"19:10 criterion-unknown claims: there is no criterion lifecicle.factory-rest in edition 2026.1. Did you mean lifecycle.factory-reset?"}},
		{"partly without a note", add("claims: {lifecycle.factory-reset: {answer: partly}}\n"), []string{
			"19:10 field-missing claims.lifecycle.factory-reset.note is missing. Why, in words that become public. Partly and unmet need it."}},
		{"partly as a word", add("claims: {lifecycle.factory-reset: partly}\n"), []string{
			"19:35 type-wrong claims.lifecycle.factory-reset: needs met, unknown, not-applicable, a list or a block of fields, but found partly. Write {answer: partly, ...}."}},
		{"yes as a claim", add("claims: {lifecycle.factory-reset: yes}\n"), []string{
			"19:35 type-wrong claims.lifecycle.factory-reset: needs met, unknown, not-applicable, a list or a block of fields, but found yes. Write met, or [evidence-id]."}},
		{"true as a claim", add("claims: {lifecycle.factory-reset: true}\n"), []string{
			"19:35 type-wrong claims.lifecycle.factory-reset: needs met, unknown, not-applicable, a list or a block of fields, but found true. Write met, or [evidence-id]."}},
		{"maybe as a claim", add("claims: {lifecycle.factory-reset: maybe}\n"), []string{
			"19:35 type-wrong claims.lifecycle.factory-reset: needs met, unknown, not-applicable, a list or a block of fields, but found maybe. Write met, or [evidence-id]."}},
		{"no as a claim", add("claims: {lifecycle.factory-reset: no}\n"), []string{
			"19:35 type-wrong claims.lifecycle.factory-reset: needs met, unknown, not-applicable, a list or a block of fields, but found no. Write {answer: unmet, note: why}."}},
		{"evidence as a claim without brackets", add("claims: {lifecycle.factory-reset: manual}\nevidence:\n  - {id: manual, kind: document, title: Manual, url: \"https://lumo.example\"}\n"), []string{
			"19:35 type-wrong claims.lifecycle.factory-reset: needs met, unknown, not-applicable, a list or a block of fields, but found manual. A list of one is written [manual]."}},
		{"evidence that is not there", add("claims: {lifecycle.factory-reset: [manul]}\nevidence:\n  - {id: manual, kind: document, title: Manual, url: \"https://lumo.example\"}\n"), []string{
			"19:36 reference-unknown claims.lifecycle.factory-reset: there is no evidence with the id manul. Did you mean manual?"}},
		{"evidence without file, address or hash", add("evidence:\n  - {id: manual, kind: document, title: Manual}\n"), []string{
			"20:5 hash-missing evidence.manual: give a path, an address or a SHA-256, so that others can tell which file is meant."}},
		{"backslashes in a path", add("evidence:\n  - {id: manual, kind: document, title: Manual, path: 'evidence\\manual.md'}\n"), []string{
			`20:55 value-malformed evidence.manual.path: evidence\manual.md is not a file below the folder of this file, with forward slashes. Did you mean evidence/manual.md?`}},
		{"facts contradict", facts("  has_account: true\n  collects_personal_data: false\n"), []string{
			"16:3 facts-contradict facts.collects_personal_data: cannot be false while has_account is true, because an account holds data about its holder."}},
		{"cloud against facts", facts("  has_cloud: false\n") + "parts: [{part: cloud, name: Cloud}]\n", []string{
			"20:16 part-against-facts parts: cloud does not fit facts.has_cloud, which is false."}},
		{"app in facts only", facts("  has_app: true\n") + "parts: [{part: device, name: Lamp}]\n", []string{
			"20:1 part-against-facts parts: a list without app does not fit facts.has_app, which is true."}},
		{"camera against facts", facts("  has_camera_or_microphone: false\n") + "sensors: [{senses: camera, what: The room}]\n", []string{
			"20:20 sensor-against-facts sensors: camera does not fit facts.has_camera_or_microphone, which is false."}},
		{"no sensors against facts", facts("  has_camera_or_microphone: true\n") + "sensors: none\n", []string{
			"20:1 sensor-against-facts sensors: none does not fit facts.has_camera_or_microphone, which is true."}},
		{"personal data against facts", facts("  collects_personal_data: false\n") + "data: [{id: climate, what: Heat, why: to heat}]\n", []string{
			"20:8 data-against-facts data: climate is personal, but facts.collects_personal_data is false."}},
		{"support shortened", with(t, "2031-05-31", "2031-05-31\n  history: [{set: 2026-01-01, until: 2032-05-31}]"), []string{
			"18:18 support-shortened support.updates_until: 2031-05-31 is earlier than 2032-05-31, which was promised on 2026-01-01. The date may move later, never earlier."}},
		{"several at once, in the order of the file", with(t, "kind: lamp", "kind: Lamp\n  gtins: [\"9521234500019\"]") + "colour: red\n", []string{
			"7:9 value-malformed product.kind: Lamp is not a short name: small letters, digits, hyphens. Did you mean lamp?",
			"8:11 gtin-wrong product.gtins.1: the last digit of 9521234500019 should be 8. Compare it with the number under the bar code.",
			"20:1 field-unknown the file: there is no field colour here."}},
		{"the file is a list", "- a\n", []string{
			"1:1 type-wrong the file: needs a block of fields, but found a list."}},
		{"a number out of range", add("contacts: {answer_days: 0}\n"), []string{
			"19:25 value-malformed contacts.answer_days: the number 0 is not 1 or more."}},
		{"a number beyond reason", add("contacts: {answer_days: 99999999999999999999999999}\n"), []string{
			"19:25 value-malformed contacts.answer_days: the number 99999999999999999999999999 is not a number that programs can hold."}},
	} {
		_, err := dossier.Read("x.yaml", []byte(c.in), cat)
		var got []string
		if err != nil {
			for _, e := range errorsOf(t, err) {
				got = append(got, strings.TrimPrefix(e.Pos, "x.yaml:")+" "+string(e.ID)+" "+e.Msg)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: got (-want +got)\n%s", c.name, diff)
		}
	}
}

// TestWarnings are told and do not refuse.
func TestWarnings(t *testing.T) {
	t.Parallel()
	in := minimal(t) + "claims: {lifecycle.factory-reset: [photo]}\nevidence:\n  - {id: photo, kind: photo, title: Photo, url: \"https://lumo.example\"}\n"
	d, err := dossier.Read("x.yaml", []byte(in), load(t))
	if err != nil {
		t.Fatal(err)
	}
	var ids []iotmark.ErrorID
	for _, w := range d.Warnings {
		ids = append(ids, w.ID)
	}
	if diff := cmp.Diff([]iotmark.ErrorID{"entry-unanswered", "evidence-kind"}, ids); diff != "" {
		t.Errorf("got (-want +got)\n%s\n%v", diff, d.Warnings)
	}
}

// TestBrokenYAML holds code, line and words for files that are no strict YAML.
func TestBrokenYAML(t *testing.T) {
	t.Parallel()
	cat := load(t)
	for _, c := range []struct {
		name, in string
		id       iotmark.ErrorID
		pos, has string
	}{
		{"empty", "", "yaml-empty", "1:1", "iotmark init"},
		{"comments only", "# nothing\n", "yaml-empty", "1:1", "iotmark init"},
		{"marker only", "---\n", "yaml-empty", "1:1", "iotmark init"},
		{"tab", "iotmark: \"2026.1\"\nproduct:\n\tname: A\n", "yaml-broken", "3:1", "A tab stands at the beginning of this line. Indent with blanks."},
		{"colon in a value", "iotmark: \"2026.1\"\nproduct:\n  name: A: B\n", "yaml-broken", "3:1", "Put the value in quotes"},
		{"out of line", "a:\n  b: 1\n c: 2\n", "yaml-broken", "3:1", "line up"},
		{"open bracket", "a: 1\nb: [1, 2\nc: 3\n", "yaml-broken", "2:1", "not closed"},
		{"open quote", "a: 1\nb: \"x\nc: 3\n", "yaml-broken", "", "never closed"},
		{"star", "a: *b\n", "yaml-alias", "1:1", "*b is an alias"},
		{"anchor", "a: &x 1\nb: 2\n", "yaml-alias", "1:4", "&x is an anchor"},
		{"merge", "a:\n  <<: {b: 1}\n", "yaml-alias", "2:3", "<< is a merge key"},
		{"binary tag", "a: !!binary aGVsbG8=\n", "yaml-tag", "1:4", "!!binary is a YAML tag"},
		{"own tag", "a: !x b\n", "yaml-tag", "1:4", "!x is a YAML tag"},
		{"two documents", "a: 1\n---\nb: 2\n", "yaml-documents", "2:1", "second document"},
		{"list as a key", "? [a]\n: b\n", "yaml-broken", "1:3", "name of a field"},
		{"latin-1", "a: 1\nb: Caf\xe9\n", "yaml-not-utf8", "2:7", "Byte 11"},
		{"utf-16", "\xff\xfea\x00:\x00", "yaml-not-utf8", "1:1", "UTF-16"},
		{"utf-16 without mark", "a\x00:\x00 \x00", "yaml-not-utf8", "1:2", "UTF-16"},
		{"zero byte", "a: 1\nb: \x00\n", "yaml-zero-byte", "2:4", "Byte 8 of the file is a zero byte"},
		{"next line", "a: 1\n# caf\u00e9\u0085b: 2\n", "yaml-line-separator", "2:7", `U+0085), which ends a line for some programs and not for others. Take it out, or write \N in`},
		{"line separator", "a: 1\nb: x\u2028c: 2\n", "yaml-line-separator", "2:5", "U+2028"},
		{"paragraph separator in quotes", "a: \"x\u2029y\"\n", "yaml-line-separator", "1:6", "U+2029"},
		{"the first of several", "a: x\u2029\nb: \u0085\n", "yaml-line-separator", "1:5", "U+2029"},
		{"deep", strings.Repeat("[", 40) + strings.Repeat("]", 40), "yaml-too-deep", "1:34", "32 levels"},
		{"very deep", strings.Repeat("[", 100_000), "yaml-broken", "", "far too deep"},
		{"many", "[" + strings.Repeat("a,", 200_000) + "]", "yaml-too-many", "", "100000 values"},
	} {
		_, err := dossier.Read("x.yaml", []byte(c.in), cat)
		if err == nil {
			t.Errorf("%s: accepted", c.name)
			continue
		}
		es := errorsOf(t, err)
		e := es[0]
		for _, x := range es {
			if x.ID == c.id {
				e = x
				break
			}
		}
		if e.ID != c.id || !strings.Contains(e.Msg, c.has) || c.pos != "" && e.Pos != "x.yaml:"+c.pos {
			t.Errorf("%s: got %s %s %q, want %s %s %q", c.name, e.Pos, e.ID, e.Msg, c.pos, c.id, c.has)
		}
		if e.Pos == "" || strings.Contains(e.Msg, "Line ") || strings.Contains(e.Msg, "line "+strings.Split(e.Pos, ":")[1]+":") {
			t.Errorf("%s: the place is told not once: %s", c.name, e.Error())
		}
	}
}

// TestAcceptedForms: a byte order mark and Windows line ends are no mistakes.
func TestAcceptedForms(t *testing.T) {
	t.Parallel()
	cat := load(t)
	for name, in := range map[string]string{
		"byte order mark": "\xef\xbb\xbf" + minimal(t),
		"CRLF":            strings.ReplaceAll(minimal(t), "\n", "\r\n"),
		"marker":          "---\n" + minimal(t) + "...\n",
		"directive":       "%YAML 1.2\n---\n" + minimal(t),
	} {
		d, err := dossier.Read("x.yaml", []byte(in), cat)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d.Declaration.Product.FirstSale != "2026-05-04" {
			t.Errorf("%s: first sale %q", name, d.Declaration.Product.FirstSale)
		}
	}
}

// TestSeparatorsEscaped: what may not stand plain in a declaration may be
// written as an escape, and is written so by us.
func TestSeparatorsEscaped(t *testing.T) {
	t.Parallel()
	cat := load(t)
	in := with(t, "model: LN-1", `model: "L\NN\L-\P1"`)
	d, err := dossier.Read("x.yaml", []byte(in), cat)
	if err != nil {
		t.Fatal(err)
	}
	w, err := dossier.Write(d.Declaration, cat, "")
	if err != nil {
		t.Fatal(err)
	}
	again, err := dossier.Read("x.yaml", w, cat)
	if err != nil {
		t.Fatalf("%v in\n%s", err, w)
	}
	if got := again.Declaration.Product.Model; got != "L\u0085N\u2028-\u20291" {
		t.Errorf("got %q", got)
	}
}

// aliasBomb is the billion laughs in YAML.
func aliasBomb() string {
	var b strings.Builder
	b.WriteString("a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n")
	for i := 1; i < 20; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 9), ", "))
	}
	return b.String()
}

// TestHostileYAML: the worst megabytes we know end in few errors, soon, and
// in little memory.
func TestHostileYAML(t *testing.T) {
	cat := load(t)
	const m = 1 << 20
	for name, in := range map[string]string{
		"alias bomb":     aliasBomb(),
		"brackets":       strings.Repeat("[", m),
		"braces":         strings.Repeat("{", m),
		"hyphens":        strings.Repeat("- ", m/2),
		"question marks": strings.Repeat("? ", m/2),
		"deep pairs":     strings.Repeat("{a: ", m/4),
		"same keys":      strings.Repeat("a:\n", m/3),
		"other keys": func() string {
			var b strings.Builder
			for i := 0; b.Len() < m; i++ {
				fmt.Fprintf(&b, "f%d: 1\n", i)
			}
			return b.String()
		}(),
		"criteria that are none": func() string {
			var b strings.Builder
			b.WriteString("claims:\n")
			for i := 0; b.Len() < m; i++ {
				fmt.Fprintf(&b, "  privacy.criterion-%d: met\n", i)
			}
			return b.String()
		}(),
		"evidence without end": "evidence:\n" + strings.Repeat("- {id: a}\n", m/10),
		"references to nothing": func() string {
			return "evidence: []\nclaims:\n  privacy.erase: [" + strings.Repeat("abcdefgh,", m/9) + "]\n"
		}(),
		"comments":  strings.Repeat("- #\n", m/4),
		"long text": "iotmark: " + strings.Repeat("a", m),
		"long key":  strings.Repeat("a", m) + ": 1",
		"quotes":    strings.Repeat("\"", m),
		"flow":      "[" + strings.Repeat("a,", m/2),
	} {
		runtime.GC()
		debug.FreeOSMemory()
		start := time.Now()
		_, err := dossier.Read("x.yaml", []byte(in), cat)
		took := time.Since(start)
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		es := errorsOf(t, err)
		if len(es) > 501 || len(es.Error()) > 1<<20 {
			t.Errorf("%s: %d errors in %d bytes", name, len(es), len(es.Error()))
		}
		if took > 10*time.Second { // generous: race builds on a busy machine
			t.Errorf("%s: took %s", name, took)
		}
		t.Logf("%-24s %8s %4d errors, first %s", name, took.Round(time.Millisecond), len(es), es[0].ID)
		if name == "alias bomb" && (len(es) != 1 || es[0].ID != "yaml-alias") {
			t.Errorf("alias bomb: %v", es)
		}
	}
	var ms runtime.MemStats
	runtime.ReadMemStats(&ms)
	if ms.Sys > memoryFactor*480<<20 {
		t.Errorf("%d MB were taken from the system", ms.Sys>>20)
	}
	t.Logf("%d MB taken from the system", ms.Sys>>20)
}

// TestTerminal: text from a declaration cannot steer the terminal of whoever
// checks it.
func TestTerminal(t *testing.T) {
	t.Parallel()
	in := minimal(t) + "\"a\\e[2Jb\\n\\u202ec\": 1\n"
	_, err := dossier.Read("x.yaml", []byte(in), load(t))
	got := errorsOf(t, err).Error()
	if strings.ContainsAny(got, "\x1b\n\u202e") {
		t.Errorf("control characters in %q", got)
	}
}
