package devicesecurity

import (
	"cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence/firmware"
)

// images asks for firmware images.
var images = check.Need{Kinds: []iotmark.EvidenceKind{iotmark.KindFirmwareImage}, Reader: "firmware"}

// image is one image under one check.
type image struct {
	check.Read[*firmware.Facts]
	check iotmark.CheckID
}

// eachImage runs one function on every image that was read.
func eachImage(in check.Input, id iotmark.CheckID, f func(image) []iotmark.Finding) []iotmark.Finding {
	var out []iotmark.Finding
	for _, r := range check.Facts[*firmware.Facts](in, images) {
		out = append(out, f(image{r, id})...)
	}
	return out
}

// title names the image for people.
func (m image) title() string { return cmp.Or(m.Title, string(m.ID)) }

// say makes a finding on the image; what is the last part of the message id.
func (m image) say(o iotmark.Outcome, what string, kv ...string) iotmark.Finding {
	id := iotmark.MessageID(string(m.check) + "." + what)
	basis := []iotmark.EvidenceID{m.ID}
	kv = append([]string{"image", m.title()}, kv...)
	switch o {
	case iotmark.Passed:
		return check.Pass(id, basis, kv...)
	case iotmark.Failed:
		return check.Fail(id, basis, kv...)
	case iotmark.Inapplicable:
		return check.DoesNotApply(id, basis, kv...)
	}
	return check.CannotTell(id, basis, kv...)
}

// opaque says that nobody could look into the image.
func (m image) opaque() iotmark.Finding {
	return m.say(iotmark.CantTell, "opaque", "format", m.Facts.OpaqueAs)
}

// partly says that a part of the image was not looked into. n counts the
// files, or parts of the image outside any file.
func (m image) partly() iotmark.Finding {
	c := m.Facts.Coverage
	f := m.say(iotmark.CantTell, "partly", "n", check.N(c.OpaqueFiles), "files", check.N(c.Files), "first", first(c))
	for _, u := range c.NotLooked[:min(len(c.NotLooked), check.Shown)] {
		f.Places = append(f.Places, iotmark.Place{Evidence: m.ID, Path: u.Path, Quote: u.Why})
	}
	return f
}

func first(c firmware.Coverage) string {
	if len(c.NotLooked) == 0 {
		return ""
	}
	u := c.NotLooked[0]
	if u.Path == "" {
		return u.Why
	}
	return check.Quote(u.Path) + " (" + u.Why + ")"
}

// at points into the image.
func (m image) at(p firmware.Place) iotmark.Place {
	return iotmark.Place{Evidence: m.ID, Path: p.Path, Line: p.Line}
}
