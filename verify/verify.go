package verify

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/open-iot-mark/iotmark"
)

// How old a state may be, and how wrong a clock.
const (
	FreshFor = 48 * time.Hour      // after that the answer is genuine-aged
	KnownFor = 14 * 24 * time.Hour // after that it is not-current
	Skew     = 10 * time.Minute    // by which the clock of whoever verifies may be behind
	Together = time.Hour           // within which witnesses must have signed a checkpoint to count together
)

// The steps of a verification, in their order. Their ids are those of
// sentences for people.
const (
	StepBundle     = "bundle"     // the file has the one form, and is of this scheme
	StepLog        = "log"        // every entry is in the log, by checkpoints that enough witnesses have signed
	StepKeyring    = "keyring"    // the keys come from the root that is trusted
	StepDecision   = "decision"   // those who must decide have signed
	StepCredential = "credential" // the credential says what the entry says
	StepState      = "state"      // the registry counts this grant, with these terms
	StepLists      = "lists"      // the status lists are those in the log, and agree
	StepCurrency   = "currency"   // how old what is known of the state is
)

// cannot are the failures that say nothing about the mark: this program is too
// old, or the clock is wrong.
var cannot = map[iotmark.ErrorID]bool{
	"bundle-version": true, "version-unknown": true, "type-unknown": true, "integrity-unknown": true,
	"clock-behind": true, "trust-unusable": true,
}

// VerifyBundle verifies one mark offline: from a bundle, what is trusted, and
// the time. It never panics, whatever the bytes. All that it shows comes from
// entries of the log; what fails ends it, with a stable id.
func VerifyBundle(file []byte, t *Trust, now time.Time) Result {
	v := &verification{trust: t, now: now}
	if err := v.run(file); err != nil {
		v.Answer = NotGenuine
		e, ok := errors.AsType[*iotmark.Error](err)
		if !ok {
			e = refuse("bundle-malformed", "the bundle cannot be verified: %v", err).(*iotmark.Error)
		}
		v.Failure = e
		if cannot[e.ID] {
			v.Answer = CannotCheck
		}
		if n := len(v.Steps); n > 0 {
			v.Steps[n-1].OK = false
		}
	}
	return v.Result
}

type verification struct {
	Result
	trust *Trust
	now   time.Time
	root  []*Key // that is trusted

	inflater inflater
	opener   opener
	bundle   *Bundle
	parts    parts
	terms    *TermsBody
	status   *StatusBody
	state    StateRecord
	until    time.Time // of the lists
}

func (s *Step) set(name, value string) {
	if s.Args == nil {
		s.Args = map[string]string{}
	}
	s.Args[name] = value
}

func (v *verification) run(file []byte) error {
	for _, step := range []struct {
		id string
		do func(s *Step) error
	}{
		{StepBundle, func(s *Step) error { return v.read(file, s) }},
		{StepLog, v.logged},
		{StepKeyring, v.keyring},
		{StepDecision, v.decision},
		{StepCredential, v.credential},
		{StepState, v.stateOf},
		{StepLists, v.lists},
		{StepCurrency, v.currency},
	} {
		v.Steps = append(v.Steps, Step{ID: step.id, OK: true})
		if err := step.do(&v.Steps[len(v.Steps)-1]); err != nil {
			return err
		}
	}
	return nil
}

// read takes the bundle apart.
func (v *verification) read(file []byte, s *Step) error {
	if v.trust == nil {
		return refuse("trust-unusable", "nothing is trusted: name a trust file")
	}
	policy, root, err := v.trust.open()
	if err != nil {
		return &iotmark.Error{Kind: iotmark.Invalid, ID: "trust-unusable", Msg: "what is trusted cannot be used", Err: err}
	}
	v.root = root
	v.opener = opener{policy: policy, origin: v.trust.Origin()}
	v.Witnessed = policy.Witnessed()
	s.set("scheme", v.trust.Domain)
	v.bundle, err = parseBundle(file, &v.inflater)
	return err
}

