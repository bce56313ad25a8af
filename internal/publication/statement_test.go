package publication_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/publication"
	"github.com/open-iot-mark/iotmark/verify"
)

var update = flag.Bool("update", false, "rewrite golden files")

// testKey is a key that everyone knows: its seed is all the same byte.
func testKey(b byte) publication.Signer {
	priv := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{b}, ed25519.SeedSize))
	return publication.Signer{Public: priv.Public().(ed25519.PublicKey), Sign: func(m []byte) ([]byte, error) { return ed25519.Sign(priv, m), nil }}
}

// signed makes a small statement, signed with the test key.
func signed(t testing.TB, change func(*publication.Statement)) publication.Signed {
	t.Helper()
	s := publication.Statement{Body: publication.Body{
		AsOf: "2026-11-22", Bindings: iotmark.Digest(strings.Repeat("ab", 32)), Declaration: iotmark.Digest(strings.Repeat("cd", 32)),
		Checks: map[iotmark.CheckID]int{"privacy.sensors-agree": 2}, Edition: "2026.1",
		Files:    []publication.File{{Path: "index.html", SHA256: iotmark.Digest(strings.Repeat("ef", 32)), Size: 12}},
		Key:      verify.PublicLine(testKey(1).Public),
		Maker:    publication.Maker{Domain: "maker.example", Name: "\u00d6ko Lamp <Ltd> & \"S\u00f6hne\""},
		Product:  publication.Product{ID: "g1", Model: "G1", Name: "GlowOne", GTINs: []string{"09506000134352"}},
		Program:  "v1",
		Promises: publication.Promises{Functions: []publication.Function{{ID: "light", Text: "It gives light."}}, PartsUntil: "unknown", ServiceUntil: "none", UpdatesUntil: "2031-10-10"},
	}}
	if change != nil {
		change(&s)
	}
	out, err := publication.Sign(s, testKey(1))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// The bytes of a statement are a format that others read: they never change
// for the same content.
func TestStatementGolden(t *testing.T) {
	t.Parallel()
	s := signed(t, nil)
	file := "testdata/statement.note"
	if *update {
		if err := os.WriteFile(file, s.Note, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(s.Note)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	again, err := publication.OpenNote(want)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, again); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	text, err := again.Statement.Text()
	if err != nil || !bytes.Equal(text, again.Text) {
		t.Errorf("the text is written otherwise than it was read: %v", err)
	}
}

// Each of these differs from a good statement in one matter, and none is
// accepted.
func TestOpenNoteRefuses(t *testing.T) {
	t.Parallel()
	good := string(signed(t, nil).Note)
	replace := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("there is no %q", old)
		}
		return strings.Replace(good, old, new, 1)
	}
	lines := strings.SplitAfter(good, "\n")
	other := string(signed(t, func(s *publication.Statement) { s.Body.Program = "v2" }).Note)
	otherLines := strings.SplitAfter(other, "\n")
	for name, c := range map[string]struct {
		entry string
		want  iotmark.ErrorID
	}{
		"empty":                    {"", "statement-malformed"},
		"another type line":        {replace("/entry/v1", "/entry/v2"), "statement-version"},
		"a changed date":           {replace(`"updates_until":"2031-10-10"`, `"updates_until":"2033-10-10"`), "statement-malformed"},
		"a changed prev":           {replace(`,"subject"`, `,"prev":"`+strings.Repeat("00", 32)+`","subject"`), "statement-malformed"},
		"a member nobody knows":    {replace(`"v":1`, `"v":1,"w":2`), "statement-malformed"},
		"a member that is twice":   {replace(`"v":1`, `"v":1,"v":1`), "statement-malformed"},
		"a member in capitals":     {replace(`"edition"`, `"Edition"`), "statement-malformed"},
		"members out of order":     {replace(`"type":"declaration.published","v":1`, `"v":1,"type":"declaration.published"`), "statement-malformed"},
		"white space":              {replace(`{"body"`, `{ "body"`), "statement-malformed"},
		"an escape too many":       {replace("\u00d6ko", `\u00d6ko`), "statement-malformed"},
		"version 2":                {replace(`"v":1}`, `"v":2}`), "statement-version"},
		"a type nobody knows":      {replace(`declaration.published`, `declaration.sung`), "statement-version"},
		"another type":             {replace(`declaration.published`, `mark.granted`), "statement-malformed"},
		"a path that leads out":    {replace("index.html", "../../etc/passwd"), "statement-malformed"},
		"a hidden path":            {replace("index.html", ".htaccess"), "statement-malformed"},
		"an absolute path":         {replace("index.html", "/etc/passwd"), "statement-malformed"},
		"a size below zero":        {replace(`"size":12`, `"size":-1`), "statement-malformed"},
		"a fraction":               {replace(`"size":12`, `"size":12.5`), "statement-malformed"},
		"a number too large":       {replace(`"size":12`, `"size":1e99`), "statement-malformed"},
		"a digest in capitals":     {replace(strings.Repeat("ef", 32), strings.Repeat("EF", 32)), "statement-malformed"},
		"no signature":             {lines[0] + lines[1] + lines[2], "statement-malformed"},
		"one signature":            {lines[0] + lines[1] + lines[2] + lines[3], "signature-missing"},
		"the other signature":      {lines[0] + lines[1] + lines[2] + lines[4], "signature-missing"},
		"signatures out of order":  {lines[0] + lines[1] + lines[2] + lines[4] + lines[3], "statement-malformed"},
		"a signature twice":        {good + lines[3], "statement-malformed"},
		"a stranger's signature":   {good + "\u2014 stranger.example/maker AAAAAAAA\n", "signature-missing"},
		"and it out of order":      {good + "\u2014 else.example/maker AAAAAAAA\n", "statement-malformed"},
		"another statement's note": {lines[0] + lines[1] + lines[2] + otherLines[3] + lines[4], "signature-wrong"},
		"another statement's ssh":  {lines[0] + lines[1] + lines[2] + lines[3] + otherLines[4], "signature-wrong"},
		"two statements":           {good + good, "statement-malformed"},
		"a line more":              {lines[0] + lines[1] + "{}\n" + lines[2] + lines[3] + lines[4], "statement-malformed"},
		"no line feed at the end":  {strings.TrimSuffix(good, "\n"), "statement-malformed"},
		"carriage returns":         {strings.ReplaceAll(good, "\n", "\r\n"), "statement-malformed"},
		"not UTF-8":                {replace("GlowOne", "Glow\xffOne"), "statement-malformed"},
		"too large":                {good + strings.Repeat("x", publication.MaxEntry), "statement-too-large"},
		"deep":                     {lines[0] + strings.Repeat("[", 60_000) + "\n" + lines[2] + lines[3], "statement-malformed"},
		"null":                     {lines[0] + "null\n" + lines[2] + lines[3], "statement-malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := publication.OpenNote([]byte(c.entry))
			e, ok := errors.AsType[*iotmark.Error](err)
			if !ok {
				t.Fatalf("got %v, want an *iotmark.Error", err)
			}
			if e.ID != c.want && !(c.want == "statement-malformed" && e.ID == "signature-wrong") {
				t.Errorf("got %s (%v), want %s", e.ID, err, c.want)
			}
			if e.Kind != iotmark.Unverified {
				t.Errorf("got kind %s, want unverified", e.Kind)
			}
		})
	}
}

