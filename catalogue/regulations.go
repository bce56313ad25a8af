package catalogue

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
)

// MarkOwner is what only the owner of the mark can say when the mark is filed.
// It is no data of the edition: another community files its own.
type MarkOwner struct {
	Name    string `yaml:"name"`
	Address string `yaml:"address"`
	Law     string `yaml:"law"` // under which it exists, and as what
	NoTrade struct {
		By string       `yaml:"by"` // who signed that the owner trades in no such goods
		On iotmark.Date `yaml:"on"`
	} `yaml:"no_trade"`
	Mark struct {
		File   string         `yaml:"file"`   // name of the drawing
		SHA256 iotmark.Digest `yaml:"sha256"` // of the drawing
		Shows  string         `yaml:"shows"`  // in words
	} `yaml:"mark"`
	Bodies  []string  `yaml:"bodies"` // certification bodies that may grant the mark
	Profile ProfileID `yaml:"profile"`
	Court   string    `yaml:"court"` // where a dispute goes after the appeal
}

// MarkOwnerMax is how long the file of an owner may be, in bytes.
const MarkOwnerMax = 64 << 10

// ParseMarkOwner reads the file of an owner, as strictly as the catalogue is
// read. What is left out is a gap, which [Catalogue.Regulations] tells.
func ParseMarkOwner(name string, raw []byte) (*MarkOwner, error) {
	if len(raw) > MarkOwnerMax {
		return nil, iotmark.Errors{{Kind: iotmark.Invalid, ID: "catalogue-file-large", Pos: name, Msg: fmt.Sprintf("the file has %d bytes; at most %d are read", len(raw), MarkOwnerMax)}}
	}
	r, o := new(reader), new(MarkOwner)
	if n := r.parse(name, raw); n != nil {
		r.decode(name, n, reflect.ValueOf(o).Elem(), "")
	}
	if len(r.errs) > 0 {
		return nil, r.errs
	}
	return o, nil
}

// Office is a trade-mark office that takes the mark.
type Office string

// The offices whose shapes are known.
const (
	EUIPO Office = "euipo"
	UKIPO Office = "ukipo"
	USPTO Office = "uspto"
)

// Offices returns them in the order in which they are told.
func Offices() []Office { return []Office{EUIPO, UKIPO, USPTO} }

// part is one part that an office asks for, with the provision that does.
type part struct {
	source Ref
	title  string
	write  func(*regulations)
}

var offices = map[Office]struct {
	title string
	parts []part
}{
	// Implementing Regulation (EU) 2018/626, Art. 17, (a) to (h).
	EUIPO: {"Regulations governing use of the EU certification mark", []part{
		{"eu-certification-mark#IR17-a", "(a) Applicant", (*regulations).owner},
		{"eu-certification-mark#IR17-b", "(b) Declaration under Article 83(2)", (*regulations).noTrade},
		{"eu-certification-mark#IR17-c", "(c) Representation of the mark", (*regulations).mark},
		{"eu-certification-mark#IR17-d", "(d) Goods and services", (*regulations).goods},
		{"eu-certification-mark#IR17-e", "(e) Characteristics certified", (*regulations).characteristics},
		{"eu-certification-mark#IR17-f", "(f) Conditions of use, and sanctions", (*regulations).conditions},
		{"eu-certification-mark#IR17-g", "(g) Persons authorised to use the mark", (*regulations).authorised},
		{"eu-certification-mark#IR17-h", "(h) How the characteristics are tested and use is supervised", (*regulations).supervision},
	}},
	// Trade Marks Act 1994, Schedule 2, paragraph 6(2).
	UKIPO: {"Regulations governing use of the certification mark", []part{
		{"uk-certification-mark#Sch2-4", "Proprietor", (*regulations).proprietor},
		{"uk-certification-mark#Sch2-5", "The mark", (*regulations).mark},
		{"uk-certification-mark#Sch2-6-who", "Who is authorised to use the mark", (*regulations).authorised},
		{"uk-certification-mark#Sch2-6-char", "Characteristics certified", (*regulations).goodsAndCharacteristics},
		{"uk-certification-mark#Sch2-6-test", "How the certifying body tests them and supervises use", (*regulations).supervisionAndConditions},
		{"uk-certification-mark#Sch2-6-fee", "Fees", (*regulations).fees},
		{"uk-certification-mark#Sch2-6-disp", "How disputes are resolved", (*regulations).disputes},
	}},
	// 37 CFR 2.45(a)(4)(i).
	USPTO: {"Certification statement and certification standards", []part{
		{"us-certification-mark#2.45", "Certification statement", (*regulations).statement},
		{"us-certification-mark#1064-5B", "Applicant, and statement that it does not produce or market the goods", (*regulations).proprietor},
		{"us-certification-mark#1064-5A", "Statement of control", (*regulations).control},
		{"us-certification-mark#1064-5C", "The mark", (*regulations).mark},
		{"us-certification-mark#2.45", "Certification standards", (*regulations).goodsAndCharacteristics},
		{"us-certification-mark#1064-5A", "How the standards are applied, and use is controlled", (*regulations).supervisionAndConditions},
		{"us-certification-mark#1064-5D", "Who may apply", (*regulations).authorised},
	}},
}

