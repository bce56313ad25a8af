package assess

import (
	"slices"
	"strconv"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
)

// Opinion is what the inspection notes on one criterion amount to.
type Opinion struct {
	Verdict iotmark.InspectionVerdict // empty: nobody inspected
	Step    iotmark.Assurance         // that the verdict carries; none for inconclusive
	Settled bool                      // all who inspected say so, or most of them; also where nobody did
	Notes   []iotmark.Inspection      // those that count: the last of each person, in their order
}

// grave orders verdicts: the lower counts while people differ.
var grave = []iotmark.InspectionVerdict{iotmark.InspectionFail, iotmark.InspectionInconclusive, iotmark.InspectionPass}

// Opine weighs the notes on one criterion, in the order in which they were
// handed in. Of several notes of one person the last counts. Where people
// differ, what more than half of them say counts; until then the lower.
func Opine(cat *catalogue.Catalogue, notes []iotmark.Inspection) Opinion {
	var o Opinion
	for i, n := range notes {
		if !slices.ContainsFunc(notes[i+1:], func(m iotmark.Inspection) bool { return m.By == n.By }) {
			o.Notes = append(o.Notes, n)
		}
	}
	if o.Settled = len(o.Notes) == 0; o.Settled {
		return o
	}
	count := map[iotmark.InspectionVerdict]int{}
	for _, n := range o.Notes {
		count[n.Verdict]++
	}
	for _, v := range grave {
		if 2*count[v] > len(o.Notes) {
			o.Verdict, o.Settled = v, true
		}
	}
	for _, v := range grave {
		if o.Verdict == "" && count[v] > 0 {
			o.Verdict = v
		}
	}
	for _, n := range o.Notes {
		if m := cat.Method(n.Method); m != nil && n.Verdict == o.Verdict && o.Verdict != iotmark.InspectionInconclusive {
			o.Step = max(o.Step, m.Step())
		}
	}
	return o
}

// reasons tells each note that counts, and that people differ.
func (o Opinion) reasons() []iotmark.Reason {
	var out []iotmark.Reason
	if !o.Settled {
		out = append(out, reason(iotmark.ByInspection, "assess.inspected-differ"))
	}
	for _, n := range o.Notes {
		out = append(out, iotmark.Reason{Kind: iotmark.ByInspection, Message: "assess.inspected-" + iotmark.MessageID(n.Verdict),
			Args: map[string]string{"method": string(n.Method), "version": strconv.Itoa(n.Version), "on": string(n.On)}})
	}
	return out
}
