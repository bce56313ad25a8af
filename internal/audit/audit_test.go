package audit_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/attestation"
	"github.com/open-iot-mark/iotmark/internal/audit"
	"github.com/open-iot-mark/iotmark/internal/ledger"
	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

// later is a clock after all that the scheme says.
func later() time.Time { return time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// status appends a status.published that is right, unless change makes it wrong.
func status(t testing.TB, s *verifytest.Scheme, change func(*verify.StatusBody)) verifytest.At {
	t.Helper()
	entries := func(yield func([]byte, error) bool) {
		for _, e := range s.Entries {
			if !yield(e, nil) {
				return
			}
		}
	}
	reg, err := verify.Replay(entries, s.Births, s.Trust, s.Now)
	must(t, err)
	b, err := attestation.StatusBody(reg)
	must(t, err)
	if change != nil {
		change(&b)
	}
	return s.Status(b)
}

// life is a scheme with marks in several states, and a right status.
func life(t testing.TB) *verifytest.Scheme {
	s := verifytest.New(t, verifytest.Opts{Unwitnessed: true})
	s.Grant(s.Makers[0], "lamp")
	status(t, s, nil)
	s.Grant(s.Makers[1], "hub").Suspend(2)
	s.Grant(s.Makers[2], "lock").Withdraw(verify.Committee)
	status(t, s, nil)
	return s
}

// log is the scheme's log on disk.
type log struct {
	*ledger.Posix
	s    *verifytest.Scheme
	dir  string
	sent int
}

func open(t testing.TB, s *verifytest.Scheme) *log {
	t.Helper()
	k := s.LogSigner()
	dir := filepath.Join(t.TempDir(), "log")
	must(t, ledger.Init(dir, k))
	p, err := ledger.Open(t.Context(), ledger.Config{Dir: dir, Signer: k, Key: s.Trust.Log, Interval: 10 * time.Millisecond, BatchAge: time.Millisecond})
	must(t, err)
	t.Cleanup(func() { p.Close(context.Background()) })
	return &log{Posix: p, s: s, dir: dir}
}

// send appends what the scheme has and the log has not, and publishes it.
func (l *log) send(t testing.TB) {
	t.Helper()
	for ; l.sent < len(l.s.Entries); l.sent++ {
		_, err := l.Append(t.Context(), l.s.Entries[l.sent])
		must(t, err)
	}
	_, err := l.Published(t.Context(), uint64(l.sent-1))
	must(t, err)
}

func (l *log) auditor(t testing.TB) *audit.Auditor {
	t.Helper()
	r, err := ledger.NewReader(l.dir, l.s.Trust.Log)
	must(t, err)
	a, err := audit.New(r, l.s.Trust, later)
	must(t, err)
	return a
}

func TestSound(t *testing.T) {
	t.Parallel()
	s := life(t)
	s.Promise(s.Makers[0], "lamp")
	low := s.PromiseOf(s.Makers[0], "lamp")
	low.Updates = "2026-12-31"
	s.AppendVoid(verifytest.Draft{Type: verify.PromiseSet, Subject: s.Makers[0].Product("lamp"), Body: low, Signers: s.Makers[0].Keys})
	l := open(t, s)
	l.send(t)
	r, err := l.auditor(t).Published(t.Context(), nil)
	must(t, err)
	if !r.Sound() || r.Entries != int64(len(s.Entries)) || r.Statuses != 2 {
		t.Errorf("got %+v", r)
	}
	if diff := cmp.Diff(map[string]int64{"valid": 1, "suspended": 1, "withdrawn": 1}, r.Marks); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if len(r.Attempts) != 1 || !slices.Contains(r.Attempts[0].What, "updates_until") || len(r.Voids) != 1 {
		t.Errorf("attempts %+v, voids %+v", r.Attempts, r.Voids)
	}
}

// Whatever a status entry says that does not follow from the log is told, and
// keeps the auditor's signature back.
func TestDiffers(t *testing.T) {
	t.Parallel()
	other := verifytest.Digest("other")
	for _, c := range []struct {
		name   string
		change func(*verify.StatusBody)
		want   string
	}{
		{"a withdrawal left out of the list", func(b *verify.StatusBody) { b.Lists[0].SHA256 = other }, "list 1 revocation"},
		{"a suspension left out of the list", func(b *verify.StatusBody) { b.Lists[1].SHA256 = other }, "list 1 suspension"},
		{"another state", func(b *verify.StatusBody) { b.States = other }, "states"},
		{"another snapshot", func(b *verify.StatusBody) { b.Snapshot = other }, "snapshot"},
		{"a mark left out", func(b *verify.StatusBody) { b.Marks-- }, "marks"},
		{"a list of nothing", func(b *verify.StatusBody) {
			b.Lists = append(b.Lists, verify.ListHash{ID: 2, Purpose: "revocation", SHA256: other}, verify.ListHash{ID: 2, Purpose: "suspension", SHA256: other})
		}, "list 2 revocation, list 2 suspension"},
		{"a lie that has no effect", func(b *verify.StatusBody) { b.States, b.Marks = other, b.Marks-1 }, "marks, states"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := life(t)
			at := status(t, s, c.change)
			status(t, s, nil)
			l := open(t, s)
			l.send(t)
			a := l.auditor(t)
			r, err := a.Published(t.Context(), nil)
			must(t, err)
			var what []string
			for _, d := range r.Differences {
				if d.Index != at.Index || d.ID != "status-differs" {
					t.Errorf("got %+v", d)
				}
				what = append(what, d.What)
			}
			slices.Sort(what)
			if got := strings.Join(what, ", "); got != c.want {
				t.Errorf("got %q, want %q (voids %+v)", got, c.want, r.Voids)
			}
			h, err := l.Head(t.Context())
			must(t, err)
			if err := a.Examine(t.Context(), h); !hasID(err, "audit-differs") {
				t.Errorf("it would sign: %v", err)
			}
		})
	}
}

