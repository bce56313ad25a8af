//go:build !cloud

package vault

// Without -tags cloud there are folders only: the drivers of buckets would
// add megabytes to a program that most run on one machine.
var cloud []string
