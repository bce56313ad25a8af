// Package page renders the public product page of an open declaration: the
// maker's own words, what a program found about them, and what nobody looked
// at. It is pure: it takes values and gives bytes, and the same input gives
// the same bytes.
//
// What it refuses to do: decide, run a script, load anything, show an emblem
// or a code, print a finding that could be misused or what stands in evidence
// that is not public. What can go wrong: text from a declaration is hostile;
// it is escaped, cut, and set apart in its writing direction.
package page

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"io"
	"sync"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/message"
)

// Input is all that a page is made of.
type Input struct {
	Declaration *iotmark.Declaration
	Assessment  iotmark.Assessment
	Catalogue   *catalogue.Catalogue
	Words       *message.Words // language of the page
	Languages   []Link         // the same page in all its languages, this one included
	Files       []File         // for experts; empty in a preview without files
	Base        string         // canonical address of the page, or ""
	Criteria    string         // address of the page that HTMLCriteria makes, relative or absolute, or ""
	Product     string         // address of this page as HTMLCriteria links back to it, or ""
}

// Link leads to the same page in one language.
type Link struct {
	Code string // BCP 47 tag, such as de
	Name string // of the language in itself, such as Deutsch
	Href string // relative address
}

// File is something for experts to take away.
type File struct {
	Name   string         // what it is, in the language of the page
	Href   string         // relative address
	SHA256 iotmark.Digest // of its bytes, or ""
	Size   int64          // in bytes, or 0
}

//go:embed style.css
var style string

//go:embed page.html.tmpl
var pageText string

//go:embed criteria.html.tmpl
var criteriaText string

// The templates are read at their first use: most runs of the program, and
// every confined child, show no page.
var (
	pageTemplate     = sync.OnceValue(func() *template.Template { return template.Must(template.New("page").Parse(pageText)) })
	criteriaTemplate = sync.OnceValue(func() *template.Template {
		return template.Must(template.Must(template.New("page").Parse(pageText)).New("criteria").Parse(criteriaText))
	})
)

// ContentSecurityPolicy is what both pages need: their own style and nothing
// else (W3C CSP 3). The data block of JSON-LD is not executed.
var ContentSecurityPolicy = policy + "; frame-ancestors 'none'"

// policy is what a page can say of itself; frame-ancestors counts in the
// header only.
var policy = func() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
}()

// HTML writes the public page.
func HTML(w io.Writer, in Input) error {
	v := in.view()
	data, err := JSONLD(in)
	if err != nil {
		return err
	}
	v.Data = template.JS(data) // encoding/json has escaped <, > and &
	return execute(w, pageTemplate(), v)
}

// HTMLCriteria writes the page for experts: every criterion in full, and the
// evidence by title and hash.
func HTMLCriteria(w io.Writer, in Input) error {
	return execute(w, criteriaTemplate(), in.criteriaView())
}

// execute writes all or nothing.
func execute(w io.Writer, t *template.Template, v any) error {
	var b bytes.Buffer
	if err := t.Execute(&b, v); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}
