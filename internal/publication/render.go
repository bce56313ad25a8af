package publication

import (
	"bytes"
	"cmp"
	"fmt"
	"io"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/message"
	"github.com/open-iot-mark/iotmark/internal/page"
)

// pages renders all that follows from the documents: the pages in each
// language and the linked data. The same documents give the same bytes, which
// is how the verifier knows that nobody edited a page.
func pages(cat *catalogue.Catalogue, m Maker, id ProductID, d *iotmark.Declaration, a iotmark.Assessment, files []File) (map[string][]byte, error) {
	languages := message.Languages()
	name := func(base, code string) string {
		if code == languages[0].Code {
			return base + ".html"
		}
		return base + "." + code + ".html"
	}
	address := Address(m, id)
	out := map[string][]byte{}
	for _, l := range languages {
		words, ok := message.In(l.Code)
		if !ok {
			return nil, fmt.Errorf("there are no words for %s", l.Code)
		}
		in := page.Input{
			Declaration: d, Assessment: a, Catalogue: cat, Words: words, Files: experts(words, d, files),
			Base: address + name("index", l.Code), Criteria: name("criteria", l.Code), Product: name("index", l.Code),
		}
		for _, p := range []struct {
			base  string
			write func(io.Writer, page.Input) error
		}{{"index", page.HTML}, {"criteria", page.HTMLCriteria}} {
			in.Languages = nil
			for _, o := range languages {
				in.Languages = append(in.Languages, page.Link{Code: o.Code, Name: o.Name, Href: name(p.base, o.Code)})
			}
			var b bytes.Buffer
			if err := p.write(&b, in); err != nil {
				return nil, err
			}
			out[name(p.base, l.Code)] = b.Bytes()
		}
		if l.Code == languages[0].Code {
			b, err := page.JSONLD(in)
			if err != nil {
				return nil, err
			}
			out[LinkedDoc] = append(bytes.TrimSpace(b), '\n')
		}
	}
	return out, nil
}

// experts lists what can be taken away: statement and documents by what they
// are, evidence by its title.
func experts(words *message.Words, d *iotmark.Declaration, files []File) []page.File {
	out := []page.File{
		{Name: words.Say("publication.file-statement", nil), Href: NoteFile},
		{Name: words.Say("publication.file-sums", nil), Href: SumsFile},
	}
	titles := map[string]string{
		DeclarationDoc: words.Say("publication.file-declaration", nil),
		AssessmentDoc:  words.Say("publication.file-assessment", nil),
	}
	for _, e := range d.Evidence {
		if e.Path != "" && titles[e.Path] == "" {
			titles[e.Path] = e.Title
		}
	}
	for _, f := range files {
		out = append(out, page.File{Name: cmp.Or(titles[f.Path], f.Path), Href: f.Path, SHA256: f.SHA256, Size: f.Size})
	}
	return out
}

// Address is where a published product belongs on the web.
func Address(m Maker, id ProductID) string {
	return "https://" + m.Domain + "/" + Place + "/" + string(id) + "/"
}
