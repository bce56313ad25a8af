package catalogue

// OfficeSources gives the sources of all parts, by office.
func OfficeSources() []Ref {
	var out []Ref
	for _, o := range Offices() {
		for _, p := range offices[o].parts {
			out = append(out, p.source)
		}
	}
	return out
}
