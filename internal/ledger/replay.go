package ledger

import (
	"context"

	"github.com/open-iot-mark/iotmark/verify"
)

// Replay reads the log below a head by the rules, as everybody does who has
// the trust file: each entry at the time at which outsiders first saw it. The
// head must have been seen by the witnesses that the trust asks for, but that
// of an empty log. Each entry is handed to look before it is judged; look may
// be nil.
func (r *Reader) Replay(ctx context.Context, h Head, t *verify.Trust, look func(index int64, entry []byte)) (*verify.Replayer, error) {
	policy, err := t.Witnessing()
	if err != nil {
		return nil, err
	}
	rules := verify.NewReplayer(t)
	if h.Size == 0 {
		return rules, nil
	}
	if _, err := policy.Open(h.Note, r.Origin()); err != nil {
		return nil, err
	}
	first := r.FirstSeen(policy)
	for entry, err := range r.EntriesAt(ctx, h, 0, h.Size) {
		if err != nil {
			return nil, err
		}
		index := rules.Size()
		since, err := first.At(ctx, index)
		if err != nil {
			return nil, err
		}
		if look != nil {
			look(index, entry)
		}
		rules.Apply(entry, since)
	}
	return rules, nil
}
