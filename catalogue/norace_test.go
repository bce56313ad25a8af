//go:build !race

package catalogue_test

const race = false
