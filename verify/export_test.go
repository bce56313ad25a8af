package verify

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/open-iot-mark/iotmark"
)

// Believe applies an entry without its bytes: as if it were signed by the keys
// of these names. It serves to see what state costs when there are more
// entries than one likes to sign.
func (r *Replayer) Believe(e Entry, leaf string, body any, at int64, names ...string) error {
	a := &act{r: r, Signed: &Signed{Entry: e, Leaf: iotmark.Digest(leaf), body: body}, index: r.size, at: at, seen: at}
	r.size++
	a.prev = r.head(a.Signed)
	if !r.records.is(a.prev, e.Prev) || r.records.has(idBytes(e.ID)) {
		return fmt.Errorf("entry %d does not follow", a.index)
	}
	for _, n := range names {
		a.signers = append(a.signers, r.keys.byName[n])
	}
	return a.effect()
}

// Fill makes a replayer that has no room for more.
func (r *Replayer) Fill() { r.arena.chunks = make([][]byte, maxChunks) }

// Shaped reads a body by its shape, if it does, and the long way; written is
// what the body is written as.
func Shaped(t Type, raw []byte) (short any, ok bool, long any, written []byte, err error) {
	f := forms[t]
	short, long = f.New(), f.New()
	ok = f.shape().read(raw, short)
	if err = json.Unmarshal(raw, long); err == nil {
		written, err = encode(long)
	}
	return short, ok, long, written, err
}

// Unpack unpacks gzip without optional fields without compress/gzip, if it does.
func Unpack(z []byte, most int) ([]byte, bool) {
	if !bytes.HasPrefix(z, gzipBegins) {
		return nil, false
	}
	return new(deflated).unpack(z, most)
}

// Inflate unpacks DEFLATE without compress/flate, if it does.
func Inflate(b []byte, most int) ([]byte, bool) { return new(deflated).inflate(b, most) }
