package scheme

import (
	"context"
	"slices"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
)

// EditionBody is a change of the criteria on its way: proposal, consultation,
// ballot, adoption.
type EditionBody struct {
	Proposal   string          `json:"proposal"` // id
	Title      string          `json:"title"`
	Edition    iotmark.Edition `json:"edition"`
	Catalogue  iotmark.Digest  `json:"catalogue"` // over the edition's files
	Document   verify.Document `json:"document"`
	DryRun     verify.Document `json:"dry_run"` // who would lose a mark
	Replaces   iotmark.Edition `json:"replaces,omitempty"`
	Opens      iotmark.Date    `json:"opens,omitempty"`
	Closes     iotmark.Date    `json:"closes,omitempty"`
	Comments   []Comment       `json:"comments,omitempty"`
	Votes      []Cast          `json:"votes,omitempty"`
	From       iotmark.Date    `json:"from,omitempty"`
	Transition iotmark.Date    `json:"transition,omitempty"`
}

// Comment is what somebody said in a consultation, and what came of it.
type Comment struct {
	N        int    `json:"n"` // from 1
	By       string `json:"by"`
	For      string `json:"for"` // organisation
	As       string `json:"as"`  // role
	At       string `json:"at"`
	Text     string `json:"text"`
	Response string `json:"response,omitempty"` // what was done with it, and why
}

// Cast is one vote of a ballot.
type Cast struct {
	Person       string `json:"person"`
	Organisation string `json:"organisation"`
	Vote         string `json:"vote"` // for, against, abstain
	At           string `json:"at"`
}

// Propose begins a change of the criteria. The proposal says who would lose a
// mark; a member of the committee signs it.
func (s *Scheme) Propose(ctx context.Context, by iotmark.Actor, on On, b EditionBody) (Case, error) {
	return s.open(ctx, by, on, iotmark.EditionCase, "propose", deed{then: func(m *moment) error {
		if b.Proposal == "" || b.Title == "" || b.Edition == "" || b.Catalogue == "" || b.Document.SHA256 == "" || b.DryRun.SHA256 == "" {
			return invalid("proposal", "proposal-incomplete", "a proposal has an id, a title, an edition with the hash of its files, a document, and a dry run of who would lose a mark")
		}
		m.c.Subject = verify.Subject(verify.OfEdition, string(b.Edition))
		b.Comments, b.Votes, b.Opens, b.Closes, b.From, b.Transition = nil, nil, "", "", "", ""
		if err := m.c.set(b); err != nil {
			return err
		}
		return m.draft("", verify.ProposalBody{Document: b.Document, DryRun: b.DryRun, Proposal: b.Proposal, Title: b.Title})
	}})
}

// Consult opens the consultation on a proposal: what is asked, and until when.
func (s *Scheme) Consult(ctx context.Context, by iotmark.Actor, on On, asked verify.Document, closes iotmark.Date) (Case, error) {
	return s.act(ctx, by, on, "consult", deed{then: func(m *moment) error {
		b, err := in[EditionBody](*m.c)
		if err != nil {
			return err
		}
		days, _, _ := m.cfg.Terms.days("consultation")
		if least := Day(m.now, days); closes < least {
			return invalid("closes", "consultation-short", "a consultation is open for at least %d days, so until %s", days, least)
		}
		b.Opens, b.Closes = m.day, closes
		if err := m.c.set(b); err != nil {
			return err
		}
		return m.draft("", verify.ConsultationBody{Closes: closes, Document: asked, Opens: m.day, Proposal: b.Proposal})
	}})
}

// Comment says something in a consultation.
func (s *Scheme) Comment(ctx context.Context, by iotmark.Actor, on On, text string) (Case, error) {
	return s.act(ctx, by, on, "comment", deed{then: func(m *moment) error {
		if text == "" || len(text) > 10000 {
			return invalid("text", "comment-missing", "a comment has 1 to 10,000 characters")
		}
		m.says = map[string]string{"text": text}
		return amend(m, func(b *EditionBody) error {
			if m.day > b.Closes {
				return conflict("consultation-closed", "the consultation closed on %s", b.Closes)
			}
			b.Comments = append(b.Comments, Comment{N: len(b.Comments) + 1, By: by.Person, For: by.Organisation, As: string(m.role), At: m.now.Format(time.RFC3339), Text: text})
			return nil
		})
	}})
}

// Respond says what is done with a comment, and why.
func (s *Scheme) Respond(ctx context.Context, by iotmark.Actor, on On, n int, response string) (Case, error) {
	return s.act(ctx, by, on, "respond", deed{then: func(m *moment) error {
		if response == "" || len(response) > 10000 {
			return invalid("response", "response-missing", "a response has 1 to 10,000 characters")
		}
		m.says = map[string]any{"comment": n, "response": response}
		return amend(m, func(b *EditionBody) error {
			if n < 1 || n > len(b.Comments) {
				return missing("comment-unknown", "there is no comment %d; there are %d", n, len(b.Comments))
			}
			b.Comments[n-1].Response = response
			return nil
		})
	}})
}

