package verify_test

import (
	"cmp"
	"maps"
	"slices"
	"testing"

	"github.com/open-iot-mark/iotmark/verify"
)

// sample is one good body of each type, with its subject.
type sample struct {
	body    any
	subject string
}

func document(s string) verify.Document { return verify.Document{SHA256: digest(s), Size: 4711} }

func keyring(t testing.TB) verify.KeyringBody {
	end := int64(12)
	var keys []verify.KeyEntry
	for _, h := range []holder{
		newHolder(t, domain+"/committee/1", "body", "p11", verify.Committee),
		newHolder(t, domain+"/issuer/1", "body", "op1", verify.Issuer),
		newHolder(t, domain+"/operator/1", "body", "op1", verify.Operator),
		newHolder(t, domain+"/root/1", "body", "p1", verify.Root),
		newHolder(t, domain+"/root/2", "consumers", "p2", verify.Root),
		newHolder(t, domain+"/root/3", "university", "p3", verify.Root),
		newHolder(t, domain+"/sealer/1", "body", "op1", verify.Sealer),
	} {
		keys = append(keys, h.KeyEntry)
	}
	keys[0].Until = &end
	return verify.KeyringBody{Keys: keys, Root: 2, Rules: map[verify.Type]verify.Rule{
		verify.BallotHeld:  {Need: map[verify.Role]int{verify.Committee: 2}},
		verify.MarkGranted: {Need: map[verify.Role]int{verify.Committee: 1, verify.Assessor: 1}},
	}}
}

// declaration has the members that replay reads, and others.
func declaration(t testing.TB) map[string]any {
	return map[string]any{
		"as_of": "2026-11-25", "files": []any{map[string]any{"path": "a.txt", "size": 3}},
		"key":     newHolder(t, "lamps.example/maker", "lamps.example", "m1", verify.Maker).KeyEntry.Key,
		"maker":   map[string]any{"domain": "lamps.example", "name": "\u00d6ko"},
		"product": map[string]any{"id": "glowone-g1", "name": "GlowOne"},
	}
}

