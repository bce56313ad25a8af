package determine_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/determine"
)

var update = flag.Bool("update", false, "write docs/checks.md anew")

// docs/checks.md is printed from the metadata of the checks.
func TestChecksDocument(t *testing.T) {
	t.Parallel()
	cat, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	got := checksDocument(cat)
	const path = "../../docs/checks.md"
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
		t.Errorf("docs/checks.md is stale; make generate writes it anew (-want +got)\n%s", diff)
	}
}

func checksDocument(cat *catalogue.Catalogue) string {
	var b strings.Builder
	b.WriteString("<!-- Written by make generate from the metadata of the checks; do not edit. -->\n# Checks\n\n")
	b.WriteString("A check looks at evidence and reports what it found, with the place. Which check serves which\n" +
		"criterion, and what it may do to it, stands in `catalogue/bindings.yaml`: a *proof* supports a claim up\n" +
		"to checked or contradicts it, a *guard* only contradicts, a *hint* decides nothing.\n\n" +
		"*Sure*: pass and fail both follow from the evidence. *Fail-sure*: a finding is proof, its absence proves\n" +
		"nothing beyond what was read. *Heuristic*: it points a person to a place.\n\n")
	b.WriteString("| check | looks at | worth | serves |\n| --- | --- | --- | --- |\n")
	for _, c := range determine.Checks() {
		var kinds, serves []string
		for _, n := range c.Reads {
			for _, k := range n.Kinds {
				if !slices.Contains(kinds, string(k)) {
					kinds = append(kinds, string(k))
				}
			}
			if len(n.Kinds) == 0 && !n.Claimed {
				kinds = append(kinds, "evidence of any kind")
			} else if len(n.Kinds) == 0 {
				kinds = append(kinds, n.Reader+" of any kind that the claim points to")
			}
		}
		if len(kinds) == 0 {
			kinds = []string{"declaration"}
		}
		for _, id := range cat.Serves(c.ID) {
			for _, bd := range cat.Bindings.Criteria[id] {
				if bd.Check == c.ID {
					serves = append(serves, fmt.Sprintf("%s (%s)", id, bd.Role))
				}
			}
		}
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s | %s |\n", c.ID, anchor(c.ID), strings.Join(kinds, ", "), c.Certainty, strings.Join(serves, "<br>"))
	}
	for _, c := range determine.Checks() {
		fmt.Fprintf(&b, "\n## %s\n\n%s. Version %d.\n\n", c.ID, strings.TrimSuffix(c.Title, "."), c.Version)
		for _, row := range []struct{ name, text string }{
			{"Looks at", c.What}, {"Why", c.Why}, {"Satisfied by", c.Satisfy}, {"Cannot see", c.Limits},
		} {
			fmt.Fprintf(&b, "- **%s**: %s\n", row.name, row.text)
		}
		fmt.Fprintf(&b, "- **Source**: %s\n", strings.Join(c.Cites, "; "))
	}
	return b.String()
}

func anchor(id iotmark.CheckID) string { return strings.ReplaceAll(string(id), ".", "") }

// The list, the metadata, the bindings and the rooms agree.
func TestCheckMetadata(t *testing.T) {
	t.Parallel()
	cat, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	readers := map[string][]iotmark.EvidenceKind{}
	for _, r := range determine.Readers() {
		if r.Version < 1 || r.Sniff == nil || r.Read == nil || r.New == nil || len(r.Kinds) == 0 {
			t.Errorf("reader %s is incomplete", r.Name)
		}
		readers[r.Name] = r.Kinds
	}
	known := map[iotmark.CheckID]bool{}
	perTopic := map[iotmark.Topic]int{}
	var last iotmark.CheckID
	topics := iotmark.Topics()
	for _, c := range determine.Checks() {
		if known[c.ID] {
			t.Errorf("%s is listed twice", c.ID)
		}
		known[c.ID] = true
		perTopic[c.ID.Topic()]++
		if !c.ID.Valid() || c.Version < 1 || c.Title == "" || c.What == "" || c.Why == "" || c.Satisfy == "" || c.Limits == "" || len(c.Cites) == 0 || c.Certainty == "" || c.Run == nil {
			t.Errorf("%s: its metadata is incomplete", c.ID)
		}
		if x, y := slices.Index(topics, last.Topic()), slices.Index(topics, c.ID.Topic()); last != "" && (x > y || x == y && last > c.ID) {
			t.Errorf("%s stands after %s; the list goes by topic, then by name", c.ID, last)
		}
		last = c.ID
		serves := cat.Serves(c.ID)
		if len(serves) == 0 {
			t.Errorf("%s serves no criterion; bind it in catalogue/bindings.yaml", c.ID)
		} else if !slices.ContainsFunc(serves, func(id iotmark.CriterionID) bool { return id.Topic() == c.ID.Topic() }) {
			t.Errorf("%s serves %v and belongs in the room of one of their topics", c.ID, serves)
		}
		for _, n := range c.Reads {
			kinds, ok := readers[n.Reader]
			if n.Reader != "" && !ok {
				t.Errorf("%s wants the reader %s, which is not listed", c.ID, n.Reader)
			}
			for _, k := range n.Kinds {
				if n.Reader != "" && !slices.Contains(kinds, k) {
					t.Errorf("%s wants %s read by %s, which does not serve that role", c.ID, k, n.Reader)
				}
			}
		}
	}
	for id, bs := range cat.Bindings.Criteria {
		for _, bd := range bs {
			if !known[bd.Check] {
				t.Errorf("%s is bound to %s, which is not a check", id, bd.Check)
			}
		}
	}
	for _, topic := range topics {
		if perTopic[topic] < 2 {
			t.Errorf("%s has %d checks; at least two are wanted", topic, perTopic[topic])
		}
	}
}
