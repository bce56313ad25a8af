package determine_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/determine"
	"github.com/open-iot-mark/iotmark/internal/dossier"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/message"
	"github.com/open-iot-mark/iotmark/internal/report"
	"github.com/open-iot-mark/iotmark/internal/samples"
)

const products = "../../testdata/products"

// truth is what every check must say about a dossier; it was written before
// the checks.
type truth struct {
	At       string                              `yaml:"at"`
	Outcomes map[iotmark.CheckID]iotmark.Outcome `yaml:"outcomes"`
	Counts   map[iotmark.CheckID]int             `yaml:"counts"` // findings
}

func readTruth(t *testing.T, file string) truth {
	t.Helper()
	var tr truth
	decodeYAML(t, file, &tr)
	if len(tr.Outcomes) == 0 || tr.At == "" {
		t.Fatalf("%s says nothing", file)
	}
	return tr
}

func decodeYAML(t *testing.T, file string, to any) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d := yaml.NewDecoder(bytes.NewReader(raw))
	d.KnownFields(true)
	if err := d.Decode(to); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// assessment determines a dossier.
func assessment(t *testing.T, path string, at iotmark.Date) iotmark.Assessment {
	t.Helper()
	cat, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	d, err := dossier.Open(path, cat, dossier.Options{AsOf: at})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	a, err := determine.Run(context.Background(), determine.Input{Catalogue: cat, Dossier: d, AsOf: at, Limits: evidence.DefaultLimits()})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// outcomes gives the weightiest outcome of each check.
func outcomes(a iotmark.Assessment) map[iotmark.CheckID]iotmark.Outcome {
	out := map[iotmark.CheckID]iotmark.Outcome{}
	for _, f := range a.Findings {
		if o, ok := out[f.Check]; ok {
			out[f.Check] = o.Weightier(f.Outcome)
		} else {
			out[f.Check] = f.Outcome
		}
	}
	return out
}

// explain prints the findings of the checks that are not as expected.
func explain(a iotmark.Assessment, want map[iotmark.CheckID]iotmark.Outcome) string {
	w := message.English()
	got := outcomes(a)
	var b strings.Builder
	for _, f := range a.Findings {
		if got[f.Check] != want[f.Check] {
			fmt.Fprintf(&b, "%s %s: %s %v\n", f.Check, f.Outcome, w.Say(f.Message, f.Args), f.Places)
		}
	}
	return b.String()
}

// There is a dossier that meets everything: every criterion applies, none is
// unmet, no claim is contradicted, and what is left waits for others.
func TestCompleteMeetsEverything(t *testing.T) {
	t.Parallel()
	a := assessment(t, filepath.Join(products, "complete"), "2026-11-22")
	for _, c := range a.Conclusions {
		if c.Verdict != iotmark.Conforms || c.Contradicted || c.Waits == iotmark.WaitMaker && c.Level == iotmark.Must {
			t.Errorf("%s: %s, contradicted %v, waits for %q", c.Criterion, c.Verdict, c.Contradicted, c.Waits)
		}
	}
	for _, tr := range a.Tracks {
		if tr.ID == iotmark.OpenDeclaration && !tr.Open {
			t.Errorf("the open declaration is not open: %v", tr.Missing)
		}
	}
}

func sensitive(id iotmark.CheckID) bool {
	return slices.ContainsFunc(determine.Checks(), func(c check.Check) bool { return c.ID == id && c.Sensitive })
}

// A finding that helps an attacker keeps its whole check out of what is
// published, so a check that makes one says in its entry that it may. The
// sources are read, because no dossier brings out every finding.
func TestWhatHelpsAnAttackerIsSensitive(t *testing.T) {
	t.Parallel()
	sets, id := regexp.MustCompile(`\bExploitable( =|:)`), regexp.MustCompile(`(?m)^\s+ID:\s+"([a-z-]+\.[a-z-]+)",`)
	found := 0
	files, err := filepath.Glob("../check/*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, "_test.go") || !sets.Match(b) {
			continue
		}
		found++
		of := id.FindAllSubmatch(b, -1)
		if len(of) != 1 || !sensitive(iotmark.CheckID(of[0][1])) {
			t.Errorf("%s makes findings that help an attacker; it must hold one check, marked sensitive", file)
		}
	}
	if found < 4 {
		t.Errorf("%d files make findings that help an attacker; were they moved?", found)
	}
}

