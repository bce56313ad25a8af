package publication

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
)

// Promises are what a maker may raise and must not quietly lower.
type Promises struct {
	Functions    []Function    `json:"functions"` // core functions, by id
	PartsUntil   iotmark.Until `json:"parts_until"`
	ServiceUntil iotmark.Until `json:"service_until"`
	UpdatesUntil iotmark.Until `json:"updates_until"`
}

// Function is a core function that buyers are promised.
type Function struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

// PromisesOf takes the promises out of a declaration. Unknown is written out,
// and a text stands in one line.
func PromisesOf(d *iotmark.Declaration) Promises {
	word := func(u iotmark.Until) iotmark.Until { return cmp.Or(u, iotmark.Until(iotmark.WordUnknown)) }
	p := Promises{Functions: []Function{}, PartsUntil: word(d.Repair.PartsUntil), ServiceUntil: word(d.Support.ServiceUntil), UpdatesUntil: word(d.Support.UpdatesUntil)}
	for _, f := range d.Functions {
		if f.IsCore() {
			p.Functions = append(p.Functions, Function{ID: f.ID, Text: strings.Join(strings.Fields(f.Text), " ")})
		}
	}
	slices.SortFunc(p.Functions, func(x, y Function) int { return cmp.Compare(x.ID, y.ID) })
	return p
}

// Lowering is one promise that was lowered in the open.
type Lowering struct {
	From   string `json:"from"`   // the earlier date, or the function's text
	Reason string `json:"reason"` // in the maker's words
	To     string `json:"to"`     // the new date or word; "removed" for a function
	What   string `json:"what"`   // updates_until, service_until, parts_until, or function:<id>
}

// Lowered says what of the promises before is less in the promises now: a date
// that is earlier or gone, a core function that is not promised any more. A
// function whose id stays and whose text changes is not lowered by this rule;
// both texts stand in the statements for anyone to compare.
func Lowered(before, now Promises) []Lowering {
	var out []Lowering
	for _, d := range []struct {
		what     string
		was, now iotmark.Until
	}{
		{"parts_until", before.PartsUntil, now.PartsUntil},
		{"service_until", before.ServiceUntil, now.ServiceUntil},
		{"updates_until", before.UpdatesUntil, now.UpdatesUntil},
	} {
		was, had := d.was.Date()
		if is, has := d.now.Date(); had && (!has || is < was) {
			out = append(out, Lowering{What: d.what, From: string(was), To: string(d.now)})
		}
	}
	for _, f := range before.Functions {
		if !slices.ContainsFunc(now.Functions, func(g Function) bool { return g.ID == f.ID }) {
			out = append(out, Lowering{What: "function:" + f.ID, From: f.Text, To: "removed"})
		}
	}
	return out
}

// Raise decides on promises that are lowered. Without a reason it refuses and
// shows the attempt; with one it returns what the statement records.
func Raise(before, now Promises, reason string) ([]Lowering, error) {
	low := Lowered(before, now)
	if len(low) == 0 {
		return nil, nil
	}
	if reason = strings.TrimSpace(reason); reason == "" {
		return nil, &iotmark.Error{Kind: iotmark.Invalid, ID: "promise-lowered",
			Msg: "this would lower what was promised in public, and people bought on it:" + lines(low) +
				"\nNothing was written. Restore the promise, or record the change in the open with --lower-promise REASON: reason and change are then signed and stay in the history"}
	}
	if len(reason) > 500 {
		return nil, invalid("usage", "--lower-promise: give the reason in at most 500 bytes")
	}
	for i := range low {
		low[i].Reason = reason
	}
	return low, nil
}

// lines lists what is lowered, one a line.
func lines(low []Lowering) string {
	var b strings.Builder
	for _, l := range low {
		fmt.Fprintf(&b, "\n  %s: %s -> %s", l.What, l.From, l.To)
	}
	return b.String()
}

// recorded reports whether a statement records each promise that it lowers,
// and nothing else.
func recorded(before, now Promises, as []Lowering) bool {
	low := Lowered(before, now)
	return slices.EqualFunc(low, as, func(x, y Lowering) bool {
		return x.What == y.What && x.From == y.From && x.To == y.To && strings.TrimSpace(y.Reason) != ""
	})
}
