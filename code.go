package iotmark

import (
	"fmt"
	"strings"
)

// codeAlphabet is Crockford's base32: no I, L, O or U.
const codeAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// CodeLength is the number of characters of a mark's code.
const CodeLength = 8

// NewCode returns the code of a mark from randomness that the caller has:
// seven characters of 35 bits, and one by which a slip of the pen is noticed
// (Luhn mod 32 over Crockford's alphabet). It finds every single wrong
// character, and nearly every swap of two neighbours.
func NewCode(random [5]byte) string {
	var n uint64
	for _, b := range random {
		n = n<<8 | uint64(b)
	}
	b := make([]byte, CodeLength)
	for i := CodeLength - 2; i >= 0; i-- {
		b[i] = codeAlphabet[n&31]
		n >>= 5
	}
	b[CodeLength-1] = codeAlphabet[(32-luhn32(string(b[:CodeLength-1]), 2))%32]
	return string(b)
}

// luhn32 is the sum of Luhn's algorithm mod 32, from the right; the rightmost
// character is taken factor times.
func luhn32(s string, factor int) int {
	sum := 0
	for i := len(s) - 1; i >= 0; i-- {
		n := strings.IndexByte(codeAlphabet, s[i]) * factor
		sum += n/32 + n%32
		factor = 3 - factor
	}
	return sum % 32
}

// IsCode reports whether s is the code of a mark in its one form: eight
// characters of Crockford's base32 in capitals, of which the last checks the
// others.
func IsCode(s string) bool {
	if len(s) != CodeLength {
		return false
	}
	for i := range len(s) {
		if strings.IndexByte(codeAlphabet, s[i]) < 0 {
			return false
		}
	}
	return luhn32(s, 1) == 0
}

// ParseCode reads a code as a person writes it: in any case, with hyphens and
// spaces, with I and L for 1 and O for 0. It returns its one form, such as
// K7Q2MX99. The error has the id code-wrong.
func ParseCode(s string) (string, error) {
	wrong := func(why string) error {
		return &Error{Kind: Invalid, ID: "code-wrong", Msg: "this is not the code of a mark: " + why + "; compare it with the label, character by character"}
	}
	if len(s) > 64 {
		return "", wrong("it is too long")
	}
	b := make([]byte, 0, CodeLength)
	for _, r := range s {
		if r >= 'a' && r <= 'z' {
			r -= 'a' - 'A'
		}
		switch r {
		case '-', ' ':
			continue
		case 'I', 'L':
			r = '1'
		case 'O':
			r = '0'
		}
		if r > 'Z' || strings.IndexByte(codeAlphabet, byte(r)) < 0 {
			return "", wrong(fmt.Sprintf("%q does not occur in one", r))
		}
		b = append(b, byte(r))
	}
	switch {
	case len(b) != CodeLength:
		return "", wrong(fmt.Sprintf("it has %d characters, and a code has %d", len(b), CodeLength))
	case !IsCode(string(b)):
		return "", wrong("its last character does not fit the others")
	}
	return string(b), nil
}

// PrintCode writes a code as it is printed, such as K7Q2-MX99.
func PrintCode(code string) string {
	if len(code) != CodeLength {
		return code
	}
	return code[:4] + "-" + code[4:]
}