// bundled are the types of entries that a bundle takes. All others are
// unknown there, so that a small implementation need not know their bodies.
var bundled = map[Type]bool{KeyringSet: true, OrgAccredited: true, MarkGranted: true, MarkRenewed: true, MarkAmended: true, StatusPublished: true}

// logged finds every entry in the log.
func (v *verification) logged(s *Step) error {
	entries := make([]*place, 0, len(v.bundle.Entries))
	roots := map[int64]Seen{}
	for _, p := range v.bundle.Entries {
		note := []byte(p.Entry)
		e, err := parse(v.trust.Domain, note, bundled)
		if err != nil {
			return err
		}
		leaf, err := hex.DecodeString(string(e.Leaf))
		if err != nil {
			return err // not after Parse
		}
		index, seen, err := v.opener.inclusion(p.Proof, leaf)
		if err != nil {
			return err
		}
		if other, ok := roots[seen.Size]; ok && other.Root != seen.Root {
			return refuse("log-forked", "the log and its witnesses have signed two different logs of size %d: keep this file and show it to everybody", seen.Size)
		}
		roots[seen.Size] = seen
		entries = append(entries, &place{e, index, seen})
	}
	if err := v.parts.sort(entries); err != nil {
		return err
	}
	grant, status := v.parts.grant, v.parts.status
	v.Subject = grant.Subject
	v.Effective, v.AsOf = grant.when(), status.when()
	for _, w := range status.seen.Witnesses {
		v.Witnesses = append(v.Witnesses, w.Name)
	}
	s.set("size", strconv.FormatInt(status.seen.Size, 10))
	s.set("index", strconv.FormatInt(grant.index, 10))
	s.set("witnesses", strings.Join(v.Witnesses, ", "))
	return nil
}

// when is the time at which outsiders signed for an entry; without any,
// that which it claims.
func (e *place) when() time.Time {
	if e.seen.Earliest == 0 {
		return e.At()
	}
	return time.Unix(e.seen.Earliest, 0).UTC()
}

// keyring checks who holds which key.
func (v *verification) keyring(s *Step) error {
	v.status = v.parts.status.body.(*StatusBody)
	if err := v.parts.keyrings(v.trust, v.root); err != nil {
		return err
	}
	last := v.parts.rings[len(v.parts.rings)-1]
	s.set("index", strconv.FormatInt(last.index, 10))
	if v.status.Keyring != last.Leaf {
		return refuse("keyring-other", "the newest keyring in the bundle is not the one in force")
	}
	return nil
}

// decision checks who signed: the accreditation of those who evaluated, the
// grant, and the terms in force.
func (v *verification) decision(s *Step) error {
	ring := v.parts.lastKeys()
	for _, o := range v.parts.orgs {
		if _, err := o.signers(v.trust.Domain, RuleOf(o.Signed, v.parts.ring(o.index)), ring); err != nil {
			return err
		}
	}
	orgs := v.parts.orgKeys()
	decisions := []*place{v.parts.grant}
	if v.parts.terms != v.parts.grant {
		decisions = append(decisions, v.parts.terms)
	}
	for _, d := range decisions {
		keys, err := d.signers(v.trust.Domain, RuleOf(d.Signed, v.parts.ring(d.index)), ring, orgs)
		if err != nil {
			return err
		}
		for _, k := range keys {
			if by := (Signer{Name: k.Name, Org: k.Org, Role: k.Role}); !slices.Contains(v.Signers, by) {
				v.Signers = append(v.Signers, by)
			}
		}
	}
	granted := v.parts.grant.body.(*TermsBody)
	v.terms = v.parts.terms.body.(*TermsBody)
	if v.terms.Code != granted.Code || v.terms.Slot != granted.Slot {
		return refuse("terms-other-mark", "the newer terms have another code or slot than the mark that was granted")
	}
	v.Code, v.Terms = v.terms.Code, v.terms
	s.set("signers", strconv.Itoa(len(v.Signers)))
	return nil
}

