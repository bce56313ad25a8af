package cli

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/dossier"
	"github.com/open-iot-mark/iotmark/internal/publication"
	"github.com/open-iot-mark/iotmark/internal/scheme"
	"github.com/open-iot-mark/iotmark/verify"
)

// maxActFile bounds a file that says what an act is about.
const maxActFile = 1 << 20

// applyFlags are those of an application, beside what the dossier says.
const applyFlags = "to* licence* fee* category scope services edition"

// enrol brings in an organisation where a kind is named, and else a person.
func enrol(d *deed) (scheme.Case, error) {
	if k := d.flag("kind"); k != "" {
		return d.EnrolOrganisation(d.ctx, d.by, d.on, scheme.Organisation{ID: d.arg(0), Kind: iotmark.OrganisationKind(k), Name: d.flag("name"), Domain: d.flag("domain"), Size: d.flag("size")})
	}
	return d.EnrolPerson(d.ctx, d.by, d.on, scheme.Person{ID: d.arg(0), Name: d.flag("name"), Contact: d.flag("contact")})
}

// office reads PERSON@ORGANISATION ROLE.
func (d *deed) office() (scheme.Office, error) {
	who, err := actor(d.arg(0))
	return scheme.Office{Person: who.Person, Organisation: who.Organisation, Role: iotmark.Role(d.arg(1)), Until: d.day("until")}, err
}

// dismiss ends a complaint that is none, or an office.
func dismiss(d *deed) (scheme.Case, error) {
	if !strings.Contains(d.arg(0), "@") {
		return d.DismissComplaint(d.ctx, d.by, d.on)
	}
	o, err := d.office()
	return or(err, func() (scheme.Case, error) { return d.Dismiss(d.ctx, d.by, d.on, o) })
}

// document is hash and size of the file that a flag names; the file itself
// stays where it is.
func (d *deed) document(flag string) (verify.Document, error) {
	b, err := readBounded(d.cmd, d.flag(flag), 64<<20)
	if err != nil {
		return verify.Document{}, err
	}
	return documentOf(b), nil
}

func documentOf(b []byte) verify.Document {
	return verify.Document{SHA256: digestBytes(b), Size: int64(len(b))}
}

func digestBytes(b []byte) iotmark.Digest {
	sum := sha256.Sum256(b)
	return iotmark.Digest(hex.EncodeToString(sum[:]))
}

// file decodes a file of JSON that says what an act is about.
func (d *deed) file(name string, into any) error {
	b, err := readBounded(d.cmd, name, maxActFile)
	if err != nil {
		return err
	}
	j := json.NewDecoder(bytes.NewReader(b))
	j.DisallowUnknownFields()
	if err := j.Decode(into); err != nil {
		return &iotmark.Error{Kind: iotmark.Invalid, ID: "file-malformed", Pos: name, Err: err, Msg: "this is not the JSON that the act takes; docs/certify.md shows it"}
	}
	return nil
}

// mark finds a mark by its code, its URN or its application.
func (d *deed) mark(s string) (string, error) { return d.h.mark(d.ctx, s) }

// mark finds the subject of a mark by its code, by a case about it, or as it
// stands.
func (h *dataHouse) mark(ctx context.Context, s string) (string, error) {
	if strings.HasPrefix(s, "urn:") {
		return s, nil
	}
	code, err := iotmark.ParseCode(s)
	if err != nil {
		if c, e := h.scheme.Case(ctx, iotmark.Program(), s); e == nil && c.Subject != "" {
			return c.Subject, nil
		}
		return "", err
	}
	m, ok, err := h.reg.Public().MarkByCode(ctx, string(code))
	if err == nil && !ok {
		err = &iotmark.Error{Kind: iotmark.NotFound, ID: "mark-unknown", Msg: "the log has no mark " + s}
	}
	return m.Subject, err
}

func propose(d *deed) (scheme.Case, error) {
	var b scheme.EditionBody
	err := d.file(d.arg(0), &b)
	if err == nil && b.Catalogue == "" { // that of the edition which is built in
		var cat *catalogue.Catalogue
		if cat, err = catalogue.Load(); err == nil {
			b.Edition = cmp.Or(b.Edition, cat.Edition)
			b.Catalogue, err = cat.EditionDigest()
		}
	}
	return or(err, func() (scheme.Case, error) { return d.Propose(d.ctx, d.by, d.on, b) })
}

func nominate(d *deed) (scheme.Case, error) {
	var b verify.OrgBody
	err := d.file(d.arg(0), &b)
	return or(err, func() (scheme.Case, error) { return d.Nominate(d.ctx, d.by, d.on, b) })
}

