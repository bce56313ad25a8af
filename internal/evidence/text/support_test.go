package text_test

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/open-iot-mark/iotmark/internal/evidence/text"
)

func TestSupport(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/support.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		Say  string             `yaml:"say"`
		Ends []string           `yaml:"ends"`
		Is   []text.StatementID `yaml:"is"`
	}
	if err := yaml.Unmarshal(raw, &rows); err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		f := read(t, "page.txt", r.Say)
		var ends []string
		for _, e := range f.SupportEnds() {
			s := string(e.Date.Date)
			if e.Ambiguous {
				s = "ambiguous"
			}
			if e.Security {
				s += " security"
			}
			ends = append(ends, s)
		}
		var is []text.StatementID
		for _, id := range []text.StatementID{text.SupportVague, text.SupportPeriod, text.SupportYear} {
			// A date says more than the rules do.
			if len(ends) == 0 && len(f.Said(id)) > 0 {
				is = append(is, id)
			}
		}
		if diff := cmp.Diff(r.Ends, ends); diff != "" {
			t.Errorf("%s: ends got (-want +got)\n%s", r.Say, diff)
		}
		if diff := cmp.Diff(r.Is, is); diff != "" {
			t.Errorf("%s: statements got (-want +got)\n%s", r.Say, diff)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		text, name string
		want       bool
	}{
		{"Thermostat NH-T2, hardware B", "NH-T2", true},
		{"thermostat nh t2", "NH-T2", true},
		{"Typ: NHT2.", "NH-T2", true},
		{"NH-T20", "NH-T2", false},
		{"XNH-T2", "NH-T2", false},
		{"The Hearth\u00a0Thermostat\u20112", "Hearth Thermostat 2", true},
		{"NH-T2 Pro", "NH-T2", false},
		{"NH-T2-XL", "NH-T2", false},
		{"Hearth Thermostat 2 Mini | 3 May 2030", "Hearth Thermostat 2", false},
		{"NH-T2 3 | x", "NH-T2", false},
		{"NH-T2 Pro and NH-T2", "NH-T2", true},
		{"NH-T2 plus cable", "NH-T2", true},
		{"NH-T2 | 31 March 2034", "NH-T2", true},
		{"NH-T2 31 March 2034", "NH-T2", true},
		{"NH-T2, Pro", "NH-T2", true},
		{"Hearth Thermostat 1", "Hearth Thermostat 2", false},
		{"anything", "", false},
		{"a", "a", false},
		{"", "NH-T2", false},
	} {
		if got := text.Names(tc.text, tc.name); got != tc.want {
			t.Errorf("Names(%q, %q) = %v", tc.text, tc.name, got)
		}
	}
}
