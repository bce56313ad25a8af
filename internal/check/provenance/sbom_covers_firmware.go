package provenance

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence/firmware"
	"github.com/open-iot-mark/iotmark/internal/evidence/sbom"
)

var images = check.Need{Kinds: []iotmark.EvidenceKind{iotmark.KindFirmwareImage}, Reader: "firmware"}

// SBOMCoversFirmware holds what is seen in the image against the lists.
var SBOMCoversFirmware = check.Check{
	ID:      "provenance.sbom-covers-firmware",
	Version: 2,
	Title:   "What is in the image is in the list of components",
	What: "Takes the packages that the image's own package database lists (dpkg, opkg, apk) and components that name themselves in programs (BusyBox, OpenSSL, Linux and some more), " +
		"and looks for each in the lists of software components, by package or source name, with the version of its upstream part. It passes when each is there.",
	Why:     "A list that leaves out what is shipped gives false comfort: when the missing component turns out bad, nobody is told.",
	Satisfy: "Let the build write the list from the same package database that goes into the image, and hand in image and list of the same release.",
	Limits: "It sees what the image tells about itself. Components built into programs without a name are not seen. Packages and components are matched by name: " +
		"a library under another name than its package or source is taken for missing. A package whose name goes on after a listed name and a hyphen counts as listed when it has the same version; packages of documents, headers, symbols and languages are left out. Distributions' own patch levels are not compared. All lists of the dossier are taken together.",
	Cites: []string{
		"Regulation (EU) 2024/2847, Annex I, Part II (1)",
		"NTIA, The Minimum Elements For a Software Bill of Materials, 2021-07-12, Depth and Known unknowns",
		"Debian Policy 4.7, 5.6.12 (version); package-url specification, types deb, apk, generic",
	},
	Certainty: check.FailSure,
	Reads:     []check.Need{images, softwareLists},
	Run:       sbomCoversFirmware,
}

const covers = "provenance.sbom-covers-firmware"

// seen is one component that the image shows.
type seen struct {
	names   []string // its own, then that of its source
	version string
	place   firmware.Place
}

func (s seen) label() string { return check.Quote(strings.TrimSpace(s.names[0] + " " + s.version)) }

func sbomCoversFirmware(in check.Input) []iotmark.Finding {
	listed := map[string][]string{} // name -> versions
	parts := 0
	var basis []iotmark.EvidenceID
	for _, l := range check.Facts[*sbom.Facts](in, softwareLists) {
		if l.Facts.Hardware && len(software(l.Facts)) == 0 {
			continue
		}
		basis = append(basis, l.ID)
		for _, c := range software(l.Facts) {
			parts++
			for _, k := range namesOf(c) {
				listed[k] = append(listed[k], c.Version)
			}
		}
	}
	var out []iotmark.Finding
	for _, r := range check.Facts[*firmware.Facts](in, images) {
		out = append(out, coversOne(r, listed, parts, basis)...)
	}
	return out
}

