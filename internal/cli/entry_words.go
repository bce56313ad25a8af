package cli

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
)

// entryWords say in one or two plain sentences what an entry does, by its
// type. What else stands in the body is listed below them.
var entryWords = map[verify.Type]func(body any) string{
	verify.LogOpened: inWords(func(b *verify.OpenedBody) string {
		return fmt.Sprintf("Opens the public log %s of the scheme %s.", b.Origin, b.Domain)
	}),
	verify.KeyringSet: inWords(keyringWords),
	verify.PolicySet: inWords(func(b *verify.PolicyBody) string {
		for line := range strings.Lines(b.Policy) {
			if slices.Equal(strings.Fields(line), []string{"quorum", "none"}) {
				return "Says that no witness needs to have seen the log."
			}
		}
		return "Says which witnesses must have seen the log before anybody relies on it."
	}),
	verify.LogClosed: inWords(func(b *verify.ClosedBody) string { return "Closes the log for ever: " + b.Reason }),
	verify.CheckpointAnchor: inWords(func(b *verify.AnchorBody) string {
		return fmt.Sprintf("Tells that the state of the log at %d entries was deposited at %s.", b.Checkpoint.Size, b.Where)
	}),
	verify.StatusPublished: inWords(func(b *verify.StatusBody) string {
		return fmt.Sprintf("Publishes the status of all %d marks, as the first %d entries of the log give it.", b.Marks, b.Covers)
	}),
	verify.NoteCorrection: inWords(func(b *verify.CorrectionBody) string {
		return fmt.Sprintf("Notes about the entry %s, and changes nothing: %s", b.Leaf.Short(), b.Text)
	}),
	verify.ProposalPublished: inWords(func(b *verify.ProposalBody) string {
		return fmt.Sprintf("Proposes a change of the criteria: %s (%s).", b.Title, b.Proposal)
	}),
	verify.ConsultationOpen: inWords(func(b *verify.ConsultationBody) string {
		return fmt.Sprintf("Asks everybody about the proposal %s, from %s to %s.", b.Proposal, b.Opens, b.Closes)
	}),
	verify.ConsultationClose: inWords(func(b *verify.ConsultationBody) string {
		return fmt.Sprintf("Ends the consultation on the proposal %s and answers the comments.", b.Proposal)
	}),
	verify.BallotHeld: inWords(func(b *verify.BallotBody) string {
		result := "It is not carried."
		if b.Carried {
			result = "It is carried."
		}
		return fmt.Sprintf("Tells a ballot on the proposal %s: %d for, %d against, %d abstained. %s The question: %s", b.Proposal, b.For, b.Against, b.Abstain, result, b.Question)
	}),
	verify.EditionAdopted: inWords(func(b *verify.EditionBody) string {
		s := fmt.Sprintf("Adopts the edition %s of the criteria. Marks may be granted under it from %s.", b.Edition, b.From)
		if b.Transition != "" {
			s += fmt.Sprintf(" Under %s they may be granted until %s.", b.Replaces, b.Transition)
		}
		return s
	}),
	verify.EditionWithdrawn: inWords(func(b *verify.EditionEndBody) string {
		return fmt.Sprintf("Withdraws the edition %s of the criteria from %s: %s", b.Edition, b.From, b.Reason)
	}),
	verify.OrgAccredited: inWords(func(b *verify.OrgBody) string {
		return fmt.Sprintf("Accredits %s (%s) as %s for %s, until %s, with %s.", b.Name, b.ID, b.Kind, scopeWords(b.Scopes), b.Until, count(len(b.Keys), "key", "keys"))
	}),
	verify.OrgSuspended: inWords(func(b *verify.OrgChangeBody) string {
		return fmt.Sprintf("Suspends the organisation %s: it may not evaluate. %s", b.ID, b.Reason)
	}),
	verify.OrgRestored: inWords(func(b *verify.OrgChangeBody) string {
		return fmt.Sprintf("Lets the organisation %s evaluate again. %s", b.ID, b.Reason)
	}),
	verify.MakerRegistered: inWords(func(b *verify.MakerBody) string {
		return fmt.Sprintf("Registers the maker %s (%s) with %s.", b.Name, b.Domain, count(len(b.Keys), "key", "keys"))
	}),
	verify.DeclarationType: inWords(func(b *verify.DeclarationBody) string {
		return fmt.Sprintf("Publishes the open declaration of %s about its product %s.", b.Maker.Domain, b.Product.ID)
	}),
	verify.PromiseSet: inWords(func(b *verify.PromiseBody) string {
		var out []string
		for _, p := range []struct {
			what string
			date iotmark.Date
		}{{"updates", b.Updates}, {"service", b.Service}, {"parts", b.Parts}} {
			if p.date != "" {
				out = append(out, p.what+" until "+string(p.date))
			}
		}
		if len(b.Functions) > 0 {
			out = append(out, "that these keep working: "+strings.Join(b.Functions, ", "))
		}
		return fmt.Sprintf("%s promises for its product %s: %s. Nothing of it can be taken back.", b.Maker, b.Product, strings.Join(out, "; "))
	}),
	verify.ApplicationAccepted: inWords(func(b *verify.ApplicationBody) string {
		return fmt.Sprintf("Accepts the application of %s for a mark for its product %s, under the edition %s.", b.Maker, b.Product, b.Edition)
	}),
	verify.EvidenceSealed: inWords(func(b *verify.SealedBody) string {
		return fmt.Sprintf("Fixes the evidence: %s, by one hash over all of them.", count(b.Items, "file", "files"))
	}),
	verify.EvaluationCompleted: inWords(func(b *verify.EvaluationBody) string {
		return fmt.Sprintf("Tells that the evidence was evaluated under the edition %s, for %s. Conflicts of interest: %s", b.Edition, b.Scope, b.Interests)
	}),
	verify.MarkGranted: inWords(func(b *verify.TermsBody) string { return "Grants" + termsWords(b) }),
	verify.MarkRenewed: inWords(func(b *verify.TermsBody) string { return "Renews" + termsWords(b) }),
	verify.MarkAmended: inWords(func(b *verify.TermsBody) string { return "Changes what is certified by" + termsWords(b) }),
	verify.MarkRefused: inWords(func(b *verify.RefusedBody) string { return "Refuses the mark: " + b.Reason }),
	verify.MarkSuspended: inWords(func(b *verify.ReasonBody) string {
		return "Suspends the mark: it may not be used for now. It lapses after thirty days unless it is confirmed. " + b.Reason
	}),
	verify.SuspensionConfirmed: inWords(func(b *verify.ReasonBody) string { return "Confirms the suspension of the mark: " + b.Reason }),
	verify.MarkRestored:        inWords(func(b *verify.ReasonBody) string { return "Lets the mark be used again: " + b.Reason }),
	verify.MarkWithdrawn: inWords(func(b *verify.ReasonBody) string {
		return fmt.Sprintf("Withdraws the mark for good, by the %s: %s", b.By, b.Reason)
	}),
	verify.ComplaintOpened: inWords(func(b *verify.CaseBody) string {
		return fmt.Sprintf("Opens the complaint %s about the mark: %s", b.Case, b.Grounds)
	}),
	verify.ComplaintDecided: inWords(func(b *verify.OutcomeBody) string {
		return fmt.Sprintf("Decides the complaint %s: %s. %s", b.Case, b.Outcome, b.Reason)
	}),
	verify.AppealOpened: inWords(func(b *verify.CaseBody) string {
		return fmt.Sprintf("Opens the appeal %s against the decision %s: %s", b.Case, b.Against.Short(), b.Grounds)
	}),
	verify.AppealDecided: inWords(func(b *verify.OutcomeBody) string {
		return fmt.Sprintf("Decides the appeal %s: %s. %s", b.Case, b.Outcome, b.Reason)
	}),
	verify.FindingPublished: inWords(func(b *verify.FindingBody) string {
		return fmt.Sprintf("Publishes a finding of surveillance on %s: %s", b.Criterion, b.Summary)
	}),
	verify.UnitBatch: inWords(func(b *verify.UnitsBody) string {
		return fmt.Sprintf("Fixes the serial numbers of %s, by one hash over all of them.", count(b.Count, "unit", "units"))
	}),
}

