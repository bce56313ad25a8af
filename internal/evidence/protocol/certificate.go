package protocol

import (
	"bytes"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/hex"
	"net/netip"
	"time"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
)

const maxCertificate = 32 << 10

var (
	signatures = map[string]string{ // as crypto/x509 names them
		"1.2.840.113549.1.1.2": "MD2-RSA", "1.2.840.113549.1.1.4": "MD5-RSA", "1.2.840.113549.1.1.5": "SHA1-RSA", "1.2.840.113549.1.1.11": "SHA256-RSA",
		"1.2.840.113549.1.1.12": "SHA384-RSA", "1.2.840.113549.1.1.13": "SHA512-RSA", "1.2.840.10040.4.3": "DSA-SHA1",
		"1.2.840.10045.4.1": "ECDSA-SHA1", "1.2.840.10045.4.3.2": "ECDSA-SHA256", "1.2.840.10045.4.3.3": "ECDSA-SHA384", "1.2.840.10045.4.3.4": "ECDSA-SHA512",
		"1.3.101.112": "Ed25519",
	}
	pssHashes = map[string]string{"2.16.840.1.101.3.4.2.1": "SHA256-RSAPSS", "2.16.840.1.101.3.4.2.2": "SHA384-RSAPSS", "2.16.840.1.101.3.4.2.3": "SHA512-RSAPSS"}
	curves    = map[string]int{"1.2.840.10045.3.1.1": 192, "1.3.132.0.33": 224, "1.2.840.10045.3.1.7": 256, "1.3.132.0.10": 256, "1.3.132.0.34": 384, "1.3.132.0.35": 521,
		"1.3.36.3.3.2.8.1.1.7": 256, "1.3.36.3.3.2.8.1.1.11": 384, "1.3.36.3.3.2.8.1.1.13": 512}
)

// certificate reads the fields that a check wants (RFC 5280, 4.1). It is not
// crypto/x509, which reaches for the network's packages; the tests hold the
// two against each other.
func certificate(b []byte) (Certificate, bool) {
	var c Certificate
	if len(b) > maxCertificate {
		return c, false
	}
	s := cryptobyte.String(b)
	var cert, tbs, signature, issuer, validity, subject, key cryptobyte.String
	if !s.ReadASN1(&cert, der.SEQUENCE) || !cert.ReadASN1(&tbs, der.SEQUENCE) ||
		!tbs.SkipOptionalASN1(der.Tag(0).Constructed().ContextSpecific()) || !tbs.SkipASN1(der.INTEGER) ||
		!tbs.ReadASN1(&signature, der.SEQUENCE) || !tbs.ReadASN1Element(&issuer, der.SEQUENCE) || !tbs.ReadASN1(&validity, der.SEQUENCE) ||
		!tbs.ReadASN1Element(&subject, der.SEQUENCE) || !tbs.ReadASN1(&key, der.SEQUENCE) {
		return c, false
	}
	var ok1, ok2 bool
	c.NotBefore, ok1 = moment(&validity)
	c.NotAfter, ok2 = moment(&validity)
	if !ok1 || !ok2 {
		return c, false
	}
	c.Signature = signatureName(signature)
	c.Subject, c.Issuer = distinguished(subject), distinguished(issuer)
	c.SelfSigned = bytes.Equal(subject, issuer)
	c.Key, c.Bits = publicKey(key)
	tbs.SkipOptionalASN1(der.Tag(1).ContextSpecific())
	tbs.SkipOptionalASN1(der.Tag(2).ContextSpecific())
	var outer, exts cryptobyte.String
	if tbs.ReadASN1(&outer, der.Tag(3).Constructed().ContextSpecific()) && outer.ReadASN1(&exts, der.SEQUENCE) {
		c.Names = alternative(exts)
	}
	sum := sha256.Sum256(b)
	c.SHA256 = hex.EncodeToString(sum[:])
	return c, true
}

func moment(s *cryptobyte.String) (t time.Time, ok bool) {
	if s.PeekASN1Tag(der.UTCTime) {
		ok = s.ReadASN1UTCTime(&t)
	} else {
		ok = s.ReadASN1GeneralizedTime(&t)
	}
	return t.UTC(), ok
}

