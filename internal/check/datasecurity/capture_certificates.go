package datasecurity

import (
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/traffic"
	"github.com/open-iot-mark/iotmark/internal/evidence/protocol"
)

// CaptureCertificates looks whether the product goes on with servers whose
// certificate is not good.
var CaptureCertificates = check.Check{
	ID:      "data-security.capture-certificates",
	Version: 3,
	Title:   "The product goes on only with servers whose certificate is good",
	What: "Reads the certificates that servers beyond the home show the product in a packet capture. It fails where the product goes on although the certificate was out of its dates at that moment, " +
		"is for another name than the one asked for, or has a key or signature that is too weak (RSA under 2048 bits, curves under 224, MD5, SHA-1). Left to a person are a certificate that signs itself, " +
		"for the product may know that very one, one with more names than are kept, and a weak one higher in the chain. A server that the product refused is told.",
	Why:     "A product that does not look at the certificate talks to whoever stands in between, and the encryption keeps nobody out.",
	Satisfy: "Renew certificates by program before they run out, name every host in them, and switch the checks on in the product; try it with a false certificate.",
	Limits: "Certificates can be read up to TLS 1.2 only; TLS 1.3 hides them, a resumed session shows none, and one of DTLS in several datagrams is not put together. No list of authorities is asked: one of the maker's own is as good. " +
		"A server may send an old certificate of an authority along that no path of trust needs, so that weakness above the server's own is no failure. " +
		"The moment is that of the clock of whoever recorded. Whether a forged certificate is refused is tried on a unit.",
	Cites: []string{
		"ETSI EN 303 645 V3.1.3, 5.5-1",
		"RFC 5280, 4.1.2.5 and 6.1 (dates, paths), RFC 9525, 6.3 (names)",
		"RFC 9325, 4.5 (key sizes)",
	},
	Certainty: check.FailSure,
	Reads:     []check.Need{traffic.Captures},
	Run: func(in check.Input) []iotmark.Finding {
		return traffic.Each(in, "data-security.capture-certificates", captureCertificates)
	},
}

