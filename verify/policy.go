package verify

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"time"

	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"github.com/open-iot-mark/iotmark"
)

// Bounds of a policy. C2SP asks for at least 32 of each.
const (
	MaxPolicy = 48 << 10 // bytes; a policy.set must hold it. A key of ML-DSA-44 takes 1.8 kB
	maxNodes  = 64       // logs, witnesses and groups, each
)

// Types of keys of signed notes (c2sp.org/signed-note, c2sp.org/tlog-cosignature).
const (
	keyEd25519     = 0x01
	keyCosignature = 0x04 // Ed25519 with the time
	keyMLDSA44     = 0x06 // with the time
)

// Policy says which log is believed, and which witnesses must have seen a
// checkpoint before it counts (c2sp.org/tlog-policy).
type Policy struct {
	logs      []logKey
	witnesses []PolicyWitness
	verifiers []note.Verifier // of witnesses, at the same place
	groups    []PolicyGroup
	quorum    string
	counted   []bool // whether the witness at the same place can contribute to the quorum
}

// PolicyWitness is a witness line.
type PolicyWitness struct {
	Name string // within the policy
	VKey string // C2SP verifier key of type 0x04 (Ed25519) or 0x06 (ML-DSA-44)
	URL  string // where it takes checkpoints; empty: unknown
}

// PolicyGroup is a group line: at least K of the members.
type PolicyGroup struct {
	Name    string
	K       int
	Members []string // names of witnesses and of groups before it
}

type logKey struct {
	note.Verifier
	vkey, url string
}

// ParsePolicy reads a policy. It is strict: one quorum line; keys, names and
// members at most once; only the forms of the specification. The log lines may
// be left out where the log is known otherwise ([Policy.ForLog]). Errors are
// of kind Invalid: policy-malformed, with the line as position.
func ParsePolicy(text string) (*Policy, error) {
	bad := func(line int, format string, args ...any) error {
		e := invalid("policy-malformed", format, args...).(*iotmark.Error)
		if line > 0 {
			e.Pos = "line " + strconv.Itoa(line)
		}
		return e
	}
	if len(text) > MaxPolicy {
		return nil, bad(0, "the policy has %d bytes; %d are the most", len(text), MaxPolicy)
	}
	for i := range len(text) {
		if c := text[i]; c < ' ' && c != '\t' && c != '\n' || c == 0x7f {
			return nil, bad(0, "the policy has a control character at byte %d", i)
		}
	}
	if text != "" && !strings.HasSuffix(text, "\n") {
		return nil, bad(0, "the policy's last line does not end with a line feed")
	}
	p := &Policy{}
	member := map[string]bool{} // every name defined so far, and whether it is a member of a group
	keys := map[string]bool{}   // "log" or "witness" and the public key
	n := 0
	for line := range strings.Lines(text) {
		n++
		f := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' || r == '\n' })
		if len(f) == 0 || strings.HasPrefix(f[0], "#") {
			continue
		}
		define := func(name string) error {
			if name == "none" || len(name) > maxName {
				return bad(n, "%q cannot be the name of a witness or a group", clip(name))
			}
			if _, ok := member[name]; ok {
				return bad(n, "the name %q is given twice", clip(name))
			}
			member[name] = false
			return nil
		}
		switch f[0] {
		case "log":
			if len(f) != 2 && len(f) != 3 {
				return nil, bad(n, "a log line is: log <vkey> [<url>]")
			}
			v, pub, err := parseVKey(f[1], keyEd25519, keyMLDSA44)
			if err != nil {
				return nil, bad(n, "the log's key is not usable: %v", err)
			}
			if keys["log"+pub] || len(p.logs) == maxNodes {
				return nil, bad(n, "the log's key stands there twice, or there are more than %d logs", maxNodes)
			}
			keys["log"+pub] = true
			p.logs = append(p.logs, logKey{v, f[1], strings.Join(f[2:], "")})
		case "witness":
			if len(f) != 3 && len(f) != 4 {
				return nil, bad(n, "a witness line is: witness <name> <vkey> [<url>]")
			}
			v, pub, err := parseVKey(f[2], keyCosignature, keyMLDSA44)
			if err != nil {
				return nil, bad(n, "the key of the witness is not usable: %v", err)
			}
			if keys["witness"+pub] || len(p.witnesses) == maxNodes {
				return nil, bad(n, "the key of the witness stands there twice, or there are more than %d witnesses", maxNodes)
			}
			keys["witness"+pub] = true
			if err := define(f[1]); err != nil {
				return nil, err
			}
			p.witnesses = append(p.witnesses, PolicyWitness{f[1], f[2], strings.Join(f[3:], "")})
			p.verifiers = append(p.verifiers, v)
		case "group":
			if len(f) < 4 || len(p.groups) == maxNodes {
				return nil, bad(n, "a group line is: group <name> all|any|<k> <name>..., and %d are the most", maxNodes)
			}
			g := PolicyGroup{Name: f[1], Members: f[3:]}
			switch f[2] {
			case "any":
				g.K = 1
			case "all":
				g.K = len(g.Members)
			default:
				k, err := strconv.Atoi(f[2])
				if err != nil || f[2] != strconv.Itoa(k) || k < 1 || k > len(g.Members) {
					return nil, bad(n, "a group of %d needs any, all or a number from 1 to %[1]d, not %q", len(g.Members), clip(f[2]))
				}
				g.K = k
			}
			for _, m := range g.Members {
				if used, ok := member[m]; !ok || used {
					return nil, bad(n, "%q was not defined before, or is a member already", clip(m))
				}
				member[m] = true
			}
			if err := define(g.Name); err != nil {
				return nil, err
			}
			p.groups = append(p.groups, g)
		case "quorum":
			if len(f) != 2 || p.quorum != "" {
				return nil, bad(n, "there is one line: quorum <name>|none")
			}
			if _, ok := member[f[1]]; !ok && f[1] != "none" {
				return nil, bad(n, "the quorum %q was not defined before", clip(f[1]))
			}
			p.quorum = f[1]
		default:
			return nil, bad(n, "a line begins with log, witness, group, quorum or #, not with %q", clip(f[0]))
		}
	}
	if p.quorum == "" {
		return nil, bad(0, "the policy has no quorum line; write: quorum none, if no witness is asked for")
	}
	p.counted = make([]bool, len(p.witnesses))
	for i, w := range p.witnesses {
		p.counted[i] = p.reaches(w.Name)
	}
	return p, nil
}

