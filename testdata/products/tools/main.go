// Command tools makes the generated parts of the test dossiers: the package
// database of an image, the list of software components, a picture of the
// product, the hashes in a declaration, and packet captures. build.sh calls it,
// but for captures, which are never the same bytes twice.
//
//	go run ./testdata/products/tools status|cyclonedx|app|spdx|poor PRODUCT < packages.tsv
//	go run ./testdata/products/tools png PRODUCT > photo.png
//	go run ./testdata/products/tools hashes DOSSIER
//	go run ./testdata/products/tools capture NAME > capture.pcapng
package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// pkg is one line of packages.tsv, or a package of the maker.
type pkg struct {
	name, version, source, section, licence, supplier string
	depends                                           []string
}

// product is what the generators need to know about a dossier.
type product struct {
	letter              byte
	name, version, made string
	maker, namespace    string
	house               string // first label of the maker's domain, and of what it names after itself
	own                 []pkg
	missing             []string // in the image, left out of the list of components
}

const debian = "Debian Project"

var products = map[string]product{
	"careful": {
		letter: 'c', name: "tarnwick-ledger-3", version: "2.6.1", made: "2026-10-12T08:00:00Z",
		maker: "Tarnwick Metering GmbH", namespace: "urn:uuid:6f1e3c52-6f0e-4d0b-9d2a-3d6c1f9a2b61", house: "tarnwick",
		own: []pkg{
			{name: "tarn-meterd", version: "2.6.1", source: "tarn-meterd", section: "misc", licence: "Apache-2.0", depends: []string{"libc6", "libssl3", "libmosquitto1", "libsqlite3-0"}},
			{name: "tarn-updater", version: "1.9.0", source: "tarn-updater", section: "misc", licence: "Apache-2.0", depends: []string{"libc6", "libssl3"}},
		},
	},
	"complete": {
		letter: 'c', name: "alderbrook-companion-1", version: "2.6.1", made: "2026-10-12T08:00:00Z",
		maker: "Alderbrook Living GmbH", namespace: "urn:uuid:9b3d0c77-0d8e-4a5a-8a41-5c0b1b7f6c20", house: "alderbrook",
		own: []pkg{
			{name: "alder-companiond", version: "2.6.1", source: "alder-companiond", section: "misc", licence: "Apache-2.0", depends: []string{"libc6", "libssl3", "libmosquitto1", "libsqlite3-0"}},
			{name: "alder-updater", version: "1.9.0", source: "alder-updater", section: "misc", licence: "Apache-2.0", depends: []string{"libc6", "libssl3"}},
		},
	},
	"average": {
		letter: 'a', name: "nook-indoor-camera", version: "4.2.0", made: "2026-09-21T14:30:00Z",
		maker: "Marlow Nook B.V.", namespace: "https://marlow-nook.example/spdx/mn-c1-4.2.0",
		own: []pkg{
			{name: "nook-camd", version: "4.2.0", source: "nook", section: "misc", licence: "MIT", depends: []string{"libc6", "libjpeg62-turbo"}},
			{name: "nook-streamd", version: "4.2.0", source: "nook", section: "misc", licence: "MIT", depends: []string{"libc6", "libssl3"}},
		},
		missing: []string{"libjpeg62-turbo"},
	},
	"disaster": {
		letter: 'd', name: "ZC360", version: "1.0.3", maker: "Zippico Trading Ltd",
		own: []pkg{
			{name: "zc-camd", version: "1.0.3", source: "zc", section: "misc", depends: []string{"libc6"}},
			{name: "zc-cloudagent", version: "1.0.0", source: "zc", section: "misc", depends: []string{"libc6"}},
		},
	},
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: tools status|cyclonedx|app|spdx|poor|png PRODUCT, tools hashes DOSSIER, or tools capture NAME")
	}
	if alone := map[string]func(string) error{"hashes": hashes, "capture": capture}[os.Args[1]]; alone != nil {
		if err := alone(os.Args[2]); err != nil {
			log.Fatal(err)
		}
		return
	}
	p, ok := products[os.Args[2]]
	if !ok {
		log.Fatalf("there is no product %s", os.Args[2])
	}
	make := map[string]func(product) error{"status": status, "cyclonedx": cyclonedx, "app": app, "spdx": spdx, "poor": poor, "png": photo}[os.Args[1]]
	if make == nil {
		log.Fatalf("there is no command %s", os.Args[1])
	}
	if err := make(p); err != nil {
		log.Fatal(err)
	}
}

