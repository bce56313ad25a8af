package verify_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

type (
	scheme = verifytest.Scheme
	draft  = verifytest.Draft
)

// evaluated gives a mark that could be granted next.
func evaluated(s *scheme) *verifytest.Mark {
	m := s.Makers[0]
	s.Promise(m, "lamp")
	k := s.NewMark(m, "lamp")
	k.Apply()
	k.Seal()
	k.Evaluate()
	return k
}

// sealed gives a mark that could be evaluated next.
func sealed(s *scheme) *verifytest.Mark {
	k := evaluated(s)
	k.Seal()
	return k
}

// tryTerms appends a void entry with the terms that come next, changed.
func tryTerms(k *verifytest.Mark, t verify.Type, change func(*verify.TermsBody), signers ...verifytest.Key) {
	b := k.TermsOf()
	if change != nil {
		change(&b)
	}
	if signers == nil {
		signers = []verifytest.Key{k.Org.Keys[0], k.S.Committee[0], k.S.Committee[1]}
	}
	k.S.AppendVoid(draft{Type: t, Subject: k.Subject, Body: b, Signers: signers})
}

// tryKeyring appends a void keyring.set.
func tryKeyring(s *scheme, b verify.KeyringBody, signers ...verifytest.Key) {
	if signers == nil {
		signers = s.Root[:3]
	}
	s.AppendVoid(draft{Type: verify.KeyringSet, Body: b, Signers: signers})
}

func tryReason(k *verifytest.Mark, t verify.Type, b verify.ReasonBody, signers ...verifytest.Key) {
	k.S.AppendVoid(draft{Type: t, Subject: k.Subject, Body: b, Signers: signers})
}

// lastNote takes the last entry back and gives its bytes.
func lastNote(s *scheme) []byte {
	n := s.Entries[len(s.Entries)-1]
	s.Entries, s.Births = s.Entries[:len(s.Entries)-1], s.Births[:len(s.Births)-1]
	return n
}

