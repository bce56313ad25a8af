// Package determine runs a determination: it reads each piece of evidence
// once, runs the checks on the facts, and hands the findings to assess. It is
// the topmost of the floors that a maker's laptop needs: no database, no key,
// no network. A test looks at its dependencies.
//
// What can go wrong: a reader or a check breaks off or takes too long; then
// one finding says so, and everything else goes on. Could not look is never
// passed.
package determine

import (
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/assess"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/accountability"
	"github.com/open-iot-mark/iotmark/internal/dossier"
	"github.com/open-iot-mark/iotmark/internal/evidence"
)

// Input is what a determination works on.
type Input struct {
	Catalogue *catalogue.Catalogue
	Dossier   *dossier.Dossier
	AsOf      iotmark.Date
	Limits    evidence.Limits
	Progress  func(Progress) // may be nil; called from one goroutine at a time
	Fault     func(error)    // told of each reader and check that broke off, with its cause; may be nil
	Snapshots map[string]any // dated outside data by name
	// Confined runs the readers of binary artefacts; nil: they run in this
	// process, as tests and libraries do.
	Confined evidence.Confined
}

func (in Input) fault(err error) {
	if in.Fault != nil {
		in.Fault(err)
	}
}

// Progress says how far a determination is.
type Progress struct {
	Stage string // reading, checking
	Name  string // what was just finished
	Done  int
	Total int
}

// Bounds of one determination, beside the limits of each reader. They hold a
// whole process under 512 MB whatever the dossier holds, and depend on sizes
// alone, so that the same dossier always gives the same bytes.
const (
	workers = 2         // pieces of evidence that are read at the same time
	large   = 4 << 20   // bytes; a larger one is read while no other is
	budget  = 192 << 20 // bytes of evidence that are read, in the order of the declaration
	kept    = 48 << 20  // bytes of texts, tables and lists among them, whose content stays until the checks end
)

// Run reads, checks and assesses. It fails only when ctx ends.
func Run(ctx context.Context, in Input) (iotmark.Assessment, error) {
	items, holdings := read(ctx, in)
	if err := ctx.Err(); err != nil {
		return iotmark.Assessment{}, interrupted(err)
	}
	unsure := accountability.Denied(in.Dossier.Declaration, items)
	findings := runChecks(ctx, in, items, unsure)
	if err := ctx.Err(); err != nil {
		return iotmark.Assessment{}, interrupted(err)
	}
	a := assess.Input{
		Catalogue:   in.Catalogue,
		Declaration: in.Dossier.Declaration,
		Digest:      in.Dossier.Digest,
		AsOf:        in.AsOf,
		Holdings:    holdings,
		Findings:    findings,
		Unsure:      unsure,
	}
	for _, w := range in.Dossier.Warnings {
		a.Warnings = append(a.Warnings, iotmark.Warning{ID: w.ID, Field: w.Field, Message: w.Msg})
	}
	return assess.Assess(a), nil
}

func interrupted(err error) error {
	return &iotmark.Error{Kind: iotmark.Interrupted, ID: "interrupted", Msg: "the determination was interrupted; nothing was written", Err: err}
}

// read reads each held piece of evidence once, also when several ids name the
// same bytes in the same role.
func read(ctx context.Context, in Input) ([]check.Item, []iotmark.Holding) {
	src := in.Dossier.Items
	items := make([]check.Item, len(src))
	type key struct {
		digest iotmark.Digest
		kind   iotmark.EvidenceKind
		name   string
	}
	first := map[key]int{}
	var jobs []int
	for i, it := range src {
		items[i] = check.Item{Evidence: it.Evidence, Standing: it.Standing, SHA256: it.Actual, Size: it.Size, Problem: it.Problem}
		if it.Standing != iotmark.Held {
			continue
		}
		k := key{it.Actual, it.Kind, path.Base(it.Path)}
		if _, ok := first[k]; !ok {
			first[k] = i
			jobs = append(jobs, i)
		}
	}
	jobs = afford(src, items, jobs, in.Limits)
	var alone sync.RWMutex // held for writing while a large one is read
	each(ctx, len(jobs), in.Progress, "reading", func(n int) string {
		i := jobs[n]
		if src[i].Size > large {
			alone.Lock()
			defer alone.Unlock()
		} else {
			alone.RLock()
			defer alone.RUnlock()
		}
		readOne(ctx, in, src[i], &items[i])
		return src[i].Path
	})
	for i, it := range src {
		if it.Standing == iotmark.Held {
			o := items[first[key{it.Actual, it.Kind, path.Base(it.Path)}]]
			items[i].Reader, items[i].Facts, items[i].Problem = o.Reader, o.Facts, o.Problem
		}
	}
	holdings := make([]iotmark.Holding, len(items))
	for i := range items {
		holdings[i] = holding(&items[i])
	}
	return items, holdings
}

