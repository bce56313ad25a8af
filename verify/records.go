package verify

import (
	"encoding/hex"
	"hash/maphash"
	"reflect"
	"sort"
	"time"

	"github.com/open-iot-mark/iotmark"
)

// A replay of a long log keeps something of every entry for ever: its id, for
// it may not be used again, and its leaf, for later entries point at it. What
// is kept lies in large pieces without pointers, so that it costs little more
// than its bytes and the garbage collector never walks it.

// ref is the number of an entry that has effect, counted from one; zero is
// none.
type ref uint32

// record is what is kept of one entry that has effect. All members are bytes,
// so that a record has no gaps.
type record struct {
	leaf [32]byte
	id   [16]byte
	at   [4]byte // effective time, in seconds since [epoch]
	prev [4]byte // ref of the entry before it in its chain
	who  [2]byte // set of keys that signed a decision or an evaluation
	kind uint8
}

// epoch is the year before which no entry is from (see isTime), and from which
// four bytes of seconds last until 2136.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Unix()

// What four bytes of seconds, of a number of an entry, and of the place of a
// run can hold.
const (
	maxSeconds = 1<<32 - 1
	maxRecords = 1<<32 - 2
	maxChunks  = 1<<32/(arenaSize/unit) - 1
)

func put4(b *[4]byte, v uint32) {
	b[0], b[1], b[2], b[3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
}
func get4(b [4]byte) uint32 {
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}

func stamp(unix int64) (b [4]byte) { put4(&b, uint32(unix-epoch)); return b }
func unixOf(b [4]byte) int64       { return int64(get4(b)) + epoch }
func timeOf(unix int64) time.Time  { return time.Unix(unix, 0).UTC() }

// chunked is a list that grows without copying more than its last chunk, and
// without room to spare beyond it. The zero value is empty.
type chunked[T any] struct {
	chunks [][]T
	per    int // items of a chunk
	n      int
}

// chunkBytes is the size of a chunk: one that the allocator gives without
// rounding up.
const chunkBytes = 1 << 16

func (c *chunked[T]) add(v T) int {
	if c.per == 0 {
		c.per = chunkBytes / int(reflect.TypeFor[T]().Size())
	}
	if c.n%c.per == 0 {
		c.chunks = append(c.chunks, nil)
	}
	last := len(c.chunks) - 1
	c.chunks[last] = append(room(c.chunks[last], 1, c.per), v)
	c.n++
	return c.n - 1
}

func (c *chunked[T]) at(i int) *T { return &c.chunks[i/c.per][i%c.per] }

// room makes room for n more items in a chunk, an eighth more than it has, and
// at most for as many as it may ever have.
func room[T any](chunk []T, n, most int) []T {
	if len(chunk)+n <= cap(chunk) {
		return chunk
	}
	return append(make([]T, 0, min(most, max(cap(chunk)+cap(chunk)/8, len(chunk)+max(n, 16)))), chunk...)
}

// finder finds the number of a thing by its key: open addressing, four bytes a
// slot. It holds numbers only; whoever uses it compares keys. Its hash is
// seeded, so that nobody can make keys collide on purpose; nothing that is
// given out depends on it.
type finder struct {
	slots []uint32 // number plus one
	n     int
}

var hashSeed = maphash.MakeSeed()

func hashOf(key []byte) uint64   { return maphash.Bytes(hashSeed, key) }
func hashText(key string) uint64 { return maphash.String(hashSeed, key) }

func (t *finder) start(hash uint64) int { return int((hash >> 32) * uint64(len(t.slots)) >> 32) }

func (t *finder) find(hash uint64, same func(i int) bool) (int, bool) {
	if t.n == 0 {
		return 0, false
	}
	for s := t.start(hash); ; {
		v := t.slots[s]
		if v == 0 {
			return 0, false
		}
		if same(int(v - 1)) {
			return int(v - 1), true
		}
		if s++; s == len(t.slots) {
			s = 0
		}
	}
}

// add enters a number that is not in it; hash gives that of any number.
func (t *finder) add(i int, hash func(i int) uint64) {
	if (t.n+1)*8 > len(t.slots)*7 {
		old := t.slots
		t.slots = make([]uint32, max(16, len(old)+len(old)/8))
		for _, v := range old {
			if v != 0 {
				t.place(v, hash(int(v-1)))
			}
		}
	}
	t.place(uint32(i+1), hash(i))
	t.n++
}

func (t *finder) place(v uint32, hash uint64) {
	s := t.start(hash)
	for t.slots[s] != 0 {
		if s++; s == len(t.slots) {
			s = 0
		}
	}
	t.slots[s] = v
}

// arena holds short runs of bytes. A run is named by where it lies; a run
// that is given back is used again for one of the same size.
type arena struct {
	chunks [][]byte
	free   map[int][]span
}

// span names a run in an arena, in units of four bytes counted from one;
// zero is none.
type span uint32

const (
	unit      = 4
	prefix    = 2 // bytes of the length of a run
	maxRun    = 1<<16 - 1
	arenaSize = 1 << 17 // of a chunk; longer than any run
)

func sizeOfRun(n int) int { return (n + prefix + unit - 1) / unit * unit }

// put keeps bytes; of more than an entry can have, the first.
func (a *arena) put(b []byte) span {
	if len(b) == 0 {
		return 0
	}
	b = b[:min(len(b), maxRun)]
	size := sizeOfRun(len(b))
	var s span
	if f := a.free[size]; len(f) > 0 {
		s, a.free[size] = f[len(f)-1], f[:len(f)-1]
	} else {
		last := len(a.chunks) - 1
		if last < 0 || len(a.chunks[last])+size > arenaSize {
			a.chunks = append(a.chunks, nil)
			last++
		}
		at := len(a.chunks[last])
		a.chunks[last] = room(a.chunks[last], size, arenaSize)[:at+size]
		s = span(last*(arenaSize/unit)+at/unit) + 1
	}
	run := a.run(s)
	run[0], run[1] = byte(len(b)), byte(len(b)>>8)
	copy(run[prefix:], b)
	return s
}

func (a *arena) run(s span) []byte {
	i := int(s - 1)
	return a.chunks[i/(arenaSize/unit)][i%(arenaSize/unit)*unit:]
}

// get gives the bytes of a run; they are the arena's own.
func (a *arena) get(s span) []byte {
	if s == 0 {
		return nil
	}
	run := a.run(s)
	return run[prefix : prefix+(int(run[0])|int(run[1])<<8)]
}

func (a *arena) drop(s span) {
	if s == 0 {
		return
	}
	size := sizeOfRun(len(a.get(s)))
	if a.free == nil {
		a.free = map[int][]span{}
	}
	a.free[size] = append(a.free[size], s)
}

// lexicon has texts that occur again and again, each kept once and named by a
// number counted from one; zero is the empty text.
type lexicon struct {
	arena
	finder
	spans []span
}

func (w *lexicon) of(s string) int {
	if s == "" {
		return 0
	}
	if n, ok := w.number(s); ok {
		return n
	}
	w.spans = append(w.spans, w.put([]byte(s)))
	w.add(len(w.spans)-1, func(i int) uint64 { return hashOf(w.get(w.spans[i])) })
	return len(w.spans)
}

// number gives that of a text that is in it.
func (w *lexicon) number(s string) (int, bool) {
	i, ok := w.find(hashText(s), func(i int) bool { return string(w.get(w.spans[i])) == s })
	return i + 1, ok
}

func (w *lexicon) text(i int) string {
	if i == 0 {
		return ""
	}
	return string(w.get(w.spans[i-1]))
}

// records are all entries that have effect, by ref, with their ids.
type records struct {
	list   chunked[record]
	ids    finder
	sets   [][]uint32 // sets of keys, by number of the key; the first is empty
	seen   map[string]uint16
	beyond map[ref][]uint32 // sets of entries after there were too many
}

func (rs *records) at(n ref) *record { return rs.list.at(int(n - 1)) }

func (rs *records) has(id [16]byte) bool {
	_, ok := rs.ids.find(hashOf(id[:]), func(i int) bool { return rs.list.at(i).id == id })
	return ok
}

// add keeps an entry and the numbers of the keys that signed it.
func (rs *records) add(r record, who []uint32) ref {
	set, ok := rs.set(who)
	r.who = [2]byte{byte(set), byte(set >> 8)}
	i := rs.list.add(r)
	n := ref(i + 1)
	if !ok {
		if rs.beyond == nil {
			rs.beyond = map[ref][]uint32{}
		}
		rs.beyond[n] = who
	}
	rs.ids.add(i, func(i int) uint64 { return hashOf(rs.list.at(i).id[:]) })
	return n
}

// maxSets is how many different sets of signers have a number.
const maxSets = 1<<16 - 2

// set gives the number of a set of keys, and false when there are too many
// sets.
func (rs *records) set(keys []uint32) (uint16, bool) {
	if len(keys) == 0 {
		return 0, true
	}
	b := make([]byte, 0, 4*len(keys))
	for _, k := range keys {
		b = append(b, byte(k), byte(k>>8), byte(k>>16), byte(k>>24))
	}
	if n, ok := rs.seen[string(b)]; ok {
		return n, true
	}
	if rs.seen == nil {
		rs.seen, rs.sets = map[string]uint16{}, [][]uint32{nil}
	}
	if len(rs.sets) > maxSets {
		return maxSets + 1, false
	}
	n := uint16(len(rs.sets))
	rs.sets = append(rs.sets, keys)
	rs.seen[string(b)] = n
	return n, true
}

// signers gives the numbers of the keys that signed an entry.
func (rs *records) signers(n ref) []uint32 {
	if n == 0 {
		return nil
	}
	w := rs.at(n).who
	switch i := int(w[0]) | int(w[1])<<8; i {
	case 0:
		return nil
	case maxSets + 1:
		return rs.beyond[n]
	default:
		return rs.sets[i]
	}
}

func (rs *records) leaf(n ref) iotmark.Digest {
	if n == 0 {
		return ""
	}
	return digestOf(rs.at(n).leaf)
}

// is reports whether an entry has the given leaf.
func (rs *records) is(n ref, leaf iotmark.Digest) bool {
	if n == 0 {
		return leaf == ""
	}
	return rs.at(n).leaf == bytesOf(leaf)
}

func digestOf(b [32]byte) iotmark.Digest { return iotmark.Digest(hex.EncodeToString(b[:])) }

// bytesOf reads a digest that was checked; anything else gives zeros.
func bytesOf(d iotmark.Digest) (b [32]byte) {
	if isDigest(d) {
		_, _ = hex.Decode(b[:], []byte(d))
	}
	return b
}

// idBytes reads a UUID that was checked.
func idBytes(s string) (b [16]byte) {
	if !isID(s) {
		return b
	}
	j := 0
	for i := 0; i < len(s); i++ {
		if s[i] == '-' {
			continue
		}
		b[j/2] = b[j/2]<<4 | nibble(s[i])
		j++
	}
	return b
}

func nibble(c byte) byte {
	if c >= 'a' {
		return c - 'a' + 10
	}
	return c - '0'
}

func idText(b [16]byte) string {
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// voided is what is kept of an entry without effect.
type voided struct {
	index int64
	id    [16]byte // zeros where it has none that can be read
	typ   uint8
	why   span // reason and text
}

// index gives the place in the log of an entry that has effect: those before
// it that have none are counted in.
func (r *Replayer) index(n ref) int64 {
	i := int64(n - 1)
	before := sort.Search(len(r.voids), func(j int) bool { return r.voids[j].index-int64(j) > i })
	return i + int64(before)
}