// voidCases append one void entry, the last. Unless they ask for a bare
// scheme, everything before has effect.
var voidCases = []struct {
	name   string
	reason iotmark.ErrorID
	bare   bool
	do     func(s *scheme)
}{
	{"nothing", "malformed", false, func(s *scheme) { s.AppendBytes(nil, 0) }},
	{"noise", "malformed", false, func(s *scheme) { s.AppendBytes([]byte("noise"), 0) }},
	{"one byte changed in the form", "malformed", false, func(s *scheme) {
		s.Correct(verifytest.At{Leaf: verifytest.Digest("x")})
		n := lastNote(s)
		s.AppendBytes(bytes.Replace(n, []byte(`{"body":`), []byte(`{ "body":`), 1), 0)
	}},
	{"another scheme", "domain-wrong", false, func(s *scheme) {
		o := verifytest.New(s.T, verifytest.Opts{Domain: "other.example"})
		s.AppendBytes(o.Entries[len(o.Entries)-1], 0)
	}},
	{"another version", "version-unknown", false, func(s *scheme) {
		s.Correct(verifytest.At{Leaf: verifytest.Digest("x")})
		s.AppendBytes(bytes.Replace(lastNote(s), []byte(`"v":1}`), []byte(`"v":2}`), 1), 0)
	}},
	{"another type", "type-unknown", false, func(s *scheme) {
		s.Correct(verifytest.At{Leaf: verifytest.Digest("x")})
		s.AppendBytes(bytes.Replace(lastNote(s), []byte(`"type":"note.correction"`), []byte(`"type":"note.corrected"`), 1), 0)
	}},
	{"a subject of another maker", "subject-wrong", false, func(s *scheme) {
		s.Promise(s.Makers[0], "lamp")
		s.AppendBytes(bytes.Replace(lastNote(s), []byte("product:maker1"), []byte("product:maker2"), 1), 0)
	}},
	{"a body with a member too many", "body-wrong", false, func(s *scheme) {
		s.Correct(verifytest.At{Leaf: verifytest.Digest("x")})
		s.AppendBytes(bytes.Replace(lastNote(s), []byte(`"text":`), []byte(`"tax":1,"text":`), 1), 0)
	}},
	{"a consultation closed with other days", "body-wrong", false, func(s *scheme) {
		s.Propose("next")
		b := verify.ConsultationBody{Closes: s.Day(0), Document: verifytest.Document("q"), Opens: s.Today(), Proposal: "next"}
		s.Append(draft{Type: verify.ConsultationOpen, Body: b, Signers: s.Committee[:1]})
		b.Opens = s.Day(-1)
		s.AppendVoid(draft{Type: verify.ConsultationClose, Body: b, Signers: s.Committee[:1]})
	}},
	{"an id twice", "id-used", false, func(s *scheme) {
		at := s.Promise(s.Makers[0], "lamp")
		s.AppendVoid(draft{Type: verify.PromiseSet, Subject: s.Makers[0].Product("lamp"), Body: s.PromiseOf(s.Makers[0], "lamp"), Signers: s.Makers[0].Keys, ID: at.ID})
	}},
	{"the same entry twice", "id-used", false, func(s *scheme) { s.AppendBytes(s.Entries[len(s.Entries)-1], 0) }},
	{"no prev", "prev-wrong", false, func(s *scheme) {
		s.Promise(s.Makers[0], "lamp")
		none := iotmark.Digest("")
		s.AppendVoid(draft{Type: verify.PromiseSet, Subject: s.Makers[0].Product("lamp"), Body: s.PromiseOf(s.Makers[0], "lamp"), Signers: s.Makers[0].Keys, Prev: &none})
	}},
	{"a prev that was overtaken", "prev-wrong", false, func(s *scheme) {
		old := s.Promise(s.Makers[0], "lamp").Leaf
		s.Promise(s.Makers[0], "lamp")
		s.AppendVoid(draft{Type: verify.PromiseSet, Subject: s.Makers[0].Product("lamp"), Body: s.PromiseOf(s.Makers[0], "lamp"), Signers: s.Makers[0].Keys, Prev: &old})
	}},
	{"a prev of a new subject", "prev-wrong", false, func(s *scheme) {
		s.AppendVoid(draft{Type: verify.PromiseSet, Subject: s.Makers[0].Product("lamp"), Body: s.PromiseOf(s.Makers[0], "lamp"), Signers: s.Makers[0].Keys, Prev: &s.Ring})
	}},
	{"a clock ahead of the witnesses by a second", "clock-ahead", false, func(s *scheme) {
		s.AppendVoid(draft{Type: verify.NoteCorrection, Body: verify.CorrectionBody{Leaf: s.Ring, Text: "x"}, Signers: s.Committee[:2], Time: s.Now, Seen: s.Now.Add(-time.Second)})
	}},
	{"a clock in another century", "clock-ahead", false, func(s *scheme) {
		s.Opts.Unwitnessed = true
		s.AppendVoid(draft{Type: verify.NoteCorrection, Body: verify.CorrectionBody{Leaf: s.Ring, Text: "x"}, Signers: s.Committee[:2], Time: time.Date(2137, 1, 1, 0, 0, 0, 0, time.UTC)})
	}},
	{"a decision from before the log", "before-log", false, func(s *scheme) {
		s.AppendVoid(draft{Type: verify.PromiseSet, Subject: s.Makers[0].Product("lamp"), Body: s.PromiseOf(s.Makers[0], "lamp"), Signers: s.Makers[0].Keys, Time: s.Opts.Start.Add(-time.Second), Seen: s.Now})
	}},
	{"a wrong signature beside enough right ones", "signature-wrong", false, func(s *scheme) {
		bad := s.Committee[2]
		bad.Private = slices.Clone(bad.Private)
		d := draft{Type: verify.NoteCorrection, Body: verify.CorrectionBody{Leaf: s.Ring, Text: "x"}, Signers: s.Committee[:3]}
		n, _ := s.Note(d)
		o, _ := s.Note(draft{Type: verify.NoteCorrection, Body: verify.CorrectionBody{Leaf: s.Ring, Text: "y"}, Signers: s.Committee[2:3]})
		wrong := o[bytes.LastIndexByte(o[:len(o)-1], '\n')+1:]
		right := n[bytes.LastIndexByte(n[:len(n)-1], '\n')+1:]
		s.AppendBytes(bytes.Replace(n, right, wrong, 1), 0)
	}},
	{"a new key that signs another text", "signature-wrong", false, func(s *scheme) {
		m := verifytest.NewMaker("new.example")
		n, _ := s.Note(draft{Type: verify.MakerRegistered, Subject: m.Subject(), Body: m.Body, Signers: append(m.Keys, s.Operator)})
		o, _ := s.Note(draft{Type: verify.MakerRegistered, Subject: m.Subject(), Body: m.Body, Signers: append(m.Keys, s.Operator)})
		s.AppendBytes(append(n[:len(n)-len(sigLines(n))], append(sigLine(n, 0), sigLine(o, 1)...)...), 0)
	}},

	{"no log.opened first", "act-not-allowed", true, func(s *scheme) { tryKeyring(s, s.Keyring) }},
	{"log.opened at index 1", "act-not-allowed", true, func(s *scheme) {
		s.AppendBytes([]byte("noise"), 0)
		s.AppendVoid(draft{Type: verify.LogOpened, Signers: s.Root[:3], Body: verify.OpenedBody{Domain: s.Opts.Domain, Generation: 1, Origin: s.Origin}})
	}},
	{"log.opened of another origin", "domain-wrong", true, func(s *scheme) {
		s.AppendVoid(draft{Type: verify.LogOpened, Signers: s.Root[:3], Body: verify.OpenedBody{Domain: s.Opts.Domain, Generation: 1, Origin: "log.other.example/1"}})
	}},
	{"log.opened by two", "signers-missing", true, func(s *scheme) {
		s.AppendVoid(draft{Type: verify.LogOpened, Signers: s.Root[:2], Body: verify.OpenedBody{Domain: s.Opts.Domain, Generation: 1, Origin: s.Origin}})
	}},
	{"an act before the keyring", "act-not-allowed", true, func(s *scheme) {
		s.Open()
		s.AppendVoid(draft{Type: verify.PolicySet, Body: verify.PolicyBody{Policy: s.Trust.Policy}, Signers: s.Root[:3]})
	}},
	{"log.opened twice", "act-not-allowed", false, func(s *scheme) {
		s.AppendVoid(draft{Type: verify.LogOpened, Signers: s.Root[:3], Body: verify.OpenedBody{Domain: s.Opts.Domain, Generation: 1, Origin: s.Origin}})
	}},
	{"anything after log.closed", "log-closed", false, func(s *scheme) {
		s.Close()
		s.AppendVoid(draft{Type: verify.NoteCorrection, Body: verify.CorrectionBody{Leaf: s.Ring, Text: "x"}, Signers: s.Committee[:2]})
	}},

	{"a first keyring by strangers", "signers-missing", true, func(s *scheme) {
		s.Open()
		tryKeyring(s, s.Keyring, s.Committee[:3]...)
	}},
	{"a first keyring without a root key of the trust", "keyring-shrunk", true, func(s *scheme) {
		s.Open()
		b := s.Keyring
		b.Keys = slices.DeleteFunc(slices.Clone(b.Keys), func(k verify.KeyEntry) bool { return k.Name == s.Root[4].Name })
		tryKeyring(s, b)
	}},
	{"a keyring by two of the root", "signers-missing", false, func(s *scheme) { tryKeyring(s, s.Keyring, s.Root[:2]...) }},
	{"a keyring by the committee", "role-not-valid", false, func(s *scheme) { tryKeyring(s, s.Keyring, s.Committee...) }},
	{"a keyring that the new root did not sign", "signers-missing", false, func(s *scheme) {
		b := s.EndKeys(s.Root[0].Name, s.Root[1].Name)
		b.Keys = append(b.Keys, verifytest.NewKey(s.Opts.Domain+"/root/6", "consumers", "r6", verify.Root).KeyEntry)
		slices.SortFunc(b.Keys, func(a, b verify.KeyEntry) int { return strings.Compare(a.Name, b.Name) })
		tryKeyring(s, b)
	}},
	{"a keyring without a key", "keyring-shrunk", false, func(s *scheme) {
		b := s.Keyring
		b.Keys = slices.DeleteFunc(slices.Clone(b.Keys), func(k verify.KeyEntry) bool { return k.Name == s.Issuer.Name })
		tryKeyring(s, b)
	}},
	{"a keyring with a key of another person", "keyring-shrunk", false, func(s *scheme) {
		b := s.EndKeys()
		b.Keys[0].Person = "c9"
		tryKeyring(s, b)
	}},
	{"an end that is taken back", "keyring-shrunk", false, func(s *scheme) {
		s.SetKeyring(s.EndKeys(s.Committee[4].Name))
		b := s.EndKeys()
		for i := range b.Keys {
			b.Keys[i].Until = nil
		}
		tryKeyring(s, b)
	}},
	{"an end in the past", "until-wrong", false, func(s *scheme) {
		b := s.EndKeys(s.Committee[4].Name)
		for i := range b.Keys {
			if u := b.Keys[i].Until; u != nil {
				before := *u - 1
				b.Keys[i].Until = &before
			}
		}
		tryKeyring(s, b)
	}},
	{"an announced end that is put off", "until-wrong", false, func(s *scheme) {
		later := func(b verify.KeyringBody, by int64) verify.KeyringBody {
			for i := range b.Keys {
				if u := b.Keys[i].Until; u != nil {
					after := *u + by
					b.Keys[i].Until = &after
				}
			}
			return b
		}
		s.SetKeyring(later(s.EndKeys(s.Committee[4].Name), 50))
		b := s.EndKeys()
		tryKeyring(s, later(b, 1))
	}},
	{"a person of two organisations, of whom one is to end", "person-twice", false, func(s *scheme) {
		b := s.EndKeys(s.Committee[0].Name)
		for i := range b.Keys {
			if u := b.Keys[i].Until; u != nil {
				after := *u + 100
				b.Keys[i].Until = &after
			}
		}
		s.SetKeyring(b)
		tryKeyring(s, s.WithKeys(verifytest.NewKey(s.Opts.Domain+"/committee/7", "university", "c1", verify.Committee)))
	}},
	{"a name of an assessor's key", "key-used", false, func(s *scheme) {
		k := s.Orgs[0].Keys[0]
		tryKeyring(s, s.WithKeys(verifytest.NewKey(k.Name, "engineers", "c7", verify.Committee)))
	}},
	{"a key of an assessor under another name", "key-used", false, func(s *scheme) {
		k := s.Orgs[0].Keys[0]
		k.Name, k.Role, k.Org, k.Person = s.Opts.Domain+"/committee/7", verify.Committee, "engineers", "c7"
		tryKeyring(s, s.WithKeys(k))
	}},
	{"a person of two organisations", "person-twice", false, func(s *scheme) {
		tryKeyring(s, s.WithKeys(verifytest.NewKey(s.Opts.Domain+"/committee/7", "university", "c1", verify.Committee)))
	}},
	{"a maker's new key that has not signed", "signers-missing", false, func(s *scheme) {
		m := verifytest.NewMaker("new.example")
		s.AppendVoid(draft{Type: verify.MakerRegistered, Subject: m.Subject(), Body: m.Body, Signers: []verifytest.Key{s.Operator}})
	}},
	{"a maker's key that the operator made up", "signers-missing", false, func(s *scheme) {
		m := withKey(s.Makers[0])
		s.AppendVoid(draft{Type: verify.MakerRegistered, Subject: m.Subject(), Body: m.Body, Signers: []verifytest.Key{s.Operator, m.Keys[1]}})
	}},
	{"a maker registered by another maker", "role-not-valid", false, func(s *scheme) {
		m := s.Makers[0]
		m.Body.Name = "Another"
		s.AppendVoid(draft{Type: verify.MakerRegistered, Subject: m.Subject(), Body: m.Body, Signers: []verifytest.Key{s.Operator, s.Makers[1].Keys[0]}})
	}},

	{"a proposal twice", "act-not-allowed", false, func(s *scheme) {
		s.AppendVoid(draft{Type: verify.ProposalPublished, Signers: s.Committee[:1], Body: verify.ProposalBody{Document: verifytest.Document("x"), DryRun: verifytest.Document("y"), Proposal: s.Edition.Proposal, Title: "Again"}})
	}},
	{"a consultation on nothing", "reference-missing", false, func(s *scheme) {
		s.AppendVoid(draft{Type: verify.ConsultationOpen, Signers: s.Committee[:1], Body: verify.ConsultationBody{Closes: s.Day(1), Document: verifytest.Document("x"), Opens: s.Today(), Proposal: "none"}})
	}},
	{"a consultation that ends early", "act-not-allowed", false, func(s *scheme) {
		s.Propose("next")
		b := verify.ConsultationBody{Closes: s.Day(60), Document: verifytest.Document("q"), Opens: s.Today(), Proposal: "next"}
		s.Append(draft{Type: verify.ConsultationOpen, Body: b, Signers: s.Committee[:1]})
		s.Pass(59)
		s.AppendVoid(draft{Type: verify.ConsultationClose, Body: b, Signers: s.Committee[:1]})
	}},
	{"a ballot before the consultation", "act-not-allowed", false, func(s *scheme) { s.Propose("next"); tryBallot(s, "next", 3, s.Committee[:3]...) }},
	{"a ballot with more votes than people", "ballot-wrong", false, func(s *scheme) {
		s.Propose("next")
		s.Consult("next")
		tryBallot(s, "next", 4, s.Committee[:3]...)
	}},
	{"an edition that no ballot carried", "act-not-allowed", false, func(s *scheme) {
		s.Propose("next")
		s.Consult("next")
		tryAdopt(s, verify.EditionBody{Catalogue: verifytest.Digest("c"), Edition: "2027.1", From: s.Today(), Proposal: "next"})
	}},
	{"an edition twice", "act-not-allowed", false, func(s *scheme) { tryAdopt(s, s.Edition) }},
	{"two editions of one proposal", "act-not-allowed", false, func(s *scheme) {
		b := s.Edition
		b.Edition = "2026.2"
		tryAdopt(s, b)
	}},
	{"an edition in place of none", "reference-missing", false, func(s *scheme) {
		s.Propose("next")
		s.Consult("next")
		s.Ballot("next")
		tryAdopt(s, verify.EditionBody{Catalogue: verifytest.Digest("c"), Edition: "2027.1", From: s.Today(), Proposal: "next", Replaces: "2025.1"})
	}},
	{"an edition withdrawn twice", "act-not-allowed", false, func(s *scheme) {
		s.EndEdition(s.Edition.Edition, s.Today())
		s.AppendVoid(draft{Type: verify.EditionWithdrawn, Subject: verifytest.EditionSubject(s.Edition.Edition), Signers: s.Committee[:3], Body: verify.EditionEndBody{Edition: s.Edition.Edition, From: s.Today(), Reason: "x"}})
	}},
	{"an edition withdrawn that never was", "reference-missing", false, func(s *scheme) {
		s.AppendVoid(draft{Type: verify.EditionWithdrawn, Subject: verifytest.EditionSubject("2025.1"), Signers: s.Committee[:3], Body: verify.EditionEndBody{Edition: "2025.1", From: s.Today(), Reason: "x"}})
	}},

	{"an organisation restored that is not suspended", "act-not-allowed", false, func(s *scheme) { orgChange(s, verify.OrgRestored, s.Orgs[0].Body.ID) }},
	{"an organisation that nobody knows", "reference-missing", false, func(s *scheme) { orgChange(s, verify.OrgSuspended, "nobody") }},
	{"an accreditation without a key of before", "keyring-shrunk", false, func(s *scheme) {
		b := s.Orgs[0].Body
		b.Keys = b.Keys[:1]
		s.AppendVoid(draft{Type: verify.OrgAccredited, Subject: s.Orgs[0].Subject(), Body: b, Signers: s.Committee[:2]})
	}},

	{"a declaration of a stranger", "reference-missing", false, func(s *scheme) {
		m := verifytest.NewMaker("new.example")
		s.Declare(m, "lamp")
	}},
	{"a promise of a stranger", "reference-missing", false, func(s *scheme) {
		m := verifytest.NewMaker("new.example")
		s.Promise(m, "lamp")
	}},
	{"a promise by another maker", "role-not-valid", false, func(s *scheme) { tryPromise(s, s.PromiseOf(s.Makers[0], "lamp"), s.Makers[1].Keys...) }},
	{"a promise for a shorter time", "promise-lowered", false, func(s *scheme) {
		s.Promise(s.Makers[0], "lamp")
		b := s.PromiseOf(s.Makers[0], "lamp")
		b.Updates = "2030-12-31"
		tryPromise(s, b, s.Makers[0].Keys...)
	}},
	{"a promise without a date", "promise-lowered", false, func(s *scheme) {
		s.Promise(s.Makers[0], "lamp")
		b := s.PromiseOf(s.Makers[0], "lamp")
		b.Parts = ""
		tryPromise(s, b, s.Makers[0].Keys...)
	}},
	{"a promise without a function", "promise-lowered", false, func(s *scheme) {
		s.Promise(s.Makers[0], "lamp")
		b := s.PromiseOf(s.Makers[0], "lamp")
		b.Functions = b.Functions[:1]
		tryPromise(s, b, s.Makers[0].Keys...)
	}},

	{"an application under no edition", "edition-not-in-force", false, func(s *scheme) {
		s.Edition.Edition = "2025.1"
		s.NewMark(s.Makers[0], "lamp").Apply()
	}},
	{"an application of a stranger", "reference-missing", false, func(s *scheme) { s.NewMark(verifytest.NewMaker("new.example"), "lamp").Apply() }},
	{"evidence before an application", "reference-missing", false, func(s *scheme) { s.NewMark(s.Makers[0], "lamp").Seal() }},
	{"evidence sealed by another maker", "role-not-valid", false, func(s *scheme) {
		k := evaluated(s)
		k.Maker = s.Makers[1]
		k.Seal()
	}},
	{"an evaluation of other evidence", "evidence-other", false, func(s *scheme) {
		k := sealed(s)
		k.Evidence.Root = verifytest.Digest("other")
		k.Evaluate()
	}},
	{"an evaluation by a suspended organisation", "org-suspended", false, func(s *scheme) {
		k := sealed(s)
		s.SuspendOrg(k.Org)
		k.Evaluate()
	}},
	{"an evaluation by a researcher", "org-not-accredited", false, func(s *scheme) {
		k := sealed(s)
		k.Org = s.Orgs[2]
		k.Evaluate()
	}},
	{"an evaluation in another category", "org-not-accredited", false, func(s *scheme) {
		k := sealed(s)
		o := s.Orgs[0]
		o.Body.Scopes = []string{"camera"}
		s.Accredit(o)
		k.Evaluate()
	}},
	{"an evaluation after the accreditation ended", "org-not-accredited", false, func(s *scheme) {
		k := sealed(s)
		o := s.Orgs[0]
		o.Body.Until = s.Day(-1)
		s.Accredit(o)
		k.Evaluate()
	}},
	{"an evaluation by the maker's own laboratory", "evaluator-is-maker", false, func(s *scheme) {
		k := sealed(s)
		o := s.Orgs[0]
		o.Body.LEI, k.Maker.Body.LEI = lei, lei
		s.Accredit(o)
		s.Register(k.Maker)
		k.Evaluate()
	}},
	{"an evaluation by other criteria", "catalogue-wrong", false, func(s *scheme) {
		k := sealed(s)
		s.Edition.Catalogue = verifytest.Digest("easier")
		k.Evaluate()
	}},
	{"an evaluation by the committee", "role-not-valid", false, func(s *scheme) {
		k := sealed(s)
		s.AppendVoid(draft{Type: verify.EvaluationCompleted, Subject: k.Subject, Body: k.EvaluationOf(), Signers: s.Committee[:1]})
	}},

	{"a grant before the evaluation", "act-not-allowed", false, func(s *scheme) { k := evaluated(s); k.Seal(); tryTerms(k, verify.MarkGranted, nil) }},
	{"a grant by one of the committee", "signers-missing", false, func(s *scheme) {
		k := evaluated(s)
		tryTerms(k, verify.MarkGranted, nil, k.Org.Keys[0], s.Committee[0])
	}},
	{"a grant by two of one organisation", "signers-not-apart", false, func(s *scheme) {
		k := evaluated(s)
		tryTerms(k, verify.MarkGranted, nil, k.Org.Keys[0], s.Committee[0], s.Committee[3])
	}},
	{"a grant by one person with two keys", "signers-not-apart", false, func(s *scheme) {
		k := evaluated(s)
		second := verifytest.NewKey(s.Opts.Domain+"/committee/1b", s.Committee[0].Org, s.Committee[0].Person, verify.Committee)
		s.SetKeyring(s.WithKeys(second))
		tryTerms(k, verify.MarkGranted, nil, k.Org.Keys[0], s.Committee[0], second)
	}},
	{"a grant by a key that has ended", "key-ended", false, func(s *scheme) {
		k := evaluated(s)
		s.SetKeyring(s.EndKeys(s.Committee[1].Name))
		tryTerms(k, verify.MarkGranted, nil)
	}},
	{"a grant by the operator", "signers-missing", false, func(s *scheme) {
		k := evaluated(s)
		tryTerms(k, verify.MarkGranted, nil, s.Operator)
	}},
	{"a grant with an assessor who did not evaluate", "role-not-valid", false, func(s *scheme) {
		k := evaluated(s)
		tryTerms(k, verify.MarkGranted, nil, s.Orgs[1].Keys[0], s.Committee[0], s.Committee[1])
	}},
	{"a grant with an evaluator who was suspended since", "org-suspended", false, func(s *scheme) {
		k := evaluated(s)
		s.SuspendOrg(k.Org)
		tryTerms(k, verify.MarkGranted, nil)
	}},
	{"a decision by the evaluator", "evaluator-decides", false, func(s *scheme) {
		k := evaluated(s)
		inside := verifytest.NewKey(s.Opts.Domain+"/committee/6", k.Org.Body.ID, "c6", verify.Committee)
		s.SetKeyring(s.WithKeys(inside))
		s.AppendVoid(draft{Type: verify.MarkRefused, Subject: k.Subject, Body: verify.RefusedBody{Evaluation: k.Evaluated.Leaf, Reason: "x"}, Signers: []verifytest.Key{s.Committee[0], s.Committee[1], inside}})
	}},
	{"a decision by the maker", "maker-decides", false, func(s *scheme) {
		k := evaluated(s)
		inside := verifytest.NewKey(s.Opts.Domain+"/committee/6", k.Maker.Body.Domain, "c6", verify.Committee)
		s.SetKeyring(s.WithKeys(inside))
		tryTerms(k, verify.MarkGranted, nil, k.Org.Keys[0], s.Committee[0], s.Committee[1], inside)
	}},
	{"a decision by one who was the maker's", "maker-decides", false, func(s *scheme) {
		k := evaluated(s)
		m := withKey(k.Maker)
		s.Register(m)
		end := int64(len(s.Entries))
		m.Body.Keys[1].Until = &end
		s.Register(m)
		inside := verifytest.NewKey(s.Opts.Domain+"/committee/6", "engineers", m.Keys[1].Person, verify.Committee)
		s.SetKeyring(s.WithKeys(inside))
		tryTerms(k, verify.MarkGranted, nil, k.Org.Keys[0], s.Committee[0], s.Committee[1], inside)
	}},
	{"a grant under an edition that was withdrawn", "edition-not-in-force", false, func(s *scheme) {
		k := evaluated(s)
		s.EndEdition(s.Edition.Edition, s.Today())
		tryTerms(k, verify.MarkGranted, nil)
	}},
	{"a grant after the transition", "edition-not-in-force", false, func(s *scheme) {
		k := evaluated(s)
		s.Adopt(verify.EditionBody{Catalogue: verifytest.Digest("c"), Edition: "2027.1", From: s.Day(70), Proposal: "next", Replaces: "2026.1", Transition: s.Day(100)})
		s.Pass(60)
		tryTerms(k, verify.MarkGranted, nil)
	}},
	{"a grant on an older evaluation", "reference-missing", false, func(s *scheme) {
		k := evaluated(s)
		old := k.Evaluated.Leaf
		k.Seal()
		k.Evaluate()
		tryTerms(k, verify.MarkGranted, func(b *verify.TermsBody) { b.Evaluation = old })
	}},
	{"a renewal on evidence that nobody looked at", "evaluation-missing", false, func(s *scheme) {
		k := evaluated(s)
		k.Grant()
		k.Seal()
		tryTerms(k, verify.MarkRenewed, nil)
	}},
	{"other conclusions", "terms-wrong", false, func(s *scheme) {
		tryTerms(evaluated(s), verify.MarkGranted, func(b *verify.TermsBody) { b.Conclusions = verifytest.Digest("better") })
	}},
	{"other evidence", "terms-wrong", false, func(s *scheme) {
		tryTerms(evaluated(s), verify.MarkGranted, func(b *verify.TermsBody) { b.Evidence = verifytest.Digest("better") })
	}},
	{"another catalogue", "catalogue-wrong", false, func(s *scheme) {
		tryTerms(evaluated(s), verify.MarkGranted, func(b *verify.TermsBody) { b.Catalogue = verifytest.Digest("easier") })
	}},
	{"another category", "terms-wrong", false, func(s *scheme) {
		tryTerms(evaluated(s), verify.MarkGranted, func(b *verify.TermsBody) { b.Scope, b.Product.Category = "camera", "camera" })
	}},
	{"another product", "terms-wrong", false, func(s *scheme) {
		tryTerms(evaluated(s), verify.MarkGranted, func(b *verify.TermsBody) { b.Product.ID = "other" })
	}},
	{"another holder", "terms-wrong", false, func(s *scheme) {
		tryTerms(evaluated(s), verify.MarkGranted, func(b *verify.TermsBody) { b.Holder.Domain = s.Makers[1].Body.Domain })
	}},
	{"more than two years", "terms-wrong", false, func(s *scheme) {
		tryTerms(evaluated(s), verify.MarkGranted, func(b *verify.TermsBody) {
			b.ValidUntil = iotmark.DateOf(b.ValidUntil.Time().AddDate(0, 0, 1))
		})
	}},
	{"beyond the updates", "terms-wrong", false, func(s *scheme) {
		tryTerms(evaluated(s), verify.MarkGranted, func(b *verify.TermsBody) {
			b.Updates = iotmark.DateOf(b.ValidUntil.Time().AddDate(0, 0, -1))
		})
	}},
	{"updates beyond the promise", "terms-wrong", false, func(s *scheme) {
		tryTerms(evaluated(s), verify.MarkGranted, func(b *verify.TermsBody) {
			b.Updates = iotmark.DateOf(b.Updates.Time().AddDate(0, 0, 1))
		})
	}},
	{"a grant from yesterday on", "terms-wrong", false, func(s *scheme) {
		tryTerms(evaluated(s), verify.MarkGranted, func(b *verify.TermsBody) { b.ValidFrom = s.Day(-1) })
	}},
	{"over before it is decided", "terms-wrong", false, func(s *scheme) {
		k := evaluated(s)
		k.Grant()
		s.Pass(9)
		tryTerms(k, verify.MarkAmended, func(b *verify.TermsBody) { b.ValidUntil = s.Day(-1); b.ValidFrom = s.Day(-2) })
	}},
	{"an amendment that adds time", "terms-wrong", false, func(s *scheme) {
		k := evaluated(s)
		k.Grant()
		s.Pass(1)
		tryTerms(k, verify.MarkAmended, func(b *verify.TermsBody) { b.ValidUntil = k.Terms.ValidUntil[:9] + "9" })
	}},
	{"a code twice", "code-used", false, func(s *scheme) {
		code := s.Grant(s.Makers[1], "lamp").Terms.Code
		tryTerms(evaluated(s), verify.MarkGranted, func(b *verify.TermsBody) { b.Code = code })
	}},
	{"a code that does not check", "body-wrong", false, func(s *scheme) {
		k := evaluated(s)
		k.Grant()
		n := lastNote(s)
		s.AppendBytes(bytes.Replace(n, []byte(k.Terms.Code), []byte("00000001"), 1), 0)
	}},
	{"another code in an amendment", "code-wrong", false, func(s *scheme) {
		k := evaluated(s)
		k.Grant()
		tryTerms(k, verify.MarkAmended, func(b *verify.TermsBody) { b.Code = s.Code() })
	}},
	{"a slot ahead", "slot-wrong", false, func(s *scheme) { tryTerms(evaluated(s), verify.MarkGranted, func(b *verify.TermsBody) { b.Slot++ }) }},
	{"another slot in a renewal", "slot-wrong", false, func(s *scheme) {
		k := evaluated(s)
		k.Grant()
		tryTerms(k, verify.MarkRenewed, func(b *verify.TermsBody) { b.Slot++ })
	}},
	{"a refusal of an older evaluation", "reference-missing", false, func(s *scheme) {
		k := evaluated(s)
		s.AppendVoid(draft{Type: verify.MarkRefused, Subject: k.Subject, Body: verify.RefusedBody{Evaluation: verifytest.Digest("x"), Reason: "x"}, Signers: s.Committee[:2]})
	}},
	{"a renewal after the last day", "act-not-allowed", false, func(s *scheme) {
		k := evaluated(s)
		k.Grant()
		s.Pass(732)
		tryTerms(k, verify.MarkRenewed, func(b *verify.TermsBody) {})
	}},
	{"a restoration after a withdrawal", "act-not-allowed", false, func(s *scheme) {
		k := evaluated(s)
		k.Grant()
		k.Withdraw(verify.Committee)
		tryReason(k, verify.MarkRestored, verify.ReasonBody{Reason: "x"}, k.Org.Keys[0], s.Committee[0], s.Committee[1])
	}},
	{"a confirmation of what two suspended", "act-not-allowed", false, func(s *scheme) {
		k := evaluated(s)
		k.Grant()
		k.Suspend(2)
		tryReason(k, verify.SuspensionConfirmed, verify.ReasonBody{Reason: "x"}, s.Committee[:2]...)
	}},
	{"a confirmation after the lapse", "act-not-allowed", false, func(s *scheme) {
		k := evaluated(s)
		k.Grant()
		k.Suspend(1)
		s.Pass(30)
		tryReason(k, verify.SuspensionConfirmed, verify.ReasonBody{Reason: "x"}, s.Committee[:2]...)
	}},
	{"a withdrawal by another maker", "role-not-valid", false, func(s *scheme) {
		k := evaluated(s)
		k.Grant()
		tryReason(k, verify.MarkWithdrawn, verify.ReasonBody{By: verify.Maker, Reason: "x"}, s.Makers[1].Keys[0])
	}},
	{"a withdrawal in the maker's name by the committee", "role-not-valid", false, func(s *scheme) {
		k := evaluated(s)
		k.Grant()
		tryReason(k, verify.MarkWithdrawn, verify.ReasonBody{By: verify.Maker, Reason: "x"}, s.Committee[:2]...)
	}},
	{"a withdrawal in the committee's name by the maker", "signers-missing", false, func(s *scheme) {
		k := evaluated(s)
		k.Grant()
		tryReason(k, verify.MarkWithdrawn, verify.ReasonBody{By: verify.Committee, Reason: "x"}, k.Maker.Keys[0])
	}},
	{"a case twice", "act-not-allowed", false, func(s *scheme) {
		k := evaluated(s)
		k.Grant()
		k.Complain()
		k.Cases--
		k.Complain()
	}},
	{"an appeal against nothing", "reference-missing", false, func(s *scheme) {
		k := evaluated(s)
		k.Grant()
		k.Appeal(k.Evaluated)
	}},
	{"an appeal against the decision on another mark", "reference-missing", false, func(s *scheme) {
		other := s.Grant(s.Makers[0], "heater")
		k := evaluated(s)
		k.Grant()
		k.Appeal(other.Granted)
	}},
	{"an appeal heard by those who decided", "decider-hears-appeal", false, func(s *scheme) {
		k := evaluated(s)
		id := k.Appeal(k.Grant())
		s.AppendVoid(draft{Type: verify.AppealDecided, Subject: k.Subject, Body: verify.OutcomeBody{Case: id, Outcome: "rejected", Reason: "x"}, Signers: s.Committee[1:]})
	}},
	{"a decision on no case", "reference-missing", false, func(s *scheme) {
		k := evaluated(s)
		k.Grant()
		k.DecideComplaint("complaint-1")
	}},
	{"a complaint decided as an appeal", "reference-missing", false, func(s *scheme) {
		k := evaluated(s)
		k.Grant()
		k.DecideAppeal(k.Complain())
	}},
	{"a case decided twice", "act-not-allowed", false, func(s *scheme) {
		k := evaluated(s)
		k.Grant()
		id := k.Complain()
		k.DecideComplaint(id)
		k.DecideComplaint(id)
	}},
	{"a finding by a suspended researcher", "org-suspended", false, func(s *scheme) {
		k := evaluated(s)
		k.Grant()
		s.SuspendOrg(s.Orgs[2])
		s.AppendVoid(draft{Type: verify.FindingPublished, Subject: k.Subject, Signers: s.Orgs[2].Keys[:1],
			Body: verify.FindingBody{Criterion: "lifecycle.updates-promised", Statement: verifytest.Document("f"), Summary: "x"}})
	}},
	{"units of a suspended mark", "act-not-allowed", false, func(s *scheme) { k := evaluated(s); k.Grant(); k.Suspend(1); k.Batch() }},

	{"a status of the future", "reference-missing", false, func(s *scheme) { tryStatus(s, func(b *verify.StatusBody) { b.Covers++ }) }},
	{"a status of another keyring", "status-wrong", false, func(s *scheme) { tryStatus(s, func(b *verify.StatusBody) { b.Keyring = verifytest.Digest("x") }) }},
	{"a status of the keyring after", "status-wrong", false, func(s *scheme) {
		covers := int64(len(s.Entries))
		s.SetKeyring(s.EndKeys(s.Committee[4].Name))
		tryStatus(s, func(b *verify.StatusBody) { b.Covers = covers })
	}},
	{"a status with a mark too many", "status-wrong", false, func(s *scheme) { evaluated(s).Grant(); tryStatus(s, func(b *verify.StatusBody) { b.Marks = 2 }) }},
	{"a status that goes back", "status-wrong", false, func(s *scheme) { s.Status(s.StatusOf()); tryStatus(s, func(b *verify.StatusBody) { b.Covers -= 2 }) }},
	{"a status by the committee", "role-not-valid", false, func(s *scheme) {
		s.AppendVoid(draft{Type: verify.StatusPublished, Subject: s.StatusSubject(), Body: s.StatusOf(), Signers: s.Committee[:1]})
	}},
	{"an anchor of the future", "reference-missing", false, func(s *scheme) { s.Anchor(int64(len(s.Entries)) + 1) }},
}

