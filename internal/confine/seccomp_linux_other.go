//go:build linux && !amd64 && !arm64

package confine

import (
	"errors"
	"runtime"
)

func filter() error {
	return errors.New("this program has no filter of system calls for " + runtime.GOARCH)
}
