package firmware

import (
	"bytes"
	"iter"
	"strings"
)

// packageFiles are the databases of installed packages, below a root.
var packageFiles = []struct{ manager, path string }{
	{"dpkg", "var/lib/dpkg/status"},
	{"opkg", "usr/lib/opkg/status"},
	{"opkg", "var/lib/opkg/status"},
	{"opkg", "opt/lib/opkg/status"},
	{"opkg", "usr/lib/ipkg/status"},
	{"apk", "lib/apk/db/installed"},
	{"apk", "usr/lib/apk/db/installed"},
}

// packages reads every database of one root.
func (a *analysis) packages(root *Root) {
	licences := map[string]string{} // of opkg, which keeps them beside the status
	for _, dir := range []string{"usr/lib/opkg/info", "var/lib/opkg/info"} {
		for _, p := range a.t.below(root.Prefix, dir, a.index) {
			if strings.HasSuffix(p, ".control") {
				for f := range stanzas(a.t.texts[p]) {
					licences[f.get("package")] = f.get("license")
				}
			}
		}
	}
	seen := map[string]bool{} // one database may be linked to under two names
	for _, db := range packageFiles {
		b, at, ok := a.t.read(root.Prefix, db.path)
		if !ok || seen[at] {
			continue
		}
		seen[at] = true
		if db.manager == "apk" {
			a.apk(b, at)
			continue
		}
		a.status(b, at, db.manager, licences)
	}
	for _, p := range a.t.below(root.Prefix, "var/lib/dpkg/status.d", a.index) {
		if !strings.HasSuffix(p, ".md5sums") {
			a.status(a.t.texts[p], p, "dpkg", licences)
		}
	}
}

// unpacked are the states of dpkg in which the files of a package are there
// (dpkg(1), package states). Installers' packages stay unpacked for ever.
var unpacked = map[string]bool{"installed": true, "unpacked": true, "half-configured": true, "triggers-awaited": true, "triggers-pending": true}

func (a *analysis) status(b []byte, at, manager string, licences map[string]string) {
	for f := range stanzas(b) {
		name := f.get("package")
		if name == "" {
			continue
		}
		installed := true
		if s := strings.Fields(f.get("status")); len(s) > 0 {
			installed = unpacked[s[len(s)-1]]
		}
		if !installed {
			continue
		}
		source, _, _ := strings.Cut(f.get("source"), " ") // a version may follow in brackets
		licence := f.get("license")
		if licence == "" {
			licence = licences[name]
		}
		add(&a.f.Packages, &a.f.Totals.Packages, maxPackages, Package{
			Name: cut(name, 128), Version: cut(f.get("version"), 128), Arch: cut(f.get("architecture"), 32), Source: cut(source, 128),
			Licence: cut(licence, 128), Manager: manager, Place: Place{at, f.line},
		})
	}
}

// apk reads Alpine's database: one letter, a colon, the value.
func (a *analysis) apk(b []byte, at string) {
	var p Package
	n := 0
	flush := func() {
		if p.Name != "" {
			add(&a.f.Packages, &a.f.Totals.Packages, maxPackages, p)
		}
		p = Package{Manager: "apk"}
	}
	flush()
	for l := range bytes.Lines(b) {
		n++
		s := strings.TrimRight(string(l), "\r\n")
		if s == "" {
			flush()
			continue
		}
		if len(s) < 2 || s[1] != ':' {
			continue
		}
		v := cut(s[2:], 128)
		switch s[0] {
		case 'P':
			p.Name, p.Place = v, Place{at, n}
		case 'V':
			p.Version = v
		case 'A':
			p.Arch = v
		case 'L':
			p.Licence = v
		case 'o':
			p.Source = v
		}
	}
	flush()
}

// stanza is one paragraph of a control file: fields by their name in small
// letters, first line only.
type stanza struct {
	line   int
	fields map[string]string
}

func (s stanza) get(k string) string { return s.fields[k] }

// stanzas gives the paragraphs of a control file (deb-control(5)).
func stanzas(b []byte) iter.Seq[stanza] {
	return func(yield func(stanza) bool) {
		var s stanza
		n := 0
		for l := range bytes.Lines(b) {
			n++
			t := strings.TrimRight(string(l), "\r\n")
			if strings.TrimSpace(t) == "" {
				if s.fields != nil && !yield(s) {
					return
				}
				s = stanza{}
				continue
			}
			if t[0] == ' ' || t[0] == '\t' {
				continue
			}
			k, v, ok := strings.Cut(t, ":")
			if !ok || len(s.fields) >= 100 {
				continue
			}
			if s.fields == nil {
				s = stanza{line: n, fields: map[string]string{}}
			}
			s.fields[strings.ToLower(k)] = strings.TrimSpace(v)
		}
		if s.fields != nil {
			yield(s)
		}
	}
}
