package cli

import (
	"context"
	"strconv"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/scheme"
	"github.com/open-iot-mark/iotmark/verify"
)

// deeds is the table of acts as commands, in the order of a mark's life. What
// one does is one method of package scheme; who may, its tables say.
func deeds() []deedRow {
	return []deedRow{
		// Who there is.
		{"enrol", "ID", "bring in an organisation, with --kind, or a person", "kind name* domain size contact", enrol},
		{"appoint", "PERSON@ORGANISATION ROLE", "give a person an office", "until", func(d *deed) (scheme.Case, error) {
			o, err := d.office()
			return or(err, func() (scheme.Case, error) { return d.Appoint(d.ctx, d.by, d.on, o) })
		}},
		{"qualify", "PERSON", "keep a competence that a person has shown", "area* shown* until*", func(d *deed) (scheme.Case, error) {
			return d.Qualify(d.ctx, d.by, d.on, scheme.Competence{Person: d.arg(0), Area: d.flag("area"), Shown: d.flag("shown"), Until: d.day("until")})
		}},
		{"declare", "ORGANISATION", "declare an interest of your own in it", "what* from* to", func(d *deed) (scheme.Case, error) {
			return d.Declare(d.ctx, d.by, d.on, scheme.Interest{Organisation: d.arg(0), What: d.flag("what"), From: d.day("from"), To: d.day("to")})
		}},
		{"undertake", "TEXT", "declare that the owner supplies no products", "", func(d *deed) (scheme.Case, error) {
			return d.Undertake(d.ctx, d.by, d.on, scheme.Undertaking{Text: d.arg(0)})
		}},
		{"erase", "PERSON", "forget the name of a person without office", "", func(d *deed) (scheme.Case, error) { return d.Erase(d.ctx, d.by, d.on, d.arg(0)) }},

		// The criteria.
		{"propose", "FILE", "propose an edition; FILE is JSON", "", propose},
		{"consult", "CASE", "open the consultation on a proposal", "closes* document*", func(d *deed) (scheme.Case, error) {
			doc, err := d.document("document")
			return or(err, func() (scheme.Case, error) { return d.Consult(d.ctx, d.by, d.on, doc, d.day("closes")) })
		}},
		{"comment", "CASE TEXT", "say something in a consultation", "", text((*scheme.Scheme).Comment)},
		{"respond", "CASE NUMBER TEXT", "say what is done with a comment, and why", "", func(d *deed) (scheme.Case, error) {
			n, err := strconv.Atoi(d.arg(1))
			if err != nil {
				return scheme.Case{}, usage("%s is no number of a comment", d.arg(1))
			}
			return d.Respond(d.ctx, d.by, d.on, n, d.arg(2))
		}},
		{"cast", "CASE VOTE", "vote on a proposal: for, against, abstain", "", text((*scheme.Scheme).Cast)},
		{"ballot", "CASE", "draft what was voted", "question* minutes*", func(d *deed) (scheme.Case, error) {
			doc, err := d.document("minutes")
			return or(err, func() (scheme.Case, error) { return d.Ballot(d.ctx, d.by, d.on, d.flag("question"), doc) })
		}},
		{"adopt", "CASE", "draft the adoption of an edition", "from* transition", func(d *deed) (scheme.Case, error) {
			return d.Adopt(d.ctx, d.by, d.on, d.day("from"), d.day("transition"))
		}},
		{"retire", "CASE", "draft the end of an edition", "from*", func(d *deed) (scheme.Case, error) { return d.Retire(d.ctx, d.by, d.on, d.day("from")) }},
		{"abandon", "CASE", "end a proposal", "", plain((*scheme.Scheme).Abandon)},

		// Who evaluates.
		{"nominate", "FILE", "propose a laboratory or a body; FILE is JSON", "", nominate},
		{"accredit", "CASE", "draft the accreditation", "", plain((*scheme.Scheme).Accredit)},

		// Makers.
		{"register", "DOMAIN", "register a maker", "name* register* lei size keys* person*", register},
		{"prove", "CASE", "look whether the maker's domain shows the token", "resolver", func(d *deed) (scheme.Case, error) { return d.Prove(d.ctx, d.on) }},
		{"admit", "CASE", "draft that a maker, or a complaint, is taken in", "", byKind(plain((*scheme.Scheme).Admit), iotmark.Complaint, plain((*scheme.Scheme).AdmitComplaint))},

		// From the application to the decision.
		{"apply", "DOSSIER", "apply for a mark", applyFlags, apply},
		{"renew", "DOSSIER", "apply for the renewal of a mark", "mark* " + applyFlags, apply},
		{"amend", "DOSSIER", "apply for another scope of a mark", "mark* " + applyFlags, apply},
		{"ask", "CASE TEXT", "ask the applicant; the clock stops", "", text((*scheme.Scheme).Ask)},
		{"request", "CASE TEXT", "ask the maker for evidence; the clock stops", "", text((*scheme.Scheme).Request)},
		{"answer", "CASE TEXT", "answer the last question; the clock goes on", "", text((*scheme.Scheme).Answer)},
		{"accept", "CASE", "take an application in", "", plain((*scheme.Scheme).Accept)},
		{"decline", "CASE", "end what was only taken in; names what is not met", "criteria*", func(d *deed) (scheme.Case, error) {
			return d.Decline(d.ctx, d.by, d.on, list(d.flag("criteria")))
		}},
		{"assign", "CASE PERSON@ORGANISATION ROLE", "give a person a part in a case", "", part((*scheme.Scheme).Assign)},
		{"release", "CASE PERSON@ORGANISATION ROLE", "take a part away again", "", part((*scheme.Scheme).Release)},
		{"note", "CASE TEXT", "write something down that is not public", "", text((*scheme.Scheme).Note)},
		{"supply", "CASE FILE...", "hand evidence in", "class", supply},
		{"read", "CASE SHA256", "open evidence; it leaves a record", "", read},
		{"seal", "CASE", "fix the evidence that was handed in", "", func(d *deed) (scheme.Case, error) { return d.Seal(d.ctx, d.by, d.on, verify.SealedBody{}) }},
		{"inspect", "CASE FILE", "keep inspection notes; FILE is JSON", "", inspection(func(d *deed, n ...iotmark.Inspection) (scheme.Case, error) { return d.Inspect(d.ctx, d.by, d.on, n...) })},
		{"second", "CASE FILE", "keep notes that are a second opinion", "", inspection(func(d *deed, n ...iotmark.Inspection) (scheme.Case, error) { return d.Second(d.ctx, d.by, d.on, n...) })},
		{"conclude", "CASE", "end the evaluation", "interests*", func(d *deed) (scheme.Case, error) { return d.Conclude(d.ctx, d.by, d.on, d.flag("interests")) }},
		{"return", "CASE", "send a case back to the evaluation", "", plain((*scheme.Scheme).Return)},
		{"review", "CASE OUTCOME", "recommend to grant or to refuse", "", text((*scheme.Scheme).Review)},
		{"grant", "CASE", "draft the grant, renewal or amendment", "", plain((*scheme.Scheme).Grant)},
		{"refuse", "CASE", "draft that there is no mark; names the criteria", "criteria*", func(d *deed) (scheme.Case, error) {
			return d.Refuse(d.ctx, d.by, d.on, criterionIDs(d.flag("criteria")))
		}},

		// What waits for signatures.
		{"support", "CASE", "vote for a decision that the log does not see", "", plain((*scheme.Scheme).Support)},
		{"reject", "CASE", "vote against what waits", "", plain((*scheme.Scheme).Reject)},
		{"recuse", "CASE", "stand aside from what waits", "", plain((*scheme.Scheme).Recuse)},
		{"drop", "CASE", "take back what you drafted", "", plain((*scheme.Scheme).Drop)},

		// While the mark lives.
		{"open", "MARK", "open a case of surveillance", "cause* tells* criteria private", surveil((*scheme.Scheme).Open)},
		{"notify", "MARK", "tell of a change of your product", "cause* tells* criteria private", surveil((*scheme.Scheme).Notify)},
		{"close", "CASE", "end surveillance, a misuse or a consultation", "document", closing},
		{"publish", "CASE FILE", "draft a finding for the log; FILE is JSON", "", publishFinding},
		{"fixed", "CASE", "say where the fix is; the finding may be told", "where*", func(d *deed) (scheme.Case, error) { return d.Fixed(d.ctx, d.by, d.on, d.flag("where")) }},
		{"suspend", "CASE", "draft that a mark, or an organisation, rests", "", byKind(plain((*scheme.Scheme).Suspend), iotmark.Accreditation, plain((*scheme.Scheme).SuspendOrganisation))},
		{"confirm", "CASE", "draft that a suspension stays", "", plain((*scheme.Scheme).Confirm)},
		{"restore", "CASE", "draft that it may be used again", "", byKind(plain((*scheme.Scheme).Restore), iotmark.Accreditation, plain((*scheme.Scheme).RestoreOrganisation))},
		{"reduce", "CASE", "draft a smaller scope", "scope*", reduce},
		{"withdraw", "CASE", "end an application; or draft the end of a mark", "", byKind(plain((*scheme.Scheme).Withdraw), iotmark.Surveillance, plain((*scheme.Scheme).WithdrawMark))},
		{"give-up", "MARK", "draft the end of your own mark", "", func(d *deed) (scheme.Case, error) {
			m, err := d.mark(d.arg(0))
			return or(err, func() (scheme.Case, error) { return d.GiveUp(d.ctx, d.by, d.on, m) })
		}},

		// What is kept.
		{"pay", "CASE SERVICE AMOUNT", "keep that a fee was paid", "units payee", pay},
		{"hold", "CASE SHA256", "keep evidence whatever its time", "name*", func(d *deed) (scheme.Case, error) {
			return d.Hold(d.ctx, d.by, d.on, d.flag("name"), iotmark.Digest(d.arg(1)))
		}},
		{"unhold", "CASE SHA256", "end a hold", "name*", func(d *deed) (scheme.Case, error) {
			return d.Unhold(d.ctx, d.by, d.on, d.flag("name"), iotmark.Digest(d.arg(1)))
		}},
		{"erase-evidence", "CASE SHA256", "destroy evidence that names people", "", func(d *deed) (scheme.Case, error) {
			return d.EraseEvidence(d.ctx, d.by, d.on, iotmark.Digest(d.arg(1)))
		}},

		// The open declaration, which is no mark.
		{"declaration", "STATEMENT", "publish an open declaration", "", statement(func(d *deed, b []byte) (scheme.Case, error) { return d.Declaration(d.ctx, d.by, d.on, b) })},
		{"revise", "CASE STATEMENT", "put another statement in its place", "", statement(func(d *deed, b []byte) (scheme.Case, error) { return d.Revise(d.ctx, d.by, d.on, b) })},
		{"promise", "CASE FILE", "set dated promises; FILE is JSON", "", promise},
		{"challenge", "CASE TEXT", "say that something in a declaration is not so", "", text((*scheme.Scheme).Challenge)},
		{"retract", "CASE", "end a declaration", "", plain((*scheme.Scheme).Retract)},

		// Complaints, appeals, misuse.
		{"complain", "MARK", "complain about a mark", "grounds* tells", complain},
		{"dismiss", "CASE|PERSON@ORGANISATION [ROLE]", "end a complaint that is none; or an office", "", dismiss},
		{"appeal", "MARK", "appeal against a decision on your mark", "against* grounds* tells", appeal},
		{"hear", "CASE", "begin the hearing: the panel is complete", "", plain((*scheme.Scheme).Hear)},
		{"decide", "CASE OUTCOME", "draft: upheld, partly-upheld, rejected", "", text((*scheme.Scheme).Outcome)},
		{"report", "TEXT", "report a misuse of the mark", "to mark where tells", misused},
		{"warn", "CASE", "write to whoever misuses the mark", "letter*", warn},
		{"pursue", "CASE", "go on from a misuse to surveillance, or the law", "", plain((*scheme.Scheme).Pursue)},
	}
}