// afford leaves out what is over the bounds of a determination, and says so in
// the items.
func afford(src []dossier.Item, items []check.Item, jobs []int, lim evidence.Limits) []int {
	var all, stays int64
	out := jobs[:0:0]
	for _, i := range jobs {
		stream := streams(src[i].Kind)
		if src[i].Size > lim.Bytes && !stream {
			out = append(out, i) // its reader refuses it by its size, and says so
			continue
		}
		if !stream {
			all += src[i].Size
		}
		switch src[i].Kind {
		case iotmark.KindFirmwareImage, iotmark.KindPhoto:
		case iotmark.KindPacketCapture:
			stays += min(4*src[i].Size, captureKept) // a packet of 60 bytes can be a conversation
		case iotmark.KindSBOM, iotmark.KindHBOM, iotmark.KindInterfaceDescription, iotmark.KindNetworkProfile:
			stays += src[i].Size
		default:
			stays += min(src[i].Size, textKept)
		}
		if all > budget || stays > kept {
			items[i].Problem = &iotmark.Error{Kind: iotmark.Invalid, ID: "too-much",
				Msg: fmt.Sprintf("the evidence before it takes up what one run reads (%s, %s of it texts and tables); leave out what proves nothing, or check it by itself", evidence.Bytes(budget), evidence.Bytes(kept))}
			continue
		}
		out = append(out, i)
	}
	return out
}

// What the readers of texts and of captures keep of one file at most.
const (
	textKept    = 4 << 20
	captureKept = 8 << 20
)

// streams reports whether every reader of a kind takes an input of any size
// in bounded memory.
func streams(kind iotmark.EvidenceKind) bool {
	found := false
	for _, r := range Readers() {
		if slices.Contains(r.Kinds, kind) {
			if !r.Streams {
				return false
			}
			found = true
		}
	}
	return found
}

// holding says what became of an item, and dates it by its content where the
// declaration does not.
func holding(it *check.Item) iotmark.Holding {
	if f, ok := it.Facts.(evidence.Dated); ok && it.Dated == "" {
		it.Dated = f.ContentDate()
	}
	h := iotmark.Holding{
		Evidence: it.ID, Kind: it.Kind, Title: it.Title, Standing: it.Standing,
		SHA256: it.SHA256, Size: it.Size, Reader: it.Reader, Dated: it.Dated,
	}
	if it.Problem != nil {
		h.Reason, h.Detail = it.Problem.ID, it.Problem.Msg
	}
	return h
}

// readOne opens an item and runs the reader that knows its format.
func readOne(ctx context.Context, in Input, src dossier.Item, it *check.Item) {
	content, err := src.Open()
	if err != nil {
		it.Problem = problem(err)
		return
	}
	s := evidence.Source{Name: path.Base(src.Path), Size: src.Size, ReaderAt: content}
	r := sniff(src.Kind, s)
	if r == nil {
		it.Problem = unknownFormat(src.Kind, s)
		content.Close()
		return
	}
	ctx, cancel := context.WithTimeout(ctx, in.Limits.Time)
	defer cancel() // not by the reader: its end and its time-out would both be ready
	type result struct {
		facts any
		err   error
	}
	if r.Binary && in.Confined != nil {
		defer content.Close()
		f, err := in.Confined(ctx, *r, s, in.Limits) // it ends with ctx
		if it.Problem = in.problem(err); err == nil {
			it.Reader, it.Facts = r.Name, f
		}
		return
	}
	done := make(chan result, 1) // a reader that outlives its time is left behind with its own file
	go func() {
		defer content.Close()
		defer func() {
			if p := recover(); p != nil {
				done <- result{err: fmt.Errorf("reader %s: %v\n%s", r.Name, p, debug.Stack())}
			}
		}()
		f, err := r.Read(ctx, s, in.Limits)
		done <- result{f, err}
	}()
	select {
	case res := <-done:
		if it.Problem = in.problem(res.err); res.err == nil {
			it.Reader, it.Facts = r.Name, res.facts
		}
	case <-ctx.Done():
		it.Problem = tooSlow()
	}
}

