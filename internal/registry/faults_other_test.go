//go:build !linux

package registry_test

import (
	"context"
	"errors"
)

type faulty struct{}

func (faulty) run(context.Context) (any, error) { return nil, errors.New("only on Linux") }