// reaches reports whether a name is below the quorum. Each name is a member
// once at most, so there is one way up.
func (p *Policy) reaches(name string) bool {
	for name != p.quorum {
		i := slices.IndexFunc(p.groups, func(g PolicyGroup) bool { return slices.Contains(g.Members, name) })
		if i < 0 {
			return false
		}
		name = p.groups[i].Name
	}
	return true
}

// parseVKey reads a C2SP verifier key of one of the types, and returns its
// public key as well. Unlike the libraries it holds the key id in it to the
// rest of it.
func parseVKey(vkey string, types ...byte) (v note.Verifier, pub string, err error) {
	name, rest, ok := strings.Cut(vkey, "+")
	id, b64, ok2 := strings.Cut(rest, "+")
	key, err := base64.StdEncoding.Strict().DecodeString(b64)
	if !ok || !ok2 || err != nil || len(key) == 0 || !isName(name) {
		return nil, "", invalid("vkey-malformed", "a verifier key is <name>+<8 hexadecimal digits>+<base64>, not %q", clip(vkey))
	}
	if !slices.Contains(types, key[0]) {
		return nil, "", invalid("vkey-malformed", "the verifier key of %q is of type %#02x, which is not used here", clip(name), key[0])
	}
	switch key[0] {
	case keyEd25519:
		if len(key) == 1+ed25519.PublicKeySize {
			v, err = note.NewVerifier(vkey)
		} else {
			err = invalid("vkey-malformed", "an Ed25519 key has 32 bytes")
		}
	default:
		v, err = fnote.NewVerifierForCosignatureV1(vkey)
	}
	if err != nil {
		return nil, "", invalid("vkey-malformed", "the verifier key of %q is not usable: %v", clip(name), err)
	}
	if n, err := strconv.ParseUint(id, 16, 32); err != nil || len(id) != 8 || id != strings.ToLower(id) || uint32(n) != v.KeyHash() {
		return nil, "", invalid("vkey-malformed", "the verifier key of %q has another key id than its name and key make", clip(name))
	}
	return v, string(key[1:]), nil
}

// ForLog returns the policy for one log only, whose C2SP verifier key is of
// type 0x01. A policy that names logs must name this one; its other keys of
// the same name (ML-DSA-44) go along and are looked at where they signed.
// Errors: vkey-malformed, policy-other-log.
func (p *Policy) ForLog(vkey string) (*Policy, error) {
	v, _, err := parseVKey(vkey, keyEd25519)
	if err != nil {
		return nil, err
	}
	out := *p
	out.logs = []logKey{{Verifier: v, vkey: vkey}}
	found := len(p.logs) == 0
	for _, l := range p.logs {
		switch {
		case l.vkey == vkey:
			found = true
			out.logs[0].url = l.url
		case l.Name() == v.Name():
			out.logs = append(out.logs, l)
		}
	}
	if !found {
		return nil, invalid("policy-other-log", "the policy is for other logs than %s", v.Name())
	}
	return &out, nil
}

