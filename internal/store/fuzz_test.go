package store_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/internal/store/storetest"
)

// Whatever is put back as a copy: it is a whole copy, or it is refused in our
// words and leaves nothing.
func FuzzRestore(f *testing.F) {
	head := `{"iotmark_copy":1}` + "\n"
	f.Add([]byte(head))
	f.Add([]byte(head + `{"table":"identity","columns":["name","value"]}` + "\n" + `["a","b"]` + "\n" + `{"end":true,"rows":1,"sha256":"x"}` + "\n"))
	f.Add([]byte(head + `{"table":"counter","columns":["n","name"]}` + "\n" + `[1e3,null]` + "\n"))
	f.Add([]byte("\n\n[[[[[[\n"))
	d, err := store.Open(f.Context(), filepath.Join(f.TempDir(), "registry.db"))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { d.Close() })
	copied := func(t testing.TB) string {
		t.Helper()
		var b strings.Builder
		if err := d.Copy(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	empty := copied(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		err := d.Restore(t.Context(), bytes.NewReader(b))
		if err != nil && iotmark.KindOf(err) == iotmark.Internal {
			t.Errorf("%s: %v", storetest.ErrorID(err), err)
		}
		if err != nil && copied(t) != empty {
			t.Error("a copy that was refused left something")
		}
	})
}
