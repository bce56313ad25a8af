package sbom

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/open-iot-mark/iotmark/internal/evidence"
)

const xmlSpace = "http://cyclonedx.org/schema/bom/"

// Bounds on one tag of XML: encoding/xml builds the whole tag before anyone
// can look at it, and does not notice an attribute that comes twice.
const (
	maxTag        = 64 << 10
	maxAttributes = 64
)

var encodingName = regexp.MustCompile(`^<\?xml[^>]*?encoding\s*=\s*["']([^"']*)["']`)

// guardXML looks through the text before encoding/xml does. It refuses
// document types, through which entities come (CWE-776, CWE-611), other
// encodings, and tags so long that they are an attack.
func guardXML(b []byte) error {
	t := bytes.TrimLeft(b, " \t\r\n")
	if m := encodingName.FindSubmatch(t[:min(len(t), 1024)]); m != nil && !strings.EqualFold(string(m[1]), "utf-8") {
		return refuse("sbom-encoding", fmt.Sprintf("the XML says its encoding is %q; save it as UTF-8", cut(string(m[1]), 40)))
	}
	line := 1
	skip := func(open, end string) bool {
		if !bytes.HasPrefix(b, []byte(open)) {
			return false
		}
		n := bytes.Index(b[len(open):], []byte(end))
		if n < 0 {
			b = nil // encoding/xml tells where it ends
			return true
		}
		n += len(open) + len(end)
		line += bytes.Count(b[:n], []byte{'\n'})
		b = b[n:]
		return true
	}
	for {
		n := bytes.IndexByte(b, '<')
		if n < 0 {
			return nil
		}
		line += bytes.Count(b[:n], []byte{'\n'})
		b = b[n:]
		if skip("<!--", "-->") || skip("<![CDATA[", "]]>") {
			continue
		}
		if bytes.HasPrefix(b, []byte("<!")) {
			return refuse("xml-dtd", fmt.Sprintf("line %d: it holds a document type or an entity, which no CycloneDX file needs; export it again without", line))
		}
		end, quote := 0, byte(0)
		for end = 1; end < len(b); end++ {
			c := b[end]
			switch {
			case quote != 0 && c == quote:
				quote = 0
			case quote != 0:
			case c == '"' || c == '\'':
				quote = c
			}
			if c == '>' && quote == 0 {
				break
			}
			if end > maxTag {
				return evidence.Malformed("XML", fmt.Errorf("line %d: a tag is longer than %d bytes", line, maxTag))
			}
		}
		line += bytes.Count(b[:end], []byte{'\n'})
		b = b[end:]
	}
}

// xmlReader walks the tokens of encoding/xml, which keeps no tree.
type xmlReader struct {
	l     *list
	d     *xml.Decoder
	space string
	depth int
	count int
	err   error
}

// readXML reads CycloneDX in XML.
func (l *list) readXML(b []byte) error {
	if bytes.Contains(b[:min(len(b), evidence.SniffLen)], []byte("spdx.org/rdf/terms")) || bytes.Contains(b[:min(len(b), evidence.SniffLen)], []byte("<spdxVersion>")) {
		return otherForm("SPDX in RDF or XML")
	}
	if err := guardXML(b); err != nil {
		return err
	}
	x := &xmlReader{l: l, d: xml.NewDecoder(bytes.NewReader(b))}
	root, ok := x.root()
	if !ok {
		return x.err
	}
	version, ok := strings.CutPrefix(root.Name.Space, xmlSpace)
	if root.Name.Local != "bom" || !ok {
		return evidence.Malformed("list of components", fmt.Errorf("line %d: the root is <%s>, not <bom> of CycloneDX", x.line(), cut(root.Name.Local, 40)))
	}
	if !cyclonedxVersions[version] {
		return wrongVersion("CycloneDX", version, cyclonedxWant)
	}
	x.space = root.Name.Space
	l.f.Format, l.f.Encoding, l.f.SpecVersion = CycloneDX, XML, version
	l.f.Serial = attr(root, "serialNumber")
	x.children(func(e xml.StartElement) {
		switch e.Name.Local {
		case "metadata":
			x.metadata()
		case "components":
			x.components(false)
		case "dependencies":
			x.children(func(e xml.StartElement) { x.dependency(e, "") })
		case "compositions":
			x.each(func(e xml.StartElement) {
				x.children(func(e xml.StartElement) {
					if e.Name.Local == "aggregate" {
						l.aggregate(x.text(maxName))
						return
					}
					x.skip()
				})
			})
		case "vulnerabilities":
			x.each(x.vulnerability)
		default:
			x.skip()
		}
	})
	if x.err == nil {
		x.tail()
	}
	return x.err
}

