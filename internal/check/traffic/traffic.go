// Package traffic is what the checks on packet captures share: whose traffic
// counts, what a capture cannot show, and how a conversation is written for
// people.
//
// What it refuses to do: judge. What can go wrong: nobody can tell which
// station the product is; then nothing is held against the product, for it
// may be the traffic of a phone beside it.
package traffic

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence/capture"
	"github.com/open-iot-mark/iotmark/internal/evidence/protocol"
)

// Captures asks for packet captures.
var Captures = check.Need{Kinds: []iotmark.EvidenceKind{iotmark.KindPacketCapture}, Reader: "capture"}

// View is one capture under one check. Its methods speak of the product's
// own traffic only.
type View struct {
	check.Read[*capture.Facts]
	check iotmark.CheckID
	// AtHome says that the declaration has the product reach no server of
	// the maker, so that talk within the home is all there is to see.
	AtHome bool
	// More is how many of the entries that the check goes through are not
	// kept (capture.More); the check sets it. Sum says no pass where it is
	// not nothing.
	More int64
}

// Each runs one function on every capture in which the product can be told,
// and says of the others that it cannot.
func Each(in check.Input, id iotmark.CheckID, f func(View) []iotmark.Finding) []iotmark.Finding {
	return EachOf(in, id, f, func(View) []iotmark.Finding { return nil })
}

// EachOf is Each for a check that has something to say also of a capture in
// which the product cannot be told: whose adds to what is said of it. It goes
// through the talks of all stations, and nothing that it finds is a failure.
func EachOf(in check.Input, id iotmark.CheckID, f, whose func(View) []iotmark.Finding) []iotmark.Finding {
	var out []iotmark.Finding
	for _, r := range check.Facts[*capture.Facts](in, Captures) {
		v := View{Read: r, check: id, AtHome: in.Truths["has_cloud"] == iotmark.False}
		if d := r.Facts.Device; d < 0 || d >= len(r.Facts.Stations) {
			out = append(append(out, v.whose()), whose(v)...)
		} else {
			out = append(out, f(v)...)
		}
		if r.Facts.Cut != "" { // it may be the reason for all that is said above
			out = append(out, v.say(iotmark.CantTell, "capture.cut", []string{"why", r.Facts.Cut}))
		}
	}
	return out
}

// Say makes a finding on the capture; what is the last part of the message
// id. Every sentence may use capture, packets, from and to (UTC; empty when
// the capture has no times).
func (v View) Say(o iotmark.Outcome, what string, kv ...string) iotmark.Finding {
	return v.say(o, iotmark.MessageID(string(v.check)+"."+what), kv)
}

func (v View) say(o iotmark.Outcome, id iotmark.MessageID, kv []string) iotmark.Finding {
	basis := []iotmark.EvidenceID{v.ID}
	kv = append([]string{
		"capture", cmp.Or(v.Title, string(v.ID)), "packets", strconv.FormatInt(v.Facts.Packets, 10),
		"from", moment(v.Facts.First), "to", moment(v.Facts.Last),
	}, kv...)
	switch o {
	case iotmark.Passed:
		return check.Pass(id, basis, kv...)
	case iotmark.Failed:
		return check.Fail(id, basis, kv...)
	case iotmark.Inapplicable:
		return check.DoesNotApply(id, basis, kv...)
	}
	return check.CannotTell(id, basis, kv...)
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}

// whose says that the product cannot be told from what stands beside it.
func (v View) whose() iotmark.Finding {
	var list []string
	for _, s := range v.Facts.Stations {
		if s.Role == capture.Phone || s.Role == capture.Router {
			continue // a phone's name is often that of a person
		}
		var known []string
		for _, k := range []string{s.Name, s.Vendor} {
			if k = Clean(k); k != "" {
				known = append(known, k)
			}
		}
		who := cmp.Or(Clean(s.Hardware), strings.Join(clean(s.Addresses), " "))
		if len(known) > 0 {
			who += " (" + strings.Join(known, ", ") + ")"
		}
		list = append(list, who)
	}
	return v.say(iotmark.CantTell, "capture.whose", []string{"n", check.N(len(list)), "stations", check.List(list)})
}

// Talks gives the product's talks, each with its index.
func (v View) Talks(yield func(int, capture.Talk) bool) {
	for i, t := range v.Facts.Talks {
		if t.Station == v.Facts.Device && !yield(i, t) {
			return
		}
	}
}

// Talk returns a talk by its index, and false when it is none of the
// product's.
func (v View) Talk(i int) (capture.Talk, bool) {
	if i < 0 || i >= len(v.Facts.Talks) || v.Facts.Talks[i].Station != v.Facts.Device {
		return capture.Talk{}, false
	}
	return v.Facts.Talks[i], true
}

// Looked reports whether the capture shows the product at work: somebody
// outside the home answered it with more than names and times, or, where the
// product has no servers, somebody at home did.
func (v View) Looked() bool {
	for _, t := range v.Talks {
		if t.Answered && t.Reading != protocol.Signalling && (!t.Local || v.AtHome) {
			return true
		}
	}
	return false
}

