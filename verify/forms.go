package verify

//go:generate go test . -run TestDocs|TestGolden -update

import (
	"bytes"
	"encoding/json"
	"reflect"
	"sync"
)

// Form says what entries of one type look like.
type Form struct {
	Type    Type
	Subject SubjectKind // what its subject is; none where the entry is of the whole scheme
	New     func() any  // a pointer to an empty body

	subject func(domain string, body any) string // the id within the subject's URN; nil: any UUID
	check   func(c *checker, body any)
	shape   func() *shape // of the body
	open    bool          // the body has more members than are read here
}

// form makes a row of the table of forms.
func form[B any](t Type, kind SubjectKind, subject func(domain string, b *B) string, check func(c *checker, b *B)) Form {
	f := Form{Type: t, Subject: kind, New: func() any { return new(B) }, check: func(c *checker, body any) { check(c, body.(*B)) },
		shape: sync.OnceValue(func() *shape { return shapeOf(reflect.TypeFor[B]()) })}
	if subject != nil {
		f.subject = func(domain string, body any) string { return subject(domain, body.(*B)) }
	}
	return f
}

// forms are all types of entries. What is not here is void.
var forms = func() map[Type]Form {
	m := map[Type]Form{}
	for _, f := range table() {
		m[f.Type] = f
	}
	return m
}()

// table is the table of forms, in the order in which it is printed.
func table() []Form {
	declared := form(DeclarationType, OfProduct, func(_ string, b *DeclarationBody) string { return b.Maker.Domain + ":" + b.Product.ID }, checkDeclaration)
	declared.open = true
	status := func(domain string) string { return domain }
	return []Form{
		form(LogOpened, NoSubject, nil, checkOpened),
		form(KeyringSet, NoSubject, nil, checkKeyring),
		form(PolicySet, NoSubject, nil, checkPolicy),
		form(LogClosed, NoSubject, nil, checkClosed),
		form(CheckpointAnchor, OfStatus, func(d string, _ *AnchorBody) string { return status(d) }, checkAnchor),
		form(StatusPublished, OfStatus, func(d string, _ *StatusBody) string { return status(d) }, checkStatus),
		form(NoteCorrection, NoSubject, nil, checkCorrection),
		form(ProposalPublished, NoSubject, nil, checkProposal),
		form(ConsultationOpen, NoSubject, nil, checkConsultation),
		form(ConsultationClose, NoSubject, nil, checkConsultation),
		form(BallotHeld, NoSubject, nil, checkBallot),
		form(EditionAdopted, OfEdition, func(_ string, b *EditionBody) string { return string(b.Edition) }, checkEdition),
		form(EditionWithdrawn, OfEdition, func(_ string, b *EditionEndBody) string { return string(b.Edition) }, checkEditionEnd),
		form(OrgAccredited, OfOrg, func(_ string, b *OrgBody) string { return b.ID }, checkOrg),
		form(OrgSuspended, OfOrg, func(_ string, b *OrgChangeBody) string { return b.ID }, checkOrgChange),
		form(OrgRestored, OfOrg, func(_ string, b *OrgChangeBody) string { return b.ID }, checkOrgChange),
		form(MakerRegistered, OfMaker, func(_ string, b *MakerBody) string { return b.Domain }, checkMaker),
		declared,
		form(PromiseSet, OfProduct, func(_ string, b *PromiseBody) string { return b.Maker + ":" + b.Product }, checkPromise),
		form(ApplicationAccepted, OfMark, nil, checkApplication),
		form(EvidenceSealed, OfMark, nil, checkSealed),
		form(EvaluationCompleted, OfMark, nil, checkEvaluation),
		form(MarkGranted, OfMark, nil, checkTerms),
		form(MarkRefused, OfMark, nil, checkRefused),
		form(MarkRenewed, OfMark, nil, checkTerms),
		form(MarkAmended, OfMark, nil, checkTerms),
		form(MarkSuspended, OfMark, nil, checkReason),
		form(SuspensionConfirmed, OfMark, nil, checkReason),
		form(MarkRestored, OfMark, nil, checkReason),
		form(MarkWithdrawn, OfMark, nil, checkWithdrawn),
		form(ComplaintOpened, OfMark, nil, checkComplaint),
		form(ComplaintDecided, OfMark, nil, checkOutcome),
		form(AppealOpened, OfMark, nil, checkAppeal),
		form(AppealDecided, OfMark, nil, checkOutcome),
		form(FindingPublished, OfMark, nil, checkFinding),
		form(UnitBatch, OfMark, nil, checkUnits),
	}
}