func (x *xmlReader) line() int { n, _ := x.d.InputPos(); return n }

func (x *xmlReader) fail(err error) {
	if x.err == nil {
		x.err = err
	}
}

// token returns the next token, or nil after an error.
func (x *xmlReader) token() xml.Token {
	if x.err != nil {
		return nil
	}
	if x.count++; x.count%4096 == 0 && x.l.ctx.Err() != nil {
		x.fail(x.l.ctx.Err())
		return nil
	}
	t, err := x.d.Token()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New(cutOff)
		}
		x.fail(evidence.Malformed("XML", fmt.Errorf("line %d: %w", x.line(), err)))
		return nil
	}
	switch t := t.(type) {
	case xml.StartElement:
		if x.depth++; x.depth > x.l.lim.Depth {
			x.fail(evidence.TooDeep(x.l.lim.Depth))
			return nil
		}
		if len(t.Attr) > maxAttributes {
			x.malformed("a tag has more than %d attributes", maxAttributes)
			return nil
		}
		for i, a := range t.Attr {
			for _, b := range t.Attr[:i] {
				if a.Name == b.Name {
					x.malformed("the attribute %q comes twice in one tag", cut(a.Name.Local, 40))
					return nil
				}
			}
		}
	case xml.EndElement:
		x.depth--
	case xml.Directive:
		x.fail(refuse("xml-dtd", "it holds a document type, which no CycloneDX file needs; export it again without"))
		return nil
	}
	return t
}

func (x *xmlReader) malformed(format string, args ...any) {
	x.fail(evidence.Malformed("XML", fmt.Errorf("line %d: %s", x.line(), fmt.Sprintf(format, args...))))
}

// root returns the first element.
func (x *xmlReader) root() (xml.StartElement, bool) {
	for x.err == nil {
		switch t := x.token().(type) {
		case xml.StartElement:
			return t, true
		case xml.CharData:
			if len(bytes.TrimSpace(t)) > 0 {
				x.malformed("text stands before the first tag")
			}
		}
	}
	return xml.StartElement{}, false
}

// tail makes sure that only white space and comments follow the root.
func (x *xmlReader) tail() {
	for {
		t, err := x.d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			x.malformed("%v", err)
			return
		}
		switch t := t.(type) {
		case xml.StartElement:
			x.malformed("a second root <%s> follows", cut(t.Name.Local, 40))
			return
		case xml.CharData:
			if len(bytes.TrimSpace(t)) > 0 {
				x.malformed("text follows the last tag")
				return
			}
		}
	}
}

// Elements that the schema lets come more than once beside others.
var repeated = map[string]bool{"swhid": true, "omniborId": true}

// children calls f for every child of the element just opened that is in the
// namespace of CycloneDX; f must read it to its end. Each may come once.
func (x *xmlReader) children(f func(xml.StartElement)) {
	seen := map[string]bool{}
	x.walk(func(e xml.StartElement) {
		n := e.Name.Local
		if seen[n] && !repeated[n] && n != "dependency" {
			x.malformed("<%s> comes twice in one element", cut(n, 40))
			return
		}
		if len(seen) < maxKeys {
			seen[n] = true
		}
		f(e)
	})
}

// each calls f for every child of a list, where the same element comes again
// and again.
func (x *xmlReader) each(f func(xml.StartElement)) { x.walk(f) }

func (x *xmlReader) walk(f func(xml.StartElement)) {
	for x.err == nil {
		switch t := x.token().(type) {
		case xml.StartElement:
			if t.Name.Space != x.space {
				x.skip() // extensions of others
				continue
			}
			f(t)
		case xml.EndElement:
			return
		}
	}
}

// skip reads to the end of the element just opened.
func (x *xmlReader) skip() {
	for open := 1; open > 0 && x.err == nil; {
		switch x.token().(type) {
		case xml.StartElement:
			open++
		case xml.EndElement:
			open--
		}
	}
}

// text returns the text of the element just opened, cut to max bytes.
func (x *xmlReader) text(max int) string {
	var b strings.Builder
	for x.err == nil {
		switch t := x.token().(type) {
		case xml.CharData:
			if room := max + 4 - b.Len(); room > 0 {
				b.Write(t[:min(len(t), room)])
			}
		case xml.StartElement:
			x.skip()
		case xml.EndElement:
			s := strings.TrimSpace(b.String())
			if len(s) > max {
				x.l.f.Cut = true
			}
			return cut(s, max)
		}
	}
	return ""
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name && a.Name.Space == "" {
			return cut(strings.TrimSpace(a.Value), maxName)
		}
	}
	return ""
}
