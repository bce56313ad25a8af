package securitytxt

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/evidence"
)

// maxBytes bounds a file; honest ones have some hundred bytes.
const maxBytes = 1 << 20

// maxValue bounds what is kept of one value.
const maxValue = 2000

// Reader reads security.txt files.
var Reader = evidence.Reader{
	Name:    "securitytxt",
	Version: 1,
	Kinds:   []iotmark.EvidenceKind{iotmark.KindWebPage, iotmark.KindDocument},
	Sniff:   Sniff,
	Read: func(ctx context.Context, src evidence.Source, lim evidence.Limits) (any, error) {
		f, err := read(ctx, src, lim)
		if err != nil {
			return nil, err
		}
		return f, nil
	},
	New: func() any { return new(Facts) },
}

// uriFields hold an address (RFC 9116, 2.5; CSAF 2.0, 7.1.8).
var uriFields = map[string]bool{
	"acknowledgments": true, "canonical": true, "contact": true, "encryption": true, "hiring": true, "policy": true, "csaf": true,
}

const (
	langField    = "preferred-languages"
	expiresField = "expires"

	beginMessage   = "-----BEGIN PGP SIGNED MESSAGE-----"
	beginSignature = "-----BEGIN PGP SIGNATURE-----"
	endSignature   = "-----END PGP SIGNATURE-----"
)

var fieldLine = regexp.MustCompile(`^(?:- )?([A-Za-z-]+)\s*:\s*(\S*)`)

// Sniff reports whether the bytes look like a security.txt: a Contact or
// Expires field, and at least half of the lines are fields of the standard. A
// Contact without an address counts only under the file's own name, for
// "Contact: ..." stands in many a text.
func Sniff(name string, head []byte) bool {
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	if bytes.IndexByte(head, 0) >= 0 {
		return false
	}
	named := strings.Contains(strings.ToLower(name), "security") && strings.HasSuffix(strings.ToLower(name), ".txt")
	lines, known, sure := 0, 0, false
	for l := range strings.SplitSeq(string(head), "\n") {
		l = strings.TrimSpace(l)
		if l == "" || strings.HasPrefix(l, "#") || l == beginMessage || strings.HasPrefix(l, "Hash:") {
			continue
		}
		if l == beginSignature {
			break
		}
		lines++
		m := fieldLine.FindStringSubmatch(l)
		if m == nil {
			continue
		}
		k := strings.ToLower(m[1])
		if uriFields[k] || k == langField || k == expiresField {
			known++
		}
		switch k {
		case "contact":
			sure = sure || named || scheme(m[2]) != ""
		case expiresField:
			sure = sure || named || m[2] != "" && m[2][0] >= '0' && m[2][0] <= '9'
		}
	}
	return sure && known*2 >= lines
}

// lineKind is what a line turned out to be.
type lineKind int

const (
	emptyLine lineKind = iota
	commentLine
	fieldLineKind
	envelopeLine
	wrongLine
)

// walk is the state of one reading, after sectxt's Parser.
type walk struct {
	f        *Facts
	content  string
	no       int
	signed   bool
	inSig    bool
	afterSig bool
	max      int
}

func read(ctx context.Context, src evidence.Source, lim evidence.Limits) (f *Facts, err error) {
	lim.Bytes = min(lim.Bytes, maxBytes)
	raw, err := src.ReadAll(lim)
	if err != nil {
		return nil, err
	}
	// The packets of a signature are read by a library; a flaw in it must
	// not take the whole reading down.
	defer func() {
		if r := recover(); r != nil {
			f, err = nil, evidence.Malformed("security.txt", fmt.Errorf("%v", r))
		}
	}()
	w := &walk{f: &Facts{Fields: []Field{}, Problems: []Problem{}}, max: lim.Entries}
	if rest, ok := bytes.CutPrefix(raw, []byte("\xef\xbb\xbf")); ok {
		// RFC 9116, 2.3 asks for Net-Unicode (RFC 5198), which has no mark.
		raw = rest
		w.problem("bom_in_file", Error)
	}
	if !utf8.Valid(raw) {
		w.problem("utf8", Error)
	}
	w.content = strings.ToValidUTF8(string(raw), "\uFFFD")
	var kinds []lineKind
	for l := range strings.SplitSeq(w.content, "\n") {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if len(kinds) >= w.max {
			return nil, evidence.TooMany("lines", w.max)
		}
		w.no++
		kinds = append(kinds, w.line(l))
	}
	w.f.Lines, w.no = len(kinds), 0
	w.whole(kinds)
	if len(w.f.Fields) == 0 {
		return nil, &iotmark.Error{Kind: iotmark.Invalid, ID: "no-fields", Msg: `this security.txt has no field at all; start with "Contact: mailto:..." and "Expires: ..." (RFC 9116)`}
	}
	return w.f, nil
}

func (w *walk) problem(code string, l Level) {
	w.f.Problems = append(w.f.Problems, Problem{code, w.no, l})
}

