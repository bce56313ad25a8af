package ledger

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"iter"
	"sort"

	"github.com/open-iot-mark/iotmark/verify"
)

// born is where a checkpoint stands in the file of births.
type born struct{ size, offset, length int64 }

const (
	birthsChunk = 1 << 20 // bytes read at once
	birthsMore  = 4096    // checkpoints read where one is looked for
)

// disordered tells of births that do not grow.
func disordered(s source, size, last int64) error {
	return unverified("births-wrong", "the births of %s are out of order: %d entries after %d", s, size, last)
}

// readBirths gives the checkpoints that stand in the file of births from an
// offset on, with the offset behind each. What follows the last whole one is
// left: a writer died there, or is about to go on.
func readBirths(ctx context.Context, s source, offset int64) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		var buf []byte
		for at := offset; ; {
			b, err := s.read(ctx, birthsAt, at, birthsChunk)
			if errors.Is(err, fs.ErrNotExist) {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
			at += int64(len(b))
			buf = append(buf, b...)
			for {
				n := birthEnd(buf)
				if n == 0 {
					break
				}
				if !yield(buf[:n-1:n-1], nil) {
					return
				}
				buf = buf[n:]
			}
			if len(buf) > maxCheckpoint {
				yield(nil, unverified("births-wrong", "the file of births of %s has a checkpoint of more than %d bytes", s, maxCheckpoint))
				return
			}
			if len(b) < birthsChunk {
				return
			}
		}
	}
}

// birthEnd returns the length of the first record: a signed note, that is
// text, an empty line, signatures, and an empty line; and 0 when it is not
// there in full.
func birthEnd(b []byte) int {
	i := bytes.Index(b, []byte("\n\n"))
	if i < 0 {
		return 0
	}
	j := bytes.Index(b[i+2:], []byte("\n\n"))
	if j < 0 {
		return 0
	}
	return i + 2 + j + 2
}

// Births gives every checkpoint that first had its size, oldest first. The
// log's signature and the order are verified, and that each is the beginning
// of the published log. The first error ends it.
func (r *Reader) Births(ctx context.Context) iter.Seq2[Head, error] {
	return func(yield func(Head, error) bool) {
		h, err := r.Head(ctx)
		if err != nil {
			yield(Head{}, err)
			return
		}
		hr := hashes(ctx, r.src, &r.cache, h)
		last := int64(0)
		for b, err := range readBirths(ctx, r.src, 0) {
			var at Head
			if err == nil {
				at, err = r.Open(b)
			}
			if err == nil && at.Size <= last {
				err = disordered(r.src, at.Size, last)
			}
			if err == nil && at.Size > h.Size {
				return // published while we were reading
			}
			if err == nil {
				last, err = at.Size, continues(r.src, at, h, hr)
			}
			if !yield(at, err) || err != nil {
				return
			}
		}
	}
}

// Birth returns the first published checkpoint that covers the entry at an
// index: the time of its witnesses is when outsiders first saw the entry.
func (r *Reader) Birth(ctx context.Context, index int64) (Head, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	find := func() int {
		return sort.Search(len(r.births), func(i int) bool { return r.births[i].size > index })
	}
	i := find()
	if i == len(r.births) { // look for newer ones, and for some more than are needed
		last := int64(0)
		if i > 0 {
			last = r.births[i-1].size
		}
		for b, err := range readBirths(ctx, r.src, r.end) {
			if err != nil {
				return Head{}, err
			}
			at, err := r.Open(b)
			if err != nil {
				return Head{}, err
			}
			if at.Size <= last {
				return Head{}, disordered(r.src, at.Size, last)
			}
			last = at.Size
			r.births = append(r.births, born{at.Size, r.end, int64(len(b))})
			r.end += int64(len(b)) + 1
			if at.Size > index && len(r.births)-i >= birthsMore {
				break
			}
		}
		i = find()
	}
	if i == len(r.births) {
		return Head{}, missing(fs.ErrNotExist, "%s has no published checkpoint that covers index %d", r.src, index)
	}
	b, err := r.src.read(ctx, birthsAt, r.births[i].offset, r.births[i].length)
	if err != nil {
		return Head{}, err
	}
	return r.Open(b)
}

// FirstSeen tells when outsiders first saw the entries of a log. It keeps one
// birth, so that a walk through the log asks for each once. One goroutine uses
// it at a time.
type FirstSeen struct {
	log    *Reader
	policy *verify.Policy
	birth  Head
	from   int64 // the first index that was asked of the birth
	since  int64
}

// FirstSeen judges births by a policy.
func (r *Reader) FirstSeen(policy *verify.Policy) *FirstSeen {
	return &FirstSeen{log: r, policy: policy}
}

// At returns the earliest counted witness time on the birth of the entry at an
// index, in Unix seconds; 0 when the policy asks for no witness. Errors are
// those of [Reader.Birth] and of [verify.Policy.Open].
func (f *FirstSeen) At(ctx context.Context, index int64) (int64, error) {
	if f.from <= index && index < f.birth.Size {
		return f.since, nil
	}
	h, err := f.log.Birth(ctx, index)
	if err != nil {
		return 0, err
	}
	seen, err := f.policy.Open(h.Note, f.log.Origin())
	if err != nil {
		return 0, err
	}
	f.birth, f.from, f.since = h, index, seen.Earliest
	return f.since, nil
}

// BirthProof returns the proof of an entry with the first checkpoint that
// covers it, as a C2SP tlog-proof. It is the same for ever.
func (r *Reader) BirthProof(ctx context.Context, index int64) ([]byte, error) {
	h, err := r.Head(ctx)
	if err != nil {
		return nil, err
	}
	if index < 0 || index >= h.Size {
		return nil, noEntry(h, index)
	}
	at, err := r.Birth(ctx, index)
	if err != nil {
		return nil, err
	}
	return r.proof(ctx, index, at, h)
}
