package cli

import (
	"context"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/scheme"
)

// proveTime is how long a name server is waited for.
const proveTime = 10 * time.Second

// prover looks whether a domain shows a token in a TXT record, below the name
// that the procedure of the edition gives. server is the name server that is
// asked; empty: the system's.
func prover(server string, now func() time.Time) func(ctx context.Context, domain, token string) (scheme.DomainProof, error) {
	return func(ctx context.Context, domain, token string) (p scheme.DomainProof, err error) {
		cat, err := catalogue.Load()
		if err != nil {
			return p, err
		}
		proc, err := cat.Procedure()
		if err != nil {
			return p, err
		}
		ctx, stop := context.WithTimeout(ctx, proveTime)
		defer stop()
		r := net.DefaultResolver
		if server != "" {
			r = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, network, server)
			}}
		}
		name := proc.Admission.Domain.DNS + "." + domain
		texts, err := r.LookupTXT(ctx, name+".")
		if e, ok := errors.AsType[*net.DNSError](err); ok && !e.IsNotFound {
			return p, &iotmark.Error{Kind: iotmark.Unavailable, ID: "domain-unreached", Err: err, Msg: "the name server does not answer for " + name + "; try again later"}
		}
		for _, s := range texts {
			if strings.TrimSpace(s) == token {
				return scheme.DomainProof{Means: "dns", Where: name, Seen: digestBytes([]byte(s)), At: now().UTC().Format(time.RFC3339)}, nil
			}
		}
		return p, &iotmark.Error{Kind: iotmark.Conflict, ID: "domain-unproven", Msg: "the maker's domain does not show the word yet: a TXT record of " + name + " with " + token}
	}
}