const lei = "5493001KJTIIGC8Y1R12"

func tryStatus(s *scheme, change func(*verify.StatusBody)) {
	b := s.StatusOf()
	change(&b)
	s.AppendVoid(draft{Type: verify.StatusPublished, Subject: s.StatusSubject(), Body: b, Signers: []verifytest.Key{s.Operator}})
}

func tryPromise(s *scheme, b verify.PromiseBody, signers ...verifytest.Key) {
	s.AppendVoid(draft{Type: verify.PromiseSet, Subject: verify.Subject(verify.OfProduct, b.Maker+":"+b.Product), Body: b, Signers: signers})
}

func tryBallot(s *scheme, id string, votes int, signers ...verifytest.Key) {
	s.AppendVoid(draft{Type: verify.BallotHeld, Signers: signers, Body: verify.BallotBody{Carried: true, For: votes, Minutes: verifytest.Document("m"), Proposal: id, Question: "Shall it?"}})
}

func tryAdopt(s *scheme, b verify.EditionBody) {
	s.AppendVoid(draft{Type: verify.EditionAdopted, Subject: verifytest.EditionSubject(b.Edition), Body: b, Signers: s.Committee[:3]})
}

func orgChange(s *scheme, t verify.Type, id string) {
	s.AppendVoid(draft{Type: t, Subject: verify.Subject(verify.OfOrg, id), Body: verify.OrgChangeBody{ID: id, Reason: "x"}, Signers: s.Committee[:2]})
}

