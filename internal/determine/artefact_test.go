package determine_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark/internal/determine"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/description"
	"github.com/open-iot-mark/iotmark/internal/evidence/elf"
	"github.com/open-iot-mark/iotmark/internal/evidence/firmware"
	"github.com/open-iot-mark/iotmark/internal/evidence/netprofile"
	"github.com/open-iot-mark/iotmark/internal/evidence/sbom"
	"github.com/open-iot-mark/iotmark/internal/samples"
)

// Real artefacts of others say what corpus.yaml says they say. What must be
// found was read off with other tools.
func TestRealArtefacts(t *testing.T) {
	t.Parallel()
	c, err := samples.ReadCorpus()
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Samples) < 20 || len(c.Go) < 2 || len(c.NPM) < 1 || len(c.Debian) < 2 {
		t.Fatalf("corpus.yaml lists %d samples, %d modules, %d npm and %d Debian packages", len(c.Samples), len(c.Go), len(c.NPM), len(c.Debian))
	}
	for _, a := range c.Samples {
		t.Run(a.Path, func(t *testing.T) {
			t.Parallel()
			artefact(t, samples.Path(t, a.Path), a, a.Use)
		})
	}
	for _, m := range c.Go {
		out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}} {{.Version}}", m.Module).Output()
		dir, version, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
		if err != nil || version != m.Version {
			t.Errorf("%s is at %s, corpus.yaml names %s: %v", m.Module, version, m.Version, err)
			continue
		}
		for _, f := range m.Files {
			t.Run(m.Module+"/"+f.Path, func(t *testing.T) {
				t.Parallel()
				artefact(t, filepath.Join(dir, f.Path), f, m.Use)
			})
		}
	}
	for _, m := range append(c.NPM, c.Debian...) {
		// A security update takes a version out of Debian's archive; what npm
		// has published stays.
		mayVanish := slices.ContainsFunc(c.Debian, func(d samples.Archive) bool { return d.Name == m.Name })
		for _, f := range m.Files {
			t.Run(m.Name+"/"+f.Path, func(t *testing.T) {
				t.Parallel()
				p := filepath.Join(m.Folder(), f.Path)
				if _, err := os.Stat(p); err != nil {
					if os.Getenv("CI") != "" && !mayVanish {
						t.Fatalf("%s %s is absent; go run ./internal/samples/fetch brings it", m.Name, m.Version)
					}
					t.Skipf("%s %s is absent; go run ./internal/samples/fetch brings it", m.Name, m.Version)
				}
				artefact(t, p, f, m.Use)
			})
		}
	}
}

// artefact reads one file with the reader it is for, and compares what must
// be found.
func artefact(t *testing.T, path string, a samples.Artefact, use []string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if s := sha256.Sum256(raw); a.SHA256 != "" && hex.EncodeToString(s[:]) != a.SHA256 {
		t.Fatalf("it is not the file that corpus.yaml names: its SHA-256 is %x", s)
	}
	got := map[string]any{}
	for _, u := range use {
		name, ok := strings.CutPrefix(u, "reader ")
		if !ok {
			continue
		}
		if name == "elf" { // used by the reader of images
			p, err := elf.Inspect(evidence.NewSource("x", raw), int64(len(raw)))
			if err != nil {
				t.Fatal(err)
			}
			got = programFound(p)
			continue
		}
		i := slices.IndexFunc(determine.Readers(), func(r evidence.Reader) bool { return r.Name == name })
		if i < 0 {
			t.Fatalf("there is no reader %s", name)
		}
		r := determine.Readers()[i]
		src := evidence.NewSource(filepath.Base(path), raw)
		if !r.Sniff(src.Name, src.Head(evidence.SniffLen)) && len(raw) > 0 {
			t.Errorf("the reader %s does not know it", name)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		facts, err := r.Read(ctx, src, evidence.DefaultLimits())
		if err != nil && len(raw) > 0 {
			t.Fatalf("%s: %v", name, err)
		}
		got = factsFound(facts)
	}
	for key, want := range a.Find {
		have, ok := got[key]
		if !ok {
			continue // said for people, or looked at by the reader's own tests
		}
		if key == "named" { // ext4 is named ext: the family is what can be told
			if !strings.Contains(have.(string), strings.TrimRight(want.(string), "0123456789")) {
				t.Errorf("it is named %s, want %s", have, want)
			}
			continue
		}
		if diff := cmp.Diff(fmt.Sprint(want), fmt.Sprint(have)); diff != "" {
			t.Errorf("%s: got (-want +got)\n%s", key, diff)
		}
	}
}

// factsFound puts facts into the words of corpus.yaml.
func factsFound(facts any) map[string]any {
	switch f := facts.(type) {
	case *sbom.Facts:
		purl, version, unlicensed, top, packages := 0, 0, 0, 0, len(f.Components)
		if f.Subject != nil {
			packages++ // SPDX: what the list is about is one of its packages
		}
		for _, c := range f.Components {
			if !c.Nested {
				top++
			}
			if c.PURL != "" {
				purl++
			}
			if c.Version != "" {
				version++
			}
			if len(c.Licences) == 0 {
				unlicensed++
			}
		}
		spec := f.SpecVersion
		if f.Format == "spdx" {
			spec = "SPDX-" + spec
		}
		return map[string]any{
			"format": f.Format, "spec": spec, "encoding": f.Encoding, "hardware": f.Hardware, "components": top,
			"packages": packages, "with_purl": purl, "with_version": version, "without_licence": unlicensed,
			"created": f.Created, "own_licences": len(f.OwnLicences), "files": f.Files,
		}
	case *netprofile.Facts:
		var hosts []string
		for _, fl := range f.Flows {
			if fl.Host != "" && !slices.Contains(hosts, fl.Host) {
				hosts = append(hosts, fl.Host)
			}
		}
		return map[string]any{"hosts": hosts, "signature": f.Signature != ""}
	case *firmware.Facts:
		h := map[string]any{}
		nx, pie, relro, full, canary := 0, 0, 0, 0, 0
		for i := range f.Programs {
			p := &f.Programs[i]
			count := func(n *int, ok bool) {
				if ok {
					*n++
				}
			}
			count(&nx, p.NX == elf.Yes)
			count(&pie, p.PIE)
			count(&relro, p.RELRO != elf.RELRONone)
			count(&full, p.RELRO == elf.RELROFull)
			count(&canary, p.Canary == elf.Yes)
		}
		h["nx"], h["pie"], h["relro"], h["full_relro"], h["canary"] = nx, pie, relro, full, canary
		named := strings.Join(f.Format, " ") + " " + f.OpaqueAs
		return map[string]any{
			"opaque": f.Opaque, "elf": f.Coverage.ELF, "packages": f.Totals.Packages, "programs": f.Totals.Programs,
			"entries": f.Coverage.Entries, "keys": len(f.Keys), "hardening": h, "error": false, "named": named,
		}
	case *description.Facts:
		return map[string]any{"openapi": f.Format, "swagger": f.Format, "operations": len(f.Operations)}
	}
	return nil
}

func programFound(p *elf.Program) map[string]any {
	relro := map[elf.RELRO]string{elf.RELROFull: "full", elf.RELRONone: "none"}[p.RELRO]
	return map[string]any{"pie": p.PIE, "nx": p.NX == elf.Yes, "relro": relro, "canary": p.Canary == elf.Yes, "fortified": p.Fortify == elf.Yes}
}
