package text

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/pattern"
)

// Bounds of this reader, beside evidence.Limits. A page of law has some
// 60,000 characters; 249 real notices together have 5.4 million.
const (
	maxText       = 2 << 20 // bytes kept of one text; a block costs blockCost more
	blockCost     = 48      // bytes that a block takes beside its text
	maxToken      = 4 << 20 // bytes of one HTML tag or run of text
	maxLinks      = 20_000
	maxLinkBytes  = 1 << 20 // bytes of texts and addresses of all links
	maxLabels     = 1 << 20 // bytes of labels of Markdown's link references
	maxDates      = 5_000
	maxStatements = 200     // of one kind
	maxMatched    = 2 << 20 // bytes of sentences that rules are tried on
	maxSentences  = 50_000
	maxSentence   = 2_000 // bytes matched at once; longer ones are cut at a space
	maxLead       = 300   // bytes of the line that introduces a list
)

// Reader reads texts and pages.
var Reader = evidence.Reader{
	Name:    "text",
	Version: 3,
	Kinds: []iotmark.EvidenceKind{
		iotmark.KindStatement, iotmark.KindWebPage, iotmark.KindDocument, iotmark.KindRiskAssessment,
		iotmark.KindConformityDeclaration, iotmark.KindAssessmentTables, iotmark.KindSourceRepository,
		iotmark.KindPackagingArtwork, iotmark.KindRegisterEntry, iotmark.KindUserReport, iotmark.KindTeardown,
		iotmark.KindTestReport, iotmark.KindCertificate,
	},
	Sniff: Sniff,
	Read: func(ctx context.Context, src evidence.Source, lim evidence.Limits) (any, error) {
		f, err := read(ctx, src, lim)
		if err != nil {
			return nil, err
		}
		return f, nil
	},
	New: func() any { return new(Facts) },
}

// foreign lists the first bytes of formats that hold prose and are not read:
// PDF, office files (zip, OLE), RTF, PostScript, gzip, images.
var foreign = []string{"%PDF-", "PK\x03\x04", "PK\x05\x06", "\xd0\xcf\x11\xe0", "{\\rtf", "%!PS", "\x1f\x8b", "\x89PNG", "\xff\xd8\xff", "GIF8", "\x7fELF", "BZh", "\xfd7zXZ", "\x28\xb5\x2f\xfd"}

// Sniff reports whether the bytes look like text: not one of the known binary
// formats, and hardly any control characters. The name does not decide.
func Sniff(_ string, head []byte) bool {
	for _, m := range foreign {
		if bytes.HasPrefix(head, []byte(m)) {
			return false
		}
	}
	if len(bytes.TrimSpace(head)) == 0 {
		return false
	}
	if utf16Order(head) != nil {
		return true
	}
	odd := 0
	for _, c := range head {
		if c < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != 0x1b {
			odd++
		}
	}
	return odd*100 <= len(head)
}

var (
	htmlMark = pattern.New(`(?is)^\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body|meta|title|article|main|div|section|p|h[1-6])[\s>]`)
	mdMark   = pattern.New(`(?m)^(#{1,6} \S|\|.*\|\s*$|[-*+] \S|` + "```" + `|> \S|={3,}\s*$|-{3,}\s*$)|\[[^\]\n]+\]\([^)\s]+\)|\*\*[^*\n]+\*\*`)
)

// format says how the text is marked up: by its first bytes, and between
// Markdown and plain by the name too, for the two differ by custom alone.
func format(name string, s string) string {
	head := s[:min(len(s), 64<<10)]
	if htmlMark.MatchString(head) {
		return "html"
	}
	switch n := strings.ToLower(name); {
	case strings.HasSuffix(n, ".html"), strings.HasSuffix(n, ".htm"), strings.HasSuffix(n, ".xhtml"):
		if strings.Contains(head, "</") || strings.Contains(head, "/>") {
			return "html"
		}
	case strings.HasSuffix(n, ".md"), strings.HasSuffix(n, ".markdown"):
		return "markdown"
	case strings.HasSuffix(n, ".txt"), strings.HasSuffix(n, ".asc"):
		return "plain"
	}
	if len(mdMark.Regexp().FindAllStringIndex(head, 2)) == 2 {
		return "markdown"
	}
	return "plain"
}

func read(ctx context.Context, src evidence.Source, lim evidence.Limits) (*Facts, error) {
	raw, err := src.ReadAll(lim)
	if err != nil {
		return nil, err
	}
	for _, m := range foreign {
		if bytes.HasPrefix(raw, []byte(m)) {
			return nil, notText()
		}
	}
	s, replaced, err := decode(raw)
	if err != nil {
		return nil, err
	}
	w := newWriter(ctx, lim)
	w.facts.Replaced = replaced
	w.facts.Format = format(src.Name, s)
	switch w.facts.Format {
	case "html":
		err = readHTML(w, s)
	case "markdown":
		err = readMarkdown(w, s)
	default:
		err = readPlain(w, s)
	}
	if errors.Is(err, errFull) {
		err = nil
	}
	if err != nil {
		return nil, err
	}
	w.flush()
	if len(w.facts.Blocks) == 0 {
		return nil, &iotmark.Error{Kind: iotmark.Invalid, ID: "no-text", Msg: "there is no text in it; a page that is drawn by a script, or a picture of a text, must be saved as text"}
	}
	return w.facts, derive(ctx, w)
}

func notText() error {
	return &iotmark.Error{Kind: iotmark.Invalid, ID: "not-text", Msg: "this is no text, HTML or Markdown; hand in the text itself beside it"}
}

// derive fills in what follows from the blocks.
func derive(ctx context.Context, w *writer) error {
	f := w.facts
	f.Language = language(f.Blocks)
	if f.Title == "" {
		for _, b := range f.Blocks {
			if b.Kind == "heading" {
				f.Title = b.Text
				break
			}
		}
	}
	ss, cut, err := sentences(ctx, f.Blocks, w.marks)
	if err != nil {
		return err
	}
	f.Cut = f.Cut || cut
	if f.Words, f.Sentences, f.Grade, err = level(ctx, gradeable(f.Blocks), cmp.Or(f.Language, f.Declared)); err != nil {
		return err
	}
	if f.Dates, err = dates(ctx, ss); err != nil {
		return err
	}
	f.Statements, err = statements(ctx, ss, f.Language, f.Declared, rules())
	return err
}
