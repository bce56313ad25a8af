package verify_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark/verify"
)

// reader is what the documentation of the format is made of: the comments of
// the types, and the tables.
type reader struct {
	t       *testing.T
	docs    map[string]string // of types
	comment map[string]string // of members, by type and field
}

func newReader(t *testing.T) reader {
	r := reader{t, map[string]string{}, map[string]string{}}
	for _, file := range []string{"body.go", "bodies.go", "entry.go"} {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, s := range g.Specs {
				spec, ok := s.(*ast.TypeSpec)
				if !ok {
					continue
				}
				doc := spec.Doc
				if doc == nil {
					doc = g.Doc
				}
				r.docs[spec.Name.Name] = oneLine(doc)
				r.fields(spec.Name.Name, spec.Type)
			}
		}
	}
	return r
}

func (r reader) fields(path string, typ ast.Expr) {
	st, ok := typ.(*ast.StructType)
	if !ok {
		return
	}
	for _, f := range st.Fields.List {
		for _, n := range f.Names {
			r.comment[path+"."+n.Name] = oneLine(f.Comment)
			r.fields(path+"."+n.Name, f.Type)
		}
	}
}

func oneLine(c *ast.CommentGroup) string {
	s := strings.Join(strings.Fields(c.Text()), " ")
	s = strings.NewReplacer("[StateRecord]", "state records", "[Forms]", "the tables below", "[DefaultRules]", "the table of types", "|", "\\|", "<", "&lt;", ">", "&gt;").Replace(s)
	return s
}

// parts are the types that bodies share, in the order in which they are told.
var parts = []any{verify.KeyEntry{}, verify.Rule{}, verify.Document{}, verify.Checkpoint{}, verify.Holder{}, verify.ProductTerms{}, verify.Matter{}, verify.Software{}, verify.TopicCounts{}, verify.ListHash{}}

// kind says in words what a member holds.
func kind(typ reflect.Type) string {
	switch typ.Name() {
	case "Digest":
		return "SHA-256"
	case "Date":
		return "day"
	case "RawMessage":
		return "by type"
	}
	switch typ.Kind() {
	case reflect.Pointer:
		return kind(typ.Elem())
	case reflect.Slice:
		return "list of " + kind(typ.Elem())
	case reflect.Map:
		return kind(typ.Elem()) + " by " + strings.ToLower(typ.Key().Name())
	case reflect.Bool:
		return "truth"
	case reflect.Int, reflect.Int64:
		return "number"
	case reflect.String:
		return "text"
	case reflect.Struct:
		return fmt.Sprintf("[%s](#%s)", partName(typ), strings.ReplaceAll(partName(typ), " ", "-"))
	}
	panic(typ.String())
}

