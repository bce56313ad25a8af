package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"text/tabwriter"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/ledger"
	"github.com/open-iot-mark/iotmark/internal/scheme"
	"github.com/open-iot-mark/iotmark/internal/scheme/schemetest"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/internal/store/pgtest"
	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

// schemes measures the institution on both engines: acts a second with
// everything running, and how opening, listing and acting grow with the number
// of marks.
func schemes(w io.Writer, tmp string, sizes ...int) error {
	address, stop, err := pgtest.Serve("fsync=on", "full_page_writes=on", "shared_buffers=128MB")
	if err != nil {
		return err
	}
	defer stop()
	engines := []string{filepath.Join(tmp, "scheme.db"), address}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\nacts\tload\tgoroutines\ta second\tmedian\tp99\tbacklog at the end\tdrained in\ta second, drained\tentries\tvoid\tpeak memory\tgoal\t")
	var houses []*institution
	for _, a := range engines {
		err := func() (err error) {
			defer caught(&err)
			b := found(tmp, a)
			houses = append(houses, b)
			if err := b.sustain(t, "private", "500", b.private); err != nil {
				return err
			}
			return b.sustain(t, "public", "80", b.public)
		}()
		if err != nil {
			return errors.Join(err, t.Flush(), ended(houses))
		}
	}
	if err := t.Flush(); err != nil {
		return errors.Join(err, ended(houses))
	}
	if len(sizes) > 0 {
		err = growth(w, houses, sizes)
	}
	return errors.Join(err, ended(houses))
}

func ended(houses []*institution) (err error) {
	defer caught(&err)
	for _, b := range houses {
		b.t.end()
	}
	return nil
}

// A stand is what a house of tests is given in place of a test: it fails by
// a panic, which caught turns into an error.
type stand struct {
	testing.TB
	tmp  string
	n    int
	undo []func()
}

type failure struct{ error }

func caught(err *error) {
	switch r := recover().(type) {
	case nil:
	case failure:
		*err = r.error
	default:
		panic(r)
	}
}

func (p *stand) Helper()                           {}
func (p *stand) Context() context.Context          { return context.Background() }
func (p *stand) Cleanup(f func())                  { p.undo = append(p.undo, f) }
func (p *stand) Fatal(args ...any)                 { panic(failure{errors.New(fmt.Sprint(args...))}) }
func (p *stand) Fatalf(format string, args ...any) { panic(failure{fmt.Errorf(format, args...)}) }
func (p *stand) Errorf(format string, args ...any) { p.Fatalf(format, args...) }
func (p *stand) TempDir() string {
	p.n++
	dir := filepath.Join(p.tmp, fmt.Sprint(p.n))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		p.Fatal(err)
	}
	return dir
}

func (p *stand) end() {
	for i := range p.undo {
		p.undo[len(p.undo)-1-i]()
	}
	p.undo = nil
}

// makers is how many makers there are; each has a goroutine that acts, for so
// long.
const (
	makers  = 8
	lasting = 20 * time.Second
)

// An institution is a house with makers and a mark of each.
type institution struct {
	*schemetest.House
	t      *stand
	people []iotmark.Actor // one of each maker
	marks  []string        // as many, all of Acme
	n      atomic.Int64
}

// found makes a house whose log publishes once a second.
func found(tmp, address string) *institution {
	name := "sqlite"
	if strings.HasPrefix(address, "postgres") {
		name = "postgresql"
	}
	p := &stand{tmp: filepath.Join(tmp, name)}
	b := &institution{t: p, House: schemetest.New(p, address)}
	for i := range makers {
		b.maker(fmt.Sprintf("house%d.example", i))
	}
	b.Register()
	for i := range makers {
		on := scheme.On{Case: b.Reviewed(fmt.Sprintf("mark-%d", i)).ID, Reason: "as it should be"}
		b.OK(b.Scheme.Grant(p.Context(), b.Member(0), on))
		b.Sign(b.Assessor(0), on.Case)
		b.Sign(b.Member(0), on.Case)
		b.marks = append(b.marks, b.Sign(b.Member(1), on.Case).Subject)
	}
	b.Work()
	b.slower()
	return b
}

// must ends the measuring for an error.
func (b *institution) must(err error) {
	if err != nil {
		b.t.Fatal(err)
	}
}

// maker registers a maker with one person.
func (b *institution) maker(domain string) {
	ctx, s := b.t.Context(), b.Scheme
	m := verifytest.NewMaker(domain)
	who := schemetest.As(fmt.Sprintf("p%d", 1000+len(b.people)), domain)
	m.Keys[0].Person = who.Person
	c := b.OK(s.Register(ctx, who, scheme.On{}, scheme.Register{Domain: domain, Name: "Maker of " + domain, Register: "HRB " + domain, Size: "small",
		Keys: verifytest.Entries(m.Keys...), Person: scheme.Person{ID: who.Person, Name: "Person of " + domain}}))
	b.OK(s.Prove(ctx, scheme.On{Case: c.ID}))
	b.OK(s.Admit(ctx, schemetest.Registrar, scheme.On{Case: c.ID}))
	b.Keys.Makers = append(b.Keys.Makers, m)
	b.Sign(who, c.ID)
	b.people = append(b.people, who)
}

