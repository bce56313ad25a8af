package catalogue

import (
	"fmt"
	"strings"
)

// Reference returns docs/catalogue.md: the criteria by topic, for people who
// read and for people who search.
func (c *Catalogue) Reference() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, `<!-- Written by go generate ./catalogue from the files in catalogue/. Do not edit by hand. -->

# Criteria of edition %s

%d criteria in eight topics. The data stands in [catalogue/](../catalogue/README.md), one file a topic; %siotmark explain ID%s
tells everything about one of them.

`, c.Scheme.Edition, len(c.Criteria), "`", "`")
	b.WriteString("| Topic | Criteria | must | should | may | entry | with a check |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	for _, t := range c.Scheme.Topics {
		n := c.Count(c.InTopic(t.ID))
		fmt.Fprintf(&b, "| [%s](#%s) | %d | %d | %d | %d | %d | %d |\n", t.Title, t.ID, n.Criteria, n.Must, n.Should, n.May, n.Entry, n.Bound)
	}
	n := c.Count(c.Criteria)
	fmt.Fprintf(&b, "| all | %d | %d | %d | %d | %d | %d |\n\n", n.Criteria, n.Must, n.Should, n.May, n.Entry, n.Bound)
	b.WriteString("How binding a criterion is:\n\n")
	for _, l := range c.Scheme.Levels {
		fmt.Fprintf(&b, "- **%s**: %s\n", l.ID, l.Means)
	}
	fmt.Fprintf(&b, "- **entry**: %s\n\nHow sure we are, weakest step first:\n\n", c.Scheme.Entry)
	for _, a := range c.Scheme.Assurance {
		fmt.Fprintf(&b, "%d. **%s**: %s\n", a.Rank, a.ID, a.Means)
	}
	for _, t := range c.Scheme.Topics {
		fmt.Fprintf(&b, "\n<a id=\"%s\"></a>\n\n## %s\n\n%s\n", t.ID, t.Title, t.Asks)
		for _, cr := range c.InTopic(t.ID) {
			c.referenceEntry(&b, cr)
		}
	}
	return []byte(b.String())
}

func (c *Catalogue) referenceEntry(b *strings.Builder, cr *Criterion) {
	fmt.Fprintf(b, "\n### %s\n\n%s\n\n> %s\n\n", cr.ID, cr.Statement, cr.Consumer)
	entry := ""
	if cr.Entry {
		entry = ", entry"
	}
	fmt.Fprintf(b, "- Level: **%s**%s. Counts from: **%s**. By program: %s.\n", cr.Level, entry, cr.Needs, cr.Automation)
	if cr.AppliesIf != "always" {
		fmt.Fprintf(b, "- Applies unless this is false: `%s`.\n", cr.AppliesIf)
	}
	fmt.Fprintf(b, "- Evidence that counts: %s.\n", commas(cr.Evidence))
	if bound := c.Bindings.Criteria[cr.ID]; len(bound) > 0 {
		words := make([]string, len(bound))
		for i, x := range bound {
			words[i] = fmt.Sprintf("`%s` (%s)", x.Check, x.Role)
		}
		fmt.Fprintf(b, "- Checks: %s.\n", strings.Join(words, ", "))
	} else {
		b.WriteString("- Checks: none built in yet.\n")
	}
	if cr.Beyond {
		b.WriteString("- No law, standard or scheme of the collection asks for this closely.\n")
	}
	fmt.Fprintf(b, "- Smallest fix: %s About %s (estimate).\n", cr.Remedy, Minutes(c.Efforts[cr.ID].Mend))
}

// Minutes says a time in words, rounded as an estimate deserves. A day of
// work has eight hours.
func Minutes(n int) string {
	plural := func(n int, unit string) string {
		if n == 1 {
			return "1 " + unit
		}
		return fmt.Sprintf("%d %ss", n, unit)
	}
	switch {
	case n < 60:
		return plural(n, "minute")
	case n < 480:
		return plural((n+30)/60, "hour")
	}
	return plural((n+240)/480, "day")
}

// Counts are the numbers of a list of criteria.
type Counts struct {
	Criteria int `json:"criteria"`
	Must     int `json:"must"`
	Should   int `json:"should"`
	May      int `json:"may"`
	Entry    int `json:"entry"`
	Full     int `json:"full"`   // by automation
	Partly   int `json:"partly"` //
	None     int `json:"none"`   //
	Checked  int `json:"checked"`
	Assessed int `json:"assessed"`
	Tested   int `json:"tested"`
	Beyond   int `json:"beyond"`
	Bound    int `json:"bound"` // with at least one check bound
}

// Count counts criteria.
func (c *Catalogue) Count(list []*Criterion) Counts {
	n := Counts{Criteria: len(list)}
	one := map[bool]int{true: 1}
	for _, cr := range list {
		n.Must += one[cr.Level == "must"]
		n.Should += one[cr.Level == "should"]
		n.May += one[cr.Level == "may"]
		n.Entry += one[cr.Entry]
		n.Full += one[cr.Automation == "full"]
		n.Partly += one[cr.Automation == "partly"]
		n.None += one[cr.Automation == "none"]
		n.Checked += one[cr.Needs == "checked"]
		n.Assessed += one[cr.Needs == "assessed"]
		n.Tested += one[cr.Needs == "tested"]
		n.Beyond += one[cr.Beyond]
		n.Bound += one[len(c.Bindings.Criteria[cr.ID]) > 0]
	}
	return n
}

// Totals are the numbers of everything in the catalogue.
type Totals struct {
	Criteria    int `json:"criteria"`
	Facts       int `json:"facts"`
	Kinds       int `json:"evidence_kinds"`
	Families    int `json:"check_families"`
	Checks      int `json:"bound_checks"`
	Instruments int `json:"instruments"`
	Provisions  int `json:"provisions"`
	Themes      int `json:"themes"`
	Mapping     int `json:"mapping_rows"`
	Fields      int `json:"fields"`
	Documents   int `json:"documents"`
}

// Total counts everything in the catalogue.
func (c *Catalogue) Total() (Totals, error) {
	if err := c.LoadInstruments(); err != nil {
		return Totals{}, err
	}
	n := Totals{
		Criteria: len(c.Criteria), Facts: len(c.Scheme.Facts), Kinds: len(c.Scheme.EvidenceKinds), Families: len(c.Scheme.Checks),
		Instruments: len(c.Instruments), Themes: len(c.Themes), Fields: len(c.Fields), Documents: len(c.Documents),
	}
	for _, checks := range c.FamilyChecks() {
		n.Checks += len(checks)
	}
	for _, in := range c.Instruments {
		n.Provisions += len(in.Provisions)
	}
	for _, cr := range c.Criteria {
		n.Mapping += len(c.Mapping(cr.ID))
	}
	return n, nil
}

// String says the numbers in one line.
func (n Totals) String() string {
	return fmt.Sprintf("%d criteria, %d facts, %d evidence kinds, %d families of checks, %d bound checks, %d instruments, %d provisions, %d themes, %d rows of mapping, %d fields, %d documents",
		n.Criteria, n.Facts, n.Kinds, n.Families, n.Checks, n.Instruments, n.Provisions, n.Themes, n.Mapping, n.Fields, n.Documents)
}
