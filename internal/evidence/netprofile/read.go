package netprofile

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/tree"
)

// Reader reads network profiles.
var Reader = evidence.Reader{
	Name:    "netprofile",
	Version: 1,
	Kinds:   []iotmark.EvidenceKind{iotmark.KindNetworkProfile},
	Sniff: func(_ string, head []byte) bool {
		head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
		return len(head) > 0 && head[0] == '{' &&
			(bytes.Contains(head, []byte(`"ietf-mud:mud"`)) || bytes.Contains(head, []byte(`"ietf-access-control-list:`)))
	},
	Read: func(ctx context.Context, src evidence.Source, lim evidence.Limits) (any, error) {
		f, err := read(ctx, src, lim)
		if err != nil {
			return nil, err // a nil *Facts in an interface would look like facts
		}
		return f, nil
	},
	New: func() any { return new(Facts) },
}

// Bounds of this reader. A profile is meant to be installed by a home router;
// the largest of the published ones has some 300 entries.
const (
	maxBytes    = 8 << 20
	maxNodes    = 200_000
	maxFlows    = 20_000
	maxProblems = 200
	maxText     = 300
	maxPorts    = 64
)

func read(ctx context.Context, src evidence.Source, lim evidence.Limits) (*Facts, error) {
	lim.Bytes = min(lim.Bytes, maxBytes)
	b, err := src.ReadAll(lim)
	if err != nil {
		return nil, err
	}
	root, err := tree.JSON(ctx, b, tree.Limits{Depth: lim.Depth, Nodes: min(lim.Entries, maxNodes)})
	if err != nil {
		return nil, err
	}
	mud := root.Get("ietf-mud:mud")
	if mud == nil || mud.Kind != tree.Map {
		return nil, evidence.Malformed("network profile", errors.New(`there is no object "ietf-mud:mud" (RFC 8520, section 2)`))
	}
	r := &reading{f: &Facts{}, max: min(lim.Entries, maxFlows)}
	r.about(mud)
	return r.f, r.lists(root, mud)
}

// reading is the state of one reading. One goroutine owns it.
type reading struct {
	f   *Facts
	max int // entries
}

// about reads what the profile says about itself (RFC 8520, section 3).
func (r *reading) about(mud *tree.Node) {
	f := r.f
	text := func(name string) string { return cut(mud.Get(name).String()) }
	f.Version, _ = mud.Get("mud-version").Int()
	f.URL = text("mud-url")
	f.Signature = text("mud-signature")
	f.CacheHours, _ = mud.Get("cache-validity").Int()
	f.SystemInfo, f.Maker, f.Model, f.Docs = text("systeminfo"), text("mfg-name"), text("model-name"), text("documentation")
	if v, ok := mud.Get("is-supported").Bool(); ok {
		f.Supported = iotmark.TruthOf(v)
	}
	if t, err := time.Parse(time.RFC3339, text("last-update")); err == nil {
		f.Updated = iotmark.DateOf(t)
	}
	if !strings.HasPrefix(strings.ToLower(f.URL), "https://") {
		r.problem(NotEncrypted, f.URL, mud.Get("mud-url"), mud)
	}
}

// lists reads the access lists that the two policies name.
func (r *reading) lists(root, mud *tree.Node) error {
	acls := root.Get("ietf-access-control-list:acls")
	if acls == nil {
		// draft-ietf-netmod-acl-model-14 and earlier
		if acls = root.Get("ietf-access-control-list:access-lists"); acls != nil {
			r.f.Draft = true
		}
	}
	byName := map[string]*tree.Node{}
	var order []string
	for _, l := range acls.Get("acl").Items() {
		name := l.Get("name").String()
		if byName[name] == nil {
			order = append(order, name)
			byName[name] = l
		}
	}
	used := map[string]bool{}
	policies := 0
	for _, p := range []struct {
		key string
		dir Direction
	}{{"from-device-policy", FromDevice}, {"to-device-policy", ToDevice}} {
		for _, ref := range mud.Path(p.key, "access-lists", "access-list").Items() {
			policies++
			name := ref.Get("name").String()
			l := byName[name]
			if l == nil {
				r.problem(ListMissing, name, ref, mud)
				continue
			}
			if used[string(p.dir)+name] {
				continue
			}
			used[name], used[string(p.dir)+name] = true, true
			if err := r.list(l, name, p.dir); err != nil {
				return err
			}
		}
	}
	if policies == 0 {
		r.problem(NoPolicy, "", mud, mud)
	}
	for _, name := range order {
		if !used[name] {
			r.problem(ListUnused, name, byName[name], mud)
		}
	}
	return nil
}