func captureCertificates(v traffic.View) []iotmark.Finding {
	v.More = v.Facts.More.Sessions
	seen, begun := handshakes(v)
	dates, names, weak := v.Group(), v.Group(), v.Group()
	itself, unnamed, refused, above, long := v.Group(), v.Group(), v.Group(), v.Group(), v.Group()
	good, hidden := 0, 0
	judged, blind := map[int]bool{}, map[int]bool{} // talks
	for _, i := range begun {
		if t, _ := v.Talk(i); !t.Local && !t.Called {
			blind[i] = true
		}
	}
	for _, h := range seen {
		if h.talk.Local || h.talk.Called {
			continue
		}
		if len(h.Certificates) == 0 {
			switch h.Version {
			case "TLS 1.3", "DTLS 1.3":
				hidden++
			default:
				if !h.refused() {
					blind[h.Talk] = true
				}
			}
			continue
		}
		where, leaf := traffic.Service(h.talk), h.Certificates[0]
		late := !h.Time.IsZero() && (h.Time.Before(leaf.NotBefore) || h.Time.After(leaf.NotAfter))
		asked, fits := nameFits(h)
		frail := frailty(leaf)
		note := "certificate for " + traffic.Clean(leaf.Subject) + ", " + leaf.NotBefore.UTC().Format("2006-01-02") + " to " + leaf.NotAfter.UTC().Format("2006-01-02")
		stranger := asked && !fits && !leaf.NamesCut
		bad := late || stranger || frail != ""
		switch {
		case bad && !h.Encrypted:
			refused.Add(where, h.At, h.talk, note)
			continue
		case !h.Encrypted: // broken off, or the capture ends
			blind[h.Talk] = true
			continue
		case late:
			dates.Add(where, h.At, h.talk, note)
		case stranger && !leaf.SelfSigned:
			names.Add(where, h.At, h.talk, note)
		}
		if frail != "" {
			weak.Add(where+" ("+frail+")", h.At, h.talk, note)
		}
		for _, c := range h.Certificates[1:] {
			if f := frailty(c); f != "" && !c.SelfSigned { // a root is trusted for itself
				above.Add(where+" ("+f+")", h.At, h.talk, "certificate of "+traffic.Clean(c.Subject))
				break
			}
		}
		judged[h.Talk] = true
		switch {
		case leaf.SelfSigned:
			itself.Add(where, h.At, h.talk, note)
		case !fits && leaf.NamesCut:
			long.Add(where, h.At, h.talk, note)
		case !asked && !fits, h.Time.IsZero():
			unnamed.Add(where, h.At, h.talk, note)
		case !bad:
			good++
		}
	}
	// A resumed session rests on the certificate of an earlier one (RFC 5246,
	// 7.3), so that one that was judged stands for it.
	unseen := v.Group()
	for i, t := range v.Talks {
		if blind[i] && !judged[i] {
			unseen.Add(traffic.Service(t), t.At, t, "")
		}
	}
	sum := v.Say(iotmark.Passed, "good", "n", check.N(good), "hidden", some(hidden))
	switch {
	case good == 0 && unseen.Len() > 0:
		sum = v.Say(iotmark.CantTell, "not-seen", "n", check.N(unseen.Len()))
	case good == 0 && refused.Len() > 0:
		sum = v.Say(iotmark.CantTell, "all-refused")
	case good == 0 && hidden > 0:
		sum = v.Say(iotmark.Inapplicable, "hidden", "n", check.N(hidden))
	case good == 0:
		sum = v.Say(iotmark.Inapplicable, "none")
	}
	found := slices.Concat(
		dates.Say(iotmark.Failed, "dates"), names.Say(iotmark.Failed, "name"), weak.Say(iotmark.Failed, "weak"),
		itself.Say(iotmark.CantTell, "signs-itself"), unnamed.Say(iotmark.CantTell, "unnamed"),
		long.Say(iotmark.CantTell, "names-cut"), above.Say(iotmark.CantTell, "weak-above"),
	)
	if good > 0 {
		found = append(found, unseen.Say(iotmark.CantTell, "not-seen-of")...)
	}
	return v.Sum(sum, append(found, refused.Say(iotmark.Passed, "refused")...)...)
}

// nameFits reports whether the leaf is for the server that the product asked
// for in its hello. Asked is false where it named none: then the name or the
// address by which the far end is known is tried, and a miss says nothing.
func nameFits(h handshake) (asked, fits bool) {
	asked = h.Server != ""
	for _, name := range []string{h.Server, h.talk.Host, h.talk.Address} {
		if name != "" && slices.ContainsFunc(h.Certificates[0].Names, func(p string) bool { return covers(p, name) }) {
			return asked, true
		}
		if asked {
			break
		}
	}
	return asked, false
}

// covers reports whether a name of a certificate stands for a host; a star
// stands for one whole first label (RFC 9525, 6.3).
func covers(pattern, host string) bool {
	pattern, host = strings.ToLower(strings.TrimSuffix(pattern, ".")), strings.ToLower(strings.TrimSuffix(host, "."))
	if below, ok := strings.CutPrefix(pattern, "*."); ok {
		_, rest, found := strings.Cut(host, ".")
		return found && rest == below
	}
	return pattern == host
}

// frailty says in a word what is weak about a certificate; the signature of
// one that signs itself protects nothing and is not looked at.
func frailty(c protocol.Certificate) string {
	switch {
	case c.Key == "rsa" && c.Bits > 0 && c.Bits < 2048, c.Key == "ecdsa" && c.Bits > 0 && c.Bits < 224:
		return c.Key + " " + check.N(c.Bits) + " bits"
	case !c.SelfSigned && (strings.Contains(c.Signature, "MD5") || strings.Contains(c.Signature, "MD2") || strings.Contains(c.Signature, "SHA1")):
		return traffic.Clean(c.Signature)
	}
	return ""
}