// credential makes the credential again from the entries and compares.
func (v *verification) credential(*Step) error {
	grant, terms := v.parts.grant, v.parts.terms
	want := Attested{
		Domain: v.trust.Domain, Origin: v.trust.Origin(), Subject: grant.Subject, Terms: v.terms,
		Grant: grant.Leaf, GrantIndex: grant.index, InForce: terms.Leaf, ForceIndex: terms.index,
	}
	doc, proof, ok := cut(v.bundle.Credential, "proof")
	if !ok || !bytes.Equal(doc, want.Credential()) {
		return refuse("credential-differs", "the credential says something else than the entry of the log does, or has no proof")
	}
	return v.secured("credential", doc, proof, want.Context(), v.terms.ValidFrom.Time(), terms.index)
}

// secured checks the proof of a document that is what it must be. The proof
// must be the one that the scheme makes. Errors, after the document's name:
// credential-proof, list-proof (another proof), credential-signature-wrong,
// list-signature-wrong; integrity-unknown, issuer-unknown, issuer-ended.
func (v *verification) secured(what string, doc, proof []byte, context []string, created time.Time, index int64) error {
	p := Proof{Type: textOf(proof, "type"), Cryptosuite: textOf(proof, "cryptosuite"), Method: textOf(proof, "verificationMethod"), Value: textOf(proof, "proofValue")}
	if p.Type != proofType || p.Cryptosuite != cryptosuite {
		return refuse("integrity-unknown", "the %s has a proof of type %q, suite %q; known is %s", what, clip(p.Type), clip(p.Cryptosuite), cryptosuite)
	}
	key, err := v.parts.issuer(v.trust.Domain, p.Method, index)
	if err != nil {
		return err
	}
	options := newProof(context, p.Method, created)
	secured := options
	secured.Value = p.Value
	sig, ok := decode58(p.Value, ed25519.SignatureSize)
	if !ok || !bytes.Equal(mustEncode(secured), proof) {
		return refuse(iotmark.ErrorID(what+"-proof"), "the proof of the %s is not the one that the scheme makes for it", what)
	}
	if !ed25519.Verify(key.Public, proofInput(doc, mustEncode(options)), sig) {
		return refuse(iotmark.ErrorID(what+"-signature-wrong"), "the signature of the %s is wrong", what)
	}
	return nil
}

// stateOf checks that the registry counts this grant, by what the status entry
// commits to.
func (v *verification) stateOf(s *Step) error {
	p, grant, terms, status := v.bundle.State, v.parts.grant, v.parts.terms, v.parts.status
	if _, err := status.signers(v.trust.Domain, RuleOf(status.Signed, v.parts.ring(status.index)), v.parts.lastKeys()); err != nil {
		return err
	}
	if v.status.Covers != status.index {
		return refuse("status-stale", "the status is entry %d and covers %d entries: what lies between could be hidden", status.index, v.status.Covers)
	}
	if at := status.seen.Earliest; at > 0 && status.At().Unix() > at {
		return refuse("clock-ahead", "the status entry claims to be of %s; outsiders saw it at %s", status.Time, v.AsOf.Format(entryTime))
	}
	states, err := hex.DecodeString(string(v.status.States))
	if err != nil || len(states) != sha256.Size || p.Size != v.status.Marks || !p.Holds([sha256.Size]byte(states)) {
		return refuse("state-proof-wrong", "the state of the mark is not among those that the status entry names")
	}
	v.state = p.Record
	s.set("state", string(v.state.State))
	switch {
	case v.state.Grant != grant.Leaf || v.state.Code != v.terms.Code || v.state.Slot != v.terms.Slot:
		return refuse("grant-not-counted", "the registry counts another grant in the place of this one")
	case v.state.Terms != terms.Leaf:
		return refuse("terms-not-in-force", "the terms in the bundle are not those in force")
	}
	return nil
}

