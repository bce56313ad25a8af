package verify

import (
	"crypto/ed25519"
	"encoding/binary"
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

// decode58 reads what encode58 writes, of exactly n bytes, 64 at most. Five
// digits at a time go into 32 bits.
func decode58(s string, n int) ([]byte, bool) {
	s, ok := strings.CutPrefix(s, "z")
	if !ok || len(s) > 2*n || n > 64 {
		return nil, false
	}
	ones := 0
	for ones < len(s) && s[ones] == '1' {
		ones++
	}
	var limbs [17]uint32 // the least first; what does not fit in 16 is too large
	for i := 0; i < len(s); {
		base, add := uint64(1), uint64(0)
		for ; base < 58*58*58*58*58 && i < len(s); i++ {
			d := strings.IndexByte(base58, s[i])
			if d < 0 {
				return nil, false
			}
			base, add = base*58, add*58+uint64(d)
		}
		for j := range limbs {
			add += uint64(limbs[j]) * base
			limbs[j] = uint32(add)
			add >>= 32
		}
		if limbs[16] != 0 {
			return nil, false
		}
	}
	var all [64]byte
	for j := range 16 {
		binary.BigEndian.PutUint32(all[60-4*j:], limbs[j])
	}
	for _, c := range all[:64-n] {
		if c != 0 {
			return nil, false
		}
	}
	out := all[64-n:]
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