// product is an application for another product each time.
func (b *institution) product() scheme.ApplicationBody {
	a := b.Application()
	n := b.n.Add(1)
	a.Product.ID, a.Product.Model, a.Product.Name = fmt.Sprintf("lamp-%d", n), fmt.Sprintf("L%d", n), fmt.Sprintf("Lamp %d", n)
	return a
}

// slower opens the log again as it is run: a checkpoint each second.
func (b *institution) slower() {
	ctx := b.t.Context()
	b.Relay.Close()
	b.must(b.Log.Close(ctx))
	v, err := note.NewVerifier(b.Keys.Trust.Log)
	b.must(err)
	k, err := note.NewSigner(fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", v.Name(), v.KeyHash(), base64.StdEncoding.EncodeToString(append([]byte{1}, b.Keys.Log.Seed()...))))
	b.must(err)
	b.Log, err = ledger.Open(ctx, ledger.Config{Dir: b.Dir, Signer: k, Key: b.Keys.Trust.Log, Interval: time.Second})
	b.must(err)
	b.Relay = b.Reg.NewRelay(b.Log)
}

// An acting does a few acts for one maker and tells of each how long it took,
// and how many entries for the log were acknowledged.
type acting func(ctx context.Context, i int, did func(error) bool) (entries int, err error)

// private is an application with all that is asked and answered, noted and
// assigned before it is accepted.
func (b *institution) private(ctx context.Context, i int, did func(error) bool) (int, error) {
	s, me := b.Scheme, b.people[i]
	c, err := s.Apply(ctx, me, scheme.On{}, iotmark.Application, schemetest.Body, "", b.product())
	on := scheme.On{Case: c.ID}
	part := func(a iotmark.Actor, r iotmark.Role) func() (scheme.Case, error) {
		return func() (scheme.Case, error) {
			return s.Assign(ctx, schemetest.Registrar, on, scheme.Part{Person: a.Person, Organisation: a.Organisation, Role: r})
		}
	}
	ask := func() (scheme.Case, error) { return s.Ask(ctx, schemetest.Registrar, on, "Which radio does it have?") }
	answer := func() (scheme.Case, error) { return s.Answer(ctx, me, on, "A radio of 2.4 GHz, as in the data sheet.") }
	write := func() (scheme.Case, error) {
		return s.Note(ctx, schemetest.Registrar, on, "The data sheet was compared with what the maker answered.")
	}
	for _, do := range []func() (scheme.Case, error){ask, answer, write, ask, answer, write,
		part(b.Assessor(i%2), iotmark.RoleAssessor), part(schemetest.Reviewer, iotmark.RoleReviewer), part(b.Member(i%5), iotmark.RoleCommittee)} {
		if !did(err) {
			return 0, err
		}
		_, err = do()
	}
	did(err)
	return 0, err
}

// public is a complaint that is admitted, and a case of surveillance with two
// findings: three entries, of which the operator signs one, and an assessor two.
func (b *institution) public(ctx context.Context, i int, did func(error) bool) (int, error) {
	s := b.Scheme
	c, err := s.Complain(ctx, schemetest.Reporter, scheme.On{}, b.marks[i], scheme.ComplaintBody{Grounds: "it phones home", Tells: "every night"})
	if !did(err) {
		return 0, err
	}
	_, err = s.AdmitComplaint(ctx, schemetest.Registrar, scheme.On{Case: c.ID})
	if !did(err) {
		return 0, err
	}
	c, err = s.Open(ctx, schemetest.Registrar, scheme.On{}, b.marks[i], scheme.SurveillanceBody{Cause: scheme.ByWeakness, Tells: fmt.Sprintf("weakness %d", b.n.Add(1))})
	if !did(err) {
		return 1, err
	}
	on, a := scheme.On{Case: c.ID}, b.Assessor(0)
	_, err = s.Assign(ctx, schemetest.Registrar, on, scheme.Part{Person: a.Person, Organisation: a.Organisation, Role: iotmark.RoleAssessor})
	if !did(err) {
		return 1, err
	}
	for n := range 2 {
		_, err = s.Publish(ctx, a, on, verify.FindingBody{Criterion: "lifecycle.updates-promised", Statement: verifytest.Document("finding"), Summary: "The last update is a year old."})
		if !did(err) || !did(b.signed(ctx, a, b.Key(a), c.ID, &err)) {
			return 1 + n, err
		}
	}
	return 3, nil
}

// signed signs what waits in a case.
func (b *institution) signed(ctx context.Context, by iotmark.Actor, k verifytest.Key, id string, out *error) error {
	d, err := b.Scheme.Draft(ctx, by, id)
	if err == nil {
		_, err = b.Scheme.Sign(ctx, by, scheme.On{Case: id}, k.Sign(d.Text))
	}
	*out = err
	return err
}

// background is the log's relay, the projection, the cycle of attestations and
// the jobs, until stop.
func (b *institution) background() (stop func() error) {
	ctx, cancel := context.WithCancel(b.t.Context())
	var wg sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	tell := func(err error) {
		if err != nil && ctx.Err() == nil {
			mu.Lock()
			defer mu.Unlock()
			errs = append(errs, err)
		}
	}
	each := func(every time.Duration, do func() error) {
		wg.Go(func() {
			tick := time.NewTicker(every)
			defer tick.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
					tell(do())
				}
			}
		})
	}
	wg.Go(func() { b.Relay.Run(ctx, nil, 50*time.Millisecond, tell) })
	wg.Go(func() { tell(b.Jobs.Run(ctx)) })
	each(time.Second, func() error { _, err := b.Project.CatchUp(ctx, b.Now()); return err })
	each(time.Second, func() error { _, err := b.Reg.Advance(ctx, b.Source); return err })
	return func() error {
		cancel()
		wg.Wait()
		return errors.Join(errs...)
	}
}

