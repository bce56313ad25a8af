//go:build unix

package ledger

import (
	"context"
	"iter"

	"github.com/open-iot-mark/iotmark"
)

// Tail gives the entries that are on disk, from an index to the end, also
// those that are not published yet: whoever appends sees by it what is there
// already. They are not verified against a checkpoint, as none covers them. A log that ends
// before the index is log-behind.
func (p *Posix) Tail(ctx context.Context, from int64) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		end, err := p.disk.IntegratedSize(ctx)
		if err != nil {
			yield(nil, fail(iotmark.Unavailable, "log-read", err, "%s: the state of the log cannot be read", p.cfg.Dir))
			return
		}
		size := int64(end)
		if from > size {
			yield(nil, fail(iotmark.Conflict, "log-behind", nil, "%s holds %d entries, and is asked for what follows %d: it was restored from an older copy. Copy the log back from a mirror", p.cfg.Dir, size, from))
			return
		}
		for from < size {
			n := min(size-from/width*width, width)
			raw, err := p.ReadEntryBundle(ctx, uint64(from/width), uint8(n%width))
			if err != nil {
				yield(nil, err)
				return
			}
			entries, ok := parseBundle(raw, int(n))
			if !ok {
				yield(nil, unverified("entries-wrong", "the file of the entries from %d of %s does not hold %d entries", from/width*width, p.src, n))
				return
			}
			for _, e := range entries[from%width:] {
				if !yield(e, nil) {
					return
				}
				from++
			}
		}
	}
}
