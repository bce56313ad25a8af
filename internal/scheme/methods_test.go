package scheme_test

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/scheme"
	"github.com/open-iot-mark/iotmark/internal/scheme/schemetest"
	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

// method says how an act is called. Each method of a scheme that takes an On
// stands in the table below with an input that would do.
type method struct {
	act     iotmark.Act
	of      []iotmark.CaseKind // nil: all that have the act
	begins  bool               // it begins a case, and takes none
	program bool               // the program alone does it, and no actor is named
	self    bool               // who may do it follows from what it is given: no test of roles
	args    []any
}

func kinds(ks ...iotmark.CaseKind) []iotmark.CaseKind { return ks }

// methods is the table, for a house with a mark.
func methods(h *schemetest.House, mark string) map[string]method {
	apply := h.Application()
	digest, doc := verifytest.Digest("x"), verifytest.Document("x")
	maker := verifytest.NewMaker("late.example")
	var (
		directory = kinds(iotmark.Directory)
		registers = kinds(iotmark.Registration)
		accredits = kinds(iotmark.Accreditation)
		assesses  = kinds(iotmark.Application, iotmark.Renewal, iotmark.Amendment)
		surveils  = kinds(iotmark.Surveillance)
		edition   = kinds(iotmark.EditionCase)
		complains = kinds(iotmark.Complaint)
		watch     = scheme.SurveillanceBody{Cause: scheme.ByFirmware, Tells: "2.0"}
		grounds   = scheme.ComplaintBody{Grounds: "it phones home"}
	)
	return map[string]method{
		"EnrolOrganisation": {act: "enrol", of: directory, args: []any{scheme.Organisation{ID: "lab-9", Kind: iotmark.OrgLaboratory, Name: "Lab"}}},
		"EnrolPerson":       {act: "enrol", of: directory, args: []any{scheme.Person{ID: "p999", Name: "Pat"}}},
		"Appoint":           {act: "appoint", of: directory, args: []any{scheme.Office{Person: "s1", Organisation: schemetest.Owner, Role: iotmark.RoleSteward}}},
		"Dismiss":           {act: "dismiss", of: directory, args: []any{scheme.Office{Person: "b1", Organisation: "consumers", Role: iotmark.RoleObserver}}},
		"Qualify":           {act: "qualify", of: directory, args: []any{scheme.Competence{Person: "v1", Area: "radio", Shown: "course", Until: "2030-01-01"}}},
		"Declare":           {act: "declare", of: directory, args: []any{scheme.Interest{Organisation: "university", What: "staff", From: "2026-01-01"}}},
		"Erase":             {act: "erase", of: directory, args: []any{"p998"}},
		"Undertake":         {act: "undertake", of: directory, args: []any{scheme.Undertaking{Text: "none"}}},

		"Register": {act: "register", of: registers, begins: true, self: true, args: []any{scheme.Register{Domain: "late.example", Name: "Late", Register: "HRB 2",
			Keys: verifytest.Entries(maker.Keys...), Person: scheme.Person{ID: "a9", Name: "Al"}}}},
		"Prove":    {act: "prove", of: registers, program: true},
		"Admit":    {act: "admit", of: registers},
		"Decline":  {act: "decline", args: []any{[]string{"terms.maker"}}},
		"Withdraw": {act: "withdraw", of: append(kinds(iotmark.Registration), assesses...)},

		"Nominate":            {act: "nominate", of: accredits, begins: true, args: []any{verify.OrgBody{ID: h.Keys.Orgs[0].Body.ID}}},
		"Accredit":            {act: "accredit", of: accredits},
		"SuspendOrganisation": {act: "suspend", of: accredits},
		"RestoreOrganisation": {act: "restore", of: accredits},

		"Apply":     {act: "apply", of: assesses, begins: true, args: []any{iotmark.Application, schemetest.Body, mark, apply}},
		"Ask":       {act: "ask", args: []any{"which hub?"}},
		"Request":   {act: "request", args: []any{"when?"}},
		"Answer":    {act: "answer", args: []any{"soon"}},
		"Accept":    {act: "accept"},
		"Seal":      {act: "seal", of: assesses, args: []any{verify.SealedBody{Items: 1, Root: digest}}},
		"Conclude":  {act: "conclude", args: []any{"none"}},
		"Inspect":   {act: "inspect", args: []any{h.Note("lifecycle.take-back", iotmark.InspectionPass)}},
		"Second":    {act: "second", args: []any{h.Note("lifecycle.take-back", iotmark.InspectionPass)}},
		"Determine": {act: "determine", program: true},
		"Return":    {act: "return"},
		"Review":    {act: "review", args: []any{"grant"}},
		"Grant":     {act: "grant"},
		"Refuse":    {act: "refuse", args: []any{[]iotmark.CriterionID{"CR-001"}}},

		"Open":         {act: "open", of: surveils, begins: true, args: []any{mark, watch}},
		"Notify":       {act: "notify", of: surveils, begins: true, args: []any{mark, watch}},
		"GiveUp":       {act: "give-up", of: surveils, begins: true, args: []any{mark}},
		"Close":        {act: "close", of: kinds(iotmark.Surveillance, iotmark.Misuse)},
		"Publish":      {act: "publish", args: []any{verify.FindingBody{Criterion: "CR-001", Summary: "old"}}},
		"Reduce":       {act: "reduce", args: []any{apply.Product}},
		"Suspend":      {act: "suspend", of: surveils},
		"Confirm":      {act: "confirm"},
		"Restore":      {act: "restore", of: surveils},
		"WithdrawMark": {act: "withdraw", of: surveils},
		"Fixed":        {act: iotmark.ActNote, of: surveils, args: []any{"release 2.0.1"}},
		"Expire":       {act: "expire", program: true},
		"Lapse":        {act: "lapse", program: true},

		"Complain":         {act: "complain", of: complains, begins: true, args: []any{mark, grounds}},
		"DismissComplaint": {act: "dismiss", of: complains},
		"AdmitComplaint":   {act: "admit", of: complains},
		"Outcome":          {act: "decide", args: []any{"upheld"}},
		"Appeal":           {act: "appeal", of: kinds(iotmark.Appeal), begins: true, args: []any{mark, grounds}},
		"Hear":             {act: "hear"},
		"Report":           {act: "report", of: kinds(iotmark.Misuse), begins: true, args: []any{schemetest.Body, mark, grounds}},
		"Warn":             {act: "warn", args: []any{"please stop"}},
		"Pursue":           {act: "pursue"},

		"Declaration": {act: "publish", of: kinds(iotmark.Declaring), begins: true, self: true, args: []any{[]byte("{}")}},
		"Revise":      {act: "revise", args: []any{[]byte("{}")}},
		"Promise":     {act: "promise", args: []any{verify.PromiseBody{}}},
		"Challenge":   {act: "challenge", args: []any{"is it so?"}},
		"Retract":     {act: "retract"},

		"Propose":           {act: "propose", of: edition, begins: true, args: []any{scheme.EditionBody{Proposal: "e-1", Title: "T", Edition: "2027.1", Catalogue: digest, Document: doc, DryRun: doc}}},
		"Consult":           {act: "consult", args: []any{doc, scheme.Day(h.Now(), 90)}},
		"Comment":           {act: "comment", args: []any{"more years"}},
		"Respond":           {act: "respond", args: []any{1, "yes"}},
		"CloseConsultation": {act: "close", of: edition, args: []any{doc}},
		"Cast":              {act: "cast", args: []any{"for"}},
		"Ballot":            {act: "ballot", args: []any{"Adopt?", doc}},
		"Adopt":             {act: "adopt", args: []any{scheme.Day(h.Now(), 90), scheme.Day(h.Now(), 180)}},
		"Retire":            {act: "retire", args: []any{scheme.Day(h.Now(), 90)}},
		"Abandon":           {act: "abandon"},

		"Sign":          {act: iotmark.ActSign, self: true, args: []any{verify.Sig{}}},
		"Support":       {act: iotmark.ActSign},
		"Reject":        {act: iotmark.ActReject},
		"Recuse":        {act: iotmark.ActRecuse},
		"Drop":          {act: iotmark.ActDropped},
		"Assign":        {act: iotmark.ActAssign, args: []any{scheme.Part{Person: "v1", Organisation: schemetest.Body, Role: iotmark.RoleReviewer}}},
		"Release":       {act: iotmark.ActRelease, args: []any{scheme.Part{Person: "v1", Organisation: schemetest.Body, Role: iotmark.RoleReviewer}}},
		"Note":          {act: iotmark.ActNote, args: []any{"seen"}},
		"Supply":        {act: iotmark.ActSupply, args: []any{scheme.Supplied{Name: "a.txt", Class: iotmark.Public}, strings.NewReader("a")}},
		"Read":          {act: iotmark.ActRead, args: []any{digest}},
		"Pay":           {act: iotmark.ActPay, args: []any{"application", "", 1, 1}},
		"Hold":          {act: iotmark.ActHold, args: []any{"court", digest}},
		"Unhold":        {act: iotmark.ActUnhold, args: []any{"court", digest}},
		"EraseEvidence": {act: iotmark.ActErase, args: []any{digest}},
	}
}

