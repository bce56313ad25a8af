package publication

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/assess"
	"github.com/open-iot-mark/iotmark/internal/dossier"
	"github.com/open-iot-mark/iotmark/internal/evidence"
)

// Public is the part of a dossier that everyone may see.
type Public struct {
	Declaration *iotmark.Declaration
	Document    []byte           // declaration.json: the declaration's public form
	Dossier     *dossier.Dossier // the same with its evidence as it will be published; it shares the files of the dossier it was made from
	Evidence    []Evidence       // in the order of the declaration, each file once
	Withheld    []Withheld       // public evidence whose bytes stay with the maker all the same, in the order of the declaration
	LeftOut     []string         // dotted fields that are not published, and why, for the maker
}

// Evidence is one public file of evidence.
type Evidence struct {
	File
	Title string
	Open  func() (dossier.Content, error)
}

// Withheld is a piece of evidence that the declaration calls public, and in
// which there is what helps an attacker: a check found it, or the piece holds
// a private key or an access key. Whoever has the bytes has the finding, so
// the piece is published as restricted ones are: by title, kind, date and
// hash. Nobody else can tell it from those.
type Withheld struct {
	Evidence iotmark.EvidenceID
	Title    string
	Checks   []iotmark.CheckID // that found it, in their order
	Secret   string            // what it holds, such as a private key; empty: none was seen
}

// Exploitable returns the evidence in which an assessment found what helps an
// attacker, each piece with the checks that found it.
func Exploitable(a iotmark.Assessment) map[iotmark.EvidenceID][]iotmark.CheckID {
	out := map[iotmark.EvidenceID][]iotmark.CheckID{}
	for _, f := range a.Findings {
		for _, e := range f.Basis {
			if f.Exploitable && !slices.Contains(out[e], f.Check) {
				out[e] = append(out[e], f.Check)
			}
		}
	}
	return out
}

// PublicOf makes the public part of a dossier. It refuses evidence that is
// public and not there, or that is hidden and has no hash to name it by; all
// of it is told in one run as iotmark.Errors. Of evidence in exploitable, of
// evidence that holds a private key or an access key, and of every other piece
// with the same bytes, the bytes are withheld.
func PublicOf(ctx context.Context, d *dossier.Dossier, cat *catalogue.Catalogue, exploitable map[iotmark.EvidenceID][]iotmark.CheckID) (*Public, error) {
	p := &Public{}
	pub, err := cloned(d.Declaration)
	if err != nil {
		return nil, err
	}
	leave := func(field, why string) { p.LeftOut = append(p.LeftOut, field+": "+why) }
	if pub.Support.Reason != "" {
		pub.Support.Reason = ""
		leave("support.reason", "what was weighed is for assessors and authorities")
	}
	pub.Parties = slices.DeleteFunc(pub.Parties, func(x iotmark.Party) bool {
		hide := x.Visibility != "" && x.Visibility != iotmark.Public || x.Visibility == "" && slices.Contains(hiddenRoles, x.Role)
		if hide {
			why := "it is marked " + string(x.Visibility)
			if x.Visibility == "" {
				why = "parties of this role are shown only with visibility: public"
			}
			leave("parties "+x.Role+" "+x.Name, why)
		}
		return hide
	})
	for i := range pub.Recipients {
		if r := &pub.Recipients[i]; r.Role == "processor" && r.ContractSince != "" {
			r.ContractSince = ""
			leave("recipients."+r.ID+".contract_since", "contracts with processors are for assessors and authorities")
		}
	}
	secrets, errs := secretsIn(ctx, d)
	if err := ended(ctx); err != nil {
		return nil, err
	}
	errs = append(errs, p.evidence(d, pub, exploitable, secrets)...)
	if photo := pub.Product.Photo; photo != "" {
		pub.Product.Photo = ""
		for i, it := range d.Items {
			if it.Path == photo && pub.Evidence[i].Path != "" {
				pub.Product.Photo = pub.Evidence[i].Path
			}
		}
		if pub.Product.Photo == "" {
			leave("product.photo", "it is no public evidence; name it under evidence to publish it")
		}
	}
	if len(errs) > 0 {
		return nil, errs
	}
	if p.Document, err = document(pub); err != nil {
		return nil, err
	}
	// What is published is read back as anyone will read it.
	back, err := dossier.Read(DeclarationDoc, p.Document, cat)
	if err != nil {
		return nil, fmt.Errorf("the public form of the declaration is no declaration: %w", err)
	}
	p.Declaration = back.Declaration
	p.Dossier.Name, p.Dossier.Declaration, p.Dossier.Digest = DeclarationDoc, back.Declaration, back.Digest
	return p, nil
}

