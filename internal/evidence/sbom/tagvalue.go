package sbom

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/open-iot-mark/iotmark/internal/evidence"
)

// The tags of a package that may come once (SPDX 2.3, clause 7). A second one
// would be read differently by different programs.
var onceTags = map[string]bool{
	"SPDXID": true, "PackageVersion": true, "PackageSupplier": true, "PackageOriginator": true,
	"PackageLicenseConcluded": true, "PackageLicenseDeclared": true, "PackageCopyrightText": true,
	"PrimaryPackagePurpose": true,
}

// readTagValue reads SPDX in tag-value form (SPDX 2.3, clause 6.1 and the
// examples of each field): one "Tag: value" a line, and values over several
// lines between <text> and </text>. A tag opens a section or belongs to the
// one that is open.
func (l *list) readTagValue(b []byte) error {
	var (
		version string
		section string // "", package, file, snippet, licence
		pkg     spdxPart
		at      = -1 // place of the open package
		seen    = map[string]bool{}
		licence OwnLicence
	)
	closeSection := func() error {
		defer func() { section, licence = "", OwnLicence{}; clear(seen) }()
		switch section {
		case "package":
			l.f.Components[at] = pkg.done()
		case "licence":
			return l.ownLicence(licence.ID, licence.Name)
		}
		return nil
	}
	err := tagValues(b, func(line int, tag, value string) error {
		if line%4096 == 0 && l.ctx.Err() != nil {
			return l.ctx.Err()
		}
		if section == "package" && onceTags[tag] {
			if seen[tag] {
				return evidence.Malformed("SPDX", fmt.Errorf("line %d: %s comes twice in one package", line, tag))
			}
			seen[tag] = true
		}
		bound := maxName
		if tag == "PackageCopyrightText" {
			bound = maxNote
		}
		if len(value) > bound {
			value = cut(value, bound)
			l.f.Cut = true
		} else {
			value = strings.Clone(value)
		}
		switch tag {
		case "SPDXVersion":
			if version != "" && version != value {
				return evidence.Malformed("SPDX", fmt.Errorf("line %d: SPDXVersion comes twice", line))
			}
			version = value
		case "DocumentNamespace":
			l.f.Serial = value
		case "Creator":
			return l.creator(value)
		case "Created":
			l.f.Created = dateOf(value)
		case "Relationship":
			w := strings.Fields(value)
			if len(w) != 3 {
				return evidence.Malformed("SPDX", fmt.Errorf("line %d: a relationship has three words, such as SPDXRef-A CONTAINS SPDXRef-B", line))
			}
			return l.spdxRelation(w[0], w[1], w[2])
		case "PackageName":
			if err := closeSection(); err != nil {
				return err
			}
			i, err := l.add()
			if err != nil {
				return err
			}
			section, at, pkg = "package", i, spdxPart{Component: Component{Name: value, Line: line}}
		case "FileName":
			if err := closeSection(); err != nil {
				return err
			}
			section = "file"
			l.f.Files++
		case "SnippetSPDXID", "SnippetSPDXIdentifier":
			if err := closeSection(); err != nil {
				return err
			}
			section = "snippet"
		case "LicenseID":
			if err := closeSection(); err != nil {
				return err
			}
			section, licence.ID = "licence", value
		case "LicenseName":
			licence.Name = value
		}
		if section == "package" {
			return l.packageTag(&pkg, tag, value)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := closeSection(); err != nil {
		return err
	}
	l.f.Encoding = TagValue
	return l.spdxEnd(version)
}

// packageTag takes one tag of the open package.
func (l *list) packageTag(pkg *spdxPart, tag, value string) error {
	switch tag {
	case "SPDXID":
		pkg.Ref = value
	case "PackageVersion":
		pkg.Version = asserted(value)
	case "PackageSupplier":
		pkg.supplier = value
	case "PackageOriginator":
		pkg.originator = value
	case "PackageLicenseConcluded":
		pkg.concluded = value
	case "PackageLicenseDeclared":
		pkg.declared = value
	case "PackageCopyrightText":
		pkg.Copyright = asserted(value)
	case "PrimaryPackagePurpose":
		pkg.purpose(value)
	case "PackageChecksum":
		k, v, _ := strings.Cut(value, ":")
		pkg.Hashes = put(pkg.Hashes, algorithm(strings.TrimSpace(k)), strings.TrimSpace(v), maxHashes)
		return l.keep()
	case "ExternalRef":
		if w := strings.Fields(value); len(w) == 3 {
			pkg.external(w[1], w[2])
		}
	}
	return nil
}

// tagValues calls f for each tag with the line it begins in.
func tagValues(b []byte, f func(line int, tag, value string) error) error {
	for n := 1; len(b) > 0; n++ {
		var row []byte
		row, b = nextLine(b)
		row = bytes.TrimSpace(row)
		if len(row) == 0 || row[0] == '#' {
			continue
		}
		tag, value, ok := bytes.Cut(row, []byte{':'})
		if !ok || !word(tag) {
			return evidence.Malformed("SPDX", fmt.Errorf("line %d: %q is no tag with a value", n, cut(string(row[:min(len(row), 64)]), 40)))
		}
		value = bytes.TrimSpace(value)
		line := n
		if open, ok := bytes.CutPrefix(value, []byte("<text>")); ok {
			text, rest, closed := bytes.Cut(open, []byte("</text>"))
			if !closed {
				tail, after, found := bytes.Cut(b, []byte("</text>"))
				if !found {
					return evidence.Malformed("SPDX", fmt.Errorf("line %d: <text> is not closed; %s", n, cutOff))
				}
				n += 1 + bytes.Count(tail, []byte{'\n'})
				text = append(append(bytes.Clone(open[:min(len(open), maxName)]), '\n'), tail[:min(len(tail), maxName)]...)
				rest, b = nextLine(after)
			}
			if len(bytes.TrimSpace(rest)) > 0 {
				return evidence.Malformed("SPDX", fmt.Errorf("line %d: something follows </text>", n))
			}
			value = bytes.TrimSpace(text)
		}
		if len(value) > maxName {
			value = value[:min(len(value), maxName+utf8.UTFMax)]
		}
		if err := f(line, string(tag), string(bytes.ToValidUTF8(value, nil))); err != nil {
			return err
		}
	}
	return nil
}

func nextLine(b []byte) (line, rest []byte) {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return b, nil
	}
	return b[:i], b[i+1:]
}

// word reports whether a tag is made of letters and digits alone.
func word(b []byte) bool {
	for _, c := range b {
		if !('a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9') {
			return false
		}
	}
	return len(b) > 0
}
