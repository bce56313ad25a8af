package sbom

import (
	"fmt"
	"strings"

	"github.com/open-iot-mark/iotmark/internal/evidence"
)

// The versions of CycloneDX that are read (ECMA-424 and its forerunners). The
// fields taken have kept their meaning from 1.2 on.
var cyclonedxVersions = map[string]bool{"1.2": true, "1.3": true, "1.4": true, "1.5": true, "1.6": true, "1.7": true}

const cyclonedxWant = "CycloneDX 1.2 to 1.7"

// readJSON reads one JSON document: CycloneDX or SPDX, which is known only
// when all names have been seen, since they may come in any order.
func (l *list) readJSON(b []byte) error {
	p := &parser{ctx: l.ctx, b: b, max: l.lim.Depth, names: map[string]string{}}
	var bomFormat, specVersion, spdxVersion string
	var cdx, spdx bool // which of the two lists of parts was there
	p.object("the list", func(name string) {
		switch name {
		case "components", "metadata", "dependencies":
			cdx = true
		case "packages", "creationInfo", "relationships":
			spdx = true
		}
		switch name {
		case "bomFormat":
			bomFormat = p.text(name, maxName)
		case "specVersion":
			specVersion = p.text(name, maxName)
		case "serialNumber":
			l.f.Serial = p.text(name, maxName)
		case "metadata":
			l.cdxMetadata(p)
		case "components":
			l.cdxComponents(p, false)
		case "dependencies":
			p.array(name, func() { l.cdxDependency(p) })
		case "compositions":
			p.array(name, func() { l.cdxComposition(p) })
		case "vulnerabilities":
			p.array(name, func() { l.cdxVulnerability(p) })

		case "spdxVersion":
			spdxVersion = p.text(name, maxName)
		case "documentNamespace":
			l.f.Serial = p.text(name, maxName)
		case "creationInfo":
			l.spdxCreation(p)
		case "packages":
			p.array(name, func() { l.spdxPackage(p) })
		case "files":
			p.array(name, func() { l.f.Files++; p.skip() })
		case "relationships":
			p.array(name, func() { l.spdxRelationship(p) })
		case "documentDescribes":
			p.array(name, func() { p.fail(l.describe(p.text(name, maxName))) })
		case "hasExtractedLicensingInfos":
			p.array(name, func() { l.spdxLicence(p) })
		case "@context":
			l.spdx3(p)
		default:
			p.skip()
		}
	})
	p.end()
	l.f.Cut = l.f.Cut || p.cut
	l.f.Encoding = JSON
	switch {
	case p.err != nil:
		return p.err
	case bomFormat != "" && spdxVersion != "" || cdx && spdx:
		return evidence.Malformed("list of components", fmt.Errorf("it says to be both CycloneDX and SPDX"))
	case spdxVersion != "":
		return l.spdxEnd(spdxVersion)
	case bomFormat == "CycloneDX":
		if !cyclonedxVersions[specVersion] {
			return wrongVersion("CycloneDX", specVersion, cyclonedxWant)
		}
		l.f.Format, l.f.SpecVersion = CycloneDX, specVersion
		return nil
	case bomFormat != "":
		return evidence.Malformed("list of components", fmt.Errorf("bomFormat is %q, not CycloneDX", cut(bomFormat, 40)))
	}
	return evidence.Malformed("list of components", fmt.Errorf("neither bomFormat nor spdxVersion says what it is"))
}

func (l *list) cdxMetadata(p *parser) {
	var manufacturer string
	p.object("metadata", func(name string) {
		switch name {
		case "timestamp":
			l.f.Created = dateOf(p.text(name, maxName))
		case "authors":
			p.array(name, func() { l.author(p, cdxEntity(p)) })
		case "manufacture", "manufacturer":
			manufacturer = first(cdxEntity(p), manufacturer)
		case "supplier":
			l.f.Supplier = cdxEntity(p)
		case "tools":
			l.cdxTools(p)
		case "component":
			if p.peek() == 'n' {
				p.skip()
				return
			}
			c, _ := l.cdxComponent(p, false)
			l.f.Subject = &c
		default:
			p.skip()
		}
	})
	if manufacturer != "" {
		l.author(p, manufacturer)
	}
}

func (l *list) author(p *parser, s string) {
	if s != "" {
		p.fail(l.keep())
		l.f.Authors = append(l.f.Authors, s)
	}
}

func (l *list) tool(p *parser, vendor, name, version string) {
	if s := toolName(vendor, name, version); s != "" {
		p.fail(l.keep())
		l.f.Tools = append(l.f.Tools, s)
	}
}

// cdxEntity reads an organisation or a person and returns the name, else the
// e-mail address.
func cdxEntity(p *parser) string {
	var name, email string
	p.object("it", func(n string) {
		switch n {
		case "name":
			name = p.text(n, maxName)
		case "email":
			email = p.text(n, maxName)
		default:
			p.skip()
		}
	})
	return first(name, email)
}

// cdxTools reads the list of tools as it was until 1.4, or the components and
// services it is since 1.5.
func (l *list) cdxTools(p *parser) {
	one := func() {
		var vendor, name, version string
		p.object("a tool", func(n string) {
			switch n {
			case "vendor":
				vendor = p.text(n, maxName)
			case "name":
				name = p.text(n, maxName)
			case "version":
				version = p.text(n, maxName)
			default:
				p.skip()
			}
		})
		l.tool(p, vendor, name, version)
	}
	if p.peek() == '[' {
		p.array("tools", one)
		return
	}
	p.object("tools", func(n string) {
		switch n {
		case "components", "services":
			p.array(n, one)
		default:
			p.skip()
		}
	})
}

