//go:build !linux || race

package registry_test

import (
	"context"
	"errors"
)

type faulty struct{}

func (faulty) run(context.Context) (any, error) {
	return nil, errors.New("only on Linux, and not with the race detector")
}
