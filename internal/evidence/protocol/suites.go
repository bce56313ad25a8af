package protocol

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// suites.txt is IANA's registry "TLS Cipher Suites", number and name a line,
// without signalling values.
//
//go:embed suites.txt
var suiteTable string

var suites = sync.OnceValue(func() map[uint16]string {
	m := map[uint16]string{}
	for l := range strings.Lines(suiteTable) {
		number, name, _ := strings.Cut(strings.TrimSpace(l), " ")
		if n, err := strconv.ParseUint(number, 16, 16); err == nil {
			m[uint16(n)] = name
		}
	}
	return m
})

// SuiteName returns the name of a cipher suite in IANA's registry, or its
// number, such as 0xC0FF, when the registry has none.
func SuiteName(id uint16) string {
	if n, ok := suites()[id]; ok {
		return n
	}
	return fmt.Sprintf("0x%04X", id)
}

// weaknesses are tried in this order against the name of a suite; the first
// that is found names the weakness. RFC 9325, 4.1 (null, export, under 112
// bits, RC4, static RSA and Diffie-Hellman); RFC 8996; RFC 7465 (RC4); RFC
// 5469 (DES, IDEA); SWEET32 for 64-bit blocks; RFC 4279 for keys that are
// shared and nothing else.
var weaknesses = []struct{ part, word string }{
	{"_anon_", "anonymous"},
	{"WITH_NULL", "null"}, {"_SHA256_SHA256", "null"}, {"_SHA384_SHA384", "null"},
	{"EXPORT", "export"},
	{"_RC4_", "rc4"}, {"_RC2_", "rc2"},
	{"_3DES_", "3des"}, {"_DES_", "des"}, {"_DES40_", "des"}, {"_IDEA_", "idea"},
	{"_MD5", "md5"},
	{"TLS_RSA_PSK_", "psk-without-dhe"}, {"TLS_PSK_WITH_", "psk-without-dhe"},
	{"TLS_RSA_WITH_", "no-forward-secrecy"}, {"TLS_DH_", "no-forward-secrecy"}, {"TLS_ECDH_", "no-forward-secrecy"},
	{"TLS_KRB5_", "no-forward-secrecy"},
}

// SuiteWeakness returns in a word what is weak about a cipher suite, or
// nothing: anonymous (nobody proves who they are), null (nothing is
// encrypted), export, rc4, rc2, 3des, des, idea, md5, psk-without-dhe, and
// no-forward-secrecy (whoever gets the key later reads what was recorded
// before). A suite that the registry does not know has none.
func SuiteWeakness(id uint16) string {
	name, ok := suites()[id]
	if !ok {
		return ""
	}
	for _, w := range weaknesses {
		if strings.Contains(name, w.part) {
			return w.word
		}
	}
	return ""
}
