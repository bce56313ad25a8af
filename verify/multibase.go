package verify

import (
	"crypto/ed25519"
	"strings"
)

// base58 is the alphabet of base58btc (draft-msporny-base58-03).
const base58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

// encode58 writes bytes as multibase base58btc (W3C Controlled Identifiers
// v1.0, 2.4): a z, then the digits. Time grows with the square of the length.
func encode58(b []byte) string {
	zeros := 0
	for zeros < len(b) && b[zeros] == 0 {
		zeros++
	}
	var digits []byte // the least first
	for _, c := range b {
		carry := int(c)
		for i := range digits {
			carry += int(digits[i]) << 8
			digits[i] = byte(carry % 58)
			carry /= 58
		}
		for ; carry > 0; carry /= 58 {
			digits = append(digits, byte(carry%58))
		}
	}
	out := make([]byte, 0, 1+zeros+len(digits))
	out = append(out, 'z')
	for range zeros {
		out = append(out, '1')
	}
	for i := len(digits) - 1; i >= 0; i-- {
		out = append(out, base58[digits[i]])
	}
	return string(out)
}

// decode58 reads what encode58 writes, of exactly n bytes.
func decode58(s string, n int) ([]byte, bool) {
	s, ok := strings.CutPrefix(s, "z")
	if !ok || len(s) > 2*n {
		return nil, false
	}
	out := make([]byte, n)
	ones := 0
	for ones < len(s) && s[ones] == '1' {
		ones++
	}
	for i := range len(s) {
		carry := strings.IndexByte(base58, s[i])
		if carry < 0 {
			return nil, false
		}
		for j := n - 1; j >= 0; j-- {
			carry += int(out[j]) * 58
			out[j] = byte(carry)
			carry >>= 8
		}
		if carry > 0 {
			return nil, false
		}
	}
	zeros := 0
	for zeros < n && out[zeros] == 0 {
		zeros++
	}
	return out, zeros == ones
}

// Multikey writes an Ed25519 public key as a Multikey (W3C Controlled
// Identifiers v1.0, 2.2.2): the two bytes of its multicodec, then the key.
func Multikey(pub ed25519.PublicKey) string {
	return encode58(append([]byte{0xed, 0x01}, pub...))
}

// ParseMultikey reads an Ed25519 public key. Errors: multikey-malformed.
func ParseMultikey(s string) (ed25519.PublicKey, error) {
	b, ok := decode58(s, 2+ed25519.PublicKeySize)
	if !ok || b[0] != 0xed || b[1] != 0x01 {
		return nil, refuse("multikey-malformed", "%q is not the Multikey of an Ed25519 key", clip(s))
	}
	return ed25519.PublicKey(b[2:]), nil
}