// Logs returns the C2SP verifier keys of the logs.
func (p *Policy) Logs() []string {
	out := make([]string, len(p.logs))
	for i, l := range p.logs {
		out[i] = l.vkey
	}
	return out
}

// Witnesses returns all witness lines, also of witnesses that do not count
// towards the quorum.
func (p *Policy) Witnesses() []PolicyWitness { return slices.Clone(p.witnesses) }

// Witnessed reports whether the policy asks for any witness.
func (p *Policy) Witnessed() bool { return p.quorum != "none" }

// satisfied reports whether the quorum is reached when the witnesses have
// signed that has, at the same place, says so.
func (p *Policy) satisfied(has []bool) bool {
	if p.quorum == "none" {
		return true
	}
	met := make(map[string]bool, len(p.witnesses)+len(p.groups))
	for i, w := range p.witnesses {
		met[w.Name] = has[i]
	}
	for _, g := range p.groups {
		n := 0
		for _, m := range g.Members {
			if met[m] {
				n++
			}
		}
		met[g.Name] = n >= g.K
	}
	return met[p.quorum]
}

// together gives the last of the times from which on, within [Together], enough
// witnesses have signed, and whether there is one; times are those of the
// witnesses at the same place, zero where one has not signed. Without a quorum
// it is zero. Any other choice could be moved by one who is not needed.
func (p *Policy) together(times []int64) (from int64, ok bool) {
	if p.quorum == "none" {
		return 0, true
	}
	has := make([]bool, len(times))
	for _, from := range slices.Backward(slices.Sorted(slices.Values(times))) {
		if from == 0 {
			break // these have not signed
		}
		for i, at := range times {
			has[i] = within(at, from)
		}
		if p.satisfied(has) {
			return from, true
		}
	}
	return 0, false
}

// within reports whether a time is one that counts together with a first one.
func within(at, from int64) bool { return at >= from && at-from <= int64(Together/time.Second) }

// Margin says how far a policy keeps a log from showing two histories. Two
// quorums of k out of n have 2k-n witnesses in common, and each of these must
// have cheated before both can be met: so it holds against f bad witnesses
// while 2k-n > f.
type Margin struct {
	Witnesses int // that count
	Needed    int // fewest that meet the quorum
	Tolerated int // bad witnesses that cannot help; -1: none are needed at all, the log alone can do it
	Spare     int // any so many may be out of reach, and the quorum can still be met
}

// Margin counts it out from the groups. As each name is a member once at most,
// they form a tree, and the counts are exact.
func (p *Policy) Margin() Margin {
	m := Margin{Tolerated: -1}
	for _, c := range p.counted {
		if c {
			m.Witnesses++
		}
	}
	if p.quorum == "none" {
		return m
	}
	need, bad, out := p.margin(p.quorum)
	m.Needed, m.Tolerated, m.Spare = need, bad-1, out-1
	return m
}

// margin gives, for a name: how few witnesses meet it; how few bad ones can
// have it met by two histories; how few that are out of reach keep it unmet.
func (p *Policy) margin(name string) (need, bad, out int) {
	i := slices.IndexFunc(p.groups, func(g PolicyGroup) bool { return g.Name == name })
	if i < 0 {
		return 1, 1, 1
	}
	g := p.groups[i]
	var needs, bads, outs []int
	for _, m := range g.Members {
		n, b, o := p.margin(m)
		needs, bads, outs = append(needs, n), append(bads, b), append(outs, o)
	}
	sum := func(least []int, n int) (s int) {
		slices.Sort(least)
		for _, x := range least[:max(n, 0)] {
			s += x
		}
		return s
	}
	n := len(g.Members)
	return sum(needs, g.K), sum(bads, 2*g.K-n), sum(outs, n-g.K+1)
}

// maxTime is the last second that RFC 3339 can write.
const maxTime = 253_402_300_799

// cosignatureTime is the time in a cosignature/v1, in Unix seconds; zero when
// it says none, or one that no calendar has.
func cosignatureTime(sig []byte) (at int64, ok bool) {
	if len(sig) < 8 {
		return 0, false
	}
	if t := binary.BigEndian.Uint64(sig); t <= maxTime {
		at = int64(t)
	}
	return at, true
}