// The dossiers that this project made say what was written down about them.
func TestCorpus(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"complete", "careful", "average", "disaster", "minimal", "example", "industrial", "standalone", "buffalo"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(products, name)
			file := filepath.Join(dir, "truth.yaml")
			tr := readTruth(t, file)
			if name == "buffalo" {
				dir = buffalo(t)
			}
			a := assessment(t, dir, iotmark.Date(tr.At))
			if diff := cmp.Diff(tr.Outcomes, outcomes(a)); diff != "" {
				t.Errorf("got (-want +got)\n%s\n%s", diff, explain(a, tr.Outcomes))
			}
			counts := map[iotmark.CheckID]int{}
			for _, f := range a.Findings {
				counts[f.Check]++
			}
			if *update {
				writeCounts(t, file, counts)
			} else if diff := cmp.Diff(tr.Counts, counts); diff != "" {
				t.Errorf("findings of each check: got (-want +got); go test -run TestCorpus -update writes them\n%s", diff)
			}
			held(t, a)
			for _, f := range a.Findings {
				if f.Exploitable && !sensitive(f.Check) {
					t.Errorf("%s finds what helps an attacker and is not marked sensitive", f.Check)
				}
			}
		})
	}
}

// writeCounts replaces the counts at the end of a truth.
func writeCounts(t *testing.T, file string, counts map[iotmark.CheckID]int) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	i := bytes.Index(raw, []byte("\ncounts:"))
	if i < 0 {
		t.Fatalf("%s has no counts", file)
	}
	b := bytes.NewBuffer(raw[: i+1 : i+1])
	b.WriteString("counts: # findings of each check; go test ./internal/determine -run TestCorpus -update writes them\n")
	for _, id := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(b, "  %s: %d\n", id, counts[id])
	}
	if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

var leftOpen = regexp.MustCompile(`<no value>|\{\{|%!`)

// held is what must be so of every assessment: words for every message, and a
// second source behind everything that stands at checked.
func held(t *testing.T, a iotmark.Assessment) {
	t.Helper()
	w := message.English()
	known := w.IDs()
	kinds := map[iotmark.EvidenceID]iotmark.Holding{}
	for _, h := range a.Evidence {
		kinds[h.Evidence] = h
	}
	say := func(id iotmark.MessageID, args map[string]string) {
		if !slices.Contains(known, id) {
			t.Errorf("%s has no words", id)
		} else if s := w.Say(id, args); leftOpen.MatchString(s) || s == "" {
			t.Errorf("%s leaves an argument open: %s", id, s)
		}
	}
	for _, f := range a.Findings {
		say(f.Message, f.Args)
		for _, p := range f.Places {
			if len([]rune(p.Quote)) > 200 {
				t.Errorf("%s quotes %d characters", f.Message, len([]rune(p.Quote)))
			}
			if _, ok := kinds[p.Evidence]; p.Evidence != "" && !ok {
				t.Errorf("%s points to %s, which is no evidence", f.Message, p.Evidence)
			}
		}
		for _, e := range f.Basis {
			if _, ok := kinds[e]; !ok {
				t.Errorf("%s rests on %s, which is no evidence", f.Message, e)
			}
		}
	}
	for _, c := range a.Conclusions {
		if len(c.Reasons) == 0 {
			t.Errorf("%s has no reason", c.Criterion)
		}
		if c.Next != nil {
			say(c.Next.Message, c.Next.Args)
		}
		second := false
		for _, r := range c.Reasons {
			say(r.Message, r.Args)
			if r.Finding != nil {
				for _, e := range a.Findings[*r.Finding].Basis {
					h := kinds[e]
					second = second || h.Standing == iotmark.Held && h.Kind != iotmark.KindStatement && h.Kind != iotmark.KindDeclaration
				}
			}
		}
		if c.Verdict == iotmark.Conforms && c.Assurance == iotmark.Checked && !second {
			t.Errorf("%s stands at checked without a second source", c.Criterion)
		}
	}
}