// One flipped bit anywhere makes it no statement any more.
func TestEveryBitOfAStatementCounts(t *testing.T) {
	t.Parallel()
	good := signed(t, nil).Note
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 1 << (i % 8)
		if _, err := publication.OpenNote(bad); err == nil {
			t.Fatalf("byte %d of %d was changed, and nothing was noticed", i, len(good))
		}
	}
}

func TestSignRefusesAnotherKey(t *testing.T) {
	t.Parallel()
	s := signed(t, nil).Statement
	if _, err := publication.Sign(s, testKey(2)); err == nil {
		t.Error("a statement that names one key was signed with another")
	}
	lame := testKey(1)
	lame.Sign = func([]byte) ([]byte, error) { return make([]byte, ed25519.SignatureSize), nil }
	if _, err := publication.Sign(s, lame); err == nil {
		t.Error("a signature that does not verify was taken")
	}
}

func TestProductIDOf(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]publication.ProductID{
		"TW-L3": "tw-l3", "ZC 360/B": "zc-360-b", "--": "", "\u706f": "", "a__b": "a-b", strings.Repeat("x", 80): publication.ProductID(strings.Repeat("x", 64)), "../..": "",
	} {
		if got := publication.ProductIDOf(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestMakerOf(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		maker iotmark.Maker
		want  string
	}{
		"website":        {iotmark.Maker{Website: "https://Lamp.Example/about", Email: "a@b.example"}, "lamp.example"},
		"mail":           {iotmark.Maker{Email: "hello@lamp.example"}, "lamp.example"},
		"an address":     {iotmark.Maker{Website: "http://192.0.2.1/"}, ""},
		"a bare name":    {iotmark.Maker{Website: "http://localhost/"}, ""},
		"a plus":         {iotmark.Maker{Email: "a@b+c.example"}, ""},
		"a space":        {iotmark.Maker{Email: "a@b c.example"}, ""},
		"nothing at all": {iotmark.Maker{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := publication.MakerOf(c.maker)
			if m.Domain != c.want || (err == nil) != (c.want != "") {
				t.Errorf("got %q, %v, want %q", m.Domain, err, c.want)
			}
		})
	}
}

func TestLowered(t *testing.T) {
	t.Parallel()
	f := func(ids ...string) (out []publication.Function) {
		for _, id := range ids {
			out = append(out, publication.Function{ID: id, Text: id})
		}
		return out
	}
	full := publication.Promises{UpdatesUntil: "2031-01-01", ServiceUntil: "2030-01-01", PartsUntil: "2035-01-01", Functions: f("a", "b")}
	for name, c := range map[string]struct {
		before, now publication.Promises
		want        []string
	}{
		"the same":                {full, full, nil},
		"later":                   {full, publication.Promises{UpdatesUntil: "2032-01-01", ServiceUntil: "2030-01-01", PartsUntil: "2035-01-01", Functions: f("a", "b", "c")}, nil},
		"earlier by a day":        {full, publication.Promises{UpdatesUntil: "2030-12-31", ServiceUntil: "2030-01-01", PartsUntil: "2035-01-01", Functions: f("a", "b")}, []string{"updates_until"}},
		"a date becomes a word":   {full, publication.Promises{UpdatesUntil: "unknown", ServiceUntil: "none", PartsUntil: "2035-01-01", Functions: f("a", "b")}, []string{"service_until", "updates_until"}},
		"a function is gone":      {full, publication.Promises{UpdatesUntil: "2031-01-01", ServiceUntil: "2030-01-01", PartsUntil: "2035-01-01", Functions: f("b")}, []string{"function:a"}},
		"a word becomes a date":   {publication.Promises{UpdatesUntil: "none", ServiceUntil: "unknown", PartsUntil: "unknown"}, full, nil},
		"none becomes unknown":    {publication.Promises{UpdatesUntil: "none"}, publication.Promises{UpdatesUntil: "unknown"}, nil},
		"everything at once goes": {full, publication.Promises{UpdatesUntil: "none", ServiceUntil: "none", PartsUntil: "none"}, []string{"parts_until", "service_until", "updates_until", "function:a", "function:b"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, l := range publication.Lowered(c.before, c.now) {
				got = append(got, l.What)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			low, err := publication.Raise(c.before, c.now, "")
			if (err != nil) != (len(c.want) > 0) || low != nil {
				t.Errorf("without a reason: got %v, %v", low, err)
			}
			low, err = publication.Raise(c.before, c.now, "because")
			if err != nil || len(low) != len(c.want) {
				t.Errorf("with a reason: got %v, %v", low, err)
			}
		})
	}
}

func TestParsePublicKey(t *testing.T) {
	t.Parallel()
	pub := testKey(1).Public
	line := verify.PublicLine(pub)
	for name, text := range map[string]string{
		"as key.pub":         line + " me@here\n",
		"as allowed_signers": "maker.example/maker namespaces=\"x\" " + line + "\n",
		"below a comment":    "# mine\n\n" + line + "\n",
	} {
		got, err := publication.ParsePublicKey(text)
		if err != nil || !got.Equal(pub) {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
	for _, text := range []string{"", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-rsa AAAAB3NzaC1yc2E=", line[:len(line)-4]} {
		if _, err := publication.ParsePublicKey(text); err == nil {
			t.Errorf("%q was taken for a key", text)
		}
	}
}

// FuzzOpenNote holds that nothing breaks the parser, and that what it accepts
// has one form.
func FuzzOpenNote(f *testing.F) {
	f.Add(signed(f, nil).Note)
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := publication.OpenNote(b)
		if err != nil {
			if e, ok := errors.AsType[*iotmark.Error](err); !ok || e.ID == "" {
				t.Fatalf("got %v, want an error with an id", err)
			}
			return
		}
		again, err := publication.OpenNote(s.Note)
		if err != nil || again.Leaf != s.Leaf || !bytes.Equal(b, s.Note) {
			t.Fatalf("what was accepted is not accepted again: %v", err)
		}
	})
}

// FuzzDocuments holds the same of the list of products, of declarations and of assessments.
func FuzzDocuments(f *testing.F) {
	f.Add([]byte("{\n  \"v\": 1,\n  \"products\": []\n}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if x, err := publication.ParseIndex(b); err == nil && x.V != 1 {
			t.Fatalf("accepted %+v", x)
		}
		if d, err := publication.ParseDeclaration(b); (d == nil) == (err == nil) {
			t.Fatalf("got %v, %v", d, err)
		}
		if a, err := publication.ParseAssessment(b); err == nil && a.V != 1 {
			t.Fatalf("accepted %+v", a)
		}
	})
}

// The kept corpora hold a good statement each, so that fuzzing starts beyond
// the first lines.
func TestCorporaHoldSomethingGood(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"FuzzOpenNote", "FuzzDocuments"} {
		if m, err := filepath.Glob("testdata/fuzz/" + name + "/*"); err != nil || len(m) < 3 {
			t.Errorf("%s: %d inputs, %v", name, len(m), err)
		}
	}
}