func coversOne(r check.Read[*firmware.Facts], listed map[string][]string, parts int, lists []iotmark.EvidenceID) []iotmark.Finding {
	f, image := r.Facts, cmp.Or(r.Title, string(r.ID))
	basis := append([]iotmark.EvidenceID{r.ID}, lists...)
	switch {
	case f.Opaque:
		return []iotmark.Finding{check.CannotTell(covers+".opaque", basis, "image", image, "format", f.OpaqueAs)}
	case parts == 0:
		return []iotmark.Finding{check.CannotTell(covers+".no-list", basis, "image", image)}
	}
	all := components(f)
	if len(all) == 0 {
		return []iotmark.Finding{check.CannotTell(covers+".nothing-seen", basis, "image", image)}
	}
	var missing, differs []seen
	theirs := map[string]string{}
	for _, s := range all {
		versions, there := lookup(listed, s.names)
		switch {
		case !there && ofRecipe(listed, s):
		case !there:
			missing = append(missing, s)
		case !slices.ContainsFunc(versions, func(v string) bool { return sameUpstream(s.version, v) }):
			differs = append(differs, s)
			theirs[s.label()] = versions[0]
		}
	}
	var out []iotmark.Finding
	say := func(what string, list []seen, labels []string) {
		if len(list) == 0 {
			return
		}
		x := check.Fail(iotmark.MessageID(covers+"."+what), basis, "image", image, "n", check.N(len(list)), "of", check.N(len(all)), "names", check.List(labels))
		for _, s := range list[:min(len(list), check.Shown)] {
			x.Places = append(x.Places, iotmark.Place{Evidence: r.ID, Path: s.place.Path, Line: s.place.Line, Quote: s.label()})
		}
		out = append(out, x)
	}
	var labels []string
	for _, s := range missing {
		labels = append(labels, s.label())
	}
	say("missing", missing, labels)
	labels = nil
	for _, s := range differs {
		labels = append(labels, s.label()+" (list: "+check.Quote(theirs[s.label()])+")")
	}
	say("differs", differs, labels)
	if f.Totals.Packages > len(f.Packages) || f.Totals.Versions > len(f.Versions) {
		out = append(out, check.CannotTell(covers+".too-many", basis, "image", image, "n", check.N(f.Totals.Packages), "read", check.N(len(f.Packages))))
	}
	if len(out) == 0 {
		out = append(out, check.Pass(covers+".covered", basis, "image", image, "n", check.N(len(all))))
	}
	return out
}

// components gives what an image shows: its packages, and what names itself
// in a program and is not there as a package already.
func components(f *firmware.Facts) []seen {
	var out []seen
	have := map[string]bool{}
	for _, p := range f.Packages {
		if beside(p.Name) {
			continue
		}
		s := seen{names: []string{p.Name}, version: p.Version, place: p.Place}
		if p.Source != "" && p.Source != p.Name {
			s.names = append(s.names, p.Source)
		}
		for _, n := range s.names {
			for _, k := range nameForms(n) {
				have[k] = true
			}
		}
		out = append(out, s)
	}
	for _, v := range f.Versions {
		ks := nameForms(v.Name)
		if slices.ContainsFunc(ks, func(k string) bool { return have[k] }) {
			continue
		}
		have[ks[0]] = true
		out = append(out, seen{[]string{v.Name}, v.Version, v.Place})
	}
	return out
}

// lookup finds the versions under which any of the names is listed.
func lookup(listed map[string][]string, names []string) (versions []string, there bool) {
	for _, n := range names {
		for _, k := range nameForms(n) {
			if v, ok := listed[k]; ok {
				versions, there = append(versions, v...), true
			}
		}
	}
	return versions, there
}

// beside reports whether a package is no component: one that only pulls in
// others, or the documents, headers, symbols and languages of another.
func beside(name string) bool {
	n := strings.ToLower(name)
	return strings.HasPrefix(n, "packagegroup-") || strings.Contains(n, "-locale-") ||
		slices.ContainsFunc([]string{"-doc", "-dev", "-dbg", "-locale"}, func(end string) bool { return strings.HasSuffix(n, end) })
}

// ofRecipe reports whether a package is part of what the list names. Builds
// make packages such as busybox-udhcpc out of one recipe, busybox, and their
// lists may name the recipe alone. The same upstream version is asked for, so that
// python3-requests is no part of python3.
func ofRecipe(listed map[string][]string, s seen) bool {
	for _, n := range s.names {
		for _, k := range nameForms(n) {
			k = k[:min(len(k), 128)] // no package has a longer name
			for i := strings.LastIndexByte(k, '-'); i > 0; i = strings.LastIndexByte(k[:i], '-') {
				versions, _ := lookup(listed, []string{k[:i]})
				if s.version != "" && slices.ContainsFunc(versions, func(v string) bool { return said(v) && sameUpstream(s.version, v) }) {
					return true
				}
			}
		}
	}
	return false
}