// hiddenRoles are roles of parties that catalogue/documents/fields.yaml calls
// restricted (parties.factories, supply.chain). The maker may open each.
var hiddenRoles = []string{"factory", "supplier", "original-maker", "designer"}

// secretsIn names the secrets in what would be published, by its bytes. What
// nobody could look through is refused: it is not known to be clean.
func secretsIn(ctx context.Context, d *dossier.Dossier) (map[iotmark.Digest]string, iotmark.Errors) {
	var errs iotmark.Errors
	out := map[iotmark.Digest]string{}
	for _, it := range d.Items {
		if _, ok := out[it.Actual]; ok || it.Actual == "" || hidden(it.Evidence) || it.Standing != iotmark.Held && it.Standing != iotmark.Expired {
			continue
		}
		c, err := it.Open()
		if err == nil {
			out[it.Actual], err = evidence.Secret(ctx, evidence.Source{Name: path.Base(it.Path), Size: it.Size, ReaderAt: c})
			c.Close()
		}
		if err != nil {
			errs = append(errs, notReady(it, reason(err)+". Or keep it restricted"))
		}
	}
	return out, errs
}

func notReady(it dossier.Item, msg string) *iotmark.Error {
	return &iotmark.Error{Kind: iotmark.Invalid, ID: "evidence-not-ready", Field: "evidence." + string(it.ID), Msg: fmt.Sprintf("evidence.%s: %s", it.ID, msg)}
}

// evidence gives every piece of evidence its public form, in place.
func (p *Public) evidence(d *dossier.Dossier, pub *iotmark.Declaration, exploitable map[iotmark.EvidenceID][]iotmark.CheckID, secrets map[iotmark.Digest]string) iotmark.Errors {
	var errs iotmark.Errors
	telling := map[iotmark.Digest][]iotmark.CheckID{} // bytes that tell, under whichever name
	for _, it := range d.Items {
		if c := exploitable[it.ID]; len(c) > 0 && it.Actual != "" {
			telling[it.Actual] = append(telling[it.Actual], c...)
		}
	}
	p.Dossier = &dossier.Dossier{}
	seen := map[string]bool{}
	for i, it := range d.Items {
		e := &pub.Evidence[i]
		refuse := func(msg string) { errs = append(errs, notReady(it, msg)) }
		if c, s := telling[it.Actual], secrets[it.Actual]; (len(c) > 0 || s != "") && !hidden(it.Evidence) {
			p.Withheld = append(p.Withheld, Withheld{it.ID, it.Title, c, s})
			it.Visibility = iotmark.Restricted
		}
		if hidden(it.Evidence) {
			*e = iotmark.Evidence{ID: it.ID, Kind: it.Kind, Title: it.Title, Visibility: it.Visibility, SHA256: it.SHA256, Dated: it.Dated, ValidUntil: it.ValidUntil}
			if it.Actual != "" {
				e.SHA256 = it.Actual
			}
			if e.SHA256 == "" {
				refuse("it is not public and is named by its hash only, so give its sha256")
			}
			p.Dossier.Items = append(p.Dossier.Items, dossier.Item{Evidence: *e, Standing: withheld(it)})
			continue
		}
		switch it.Standing {
		case iotmark.Held, iotmark.Expired:
		case iotmark.Elsewhere, iotmark.Withheld:
			p.Dossier.Items = append(p.Dossier.Items, it)
			continue
		default:
			refuse(it.Problem.Msg + " Bring it in order, keep it restricted with its sha256, or leave it out.")
			continue
		}
		if it.Actual == "" { // expired, and only its address or hash was given
			p.Dossier.Items = append(p.Dossier.Items, it)
			continue
		}
		e.SHA256 = it.Actual
		e.Path = EvidenceDir + "/" + string(it.Actual) + extension(it.Path)
		if !seen[e.Path] {
			seen[e.Path] = true
			p.Evidence = append(p.Evidence, Evidence{File{e.Path, it.Actual, it.Size}, it.Title, it.Open})
		}
		it.Evidence = *e
		p.Dossier.Items = append(p.Dossier.Items, it)
	}
	return errs
}