func partName(typ reflect.Type) string {
	var b strings.Builder
	for i, r := range strings.TrimSuffix(typ.Name(), "Entry") {
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return strings.ToLower(b.String())
}

func (r reader) members(b *strings.Builder, typ reflect.Type) {
	b.WriteString("| member | is | meaning |\n| --- | --- | --- |\n")
	r.rows(b, typ.Name(), "", typ)
	b.WriteString("\n")
}

func (r reader) rows(b *strings.Builder, path, prefix string, typ reflect.Type) {
	for f := range typ.Fields() {
		name, opt, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Type.Kind() == reflect.Struct && f.Type.Name() == "" {
			r.rows(b, path+"."+f.Name, prefix+name+".", f.Type)
			continue
		}
		may := ""
		if opt != "" {
			may = ", may be missing"
		}
		said := r.comment[path+"."+f.Name]
		if said == "" && f.Type.Kind() != reflect.Struct {
			r.t.Errorf("%s.%s has no comment that says what it means", path, f.Name)
		}
		fmt.Fprintf(b, "| `%s` | %s%s | %s |\n", prefix+name, kind(f.Type), may, said)
	}
}

// page writes docs/entries.md.
func page(t *testing.T) string {
	r := newReader(t)
	var b strings.Builder
	b.WriteString(`<!-- Written by make generate from the tables of the package verify; do not edit. -->
# Entries of the log

Every decision of the scheme is an entry of its public log, and an entry is all there is: what is
not in the log did not happen. An entry is a signed note
([C2SP signed-note](https://c2sp.org/signed-note)): a line that names the scheme and the version of
this format, one line of JSON, an empty line, and one line for each signature.

`)
	b.WriteString("```\n")
	s := samples(t)[verify.MarkSuspended]
	txt := text(t, verify.MarkSuspended, s.subject, digest("prev"), s.body)
	note, err := verify.Seal(txt, newHolder(t, domain+"/committee/2", "consumers", "p2", verify.Committee).plain(txt))
	if err != nil {
		t.Fatal(err)
	}
	b.Write(note)
	b.WriteString("```\n")
	fmt.Fprintf(&b, `
What is signed are the first two lines, each with its line feed. The hash of an entry, its *leaf*, is
SHA-256 over a zero byte and all of the note (RFC 6962, 2.1). An entry has at most %d bytes and
%d signatures. It is UTF-8 without control characters.

**One form.** The JSON is that of RFC 8785, with whole numbers only: members in the order of their
names, none twice, no space, no escape that is not needed. A member that may be missing is missing
when it is empty; all others are there; there is no null. Signature lines stand by name; of one name
the shorter signature comes first, of equal length the smaller key id. Whoever reads an entry
refuses every other form.

**Signatures.** Two kinds count, by keys that the keyring, an accreditation or a registration names:
plain Ed25519 as signed notes have it, with the key id SHA-256(name LF 01 key)[:4], and SSHSIG as
`+"`ssh-keygen -Y sign -n decision@<scheme's domain>`"+` makes it, also with a security key that somebody
touched, with the key id SHA-256(name LF ff "oim-sshsig" key)[:4], where key is the 32 bytes of the
public key, and of a security key those and its application. Lines of others are kept and mean
nothing. A wrong signature of a key that is known makes the entry void.

**No person.** Keys belong to pseudonyms, and a text in which a mail address stands is refused: what
is in the log stays for ever.

## Members of every entry

`, verify.MaxEntry, verify.MaxSigs)
	r.members(&b, reflect.TypeFor[verify.Entry]())
	b.WriteString(`The subject is a URN. Its entries form a chain: each names the leaf of the one before as its prev,
so that none can be slipped in between. Entries of the whole scheme form one chain of their own.

| subject | of |
| --- | --- |
| none | the whole scheme |
| ` + "`urn:iotmark:mark:<UUID>`" + ` | one mark, from its application on |
| ` + "`urn:iotmark:product:<maker's domain>:<product id>`" + ` | what a maker says of a product at home |
| ` + "`urn:iotmark:maker:<domain>`" + ` | a maker |
| ` + "`urn:iotmark:org:<id>`" + ` | an assessing organisation |
| ` + "`urn:iotmark:edition:<edition>`" + ` | an edition of the criteria |
| ` + "`urn:iotmark:status:<scheme's domain>`" + ` | what the operator publishes of the log itself |

## Types

Who must sign is the rule as long as the keyring says nothing else; it may change the numbers, never
the roles. One person counts once, and nobody counts in two roles; where organisations must be
different, one organisation counts once. Whoever stands on two sides makes an entry void, even where
enough others signed. The number of root keys is always that of the keyring.

| type | subject | must be signed by |
| --- | --- | --- |
`)
	rules := verify.DefaultRules()
	byBody := map[reflect.Type][]string{}
	var bodies []reflect.Type
	for _, f := range verify.Forms() {
		subject := string(f.Subject)
		if subject == "" {
			subject = "none"
		}
		rule := rules[f.Type].String()
		if rules[f.Type].Need[verify.Root] > 0 {
			rule = "root, as many as the keyring says"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", f.Type, subject, rule)
		typ := reflect.TypeOf(f.New()).Elem()
		if byBody[typ] == nil {
			bodies = append(bodies, typ)
		}
		byBody[typ] = append(byBody[typ], string(f.Type))
	}
	b.WriteString("\n## Bodies\n\n")
	for _, typ := range bodies {
		fmt.Fprintf(&b, "### %s\n\n%s\n\n", strings.Join(byBody[typ], ", "), said(r.docs[typ.Name()], typ.Name()))
		r.members(&b, typ)
	}
	b.WriteString("## Parts of bodies\n\n")
	for _, p := range parts {
		typ := reflect.TypeOf(p)
		fmt.Fprintf(&b, "### %s\n\n%s\n\n", partName(typ), said(r.docs[typ.Name()], typ.Name()))
		r.members(&b, typ)
	}
	return strings.ReplaceAll(strings.TrimSpace(b.String())+"\n", "\n\n\n\n", "\n\n")
}

// said takes the name that a Go comment begins with out of it.
func said(doc, name string) string {
	for _, verb := range []string{" is the body of ", " is what ", " is ", " are ", " says "} {
		if rest, ok := strings.CutPrefix(doc, name+verb); ok {
			switch verb {
			case " is the body of ":
				if _, more, ok := strings.Cut(rest, ". "); ok {
					return more
				}
				if _, more, ok := strings.Cut(rest, ": "); ok {
					return strings.ToUpper(more[:1]) + more[1:]
				}
				if _, more, ok := strings.Cut(rest, ", "); ok && !strings.Contains(more, "mark.") {
					return strings.ToUpper(more[:1]) + more[1:]
				}
				return ""
			case " says ":
				return "Says " + rest
			case " is what ":
				return "What " + rest
			}
			return strings.ToUpper(rest[:1]) + rest[1:]
		}
	}
	return doc
}

// The documentation of the format is that of the tables and comments.
func TestDocs(t *testing.T) {
	t.Parallel()
	const file = "../docs/entries.md"
	got := page(t)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("docs/entries.md is not what the tables say; run make generate (-want +got)\n%s", diff)
	}
}
