package verify

import (
	"bytes"
	"strings"

	"github.com/open-iot-mark/iotmark"
)

// Trust is what somebody who verifies takes for granted: who holds the root
// keys, the key of the log, and which witnesses count. It is a file,
// trust.json, that is handed on once and does not change when people do.
type Trust struct {
	Domain        string     `json:"domain"` // of the scheme; in the type line of every entry
	Log           string     `json:"log"`    // C2SP verifier key of the log; its name is the origin
	Policy        string     `json:"policy"` // C2SP tlog-policy: which witnesses and auditors must have signed
	Root          []KeyEntry `json:"root"`   // by name
	RootThreshold int        `json:"root_threshold"`
	V             int        `json:"v"` // 1
}

// MaxTrust bounds a trust file, in bytes.
const MaxTrust = 256 << 10

// ParseTrust reads a trust file: canonical JSON, after which a line feed may
// stand. Errors of kind Invalid: trust-malformed, trust-version,
// policy-malformed, policy-other-log, vkey-malformed, and those of [Canonical].
func ParseTrust(b []byte) (*Trust, error) {
	if len(b) > MaxTrust {
		return nil, invalid("trust-malformed", "the trust file has %d bytes; %d are the most", len(b), MaxTrust)
	}
	t := &Trust{}
	if err := decode(bytes.TrimSuffix(b, []byte("\n")), t); err != nil {
		return nil, err
	}
	if t.V != 1 {
		return nil, invalid("trust-version", "the trust file is of version %d; this program knows version 1", t.V)
	}
	if _, err := t.Witnessing(); err != nil {
		return nil, err
	}
	return t, nil
}

// Marshal writes the trust file: canonical JSON and a line feed.
func (t *Trust) Marshal() []byte { return append(mustEncode(t), '\n') }

// Origin is the name of the log.
func (t *Trust) Origin() string {
	name, _, _ := strings.Cut(t.Log, "+")
	return name
}

// Witnessing checks the trust and returns its policy for its log.
func (t *Trust) Witnessing() (*Policy, error) {
	p, _, err := t.open()
	return p, err
}

// open is Witnessing, and gives the keys of the root as well.
func (t *Trust) open() (*Policy, []*Key, error) {
	c := &checker{typ: "trust file"}
	c.domain("domain", t.Domain)
	c.origin("log", t.Origin())
	c.keys("root", t.Root, Root)
	persons := map[string]bool{}
	for _, k := range t.Root {
		persons[k.Person] = true
	}
	c.that("root_threshold", t.RootThreshold >= 1 && t.RootThreshold <= len(persons), "must be 1 to the number of people with a root key")
	if c.err != nil {
		return nil, nil, &iotmark.Error{Kind: iotmark.Invalid, ID: "trust-malformed", Msg: "the trust file cannot be used", Err: c.err}
	}
	p, err := ParsePolicy(t.Policy)
	if err != nil {
		return nil, nil, err
	}
	p, err = p.ForLog(t.Log)
	return p, c.parsed, err
}
