package ledger

import (
	"net/url"
	"strings"

	fnote "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/formats/witness"
	"golang.org/x/mod/sumdb/note"

	"github.com/open-iot-mark/iotmark"
)

// quorum is a policy as the writer of a log needs it: whom to ask, and when
// enough have signed.
type quorum struct {
	group     witness.Group
	witnesses []member
}

// member is one witness of a policy.
type member struct {
	url      string // of add-checkpoint
	verifier note.Verifier
}

// parseQuorum reads a C2SP tlog-policy. Every witness needs an address.
func parseQuorum(text string) (*quorum, error) {
	if strings.TrimSpace(text) == "" {
		return &quorum{group: witness.NewGroup(0)}, nil
	}
	g, err := witness.ParsePolicy([]byte(text))
	if err != nil {
		return nil, fail(iotmark.Invalid, "policy-malformed", err, "the policy cannot be read; see https://c2sp.org/tlog-policy. For a log every witness needs an address")
	}
	q := &quorum{group: g}
	for _, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		if len(f) != 4 || f[0] != "witness" {
			continue
		}
		v, err := fnote.NewVerifierForCosignatureV1(f[2])
		if err != nil {
			return nil, fail(iotmark.Invalid, "policy-malformed", err, "the key of witness %s cannot be read", f[1])
		}
		u, err := url.Parse(f[3])
		if err != nil || u.Host == "" {
			return nil, fail(iotmark.Invalid, "policy-malformed", err, "the address of witness %s cannot be read", f[1])
		}
		q.witnesses = append(q.witnesses, member{u.JoinPath("add-checkpoint").String(), v})
	}
	return q, nil
}

// met reports whether enough witnesses signed a checkpoint.
func (q *quorum) met(checkpoint []byte) bool { return q.group.Satisfied(checkpoint) }
