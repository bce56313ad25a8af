package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"
)

// confined compares reading binary evidence in confined processes with
// reading it in the program itself, in turns, so that both see the same
// machine: the dossier of a product with an image and a capture, and one with
// a photo besides.
func confined(w io.Writer, tmp string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\nbinary evidence\tconfined, median\tunconfined, median\tcost\tCPU\tCPU unconfined\tpeak memory\tunconfined\tgoal\t")
	type file struct{ kind, from string }
	image := file{"firmware-image", "average/evidence/firmware.tar.gz"}
	capture := file{"packet-capture", "industrial/evidence/plant.pcap"}
	photo := file{"photo", "average/evidence/photo.png"}
	for _, c := range []struct {
		name, goal string
		files      []file
	}{
		{"none", "", nil},
		{"an image", "", []file{image}},
		{"an image and a capture", "30 ms", []file{image, capture}},
		{"an image, a capture, a photo", "", []file{image, capture, photo}},
	} {
		dir := filepath.Join(tmp, "confined", fmt.Sprint(len(c.files)))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		y := `iotmark: "2026.1"
product: {name: Bench, model: B-1, kind: lamp, first_sale: 2026-05-04}
maker: {name: Bench Ltd, address: 1 Example Street, country: GB, email: hello@bench.example}
facts: {connects_by: [wifi]}
support: {updates_until: 2031-05-31}
`
		if len(c.files) > 0 {
			y += "evidence:\n"
		}
		for i, f := range c.files {
			b, err := os.ReadFile(filepath.Join("testdata/products", f.from))
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, filepath.Base(f.from)), b, 0o644)
			}
			if err != nil {
				return err
			}
			y += fmt.Sprintf("  - {id: e%d, kind: %s, title: E, path: %s}\n", i, f.kind, filepath.Base(f.from))
		}
		if err := os.WriteFile(filepath.Join(dir, "iotmark.yaml"), []byte(y), 0o644); err != nil {
			return err
		}
		var in, out []run
		for i := range 2 * runs {
			a, err := measure(program(tmp), "check", "--at", "2026-11-22", dir)
			if err != nil {
				return err
			}
			b, err := measure(program(tmp), "check", "--at", "2026-11-22", "--unconfined", dir)
			if err != nil {
				return err
			}
			if i > 0 {
				in, out = append(in, a), append(out, b)
			}
		}
		a, b := middle(in), middle(out)
		ms := func(d time.Duration) string { return fmt.Sprintf("%.0f ms", float64(d)/float64(time.Millisecond)) }
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%d MB\t%d MB\t%s\t\n", c.name, ms(a.wall), ms(b.wall), ms(a.wall-b.wall), ms(a.cpu), ms(b.cpu), a.peak>>20, b.peak>>20, c.goal)
	}
	return t.Flush()
}

// middle returns the median of each measure, and the largest peak.
func middle(rs []run) run {
	by := func(f func(run) int64) int64 {
		vs := make([]int64, len(rs))
		for i, r := range rs {
			vs[i] = f(r)
		}
		slices.Sort(vs)
		return vs[len(vs)/2]
	}
	m := run{wall: time.Duration(by(func(r run) int64 { return int64(r.wall) })), cpu: time.Duration(by(func(r run) int64 { return int64(r.cpu) }))}
	for _, r := range rs {
		m.peak = max(m.peak, r.peak)
	}
	return m
}
