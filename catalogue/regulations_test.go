package catalogue_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
)

var update = flag.Bool("update", false, "write golden files anew")

func exampleOwner(t testing.TB) *catalogue.MarkOwner {
	t.Helper()
	raw, err := os.ReadFile("testdata/regulations/owner.yaml")
	if err != nil {
		t.Fatal(err)
	}
	o, err := catalogue.ParseMarkOwner("owner.yaml", raw)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestRegulations(t *testing.T) {
	t.Parallel()
	c := load(t)
	for _, office := range catalogue.Offices() {
		t.Run(string(office), func(t *testing.T) {
			t.Parallel()
			got, err := c.Regulations(office, exampleOwner(t))
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", "regulations", string(office)+".md")
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), string(got)); d != "" {
				t.Errorf("run go test ./catalogue -run Regulations -update and read the difference (-want +got):\n%s", d)
			}
			for _, cr := range c.Criteria {
				if cr.Level == iotmark.Must && !strings.Contains(string(got), "- `"+string(cr.ID)+"`: ") {
					t.Errorf("the must %s is not in it", cr.ID)
				}
			}
		})
	}
}

// Each thing that is missing is told by its name, all in one run, and no text
// is returned.
func TestRegulationsGaps(t *testing.T) {
	t.Parallel()
	everything := []string{"owner.name", "owner.address", "owner.law", "owner.no_trade.by", "owner.no_trade.on", "owner.mark.shows", "owner.mark.file", "owner.mark.sha256", "owner.bodies", "owner.profile"}
	for _, tt := range []struct {
		name   string
		office catalogue.Office
		edits  []edit
		owner  func(*catalogue.MarkOwner)
		want   []string
	}{
		{"nobody owns it, EU", catalogue.EUIPO, nil, func(o *catalogue.MarkOwner) { *o = catalogue.MarkOwner{} }, everything},
		{"nobody owns it, UK", catalogue.UKIPO, nil, func(o *catalogue.MarkOwner) { *o = catalogue.MarkOwner{} }, append(slices.Clone(everything), "owner.court")},
		{"nobody owns it, US", catalogue.USPTO, nil, func(o *catalogue.MarkOwner) { *o = catalogue.MarkOwner{} }, everything},
		{"no drawing", catalogue.EUIPO, nil, func(o *catalogue.MarkOwner) { o.Mark.File = " " }, []string{"owner.mark.file"}},
		{"no court, which the EU does not ask for", catalogue.EUIPO, nil, func(o *catalogue.MarkOwner) { o.Court = "" }, nil},
		{"no court", catalogue.UKIPO, nil, func(o *catalogue.MarkOwner) { o.Court = "" }, []string{"owner.court"}},
		{"no statement", catalogue.USPTO, []edit{{procedure, "  statement: >-", "  statement: \"\"\n  origin: >-"}, {procedure, "  origin: >-\n    The mark certifies no geographical origin. Where a product or its parts were made is told as a fact and is no condition\n    of the mark.\n", ""}}, nil, []string{"filing.statement"}},
		{"no rule of admission", catalogue.UKIPO, []edit{{procedure, "  rule: Any maker who meets these terms may apply, from any country, of any size, member of anything or not.", "  rule: \"\""}}, nil, []string{"admission.rule"}},
		{"no word on right use", catalogue.EUIPO, []edit{{procedure, "- {id: correct-use,    part: \"3. How the mark is used\"", "- {id: correct-use,    part: \"3. How it is used\""}}, nil, []string{"agreement.points.correct-use"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, err := catalogue.LoadFS(broken(t, tt.edits...))
			if err != nil {
				t.Fatal(err)
			}
			o := exampleOwner(t)
			if tt.owner != nil {
				tt.owner(o)
			}
			text, err := c.Regulations(tt.office, o)
			var got []string
			if es, ok := err.(iotmark.Errors); ok {
				for _, e := range es {
					if e.ID != "regulations-gap" || !strings.Contains(e.Error(), e.Field) {
						t.Errorf("got %v", e)
					}
					got = append(got, e.Field)
				}
			} else if err != nil {
				t.Fatal(err)
			}
			slices.Sort(got)
			want := slices.Clone(tt.want)
			slices.Sort(want)
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("gaps (-want +got):\n%s", d)
			}
			if (len(got) > 0) != (text == nil) {
				t.Errorf("%d gaps and a text of %d bytes", len(got), len(text))
			}
		})
	}
}

func TestRegulationsRefuse(t *testing.T) {
	t.Parallel()
	c, o := load(t), exampleOwner(t)
	var e *iotmark.Error
	if _, err := c.Regulations("eupio", o); !errors.As(err, &e) || e.ID != "office-unknown" || !strings.Contains(e.Msg, "euipo") {
		t.Errorf("an unknown office: %v", err)
	}
	o.Profile = "large"
	if _, err := c.Regulations(catalogue.EUIPO, o); !errors.As(err, &e) || e.ID != "profile-unknown" {
		t.Errorf("an unknown profile: %v", err)
	}
	for _, tt := range []struct {
		name, raw string
		id        iotmark.ErrorID
	}{
		{"empty", "", "catalogue-yaml-broken"},
		{"no YAML", "{", "catalogue-yaml-broken"},
		{"a list", "- a", "catalogue-type-wrong"},
		{"unknown key", "nane: Example", "catalogue-key-unknown"},
		{"alias", "name: &a x\naddress: *a", "catalogue-type-wrong"},
		{"without end", "name: " + strings.Repeat("x", catalogue.MarkOwnerMax), "catalogue-file-large"},
	} {
		_, err := catalogue.ParseMarkOwner("mine.yaml", []byte(tt.raw))
		es, _ := err.(iotmark.Errors)
		if !slices.ContainsFunc(es, func(e *iotmark.Error) bool {
			return e.ID == tt.id && e.Kind == iotmark.Invalid && strings.HasPrefix(e.Pos, "mine.yaml")
		}) {
			t.Errorf("%s: got %v, want %s in mine.yaml", tt.name, err, tt.id)
		}
	}
}

// Whatever stands in the file of an owner: an owner, or errors.
func FuzzParseMarkOwner(f *testing.F) {
	raw, err := os.ReadFile("testdata/regulations/owner.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte("- &a [*a, *a]"))
	c := load(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		o, err := catalogue.ParseMarkOwner("owner.yaml", raw)
		if (o == nil) == (err == nil) {
			t.Fatalf("got %v and %v", o, err)
		}
		if err == nil {
			c.Regulations(catalogue.UKIPO, o)
		}
	})
}

// Each part is there because an instrument of the collection asks for it.
func TestOfficesNameTheirSources(t *testing.T) {
	t.Parallel()
	c := load(t)
	if err := c.LoadInstruments(); err != nil {
		t.Fatal(err)
	}
	for _, s := range catalogue.OfficeSources() {
		id, provision, _ := strings.Cut(string(s), "#")
		in := c.Instrument(iotmark.InstrumentID(id))
		if in == nil || !slices.ContainsFunc(in.Provisions, func(p *catalogue.Provision) bool { return string(p.ID) == provision }) {
			t.Errorf("there is no %s in the collection", s)
		}
	}
	// The EU's shape is IR17 (a) to (h), each once and in order.
	var letters string
	for _, s := range catalogue.OfficeSources() {
		if l, ok := strings.CutPrefix(string(s), "eu-certification-mark#IR17-"); ok {
			letters += l
		}
	}
	if letters != "abcdefgh" {
		t.Errorf("the parts for the EU are %s, want abcdefgh", letters)
	}
}