func samples(t testing.TB) map[verify.Type]sample {
	product := verify.Subject(verify.OfProduct, "lamps.example:glowone-g1")
	status := verify.Subject(verify.OfStatus, domain)
	edition := verify.Subject(verify.OfEdition, "2026.1")
	lab := verify.Subject(verify.OfOrg, "testlab")
	reason := verify.ReasonBody{Reason: "the update service does not answer"}
	outcome := verify.OutcomeBody{Case: "c-2026-14", Outcome: "partly-upheld", Reason: "the label was on another model"}
	return map[verify.Type]sample{
		verify.LogOpened:         {verify.OpenedBody{Domain: domain, Generation: 2, Origin: "log.iotmark.example/2", Previous: &verify.Checkpoint{Origin: "log.iotmark.example/1", Root: digest("root"), Size: 99}}, ""},
		verify.KeyringSet:        {keyring(t), ""},
		verify.PolicySet:         {verify.PolicyBody{Policy: "quorum none\n"}, ""},
		verify.LogClosed:         {verify.ClosedBody{Reason: "moved", Successor: "log.iotmark.example/3"}, ""},
		verify.CheckpointAnchor:  {verify.AnchorBody{Checkpoint: verify.Checkpoint{Origin: "log.iotmark.example/2", Root: digest("root"), Size: 5}, Receipt: digest("receipt"), Where: "national library"}, status},
		verify.StatusPublished:   {verify.StatusBody{Covers: 41, Keyring: digest("keyring"), Lists: []verify.ListHash{{ID: 1, Purpose: "revocation", SHA256: digest("r")}, {ID: 1, Purpose: "suspension", SHA256: digest("s")}}, Marks: 3, Snapshot: digest("snap"), States: digest("states")}, status},
		verify.NoteCorrection:    {verify.CorrectionBody{Leaf: digest("wrong"), Text: "the model is named G1, not G2"}, ""},
		verify.ProposalPublished: {verify.ProposalBody{Document: document("text"), DryRun: document("dry"), Proposal: "p-2026-3", Title: "Edition 2026.1"}, ""},
		verify.ConsultationOpen:  {verify.ConsultationBody{Opens: "2026-01-01", Closes: "2026-03-01", Document: document("ask"), Proposal: "p-2026-3"}, ""},
		verify.ConsultationClose: {verify.ConsultationBody{Opens: "2026-01-01", Closes: "2026-03-01", Document: document("answers"), Proposal: "p-2026-3"}, ""},
		verify.BallotHeld:        {verify.BallotBody{Abstain: 1, Against: 0, Carried: true, For: 4, Minutes: document("minutes"), Proposal: "p-2026-3", Question: "Is edition 2026.1 adopted?"}, ""},
		verify.EditionAdopted:    {verify.EditionBody{Catalogue: digest("catalogue"), Edition: "2026.1", From: "2026-06-01", Proposal: "p-2026-3", Replaces: "2025.1", Transition: "2026-12-01"}, edition},
		verify.EditionWithdrawn:  {verify.EditionEndBody{Edition: "2026.1", From: "2028-01-01", Reason: "replaced"}, edition},
		verify.OrgAccredited:     {verify.OrgBody{ID: "testlab", Keys: []verify.KeyEntry{newHolder(t, "testlab.example/assessor/7", "testlab", "as7", verify.Assessor).KeyEntry}, Kind: "assessor", LEI: "5493001KJTIIGC8Y1R12", Name: "Test Lab", Scopes: []string{"heating", "lighting"}, Until: "2029-01-01"}, lab},
		verify.OrgSuspended:      {verify.OrgChangeBody{ID: "testlab", Reason: "lost its accreditation"}, lab},
		verify.OrgRestored:       {verify.OrgChangeBody{ID: "testlab", Reason: "has it again"}, lab},
		verify.MakerRegistered:   {verify.MakerBody{Domain: "lamps.example", Keys: []verify.KeyEntry{newHolder(t, "lamps.example/maker", "lamps.example", "m1", verify.Maker).KeyEntry}, LEI: "5493001KJTIIGC8Y1R12", Name: "\u00d6ko Lamp Ltd"}, verify.Subject(verify.OfMaker, "lamps.example")},
		verify.DeclarationType:   {declaration(t), product},
		verify.PromiseSet:        {verify.PromiseBody{Functions: []string{"dim", "light"}, Maker: "lamps.example", Parts: "2033-01-01", Product: "glowone-g1", Service: "2032-01-01", Updates: "2031-10-10"}, product},

		verify.ApplicationAccepted: {verify.ApplicationBody{Body: "body", Edition: "2026.1", Maker: "lamps.example", Product: "glowone-g1"}, mark(7)},
		verify.EvidenceSealed:      {verify.SealedBody{Items: 58, Root: digest("evidence")}, mark(7)},
		verify.EvaluationCompleted: {verify.EvaluationBody{Catalogue: digest("catalogue"), Conclusions: digest("conclusions"), Edition: "2026.1", Evidence: digest("evidence"), Interests: "none", Scope: "lighting", Statement: document("statement")}, mark(7)},
		verify.MarkGranted:         {terms(), mark(7)},
		verify.MarkRefused:         {verify.RefusedBody{Evaluation: digest("evaluation"), Reason: "12 criteria are not met"}, mark(7)},
		verify.MarkRenewed:         {terms(), mark(7)},
		verify.MarkAmended:         {terms(), mark(7)},
		verify.MarkSuspended:       {reason, mark(7)},
		verify.SuspensionConfirmed: {reason, mark(7)},
		verify.MarkRestored:        {reason, mark(7)},
		verify.MarkWithdrawn:       {verify.ReasonBody{By: verify.Maker, Reason: "no longer sold"}, mark(7)},
		verify.ComplaintOpened:     {verify.CaseBody{Case: "c-2026-14", Grounds: "the label is on another model"}, mark(7)},
		verify.ComplaintDecided:    {outcome, mark(7)},
		verify.AppealOpened:        {verify.CaseBody{Against: digest("refusal"), Case: "a-2026-2", Grounds: "evidence was not looked at"}, mark(7)},
		verify.AppealDecided:       {outcome, mark(7)},
		verify.FindingPublished:    {verify.FindingBody{Criterion: "device-security.no-default-password", Reply: "mended in 2.4.1", Statement: document("finding"), Summary: "a unit answered to a password that all have"}, mark(7)},
		verify.UnitBatch:           {verify.UnitsBody{Count: 5000, Root: digest("units")}, mark(7)},
	}
}

// types are all types, in order.
func types(t testing.TB) []verify.Type {
	return slices.SortedFunc(maps.Keys(samples(t)), cmp.Compare[verify.Type])
}
