package ledger

import (
	"net/url"
	"strings"

	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
)

// quorum is a policy as the writer of a log needs it: whom to ask, and when
// enough have signed.
type quorum struct {
	policy    *verify.Policy
	origin    string
	witnesses []member
}

// member is one witness of a policy that can be asked.
type member struct {
	url      string // of add-checkpoint
	verifier note.Verifier
}

// parseQuorum reads a C2SP tlog-policy for the log of that verifier key. A
// witness without an address is not asked.
func parseQuorum(text, vkey string) (*quorum, error) {
	if strings.TrimSpace(text) == "" {
		text = "quorum none\n"
	}
	p, err := verify.ParsePolicy(text)
	if err != nil {
		return nil, err
	}
	if p, err = p.ForLog(strings.TrimSpace(vkey)); err != nil {
		return nil, err
	}
	origin, _, _ := strings.Cut(vkey, "+")
	q := &quorum{policy: p, origin: origin}
	for _, w := range p.Witnesses() {
		if w.URL == "" {
			continue
		}
		v, err := fnote.NewVerifierForCosignatureV1(w.VKey)
		if err != nil {
			return nil, fail(iotmark.Invalid, "policy-malformed", err, "the key of witness %s cannot be read", w.Name)
		}
		u, err := url.Parse(w.URL)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, fail(iotmark.Invalid, "policy-malformed", err, "the address of witness %s is none of http or https", w.Name)
		}
		q.witnesses = append(q.witnesses, member{u.JoinPath("add-checkpoint").String(), v})
	}
	if need := p.Margin().Needed; len(q.witnesses) < need {
		return nil, fail(iotmark.Invalid, "policy-malformed", nil, "the policy needs %d witnesses, and has the addresses of %d. That of a trust file may leave them out; to publish, give one (--policy FILE) that has the address of each witness at the end of its line", need, len(q.witnesses))
	}
	return q, nil
}

// met reports whether enough witnesses signed a checkpoint.
func (q *quorum) met(checkpoint []byte) bool {
	_, err := q.policy.Open(checkpoint, q.origin)
	return err == nil
}
