//go:build !race

package cli_test

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// What a hostile uploader would send: each ends in one clear error, within
// 512 MB. The race detector multiplies memory, so this runs without it.
func TestHostile(t *testing.T) {
	scripts(t, "testdata/hostile", map[string]func(*testscript.TestScript, bool, []string){"make": makeFile})
}

// makeFile KIND FILE: writes a hostile file that is too large to be kept.
func makeFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: make KIND FILE")
	}
	p := ts.MkAbs(args[1])
	ts.Check(os.MkdirAll(filepath.Dir(p), 0o755))
	if err := hostile(args[0], p); err != nil {
		ts.Fatalf("make %s: %v", args[0], err)
	}
}

// hostile writes one of the inputs that a reader must survive.
func hostile(kind, file string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	if err := write(kind, w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

const declaration = `iotmark: "2026.1"
product: {name: Lumo Night Light, model: LN-1, kind: lamp, first_sale: 2026-05-04}
maker: {name: Lumo Lights Ltd, address: 1 Example Street, country: GB, email: hello@lumo.example}
facts: {connects_by: [wifi], runs_full_os: true, has_password: true}
support: {updates_until: 2031-05-31}
evidence:
  - {id: a, kind: %s, title: A, path: %s}
`

func write(kind string, w *bufio.Writer) error {
	switch kind {
	case "sbom-200mb": // one honest component after the other, far too many
		fmt.Fprint(w, `{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"components":[`)
		for i := range 1_700_000 {
			if i > 0 {
				w.WriteByte(',')
			}
			fmt.Fprintf(w, `{"type":"library","name":"lib%d","version":"1.0.%d","purl":"pkg:generic/lib%d@1.0.%d","licenses":[]}`, i, i, i, i)
		}
		fmt.Fprint(w, "]}")
	case "sbom-deep": // components in components, 100,000 deep
		fmt.Fprint(w, `{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"components":[`)
		w.WriteString(strings.Repeat(`{"type":"library","name":"x","components":[`, 100_000))
		w.WriteString(strings.Repeat(`]}`, 100_000))
		fmt.Fprint(w, "]}")
	case "sbom-deep-xml":
		fmt.Fprint(w, `<?xml version="1.0"?><bom xmlns="http://cyclonedx.org/schema/bom/1.6" version="1"><components>`)
		w.WriteString(strings.Repeat(`<component type="library"><name>x</name><components>`, 100_000))
		w.WriteString(strings.Repeat(`</components></component>`, 100_000))
		fmt.Fprint(w, "</components></bom>")
	case "yaml-aliases": // a billion laughs
		fmt.Fprintf(w, declaration, "document", "a.txt")
		fmt.Fprint(w, "claims:\n  a: &a [x, x, x, x, x, x, x, x, x]\n")
		for i := 'b'; i <= 'j'; i++ {
			fmt.Fprintf(w, "  %c: &%c [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c, ", i-1), 9), ", "))
		}
	case "yaml-deep":
		fmt.Fprint(w, "iotmark: "+strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000)+"\n")
	case "yaml-large":
		fmt.Fprintf(w, declaration, "document", "a.txt")
		for i := range 100_000 {
			fmt.Fprintf(w, "# a comment that makes it large, line %d\n", i)
		}
	case "yaml-not-utf8":
		fmt.Fprintf(w, declaration, "document", "a.txt")
		w.WriteString("# \xff\xfe\xc3\x28\n")
	case "gzip-bomb", "tar-bomb": // 1 GB of zeros
		zw, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
		if err != nil {
			return err
		}
		tw := tar.NewWriter(zw)
		const size = 1 << 30
		if err := tw.WriteHeader(&tar.Header{Name: "zeros", Typeflag: tar.TypeReg, Mode: 0o644, Size: size}); err != nil {
			return err
		}
		if _, err := io.CopyN(tw, zeros{}, size); err != nil {
			return err
		}
		if err := tw.Close(); err != nil {
			return err
		}
		return zw.Close()
	case "zip-bomb": // a dossier with a member of 1 GB
		return zipped(w, func(zw *zip.Writer) error {
			if err := member(zw, "iotmark.yaml", fmt.Sprintf(declaration, "document", "big.txt")); err != nil {
				return err
			}
			f, err := zw.Create("big.txt")
			if err != nil {
				return err
			}
			_, err = io.CopyN(f, zeros{}, 1<<30)
			return err
		})
	case "zip-texts": // forty texts of 8 MB in one small file
		return zipped(w, func(zw *zip.Writer) error {
			d := strings.TrimSuffix(declaration, "  - {id: a, kind: %s, title: A, path: %s}\n")
			for i := range 40 {
				d += fmt.Sprintf("  - {id: a%d, kind: web-page, title: A, path: a%d.txt}\n", i, i)
			}
			if err := member(zw, "iotmark.yaml", d); err != nil {
				return err
			}
			for i := range 40 {
				if err := member(zw, fmt.Sprintf("a%d.txt", i), strings.Repeat("A! B? ", 8<<20/6)+fmt.Sprint(i)); err != nil {
					return err
				}
			}
			return nil
		})
	case "text-sentences":
		w.WriteString(strings.Repeat("A! B? ", 60<<20/6))
	case "text-brackets":
		for range 60 << 20 / 802 {
			w.WriteString(strings.Repeat("[a", 400) + "]\n")
		}
	case "zip-nested": // an archive in an archive, the declaration in the inner one
		var inner bytes.Buffer
		if err := zipped(&inner, func(zw *zip.Writer) error {
			return member(zw, "iotmark.yaml", fmt.Sprintf(declaration, "document", "a.txt"))
		}); err != nil {
			return err
		}
		return zipped(w, func(zw *zip.Writer) error { return member(zw, "inner.zip", inner.String()) })
	case "zip-dotdot":
		return zipped(w, func(zw *zip.Writer) error {
			if err := member(zw, "iotmark.yaml", fmt.Sprintf(declaration, "document", "a.txt")); err != nil {
				return err
			}
			return member(zw, "../../etc/passwd", "root::0:0::/:/bin/sh\n")
		})
	case "tar-symlink":
		tw := tar.NewWriter(w)
		d := fmt.Sprintf(declaration, "document", "a.txt")
		if err := tw.WriteHeader(&tar.Header{Name: "iotmark.yaml", Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(d))}); err != nil {
			return err
		}
		if _, err := io.WriteString(tw, d); err != nil {
			return err
		}
		if err := tw.WriteHeader(&tar.Header{Name: "a.txt", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}); err != nil {
			return err
		}
		return tw.Close()
	case "elf-headers": // a firmware tree whose program lies in every header field
		tw := tar.NewWriter(w)
		for i := range 64 {
			h := make([]byte, 64)
			copy(h, "\x7fELF\x02\x01\x01")
			binary.LittleEndian.PutUint16(h[16:], 2)
			binary.LittleEndian.PutUint16(h[18:], 62)
			binary.LittleEndian.PutUint64(h[32:], 1<<62-uint64(i)) // program headers
			binary.LittleEndian.PutUint64(h[40:], 1<<63+uint64(i)) // sections
			for k := 52; k < 64; k += 2 {
				binary.LittleEndian.PutUint16(h[k:], 0xffff-uint16(i))
			}
			if err := tw.WriteHeader(&tar.Header{Name: fmt.Sprintf("bin/x%d", i), Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(h))}); err != nil {
				return err
			}
			if _, err := tw.Write(h); err != nil {
				return err
			}
		}
		return tw.Close()
	default:
		return fmt.Errorf("unknown kind %s", kind)
	}
	return nil
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func zipped(w io.Writer, fill func(*zip.Writer) error) error {
	zw := zip.NewWriter(w)
	if err := fill(zw); err != nil {
		return err
	}
	return zw.Close()
}

func member(zw *zip.Writer, name, content string) error {
	f, err := zw.Create(name)
	if err == nil {
		_, err = io.WriteString(f, content)
	}
	return err
}