func tooSlow() *iotmark.Error {
	return &iotmark.Error{Kind: iotmark.Invalid, ID: "too-slow", Msg: "reading it took longer than one file may take; hand in a smaller part"}
}

// forPeople are formats that people read and no reader of this release does:
// PDF, office files, pictures that are not decoded, films, sound.
var forPeople = []*regexp.Regexp{
	regexp.MustCompile(`^%PDF-`), regexp.MustCompile(`^PK\x03\x04`), regexp.MustCompile(`^\{\\rtf`), regexp.MustCompile(`(?s)^.{4}ftyp`),
	regexp.MustCompile(`(?s)^\x1a\x45\xdf\xa3`), regexp.MustCompile(`(?s)^\xd0\xcf\x11\xe0`), regexp.MustCompile(`(?s)^(II\*\x00|MM\x00\*)`),
	regexp.MustCompile(`^(OggS|ID3|RIFF|fLaC)`),
}

// unknownFormat says why no reader took an item. In a role for prose and
// pictures a form that people read still counts; in a role that a program
// reads, bytes in another form are no evidence.
func unknownFormat(kind iotmark.EvidenceKind, s evidence.Source) *iotmark.Error {
	served, prose := false, false
	for _, r := range Readers() {
		if slices.Contains(r.Kinds, kind) {
			served = true
			prose = prose || r.Name == "text" || r.Name == "image"
		}
	}
	head := s.Head(evidence.SniffLen)
	people := slices.ContainsFunc(forPeople, func(re *regexp.Regexp) bool { return re.Match(head) })
	if !served || prose && people {
		return &iotmark.Error{Kind: iotmark.Invalid, ID: assess.NotExamined,
			Msg: fmt.Sprintf("no reader of this release examines this format as %s; people can still read it", kind)}
	}
	return &iotmark.Error{Kind: iotmark.Invalid, ID: "format-unknown",
		Msg: fmt.Sprintf("this is in no form that is read as %s; docs/maker.md lists the forms, or choose the kind it really is", kind)}
}

// problem returns what stands in the way of reading, nil for nil; a fault of
// a reader is told as well.
func (in Input) problem(err error) *iotmark.Error {
	if err == nil {
		return nil
	}
	p := problem(err)
	if p.Kind == iotmark.Internal {
		in.fault(err)
	}
	return p
}

// problem returns what a reader tells as an expected failure; anything else
// is a fault of the reader, and its text is kept from the report.
func problem(err error) *iotmark.Error {
	if e, ok := errors.AsType[*iotmark.Error](err); ok {
		return e
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return tooSlow()
	}
	return &iotmark.Error{Kind: iotmark.Internal, ID: "reader-broke",
		Msg: "the reader broke off; please report it to the project, with this file if you can", Err: err}
}

// sniff returns the first reader that serves the role and knows the format.
func sniff(kind iotmark.EvidenceKind, s evidence.Source) *evidence.Reader {
	head := s.Head(evidence.SniffLen)
	for _, r := range Readers() {
		if slices.Contains(r.Kinds, kind) && r.Sniff(s.Name, head) {
			return &r
		}
	}
	return nil
}

