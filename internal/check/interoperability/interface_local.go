package interoperability

import (
	"regexp"
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence/description"
)

// InterfaceLocal looks whether an interface is described that answers in the
// home, and whether one must sign in there.
var InterfaceLocal = check.Check{
	ID:      "interoperability.interface-local",
	Version: 2,
	Title:   "An interface answers in the home, and is guarded",
	What: "Reads the addresses of each description. It passes when one answers in the local network (.local, a private or link-local address, a name without a dot) and its operations ask to sign in. " +
		"It fails when all addresses are in the internet and no declared interface of the device follows a common standard, and when nothing of the local interface is guarded.",
	Why:     "What works in the home needs nobody's permission and no line to the outside. An interface without a guard is open to every guest on the network.",
	Satisfy: "Describe the interface on the device or hub with its local address, such as https://{device}.local, and a key for each owner.",
	Limits: "It reads the description and calls nothing: that the interface answers with the outside line cut is tried on a unit. " +
		"An interface by a common standard such as Matter has no description here; then a person looks at the register.",
	Cites: []string{
		"RFC 6762, section 3 (.local)",
		"RFC 1918, section 3, and RFC 4193, section 3 (private addresses)",
		"ETSI EN 303 645 V3.1.3, 5.5-5",
	},
	Certainty: check.FailSure,
	Reads:     []check.Need{descriptions},
	Run:       interfaceLocal,
}

const localID = "interoperability.interface-local."

func interfaceLocal(in check.Input) []iotmark.Finding {
	var local, open, public []iotmark.Finding
	var basis []iotmark.EvidenceID
	unknown := false
	for _, d := range check.Facts[*description.Facts](in, descriptions) {
		basis = append(basis, d.ID)
		t := &told{d: d}
		i := slices.IndexFunc(d.Facts.Servers, func(s description.Server) bool { return s.Reach == description.Local })
		if i >= 0 {
			guard(t, d.Facts.Servers[i])
			local = append(local, t.out...)
			continue
		}
		far := slices.DeleteFunc(slices.Clone(d.Facts.Servers), func(s description.Server) bool { return s.Reach != description.Public })
		if len(far) == len(d.Facts.Servers) && len(far) > 0 {
			t.say(check.Fail(localID+"public-only", nil, "host", far[0].Host), far[0].Line, far[0].URL)
			public = append(public, t.out...)
			continue
		}
		unknown = true
		line, url := 0, ""
		if len(d.Facts.Servers) > 0 {
			line, url = d.Facts.Servers[0].Line, d.Facts.Servers[0].URL
		}
		t.say(check.CannotTell(localID+"unknown", nil), line, url)
		open = append(open, t.out...)
	}
	if len(local) > 0 {
		return local // one local interface is enough; a cloud interface beside it is no fault
	}
	if unknown {
		return open
	}
	if std := standard(in.Declaration); std != "" {
		return []iotmark.Finding{check.CannotTell(localID+"standard", basis, "standard", std)}
	}
	return public
}

// guard asks whether one must sign in on the local address.
func guard(t *told, s description.Server) {
	var open []string
	var at []int
	guarded := 0
	for _, o := range t.d.Facts.Operations {
		switch {
		case o.Access == description.Guarded:
			guarded++
		case pairing(o):
		case changes(o):
			open, at = append(open, o.Name()), append(at, o.Line)
		}
	}
	host := s.Host
	switch {
	case len(t.d.Facts.Operations) == 0:
		t.say(check.CannotTell(localID+"no-operation", nil, "host", host), s.Line, s.URL)
	case guarded == 0:
		t.say(check.Fail(localID+"unguarded", nil, "host", host), s.Line, s.URL)
	case len(open) > 0:
		t.sayAll(check.CannotTell(localID+"open-change", nil), open, at)
	default:
		t.say(check.Pass(localID+"local", nil, "host", host, "n", check.N(guarded)), s.Line, s.URL)
	}
}

// keyWords are the names of operations by which one gets a key, and that must
// be open; keySteps may follow them.
var (
	keyWords = regexp.MustCompile(`(?i)^(?:pair|pairing|login|log-in|sign-?in|auth|authori[sz]e|authenticate|oauth2?|tokens?|sessions?|register|registration|enroll?|enrolment|enrollment|claim)$`)
	keySteps = regexp.MustCompile(`(?i)^(?:start|begin|request|confirm|finish|refresh)$`)
)

// pairing reports whether an operation only gives a key. It must end in the
// whole word: /repair-mode and /registers/{n} give none, and what is set below
// /auth is no key either.
func pairing(o description.Operation) bool {
	if a := strings.ToUpper(o.Action); a != "POST" && a != "INVOKEACTION" {
		return false
	}
	segments := strings.Split(strings.Trim(o.Path, "/"), "/")
	if n := len(segments); n > 1 && keySteps.MatchString(segments[n-1]) {
		segments = segments[:n-1]
	}
	return keyWords.MatchString(segments[len(segments)-1])
}

// changes reports whether an operation sets or does something.
func changes(o description.Operation) bool {
	switch strings.ToUpper(o.Action) {
	case "GET", "HEAD", "OPTIONS", "SUBSCRIBE", "RECEIVE", "READPROPERTY", "OBSERVEPROPERTY", "UNOBSERVEPROPERTY", "READALLPROPERTIES", "SUBSCRIBEEVENT", "UNSUBSCRIBEEVENT":
		return false
	}
	return true
}

// standard names the common standard of a declared interface of the device or
// hub.
func standard(d *iotmark.Declaration) string {
	for _, i := range d.Interfaces {
		if (i.Reaches == iotmark.Device || i.Reaches == iotmark.Hub) && i.Standard != "" {
			return i.Standard
		}
	}
	return ""
}
