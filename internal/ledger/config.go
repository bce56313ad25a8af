package ledger

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"k8s.io/klog/v2"

	"github.com/open-iot-mark/iotmark"
)

// Config says how a log is written. Dir, Signer and Key are needed.
type Config struct {
	Dir    string
	Signer note.Signer // Ed25519; its name is the log's origin
	Key    string      // C2SP verifier key of the same

	Interval  time.Duration // between two checkpoints; 10 s when zero, at least 10 ms
	Republish time.Duration // after which the same checkpoint is witnessed anew; 6 h when zero
	Policy    string        // C2SP tlog-policy: who must have seen a checkpoint before it is published; empty: nobody
	Timeout   time.Duration // of asking witnesses; 10 s when zero
	Grace     time.Duration // for more witnesses, once enough signed; 200 ms when zero
	Collect   time.Duration // between deletions of partial tiles that were filled; 1 min when zero
	Batch     uint          // entries written at once; 1 when zero, because the order within more is not that of the calls
	BatchAge  time.Duration // how long a batch waits to fill; 10 ms when zero

	Log *slog.Logger     // what went wrong, and that it goes on; nil: nowhere
	Now func() time.Time // nil: the clock
}

func (c *Config) complete() error {
	if c.Signer == nil {
		return fail(iotmark.Invalid, "log-key-missing", nil, "a log is written with its key")
	}
	if mine := fmt.Sprintf("%s+%08x+", c.Signer.Name(), c.Signer.KeyHash()); !strings.HasPrefix(c.Key, mine) {
		return fail(iotmark.Invalid, "log-key-wrong", nil, "the private key is of %s, and the public key another", strings.TrimSuffix(mine, "+"))
	}
	def := func(d *time.Duration, v, least time.Duration) {
		if *d == 0 {
			*d = v
		}
		*d = max(*d, least)
	}
	def(&c.Interval, 10*time.Second, 10*time.Millisecond)
	def(&c.Republish, 6*time.Hour, c.Interval)
	def(&c.Timeout, 10*time.Second, 0)
	def(&c.Grace, 200*time.Millisecond, 0)
	def(&c.Collect, time.Minute, 0)
	def(&c.BatchAge, 10*time.Millisecond, 0)
	c.Batch = max(c.Batch, 1)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return nil
}

// Health is how it goes with a log that is being written.
type Health struct {
	Size      int64     // entries on disk
	Published Head      // what the world sees
	Write     error     // why the last entry could not be written; nil: it was
	Publish   error     // why publishing does not go on; nil: it does
	Since     time.Time // since when it does not
	Witnesses []WitnessHealth
}

// quiet keeps Tessera's own messages off stderr: what matters of them comes
// back as errors.
var quiet = sync.OnceFunc(func() { klog.SetSlogLogger(slog.New(slog.DiscardHandler)) })