func (w *walk) line(l string) lineKind {
	l = strings.TrimRightFunc(l, unicode.IsSpace)
	if w.inSig {
		if l == endSignature {
			w.inSig, w.afterSig = false, true
		}
		return envelopeLine
	}
	if l != "" && w.afterSig {
		w.problem("data_after_sig", Error)
		return wrongLine
	}
	if w.signed {
		// Dash-escaping of clear-signed text (RFC 9580, 7.2).
		l = strings.TrimPrefix(l, "- ")
	}
	switch {
	case l == beginMessage:
		if w.no != 1 {
			w.problem("signed_format_issue", Error)
		}
		if !w.signed {
			w.signed, w.f.Signed = true, true
			sig, code := signature(w.content)
			w.f.Signature = sig
			if code != "" {
				w.problem(code, Error)
			}
		}
		return envelopeLine
	case l == beginSignature && w.signed:
		w.inSig = true
		return envelopeLine
	case strings.HasPrefix(l, "#"):
		w.f.Comments++
		return commentLine
	case strings.Contains(l, ":"):
		return w.field(l)
	case l != "":
		w.problem("invalid_line", Error)
		return wrongLine
	}
	return emptyLine
}

func (w *walk) field(l string) lineKind {
	key, value, _ := strings.Cut(l, ":")
	key = strings.ToLower(key)
	if k := strings.TrimRightFunc(key, unicode.IsSpace); k != key {
		w.problem("prec_ws", Error)
		key = k
	}
	if value != "" && value[0] != ' ' {
		w.problem("no_space", Error)
	}
	value = strings.TrimLeftFunc(value, unicode.IsSpace)
	if key == "hash" && w.signed {
		return envelopeLine
	}
	if key == "" {
		w.problem("empty_key", Error)
		return wrongLine
	}
	if value == "" {
		w.problem("empty_value", Error)
		return wrongLine
	}
	switch {
	case uriFields[key]:
		switch scheme(value) {
		case "":
			w.problem("no_uri", Error)
		case "http":
			w.problem("no_https", Error)
		}
	case key == expiresField:
		t, ok := parseTime(value)
		if !ok {
			w.problem("invalid_expiry", Error)
		} else if w.f.Expires == "" {
			w.f.Expires = t.UTC().Format(time.RFC3339)
		}
	case key == langField:
		for tag := range strings.SplitSeq(value, ",") {
			tag = strings.TrimSpace(tag)
			if _, err := language.Parse(tag); tag == "" || len(tag) > 100 || err != nil {
				w.problem("invalid_lang", Error)
				continue
			}
			w.f.Languages = append(w.f.Languages, tag)
		}
	default:
		w.problem("unknown_field", Notification)
	}
	w.f.Fields = append(w.f.Fields, Field{clean(key), clean(value), w.no})
	return fieldLineKind
}

// whole looks at what concerns the file as a whole.
func (w *walk) whole(kinds []lineKind) {
	f := w.f
	switch n := len(f.All(expiresField)); {
	case n == 0:
		w.problem("no_expire", Error)
	case n > 1:
		w.problem("multi_expire", Error)
	}
	last := len(kinds) - 1
	if kinds[last] != emptyLine {
		f.Problems = append(f.Problems, Problem{"no_line_separators", len(kinds), Error})
	}
	if w.signed && last > 0 && kinds[last] == emptyLine && kinds[last-1] == emptyLine {
		f.Problems = append(f.Problems, Problem{"too_many_line_separators", len(kinds), Error})
	}
	if csaf := f.All("csaf"); len(csaf) > 0 {
		for _, c := range csaf {
			if !strings.HasSuffix(c.Value, "provider-metadata.json") {
				w.problem("no_csaf_file", Error)
				break
			}
		}
		if len(csaf) > 1 {
			w.problem("multiple_csaf_fields", Recommendation)
		}
	}
	contacts := f.All("contact")
	if len(contacts) == 0 {
		w.problem("no_contact", Error)
	}
	for _, c := range contacts {
		if strings.HasPrefix(c.Value, "mailto:") && len(f.All("encryption")) == 0 {
			w.problem("no_encryption", Recommendation)
			break
		}
	}
	if len(f.All(langField)) > 1 {
		w.problem("multi_lang", Error)
	}
	if !w.signed {
		w.problem("not_signed", Recommendation)
	} else if len(f.All("canonical")) == 0 {
		w.problem("no_canonical", Recommendation)
	}
}

var isoTime = regexp.MustCompile(`(?i)^([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?)(Z|[-+][0-9]{2}:[0-9]{2})$`)

// parseTime reads a time of RFC 3339 as sectxt does: T and Z in either case,
// and a space for the T.
func parseTime(s string) (time.Time, bool) {
	m := isoTime.FindStringSubmatch(s[:min(len(s), 100)])
	if m == nil {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339, m[1]+"T"+m[2]+strings.ToUpper(m[3]))
	return t, err == nil
}

var schemeForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`)

// scheme returns the scheme of an address in lower case (RFC 3986, 3.1).
func scheme(s string) string {
	return strings.ToLower(strings.TrimSuffix(schemeForm.FindString(s), ":"))
}

// clean drops control and direction characters and cuts to what is kept.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, s[:min(len(s), maxValue)])
	return strings.ToValidUTF8(s, "")
}