// withKey gives a maker a second key.
func withKey(m verifytest.Maker) verifytest.Maker {
	k := verifytest.NewKey(m.Body.Domain+"/maker/2", m.Body.Domain, "m2", verify.Maker)
	m.Keys = append(slices.Clone(m.Keys), k)
	m.Body.Keys = verifytest.Entries(m.Keys...)
	return m
}

func sigLines(n []byte) []byte { return n[bytes.Index(n, []byte("\n\n"))+2:] }

func sigLine(n []byte, i int) []byte { return bytes.SplitAfter(sigLines(n), []byte("\n"))[i] }

// Every reason is met by a case, every case by its reason; and what is void
// changes nothing but what is told of it.
func TestVoid(t *testing.T) {
	t.Parallel()
	met := map[iotmark.ErrorID]bool{"log-too-large": true} // see TestFull
	for _, c := range voidCases {
		met[c.reason] = true
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := verifytest.New(t, verifytest.Opts{Bare: c.bare})
			c.do(s)
			last := int64(len(s.Entries)) - 1
			got := replay(t, s)
			if n := len(got.Voids); n == 0 || got.Voids[n-1].Index != last || got.Voids[n-1].Reason != c.reason || got.Voids[n-1].Msg == "" {
				t.Fatalf("got %+v, want the entry %d void: %s", got.Voids, last, c.reason)
			}
			if !c.bare && len(got.Voids) > 1 {
				t.Fatalf("more is void than should be: %+v", got.Voids[:len(got.Voids)-1])
			}
			s.Entries, s.Births = s.Entries[:last], s.Births[:last]
			want := replay(t, s)
			got.Size, got.Voids = want.Size, want.Voids
			for i := range got.Products {
				got.Products[i].Refused = nil
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the void entry changed something (-want +got)\n%s", diff)
			}
		})
	}
	known := map[iotmark.ErrorID]bool{}
	for _, w := range verify.Reasons() {
		known[w.Reason] = true
		if !met[w.Reason] {
			t.Errorf("no case is void for the reason %s", w.Reason)
		}
	}
	for r := range met {
		if !known[r] {
			t.Errorf("the reason %s is not in the table of reasons", r)
		}
	}
}