func signatureName(s cryptobyte.String) string {
	var oid asn1.ObjectIdentifier
	if !s.ReadASN1ObjectIdentifier(&oid) {
		return "unknown"
	}
	if oid.String() == "1.2.840.113549.1.1.10" { // PSS names its hash in parameters (RFC 4055, 3.1)
		var params, tagged, alg cryptobyte.String
		var hash asn1.ObjectIdentifier
		if s.ReadASN1(&params, der.SEQUENCE) && params.ReadASN1(&tagged, der.Tag(0).Constructed().ContextSpecific()) && tagged.ReadASN1(&alg, der.SEQUENCE) && alg.ReadASN1ObjectIdentifier(&hash) {
			if n, ok := pssHashes[hash.String()]; ok {
				return n
			}
		}
		return "unknown"
	}
	if n, ok := signatures[oid.String()]; ok {
		return n
	}
	return "unknown"
}

// distinguished returns the common name, else the organisation and unit.
func distinguished(element cryptobyte.String) string {
	var name, set, attribute cryptobyte.String
	if !element.ReadASN1(&name, der.SEQUENCE) {
		return ""
	}
	common, other := "", ""
	for range 32 {
		if !name.ReadASN1(&set, der.SET) {
			break
		}
		for set.ReadASN1(&attribute, der.SEQUENCE) {
			var oid asn1.ObjectIdentifier
			var value cryptobyte.String
			var tag der.Tag
			if !attribute.ReadASN1ObjectIdentifier(&oid) || !attribute.ReadAnyASN1(&value, &tag) {
				continue
			}
			switch oid.String() {
			case "2.5.4.3":
				common = text(value)
			case "2.5.4.10", "2.5.4.11":
				if other != "" {
					other += ", "
				}
				other += text(value)
			}
		}
	}
	if common != "" {
		return common
	}
	return other
}

func publicKey(s cryptobyte.String) (string, int) {
	var alg cryptobyte.String
	var oid asn1.ObjectIdentifier
	var bits asn1.BitString
	if !s.ReadASN1(&alg, der.SEQUENCE) || !alg.ReadASN1ObjectIdentifier(&oid) || !s.ReadASN1BitString(&bits) {
		return "other", 0
	}
	switch oid.String() {
	case "1.2.840.113549.1.1.1":
		var seq cryptobyte.String
		var n []byte
		raw := cryptobyte.String(bits.Bytes)
		if raw.ReadASN1(&seq, der.SEQUENCE) && seq.ReadASN1Integer(&n) {
			n = bytes.TrimLeft(n, "\x00")
			if len(n) > 0 {
				size := len(n) * 8
				for top := n[0]; top&0x80 == 0; top <<= 1 {
					size--
				}
				return "rsa", size
			}
		}
		return "rsa", 0
	case "1.2.840.10045.2.1":
		var curve asn1.ObjectIdentifier
		if alg.ReadASN1ObjectIdentifier(&curve) {
			return "ecdsa", curves[curve.String()]
		}
		return "ecdsa", 0
	case "1.3.101.112":
		return "ed25519", 256
	}
	return "other", 0
}

// alternative reads the names of subjectAltName (RFC 5280, 4.2.1.6).
func alternative(exts cryptobyte.String) []string {
	var out []string
	for range 64 {
		var ext, value, list cryptobyte.String
		var oid asn1.ObjectIdentifier
		if !exts.ReadASN1(&ext, der.SEQUENCE) || !ext.ReadASN1ObjectIdentifier(&oid) {
			return out
		}
		ext.SkipOptionalASN1(der.BOOLEAN)
		if oid.String() != "2.5.29.17" || !ext.ReadASN1(&value, der.OCTET_STRING) || !value.ReadASN1(&list, der.SEQUENCE) {
			continue
		}
		for len(out) < 32 {
			var name cryptobyte.String
			var tag der.Tag
			if !list.ReadAnyASN1(&name, &tag) {
				break
			}
			switch tag {
			case der.Tag(2).ContextSpecific():
				if n := text(name); n != "" {
					out = append(out, n)
				}
			case der.Tag(7).ContextSpecific():
				if a, ok := netip.AddrFromSlice(name); ok {
					out = append(out, a.String())
				}
			}
		}
	}
	return out
}