// standing counts what is on its way, and what the log has with and without
// effect.
type standing struct{ behind, jobs, entries, void int64 }

func (b *institution) standing() (s standing, err error) {
	err = b.DB.View(b.t.Context(), func(tx *store.Tx) error {
		for _, q := range []struct {
			to    *int64
			query string
		}{
			{&s.behind, "SELECT count(*) FROM attestation WHERE step IN ('signed', 'logged', 'published')"},
			{&s.jobs, "SELECT count(*) FROM job WHERE period = 0 AND due = 0"},
			{&s.entries, "SELECT count(*) FROM event WHERE reason = ''"},
			{&s.void, "SELECT count(*) FROM event WHERE reason > ''"},
		} {
			if _, err := tx.Row(b.t.Context(), []any{q.to}, q.query); err != nil {
				return err
			}
		}
		return nil
	})
	return s, err
}

// sustain acts for a time with all makers at once, and then waits until
// nothing is on its way any more.
func (b *institution) sustain(w io.Writer, name, goal string, act acting) error {
	before, err := b.standing()
	if err != nil {
		return err
	}
	if err := resetPeak(); err != nil {
		return err
	}
	stop := b.background()
	ctx, cancel := context.WithTimeout(b.t.Context(), 10*time.Minute)
	defer cancel()
	start := time.Now()
	var wg sync.WaitGroup
	took, entries, errs := make([][]time.Duration, makers), make([]int, makers), make([]error, makers)
	for i := range makers {
		wg.Go(func() {
			for time.Since(start) < lasting && errs[i] == nil {
				last := time.Now()
				n, err := act(ctx, i, func(err error) bool {
					if err != nil {
						return false
					}
					now := time.Now()
					took[i] = append(took[i], now.Sub(last))
					last = now
					return true
				})
				entries[i], errs[i] = entries[i]+n, err
			}
		})
	}
	wg.Wait()
	acted := time.Since(start)
	if err := errors.Join(errs...); err != nil {
		return errors.Join(err, stop())
	}
	all, published := slices.Concat(took...), 0
	for _, n := range entries {
		published += n
	}
	left, err := b.standing()
	now := left
	for err == nil && now.behind+now.jobs > 0 && time.Since(start) < 10*time.Minute {
		time.Sleep(20 * time.Millisecond)
		now, err = b.standing()
	}
	drained := time.Since(start)
	if err := errors.Join(err, stop()); err != nil {
		return err
	}
	if got := now.entries - before.entries; got != int64(published) || now.void > before.void {
		return fmt.Errorf("%d entries were acknowledged, %d are in the log with effect and %d without", published, got, now.void-before.void)
	}
	n := len(all)
	if name == "public" {
		n = published
	}
	slices.Sort(all)
	_, err = fmt.Fprintf(w, "%s on %s\t%s\t%d\t%.0f\t%s\t%s\t%d, jobs %d\t%.1f s\t%.0f\t%d\t%d\t%d MB\t%s\t\n", name, b.DB.Engine(), load(), makers, float64(n)/acted.Seconds(),
		milli(all[len(all)/2]), milli(all[len(all)*99/100]), left.behind, left.jobs, (drained - acted).Seconds(), float64(n)/drained.Seconds(), published, now.void-before.void, peak()>>20, goal)
	return err
}

func milli(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
}

// load is the machine's load in the last minute.
func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "?"
	}
	one, _, _ := strings.Cut(string(b), " ")
	return one
}

// peak is the most memory that this process had since resetPeak, in bytes.
func peak() int64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	var kb int64
	_, after, _ := strings.Cut(string(b), "VmHWM:")
	fmt.Sscan(after, &kb)
	return kb << 10
}

func resetPeak() error {
	runtime.GC()
	return os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
}
