package publication

import (
	"bytes"
	"io"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/message"
	"github.com/open-iot-mark/iotmark/internal/page"
)

// languages of the published pages. The first is that of index.html.
var languages = []struct {
	code, name string
	words      func() *message.Words
}{
	{"en", "English", message.English},
}

// pages renders all that follows from the documents: the pages in each
// language and the linked data. The same documents give the same bytes, which
// is how the verifier knows that nobody edited a page.
func pages(cat *catalogue.Catalogue, m Maker, id ProductID, d *iotmark.Declaration, a iotmark.Assessment, files []File) (map[string][]byte, error) {
	name := func(base, code string) string {
		if code == languages[0].code {
			return base + ".html"
		}
		return base + "." + code + ".html"
	}
	address := Address(m, id)
	experts := []page.File{
		{Name: "Signed statement", Href: NoteFile},
		{Name: "SHA-256 of all files", Href: SumsFile},
	}
	for _, f := range files {
		experts = append(experts, page.File{Name: f.Path, Href: f.Path, SHA256: f.SHA256, Size: f.Size})
	}
	out := map[string][]byte{}
	for _, l := range languages {
		in := page.Input{
			Declaration: d, Assessment: a, Catalogue: cat, Words: l.words(), Files: experts,
			Base: address + name("index", l.code), Criteria: name("criteria", l.code), Product: name("index", l.code),
		}
		for _, p := range []struct {
			base  string
			write func(io.Writer, page.Input) error
		}{{"index", page.HTML}, {"criteria", page.HTMLCriteria}} {
			in.Languages = nil
			for _, o := range languages {
				in.Languages = append(in.Languages, page.Link{Code: o.code, Name: o.name, Href: name(p.base, o.code)})
			}
			var b bytes.Buffer
			if err := p.write(&b, in); err != nil {
				return nil, err
			}
			out[name(p.base, l.code)] = b.Bytes()
		}
		if l.code == languages[0].code {
			b, err := page.JSONLD(in)
			if err != nil {
				return nil, err
			}
			out[LinkedDoc] = append(bytes.TrimSpace(b), '\n')
		}
	}
	return out, nil
}

// Address is where a published product belongs on the web.
func Address(m Maker, id ProductID) string {
	return "https://" + m.Domain + "/" + Place + "/" + string(id) + "/"
}