func (l *list) cdxComponents(p *parser, nested bool) {
	p.array("components", func() {
		i, err := l.add()
		if err != nil {
			p.fail(err)
			return
		}
		c, ok := l.cdxComponent(p, nested)
		if ok {
			l.f.Components[i] = c
		}
	})
}

// cdxComponent reads one component and those within it. It reports false
// after an error.
func (l *list) cdxComponent(p *parser, nested bool) (Component, bool) {
	p.peek()
	c := Component{Nested: nested, Line: p.here()}
	var supplier, manufacturer, publisher, author string
	var swhid, omnibor, swid string
	p.object("a component", func(name string) {
		switch name {
		case "bom-ref":
			c.Ref = p.text(name, maxName)
		case "type":
			c.Type = p.text(name, maxName)
		case "name":
			c.Name = p.text(name, maxName)
		case "group":
			c.Group = p.text(name, maxName)
		case "version":
			c.Version = p.text(name, maxName)
		case "purl":
			c.PURL = p.text(name, maxName)
		case "cpe":
			c.CPE = p.text(name, maxName)
		case "copyright":
			c.Copyright = p.text(name, maxNote)
		case "supplier":
			supplier = cdxEntity(p)
		case "manufacturer":
			manufacturer = cdxEntity(p)
		case "publisher":
			publisher = p.text(name, maxName)
		case "author":
			author = first(author, p.text(name, maxName))
		case "authors":
			p.array(name, func() { s := cdxEntity(p); author = first(author, s) })
		case "swhid":
			p.array(name, func() { s := p.text(name, maxName); swhid = first(swhid, s) })
		case "omniborId":
			p.array(name, func() { s := p.text(name, maxName); omnibor = first(omnibor, s) })
		case "swid":
			p.object(name, func(n string) {
				if n == "tagId" {
					swid = p.text(n, maxName)
					return
				}
				p.skip()
			})
		case "hashes":
			p.array(name, func() {
				k, v := cdxPair(p, "alg", "content")
				c.Hashes = put(c.Hashes, k, v, maxHashes)
				p.fail(l.keep())
			})
		case "properties":
			p.array(name, func() {
				k, v := cdxPair(p, "name", "value")
				c.Properties = put(c.Properties, k, v, maxProperties)
				p.fail(l.keep())
			})
		case "licenses":
			c.Licences = l.cdxLicences(p)
		case "components":
			l.cdxComponents(p, true)
		default:
			p.skip()
		}
	})
	c.Supplier = first(supplier, manufacturer, publisher, author)
	c.SWID = first(swid, swhid, omnibor)
	return c, p.err == nil
}

// cdxPair reads the two texts of an object with the given names.
func cdxPair(p *parser, key, value string) (k, v string) {
	p.object("it", func(n string) {
		switch n {
		case key:
			k = p.text(n, maxNote)
		case value:
			v = p.text(n, maxNote)
		default:
			p.skip()
		}
	})
	return k, v
}

func (l *list) cdxLicences(p *parser) []Licence {
	var out []Licence
	var con []bool
	p.array("licenses", func() {
		var li Licence
		var ack string
		fields := func(n string) {
			switch n {
			case "id":
				li.ID = p.text(n, maxName)
			case "name":
				li.Name = p.text(n, maxName)
			case "expression":
				li.Expression = p.text(n, maxName)
			case "acknowledgement":
				ack = p.text(n, maxName)
			case "text", "url":
				li.Text = li.Text || p.peek() != 'n'
				p.skip()
			default:
				p.skip()
			}
		}
		p.object("a licence", func(n string) {
			if n == "license" {
				p.object("a licence", fields)
				return
			}
			fields(n)
		})
		if li != (Licence{}) {
			p.fail(l.keep())
			out, con = append(out, li), append(con, ack == "concluded")
		}
	})
	return concluded(out, con)
}

func (l *list) cdxDependency(p *parser) {
	var ref string
	var to []string
	p.object("a dependency", func(n string) {
		switch n {
		case "ref":
			ref = p.text(n, maxName)
		case "dependsOn", "provides":
			p.array(n, func() {
				to = append(to, p.text(n, maxName))
				p.fail(l.keep())
			})
		default:
			p.skip()
		}
	})
	// An entry without edges says that the component needs nothing
	// (CycloneDX 1.2 to 1.7, dependencies), which is a known relation.
	p.fail(l.mark(ref))
	for _, t := range to {
		p.fail(l.relation(ref, t))
	}
}

func (l *list) cdxComposition(p *parser) {
	p.object("a composition", func(n string) {
		if n != "aggregate" {
			p.skip()
			return
		}
		l.aggregate(p.text(n, maxName))
	})
}

// aggregate notes what a composition says of its own completeness.
func (l *list) aggregate(s string) {
	switch {
	case s == "complete":
		l.complete = true
	case s == "unknown" || strings.HasPrefix(s, "incomplete"):
		l.partial = true
	}
}

func (l *list) cdxVulnerability(p *parser) {
	var v Vulnerability
	p.object("a vulnerability", func(n string) {
		switch n {
		case "id":
			v.ID = p.text(n, maxName)
		case "analysis":
			p.object(n, func(n string) {
				switch n {
				case "state":
					v.State = p.text(n, maxName)
				case "detail":
					v.Detail = p.text(n, maxNote)
				default:
					p.skip()
				}
			})
		case "affects":
			p.array(n, func() {
				p.object(n, func(n string) {
					if n == "ref" {
						v.Affects = append(v.Affects, p.text(n, maxName))
						p.fail(l.keep())
						return
					}
					p.skip()
				})
			})
		default:
			p.skip()
		}
	})
	if v.ID != "" {
		p.fail(l.keep())
		l.f.Vulnerabilities = append(l.f.Vulnerabilities, v)
	}
}
