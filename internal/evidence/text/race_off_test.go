//go:build !race

package text_test

// raceOn reports whether the race detector slows the tests down.
const raceOn = false