// Regulations returns the regulations of use in the shape of an office, as
// Markdown, from the edition and from what the owner says. Whatever is missing
// is told as regulations-gap, each with the name of its field, and nothing is
// returned: a text with a gap must not be filed (C-04). Other errors:
// office-unknown, profile-unknown, those of [Catalogue.Procedure].
func (c *Catalogue) Regulations(office Office, owner *MarkOwner) ([]byte, error) {
	o, ok := offices[office]
	if !ok {
		return nil, unknown("office-unknown", "office", string(office), ids(Offices(), func(o Office) string { return string(o) }))
	}
	p, err := c.Procedure()
	if err != nil {
		return nil, err
	}
	g := &regulations{c: c, p: p, o: owner}
	if owner.Profile != "" {
		if g.profile, err = p.Profile(owner.Profile); err != nil {
			return nil, err
		}
	}
	g.line("# %s\n", o.title)
	g.line("%s. Edition %s, which is %s.", c.Scheme.Title, c.Scheme.Edition, c.Scheme.State)
	sum, err := c.EditionDigest()
	if err != nil {
		return nil, err
	}
	g.line("Its files have the hash `%s`.", sum)
	for _, x := range o.parts {
		g.line("\n## %s\n", x.title)
		x.write(g)
	}
	if len(g.gaps) > 0 {
		return nil, g.gaps
	}
	return []byte(g.String()), nil
}

// regulations writes the parts, and keeps what is missing.
type regulations struct {
	reference
	c       *Catalogue
	p       *Procedure
	o       *MarkOwner
	profile Profile
	gaps    iotmark.Errors
}

// need returns a field that must not be empty.
func (g *regulations) need(field, value string) string {
	if strings.TrimSpace(value) == "" && !slices.ContainsFunc(g.gaps, func(e *iotmark.Error) bool { return e.Field == field }) {
		g.gaps = append(g.gaps, &iotmark.Error{Kind: iotmark.Invalid, ID: "regulations-gap", Field: field, Msg: field + " is missing, and the office asks for it"})
	}
	return value
}

func (g *regulations) owner() {
	g.line("%s, %s. %s", g.need("owner.name", g.o.Name), g.need("owner.address", g.o.Address), g.need("owner.law", g.o.Law))
}

func (g *regulations) noTrade() {
	d, _ := g.p.Declaration(g.p.Controllers.Declaration)
	g.line("%s declares, signed by %s on %s:\n\n> %s\n", g.need("owner.name", g.o.Name), g.need("owner.no_trade.by", g.o.NoTrade.By), g.need("owner.no_trade.on", string(g.o.NoTrade.On)), g.need("declarations."+g.p.Controllers.Declaration, d.Text))
	g.line("It is signed anew every %d months. Without it no mark is granted or renewed.", g.p.Controllers.Months)
}