// People read the texts of a statement beside the words of the program, so
// none of them may end a line, and none is without an end.
func TestTextsOfAStatement(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*publication.Body){
		"a maker in lines":         func(b *publication.Body) { b.Maker.Name = "Evil\n::stop-commands::x\n##[error]pwn" },
		"a maker that steers":      func(b *publication.Body) { b.Maker.Name = "Evil\x1b[2J" },
		"a maker of two lines":     func(b *publication.Body) { b.Maker.Name = "Evil\u2028Ltd" },
		"no maker":                 func(b *publication.Body) { b.Maker.Name = "" },
		"an endless maker":         func(b *publication.Body) { b.Maker.Name = strings.Repeat("x", 201) },
		"an LEI of words":          func(b *publication.Body) { b.Maker.LEI = "certified by all" },
		"a product in lines":       func(b *publication.Body) { b.Product.Name = "Lamp\r::error::x" },
		"a model in lines":         func(b *publication.Body) { b.Product.Model = "G1\n  Holds." },
		"a GTIN of words":          func(b *publication.Body) { b.Product.GTINs = []string{"095060001343\n"} },
		"a maker's mail address":   func(b *publication.Body) { b.Maker.Name = "Ask jane@lamp.example" },
		"a program in lines":       func(b *publication.Body) { b.Program = "v1\nAll of it holds" },
		"an edition of words":      func(b *publication.Body) { b.Edition = "2026.1\n" },
		"a date of words":          func(b *publication.Body) { b.Promises.UpdatesUntil = "2031-10-10\nx" },
		"a function in lines":      func(b *publication.Body) { b.Promises.Functions[0].Text = "Light\nHolds." },
		"a function's id in lines": func(b *publication.Body) { b.Promises.Functions[0].ID = "light\n" },
		"a reason in lines": func(b *publication.Body) {
			b.Lowered = []publication.Lowering{{From: "2031-01-01", To: "none", What: "updates_until", Reason: "why\n::error::x"}}
		},
		"a check in lines": func(b *publication.Body) { b.Checks["x\ny"] = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := signed(t, nil).Statement
			change(&s.Body)
			_, err := publication.Sign(s, testKey(1))
			if e, ok := errors.AsType[*iotmark.Error](err); !ok || e.ID != "statement-malformed" {
				t.Errorf("got %v, want statement-malformed", err)
			}
		})
	}
	in := input(t, careful)
	for _, name := range []string{"Lamp\n::error::x", "Lamp by jane@lamp.example"} {
		in.Public.Declaration.Product.Name = name
		_, err := publication.Make(in)
		if e, ok := errors.AsType[*iotmark.Error](err); !ok || e.ID != "text-unfit" || e.Kind != iotmark.Invalid {
			t.Errorf("%q: got %v, want text-unfit", name, err)
		}
	}
}