// A status that does not cover all entries before it has no effect, and no
// bundle with it is genuine, so that nothing can lie between and be hidden.
// One that does is held against the log also when its key has ended, because
// whoever verifies offline does not see that.
func TestHidesWithdrawal(t *testing.T) {
	t.Parallel()
	for _, ended := range []bool{false, true} {
		s := verifytest.New(t, verifytest.Opts{Unwitnessed: true})
		m := s.Grant(s.Makers[0], "lamp")
		var old verify.StatusBody
		status(t, s, func(b *verify.StatusBody) { old = *b })
		m.Withdraw(verify.Committee)
		if ended {
			s.SetKeyring(s.EndKeys(s.Operator.Name))
			old.Covers = int64(len(s.Entries))
		} else {
			old.Covers = int64(len(s.Entries)) - 1
		}
		at := s.AppendVoid(verifytest.Draft{Type: verify.StatusPublished, Subject: s.StatusSubject(), Body: old, Signers: []verifytest.Key{s.Operator}})
		l := open(t, s)
		l.send(t)
		r, err := l.auditor(t).Published(t.Context(), nil)
		must(t, err)
		if len(r.Voids) != 1 || r.Voids[0].Index != at.Index || r.Statuses != 1 || r.Pending != 1 {
			t.Errorf("ended %t: voids %+v, %d statuses, %d pending", ended, r.Voids, r.Statuses, r.Pending)
		}
		var what []string
		for _, d := range r.Differences {
			what = append(what, d.What)
		}
		want := []string(nil)
		if ended {
			want = []string{"keyring", "snapshot", "states", "list 1 revocation"}
		}
		if diff := cmp.Diff(want, what); diff != "" {
			t.Errorf("ended %t: (-want +got)\n%s", ended, diff)
		}
	}
}

