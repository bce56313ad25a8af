package protocol

import (
	"bytes"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/hex"
	"math/bits"
	"net/netip"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
)

const (
	maxCertificate = 16 << 10 // bytes of one certificate
	maxChain       = 10       // certificates of one chain
	maxNames       = 256      // alternative names of one certificate
	maxNamesLen    = 8 << 10  // bytes of all of them
	maxParts       = 32       // of the name of a subject or an issuer
	maxText        = 256      // bytes of one name
)

// ParseCertificate reads the fields of Certificate out of one DER certificate
// (RFC 5280, 4.1) and reports whether it could. It is no validation: it does
// not verify a signature, and takes what crypto/x509 refuses as long as the
// fields are there. It stands here because crypto/x509 brings the network
// with it. SelfSigned is told by equal names of subject and issuer, and equal
// key identifiers where both are given. Depth is fixed: it does not recurse.
func ParseCertificate(der []byte) (Certificate, bool) {
	var c Certificate
	if len(der) > maxCertificate {
		return c, false
	}
	in := cryptobyte.String(der)
	var cert, tbs, sigAlg, serial, inner, issuer, validity, subject, spki cryptobyte.String
	if !in.ReadASN1(&cert, tag.SEQUENCE) ||
		!cert.ReadASN1(&tbs, tag.SEQUENCE) ||
		!cert.ReadASN1(&sigAlg, tag.SEQUENCE) ||
		!tbs.SkipOptionalASN1(tag.Tag(0).Constructed().ContextSpecific()) || // version
		!tbs.ReadASN1(&serial, tag.INTEGER) ||
		!tbs.ReadASN1(&inner, tag.SEQUENCE) ||
		!tbs.ReadASN1(&issuer, tag.SEQUENCE) ||
		!tbs.ReadASN1(&validity, tag.SEQUENCE) ||
		!tbs.ReadASN1(&subject, tag.SEQUENCE) ||
		!tbs.ReadASN1(&spki, tag.SEQUENCE) {
		return c, false
	}
	var ok bool
	if c.NotBefore, ok = readTime(&validity); !ok {
		return c, false
	}
	if c.NotAfter, ok = readTime(&validity); !ok {
		return c, false
	}
	c.SelfSigned = bytes.Equal(subject, issuer)
	if c.Subject, ok = distinguished(subject); !ok {
		return c, false
	}
	if c.Issuer, ok = distinguished(issuer); !ok {
		return c, false
	}
	if c.Signature, ok = signatureName(sigAlg); !ok {
		return c, false
	}
	if c.Key, c.Bits, ok = publicKey(spki); !ok {
		return c, false
	}
	if !extensions(tbs, &c) {
		return c, false
	}
	used := der[:len(der)-len(in)]
	sum := sha256.Sum256(used)
	c.SHA256 = hex.EncodeToString(sum[:])
	return c, true
}

// readTime reads a UTCTime or a GeneralizedTime. RFC 5280, 4.1.2.5.
func readTime(s *cryptobyte.String) (t time.Time, ok bool) {
	if s.PeekASN1Tag(tag.UTCTime) {
		ok = s.ReadASN1UTCTime(&t)
	} else {
		ok = s.ReadASN1GeneralizedTime(&t)
	}
	return t.UTC(), ok
}

// attributes are the short names of the parts of a name. RFC 4514, 3.
var attributes = []struct {
	oid  asn1.ObjectIdentifier
	name string
}{
	{asn1.ObjectIdentifier{2, 5, 4, 3}, "CN"},
	{asn1.ObjectIdentifier{2, 5, 4, 5}, "SERIALNUMBER"},
	{asn1.ObjectIdentifier{2, 5, 4, 6}, "C"},
	{asn1.ObjectIdentifier{2, 5, 4, 7}, "L"},
	{asn1.ObjectIdentifier{2, 5, 4, 8}, "ST"},
	{asn1.ObjectIdentifier{2, 5, 4, 9}, "STREET"},
	{asn1.ObjectIdentifier{2, 5, 4, 10}, "O"},
	{asn1.ObjectIdentifier{2, 5, 4, 11}, "OU"},
	{asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 25}, "DC"},
}

