package checktest

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/firmware"
)

// Tar writes files as an archive, in the order of their names: path ->
// content, or "-> target" for a link.
func Tar(t testing.TB, mode int64, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		body := files[name]
		h := &tar.Header{Name: name, Mode: mode, Size: int64(len(body)), Typeflag: tar.TypeReg}
		if to, ok := strings.CutPrefix(body, "-> "); ok {
			h.Typeflag, h.Linkname, h.Size, body = tar.TypeSymlink, to, 0, ""
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Firmware reads bytes as an image. The facts go through JSON, as they do
// when a reader runs confined.
func Firmware(t testing.TB, b []byte) check.Item {
	t.Helper()
	f, err := firmware.Reader.Read(context.Background(), evidence.NewSource("image.bin", b), evidence.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	again := firmware.Reader.New()
	if err := json.Unmarshal(raw, again); err != nil {
		t.Fatal(err)
	}
	return check.Item{
		Evidence: iotmark.Evidence{ID: "image", Kind: iotmark.KindFirmwareImage, Title: "Image 1.0"},
		Standing: iotmark.Held, Reader: firmware.Reader.Name, Facts: again,
	}
}