// Forms returns the table of all types of entries. It is a copy.
func Forms() []Form { return table() }

// FormOf returns the form of a type, and whether there is one.
func FormOf(t Type) (Form, bool) {
	f, ok := forms[t]
	return f, ok
}

// Subject returns the URN of a subject: urn:iotmark:<kind>:<id>. It is empty
// for the whole scheme.
func Subject(kind SubjectKind, id string) string {
	if kind == NoSubject {
		return ""
	}
	return "urn:iotmark:" + string(kind) + ":" + id
}

// SubjectOf returns the subject that an entry of this body must name, and
// false where the body does not say it: the subject of a mark is a UUID that
// its application chose.
func (f Form) SubjectOf(domain string, body any) (string, bool) {
	switch {
	case f.Subject == NoSubject:
		return "", true
	case f.subject == nil:
		return "", false
	}
	return Subject(f.Subject, f.subject(domain, body)), true
}

func (f Form) checkSubject(domain string, s *Signed) error {
	if want, ok := f.SubjectOf(domain, s.body); ok {
		if s.Subject != want {
			return refuse("subject-wrong", "the entry's subject is %q; that of a %s with this body is %q", clip(s.Subject), f.Type, want)
		}
		return nil
	}
	const urn = "urn:iotmark:" + string(OfMark) + ":"
	if len(s.Subject) != len(urn)+36 || s.Subject[:len(urn)] != urn || !isID(s.Subject[len(urn):]) {
		return refuse("subject-wrong", "the entry's subject is %q; that of a %s is %s and a UUID of version 7", clip(s.Subject), f.Type, urn)
	}
	return nil
}

// decode reads a body and checks it. What it accepts is, byte for byte, what
// would be written again; so a member that is named twice, in other letters
// or not at all, a null, a number in another form and an escaped letter are
// all refused.
// The keys that it brings are given as well.
func (f Form) decode(raw []byte) (body any, keys []*Key, err error) {
	if body, err = f.read(raw); err != nil {
		return nil, nil, err
	}
	c := &checker{typ: f.Type}
	f.check(c, body)
	if f.open {
		c.mails(raw)
	}
	return body, c.parsed, c.err
}

// read reads a body: by its shape where it can be, and else the long way.
func (f Form) read(raw []byte) (any, error) {
	body := f.New()
	if !f.open && f.shape().read(raw, body) {
		return body, nil
	}
	body = f.New()
	if err := json.Unmarshal(raw, body); err != nil {
		if err := canonical(raw); err != nil {
			return nil, err
		}
		return nil, refuse("body-wrong", "the body of this %s cannot be read: %s", f.Type, clip(err.Error()))
	}
	if f.open {
		if err := canonical(raw); err != nil {
			return nil, err
		}
	} else if again, err := encode(body); err != nil || !bytes.Equal(again, raw) {
		return nil, f.differs(raw)
	}
	return body, nil
}

// differs says why a body is not what would be written again.
func (f Form) differs(raw []byte) error {
	if err := canonical(raw); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(f.New()); err != nil {
		return refuse("body-wrong", "the body of this %s cannot be read: %s", f.Type, clip(err.Error()))
	}
	return refuse("body-wrong", "the body of this %s lacks a member, or has one that must be left out when it is empty", f.Type)
}

// canonical says whether JSON is in the one form of RFC 8785.
func canonical(raw []byte) error {
	if err := Canonical(raw); err != nil {
		return refuse("malformed", "the entry's line of JSON is not in the one form of RFC 8785: %v", err)
	}
	return nil
}
