package scheme_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/scheme"
)

var update = flag.Bool("update", false, "write docs/cases.md anew")

// docs/cases.md is printed from the tables that the procedures go by.
func TestDocs(t *testing.T) {
	t.Parallel()
	const path = "../../docs/cases.md"
	got := casesDocument()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("docs/cases.md is stale; make generate writes it anew (-want +got)\n%s", diff)
	}
}

func words[T ~string](ts []T) string {
	var out []string
	for _, t := range ts {
		out = append(out, string(t))
	}
	return strings.Join(out, ", ")
}

func orAll(s, all string) string {
	if s == "" {
		return all
	}
	return s
}

func casesDocument() string {
	var b strings.Builder
	b.WriteString(`<!-- Written by make generate from the tables of the root package and of internal/scheme; do not edit. -->
# Cases: what may happen, and who may do it

A case has a kind, a state, people and an end. What is not in its table is refused (act-not-allowed), who has not
one of the roles is refused (role-missing), and then the [bars](#who-may-not) are asked. Command line,
jobs and every other way in go by the same tables (iotmark.CaseMoves, scheme.Bars); nothing is allowed because
somebody runs the machine. States of a mark, which all the world can count again, are in [states.md](states.md); days
and votes are numbers of the edition, in [procedure.md](procedure.md).

An act that drafts an entry of the public log, or a vote, puts the case into a state that waits for signatures: until
they are complete (carried), or it is clear that they will not be (dropped). In the drawings such a state stands
in brackets with what follows.
`)
	b.WriteString("\n| kind | states | final |\n| --- | --- | --- |\n")
	for _, k := range iotmark.CaseKinds() {
		var final []iotmark.CaseState
		n := 0
		for _, r := range iotmark.CaseStates() {
			if r.Kind == k {
				n++
				if r.Final {
					final = append(final, r.State)
				}
			}
		}
		fmt.Fprintf(&b, "| [%s](#%s) | %d | %s |\n", k, k, n, orAll(words(final), "none"))
	}
	for _, k := range iotmark.CaseKinds() {
		kindDocument(&b, k)
	}
	b.WriteString("\n## In every case\n\nThese change no state. They may be done wherever a case has not ended; sign, reject and recuse only while signatures\n" +
		"are waited for; what is about keeping (read, pay, hold, unhold, erase-evidence) after the end too.\n\n| act | by |\n| --- | --- |\n")
	for _, m := range iotmark.CaseAnytime() {
		fmt.Fprintf(&b, "| %s | %s |\n", m.Act, words(m.By))
	}
	b.WriteString("\n## Who may not\n\nThe first that stands is told, with its id. No bar is about the program.\n\n| id | stands in the way of | roles | in cases of | acts | source |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, r := range scheme.Bars() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", r.ID, r.When, orAll(words(r.Roles), "all"), orAll(words(r.Kinds), "every kind"), orAll(words(r.Acts), "all"), r.Source)
	}
	return b.String()
}

func kindDocument(b *strings.Builder, k iotmark.CaseKind) {
	fmt.Fprintf(b, "\n## %s\n\n```text\n", k)
	drawing(b, k)
	b.WriteString("```\n\n| in | act | by | to | drafts |\n| --- | --- | --- | --- | --- |\n")
	for _, m := range iotmark.CaseMoves() {
		if m.Kind != k {
			continue
		}
		drafts := m.Entry
		switch drafts {
		case "":
		case iotmark.InternalVote:
			drafts = "a vote that the log does not see"
		default:
			drafts = "`" + drafts + "`"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", orAll(string(m.From), "nothing"), m.Act, words(m.By), m.To, drafts)
	}
	var timed []iotmark.CaseStateRow
	for _, r := range iotmark.CaseStates() {
		if r.Kind == k && r.Waits != "" {
			timed = append(timed, r)
		}
	}
	if len(timed) == 0 {
		return
	}
	b.WriteString("\n| state | waits for | deadline | |\n| --- | --- | --- | --- |\n")
	for _, r := range timed {
		stops := ""
		if r.Stops {
			stops = "the clock of the state before stands still"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", r.State, r.Waits, orAll(r.Deadline, "no limit"), stops)
	}
}

// drawing draws what follows from what, line by line: a state, and the acts
// that lead out of it. A state that waits for signatures is drawn with the act
// that leads to it.
func drawing(b *strings.Builder, k iotmark.CaseKind) {
	out := map[iotmark.CaseState][]iotmark.CaseMove{}
	var order []iotmark.CaseState
	width := len("nothing")
	for _, m := range iotmark.CaseMoves() {
		if m.Kind != k {
			continue
		}
		out[m.From] = append(out[m.From], m)
		if !waitsForSignatures(k, m.From) && !slices.Contains(order, m.From) {
			order = append(order, m.From)
			width = max(width, len(m.From))
		}
	}
	for _, s := range order {
		left := orAll(string(s), "nothing")
		for _, m := range out[s] {
			to := orAll(string(m.To), "nothing")
			switch {
			case m.To == s:
				to = "stays"
			case waitsForSignatures(k, m.To):
				carried, _ := iotmark.MoveCase(k, m.To, iotmark.ActCarried)
				dropped, _ := iotmark.MoveCase(k, m.To, iotmark.ActDropped)
				to = fmt.Sprintf("[%s] --signed--> %s, or dropped: %s", m.To, carried.To, dropped.To)
			}
			fmt.Fprintf(b, "%-*s --%s--> %s\n", width, left, m.Act, to)
			left = ""
		}
	}
}

func waitsForSignatures(k iotmark.CaseKind, s iotmark.CaseState) bool {
	_, ok := iotmark.MoveCase(k, s, iotmark.ActCarried)
	return ok
}
