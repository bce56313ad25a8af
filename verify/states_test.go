package verify_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
)

// docs/states.md is printed from the tables that replay goes by.
func TestStatesDocument(t *testing.T) {
	t.Parallel()
	got := statesDocument()
	const path = "../docs/states.md"
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
		t.Errorf("docs/states.md is stale; make generate writes it anew (-want +got)\n%s", diff)
	}
}

func stateName(s iotmark.MarkState) string {
	if s == iotmark.MarkNone {
		return "nothing"
	}
	return string(s)
}

// byTime are the acts that no entry tells.
var byTime = map[iotmark.MarkAct]string{
	iotmark.SuspensionLapsed: "time: thirty days without a second signature",
	iotmark.MarkExpiredAct:   "time: the day after `valid_until`",
}

func statesDocument() string {
	var b strings.Builder
	b.WriteString("<!-- Written by make generate from the tables of the root package and of verify; do not edit. -->\n# States of a mark\n\n")
	b.WriteString("A mark moves by entries of the public log, and by time. What is not in this table is not allowed:\n" +
		"an entry that would do it stays in the log and has no effect. Replay, procedures and pages go by the\n" +
		"same table (`iotmark.MarkMoves`). What the entries say stands in [entries.md](entries.md), the procedures\n" +
		"that lead to them, and who may act in them, in [cases.md](cases.md).\n\n```mermaid\nstateDiagram-v2\n")
	beside := map[iotmark.MarkState][]string{}
	for _, m := range iotmark.MarkMoves() {
		switch {
		case m.From == m.To:
			beside[m.From] = append(beside[m.From], "`"+string(m.Act)+"`")
		case m.From == iotmark.MarkNone:
			fmt.Fprintf(&b, "    [*] --> %s: %s\n", m.To, m.Act)
		default:
			fmt.Fprintf(&b, "    %s --> %s: %s\n", m.From, m.To, m.Act)
		}
	}
	seen := map[iotmark.MarkState]bool{}
	var order []iotmark.MarkState
	for _, m := range iotmark.MarkMoves() {
		for _, s := range []iotmark.MarkState{m.From, m.To} {
			if !seen[s] && s != iotmark.MarkNone {
				seen[s], order = true, append(order, s)
			}
		}
	}
	for _, s := range order {
		if s.Ended() {
			fmt.Fprintf(&b, "    %s --> [*]\n", s)
		}
	}
	b.WriteString("```\n\n| from | act | to | signed by |\n| --- | --- | --- | --- |\n")
	rules := verify.DefaultRules()
	for _, m := range iotmark.MarkMoves() {
		if m.From == m.To {
			continue
		}
		by, ok := byTime[m.Act]
		if !ok {
			by = rules[verify.Type(m.Act)].String()
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s |\n", stateName(m.From), m.Act, m.To, by)
	}
	b.WriteString("\nThese change nothing about the state that they are told in:\n\n| in | acts |\n| --- | --- |\n")
	for _, s := range order {
		if acts := beside[s]; len(acts) > 0 {
			fmt.Fprintf(&b, "| %s | %s |\n", s, strings.Join(acts, ", "))
		}
	}
	b.WriteString("\n## Why an entry has no effect\n\nThe first reason that holds, in this order but for those of one family of acts.\n\n| reason | meaning |\n| --- | --- |\n")
	for _, w := range verify.Reasons() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", w.Reason, w.Text)
	}
	return b.String()
}