// The state that a copy shows is that of its own time: what it holds back
// could have confirmed the suspension.
func TestFrozenCopy(t *testing.T) {
	t.Parallel()
	s := verifytest.New(t, verifytest.Opts{Unwitnessed: true})
	m := s.Grant(s.Makers[0], "lamp")
	m.Suspend(1)
	s.Pass(29)
	status(t, s, nil)
	s.AppendBytes([]byte("garbage\n"), 0)
	l := open(t, s)
	l.send(t)
	for days, want := range map[int]verify.Answer{0: verify.Suspended, 3: verify.Suspended, 60: verify.Suspended, 800: verify.Expired} {
		r, err := l.auditor(t).Mark(t.Context(), m.Terms.Code, s.Now.AddDate(0, 0, days), nil)
		must(t, err)
		if r.Answer != want || s.Now.Sub(r.AsOf) > time.Hour || r.AsOf.After(s.Now) {
			t.Errorf("%d days later: %s as of %v, the log ends at %v", days, r.Answer, r.AsOf, s.Now)
		}
		var by []verify.Role
		for _, s := range r.Signers {
			by = append(by, s.Role)
		}
		slices.Sort(by)
		if diff := cmp.Diff([]verify.Role{verify.Assessor, verify.Committee, verify.Committee}, by); diff != "" {
			t.Errorf("who granted it: (-want +got)\n%s", diff)
		}
	}
}

func hasID(err error, id iotmark.ErrorID) bool {
	e, ok := err.(*iotmark.Error)
	return ok && e.ID == id
}

// An auditor is asked before the world sees the entries.
func TestExaminesWhatIsNotPublished(t *testing.T) {
	t.Parallel()
	s := life(t)
	whole, part := s.Entries, *s
	part.Entries = whole[:12]
	l := open(t, &part)
	l.send(t)
	before := map[string][]byte{}
	for _, name := range []string{"checkpoint", "births"} {
		b, err := os.ReadFile(filepath.Join(l.dir, name))
		must(t, err)
		before[name] = b
	}
	asked := l.auditor(t)
	for _, h := range []int{15, len(whole)} {
		part.Entries = whole[:h]
		l.send(t)
		next, err := l.Head(t.Context())
		must(t, err)
		after := map[string][]byte{}
		for name, b := range before {
			after[name], err = os.ReadFile(filepath.Join(l.dir, name))
			must(t, err)
			must(t, os.WriteFile(filepath.Join(l.dir, name), b, 0o644))
		}
		if err := asked.Examine(t.Context(), next); err != nil {
			t.Fatalf("of %d entries, of which 12 are published: %v", h, err)
		}
		for name, b := range after {
			must(t, os.WriteFile(filepath.Join(l.dir, name), b, 0o644))
		}
	}
	got, err := asked.Published(t.Context(), nil)
	must(t, err)
	fresh, err := l.auditor(t).Published(t.Context(), nil)
	must(t, err)
	if diff := cmp.Diff(fresh, got); diff != "" {
		t.Errorf("(-fresh +asked before)\n%s", diff)
	}
}

// What an auditor finds who follows a log is what he finds who comes last,
// wherever the log was cut between two looks.
func TestFollows(t *testing.T) {
	t.Parallel()
	s := life(t)
	whole := s.Entries
	part := *s
	part.Entries = nil
	l := open(t, &part)
	follower := l.auditor(t)
	var last *audit.Report
	for i, e := range whole {
		part.Entries = append(part.Entries, e)
		if i%5 != 0 && i != len(whole)-1 {
			continue
		}
		l.send(t)
		h, err := l.Head(t.Context())
		must(t, err)
		must(t, follower.Examine(t.Context(), h))
		last, err = follower.Published(t.Context(), nil)
		must(t, err)
	}
	fresh, err := l.auditor(t).Published(t.Context(), nil)
	must(t, err)
	if diff := cmp.Diff(fresh, last); diff != "" {
		t.Errorf("(-fresh +followed)\n%s", diff)
	}
	if !fresh.Sound() || fresh.Statuses != 2 {
		t.Errorf("got %+v", fresh)
	}
}