// Sum returns what a check found on one capture. What failed stands, however
// little was seen. A finding that nothing is wrong stands only where the
// capture shows the product at work and nothing of it is missing; otherwise
// the sum says why it cannot be told.
func (v View) Sum(good iotmark.Finding, found ...iotmark.Finding) []iotmark.Finding {
	fine := func(f iotmark.Finding) bool { return f.Outcome == iotmark.Passed || f.Outcome == iotmark.Inapplicable }
	wrong := slices.ContainsFunc(found, func(f iotmark.Finding) bool { return !fine(f) })
	switch partly, missing := v.partly(); {
	case wrong: // the sum of the rest would blur it
	case fine(good) && !v.Looked():
		found = append(found, v.say(iotmark.CantTell, "capture.idle", nil))
	case fine(good) && missing:
		found = append(found, partly)
	case fine(good) && v.Facts.Cut != "": // as Each says
	default:
		found = append([]iotmark.Finding{good}, found...)
	}
	slices.SortStableFunc(found, func(a, b iotmark.Finding) int {
		return slices.Index(iotmark.Outcomes(), a.Outcome) - slices.Index(iotmark.Outcomes(), b.Outcome)
	})
	return found
}

// Missing says what of the capture was not seen, and false when all was.
func (v View) Missing() (iotmark.Finding, bool) { return v.partly() }

// partly says what of the capture was not seen; that the file ends early is
// said by Each.
func (v View) partly() (iotmark.Finding, bool) {
	f := v.Facts
	odd := f.Odd
	if odd*100 <= f.Packets {
		odd = 0 // a few frames of protocols below IP stand in every capture
	}
	partly := false
	var kv []string
	for _, m := range []struct {
		name string
		n    int64
	}{{"short", f.Short}, {"sealed", f.Sealed}, {"lost", f.Lost}, {"overlap", f.Overlap}, {"gaps", f.Gaps}, {"odd", odd}, {"more", v.More}} {
		s := ""
		if m.n > 0 {
			s, partly = strconv.FormatInt(m.n, 10), true
		}
		kv = append(kv, m.name, s)
	}
	return v.say(iotmark.CantTell, "capture.partly", kv), partly
}

// Far writes the other end of a talk for people: its name, or its address.
func Far(t capture.Talk) string {
	return cmp.Or(Clean(t.Host), Clean(t.Address), "?")
}

// Service writes where a talk is answered: host and port, or the product's
// own port.
func Service(t capture.Talk) string {
	if t.Called {
		return "port " + strconv.Itoa(t.Port) + " of the product"
	}
	return end(Far(t), t.Port)
}

func end(host string, port int) string {
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port <= 0 {
		return host
	}
	return host + ":" + strconv.Itoa(port)
}

// Ends writes the two ends of a talk for people: who opened it, and where it
// is answered.
func (v View) Ends(t capture.Talk) (from, to string) {
	own := ""
	if t.Station >= 0 && t.Station < len(v.Facts.Stations) {
		s := v.Facts.Stations[t.Station]
		own = Clean(s.Hardware)
		for _, a := range s.Addresses {
			if own = Clean(a); !strings.HasPrefix(a, "fe80:") {
				break // better than one of the link alone
			}
		}
	}
	if own == "" {
		own = "somebody"
		if t.Station == v.Facts.Device {
			own = "the product"
		}
	}
	if t.Called {
		return Far(t), end(own, t.Port)
	}
	return own, end(Far(t), t.Port)
}

// Place points to a packet of a talk; note is added to the quote.
func (v View) Place(at int64, t capture.Talk, note string) iotmark.Place {
	from, to := v.Ends(t)
	q := "packet " + strconv.FormatInt(at, 10) + ": " + from + " to " + to + " (" + Clean(string(t.Protocol)) + ")"
	if note != "" {
		q += ", " + note
	}
	return iotmark.Place{Evidence: v.ID, Quote: check.Quote(q)}
}

// Group is talks that have the same matter, for one finding.
type Group struct {
	Most   int // places that are told; check.Shown when zero
	view   View
	seen   map[string]bool
	names  []string
	places []iotmark.Place
}

// Group returns an empty group.
func (v View) Group() *Group { return &Group{view: v, seen: map[string]bool{}} }

// Add enters a matter under a name, once. Note is added to the quote of its
// place.
func (g *Group) Add(name string, at int64, t capture.Talk, note string) {
	if g.seen[name] {
		return
	}
	g.seen[name] = true
	g.names = append(g.names, name)
	if len(g.places) < cmp.Or(g.Most, check.Shown) {
		g.places = append(g.places, g.view.Place(at, t, note))
	}
}

// Len returns how many different names there are.
func (g *Group) Len() int { return len(g.names) }

// Say makes a finding on the group, with the arguments n and names; nothing
// when the group is empty.
func (g *Group) Say(o iotmark.Outcome, what string, kv ...string) []iotmark.Finding {
	if len(g.names) == 0 {
		return nil
	}
	f := g.view.Say(o, what, append([]string{"n", check.N(len(g.names)), "names", check.List(g.names)}, kv...)...)
	f.Places = g.places
	return []iotmark.Finding{f}
}

// Clean makes text out of a capture fit to be shown: what does not print or
// turns the direction of writing is replaced, and it is cut to 100 characters.
func Clean(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n++; n > 100 {
			b.WriteString("...")
			break
		}
		if !unicode.IsPrint(r) {
			r = '?'
		}
		b.WriteRune(r)
	}
	return b.String()
}

func clean(list []string) []string {
	var out []string
	for _, s := range list {
		out = append(out, Clean(s))
	}
	return out
}

// Readable returns the first passage that can be read in a talk, for the note
// of a place; empty when none is kept.
func (v View) Readable(talk int) string {
	for _, s := range v.Facts.Readable {
		if s.Talk == talk {
			return Clean(s.What + ": " + s.Text)
		}
	}
	return ""
}