func register(d *deed) (scheme.Case, error) {
	b, err := readBounded(d.cmd, d.flag("keys"), maxActFile)
	if err != nil {
		return scheme.Case{}, err
	}
	keys, err := keyLines(b)
	return or(err, func() (scheme.Case, error) {
		return d.Register(d.ctx, d.by, d.on, scheme.Register{Domain: d.arg(0), Name: d.flag("name"), Register: d.flag("register"), LEI: d.flag("lei"), Size: d.flag("size"), Keys: keys,
			Person: scheme.Person{ID: d.by.Person, Name: d.flag("person")}})
	})
}

// apply applies with a dossier: what the mark will speak about is read from
// its declaration, and its files go into the vault.
func apply(d *deed) (scheme.Case, error) {
	cat, err := catalogue.Load()
	if err != nil {
		return scheme.Case{}, err
	}
	in, err := dossier.Open(d.arg(0), cat, dossier.Options{})
	if err != nil {
		return scheme.Case{}, err
	}
	defer in.Close()
	licence, err := d.document("licence")
	if err != nil {
		return scheme.Case{}, err
	}
	scope, err := d.scope(in.Declaration)
	if err != nil {
		return scheme.Case{}, err
	}
	updates, _ := in.Declaration.Support.UpdatesUntil.Date()
	b := scheme.ApplicationBody{Edition: cmp.Or(iotmark.Edition(d.flag("edition")), cat.Edition), Category: scope.Category, Product: scope, Markets: in.Declaration.Product.Markets,
		Updates: updates, Licence: licence.SHA256, Fee: d.flag("fee"), Dossier: in.Digest}
	kind, mark := iotmark.Application, ""
	if k := d.cmd.Name; k != "apply" {
		kind = map[string]iotmark.CaseKind{"renew": iotmark.Renewal, "amend": iotmark.Amendment}[k]
		if mark, err = d.mark(d.flag("mark")); err != nil {
			return scheme.Case{}, err
		}
	}
	d.on.Case = ""
	c, err := d.Apply(d.ctx, d.by, d.on, kind, d.flag("to"), mark, b)
	if err != nil {
		return c, err
	}
	return d.handIn(c, in)
}

// scope is what the mark will speak about, as the declaration has it.
func (d *deed) scope(decl *iotmark.Declaration) (p verify.ProductTerms, err error) {
	if file := d.flag("scope"); file != "" {
		return p, d.file(file, &p)
	}
	p = verify.ProductTerms{Category: cmp.Or(d.flag("category"), decl.Product.Kind), ID: string(publication.ProductIDOf(decl.Product.Model)), Model: decl.Product.Model, Name: decl.Product.Name,
		Hardware: slices.Sorted(slices.Values(decl.Product.Hardware)), Services: slices.Sorted(slices.Values(list(d.flag("services"))))}
	for _, g := range decl.Product.GTINs {
		p.GTINs = append(p.GTINs, fmt.Sprintf("%014s", g))
	}
	slices.Sort(p.GTINs)
	for _, s := range decl.Software {
		if p.Software.Min == "" || s.Part == "device" {
			p.Software = verify.Software{Min: s.Version, Manifest: s.SHA256}
		}
	}
	return p, nil
}

// handIn puts declaration and evidence of a dossier into the vault.
func (d *deed) handIn(c scheme.Case, in *dossier.Dossier) (scheme.Case, error) {
	on := scheme.On{Case: c.ID, Reason: d.on.Reason}
	b, err := readBounded(d.cmd, filepath.Join(d.arg(0), dossier.FileName), maxActFile)
	if err != nil {
		return c, err
	}
	if c, _, err = d.Supply(d.ctx, d.by, on, scheme.Supplied{Name: dossier.FileName, Class: iotmark.Restricted, Want: in.Digest}, bytes.NewReader(b)); err != nil {
		return c, err
	}
	for _, it := range in.Items {
		if it.Standing != iotmark.Held {
			continue
		}
		r, err := it.Open()
		if err != nil {
			return c, err
		}
		c, _, err = d.Supply(d.ctx, d.by, on, scheme.Supplied{Name: it.Path, Class: cmp.Or(it.Visibility, iotmark.Public), Want: it.Actual, Size: it.Size}, io.NewSectionReader(r, 0, it.Size))
		r.Close()
		if err != nil {
			return c, err
		}
	}
	return c, nil
}

