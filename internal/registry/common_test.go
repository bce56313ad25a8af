package registry_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/ledger"
	"github.com/open-iot-mark/iotmark/internal/registry"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/internal/store/pgtest"
	"github.com/open-iot-mark/iotmark/internal/store/storetest"
	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

func TestMain(m *testing.M) {
	if work, ok := os.LookupEnv(childEnv); ok {
		os.Exit(child(work))
	}
	os.Exit(pgtest.Run(m))
}

// now is later than anything that the scheme of the tests says.
var now = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)

// story makes a scheme with a life in it: marks granted, suspended, restored,
// withdrawn, complaints, promises, status, and entries without effect.
func story(t testing.TB, marks int) *verifytest.Scheme {
	s := verifytest.New(t, verifytest.Opts{Unwitnessed: true})
	for i := range marks {
		m := s.Grant(s.Makers[i%3], fmt.Sprintf("lamp-%d", i))
		switch i % 4 {
		case 1:
			m.Suspend(1)
			m.Confirm()
			m.Restore()
		case 2:
			m.Complain()
			m.Withdraw(verify.Committee)
		case 3:
			s.Promise(s.Makers[i%3], fmt.Sprintf("hub-%d", i))
		}
	}
	s.Status(s.StatusOf())
	return s
}

// world is a database, a log and a registry over both.
type world struct {
	t     testing.TB
	s     *verifytest.Scheme
	dir   string // of the log
	db    *store.DB
	reg   *registry.Registry
	log   *ledger.Posix
	src   registry.Source
	relay *registry.Relay
	proj  *registry.Projector
}

func signers(s *verifytest.Scheme) (note.Signer, note.Verifier, error) {
	v, err := note.NewVerifier(s.Trust.Log)
	if err != nil {
		return nil, nil, err
	}
	seed := append([]byte{1}, s.Log.Seed()...)
	k, err := note.NewSigner(fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", v.Name(), v.KeyHash(), base64.StdEncoding.EncodeToString(seed)))
	return k, v, err
}

func config(s *verifytest.Scheme, dir string) (ledger.Config, error) {
	k, _, err := signers(s)
	return ledger.Config{Dir: dir, Signer: k, Key: s.Trust.Log, Interval: 10 * time.Millisecond, BatchAge: time.Millisecond}, err
}

// build makes a world with an empty log.
func build(t testing.TB, s *verifytest.Scheme, address string) *world {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "log")
	k, _, err := signers(s)
	must(t, err)
	must(t, ledger.Init(dir, k))
	return enter(t, s, address, dir)
}

// enter opens a world that is there.
func enter(t testing.TB, s *verifytest.Scheme, address, dir string) *world {
	t.Helper()
	w := &world{t: t, s: s, dir: dir, db: storetest.Open(t, address)}
	var err error
	w.reg, err = registry.Open(t.Context(), w.db, s.Trust)
	must(t, err)
	c, err := config(s, dir)
	must(t, err)
	w.log, err = ledger.Open(t.Context(), c)
	must(t, err)
	w.src = source(t, s, dir)
	w.relay, w.proj = w.reg.NewRelay(w.log), w.reg.NewProjector(w.src)
	t.Cleanup(w.leave)
	return w
}

func source(t testing.TB, s *verifytest.Scheme, dir string) registry.Source {
	t.Helper()
	r, err := ledger.NewReader(dir, s.Trust.Log)
	must(t, err)
	p, err := verify.ParsePolicy(s.Trust.Policy)
	must(t, err)
	return registry.Source{Log: r, Policy: p}
}

func (w *world) leave() {
	w.relay.Close()
	w.proj.Close()
	w.log.Close(context.Background())
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) decide(notes ...[]byte) {
	w.t.Helper()
	for _, n := range notes {
		must(w.t, w.db.Do(w.t.Context(), func(tx *store.Tx) error {
			_, err := w.reg.Decide(w.t.Context(), tx, n)
			return err
		}))
	}
}

// send relays all and waits until it is published.
func (w *world) send() int {
	w.t.Helper()
	n, err := w.relay.Once(w.t.Context())
	must(w.t, err)
	w.published()
	return n
}

func (w *world) published() {
	w.t.Helper()
	if n := w.log.Health().Size; n > 0 {
		_, err := w.log.Published(w.t.Context(), uint64(n-1))
		must(w.t, err)
	}
}

func (w *world) catchUp() registry.Progress {
	w.t.Helper()
	p, err := w.proj.CatchUp(w.t.Context(), now)
	must(w.t, err)
	return p
}

// entries are those of the published log.
func (w *world) entries() [][]byte {
	w.t.Helper()
	h, err := w.src.Log.Head(w.t.Context())
	must(w.t, err)
	var out [][]byte
	if h.Size == 0 {
		return nil
	}
	for e, err := range w.src.Log.EntriesAt(w.t.Context(), h, 0, h.Size) {
		must(w.t, err)
		out = append(out, slices.Clone(e))
	}
	return out
}

// replay is what anybody finds who reads the log and has no database.
func (w *world) replay() *verify.Registry {
	w.t.Helper()
	all := func(yield func([]byte, error) bool) {
		for _, e := range w.entries() {
			if !yield(e, nil) {
				return
			}
		}
	}
	reg, err := verify.Replay(all, []verify.Birth{{Size: int64(len(w.entries()))}}, w.s.Trust, now)
	must(w.t, err)
	return reg
}

func id(err error) iotmark.ErrorID { return registry.ErrorID(err) }
