// Package preview shows a maker how a product would look in public while the
// dossier is being written: page, label and report side by side, again when a
// file changes. It answers on whatever listener it is given; the command
// gives it a loopback one.
//
// What it refuses to do: answer under a foreign host name, run a script in a
// page, let another site read anything. What can go wrong: the declaration is
// broken while somebody types; then the shell tells each problem and keeps
// the last good pages, marked as old.
package preview

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/label"
	"github.com/open-iot-mark/iotmark/internal/message"
	"github.com/open-iot-mark/iotmark/internal/page"
	"github.com/open-iot-mark/iotmark/internal/report"
)

// Judged is one look at a dossier.
type Judged struct {
	Declaration *iotmark.Declaration
	Assessment  iotmark.Assessment
	Catalogue   *catalogue.Catalogue
}

// Preview is what is shown, and whoever waits for a change of it.
type Preview struct {
	path  string // of the dossier
	judge func(context.Context) (Judged, error)

	// Owned by Run: what the watched files looked like.
	watched map[string]stamp

	mu      sync.Mutex
	state   state                  // replaced as a whole, never changed
	waiting map[chan struct{}]bool // told after each change of state
}

// state is one version of everything that is shown.
type state struct {
	version int
	name    string            // of the product
	pages   map[string]answer // by address; of the last good look
	label   map[string]string // words for the drawing, by language
	trouble []trouble         // why the files of now could not be shown
}

type answer struct {
	kind, policy string
	body         []byte
}

// trouble is one problem of a dossier: where, what and how to mend it, id.
type trouble struct{ Where, Words, ID string }

// New returns the preview of the dossier at path. The function judge opens
// and judges it; New calls it once, Run after each change.
func New(ctx context.Context, path string, judge func(context.Context) (Judged, error)) *Preview {
	p := &Preview{path: path, judge: judge, waiting: map[chan struct{}]bool{}}
	p.Look(ctx)
	return p
}

// Product returns the name of the product, or "" when no declaration could be
// read yet.
func (p *Preview) Product() string { return p.now().name }

// Run looks at the watched files at each tick and judges the dossier anew
// when one of them has changed, until the context ends.
func (p *Preview) Run(ctx context.Context, tick <-chan time.Time) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick:
			p.step(ctx)
		}
	}
}

// step judges the dossier anew when a watched file has changed.
func (p *Preview) step(ctx context.Context) {
	if s := p.stamps(slices.Collect(maps.Keys(p.watched))); !maps.Equal(s, p.watched) {
		p.look(ctx, s)
	}
}

// Look judges the dossier anew, whether or not a file has changed. It must not
// be called beside Run.
func (p *Preview) Look(ctx context.Context) {
	p.look(ctx, p.stamps(slices.Collect(maps.Keys(p.watched))))
}

// look judges the dossier. The stamps were taken before, so that a change
// during the look is seen at the next tick.
func (p *Preview) look(ctx context.Context, before map[string]stamp) {
	j, err := p.judge(ctx)
	if ctx.Err() != nil {
		return
	}
	next := p.now()
	next.version++
	next.trouble = nil
	if err == nil {
		next.name = message.Short(j.Declaration.Product.Name, 100)
		next.pages, next.label, err = render(j)
		for _, e := range j.Declaration.Evidence {
			if _, ok := before[p.below(e.Path)]; !ok && e.Path != "" {
				before = p.stamps(slices.AppendSeq(p.evidence(j.Declaration), maps.Keys(before)))
				break
			}
		}
	}
	if err != nil {
		next.trouble = troubles(err)
	}
	p.watched = before
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state = next
	for c := range p.waiting {
		select {
		case c <- struct{}{}:
		default: // it has not yet taken the last one, and will see this too
		}
	}
}

func (p *Preview) now() state {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state
}

// wait returns a channel that is told after each change, and a function that
// ends it; false when too many wait.
func (p *Preview) wait() (<-chan struct{}, func(), bool) {
	const most = 32
	c := make(chan struct{}, 1)
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) >= most {
		return nil, nil, false
	}
	p.waiting[c] = true
	return c, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.waiting, c)
	}, true
}