// unnamed are the acts that no method of their own does: those that follow
// from a date, from a job, or from the last signature.
var unnamed = []iotmark.Act{"found", "attest", "unattest", iotmark.ActCarried, iotmark.ActRemind, iotmark.ActOverdue, "reseal"}

// fits reports whether the method does its act in a kind of case.
func (m method) fits(k iotmark.CaseKind) bool { return m.of == nil || slices.Contains(m.of, k) }

// call calls it, on a case or to begin one, and returns the error.
func (m method) call(t *testing.T, s *scheme.Scheme, name string, by iotmark.Actor, on scheme.On) error {
	t.Helper()
	f := reflect.ValueOf(s).MethodByName(name)
	in := []reflect.Value{reflect.ValueOf(t.Context())}
	if !m.program {
		in = append(in, reflect.ValueOf(by))
	}
	in = append(in, reflect.ValueOf(on))
	for _, a := range m.args {
		in = append(in, reflect.ValueOf(a))
	}
	out := f.Call(in)
	err, _ := out[len(out)-1].Interface().(error)
	return err
}

// Every method that is an act stands in the table, and every act of the tables
// of procedures is done by one of them, or by nobody who could ask for it.
func TestMethods(t *testing.T) {
	t.Parallel()
	all := methods(schemetest.New(t, t.TempDir()+"/registry.db"), "urn:mark")
	on, ctx := reflect.TypeFor[scheme.On](), reflect.TypeFor[context.Context]()
	typ := reflect.TypeFor[*scheme.Scheme]()
	done := map[iotmark.Act]bool{}
	for i := range typ.NumMethod() {
		f := typ.Method(i)
		takes := slices.Collect(f.Type.Ins())
		m, ok := all[f.Name]
		if ok != slices.Contains(takes, on) {
			t.Errorf("%s: is it an act? An act takes an On, and stands in the table of methods with an input", f.Name)
			continue
		}
		if !ok || f.Name == "MayDo" {
			continue
		}
		done[m.act] = true
		want := 3
		if !m.program {
			want++
		}
		if takes[1] != ctx || len(takes) != want+len(m.args) {
			t.Errorf("%s takes %v; the table has %d inputs", f.Name, takes, len(m.args))
		}
	}
	for _, m := range append(iotmark.CaseMoves(), iotmark.CaseAnytime()...) {
		if done[m.Act] == slices.Contains(unnamed, m.Act) {
			t.Errorf("the act %s: a method does it: %v", m.Act, done[m.Act])
		}
	}
}
