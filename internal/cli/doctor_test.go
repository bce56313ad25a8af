package cli

import (
	"strings"
	"testing"

	"github.com/open-iot-mark/iotmark/internal/confine"
)

// Every protection and every harm has its words, and no line is too long.
func TestDoctorWords(t *testing.T) {
	t.Parallel()
	d := diagnosis{Version: "v1", Archives: possibility{Works: true, Folder: "/tmp"}}
	d.Confinement.Works = true
	for _, on := range []bool{true, false} {
		d.Confinement.Protections = nil
		for _, id := range confine.IDs() {
			w := protections[id]
			if w.on == "" || w.off == "" {
				t.Errorf("there are no words for %s", id)
			}
			d.Confinement.Protections = append(d.Confinement.Protections, confine.Protection{ID: id, On: on, Why: strings.Repeat("because of it ", 12)})
		}
		if !on {
			d.Confinement.Unstopped = confine.Report{}.Unstopped()
		}
		text := d.text()
		for l := range strings.Lines(text) {
			if len(strings.TrimRight(l, "\n")) > columns {
				t.Errorf("too long: %s", l)
			}
		}
		if on != strings.Contains(text, "reaches no file of yours") || on == strings.Contains(text, "could read and change your files, use the") {
			t.Errorf("got\n%s", text)
		}
	}
	if len(protections) != len(confine.IDs()) || len(harms) != len(d.Confinement.Unstopped) {
		t.Errorf("%d words for %d protections, %d for %d harms", len(protections), len(confine.IDs()), len(harms), len(d.Confinement.Unstopped))
	}
}