func (g *regulations) proprietor() {
	g.owner()
	g.line("")
	g.noTrade()
}

func (g *regulations) mark() {
	g.line("%s The drawing is the file %s with the SHA-256 `%s`.", g.need("owner.mark.shows", g.o.Mark.Shows), g.need("owner.mark.file", g.o.Mark.File), g.need("owner.mark.sha256", string(g.o.Mark.SHA256)))
}

func (g *regulations) statement() { g.line("%s", g.need("filing.statement", g.p.Filing.Statement)) }

func (g *regulations) goods() {
	if len(g.p.Filing.Goods) == 0 {
		g.need("filing.goods", "")
	}
	for _, x := range g.p.Filing.Goods {
		g.line("- Class %d: %s.", x.Class, x.What)
	}
}

func (g *regulations) goodsAndCharacteristics() {
	g.goods()
	g.line("")
	g.characteristics()
}

// characteristics are the musts: what a product has that carries the mark.
func (g *regulations) characteristics() {
	g.line("%s\n", g.need("filing.statement", g.p.Filing.Statement))
	g.line("%s\n", g.need("filing.origin", g.p.Filing.Origin))
	g.line("A product that carries the mark meets each of these, where it applies to the product by its facts:\n")
	for _, t := range g.c.Scheme.Topics {
		g.line("### %s\n", t.Title)
		for _, cr := range g.c.InTopic(t.ID) {
			if cr.Level == iotmark.Must {
				g.line("- `%s`: %s", cr.ID, g.need(string(cr.ID)+".statement", cr.Statement))
			}
		}
		g.line("")
	}
}

// clauses writes parts of the licence agreement as they stand.
func (g *regulations) clauses(points ...string) {
	for _, id := range points {
		x, _ := find(g.p.Agreement.Points, func(x AgreementPoint) bool { return x.ID == id })
		_, title, _ := strings.Cut(x.Part, ". ")
		g.line("### %s\n\n%s\n", title, g.need("agreement.points."+id, section(g.p.Agreement.Text, x.Part)))
	}
}

func (g *regulations) conditions() {
	g.line("The mark is used under the licence agreement, version %s, SHA-256 `%s`, of which this is a part:\n", g.need("agreement.version", g.p.Agreement.Version), g.p.Agreement.SHA256)
	g.clauses("scope", "correct-use", "no-official", "tell-changes", "stop")
	g.line("### Sanctions, mildest first\n")
	if len(g.p.Sanctions) == 0 {
		g.need("sanctions", "")
	}
	for _, s := range g.p.Sanctions {
		d, _ := g.p.Deadline(s.Cure)
		g.line("- **%s**: %s. When: %s. Time to act: %d days.", s.ID, s.Means, s.When, d.Days)
	}
}

func (g *regulations) authorised() {
	g.line("%s The terms:\n", g.need("admission.rule", g.p.Admission.Rule))
	if len(g.p.Admission.Terms) == 0 {
		g.need("admission.terms", "")
	}
	for _, t := range g.p.Admission.Terms {
		g.line("- `%s`: %s.", t.ID, t.How)
	}
	g.line("\nA refusal names terms of this list or criteria, with reasons. Whoever was granted the mark for a product may use it for\nthat product, from the grant until the mark ends. The mark is granted by: %s.", g.need("owner.bodies", strings.Join(g.o.Bodies, "; ")))
}

func (g *regulations) control() {
	g.line("%s controls the use of the mark by others through the agreement and the supervision below, and lets these bodies grant\nand withdraw it: %s. It discriminately refuses nobody who meets the standards.", g.need("owner.name", g.o.Name), g.need("owner.bodies", strings.Join(g.o.Bodies, "; ")))
}

