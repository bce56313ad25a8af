package iotmark

import "strconv"

// GTINDigit returns the last digit that a GTIN of 8, 12, 13 or 14 digits must
// have by those before it (GS1 General Specifications, 7.9.1). The argument is
// the whole number; its last digit does not count.
func GTINDigit(s string) string {
	sum, weight := 0, 3
	for i := len(s) - 2; i >= 0; i-- {
		sum += int(s[i]-'0') * weight
		weight = 4 - weight
	}
	return strconv.Itoa((10 - sum%10) % 10)
}
