package dossier_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/dossier"
)

func piece(name string, b []byte) dossier.Piece {
	sum := sha256.Sum256(b)
	return dossier.Piece{Name: name, Digest: iotmark.Digest(hex.EncodeToString(sum[:])), Size: int64(len(b)), Open: func() (dossier.Content, error) {
		return struct {
			io.ReaderAt
			io.Closer
		}{bytes.NewReader(b), io.NopCloser(nil)}, nil
	}}
}

// What is kept in pieces is the same dossier as the folder they came from.
func TestPieces(t *testing.T) {
	t.Parallel()
	const folder = "../../testdata/products/complete"
	var pieces []dossier.Piece
	err := fs.WalkDir(os.DirFS(folder), ".", func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(filepath.Join(folder, p))
		pieces = append(pieces, piece(p, b))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	opt := dossier.Options{AsOf: "2026-11-25"}
	want, err := dossier.Open(folder, load(t), opt)
	if err != nil {
		t.Fatal(err)
	}
	defer want.Close()
	got, err := dossier.OpenPieces("the case", pieces, load(t), opt)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want.Items, got.Items, cmpopts.IgnoreUnexported(dossier.Item{})); d != "" {
		t.Errorf("items (-folder +pieces):\n%s", d)
	}
	if want.Digest != got.Digest {
		t.Errorf("the declaration is %s, want %s", got.Digest.Short(), want.Digest.Short())
	}
	for _, it := range got.Items {
		if it.Standing != iotmark.Held {
			continue
		}
		c, err := it.Open()
		if err != nil {
			t.Errorf("%s: %v", it.ID, err)
			continue
		}
		c.Close()
	}
}

// What cannot be a dossier is told as for a folder, and no name leads out.
func TestPiecesRefused(t *testing.T) {
	t.Parallel()
	decl, err := os.ReadFile("../../testdata/products/minimal/iotmark.yaml")
	if err != nil {
		t.Fatal(err)
	}
	secret := piece("iotmark.yaml", decl)
	secret.Open = nil
	for _, tt := range []struct {
		name   string
		pieces []dossier.Piece
		opt    dossier.Options
		want   iotmark.ErrorID
	}{
		{"nothing", nil, dossier.Options{}, "dossier-empty"},
		{"no declaration", []dossier.Piece{piece("a.txt", decl)}, dossier.Options{}, "declaration-missing"},
		{"a name that leads out", []dossier.Piece{piece("../iotmark.yaml", decl)}, dossier.Options{}, "declaration-missing"},
		{"two", []dossier.Piece{piece("iotmark.yaml", decl), piece("iotmark.yml", decl)}, dossier.Options{}, "declaration-twice"},
		{"only its hash", []dossier.Piece{secret}, dossier.Options{}, "read-failed"},
		{"too large", []dossier.Piece{piece("iotmark.yaml", decl)}, dossier.Options{MaxDeclaration: 10}, "declaration-too-large"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := dossier.OpenPieces("the case", tt.pieces, load(t), tt.opt)
			e, ok := err.(*iotmark.Error)
			if !ok || e.ID != tt.want {
				t.Fatalf("got %v, want %s", err, tt.want)
			}
		})
	}
	later := []dossier.Piece{piece("iotmark.yaml", []byte("no declaration")), piece("iotmark.yaml", decl)}
	if _, err := dossier.OpenPieces("the case", later, load(t), dossier.Options{}); err != nil {
		t.Errorf("the later of two does not count: %v", err)
	}
}
