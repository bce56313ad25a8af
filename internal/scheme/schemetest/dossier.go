package schemetest

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/determine"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/scheme"
)

// start is a day on which the dossier of the house is current.
var start = time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)

var builtIn = sync.OnceValue(catalogue.MustLoad)

// inProcess runs a reader in this process: a test is no confined child.
func inProcess(ctx context.Context, r evidence.Reader, src evidence.Source, lim evidence.Limits) (any, error) {
	return r.Read(ctx, src, lim)
}

// The dossier of the house is that of a product of the corpus that meets every
// criterion.
const product = "complete"

// files are the files of the dossier by name, read once.
var files = sync.OnceValues(func() (map[string][]byte, error) {
	_, here, _, _ := runtime.Caller(0)
	root := filepath.Join(filepath.Dir(here), "..", "..", "..", "testdata", "products", product)
	out := map[string][]byte{}
	return out, fs.WalkDir(os.DirFS(root), ".", func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || p == "truth.yaml" {
			return err
		}
		out[p], err = os.ReadFile(filepath.Join(root, p))
		return err
	})
})

// Dossier is the files of the house's product, by name.
func (h *House) Dossier() map[string][]byte {
	h.T.Helper()
	f, err := files()
	h.ok(err)
	return maps.Clone(f)
}

// Supply hands the house's dossier in for a case, or the files that are given.
func (h *House) Supply(id string, given ...map[string][]byte) {
	h.T.Helper()
	dossier := h.Dossier()
	if len(given) > 0 {
		dossier = given[0]
	}
	for _, name := range slices.Sorted(maps.Keys(dossier)) {
		_, _, err := h.Scheme.Supply(h.T.Context(), Applicant, scheme.On{Case: id}, scheme.Supplied{Name: name, Class: iotmark.Restricted}, bytes.NewReader(dossier[name]))
		h.ok(err)
	}
}

// determinations are those that were run in this process. The same dossier on
// the same day gives the same bytes, so each is run once.
var determinations struct {
	sync.Mutex
	by map[string]iotmark.Assessment
}

func remembered(ctx context.Context, in determine.Input) (iotmark.Assessment, error) {
	key := fmt.Sprint(in.Dossier.Digest, in.AsOf, in.Catalogue.Bindings.Digest)
	for _, it := range in.Dossier.Items {
		key += fmt.Sprint(it.ID, it.Standing, it.Actual)
	}
	determinations.Lock()
	defer determinations.Unlock()
	if a, ok := determinations.by[key]; ok {
		return a, nil
	}
	a, err := determine.Run(ctx, in)
	if err == nil {
		if determinations.by == nil {
			determinations.by = map[string]iotmark.Assessment{}
		}
		determinations.by[key] = a
	}
	return a, err
}