// packages returns the packages of the product's image, sorted by name.
func packages(p product, r io.Reader) ([]pkg, error) {
	all := slices.Clone(p.own)
	for i := range all {
		all[i].supplier = p.maker
	}
	sc := bufio.NewScanner(r)
	for sc.Scan() {
		f := strings.Split(sc.Text(), "\t")
		if strings.HasPrefix(f[0], "#") || len(f) < 7 || !strings.Contains(f[5], string(p.letter)) {
			continue
		}
		q := pkg{name: f[0], version: f[1], source: f[2], section: f[3], licence: f[4], supplier: debian}
		if f[6] != "" {
			q.depends = strings.Split(f[6], ",")
		}
		all = append(all, q)
	}
	slices.SortFunc(all, func(a, b pkg) int { return strings.Compare(a.name, b.name) })
	for i := range all {
		all[i].depends = slices.DeleteFunc(all[i].depends, func(d string) bool {
			return !slices.ContainsFunc(all, func(q pkg) bool { return q.name == d })
		})
	}
	return all, sc.Err()
}

// generic returns the package URL of a component that says nothing of its origin.
func (q pkg) generic() string {
	return "pkg:generic/" + q.name + "@" + strings.NewReplacer("+", "%2B", ":", "%3A").Replace(q.version)
}

// purl returns the package URL of a component of the maker or of Debian.
func (q pkg) purl(maker string) string {
	if q.supplier == maker {
		return q.generic()
	}
	v := strings.NewReplacer("+", "%2B", ":", "%3A").Replace(q.version)
	return "pkg:deb/debian/" + q.name + "@" + v + "?arch=amd64&distro=debian-12"
}

// status prints the package database in the form that dpkg keeps.
func status(p product) error {
	all, err := packages(p, os.Stdin)
	if err != nil {
		return err
	}
	for _, q := range all {
		fmt.Printf("Package: %s\nStatus: install ok installed\nPriority: optional\nSection: %s\nArchitecture: amd64\n", q.name, q.section)
		if q.source != q.name {
			fmt.Printf("Source: %s\n", q.source)
		}
		fmt.Printf("Version: %s\n", q.version)
		if len(q.depends) > 0 {
			fmt.Printf("Depends: %s\n", strings.Join(q.depends, ", "))
		}
		fmt.Printf("Description: %s\n\n", q.name)
	}
	return nil
}

// cyclonedx prints a complete list in CycloneDX 1.6.
func cyclonedx(p product) error {
	all, err := packages(p, os.Stdin)
	if err != nil {
		return err
	}
	type m = map[string]any
	refs := map[string]string{}
	for _, q := range all {
		refs[q.name] = q.purl(p.maker)
	}
	subject := "pkg:generic/" + p.name + "@" + p.version
	comps, top := []m{}, []string{}
	deps := []m{}
	for _, q := range all {
		c := m{
			"type": "library", "bom-ref": refs[q.name], "name": q.name, "version": q.version, "purl": refs[q.name],
			"supplier": m{"name": q.supplier},
			"licenses": []m{{"license": m{"id": q.licence}}},
		}
		if strings.Contains(q.licence, " ") {
			c["licenses"] = []m{{"expression": q.licence}}
		}
		if q.section != "libs" {
			c["type"] = "application"
			top = append(top, refs[q.name])
		}
		comps = append(comps, c)
		on := []string{}
		for _, d := range q.depends {
			on = append(on, refs[d])
		}
		deps = append(deps, m{"ref": refs[q.name], "dependsOn": on})
	}
	deps = append([]m{{"ref": subject, "dependsOn": top}}, deps...)
	bom := m{
		"bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": p.namespace, "version": 1,
		"metadata": m{
			"timestamp": p.made,
			"authors":   []m{{"name": "Build team of " + p.maker, "email": "build@" + p.house + ".example"}},
			"supplier":  m{"name": p.maker, "url": []string{"https://" + p.house + ".example"}},
			"tools":     m{"components": []m{{"type": "application", "name": "dossier-tools", "version": "1"}}},
			"component": m{"type": "firmware", "bom-ref": subject, "name": p.name, "version": p.version, "purl": subject, "supplier": m{"name": p.maker}},
		},
		"components":   comps,
		"dependencies": deps,
		"compositions": []m{{"aggregate": "complete", "assemblies": []string{subject}}},
	}
	return printJSON(bom)
}