// A replay that has no room for more says so of each entry.
func TestFull(t *testing.T) {
	t.Parallel()
	s := verifytest.New(t, verifytest.Opts{})
	r := verify.NewReplayer(s.Trust)
	for i, e := range s.Entries {
		if i == 5 {
			r.Fill()
		}
		if v := r.Apply(e, 0); (v == nil) != (i < 5) || v != nil && v.Reason != "log-too-large" {
			t.Fatalf("entry %d: %+v", i, v)
		}
	}
	if v := r.Registry(s.Now).Voids; len(v) != len(s.Entries)-5 || v[0].Reason != "log-too-large" {
		t.Errorf("got %+v", v)
	}
}

// An attempt to lower a promise is void, and told beside the product.
func TestPromiseLowered(t *testing.T) {
	t.Parallel()
	s := verifytest.New(t, verifytest.Opts{})
	s.Promise(s.Makers[0], "lamp")
	kept := s.PromiseOf(s.Makers[0], "lamp")
	b := kept
	b.Updates, b.Functions, b.Service = "2030-01-01", []string{"shows-time"}, ""
	tryPromise(s, b, s.Makers[0].Keys...)
	at := s.Now.Add(-time.Minute)
	longer := kept
	longer.Updates, longer.Functions = "2040-01-01", []string{"cools", "heats", "shows-time"}
	s.Append(draft{Type: verify.PromiseSet, Subject: s.Makers[0].Product("lamp"), Body: longer, Signers: s.Makers[0].Keys})
	reg := replay(t, s)
	want := []verify.Product{{Subject: "urn:iotmark:product:maker1.example:lamp", Maker: "maker1.example", ID: "lamp", Head: s.Head(verify.PromiseSet, s.Makers[0].Product("lamp")), Promise: &longer,
		Refused: []verify.Attempt{{Index: int64(len(s.Entries)) - 2, Time: at, What: []string{"function:heats", "service_until", "updates_until"}, Promise: b}}}}
	if diff := cmp.Diff(want, reg.Products); diff != "" {
		t.Errorf("products (-want +got)\n%s", diff)
	}
}