// The same dossier gives the same bytes, and facts do not depend on the order
// in which readers end.
func TestSameBytes(t *testing.T) {
	t.Parallel()
	var first []byte
	for range 3 {
		b, err := report.JSON(report.Input{Assessment: assessment(t, filepath.Join(products, "average"), "2026-11-22")})
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = b
		} else if !bytes.Equal(first, b) {
			t.Fatal("two runs gave different bytes")
		}
	}
}

// Facts survive JSON: a determination on decoded facts would be the same.
func TestFactsSurviveJSON(t *testing.T) {
	t.Parallel()
	n := 0
	err := filepath.WalkDir(products, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		src := evidence.NewSource(filepath.Base(p), raw)
		for _, r := range determine.Readers() {
			if !r.Sniff(src.Name, src.Head(evidence.SniffLen)) {
				continue
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			facts, err := r.Read(ctx, src, evidence.DefaultLimits())
			cancel()
			if err != nil {
				continue
			}
			b, err := json.Marshal(facts)
			if err != nil {
				t.Errorf("%s by %s: %v", p, r.Name, err)
				continue
			}
			back := r.New()
			if err := json.Unmarshal(b, back); err != nil {
				t.Errorf("%s by %s: %v", p, r.Name, err)
				continue
			}
			again, _ := json.Marshal(back)
			if !bytes.Equal(b, again) {
				t.Errorf("%s by %s: facts changed on their way through JSON", p, r.Name)
			}
			n++
		}
		return nil
	})
	if err != nil || n < 20 {
		t.Fatalf("%d facts went through JSON, %v", n, err)
	}
}

// mutation is one change of the careful dossier; mutations.yaml tells what
// each field means.
type mutation struct {
	Name     string            `yaml:"name"`
	Check    iotmark.CheckID   `yaml:"check"`
	Becomes  iotmark.Outcome   `yaml:"becomes"`
	Also     []iotmark.CheckID `yaml:"also"`
	KeepHash bool              `yaml:"keep_hash"`
	Because  string            `yaml:"because"`
	Edit     edit              `yaml:",inline"`
}

// edit changes one file of the dossier, or one member of an archive in it.
type edit struct {
	File    string    `yaml:"file"`
	In      string    `yaml:"in"`
	Member  string    `yaml:"member"`
	Replace string    `yaml:"replace"`
	With    string    `yaml:"with"`
	Delete  bool      `yaml:"delete"`
	Append  string    `yaml:"append"`
	Add     *addition `yaml:"add"`
}

type addition struct {
	Member  string `yaml:"member"`
	Content string `yaml:"content"`
	From    string `yaml:"from"`
	Mode    int64  `yaml:"mode"`
}

// Each single change of a good dossier flips the finding it is about, and no
// other.
func TestMutations(t *testing.T) {
	t.Parallel()
	var file struct {
		Base      string     `yaml:"base"`
		At        string     `yaml:"at"`
		Mutations []mutation `yaml:"mutations"`
	}
	decodeYAML(t, filepath.Join(products, "mutations.yaml"), &file)
	base := filepath.Join(products, file.Base)
	tr := readTruth(t, filepath.Join(base, "truth.yaml"))
	per := map[iotmark.CheckID]int{}
	names := map[string]bool{}
	for _, m := range file.Mutations {
		per[m.Check]++
		if names[m.Name] {
			t.Errorf("two mutations are named %s", m.Name)
		}
		names[m.Name] = true
		t.Run(m.Name, func(t *testing.T) {
			t.Parallel()
			if tr.Outcomes[m.Check] == m.Becomes {
				t.Fatalf("%s is %s already", m.Check, m.Becomes)
			}
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(base)); err != nil {
				t.Fatal(err)
			}
			m.Edit.apply(t, dir)
			if !m.KeepHash {
				rehash(t, base, dir)
			}
			a := assessment(t, dir, iotmark.Date(file.At))
			got, want := outcomes(a), maps.Clone(tr.Outcomes)
			want[m.Check] = m.Becomes
			for _, c := range m.Also {
				if got[c] == want[c] {
					t.Errorf("%s sees the same fact and was to change, too", c)
				}
				want[c] = got[c]
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("got (-want +got)\n%s\n%s", diff, explain(a, want))
			}
			held(t, a)
		})
	}
	for _, c := range determine.Checks() {
		if per[c.ID] < 2 {
			t.Errorf("%s has %d mutations; at least two are wanted", c.ID, per[c.ID])
		}
	}
}

