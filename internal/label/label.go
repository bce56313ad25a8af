// Package label draws the panel of a label: pure drawing, values in and SVG
// out, the same bytes for the same values.
//
// So far there is one scene, the preview. What it refuses to do: carry an
// emblem, a code or a QR code, or leave out that it is a preview and no label.
// What can go wrong: text is longer than its room; it is wrapped, then set
// smaller, then cut. Widths are estimated, because the reader's fonts decide.
package label

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"

	"github.com/open-iot-mark/iotmark/internal/message"
)

// Panel is the content of the drawing, all of it in the language of the
// panel. Text of a maker may be anything; it is made safe and cut here.
type Panel struct {
	Lang, Dir   string // BCP 47 tag; ltr or rtl
	Title, Desc string // for people who cannot see it
	Watermark   string // one word, across the drawing
	Notice      string // says that it is no label
	Product, By string
	Facts       []Fact
	TopicsTitle string
	Topics      []Topic
	Key         []string // what the counts of the topics are
	Words       string   // whose words these are
	Edition     string
}

// Fact is one of the seven printed facts.
type Fact struct {
	Name, Value string
	Unknown     bool
}

// Topic is one topic with the count of what was looked at, in words.
type Topic struct{ Name, Count string }

// The drawing is 600 units wide, 10 units to the millimetre on a label, with
// a margin of 30. Colours are those of the label's one ink; contrast on white
// is 16.6 for text and 9.9 for secondary text.
const (
	pageWidth = 600.0
	margin    = 30.0
	room      = pageWidth - 2*margin
	ink       = "#12202b"
	mute      = "#36454f"
	rule      = "#77848c"
	soft      = "#eef2f4"
	fonts     = "'Atkinson Hyperlegible Next','Atkinson Hyperlegible',Arial,'Liberation Sans',Helvetica,sans-serif"
)

// Preview draws the panel as an SVG document that loads nothing and runs
// nothing.
func Preview(p Panel) []byte {
	d := &drawing{rtl: p.Dir == "rtl"}
	y := 52.0
	notice, size := fit(one(p.Notice), 25, 16, room, true)
	d.text(margin, y, size, true, ink, "start", notice)
	y += 18
	d.line(y, 3)
	name := one(p.Product)
	size = 36
	for size > 26 && len(wrap(name, size, room, true, 9)) > 2 {
		size -= 2
	}
	for _, l := range wrap(name, size, room, true, 2) {
		y += size * 1.12
		d.text(margin, y, size, true, ink, "start", l)
	}
	by, size := fit(one(p.By), 25, 18, room, false)
	y += 34
	d.text(margin, y, size, false, mute, "start", by)
	y += 20
	d.line(y, 5)
	for _, f := range p.Facts {
		y = d.fact(y, f)
	}
	y = d.topics(y+42, p)
	y = d.box(y+22, one(p.Words))
	edition, size := fit(one(p.Edition), 22, 15, room, false)
	y += 34
	d.text(margin, y, size, false, mute, "start", edition)
	height := y + 24

	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 %s" width="600" height="%s" role="img" aria-labelledby="t d" xml:lang="%s" lang="%s" direction="%s" font-family="%s">`,
		num(height), num(height), esc(p.Lang), esc(p.Lang), direction(d.rtl), fonts)
	fmt.Fprintf(&b, "\n<title id=\"t\">%s</title>\n<desc id=\"d\">%s</desc>\n", esc(message.Short(p.Title, 300)), esc(message.Short(p.Desc, 2000)))
	fmt.Fprintf(&b, `<rect x="3" y="3" width="594" height="%s" rx="18" fill="#fff" stroke="%s" stroke-width="6" stroke-dasharray="18 10"/>`+"\n", num(height-6), rule)
	b.Write(d.out.Bytes())
	mark, size := fit(one(p.Watermark), 150, 40, 0.95*hypotenuse(height), true)
	fmt.Fprintf(&b, `<text x="300" y="%s" font-size="%s" font-weight="800" fill="%s" fill-opacity=".13" text-anchor="middle" transform="rotate(-55 300 %s)" aria-hidden="true">%s</text>`+"\n",
		num(height/2+size/3), num(size), ink, num(height/2), esc(mark))
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// hypotenuse is the room across the drawing at 55 degrees: its width over
// cos 55, or less when it is low.
func hypotenuse(height float64) float64 { return min((pageWidth-60)/0.574, (height-60)/0.819) }

// one makes text fit for one line.
func one(s string) string { return message.Short(s, 200) }

type drawing struct {
	rtl bool
	out bytes.Buffer
}

