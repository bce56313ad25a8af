package verifytest

import (
	"slices"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
)

// of appends an entry signed as the default rules ask.
func (s *Scheme) of(t verify.Type, subject string, body any, of ...Key) At {
	s.T.Helper()
	return s.Append(Draft{Type: t, Subject: subject, Body: body, Signers: s.SignersFor(t, of...)})
}

// Open appends log.opened.
func (s *Scheme) Open() At {
	s.T.Helper()
	return s.Append(Draft{Type: verify.LogOpened, Signers: s.Root[:3], Body: verify.OpenedBody{Domain: s.Opts.Domain, Generation: 1, Origin: s.Origin}})
}

// SetKeyring appends keyring.set, signed by three of the root.
func (s *Scheme) SetKeyring(b verify.KeyringBody) At {
	s.T.Helper()
	at := s.Append(Draft{Type: verify.KeyringSet, Body: b, Signers: s.Root[:3]})
	s.Keyring = b
	return at
}

// EndKeys gives the keyring in force, in which some keys end with the next entry.
func (s *Scheme) EndKeys(names ...string) verify.KeyringBody {
	b, until := s.Keyring, int64(len(s.Entries))
	b.Keys = slices.Clone(b.Keys)
	for i, k := range b.Keys {
		if slices.Contains(names, k.Name) {
			b.Keys[i].Until = &until
		}
	}
	return b
}

