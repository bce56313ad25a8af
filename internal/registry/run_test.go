package registry_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/open-iot-mark/iotmark/internal/ledger"
	"github.com/open-iot-mark/iotmark/internal/registry"
	"github.com/open-iot-mark/iotmark/internal/store/storetest"
)

// While witnesses do not answer nothing is published: decisions go into the
// log all the same, nothing of them is public, and a relay that begins anew
// sees those that nobody else sees.
func TestNothingIsPublished(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, address string) {
		s := story(t, 1)
		w := build(t, s, address)
		must(t, w.log.Close(t.Context()))
		c, err := config(s, w.dir)
		must(t, err)
		c.Interval = time.Hour
		w.log, err = ledger.Open(t.Context(), c)
		must(t, err)
		w.decide(s.Entries...)
		for range s.Entries {
			r := w.reg.NewRelay(&dying{Posix: w.log, after: true})
			if _, err := r.Once(t.Context()); !errors.Is(err, errDied) {
				t.Fatal(err)
			}
			r.Close()
		}
		w.relay = w.reg.NewRelay(w.log)
		if n, err := w.relay.Once(t.Context()); n != 0 || err != nil {
			t.Errorf("%d entries were sent again, %v", n, err)
		}
		if n := w.log.Health().Size; n != int64(len(s.Entries)) {
			t.Errorf("the log has %d entries, want %d", n, len(s.Entries))
		}
		if p := w.catchUp(); p.Size != 0 {
			t.Errorf("%d entries are in the tables, and none is published", p.Size)
		}
		must(t, w.log.Close(t.Context())) // publishes
		if p := w.catchUp(); p.Size != int64(len(s.Entries)) || len(p.Void) != 0 {
			t.Errorf("%d entries are in the tables, want %d; void %v", p.Size, len(s.Entries), p.Void)
		}
	})
}

// gate is a log that takes nothing while it is shut.
type gate struct {
	*ledger.Posix
	shut atomic.Bool
}

func (g *gate) Append(ctx context.Context, e []byte) (uint64, error) {
	if g.shut.Load() {
		return 0, errDied
	}
	return g.Posix.Append(ctx, e)
}

// A running relay sends what is decided as soon as it is told, says what goes
// wrong, goes on, and gives the leadership up when it is asked to end.
func TestRun(t *testing.T) {
	t.Parallel()
	s := story(t, 1)
	w := build(t, s, filepath.Join(t.TempDir(), "registry.db"))
	d := &gate{Posix: w.log}
	d.shut.Store(true)
	ctx, stop := context.WithCancel(t.Context())
	wake, told, ended := make(chan struct{}), make(chan error, 10), make(chan struct{})
	go func() {
		defer close(ended)
		w.reg.NewRelay(d).Run(ctx, wake, time.Hour, func(err error) { told <- err })
	}()
	w.decide(s.Entries...)
	wake <- struct{}{}
	if err := <-told; !errors.Is(err, errDied) {
		t.Errorf("told %v", err)
	}
	d.shut.Store(false)
	wake <- struct{}{}
	wake <- struct{}{} // taken when the round before has ended
	if n := w.log.Health().Size; n != int64(len(s.Entries)) {
		t.Errorf("the log has %d entries, want %d", n, len(s.Entries))
	}
	if _, err := w.reg.NewRelay(w.log).Once(t.Context()); registry.ErrorID(err) != "not-leader" {
		t.Errorf("beside a running one: %v", err)
	}
	stop()
	<-ended
	r := w.reg.NewRelay(w.log)
	defer r.Close()
	if _, err := r.Once(t.Context()); err != nil {
		t.Errorf("after it ended: %v", err)
	}
}