func hidden(e iotmark.Evidence) bool {
	return e.Visibility != "" && e.Visibility != iotmark.Public
}

// withheld is the standing of hidden evidence for those who have its hash only.
func withheld(it dossier.Item) iotmark.Standing {
	if it.Standing == iotmark.Expired {
		return iotmark.Expired
	}
	return iotmark.Withheld
}

var endings = regexp.MustCompile(`(\.[a-z0-9]{1,8}){1,2}$`)

// extension keeps of a file name what a web server and a reader go by:
// ".tar.gz", and in a capture's the address of the product, without which
// nobody else could run the checks on it again.
func extension(p string) string {
	name := strings.ToLower(path.Base(p))
	if d := evidence.Device(name); d != "" {
		return ".device-" + d + endings.FindString(name)
	}
	return endings.FindString(name)
}

// cloned copies a declaration through its JSON, which facts survive.
func cloned(d *iotmark.Declaration) (*iotmark.Declaration, error) {
	b, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	out := &iotmark.Declaration{}
	return out, json.Unmarshal(b, out)
}

// document writes a published document: indented JSON with a line feed.
func document(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return b.Bytes(), err
}

// Assessment is the published form of an assessment: assessment.json.
// What is below assessment has the schema docs/assessment.schema.json.
type Assessment struct {
	V int `json:"v"` // 1
	// Notice says, in words, that findings may be withheld. It is the same in every publication.
	Notice string `json:"notice"`
	// NotRerun are the checks whose findings rest on what is not public. Their
	// outcomes stand here as the maker's program gave them; nobody else can
	// run them again.
	NotRerun   []iotmark.CheckID  `json:"not_rerun"`
	Assessment iotmark.Assessment `json:"assessment"`
}

// Notice is printed in every published assessment. It promises no day: nothing
// here remembers when a weakness was first found.
const Notice = "Findings that would help an attacker, such as keys, default logins and open weaknesses, go to the maker first and are withheld here. " +
	"No program counts days here: that they become public after the fix, or after 90 days, is a rule for products with the certified mark. Where no result of a check is published, this may be the reason, or there was nothing to look at."

// Messages that stand in place of what is not published.
const (
	NoResult  iotmark.MessageID = "publication.no-result"  // nothing is published: nothing to look at, could not tell, or withheld
	NotPublic iotmark.MessageID = "publication.not-public" // the outcome rests on what is not public
)

// Sensitive are the checks whose failures may help an attacker.
type Sensitive map[iotmark.CheckID]bool

// Reads says of each check whether it may read evidence of a kind; claimed: a
// claim on a criterion that it serves points to the piece.
type Reads map[iotmark.CheckID]func(kind iotmark.EvidenceKind, claimed bool) bool

// AssessmentOf makes the published assessment from two determinations: of the
// whole dossier, and of its public part alone. A check that finds the same in
// both is published as it is, and anybody can run it again. Where they differ,
// something that is not public decided: outcome and evidence are published,
// and no word of what was found. Where nothing that is not public can have
// decided, such as when a bound left out evidence of one of them, what
// everybody finds is published.
//
// A sensitive check that found what helps an attacker has no published result,
// and neither has one that could not tell or had nothing to look at, so that
// silence gives nothing away. No proof then lifts the criteria it guards: what
// is left is the maker's word.
// All conclusions and counts are drawn anew from what is published.
func AssessmentOf(cat *catalogue.Catalogue, p *Public, whole, open iotmark.Assessment, sensitive Sensitive, reads Reads) Assessment {
	mute := muted(cat, sensitive, whole.Findings, open.Findings)
	a := Assessment{V: 1, Notice: Notice, NotRerun: []iotmark.CheckID{}}
	var found []iotmark.Finding
	public := byCheck(open.Findings)
	kept := keptBack{cat: cat, reads: reads, declaration: p.Declaration, holdings: holdings(p, whole, open), unsure: unsure(whole, open), open: open.Unsure}
	for _, id := range order(whole.Findings) {
		of := byCheck(whole.Findings)[id]
		switch {
		case mute[id]:
			found = append(found, iotmark.Finding{Check: id, Version: of[0].Version, Outcome: iotmark.Untested, Message: NoResult})
		case reflect.DeepEqual(of, public[id]):
			found = append(found, of...)
		default:
			of = kept.named(id, bare(of))
			if !kept.explains(id, of) {
				found = append(found, public[id]...)
				continue
			}
			a.NotRerun = append(a.NotRerun, id)
			found = append(found, of...)
		}
	}
	a.Assessment = conclude(cat, p.Declaration, p.Dossier.Digest, whole.AsOf, kept.holdings, found, kept.unsure)
	return a
}