// WithKeys gives the keyring in force with more keys.
func (s *Scheme) WithKeys(keys ...Key) verify.KeyringBody {
	b := s.Keyring
	all := slices.Clone(b.Keys)
	for _, k := range keys {
		all = append(all, k.KeyEntry)
	}
	slices.SortFunc(all, func(a, b verify.KeyEntry) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	b.Keys = all
	return b
}

// SetPolicy appends policy.set.
func (s *Scheme) SetPolicy(text string) At {
	s.T.Helper()
	return s.of(verify.PolicySet, "", verify.PolicyBody{Policy: text})
}

// Close appends log.closed.
func (s *Scheme) Close() At {
	s.T.Helper()
	return s.of(verify.LogClosed, "", verify.ClosedBody{Reason: "The scheme ends.", Successor: "log." + s.Opts.Domain + "/2"})
}

// Propose appends proposal.published.
func (s *Scheme) Propose(id string) At {
	s.T.Helper()
	return s.of(verify.ProposalPublished, "", verify.ProposalBody{Document: Document("proposal " + id), DryRun: Document("dry run " + id), Proposal: id, Title: "Edition " + id})
}

// Consult appends consultation.opened and, sixty days later, consultation.closed.
func (s *Scheme) Consult(id string) (opened, closed At) {
	s.T.Helper()
	b := verify.ConsultationBody{Closes: s.Day(60), Document: Document("questions " + id), Opens: s.Today(), Proposal: id}
	opened = s.of(verify.ConsultationOpen, "", b)
	s.Pass(60)
	b.Document = Document("answers " + id)
	closed = s.of(verify.ConsultationClose, "", b)
	return opened, closed
}

// Ballot appends ballot.held, in which three members of the committee vote for it.
func (s *Scheme) Ballot(id string) At {
	s.T.Helper()
	b := verify.BallotBody{Carried: true, For: 3, Minutes: Document("minutes " + id), Proposal: id, Question: "Shall it be adopted?"}
	return s.Append(Draft{Type: verify.BallotHeld, Body: b, Signers: s.Committee[:3]})
}

// EditionSubject is the subject of an edition.
func EditionSubject(e iotmark.Edition) string { return verify.Subject(verify.OfEdition, string(e)) }

// Adopt appends all that an edition needs, up to edition.adopted, and makes it
// the one that later marks are granted under.
func (s *Scheme) Adopt(b verify.EditionBody) At {
	s.T.Helper()
	s.Propose(b.Proposal)
	s.Consult(b.Proposal)
	s.Ballot(b.Proposal)
	s.Edition = b
	return s.of(verify.EditionAdopted, EditionSubject(b.Edition), b)
}

// EndEdition appends edition.withdrawn.
func (s *Scheme) EndEdition(e iotmark.Edition, from iotmark.Date) At {
	s.T.Helper()
	return s.of(verify.EditionWithdrawn, EditionSubject(e), verify.EditionEndBody{Edition: e, From: from, Reason: "It has a gap."})
}

// Subject is the subject of an organisation.
func (o Org) Subject() string { return verify.Subject(verify.OfOrg, o.Body.ID) }

// Accredit appends org.accredited.
func (s *Scheme) Accredit(o Org) At {
	s.T.Helper()
	return s.of(verify.OrgAccredited, o.Subject(), o.Body)
}

// SuspendOrg appends org.suspended.
func (s *Scheme) SuspendOrg(o Org) At {
	s.T.Helper()
	return s.of(verify.OrgSuspended, o.Subject(), verify.OrgChangeBody{ID: o.Body.ID, Reason: "Its accreditation is under review."})
}

// RestoreOrg appends org.restored.
func (s *Scheme) RestoreOrg(o Org) At {
	s.T.Helper()
	return s.of(verify.OrgRestored, o.Subject(), verify.OrgChangeBody{ID: o.Body.ID, Reason: "The review ended well."})
}

// Subject is the subject of a maker.
func (m Maker) Subject() string { return verify.Subject(verify.OfMaker, m.Body.Domain) }

// Product is the subject of a product of a maker.
func (m Maker) Product(id string) string {
	return verify.Subject(verify.OfProduct, m.Body.Domain+":"+id)
}

// Register appends maker.registered, signed by all keys of the maker as well.
func (s *Scheme) Register(m Maker) At {
	s.T.Helper()
	signers := s.SignersFor(verify.MakerRegistered)
	return s.Append(Draft{Type: verify.MakerRegistered, Subject: m.Subject(), Body: m.Body, Signers: append(signers, m.Keys...)})
}

// Promise appends promise.set: updates for five years from the start of the
// scheme, and two functions.
func (s *Scheme) Promise(m Maker, product string) At {
	s.T.Helper()
	return s.of(verify.PromiseSet, m.Product(product), s.PromiseOf(m, product), m.Keys...)
}

// PromiseOf is the body that [Scheme.Promise] appends.
func (s *Scheme) PromiseOf(m Maker, product string) verify.PromiseBody {
	until := iotmark.DateOf(s.Opts.Start.AddDate(5, 0, 0))
	return verify.PromiseBody{Functions: []string{"heats", "shows-time"}, Maker: m.Body.Domain, Parts: until, Product: product, Service: until, Updates: until}
}

// Anchor appends checkpoint.anchored of a size below the log's.
func (s *Scheme) Anchor(size int64) At {
	s.T.Helper()
	b := verify.AnchorBody{Checkpoint: verify.Checkpoint{Origin: s.Origin, Root: Digest("root"), Size: size}, Receipt: Digest("receipt"), Where: "https://archive.example/deposits/1"}
	return s.of(verify.CheckpointAnchor, s.StatusSubject(), b)
}

// Correct appends note.correction about an entry.
func (s *Scheme) Correct(about At) At {
	s.T.Helper()
	return s.of(verify.NoteCorrection, "", verify.CorrectionBody{Leaf: about.Leaf, Text: "The name of the town was spelt wrongly."})
}

// StatusSubject is the subject of the chain of status lists.
func (s *Scheme) StatusSubject() string { return verify.Subject(verify.OfStatus, s.Opts.Domain) }

// StatusOf is a body of status.published for the log as it is, with digests
// of nothing. Whoever tests lists and trees puts the right ones in.
func (s *Scheme) StatusOf() verify.StatusBody {
	return verify.StatusBody{Covers: int64(len(s.Entries)), Keyring: s.Ring, Marks: s.Slots, Snapshot: Digest("snapshot"), States: Digest("states"),
		Lists: []verify.ListHash{{ID: 1, Purpose: "revocation", SHA256: Digest("revocation")}, {ID: 1, Purpose: "suspension", SHA256: Digest("suspension")}}}
}

// Status appends status.published.
func (s *Scheme) Status(b verify.StatusBody) At {
	s.T.Helper()
	return s.of(verify.StatusPublished, s.StatusSubject(), b)
}

// Declare appends declaration.published of a product: the members that replay
// reads, and one that it does not.
func (s *Scheme) Declare(m Maker, product string) At {
	s.T.Helper()
	body := map[string]any{"as_of": s.Today(), "key": m.Keys[0].KeyEntry.Key, "maker": map[string]any{"domain": m.Body.Domain, "name": m.Body.Name}, "product": map[string]any{"id": product}}
	return s.of(verify.DeclarationType, m.Product(product), body, m.Keys...)
}