func (r *reading) list(l *tree.Node, name string, dir Direction) error {
	aces := l.Path("aces", "ace").Items()
	if aces == nil {
		if aces = l.Path("access-list-entries", "ace").Items(); aces != nil {
			r.f.Draft = true
		}
	}
	if len(aces) == 0 {
		r.problem(ListEmpty, name, l, l)
	}
	for _, ace := range aces {
		if len(r.f.Flows) >= r.max {
			return evidence.TooMany("entries of access lists", r.max)
		}
		r.entry(ace, name, dir)
	}
	return nil
}

// entry reads one entry (RFC 8519, section 4.1, with the matches of RFC 8520,
// section 8).
func (r *reading) entry(ace *tree.Node, list string, dir Direction) {
	f := Flow{List: cut(list), Name: cut(first(ace.Get("name"), ace.Get("rule-name"))), Line: ace.LineOf(), Direction: dir}
	switch fw := ace.Path("actions", "forwarding").String(); strings.TrimPrefix(fw, "ietf-access-control-list:") {
	case "accept", "permit":
	case "drop", "reject", "deny":
		return // RFC 8520, 2: what is not allowed is denied; an entry that denies adds nothing
	default:
		r.problem(EntryUnread, f.Name, ace, ace)
		return
	}
	m := ace.Get("matches")
	if m == nil || m.Kind != tree.Map {
		r.problem(EntryUnread, f.Name, ace, ace)
		return
	}
	ok := true
	for _, part := range m.Fields() {
		switch part.Key {
		case "ietf-mud:mud", "mud", "ietf-mud:mud-acl":
			ok = f.class(part) && ok
		case "ipv4", "ipv6", "ipv4-acl", "ipv6-acl":
			ok = f.network(part, dir) && ok
		case "tcp", "udp", "tcp-acl", "udp-acl":
			if f.Protocol == "" {
				f.Protocol = part.Key[:3]
			}
			ok = f.transport(part, dir) && ok
		case "icmp", "icmpv6":
			f.Protocol = "icmp"
		case "eth", "l2", "ethernet":
		default:
			ok = false
		}
	}
	if !ok {
		r.problem(EntryUnread, f.Name, ace, ace)
	}
	// What is not understood widens the match: the entry is kept, so that
	// what it does name can be judged, and the problem says that more may pass.
	r.f.Flows = append(r.f.Flows, f)
}

// class reads the abstractions of RFC 8520, section 8.
func (f *Flow) class(n *tree.Node) bool {
	ok := true
	for _, k := range n.Fields() {
		switch k.Key {
		case "controller":
			f.Class, f.Of = Controller, cut(k.String())
		case "my-controller":
			f.Class = MyController
		case "local-networks":
			f.Class = LocalNetworks
		case "same-manufacturer":
			f.Class = SameManufacturer
		case "manufacturer":
			f.Class, f.Of = Manufacturer, cut(k.String())
		case "model":
			f.Class, f.Of = Model, cut(k.String())
		case "direction-initiated":
			f.initiated(k)
		default:
			ok = false
		}
	}
	return ok
}

func (f *Flow) initiated(n *tree.Node) {
	switch d := Direction(n.String()); d {
	case FromDevice, ToDevice:
		f.Initiated = d
	}
}

