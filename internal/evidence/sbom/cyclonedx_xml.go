package sbom

import "encoding/xml"

func (x *xmlReader) metadata() {
	var manufacturer string
	x.children(func(e xml.StartElement) {
		switch e.Name.Local {
		case "timestamp":
			x.l.f.Created = dateOf(x.text(maxName))
		case "authors":
			x.each(func(xml.StartElement) { x.author(x.entity()) })
		case "manufacture", "manufacturer":
			manufacturer = first(x.entity(), manufacturer)
		case "supplier":
			x.l.f.Supplier = x.entity()
		case "tools":
			x.tools()
		case "component":
			c := x.component(e, false)
			x.l.f.Subject = &c
		default:
			x.skip()
		}
	})
	if manufacturer != "" {
		x.author(manufacturer)
	}
}

func (x *xmlReader) author(s string) {
	if s != "" {
		x.fail(x.l.keep())
		x.l.f.Authors = append(x.l.f.Authors, s)
	}
}

// entity reads an organisation or a person.
func (x *xmlReader) entity() string {
	var name, email string
	x.each(func(e xml.StartElement) {
		switch e.Name.Local {
		case "name":
			name = x.text(maxName)
		case "email":
			email = x.text(maxName)
		default:
			x.skip()
		}
	})
	return first(name, email)
}

// tools reads <tool> as it was until 1.4, or the components and services
// since 1.5.
func (x *xmlReader) tools() {
	one := func() {
		var vendor, name, version string
		x.children(func(e xml.StartElement) {
			switch e.Name.Local {
			case "vendor":
				vendor = x.text(maxName)
			case "name":
				name = x.text(maxName)
			case "version":
				version = x.text(maxName)
			default:
				x.skip()
			}
		})
		if s := toolName(vendor, name, version); s != "" {
			x.fail(x.l.keep())
			x.l.f.Tools = append(x.l.f.Tools, s)
		}
	}
	x.each(func(e xml.StartElement) {
		switch e.Name.Local {
		case "tool":
			one()
		case "components", "services":
			x.each(func(xml.StartElement) { one() })
		default:
			x.skip()
		}
	})
}

func (x *xmlReader) components(nested bool) {
	x.each(func(e xml.StartElement) {
		if e.Name.Local != "component" {
			x.skip()
			return
		}
		i, err := x.l.add()
		if err != nil {
			x.fail(err)
			return
		}
		c := x.component(e, nested)
		if x.err == nil {
			x.l.f.Components[i] = c
		}
	})
}

func (x *xmlReader) component(e xml.StartElement, nested bool) Component {
	c := Component{Nested: nested, Line: x.line(), Ref: attr(e, "bom-ref"), Type: attr(e, "type")}
	var supplier, manufacturer, publisher, author string
	var swhid, omnibor, swid string
	x.children(func(e xml.StartElement) {
		switch e.Name.Local {
		case "name":
			c.Name = x.text(maxName)
		case "group":
			c.Group = x.text(maxName)
		case "version":
			c.Version = x.text(maxName)
		case "purl":
			c.PURL = x.text(maxName)
		case "cpe":
			c.CPE = x.text(maxName)
		case "copyright":
			c.Copyright = x.text(maxNote)
		case "supplier":
			supplier = x.entity()
		case "manufacturer":
			manufacturer = x.entity()
		case "publisher":
			publisher = x.text(maxName)
		case "author":
			author = first(author, x.text(maxName))
		case "authors":
			x.each(func(xml.StartElement) { s := x.entity(); author = first(author, s) })
		case "swhid":
			s := x.text(maxName)
			swhid = first(swhid, s)
		case "omniborId":
			s := x.text(maxName)
			omnibor = first(omnibor, s)
		case "swid":
			swid = attr(e, "tagId")
			x.skip()
		case "hashes":
			x.each(func(e xml.StartElement) {
				c.Hashes = put(c.Hashes, attr(e, "alg"), x.text(maxNote), maxHashes)
				x.fail(x.l.keep())
			})
		case "properties":
			x.each(func(e xml.StartElement) {
				c.Properties = put(c.Properties, cut(attr(e, "name"), maxNote), x.text(maxNote), maxProperties)
				x.fail(x.l.keep())
			})
		case "licenses":
			c.Licences = x.licences()
		case "components":
			x.components(true)
		default:
			x.skip()
		}
	})
	c.Supplier = first(supplier, manufacturer, publisher, author)
	c.SWID = first(swid, swhid, omnibor)
	return c
}

func (x *xmlReader) licences() []Licence {
	var out []Licence
	var con []bool
	x.each(func(e xml.StartElement) {
		var li Licence
		ack := attr(e, "acknowledgement")
		switch e.Name.Local {
		case "license":
			x.children(func(e xml.StartElement) {
				switch e.Name.Local {
				case "id":
					li.ID = x.text(maxName)
				case "name":
					li.Name = x.text(maxName)
				case "text", "url":
					li.Text = true
					x.skip()
				default:
					x.skip()
				}
			})
		case "expression":
			li.Expression = x.text(maxName)
		case "expression-detailed":
			li.Expression = attr(e, "expression")
			x.skip()
		default:
			x.skip()
		}
		if li != (Licence{}) {
			x.fail(x.l.keep())
			out, con = append(out, li), append(con, ack == "concluded")
		}
	})
	return concluded(out, con)
}

// dependency reads one entry of the graph; in XML the components it needs
// stand within it.
func (x *xmlReader) dependency(e xml.StartElement, from string) {
	ref := attr(e, "ref")
	if from == "" {
		x.fail(x.l.mark(ref))
	} else {
		x.fail(x.l.relation(from, ref))
	}
	x.each(func(e xml.StartElement) {
		switch e.Name.Local {
		case "dependency", "provides":
			x.dependency(e, ref)
		default:
			x.skip()
		}
	})
}

func (x *xmlReader) vulnerability(xml.StartElement) {
	var v Vulnerability
	x.children(func(e xml.StartElement) {
		switch e.Name.Local {
		case "id":
			v.ID = x.text(maxName)
		case "analysis":
			x.children(func(e xml.StartElement) {
				switch e.Name.Local {
				case "state":
					v.State = x.text(maxName)
				case "detail":
					v.Detail = x.text(maxNote)
				default:
					x.skip()
				}
			})
		case "affects":
			x.each(func(xml.StartElement) {
				x.each(func(e xml.StartElement) {
					if e.Name.Local == "ref" {
						v.Affects = append(v.Affects, x.text(maxName))
						x.fail(x.l.keep())
						return
					}
					x.skip()
				})
			})
		default:
			x.skip()
		}
	})
	if v.ID != "" {
		x.fail(x.l.keep())
		x.l.f.Vulnerabilities = append(x.l.f.Vulnerabilities, v)
	}
}