func (g *regulations) supervision() {
	p := g.p
	g.line("### Testing\n")
	g.line("A maker describes the product and hands evidence in. A program runs its checks; an assessor reads the evidence, and a\nlaboratory tries a unit where a criterion asks for it. How sure a conclusion is, weakest step first:\n")
	for _, a := range g.c.Scheme.Assurance {
		g.line("- **%s**: %s", a.ID, a.Means)
	}
	g.line("\nEach criterion names the step from which it counts, and its method:\n")
	g.table("criterion", "counts from", "method")
	for _, cr := range g.c.Criteria {
		if cr.Level == iotmark.Must {
			g.row(string(cr.ID), cr.Needs, g.need(string(cr.ID)+".method", cr.Method))
		}
	}
	d, ok := g.profile.Decision(iotmark.MarkGrantedAct)
	if !ok {
		g.need("owner.profile", "")
	}
	g.line("\nThen a reviewer reads the whole case, and a committee decides: %d of %d must agree, and an assessor signs with them; those\nwho sign are of %d organisations. These are never the same person in one case:\n", d.Votes, d.Members, d.Organisations)
	for _, x := range p.Apart {
		if _, apart := p.KeptApart(g.profile, iotmark.Role(x.One), iotmark.Role(x.Other)); apart {
			g.line("- %s and %s: %s;", x.One, x.Other, x.Because)
		}
	}
	g.line("\nNobody takes part who has an interest in the maker or had one in the last %d months. The certification body is neither\nthe owner of the mark nor a maker.\n", p.Interest.Months)
	g.line("### Supervision of use\n")
	g.line("A mark is valid for %d months, or until the promised security support ends. Every %d hours a program looks at:\n", p.Validity.Months, p.Surveillance.RecheckHours)
	for _, x := range p.Surveillance.RecheckMeans {
		g.line("- %s;", x.Means)
	}
	after, _ := p.Deadline(DeadlineSurveillanceAfterGrant)
	look, _ := p.Deadline("misuse.cure")
	g.line("\nA person looks every %d months, and %d days after the grant at the duties that began with it. One mark of %d is bought and\ntried each year. A change of state is public within %d hours. Reports of misuse have an outcome within %d days.", p.Surveillance.Months, after.Days, p.Surveillance.SampleOneIn, p.Publication.StatusHours, look.Days)
}

func (g *regulations) supervisionAndConditions() {
	g.supervision()
	g.line("\n### Conditions of use\n")
	g.conditions()
}

func (g *regulations) fees() {
	f := &g.p.Fees
	g.line("In %s, by the size of the maker, without taxes. No fee depends on a verdict; each is due before it.\n", g.need("fees.currency", f.Currency))
	if len(f.Services) == 0 {
		g.need("fees.services", "")
	}
	head := []string{"for", "per"}
	for _, z := range f.Sizes {
		head = append(head, string(z.ID))
	}
	g.table(head...)
	for _, s := range f.Services {
		cells := []string{s.Means, s.Per}
		for _, z := range f.Sizes {
			cells = append(cells, fmt.Sprint(s.Amount[z.ID]))
		}
		g.row(cells...)
	}
}

func (g *regulations) disputes() {
	g.clauses("appeal", "complaints")
	ack, _ := g.p.Deadline("complaint.acknowledge")
	out, _ := g.p.Deadline("complaint.decide")
	d, ok := g.profile.Decision(iotmark.AppealDecided)
	if !ok {
		g.need("owner.profile", "")
	}
	g.line("Anybody may complain about a product that carries the mark. A complaint is acknowledged within %d days and has an outcome\nwithin %d days after that. An appeal is heard by %d people who took no part before; %d must agree. It costs nothing. After it\na dispute goes to %s.", ack.Days, out.Days, d.Members, d.Votes, g.need("owner.court", g.o.Court))
}