// stamp is what a file looks like from outside.
type stamp struct {
	size  int64
	time  int64 // of the last change, in nanoseconds since 1970
	inode uint64
	mode  os.FileMode
}

// maxWatched is how many files are looked at; a dossier has some dozen.
const maxWatched = 5000

// stamps looks at the dossier, its declaration and the given files. What is
// not there has the zero stamp.
func (p *Preview) stamps(files []string) map[string]stamp {
	out := map[string]stamp{}
	files = append([]string{p.path, p.below("iotmark.yaml"), p.below("iotmark.yml")}, files...)
	for _, f := range files[:min(len(files), maxWatched)] {
		st, err := os.Stat(f)
		if err != nil {
			out[f] = stamp{}
			continue
		}
		out[f] = stamp{st.Size(), st.ModTime().UnixNano(), inode(st), st.Mode()}
	}
	return out
}

// evidence gives the files that a declaration names, and their folders, in
// which a missing one may appear.
func (p *Preview) evidence(d *iotmark.Declaration) []string {
	var out []string
	for _, e := range d.Evidence {
		if e.Path != "" {
			out = append(out, p.below(e.Path), p.below(path.Dir(e.Path)))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// below returns the path of a file of the dossier.
func (p *Preview) below(name string) string {
	dir := p.path
	if st, err := os.Stat(dir); err == nil && !st.IsDir() {
		dir = filepath.Dir(dir)
	}
	return filepath.Join(dir, filepath.FromSlash(name))
}

// troubles puts an error in the rows that the shell shows.
func troubles(err error) []trouble {
	es, ok := errors.AsType[iotmark.Errors](err)
	if !ok {
		if e, ok := errors.AsType[*iotmark.Error](err); ok {
			es = iotmark.Errors{e}
		}
	}
	var out []trouble
	for _, e := range es { // the message names the field
		out = append(out, trouble{message.Clean(e.Pos), message.Clean(e.Msg), string(e.ID)})
	}
	if len(out) == 0 {
		out = append(out, trouble{"", message.Clean(err.Error()), "internal"})
	}
	return out
}

// render makes every page of a look, by its address.
func render(j Judged) (map[string]answer, map[string]string, error) {
	framed := func(policy string) string { // the shell, and nobody else, shows it in a frame
		return policy[:len(policy)-len("'none'")] + "'self'"
	}
	out, words := map[string]answer{}, map[string]string{}
	var links []page.Link
	for _, l := range message.Languages() {
		links = append(links, page.Link{Code: l.Code, Name: l.Name, Href: l.Code})
	}
	for _, l := range message.Languages() {
		w, ok := message.In(l.Code)
		if !ok {
			return nil, nil, fmt.Errorf("there are no words for %s", l.Code)
		}
		in := page.Input{
			Declaration: j.Declaration, Assessment: j.Assessment, Catalogue: j.Catalogue, Words: w, Languages: links,
			Criteria: "/criteria/" + l.Code, Product: "/page/" + l.Code,
		}
		var b, c bytes.Buffer
		if err := errors.Join(page.HTML(&b, in), page.HTMLCriteria(&c, in)); err != nil {
			return nil, nil, err
		}
		out[in.Product] = answer{html, framed(page.ContentSecurityPolicy), b.Bytes()}
		out[in.Criteria] = answer{html, framed(page.ContentSecurityPolicy), c.Bytes()}
		panel := page.Panel(in)
		words[l.Code] = panel.Alt()
		out["/label/"+url.PathEscape(l.Code)+".svg"] = answer{"image/svg+xml", "default-src 'none'; sandbox", label.Preview(panel)}
	}
	var b bytes.Buffer
	if err := report.HTML(&b, report.Input{Assessment: j.Assessment, Catalogue: j.Catalogue, Words: message.English()}); err != nil {
		return nil, nil, err
	}
	out["/report"] = answer{html, framed(report.ContentSecurityPolicy), b.Bytes()}
	return out, words, nil
}