// conclude draws the conclusions from what is published. The plan of what to
// do next is the maker's own and is left out.
func conclude(cat *catalogue.Catalogue, d *iotmark.Declaration, digest iotmark.Digest, asOf iotmark.Date, h []iotmark.Holding, f []iotmark.Finding, unsure []iotmark.FactID) iotmark.Assessment {
	a := assess.Assess(assess.Input{Catalogue: cat, Declaration: d, Digest: digest, AsOf: asOf, Holdings: h, Findings: f, Unsure: unsure})
	for i := range a.Conclusions {
		a.Conclusions[i].Next = nil
	}
	return a
}

// muted are the checks that have no published result.
func muted(cat *catalogue.Catalogue, sensitive Sensitive, determinations ...[]iotmark.Finding) map[iotmark.CheckID]bool {
	out := map[iotmark.CheckID]bool{}
	for _, fs := range determinations {
		for id, of := range byCheck(fs) {
			o := worst(of)
			if exploitable(of) || sensitive[id] && (o == iotmark.CantTell || o == iotmark.Untested) {
				out[id] = true
			}
		}
	}
	for id := range out {
		for _, c := range cat.Serves(id) {
			for _, b := range cat.Bindings.Criteria[c] {
				if b.Role == catalogue.Proof {
					out[b.Check] = true
				}
			}
		}
	}
	return out
}

func exploitable(fs []iotmark.Finding) bool {
	return slices.ContainsFunc(fs, func(f iotmark.Finding) bool { return f.Exploitable })
}

// worst is the outcome that decides among the findings of one check.
func worst(fs []iotmark.Finding) iotmark.Outcome {
	if len(fs) == 0 {
		return ""
	}
	o := fs[0].Outcome
	for _, f := range fs[1:] {
		o = o.Weightier(f.Outcome)
	}
	return o
}

// bare strips findings of all words: check, outcome and evidence are left.
func bare(fs []iotmark.Finding) []iotmark.Finding {
	var out []iotmark.Finding
	for _, f := range fs {
		f = iotmark.Finding{Check: f.Check, Version: f.Version, Outcome: f.Outcome, Message: NotPublic, Basis: f.Basis, Shown: f.Shown}
		if !slices.ContainsFunc(out, func(g iotmark.Finding) bool { return reflect.DeepEqual(f, g) }) {
			out = append(out, f)
		}
	}
	return out
}

func byCheck(fs []iotmark.Finding) map[iotmark.CheckID][]iotmark.Finding {
	out := map[iotmark.CheckID][]iotmark.Finding{}
	for _, f := range fs {
		out[f.Check] = append(out[f.Check], f)
	}
	return out
}

// order lists the checks in the order of their findings.
func order(fs []iotmark.Finding) []iotmark.CheckID {
	var out []iotmark.CheckID
	for _, f := range fs {
		if len(out) == 0 || out[len(out)-1] != f.Check {
			out = append(out, f.Check)
		}
	}
	return out
}

// holdings are those of the public part, and of hidden evidence what everyone
// may know: title, kind, date, hash, and how it stood.
func holdings(p *Public, whole, open iotmark.Assessment) []iotmark.Holding {
	out := slices.Clone(open.Evidence)
	for i, e := range p.Declaration.Evidence {
		if hidden(e) {
			h := whole.Evidence[i]
			out[i] = iotmark.Holding{Evidence: h.Evidence, Kind: h.Kind, Title: h.Title, Standing: h.Standing, SHA256: e.SHA256, Dated: h.Dated, Reason: h.Reason}
		}
	}
	return out
}

// unsure joins the facts that evidence denies.
func unsure(whole, open iotmark.Assessment) []iotmark.FactID {
	out := slices.Concat(whole.Unsure, open.Unsure)
	slices.Sort(out)
	return slices.Compact(out)
}

// Versions are the versions of the checks that ran.
func Versions(a iotmark.Assessment) map[iotmark.CheckID]int {
	out := map[iotmark.CheckID]int{}
	for _, f := range a.Findings {
		out[f.Check] = f.Version
	}
	return out
}