func (e edit) apply(t *testing.T, dir string) {
	t.Helper()
	if e.In != "" {
		e.repack(t, filepath.Join(dir, e.In))
		return
	}
	p := filepath.Join(dir, e.File)
	if e.Delete {
		if err := os.Remove(p); err != nil {
			t.Fatal(err)
		}
		return
	}
	raw, err := os.ReadFile(p)
	if err != nil {
		t.Fatal(err)
	}
	if e.Append != "" {
		more, err := os.ReadFile(filepath.Join(products, e.Append))
		if err != nil {
			t.Fatal(err)
		}
		raw = append(raw, more...)
	} else {
		raw = e.change(t, raw)
	}
	if err := os.WriteFile(p, raw, 0o644); err != nil {
		t.Fatal(err)
	}
}

func (e edit) change(t *testing.T, raw []byte) []byte {
	t.Helper()
	if !bytes.Contains(raw, []byte(e.Replace)) || e.Replace == "" {
		t.Fatalf("%s%s does not hold %q", e.File, e.Member, e.Replace)
	}
	return bytes.ReplaceAll(raw, []byte(e.Replace), []byte(e.With))
}

func (a *addition) bytes(t *testing.T) []byte {
	t.Helper()
	if a.From == "" {
		return []byte(a.Content)
	}
	raw, err := os.ReadFile(filepath.Join(products, a.From))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// repack changes one member of a compressed tar.
func (e edit) repack(t *testing.T, file string) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	zr, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	zw := gzip.NewWriter(&out)
	tw := tar.NewWriter(zw)
	done := false
	put := func(h *tar.Header, b []byte) {
		h.Size = int64(len(b))
		if err := tw.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := tw.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	for tr := tar.NewReader(zr); ; {
		h, err := tr.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		if strings.TrimPrefix(h.Name, "./") == e.Member && e.Member != "" {
			done = true
			if e.Delete {
				continue
			}
			b = e.change(t, b)
		}
		put(h, b)
	}
	if e.Add != nil {
		mode := e.Add.Mode
		if mode == 0 {
			mode = 0o644
		}
		put(&tar.Header{Typeflag: tar.TypeReg, Name: e.Add.Member, Mode: mode}, e.Add.bytes(t))
		done = true
	}
	if !done {
		t.Fatalf("%s has no member %s", file, e.Member)
	}
	if err := tw.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// rehash declares the hashes that changed files have now, wherever their old
// ones stand.
func rehash(t *testing.T, base, dir string) {
	t.Helper()
	p := filepath.Join(dir, "iotmark.yaml")
	decl, err := os.ReadFile(p)
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(base, func(old string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || d.Name() == "iotmark.yaml" {
			return err
		}
		rel, err := filepath.Rel(base, old)
		if err != nil {
			return err
		}
		before, err := os.ReadFile(old)
		if err != nil {
			return err
		}
		after, err := os.ReadFile(filepath.Join(dir, rel))
		if err != nil || bytes.Equal(before, after) {
			return nil // taken away, or as it was
		}
		decl = bytes.ReplaceAll(decl, sum(before), sum(after))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, decl, 0o644); err != nil {
		t.Fatal(err)
	}
}

func sum(b []byte) []byte {
	s := sha256.Sum256(b)
	return []byte(hex.EncodeToString(s[:]))
}

// buffalo lays out the dossier around a real image and a real list of
// components, which stay where they are.
func buffalo(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(products, "buffalo"))); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "evidence"), 0o755); err != nil {
		t.Fatal(err)
	}
	for to, from := range map[string]string{
		"initrd.buffalo":         "firmware/debian-buffalo-lspro/initrd.buffalo",
		"proton-bridge.bom.json": "sbom/proton-bridge-v1.8.0.bom.json",
	} {
		if err := os.WriteFile(filepath.Join(dir, "evidence", to), samples.Read(t, from), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