// CloseConsultation ends a consultation after its last day. Every comment has
// a response; record is the document with all of them.
func (s *Scheme) CloseConsultation(ctx context.Context, by iotmark.Actor, on On, record verify.Document) (Case, error) {
	return s.act(ctx, by, on, "close", deed{of: kinds(iotmark.EditionCase), then: func(m *moment) error {
		b, err := in[EditionBody](*m.c)
		if err != nil {
			return err
		}
		if m.day < b.Closes {
			return conflict("consultation-open", "the consultation is open until %s", b.Closes)
		}
		if i := slices.IndexFunc(b.Comments, func(c Comment) bool { return c.Response == "" }); i >= 0 {
			return conflict("comments-open", "comment %d has no response yet", i+1)
		}
		return m.draft("", verify.ConsultationBody{Closes: b.Closes, Document: record, Opens: b.Opens, Proposal: b.Proposal})
	}})
}

// Cast casts a vote on a proposal: for, against or abstain. It can be changed
// until the ballot is drafted.
func (s *Scheme) Cast(ctx context.Context, by iotmark.Actor, on On, vote string) (Case, error) {
	return s.act(ctx, by, on, "cast", deed{then: func(m *moment) error {
		if !slices.Contains([]string{"for", "against", "abstain"}, vote) {
			return invalid("vote", "vote-wrong", "a vote is for, against or abstain, not %.20q", vote)
		}
		m.says = map[string]string{"vote": vote}
		return amend(m, func(b *EditionBody) error {
			b.Votes = slices.DeleteFunc(b.Votes, func(c Cast) bool { return c.Person == by.Person })
			b.Votes = append(b.Votes, Cast{Person: by.Person, Organisation: by.Organisation, Vote: vote, At: m.now.Format(time.RFC3339)})
			return nil
		})
	}})
}

// Ballot drafts what was voted; all who voted sign, so that anybody can count
// again.
func (s *Scheme) Ballot(ctx context.Context, by iotmark.Actor, on On, question string, minutes verify.Document) (Case, error) {
	return s.act(ctx, by, on, "ballot", deed{then: func(m *moment) error {
		b, err := in[EditionBody](*m.c)
		if err != nil {
			return err
		}
		count := map[string]int{}
		for _, v := range b.Votes {
			count[v.Vote]++
		}
		if count["for"] <= count["against"] {
			return conflict("ballot-lost", "%d voted for and %d against; the proposal is changed, or abandoned", count["for"], count["against"])
		}
		return m.draft("", verify.BallotBody{Abstain: count["abstain"], Against: count["against"], Carried: true, For: count["for"], Minutes: minutes, Proposal: b.Proposal, Question: question})
	}})
}

// voted reports whether all who cast a vote have signed.
func (m *moment) voted(by []*verify.Key) (bool, error) {
	b, err := in[EditionBody](*m.c)
	if err != nil {
		return false, err
	}
	return !slices.ContainsFunc(b.Votes, func(c Cast) bool {
		return !slices.ContainsFunc(by, func(k *verify.Key) bool { return k.Person == c.Person })
	}), nil
}

// Adopt drafts the adoption of an edition that a ballot carried: from when
// marks are granted under it, and until when under the one it replaces.
func (s *Scheme) Adopt(ctx context.Context, by iotmark.Actor, on On, from, transition iotmark.Date) (Case, error) {
	return s.act(ctx, by, on, "adopt", deed{then: func(m *moment) error {
		b, err := in[EditionBody](*m.c)
		if err != nil {
			return err
		}
		b.From, b.Transition = from, transition
		if err := m.c.set(b); err != nil {
			return err
		}
		return m.draft(m.c.Subject, verify.EditionBody{Catalogue: b.Catalogue, Edition: b.Edition, From: from, Proposal: b.Proposal, Replaces: b.Replaces, Transition: transition})
	}})
}

// Retire drafts the end of an edition: no mark is granted under it from a day.
func (s *Scheme) Retire(ctx context.Context, by iotmark.Actor, on On, from iotmark.Date) (Case, error) {
	return s.act(ctx, by, on, "retire", deed{first: reasoned, then: func(m *moment) error {
		b, err := in[EditionBody](*m.c)
		if err != nil {
			return err
		}
		return m.draft(m.c.Subject, verify.EditionEndBody{Edition: b.Edition, From: from, Reason: on.Reason})
	}})
}

// Abandon ends a proposal.
func (s *Scheme) Abandon(ctx context.Context, by iotmark.Actor, on On) (Case, error) {
	return s.act(ctx, by, on, "abandon", deed{first: reasoned})
}
