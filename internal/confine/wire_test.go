//go:build unix

package confine_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/open-iot-mark/iotmark/internal/confine"
)

// FuzzListen reads what a child that was taken over may write. The parent
// never panics, and takes no more than the limit.
func FuzzListen(f *testing.F) {
	message := func(letter byte, body string) string {
		b := []byte{letter, 0, 0, 0, 0}
		binary.BigEndian.PutUint32(b[1:], uint32(len(body)))
		return string(b) + body
	}
	hello := message('H', `{"protections":[{"id":"cpu-limit","on":true},{"id":"memory-limit","on":false,"why":"x"}]}`)
	for _, s := range []string{
		"", "H", hello, hello + "A", hello + message('A', `{}`),
		hello + message('A', `{"reader":"r","version":1,"facts":{"a":[1,2]}}`),
		hello + message('A', `{"reader":"r","version":1,"failure":{"kind":"invalid","id":"bomb","msg":"x"}}`),
		hello + message('A', `{"reader":"r","version":1,"facts":{}}`) + "x",
		hello + message('A', strings.Repeat(`[`, 100)),
		hello + "A\xff\xff\xff\xff", message('H', `{"protections":[{"id":"nothing"}]}`),
		message('H', `{"protections":[{"id":"cpu-limit"},{"id":"cpu-limit"}]}`),
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 32<<10 {
			return // more than a pipe holds
		}
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if _, err := w.Write(b); err != nil {
			t.Fatal(err)
		}
		w.Close()
		facts, err := confine.Listen(r, "r", 1, 1<<10)
		if err == nil && (len(facts) == 0 && !bytes.Contains(b, []byte("failure")) || len(facts) > 1<<10) {
			t.Errorf("took %d bytes of facts from %q", len(facts), b)
		}
		if p, ok := errors.AsType[*os.PathError](err); ok {
			t.Errorf("waited: %v", p)
		}
	})
}