func supply(d *deed) (c scheme.Case, err error) {
	for i, name := range d.cmd.Args().Tail() {
		on := d.on
		if i > 0 {
			on.Version, on.Key = 0, "" // of the case before the first file
		}
		f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			return c, &iotmark.Error{Kind: iotmark.Invalid, ID: "file-missing", Msg: name + " cannot be opened", Err: err}
		}
		c, _, err = d.Supply(d.ctx, d.by, on, scheme.Supplied{Name: filepath.ToSlash(name), Class: iotmark.Visibility(cmp.Or(d.flag("class"), string(iotmark.Restricted)))}, f)
		f.Close()
		if err != nil {
			return c, err
		}
	}
	return c, nil
}

// read writes a piece of evidence to stdout, and then says nothing more.
func read(d *deed) (scheme.Case, error) {
	r, err := d.Read(d.ctx, d.by, d.on, iotmark.Digest(d.arg(1)))
	if err != nil {
		return scheme.Case{}, err
	}
	defer r.Close()
	_, err = io.Copy(d.cmd.Root().Writer, r)
	return scheme.Case{}, err
}

// pay keeps that a fee was paid, of the published table.
func pay(d *deed) (scheme.Case, error) {
	amount, err := strconv.Atoi(d.arg(2))
	if err != nil {
		return scheme.Case{}, usage("%s is no amount; give whole units of the currency of the fee table", d.arg(2))
	}
	units, err := strconv.Atoi(cmp.Or(d.flag("units"), "1"))
	if err != nil {
		return scheme.Case{}, usage("--units %s is no number", d.flag("units"))
	}
	return d.Pay(d.ctx, d.by, d.on, d.arg(1), d.flag("payee"), units, amount)
}

// statement is an act on the statement in the last file that is named.
func statement(do func(*deed, []byte) (scheme.Case, error)) func(*deed) (scheme.Case, error) {
	return func(d *deed) (scheme.Case, error) {
		b, err := readBounded(d.cmd, d.arg(d.cmd.NArg()-1), maxActFile)
		return or(err, func() (scheme.Case, error) { return do(d, bytes.TrimSuffix(b, []byte("\n"))) })
	}
}

func promise(d *deed) (scheme.Case, error) {
	var p verify.PromiseBody
	err := d.file(d.arg(1), &p)
	return or(err, func() (scheme.Case, error) { return d.Promise(d.ctx, d.by, d.on, p) })
}

func publishFinding(d *deed) (scheme.Case, error) {
	var b verify.FindingBody
	err := d.file(d.arg(1), &b)
	return or(err, func() (scheme.Case, error) { return d.Publish(d.ctx, d.by, d.on, b) })
}

func reduce(d *deed) (scheme.Case, error) {
	var p verify.ProductTerms
	err := d.file(d.flag("scope"), &p)
	return or(err, func() (scheme.Case, error) { return d.Reduce(d.ctx, d.by, d.on, p) })
}

// closing ends a case; of a consultation with the document of what was said.
func closing(d *deed) (scheme.Case, error) {
	k, err := d.kind()
	if err != nil || k != iotmark.EditionCase {
		return or(err, func() (scheme.Case, error) { return d.Close(d.ctx, d.by, d.on) })
	}
	if d.flag("document") == "" {
		return scheme.Case{}, usage("case close: a consultation is closed with --document FILE: all comments, and what was done with each")
	}
	doc, err := d.document("document")
	return or(err, func() (scheme.Case, error) { return d.CloseConsultation(d.ctx, d.by, d.on, doc) })
}

func complain(d *deed) (scheme.Case, error) {
	m, err := d.mark(d.arg(0))
	return or(err, func() (scheme.Case, error) { return d.Complain(d.ctx, d.by, d.on, m, d.complaint()) })
}

func appeal(d *deed) (scheme.Case, error) {
	m, err := d.mark(d.arg(0))
	return or(err, func() (scheme.Case, error) { return d.Appeal(d.ctx, d.by, d.on, m, d.complaint()) })
}

func (d *deed) complaint() scheme.ComplaintBody {
	return scheme.ComplaintBody{Grounds: d.flag("grounds"), Tells: d.flag("tells"), Against: iotmark.Digest(d.flag("against")), Where: d.flag("where")}
}

func misused(d *deed) (c scheme.Case, err error) {
	b, m := d.complaint(), ""
	b.Grounds = d.arg(0)
	if s := d.flag("mark"); s != "" {
		if m, err = d.mark(s); err != nil {
			return c, err
		}
		b.Code = s
	}
	return d.Report(d.ctx, d.by, d.on, d.flag("to"), m, b)
}

func warn(d *deed) (scheme.Case, error) {
	b, err := readBounded(d.cmd, d.flag("letter"), 64<<10)
	return or(err, func() (scheme.Case, error) { return d.Warn(d.ctx, d.by, d.on, string(b)) })
}
