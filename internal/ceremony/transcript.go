package ceremony

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
)

// transcript is what people read, compare and sign. It is made of the plan,
// the keys and the sealed entries only, so that it is the same on every
// machine.
func (r *run) transcript(trust iotmark.Digest) ([]byte, error) {
	var b strings.Builder
	title := "Key ceremony of " + r.Plan.Domain
	fmt.Fprintf(&b, "%s\n%s\n\n", title, strings.Repeat("=", len(title)))
	b.WriteString(`Read this before you sign it. Compare the fingerprint of your key with the one
that your own machine shows (ssh-keygen -l -f KEY.pub), and the leaves and the
hash of the trust file with those of another holder. Whoever has the trust file
with this hash verifies all that this scheme ever decides.

`)
	fmt.Fprintf(&b, "Log\n  origin        %s\n  verifier key  %s\n\n", r.Plan.Origin, r.log)
	if p := r.Plan.Previous; p != nil {
		fmt.Fprintf(&b, "It continues\n  origin        %s\n  size          %d\n  root          %s\n\n", p.Origin, p.Size, p.Root)
	}
	for _, role := range roles {
		holders := r.Plan.of(role.role)
		if len(holders) == 0 {
			continue
		}
		must := ""
		if role.role == verify.Root {
			must = fmt.Sprintf(", of which %d people must sign", r.Plan.Threshold)
		}
		fmt.Fprintf(&b, "Keys: %s%s\n", role.role, must)
		for _, h := range holders {
			k := r.byName[h.Name]
			kind := ""
			if k.Secure() {
				kind = ", hardware key"
			}
			fmt.Fprintf(&b, "  %s (%s of %s%s)\n      %s\n", h.Name, h.Person, h.Org, kind, k.Fingerprint())
		}
		b.WriteString("\n")
	}
	b.WriteString("Policy: which witnesses must have seen a checkpoint of the log\n")
	for line := range strings.Lines(r.policy) {
		fmt.Fprintf(&b, "  %s", line)
	}
	b.WriteString("\nEntries of the log\n")
	for i, s := range r.Steps {
		note, err := os.ReadFile(filepath.Join(r.dir, s.Note()))
		if err != nil {
			return nil, err
		}
		e, err := verify.Parse(r.Plan.Domain, note)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "  %d  %s of %s\n     leaf    %s\n     signed  %s\n", i, s.Type, e.Time, s.Leaf, strings.Join(s.Signed, "\n             "))
	}
	fmt.Fprintf(&b, "\nTrust file\n  %s  SHA-256 %s\n\n", TrustFile, trust)
	b.WriteString("Present\n")
	held := map[string][]string{}
	for _, h := range r.Plan.Keys {
		held[h.Person] = append(held[h.Person], h.Name)
	}
	for _, h := range r.Plan.Keys {
		if names := held[h.Person]; names != nil {
			fmt.Fprintf(&b, "\n  ______________________________  %s, who holds %s\n", h.Person, strings.Join(names, ", "))
			delete(held, h.Person)
		}
	}
	return []byte(b.String()), nil
}