// plain is an act that takes a case and a reason, and no more.
func plain(do func(*scheme.Scheme, context.Context, iotmark.Actor, scheme.On) (scheme.Case, error)) func(*deed) (scheme.Case, error) {
	return func(d *deed) (scheme.Case, error) { return do(d.Scheme, d.ctx, d.by, d.on) }
}

// text is an act that takes one text, or one word, beside the case.
func text(do func(*scheme.Scheme, context.Context, iotmark.Actor, scheme.On, string) (scheme.Case, error)) func(*deed) (scheme.Case, error) {
	return func(d *deed) (scheme.Case, error) { return do(d.Scheme, d.ctx, d.by, d.on, d.arg(1)) }
}

// part is an act on somebody's part in a case.
func part(do func(*scheme.Scheme, context.Context, iotmark.Actor, scheme.On, scheme.Part) (scheme.Case, error)) func(*deed) (scheme.Case, error) {
	return func(d *deed) (scheme.Case, error) {
		who, err := actor(d.arg(1))
		return or(err, func() (scheme.Case, error) {
			return do(d.Scheme, d.ctx, d.by, d.on, scheme.Part{Person: who.Person, Organisation: who.Organisation, Role: iotmark.Role(d.arg(2))})
		})
	}
}

// surveil is an act that begins a case of surveillance.
func surveil(do func(*scheme.Scheme, context.Context, iotmark.Actor, scheme.On, string, scheme.SurveillanceBody) (scheme.Case, error)) func(*deed) (scheme.Case, error) {
	return func(d *deed) (scheme.Case, error) {
		m, err := d.mark(d.arg(0))
		return or(err, func() (scheme.Case, error) {
			return do(d.Scheme, d.ctx, d.by, d.on, m, scheme.SurveillanceBody{Cause: scheme.Cause(d.flag("cause")), Tells: d.flag("tells"), Criteria: criterionIDs(d.flag("criteria")), Private: d.day("private")})
		})
	}
}

// byKind chooses between two acts of the same word by the kind of the case.
func byKind(do func(*deed) (scheme.Case, error), k iotmark.CaseKind, other func(*deed) (scheme.Case, error)) func(*deed) (scheme.Case, error) {
	return func(d *deed) (scheme.Case, error) {
		switch c, err := d.kind(); {
		case err != nil:
			return scheme.Case{}, err
		case c == k:
			return other(d)
		}
		return do(d)
	}
}

// kind is that of the case, whoever asks: which act is meant is no secret, and
// the act itself says who may.
func (d *deed) kind() (iotmark.CaseKind, error) {
	c, err := d.Case(d.ctx, iotmark.Program(), d.on.Case)
	return c.Kind, err
}

// or goes on where nothing went wrong yet.
func or(err error, do func() (scheme.Case, error)) (scheme.Case, error) {
	if err != nil {
		return scheme.Case{}, err
	}
	return do()
}

func criterionIDs(s string) (out []iotmark.CriterionID) {
	for _, id := range list(s) {
		out = append(out, iotmark.CriterionID(id))
	}
	return out
}