// namesOf gives every name under which a component of a list can be found:
// its own, that of its package URL with the source package where that is
// told (qualifier upstream), and the product of its CPE.
func namesOf(c sbom.Component) []string {
	names := []string{c.Name}
	if rest, ok := strings.CutPrefix(c.PURL, "pkg:"); ok {
		rest, _, _ = strings.Cut(rest, "#")
		path, query, _ := strings.Cut(rest, "?")
		if i := strings.LastIndexByte(path, '@'); i > 0 {
			path = path[:i]
		}
		if name, err := url.PathUnescape(path[strings.LastIndexByte(path, '/')+1:]); err == nil {
			names = append(names, name)
		}
		for q := range strings.SplitSeq(query, "&") {
			if v, ok := strings.CutPrefix(q, "upstream="); ok {
				if v, err := url.QueryUnescape(v); err == nil {
					v, _, _ = strings.Cut(v, "@")
					names = append(names, v)
				}
			}
		}
	}
	if _, product := cpeNames(c.CPE); said(product) {
		names = append(names, product)
	}
	var out []string
	for _, n := range names {
		for _, k := range nameForms(n) {
			if !slices.Contains(out, k) {
				out = append(out, k)
			}
		}
	}
	return out
}

// commonNames are names of one component, by its common name. Distributions split
// and number libraries; lists often name the project.
var commonNames = map[string]string{
	"libc6": "glibc", "libc-bin": "glibc", "gnu-c-library": "glibc", "libc": "glibc",
	"libssl1.1": "openssl", "libssl3": "openssl", "libssl": "openssl", "libcrypto3": "openssl", "libcrypto1.1": "openssl", "libcrypto": "openssl", "libopenssl": "openssl", "libopenssl3": "openssl",
	"zlib1g": "zlib", "libz": "zlib", "libcurl": "curl", "libcurl4": "curl", "libmbedtls": "mbedtls", "mbed-tls": "mbedtls",
	"linux-kernel": "linux", "kernel": "linux", "linux-yocto": "linux", "wpasupplicant": "wpa-supplicant", "wpa-supplicant-udeb": "wpa-supplicant",
	"uboot": "u-boot", "das-u-boot": "u-boot", "openssh-server": "openssh", "openssh-client": "openssh", "dropbear-bin": "dropbear", "busybox-static": "busybox",
	"dnsmasq-base": "dnsmasq", "libexpat1": "expat", "libexpat": "expat",
}

// nameForms gives the forms of a name that count as the same: small letters,
// hyphens, without a distribution's ending, and the common name.
func nameForms(name string) []string {
	n := strings.ToLower(strings.TrimSpace(name))
	n = strings.NewReplacer("_", "-", " ", "-").Replace(n)
	out := []string{n}
	add := func(k string) {
		if k != "" && !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	for _, end := range []string{"-udeb", "t64"} {
		if s, ok := strings.CutSuffix(n, end); ok {
			add(s)
		}
	}
	for _, k := range slices.Clone(out) {
		add(commonNames[k])
		if strings.HasPrefix(k, "linux-image-") || strings.HasPrefix(k, "kernel-image-") || strings.HasPrefix(k, "kernel-") {
			add("linux")
		}
	}
	return out
}

// sameUpstream compares the upstream parts. A list that gives no version is
// told off by the check of its minimum elements, not here.
func sameUpstream(image, list string) bool {
	if !said(list) || image == "" || image == list {
		return true
	}
	return upstream(image) == upstream(list)
}

var day = regexp.MustCompile(`\b[12][0-9]{3}-[01][0-9]-[0-3][0-9]\b`)

// upstream leaves the part of a version that the component's own makers
// chose: without epoch, revision and marks of repacking (Debian Policy,
// 5.6.12; apk's -rN; opkg's -N). A day is a version of its own (2024-03-01);
// what follows it is the commit and the revision.
func upstream(v string) string {
	v = strings.ToLower(strings.TrimSpace(v))
	v = strings.TrimPrefix(v, "v")
	if i := strings.IndexByte(v, ':'); i > 0 && strings.Trim(v[:i], "0123456789") == "" {
		v = v[i+1:]
	}
	if m := day.FindStringIndex(v); m != nil {
		v = v[:m[1]]
	} else if i := strings.LastIndexByte(v, '-'); i > 0 {
		v = v[:i]
	}
	for _, mark := range []string{"+", "~", ".dfsg", "-dfsg", ".ds"} {
		if i := strings.Index(v, mark); i > 0 {
			v = v[:i]
		}
	}
	return v
}
