package label_test

import (
	"bytes"
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark/internal/label"
)

func panel(text string) label.Panel {
	p := label.Panel{
		Lang: "en", Dir: "ltr", Title: "Preview of a label, not a label: " + text, Desc: text, Watermark: "PREVIEW", Notice: "Preview. Not a label. Do not print.",
		Product: text, By: text + ", model " + text, TopicsTitle: "How each topic was looked at", Key: []string{"Counted: points a program looked at."},
		Words: "The maker's own words. Nobody independent has checked them. It is not a mark.", Edition: "Edition " + text,
	}
	for range 7 {
		p.Facts = append(p.Facts, label.Fact{Name: text, Value: text}, label.Fact{Name: "If the maker closes", Value: "Not known", Unknown: true})
	}
	for range 8 {
		p.Topics = append(p.Topics, label.Topic{Name: text, Count: "2 of 12"})
	}
	return p
}

// elements reads the drawing and gives its elements, and all its text.
func elements(t *testing.T, svg []byte) (names []string, text string) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(svg))
	for {
		tok, err := d.Token()
		if err == io.EOF {
			return names, text
		}
		if err != nil {
			t.Fatalf("the drawing is no XML: %v\n%s", err, svg)
		}
		switch x := tok.(type) {
		case xml.StartElement:
			names = append(names, x.Name.Local)
			for _, a := range x.Attr {
				if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "href" {
					t.Errorf("%s has %s", x.Name.Local, a.Name.Local)
				}
			}
		case xml.CharData:
			text += string(x) + "\n"
		}
	}
}

// The drawing says what it is, shows each value, and holds shapes and text
// alone: no emblem, no code, no picture, nothing that is loaded.
func TestPreview(t *testing.T) {
	t.Parallel()
	names, text := elements(t, label.Preview(panel("Nook & Co <2>")))
	for _, want := range []string{"Preview. Not a label. Do not print.", "PREVIEW", "Nook & Co <2>", "Not known", "2 of 12", "It is not a"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	for _, n := range names {
		switch n {
		case "svg", "title", "desc", "rect", "path", "text":
		default:
			t.Errorf("there is an element %s", n)
		}
	}
	// Two paths at most lie above the facts, one below each of them, and none
	// is anything but a line: an emblem is not a line.
	for l := range strings.Lines(string(label.Preview(panel("a")))) {
		if strings.Contains(l, "<path") && !strings.Contains(l, `d="M30 `) {
			t.Errorf("a shape that is no line: %s", l)
		}
	}
	boxes := 0
	for l := range strings.Lines(string(label.Preview(panel("a")))) {
		if strings.Contains(l, `stroke-dasharray="7 5"`) {
			boxes++
		}
	}
	if boxes != 7 {
		t.Errorf("%d dashed boxes for 7 values that are not known", boxes)
	}
}

func TestHostileText(t *testing.T) {
	t.Parallel()
	want, _ := elements(t, label.Preview(panel(strings.Repeat("wide words ", 1000))))
	for name, text := range map[string]string{
		"markup":    strings.Repeat(`</text></svg><script>alert(1)</script> <image href="x"/> `, 50),
		"entities":  strings.Repeat(`&lt;script&gt; &#0; ]]> <![CDATA[ `, 100),
		"steering":  strings.Repeat("a\x00\x1b\u202e\ufeff b\ufffe ", 1000),
		"marks":     strings.Repeat("wide words a\u0301\u0301\u0301\u0301\u0301\u0301\u0301 ", 1000),
		"not UTF-8": strings.Repeat("wide words\xff\xfe ", 1000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			svg := label.Preview(panel(text))
			got, said := elements(t, svg)
			if len(svg) > 32<<10 {
				t.Errorf("the drawing has %d bytes", len(svg))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the elements change (-want +got)\n%s", diff)
			}
			for _, r := range said {
				if r < ' ' && r != '\n' || r == 0x202e || r == 0xfeff {
					t.Errorf("%U came through", r)
				}
			}
		})
	}
}

// From right to left everything is mirrored and nothing else changes.
func TestRightToLeft(t *testing.T) {
	t.Parallel()
	p := panel("Nook")
	ltr, _ := elements(t, label.Preview(p))
	p.Dir = "rtl"
	svg := label.Preview(p)
	rtl, _ := elements(t, svg)
	if diff := cmp.Diff(ltr, rtl); diff != "" {
		t.Errorf("got (-want +got)\n%s", diff)
	}
	if !bytes.Contains(svg, []byte(`direction="rtl"`)) || !bytes.Contains(svg, []byte(`<text x="570" y="52"`)) {
		t.Error("the notice does not begin at the right")
	}
}

func TestDeterministic(t *testing.T) {
	t.Parallel()
	want := label.Preview(panel("Nook"))
	if !bytes.Equal(want, label.Preview(panel("Nook"))) {
		t.Error("the bytes differ")
	}
	if empty, _ := elements(t, label.Preview(label.Panel{})); len(empty) < 5 {
		t.Errorf("an empty panel gives %v", empty)
	}
}