func printJSON(v any) error {
	e := json.NewEncoder(os.Stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// libraries of the app, as a build for Android lists them.
var libraries = []pkg{
	{name: "androidx.core:core-ktx", version: "1.13.1", licence: "Apache-2.0", supplier: "Google"},
	{name: "androidx.room:room-runtime", version: "2.6.1", licence: "Apache-2.0", supplier: "Google"},
	{name: "com.squareup.okhttp3:okhttp", version: "4.12.0", licence: "Apache-2.0", supplier: "Square"},
	{name: "com.squareup.okio:okio-jvm", version: "3.6.0", licence: "Apache-2.0", supplier: "Square"},
	{name: "org.jetbrains.kotlin:kotlin-stdlib", version: "1.9.25", licence: "Apache-2.0", supplier: "JetBrains"},
}

// app prints the list of the app that belongs to the product.
func app(p product) error {
	type m = map[string]any
	subject := "pkg:generic/" + p.house + "-app@7.2.0"
	comps, refs := []m{}, []string{}
	for _, q := range libraries {
		group, name, _ := strings.Cut(q.name, ":")
		ref := "pkg:maven/" + group + "/" + name + "@" + q.version
		refs = append(refs, ref)
		comps = append(comps, m{
			"type": "library", "bom-ref": ref, "group": group, "name": name, "version": q.version, "purl": ref,
			"supplier": m{"name": q.supplier}, "licenses": []m{{"license": m{"id": q.licence}}},
		})
	}
	return printJSON(m{
		"bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": "urn:uuid:0b7c1f4e-2c55-4a0e-8f1a-7c1d2a9e4d10", "version": 1,
		"metadata": m{
			"timestamp": "2026-10-05T10:00:00Z",
			"authors":   []m{{"name": "Build team of " + p.maker, "email": "build@" + p.house + ".example"}},
			"component": m{"type": "application", "bom-ref": subject, "name": p.house + "-app", "version": "7.2.0", "purl": subject, "supplier": m{"name": p.maker}},
		},
		"components":   comps,
		"dependencies": []m{{"ref": subject, "dependsOn": refs}, {"ref": refs[2], "dependsOn": []string{refs[3], refs[4]}}, {"ref": refs[3], "dependsOn": []string{refs[4]}}},
		"compositions": []m{{"aggregate": "complete", "assemblies": []string{subject}}},
	})
}

// spdx prints a list in SPDX 2.3 tag-value as a build often writes it: no
// supplier is known to it, and what was added late is not in it.
func spdx(p product) error {
	all, err := packages(p, os.Stdin)
	if err != nil {
		return err
	}
	id := func(name string) string { return "SPDXRef-" + name }
	fmt.Printf("SPDXVersion: SPDX-2.3\nDataLicense: CC0-1.0\nSPDXID: SPDXRef-DOCUMENT\nDocumentName: %s-%s\nDocumentNamespace: %s\n", p.name, p.version, p.namespace)
	fmt.Printf("Creator: Organization: %s\nCreator: Tool: nook-build-4\nCreated: %s\n\n", p.maker, p.made)
	fmt.Printf("PackageName: %s\nSPDXID: %s\nPackageVersion: %s\nPackageSupplier: Organization: %s\nPackageDownloadLocation: NOASSERTION\nFilesAnalyzed: false\nPackageLicenseConcluded: NOASSERTION\nPackageLicenseDeclared: MIT\nPackageCopyrightText: NOASSERTION\n\n", p.name, id("image"), p.version, p.maker)
	for _, q := range all {
		if slices.Contains(p.missing, q.name) {
			continue
		}
		fmt.Printf("PackageName: %s\nSPDXID: %s\nPackageVersion: %s\nPackageSupplier: NOASSERTION\nPackageDownloadLocation: NOASSERTION\nFilesAnalyzed: false\n", q.name, id(q.name), q.version)
		fmt.Printf("PackageLicenseConcluded: NOASSERTION\nPackageLicenseDeclared: %s\nPackageCopyrightText: NOASSERTION\nExternalRef: PACKAGE-MANAGER purl %s\n\n", q.licence, q.generic())
	}
	fmt.Printf("Relationship: SPDXRef-DOCUMENT DESCRIBES %s\n", id("image"))
	for _, q := range all {
		if slices.Contains(p.missing, q.name) {
			continue
		}
		fmt.Printf("Relationship: %s CONTAINS %s\n", id("image"), id(q.name))
		for _, d := range q.depends {
			if !slices.Contains(p.missing, d) {
				fmt.Printf("Relationship: %s DEPENDS_ON %s\n", id(q.name), id(d))
			}
		}
	}
	return nil
}

// poor prints the list of somebody who was told to hand one in: three names,
// one version, no supplier, no licence, no time, no author.
func poor(p product) error {
	type m = map[string]any
	return printJSON(m{
		"bomFormat": "CycloneDX", "specVersion": "1.4", "version": 1,
		"components": []m{
			{"type": "operating-system", "name": "linux"},
			{"type": "application", "name": "busybox"},
			{"type": "library", "name": "openssl", "version": "1.1.1"},
		},
	})
}

// photo draws a plain picture of the product: a case, a light, a label.
func photo(p product) error {
	img := image.NewPaletted(image.Rect(0, 0, 320, 240), color.Palette{
		color.Gray{0xf4}, color.Gray{0x33}, color.Gray{0xcc}, color.RGBA{0x2a, 0x7a, 0x4b, 0xff}, color.Gray{0x88},
	})
	fill := func(x0, y0, x1, y1 int, c uint8) {
		draw.Draw(img, image.Rect(x0, y0, x1, y1), &image.Uniform{img.Palette[c]}, image.Point{}, draw.Src)
	}
	fill(60, 40, 260, 200, 2)
	fill(62, 42, 258, 44, 1)
	fill(80, 60, 240, 120, 1)
	fill(236, 180, 248, 192, 3)
	for i, b := range []byte(p.name + p.version) { // bars as on a type plate
		fill(80+int(b%7)+i*8, 140, 84+int(b%7)+i*8, 170, 4)
	}
	return png.Encode(os.Stdout, img)
}

// A line of a declaration that names a file by path and carries its hash.
var (
	withPath = regexp.MustCompile(`\bpath: ([^,}\s]+)`)
	withHash = regexp.MustCompile(`\bsha256: [0-9a-f]{64}`)
	ofFile   = regexp.MustCompile(`# hash of (\S+)$`)
	keep     = regexp.MustCompile(`# hash kept`)
)

// hashes writes the hash of each file into the line that names it. Lines that
// end in "# hash kept" are left alone: their hash is wrong on purpose.
func hashes(dir string) error {
	name := filepath.Join(dir, "iotmark.yaml")
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	lines := bytes.SplitAfter(b, []byte("\n"))
	for i, l := range lines {
		m := withPath.FindSubmatch(l)
		if m == nil {
			m = ofFile.FindSubmatch(bytes.TrimRight(l, "\n"))
		}
		if m == nil || !withHash.Match(l) || keep.Match(l) {
			continue
		}
		f, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(string(m[1]))))
		if err != nil {
			return err
		}
		lines[i] = withHash.ReplaceAll(l, fmt.Appendf(nil, "sha256: %x", sha256.Sum256(f)))
	}
	return os.WriteFile(name, bytes.Join(lines, nil), 0o644)
}
