package capture

import (
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark/internal/evidence/protocol"
)

// Bounds of names.
const (
	maxAsked   = 4096
	maxAnswers = 16
	maxNames   = 16_384 // addresses whose name is known, each for one station
	maxGiven   = 4096   // names that the capture itself gives
)

// nameKey is an address as one station knows it; station -1 stands for all.
type nameKey struct {
	station int32
	ip      addr
}

// names is what lookups told. The oldest make room.
type names struct {
	byAddr map[nameKey]string
	ring   []nameKey
	next   int
}

// learn notes that a name stands for an address from now on.
func (n *names) learn(k nameKey, name string) {
	if _, ok := n.byAddr[k]; !ok {
		if len(n.ring) < maxNames {
			n.ring = append(n.ring, k)
		} else {
			delete(n.byAddr, n.ring[n.next])
			n.ring[n.next] = k
			n.next = (n.next + 1) % maxNames
		}
	}
	n.byAddr[k] = name
}

// nameOf returns the name under which a station reached an address: of its
// own last lookup, else of anybody's. Only lookups that came before count.
func (a *analysis) nameOf(s int32, ip addr) string {
	if n, ok := a.known.byAddr[nameKey{s, ip}]; ok {
		return n
	}
	return a.known.byAddr[nameKey{-1, ip}]
}

type askedKey struct {
	station int32
	name    string
	server  addr
}

// lookups takes questions and answers that one side of a conversation sent.
// On a stream both sides stand under the one who opened it.
func (a *analysis) lookups(fl *flow, from int, p protocol.Name, ls []protocol.Lookup) {
	if p == protocol.MDNS {
		s := fl.side[from].station
		for _, l := range ls {
			if l.Response {
				a.named(s, fl.key.addr(from), l)
			} else {
				a.asked(s, fl.key.addr(1-from), l)
			}
		}
		return
	}
	stream := fl.key.proto() == protoTCP
	for _, l := range ls {
		asker := from
		if l.Response && !stream {
			asker = 1 - from
		}
		s := a.stationOf(fl, asker)
		server := fl.key.addr(1 - asker)
		a.asked(s, server, l)
		if !l.Response {
			continue
		}
		if o := a.stationOf(fl, 1-asker); o >= 0 && !server.group() {
			a.stations[o].dns = true
		}
		for _, t := range l.Addresses {
			if ip, ok := parseAddr(t); ok && l.Name != "" {
				a.known.learn(nameKey{s, ip}, l.Name)
				a.known.learn(nameKey{-1, ip}, l.Name)
			}
		}
	}
}

// asked lists a name that was looked up.
func (a *analysis) asked(s int32, server addr, l protocol.Lookup) {
	if s < 0 || l.Name == "" {
		return
	}
	k := askedKey{s, l.Name, server}
	n, ok := a.askedIndex[k]
	if !ok {
		if len(a.f.Names) == maxAsked || !a.afford(128+2*len(l.Name)) {
			a.f.More.Names++
			return
		}
		n = len(a.f.Names)
		a.askedIndex[k] = n
		a.f.Names = append(a.f.Names, Asked{Station: int(s), Name: l.Name, Server: server.String(), Local: a.local(server), At: a.f.Packets})
		if slices.Contains(captive, l.Name) {
			a.stations[s].is("lookup")
		}
	}
	e := &a.f.Names[n]
	if !l.Response || !ok {
		e.Count++
	}
	for _, t := range l.Addresses {
		if slices.Contains(e.Answer, t) {
			continue
		}
		if len(e.Answer) == maxAnswers || !a.afford(32) {
			a.f.More.Names++
			continue
		}
		e.Answer = append(e.Answer, t)
	}
}

// comment takes a comment of the capture.
func (a *analysis) comment(b []byte) {
	if a.device == 0 {
		a.device = deviceIn(string(b))
	}
}

// give takes a name that the capture itself gives to an address.
func (a *analysis) give(address, name []byte) {
	ip, s := addr{}, strings.ToLower(string(name))
	if len(address) == 4 {
		ip = addr4(address)
	} else {
		ip = addr6(address)
	}
	if len(a.given) < maxGiven && hostName(s) == s && s != "" {
		a.given[ip] = s
	}
}