// runChecks runs every check and returns their findings in the order of the
// list of checks. Facts that the evidence contradicts count as unknown.
func runChecks(ctx context.Context, in Input, items []check.Item, unsure []iotmark.FactID) []iotmark.Finding {
	list := Checks()
	truths := in.Catalogue.Truths(in.Dossier.Declaration.Facts)
	for _, f := range unsure {
		truths[f] = iotmark.Unknown
	}
	results := make([][]iotmark.Finding, len(list))
	each(ctx, len(list), in.Progress, "checking", func(n int) string {
		c := list[n]
		results[n] = runOne(c, in, truths, items)
		for i := range results[n] {
			results[n][i].Check, results[n][i].Version = c.ID, c.Version
		}
		return string(c.ID)
	})
	return slices.Concat(results...)
}

// runOne decides whether a check may run, runs it, and turns a panic into one
// cantTell finding.
func runOne(c check.Check, in Input, truths map[iotmark.FactID]iotmark.Truth, all []check.Item) (out []iotmark.Finding) {
	defer func() {
		if p := recover(); p != nil {
			in.fault(fmt.Errorf("check %s: %v\n%s", c.ID, p, debug.Stack()))
			out = []iotmark.Finding{check.CannotTell("check.broke", nil)}
		}
	}()
	serves := in.Catalogue.Serves(c.ID)
	concerned := len(serves) == 0
	for _, id := range serves {
		concerned = concerned || in.Catalogue.Criterion(id).Applies(truths) != iotmark.False
	}
	if !concerned {
		return []iotmark.Finding{check.DoesNotApply("check.not-concerned", nil)}
	}
	items := claimedBy(all, in.Dossier.Declaration, serves)
	for _, n := range c.Reads {
		if n.Optional || slices.ContainsFunc(items, n.Satisfied) {
			continue
		}
		var there []string
		var basis []iotmark.EvidenceID
		for _, it := range items {
			if it.Facts == nil && n.Fits(it) {
				there = append(there, string(it.ID)+" ("+why(it)+")")
				basis = append(basis, it.ID)
			}
		}
		if len(there) > 0 {
			return []iotmark.Finding{check.CannotTell("check.not-read", basis, "evidence", strings.Join(there, ", "))}
		}
		return []iotmark.Finding{untested(n)}
	}
	out = c.Run(check.Input{
		Declaration: in.Dossier.Declaration,
		Truths:      truths,
		Items:       items,
		AsOf:        in.AsOf,
		Snapshots:   in.Snapshots,
	})
	if len(out) == 0 {
		panic("a check returned no finding")
	}
	return out
}

func untested(n check.Need) iotmark.Finding {
	if n.Claimed {
		return iotmark.Finding{Outcome: iotmark.Untested, Message: "check.nothing-claimed"}
	}
	kinds := make([]string, len(n.Kinds))
	for i, k := range n.Kinds {
		kinds[i] = string(k)
	}
	return iotmark.Finding{Outcome: iotmark.Untested, Message: "check.no-evidence", Args: map[string]string{"kinds": strings.Join(kinds, ", ")}}
}

// why says in a word why an item has no facts.
func why(it check.Item) string {
	if it.Problem != nil {
		return string(it.Problem.ID)
	}
	return string(it.Standing)
}

// claimedBy returns the items with Claimed set where a claim on one of the
// criteria points to them.
func claimedBy(items []check.Item, d *iotmark.Declaration, criteria []iotmark.CriterionID) []check.Item {
	out := slices.Clone(items)
	for _, id := range criteria {
		for _, e := range d.Claims[id].Evidence {
			for i := range out {
				out[i].Claimed = out[i].Claimed || out[i].ID == e
			}
		}
	}
	return out
}

// each calls f for 0 to n-1 on a few workers, and tells progress after each.
func each(ctx context.Context, n int, progress func(Progress), stage string, f func(int) string) {
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex // guards done, and calls of progress
		done int
		next = make(chan int)
	)
	for range min(workers, n) {
		wg.Go(func() {
			for i := range next {
				name := f(i)
				mu.Lock()
				done++
				if progress != nil {
					progress(Progress{Stage: stage, Name: name, Done: done, Total: n})
				}
				mu.Unlock()
			}
		})
	}
feed:
	for i := range n {
		select {
		case next <- i:
		case <-ctx.Done():
			break feed
		}
	}
	close(next)
	wg.Wait()
}