func inWords[B any](say func(*B) string) func(any) string {
	return func(body any) string { return say(body.(*B)) }
}

func scopeWords(scopes []string) string {
	if slices.Equal(scopes, []string{"*"}) {
		return "all products"
	}
	return strings.Join(scopes, ", ")
}

// termsWords go on from a verb.
func termsWords(b *verify.TermsBody) string {
	return fmt.Sprintf(" the mark %s to %s (%s) for %s %s (%s), under the edition %s, from %s to %s. Updates are promised until %s.",
		b.Code, b.Holder.Name, b.Holder.Domain, b.Product.Name, b.Product.Model, b.Scope, b.Edition, b.ValidFrom, b.ValidUntil, b.Updates)
}

// keyringWords count who holds what, and name those who may sign no more.
func keyringWords(b *verify.KeyringBody) string {
	n, ended := map[verify.Role]int{}, []string{}
	for _, k := range b.Keys {
		if k.Until != nil {
			ended = append(ended, fmt.Sprintf("%s from entry %d", k.Name, *k.Until))
			continue
		}
		n[k.Role]++
	}
	var have []string
	for _, r := range slices.Sorted(maps.Keys(n)) {
		have = append(have, fmt.Sprintf("%s %d", r, n[r]))
	}
	s := fmt.Sprintf("Says who holds which key: %s. So many root keys must sign what changes that: %d.", strings.Join(have, ", "), b.Root)
	if len(ended) > 0 {
		s += " These may not sign any more: " + strings.Join(ended, ", ") + "."
	}
	if len(b.Rules) > 0 {
		s += fmt.Sprintf(" It changes who must sign entries of %s.", count(len(b.Rules), "type", "types"))
	}
	return s
}