// distinguished returns the last common name of a name, as crypto/x509 does,
// and where there is none the whole name as "O=Maker, C=DE".
func distinguished(name cryptobyte.String) (string, bool) {
	var common string
	var whole []string
	for n := 0; !name.Empty(); n++ {
		var set, attribute, value cryptobyte.String
		var oid asn1.ObjectIdentifier
		var kind tag.Tag
		if !name.ReadASN1(&set, tag.SET) {
			return "", false
		}
		for !set.Empty() {
			if !set.ReadASN1(&attribute, tag.SEQUENCE) || !attribute.ReadASN1ObjectIdentifier(&oid) || !attribute.ReadAnyASN1(&value, &kind) {
				return "", false
			}
			if n >= maxParts {
				continue
			}
			short := oid.String()
			for _, a := range attributes {
				if a.oid.Equal(oid) {
					short = a.name
				}
			}
			v := directoryString(value, kind)
			if short == "CN" && v != "" {
				common = v
			}
			whole = append(whole, short+"="+v)
		}
	}
	if common != "" {
		return common, true
	}
	return clip(strings.Join(whole, ", ")), true
}

// directoryString reads a text in one of the forms of RFC 5280, 4.1.2.4.
func directoryString(v []byte, kind tag.Tag) string {
	v = v[:min(len(v), 4*maxText)]
	const bmp = tag.Tag(30)
	switch {
	case kind == bmp:
		u := make([]uint16, 0, len(v)/2)
		for i := 0; i+1 < len(v); i += 2 {
			u = append(u, uint16(v[i])<<8|uint16(v[i+1]))
		}
		return clip(string(utf16.Decode(u)))
	case !utf8.Valid(v): // T61String, most often used as ISO 8859-1
		r := make([]rune, len(v))
		for i, c := range v {
			r[i] = rune(c)
		}
		return clip(string(r))
	}
	return clip(string(v))
}

// clip makes a text printable and bounds it.
func clip(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !printable(r) {
			return '?'
		}
		return r
	}, s)
	if len(s) > maxText {
		s = s[:maxText]
		for !utf8.ValidString(s) {
			s = s[:len(s)-1]
		}
	}
	return s
}

// signatures are the algorithms that crypto/x509 names, by its names.
var signatures = map[string]string{
	"1.2.840.113549.1.1.2":   "MD2-RSA",
	"1.2.840.113549.1.1.4":   "MD5-RSA",
	"1.2.840.113549.1.1.5":   "SHA1-RSA",
	"1.3.14.3.2.29":          "SHA1-RSA",
	"1.2.840.113549.1.1.11":  "SHA256-RSA",
	"1.2.840.113549.1.1.12":  "SHA384-RSA",
	"1.2.840.113549.1.1.13":  "SHA512-RSA",
	"1.2.840.10040.4.3":      "DSA-SHA1",
	"2.16.840.1.101.3.4.3.2": "DSA-SHA256",
	"1.2.840.10045.4.1":      "ECDSA-SHA1",
	"1.2.840.10045.4.3.2":    "ECDSA-SHA256",
	"1.2.840.10045.4.3.3":    "ECDSA-SHA384",
	"1.2.840.10045.4.3.4":    "ECDSA-SHA512",
	"1.3.101.112":            "Ed25519",
}

// signatureName names the algorithm of a signature, and gives its number
// where nobody did.
func signatureName(alg cryptobyte.String) (string, bool) {
	var oid asn1.ObjectIdentifier
	if !alg.ReadASN1ObjectIdentifier(&oid) {
		return "", false
	}
	id := oid.String()
	if n, ok := signatures[id]; ok {
		return n, true
	}
	if id != "1.2.840.113549.1.1.10" { // RSASSA-PSS. RFC 4055, 3.1
		return clip(id), true
	}
	var params, hash, algorithm cryptobyte.String
	if !alg.ReadASN1(&params, tag.SEQUENCE) || !params.ReadASN1(&hash, tag.Tag(0).Constructed().ContextSpecific()) ||
		!hash.ReadASN1(&algorithm, tag.SEQUENCE) || !algorithm.ReadASN1ObjectIdentifier(&oid) {
		return "SHA1-RSAPSS", true // the default
	}
	switch oid.String() {
	case "2.16.840.1.101.3.4.2.1":
		return "SHA256-RSAPSS", true
	case "2.16.840.1.101.3.4.2.2":
		return "SHA384-RSAPSS", true
	case "2.16.840.1.101.3.4.2.3":
		return "SHA512-RSAPSS", true
	}
	return clip(id), true
}

// curves are the named curves with their bits (RFC 5480, 2.1.1.1; RFC 5639).
var curves = map[string]int{
	"1.2.840.10045.3.1.1": 192, "1.3.132.0.33": 224, "1.2.840.10045.3.1.7": 256, "1.3.132.0.34": 384, "1.3.132.0.35": 521, "1.3.132.0.10": 256,
	"1.3.36.3.3.2.8.1.1.7": 256, "1.3.36.3.3.2.8.1.1.11": 384, "1.3.36.3.3.2.8.1.1.13": 512,
}