// x mirrors a place where the writing runs from right to left. Anchors need
// no mirroring: start and end follow the direction (SVG 2, 11.4).
func (d *drawing) x(x float64) float64 {
	if d.rtl {
		return pageWidth - x
	}
	return x
}

func (d *drawing) text(x, y, size float64, bold bool, fill, anchor, s string) {
	weight := "400"
	if bold {
		weight = "700"
	}
	fmt.Fprintf(&d.out, `<text x="%s" y="%s" font-size="%s" font-weight="%s" fill="%s" text-anchor="%s">%s</text>`+"\n",
		num(d.x(x)), num(y), num(size), weight, fill, anchor, esc(s))
}

func (d *drawing) line(y, thick float64) {
	stroke := ink
	if thick < 3 {
		stroke = rule
	}
	fmt.Fprintf(&d.out, `<path d="M30 %sH570" stroke="%s" stroke-width="%s"/>`+"\n", num(y), stroke, num(thick))
}

// fact draws one row and returns its lower end. What is not known stands in a
// dashed box, as large as any other value. A name and a value that do not fit
// beside each other stand below each other.
func (d *drawing) fact(y float64, f Fact) float64 {
	value := one(f.Value)
	valueRoom := room
	pad := 0.0
	if f.Unknown {
		pad = 14
		valueRoom -= 2 * pad
	}
	value, vs := fit(value, 28, 20, valueRoom, true)
	vw := width(value, vs, true) + 2*pad
	name, ns := one(f.Name), 26.0
	for ns > 21 && width(name, ns, false)+vw+20 > room {
		ns--
	}
	baseline := y + 38
	bottom := y + 52
	if width(name, ns, false)+vw+20 > room {
		name, ns = fit(name, 26, 18, room, false)
		baseline += 40
		bottom += 40
		d.text(margin, y+36, ns, false, mute, "start", name)
	} else {
		d.text(margin, baseline, ns, false, mute, "start", name)
	}
	end := pageWidth - margin
	if f.Unknown {
		left := d.x(end)
		if !d.rtl {
			left -= vw
		}
		fmt.Fprintf(&d.out, `<rect x="%s" y="%s" width="%s" height="40" rx="6" fill="none" stroke="%s" stroke-width="3.5" stroke-dasharray="7 5"/>`+"\n", num(left), num(baseline-30), num(vw), ink)
	}
	d.text(end-pad, baseline, vs, true, ink, "end", value)
	d.line(bottom, 2)
	return bottom
}

// topics draws each topic with its count.
func (d *drawing) topics(y float64, p Panel) float64 {
	title, size := fit(one(p.TopicsTitle), 25, 18, room, true)
	d.text(margin, y, size, true, ink, "start", title)
	y += 8
	for _, t := range p.Topics {
		y += 33
		count, size := fit(one(t.Count), 22, 16, room/2, true)
		name, ns := fit(one(t.Name), 22, 16, room-width(count, size, true)-20, false)
		d.text(margin, y, ns, false, ink, "start", name)
		d.text(pageWidth-margin, y, size, true, ink, "end", count)
	}
	y += 6
	for _, k := range p.Key {
		k, size := fit(one(k), 20, 14, room, false)
		y += 28
		d.text(margin, y, size, false, mute, "start", k)
	}
	return y
}

// box draws a line of words in a soft box.
func (d *drawing) box(y float64, words string) float64 {
	lines := wrap(words, 22, room-28, false, 5)
	height := float64(len(lines))*29 + 20
	fmt.Fprintf(&d.out, `<rect x="30" y="%s" width="540" height="%s" rx="8" fill="%s" stroke="%s" stroke-width="2"/>`+"\n", num(y), num(height), soft, rule)
	for i, l := range lines {
		d.text(margin+14, y+31+float64(i)*29, 22, false, ink, "start", l)
	}
	return y + height
}

func direction(rtl bool) string {
	if rtl {
		return "rtl"
	}
	return "ltr"
}

func num(f float64) string { return strconv.FormatFloat(float64(int(f*10+0.5))/10, 'f', -1, 64) }

func esc(s string) string {
	var b bytes.Buffer
	if xml.EscapeText(&b, []byte(s)) != nil {
		return ""
	}
	return b.String()
}

// Alt returns the panel in words, for an image that shows it.
func (p Panel) Alt() string { return Ended(p.Title) + " " + p.Desc }

// Ended puts a full stop behind words that have none, as "B.V." has.
func Ended(s string) string {
	if strings.HasSuffix(s, ".") {
		return s
	}
	return s + "."
}
