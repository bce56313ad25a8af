package devicesecurity

import (
	"strconv"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence/firmware"
)

// PrivateKeys looks for private keys in images.
var PrivateKeys = check.Check{
	ID:      "device-security.private-keys",
	Version: 1,
	Title:   "No private key is in the image",
	What: "Looks for private keys anywhere in the files of the image and parses them: PKCS#1, PKCS#8, EC, DSA and OpenSSH in PEM and DER, and host keys of dropbear. " +
		"It passes when there is none and every byte of the image was looked at. A key that is not encrypted fails.",
	Why:     "A key inside a download is public from the first day, and it is the same key in every unit: with it others read the traffic or pose as the product.",
	Satisfy: "Take the key out of the image, make one per unit at first start or in production, and replace the leaked one wherever it is trusted.",
	Limits: "It finds keys, not passwords or tokens in settings or programs. Markers of keys without a key behind them are not counted. A key in a form of the maker's own, " +
		"or in a key store such as PKCS#12, is not seen. That a key is only for tests it cannot know.",
	Cites: []string{
		"ETSI EN 303 645 V3.1.3, provisions 5.4-3 and 5.4-4",
		"OWASP ISVS 1.0, 2.1.9",
		"RFC 8017, A.1.2; RFC 5208; RFC 5915; OpenSSH, PROTOCOL.key",
	},
	Certainty: check.FailSure,
	Sensitive: true,
	Reads:     []check.Need{images},
	Run: func(in check.Input) []iotmark.Finding {
		return eachImage(in, "device-security.private-keys", privateKeys)
	},
}

func privateKeys(m image) []iotmark.Finding {
	f := m.Facts
	var plain, encrypted []firmware.Key
	for _, k := range f.Keys {
		if k.Encrypted {
			encrypted = append(encrypted, k)
		} else {
			plain = append(plain, k)
		}
	}
	var out []iotmark.Finding
	if len(plain) > 0 {
		x := m.keys(iotmark.Failed, "found", plain)
		x.Exploitable = true
		out = append(out, x)
	}
	if len(encrypted) > 0 {
		out = append(out, m.keys(iotmark.CantTell, "encrypted", encrypted))
	}
	switch c := f.Coverage; {
	case f.Opaque:
		out = append(out, m.opaque())
	case !c.Complete():
		out = append(out, m.partly())
	case len(out) == 0:
		out = append(out, m.say(iotmark.Passed, "none", "n", check.N(c.Files)))
	}
	return out
}

// keys makes a finding on keys. A place shows type, length and the start of
// the public half's fingerprint; nothing of the key itself.
func (m image) keys(o iotmark.Outcome, what string, list []firmware.Key) iotmark.Finding {
	path := list[0].Place.Path
	if path == "" {
		path = "byte " + strconv.FormatInt(list[0].Offset, 10)
	}
	f := m.say(o, what, "n", check.N(len(list)), "path", check.Quote(path))
	for _, k := range list[:min(len(list), check.Shown)] {
		p := m.at(k.Place)
		p.Offset = k.Offset
		words := []string{k.Type}
		if k.Bits > 0 {
			words = append(words, strconv.Itoa(k.Bits)+" bit")
		}
		if len(k.SPKI) >= 8 {
			words = append(words, "public half sha256:"+k.SPKI[:8])
		}
		p.Quote = strings.Join(words, ", ")
		f.Places = append(f.Places, p)
	}
	return f
}
