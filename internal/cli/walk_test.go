package cli_test

import "testing"

// The walks are stories of the whole, told to people: each runs as it stands.
func TestWalks(t *testing.T) { scripts(t, "../../docs/walks", services()) }