// lists checks that the status lists are those that the status entry names,
// and that they agree with the state.
func (v *verification) lists(*Step) error {
	id := ListID(v.terms.Slot)
	if len(v.bundle.Lists) != len(Purposes()) {
		return refuse("list-missing", "the bundle must have the two status lists of the mark's slot")
	}
	for i, purpose := range Purposes() {
		doc := v.bundle.Lists[i]
		l, err := v.list(doc)
		if err != nil {
			return err
		}
		if l.ID != id || l.Purpose != purpose {
			return refuse("list-missing", "the status list %d of the bundle is not the one for %s that has the mark's slot", i+1, purpose)
		}
		if !slices.Contains(v.status.Lists, ListHash{ID: id, Purpose: purpose, SHA256: v.inflater.lastSum}) {
			return refuse("list-hash-wrong", "the status list for %s is not the one that the status entry names", purpose)
		}
		if !l.From.Equal(v.parts.status.At()) {
			return refuse("list-time-wrong", "the status list for %s is of another time than the status entry", purpose)
		}
		bad := iotmark.MarkWithdrawn
		if purpose == Suspension {
			bad = iotmark.MarkSuspended
		}
		if l.Bits.Get(v.terms.Slot%ListBits) != (v.state.State == bad) {
			return refuse("bits-differ", "the status list for %s and the state of the mark do not agree", purpose)
		}
		v.until = l.Until()
	}
	return nil
}

func (v *verification) list(doc []byte) (List, error) {
	l, rest, proof, err := parseList(v.trust.Domain, doc, &v.inflater)
	if err != nil {
		return List{}, err
	}
	return l, v.secured("list", rest, proof, ListContext(), l.From, v.parts.status.index)
}

// AnswerOf is the answer to a state of a mark that was last confirmed at a
// time, and, where it is not-current, why: not-yet, the terms begin later, or
// old. A state that no mark has after its grant is cannot-check.
func AnswerOf(state iotmark.MarkState, terms *TermsBody, asOf, now time.Time) (a Answer, why string) {
	age := now.Sub(asOf)
	over := !now.Before(terms.ValidUntil.Time().AddDate(0, 0, 1))
	switch {
	case state == iotmark.MarkWithdrawn:
		return Withdrawn, ""
	case state == iotmark.MarkExpired || over:
		return Expired, ""
	case state == iotmark.MarkSuspended:
		return Suspended, ""
	case state != iotmark.MarkValid:
		return CannotCheck, ""
	case now.Add(Skew).Before(terms.ValidFrom.Time()):
		return NotCurrent, "not-yet"
	case age > KnownFor:
		return NotCurrent, "old"
	case age > FreshFor:
		return GenuineAged, ""
	}
	return GenuineCurrent, ""
}

// currency finds the answer.
func (v *verification) currency(s *Step) error {
	for _, at := range []time.Time{v.AsOf, v.Effective} {
		if at.After(v.now.Add(Skew)) {
			return refuse("clock-behind", "the clock here says %s, and the log was signed at %s: set the clock", v.now.UTC().Format(entryTime), at.Format(entryTime))
		}
	}
	age := v.now.Sub(v.AsOf)
	s.set("as_of", v.AsOf.Format(time.RFC3339))
	s.set("days", strconv.Itoa(max(int(age/(24*time.Hour)), 0)))
	answer, why := AnswerOf(v.state.State, v.terms, v.AsOf, v.now)
	switch {
	case answer == CannotCheck:
		return refuse("state-unknown", "the state of the mark is %q", clip(string(v.state.State)))
	case (answer == GenuineCurrent || answer == GenuineAged) && !v.now.Before(v.until):
		answer, why = NotCurrent, "list"
	}
	if v.Answer = answer; why != "" {
		s.set("why", why)
	}
	return nil
}
