//go:build !race

package confine_test

// raced says that this is a build for the race detector.
const raced = false
