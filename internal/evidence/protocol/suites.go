package protocol

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// SuiteName returns the name of a cipher suite as IANA registers it, a kind
// of SSL 2.0 by the name of its specification (SSL_CK_...), and a number that
// nobody named as hexadecimal digits, such as "0x1234".
func SuiteName(id uint16) string {
	if n := suiteName(id); n != "" {
		return n
	}
	return fmt.Sprintf("0x%04X", id)
}

func suiteName(id uint16) string {
	i, ok := slices.BinarySearchFunc(suites[:], id, func(s suite, id uint16) int { return cmp.Compare(s.id, id) })
	if !ok {
		return ""
	}
	return suites[i].name
}

// The words of SuiteWeakness.
const (
	WeakNull      = "null"               // no encryption. RFC 9325, 4.1: MUST NOT
	WeakAnonymous = "anonymous"          // no server is proven. RFC 9325, 4.1: MUST NOT
	WeakExport    = "export"             // 40 or 56 bits by law of the 1990s. RFC 9325, 4.1: MUST NOT
	WeakDES       = "des"                // 56 bits. RFC 9325, 4.1: MUST NOT below 112 bits
	WeakRC4       = "rc4"                // RFC 7465: MUST NOT
	WeakRC2       = "rc2"                // RFC 9325, 4.1: below 128 bits as SSL used it
	Weak3DES      = "3des"               // blocks of 64 bits: CVE-2016-2183. BSI TR-02102-2: not recommended
	WeakMD5       = "md5"                // RFC 9325, 4.1; RFC 6151
	WeakNoForward = "no-forward-secrecy" // a key that leaks opens old recordings. RFC 9325, 4.1: SHOULD NOT; BSI TR-02102-2, 3.3.1
	WeakPSK       = "psk-without-dhe"    // the same, by a key that is shared. BSI TR-02102-2, 3.3.1.2
)

// weaknesses are tried in order: the worst first. A word is looked for
// between underscores.
var weaknesses = []struct{ weak, words string }{
	{WeakNull, "NULL"},
	{WeakAnonymous, "anon"},
	{WeakExport, "EXPORT EXPORT40 EXPORT1024 DES40"},
	{WeakDES, "DES DES40"},
	{WeakRC4, "RC4"},
	{WeakRC2, "RC2"},
	{Weak3DES, "3DES EDE3"},
	{WeakMD5, "MD5"},
}

// SuiteWeakness returns in one word of a closed list what is weakest about a
// cipher suite, the worst first: null, anonymous, export, des, rc4, rc2,
// 3des, md5, no-forward-secrecy, psk-without-dhe. It returns the empty string
// for a suite without these, for the two signalling values (SCSV), and for a
// number that nobody named. CBC is none of them: it is as good as the library
// is careful about padding, and no capture shows that.
// Source: RFC 9325, 4.1 and 4.2; RFC 8996; RFC 9150 (suites of TLS 1.3 that
// do not encrypt); BSI TR-02102-2, 3.3 and 3.4.
func SuiteWeakness(id uint16) string {
	name := suiteName(id)
	switch {
	case name == "" || strings.HasSuffix(name, "_SCSV"):
		return ""
	case name == "TLS_SHA256_SHA256" || name == "TLS_SHA384_SHA384": // RFC 9150: integrity only
		return WeakNull
	case strings.HasPrefix(name, "SSL_CK_DES_192_EDE3"):
		return Weak3DES
	}
	for _, w := range weaknesses {
		for word := range strings.FieldsSeq(w.words) {
			if hasWord(name, word) {
				return w.weak
			}
		}
	}
	if kx, _, ok := strings.Cut(name, "_WITH_"); ok {
		kx = kx[strings.IndexByte(kx, '_')+1:]
		switch {
		case kx == "PSK", kx == "RSA_PSK":
			return WeakPSK
		case slices.Contains(noForward, kx), strings.HasPrefix(kx, "GOST") && !strings.HasSuffix(name, "_MGM_L") && !strings.HasSuffix(name, "_MGM_S"):
			return WeakNoForward
		}
	}
	return ""
}

// noForward are the exchanges of keys that rest on the long-lived key of the
// server alone.
var noForward = []string{"RSA", "DH_DSS", "DH_RSA", "ECDH_ECDSA", "ECDH_RSA", "KRB5", "RSA_FIPS", "FORTEZZA_KEA"}

func hasWord(name, word string) bool {
	for w := range strings.SplitSeq(name, "_") {
		if w == word {
			return true
		}
	}
	return false
}

// ssl2Kinds are the cipher kinds of SSL 2.0 (Hickman 1995, C.4), in the order
// of their numbers 0xFF01 to 0xFF08 here.
var ssl2Kinds = [...]uint32{0x010080, 0x020080, 0x030080, 0x040080, 0x050080, 0x060040, 0x0700C0, 0x080080}

// ssl2Suite returns the number here of a cipher kind of SSL 2.0; a kind whose
// first byte is zero is a suite of SSL 3.0 or TLS (RFC 5246, E.2).
func ssl2Suite(kind uint32) (uint16, bool) {
	if kind>>16 == 0 {
		return uint16(kind), true
	}
	if i := slices.Index(ssl2Kinds[:], kind); i >= 0 {
		return 0xFF01 + uint16(i), true
	}
	return 0, false
}
