package text

import (
	"strconv"
	"strings"
)

// numbers are the numerals that rules accept, in English and German.
var numbers = map[string]int{
	"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
	"twelve": 12, "fourteen": 14, "eighteen": 18, "thirty": 30, "sixty": 60, "ninety": 90,
	"ein": 1, "einem": 1, "einer": 1, "zwei": 2, "drei": 3, "vier": 4, "fünf": 5, "sechs": 6, "sieben": 7, "acht": 8,
	"neun": 9, "zehn": 10, "zwölf": 12, "vierzehn": 14, "dreißig": 30, "neunzig": 90,
}

// units are the beginnings of units of time with their length in hours. A
// month counts as 30 days and a year as 365, so a period reads as at least
// what was said to within two days a month.
var units = []struct {
	stem  string
	hours int
}{
	{"hour", 1}, {"stunde", 1}, {"day", 24}, {"tag", 24}, {"werktag", 24}, {"arbeitstag", 24}, {"kalendertag", 24},
	{"week", 168}, {"woche", 168}, {"month", 720}, {"monat", 720}, {"year", 8760}, {"jahr", 8760},
}

// Days returns the period that the values n and unit name in days, a part of
// a day counting as one; false when they name none.
func (s Statement) Days() (int, bool) {
	n, err := strconv.Atoi(s.Values["n"])
	if err != nil {
		var ok bool
		if n, ok = numbers[s.Values["n"]]; !ok {
			return 0, false
		}
	}
	for _, u := range units {
		if strings.HasPrefix(s.Values["unit"], u.stem) {
			return (n*u.hours + 23) / 24, true
		}
	}
	return 0, false
}
