package iotmark_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/open-iot-mark/iotmark"
)

func codeOf(n uint64) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], n)
	return iotmark.NewCode([5]byte(b[3:]))
}

func TestNewCode(t *testing.T) {
	t.Parallel()
	for _, n := range []uint64{0, 1, 31, 32, 1 << 34, 1<<35 - 1, 0x123456789} {
		c := codeOf(n)
		if !iotmark.IsCode(c) {
			t.Errorf("NewCode(%d) = %s, which is no code", n, c)
		}
		if got, err := iotmark.ParseCode(strings.ToLower(iotmark.PrintCode(c))); err != nil || got != c {
			t.Errorf("ParseCode(%s) = %q, %v", iotmark.PrintCode(c), got, err)
		}
	}
	if codeOf(5) == codeOf(6) {
		t.Error("two numbers give one code")
	}
}

// A wrong character is always found; a swap of neighbours is, but for a few pairs.
func TestCodeFindsSlips(t *testing.T) {
	t.Parallel()
	const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	swaps, missed := 0, 0
	for n := range uint64(200) {
		c := codeOf(n * 171_798_691)
		for i := range len(c) {
			for _, r := range alphabet {
				if x := c[:i] + string(r) + c[i+1:]; x != c && iotmark.IsCode(x) {
					t.Fatalf("%s and %s are both codes", c, x)
				}
			}
			if i > 0 && c[i-1] != c[i] {
				swaps++
				if iotmark.IsCode(c[:i-1] + c[i:i+1] + c[i-1:i] + c[i+1:]) {
					missed++
				}
			}
		}
	}
	if missed*100 > swaps {
		t.Errorf("%d of %d swaps of neighbours are not found", missed, swaps)
	}
}

func TestParseCode(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, want string }{
		{"as printed", "K7Q2-MX99", "K7Q2MX99"},
		{"small letters and spaces", " k7q2 mx99 ", "K7Q2MX99"},
		{"letters that are taken for digits", "oooo-ooil", ""},
		{"O is zero", "OOOO-OOOO", "00000000"},
		{"one character wrong", "K7Q2-MX98", ""},
		{"two swapped", "7KQ2-MX99", ""},
		{"too short", "K7Q2-MX9", ""},
		{"too long", "K7Q2-MX999", ""},
		{"empty", "", ""},
		{"a letter that is in no code", "K7Q2-MXU9", ""},
		{"a letter of another script that a capital is made of", "K7Q2-MX9\u017f", ""},
		{"very long", strings.Repeat("-", 1<<16), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := iotmark.ParseCode(c.in)
			if got != c.want || (err == nil) != (c.want != "") {
				t.Errorf("got %q, %v, want %q", got, err, c.want)
			}
			if err != nil && iotmark.KindOf(err) != iotmark.Invalid {
				t.Errorf("kind %s", iotmark.KindOf(err))
			}
		})
	}
}

func TestGTINDigit(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"09506000134352": "2", "9506000134352": "2", "4006381333931": "1", "96385074": "4", "036000291452": "2", "00000000": "0"} {
		if got := iotmark.GTINDigit(in); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}
