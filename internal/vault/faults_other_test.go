//go:build !linux

package vault_test

import "errors"

func faults(string) error { return errors.New("only on Linux") }