// network reads the match on the internet layer. The other end is the
// destination of what the device sends, and the source of what it gets.
func (f *Flow) network(n *tree.Node, dir Direction) bool {
	other := map[Direction]string{FromDevice: "destination", ToDevice: "source"}[dir]
	short := map[Direction]string{FromDevice: "dst", ToDevice: "src"}[dir]
	ok := true
	for _, k := range n.Fields() {
		name := k.Key[strings.LastIndexByte(k.Key, ':')+1:]
		switch {
		case name == short+"-dnsname":
			f.Host = strings.TrimSuffix(strings.ToLower(cut(k.String())), ".")
		case strings.HasPrefix(name, other+"-ipv") && strings.HasSuffix(name, "-network"):
			p, err := netip.ParsePrefix(k.String())
			if err != nil {
				ok = false
				continue
			}
			if p.Bits() > 0 { // 0.0.0.0/0 is anybody
				f.Address = p.Masked().String()
			}
		case name == "protocol":
			f.Protocol = protocol(k)
		case strings.HasSuffix(name, "-port-range-or-operator"): // drafts of RFC 8519
			ok = f.ports(strings.HasPrefix(name, other), k) && ok
		case strings.HasSuffix(name, "-dnsname"), strings.HasSuffix(name, "-network"):
			// The device's own side: it narrows what is said about the device
			// and says nothing about the other end.
		case name == "dscp", name == "ecn", name == "length", name == "ttl", name == "flags", name == "offset", name == "identification", name == "ihl", name == "flow-label":
		default:
			ok = false
		}
	}
	return ok
}

// protocol names an internet protocol by its number (IANA) or name.
func protocol(n *tree.Node) string {
	switch s := strings.ToLower(n.String()); s {
	case "6":
		return "tcp"
	case "17":
		return "udp"
	case "1", "58":
		return "icmp"
	default:
		return cut(s)
	}
}

func (f *Flow) transport(n *tree.Node, dir Direction) bool {
	other := map[Direction]string{FromDevice: "destination-port", ToDevice: "source-port"}[dir]
	ok := true
	for _, k := range n.Fields() {
		switch name := k.Key[strings.LastIndexByte(k.Key, ':')+1:]; name {
		case "direction-initiated":
			f.initiated(k)
		case "destination-port", "source-port", "destination-port-range-or-operator", "source-port-range-or-operator":
			ok = f.ports(strings.HasPrefix(name, other), k) && ok
		}
	}
	return ok
}

// ports reads a port, a range or an operator (RFC 8519, 4.1, port-range-or-
// operator).
func (f *Flow) ports(remote bool, n *tree.Node) bool {
	list := &f.Local
	if remote {
		list = &f.Remote
	}
	add := func(from, to int) bool {
		if from < 0 || to > 65535 || from > to || len(*list) >= maxPorts {
			return false
		}
		*list = append(*list, Ports{from, to})
		return true
	}
	lower, lok := n.Get("lower-port").Int()
	upper, uok := n.Get("upper-port").Int()
	if lok {
		if !uok {
			upper = lower
		}
		return add(lower, upper)
	}
	port, ok := n.Get("port").Int()
	if !ok {
		return false
	}
	switch op := n.Get("operator").String(); op {
	case "eq", "":
		return add(port, port)
	case "lte":
		return add(0, port)
	case "gte":
		return add(port, 65535)
	case "neq":
		return (port == 0 || add(0, port-1)) && (port == 65535 || add(port+1, 65535))
	}
	return false
}

func (r *reading) problem(id ProblemID, name string, n, otherwise *tree.Node) {
	if len(r.f.Problems) >= maxProblems {
		return
	}
	line := n.LineOf()
	if line == 0 {
		line = otherwise.LineOf()
	}
	r.f.Problems = append(r.f.Problems, Problem{ID: id, Name: cut(name), Line: line})
}

func first(ns ...*tree.Node) string {
	for _, n := range ns {
		if s := n.String(); s != "" {
			return s
		}
	}
	return ""
}

// cut shortens to what a place or a message can hold, and writes characters
// that do not print as escapes.
func cut(s string) string {
	for _, r := range s {
		if !strconv.IsPrint(r) {
			s = strings.Trim(strconv.Quote(s), `"`)
			break
		}
	}
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "")
	}
	return s
}