// entryText tells an entry to a person. Of the signers it says what is known:
// nothing, or what a source of keys tells.
func entryText(e anEntry, known *keySource) string {
	var b strings.Builder
	linef(&b, "%s, in the log of %s\n", string(e.Type), e.domain)
	b.WriteString(wrapLine(entryWords[e.Type](e.Decoded())) + "\n")
	row := func(name, value string) { linef(&b, "  %-9s %s\n", name, value) }
	if e.Subject != "" {
		row("about", e.Subject)
	}
	row("time", e.Time+", as the signers claim it")
	row("id", e.ID)
	if e.Prev == "" {
		row("follows", "none: the first about its subject")
	} else {
		row("follows", string(e.Prev))
	}
	if e.sealed {
		row("leaf", string(e.Leaf))
	}
	b.WriteString("\nWhat it says in full\n")
	bodyText(&b, e.Body, 2)
	if !e.sealed {
		b.WriteString("\nNobody has signed it yet.\n")
		return b.String()
	}
	b.WriteString("\nSigned by\n")
	for _, s := range e.Sigs {
		linef(&b, "  %s\n      %s\n", s.Name, signerWords(e, s, known))
	}
	return b.String()
}

func wrapLine(s string) string {
	var b strings.Builder
	linef(&b, "%s", s)
	return wrap(b.String(), columns, 0)
}

// signerWords say what is known of one signature line.
func signerWords(e anEntry, s verify.Sig, known *keySource) string {
	if known == nil || len(known.keys) == 0 {
		return "not verified: no keys are known here; --keys or --log tells them"
	}
	k := known.by(s.Name)
	switch {
	case k == nil:
		return "not verified: no key of this name is known here"
	case !k.Made(s):
		return "not verified: made by another key, or in a way that is not known here"
	}
	if err := k.Verify(e.Text, s, e.domain); err != nil {
		return "WRONG: " + err.Error()
	}
	how := "its signature holds"
	if k.Secure() {
		how += ", made by touching a hardware key"
	}
	until := ""
	if k.Until != nil {
		until = fmt.Sprintf("; the key may not sign from entry %d on", *k.Until)
	}
	return fmt.Sprintf("%s, %s of %s: %s%s", k.Role, k.Person, k.Org, how, until)
}

// bodyText lists the members of a body, one a line, as they stand in it.
func bodyText(b *strings.Builder, raws json.RawMessage, indent int) {
	var v any
	d := json.NewDecoder(strings.NewReader(string(raws)))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return // it was decoded before
	}
	memberText(b, v, indent)
}

func memberText(b *strings.Builder, v any, indent int) {
	pad := strings.Repeat(" ", indent)
	item := func(name string, v any) {
		switch v := v.(type) {
		case map[string]any, []any:
			if k, ok := aKey(v); ok {
				linef(b, "%s%s %s: %s, %s of %s\n%s    %s\n", pad, name, k.Name, string(k.Role), k.Person, k.Org, pad, k.Fingerprint())
				if k.Until != nil {
					linef(b, "%s    may not sign from entry %d on\n", pad, *k.Until)
				}
				return
			}
			linef(b, "%s%s\n", pad, name)
			memberText(b, v, indent+2)
		case string:
			if lines := strings.Split(strings.TrimSuffix(v, "\n"), "\n"); len(lines) > 1 {
				linef(b, "%s%s\n", pad, name)
				for _, l := range lines {
					linef(b, "%s  | %s\n", pad, l)
				}
				return
			}
			linef(b, "%s%s  %s\n", pad, name, v)
		default:
			linef(b, "%s%s  %s\n", pad, name, fmt.Sprint(v))
		}
	}
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			item(name, v[name])
		}
	case []any:
		for _, one := range v {
			item("-", one)
		}
	}
}

// aKey reads an item of a list of keys, which is told by its fingerprint.
func aKey(v any) (*verify.Key, bool) {
	m, _ := v.(map[string]any)
	if m["key"] == nil || m["role"] == nil {
		return nil, false
	}
	b, err := json.Marshal(m)
	if err != nil {
		return nil, false
	}
	var e verify.KeyEntry
	if err := json.Unmarshal(b, &e); err != nil {
		return nil, false
	}
	k, err := verify.ParseKey(e)
	return k, err == nil
}