// publicKey tells the kind of a key and its bits; 0 where they are not known.
func publicKey(spki cryptobyte.String) (kind string, size int, ok bool) {
	var alg, key cryptobyte.String
	var oid, curve asn1.ObjectIdentifier
	if !spki.ReadASN1(&alg, tag.SEQUENCE) || !alg.ReadASN1ObjectIdentifier(&oid) || !spki.ReadASN1(&key, tag.BIT_STRING) || len(key) < 1 {
		return "", 0, false
	}
	key = key[1:] // how many bits are unused
	switch oid.String() {
	case "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10":
		var pair, modulus cryptobyte.String
		if !key.ReadASN1(&pair, tag.SEQUENCE) || !pair.ReadASN1(&modulus, tag.INTEGER) {
			return "", 0, false
		}
		for len(modulus) > 0 && modulus[0] == 0 {
			modulus = modulus[1:]
		}
		if len(modulus) == 0 {
			return "rsa", 0, true
		}
		return "rsa", 8*(len(modulus)-1) + bits.Len8(modulus[0]), true
	case "1.2.840.10045.2.1":
		if alg.ReadASN1ObjectIdentifier(&curve) {
			size = curves[curve.String()]
		}
		return "ecdsa", size, true
	case "1.3.101.112":
		return "ed25519", 256, true
	}
	return "other", 0, true
}

// extensions reads the alternative names and the key identifiers.
func extensions(tbs cryptobyte.String, c *Certificate) bool {
	var outer, list cryptobyte.String
	var there bool
	if !tbs.SkipOptionalASN1(tag.Tag(1).ContextSpecific()) || !tbs.SkipOptionalASN1(tag.Tag(2).ContextSpecific()) || // unique identifiers
		!tbs.ReadOptionalASN1(&outer, &there, tag.Tag(3).Constructed().ContextSpecific()) {
		return false
	}
	if !there {
		return true
	}
	if !outer.ReadASN1(&list, tag.SEQUENCE) {
		return false
	}
	var own, authority []byte
	for !list.Empty() {
		var e, value cryptobyte.String
		var oid asn1.ObjectIdentifier
		if !list.ReadASN1(&e, tag.SEQUENCE) || !e.ReadASN1ObjectIdentifier(&oid) || !e.SkipOptionalASN1(tag.BOOLEAN) || !e.ReadASN1(&value, tag.OCTET_STRING) {
			return false
		}
		if len(oid) != 4 || !oid[:3].Equal(asn1.ObjectIdentifier{2, 5, 29}) {
			continue
		}
		switch oid[3] {
		case 17: // subjectAltName
			if !alternatives(value, c) {
				return false
			}
		case 14: // subjectKeyIdentifier
			var id cryptobyte.String
			if value.ReadASN1(&id, tag.OCTET_STRING) {
				own = id
			}
		case 35: // authorityKeyIdentifier
			var seq, id cryptobyte.String
			if value.ReadASN1(&seq, tag.SEQUENCE) && seq.ReadASN1(&id, tag.Tag(0).ContextSpecific()) {
				authority = id
			}
		}
	}
	if len(own) > 0 && len(authority) > 0 && !bytes.Equal(own, authority) {
		c.SelfSigned = false
	}
	return true
}

// alternatives reads the DNS names and addresses of a subjectAltName. What is
// left out is told: a name that is not in the list may be one of the others.
func alternatives(value cryptobyte.String, c *Certificate) bool {
	var names cryptobyte.String
	if !value.ReadASN1(&names, tag.SEQUENCE) {
		return false
	}
	total := 0
	for !names.Empty() {
		var v cryptobyte.String
		var kind tag.Tag
		if !names.ReadAnyASN1(&v, &kind) {
			return false
		}
		name := ""
		switch kind {
		case tag.Tag(2).ContextSpecific():
			if len(v) > maxText { // no name of DNS is as long: RFC 1035, 2.3.4
				c.NamesCut = true
				continue
			}
			name = clip(string(v))
		case tag.Tag(7).ContextSpecific():
			a, ok := netip.AddrFromSlice(v)
			if !ok {
				continue
			}
			name = a.String()
		default:
			continue
		}
		if total += len(name); len(c.Names) == maxNames || total > maxNamesLen {
			c.NamesCut = true
			return true
		}
		c.Names = append(c.Names, name)
	}
	return true
}

// chain reads the certificates of a message, leaf first. One that cannot be
// read ends the chain, so that no other takes the place of the leaf.
func chain(ders [][]byte) []Certificate {
	var out []Certificate
	for _, der := range ders[:min(len(ders), maxChain)] {
		c, ok := ParseCertificate(der)
		if !ok {
			break
		}
		out = append(out, c)
	}
	return out
}
