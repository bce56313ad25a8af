package datagovernance

import (
	"strconv"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/traffic"
)

// CaptureDestinations lists whom the product talks to outside the home.
var CaptureDestinations = check.Check{
	ID:      "data-governance.capture-destinations",
	Version: 2,
	Title:   "Whom the recorded product talks to",
	What: "Lists the far ends outside the home that the product talks to in a packet capture: the name under which it was asked for, else its address, with port and protocol. " +
		"The list is for people to read. It fails only where the product talks to a server under the maker's own domain and the declaration says that there is none (has_cloud: false).",
	Why:     "A list of who was really called is the shortest answer to the question where data goes.",
	Satisfy: "Hand in a capture of set-up and use that was taken beside the product, and read the list: each far end should be one you can explain.",
	Limits: "A capture shows its own minutes and no others; a destination that is called once a month is not in it. Names come from lookups and hellos in the same capture. " +
		"The traffic of phones and apps beside the product is left out.",
	Cites: []string{
		"ETSI EN 303 645 V3.1.3, 6-5",
		"Regulation (EU) 2016/679, Article 13(1)(e)",
	},
	Certainty: check.FailSure,
	Reads:     []check.Need{traffic.Captures},
	Run: func(in check.Input) []iotmark.Finding {
		return traffic.Each(in, "data-governance.capture-destinations", func(v traffic.View) []iotmark.Finding {
			return captureDestinations(v, in.Declaration)
		})
	},
}

// listed is how many far ends the list points to.
const listed = 50

func captureDestinations(v traffic.View, d *iotmark.Declaration) []iotmark.Finding {
	all, own := v.Group(), v.Group()
	all.Most = listed
	for _, t := range v.Talks {
		if t.Local {
			continue
		}
		all.Add(traffic.Service(t)+" "+string(t.Protocol), t.At, t, strconv.FormatInt(t.Sent, 10)+" bytes out, "+strconv.FormatInt(t.Received, 10)+" in")
		// The declared word, also where other evidence has made the fact unsure.
		if d.Facts["has_cloud"].Truth == iotmark.False && isOwn(d, t.Host) {
			own.Add(traffic.Far(t), t.At, t, "")
		}
	}
	if all.Len() == 0 {
		return v.Sum(v.Say(iotmark.Inapplicable, "stays-home"))
	}
	out := append(own.Say(iotmark.Failed, "denied"), all.Say(iotmark.Passed, "list")...)
	if partly, missing := v.Missing(); missing { // the list is true and may not be all
		out = append(out, partly)
	}
	return out
}
