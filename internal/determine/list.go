package determine

//go:generate go test . -run TestChecksDocument -update

import (
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence"
)

// Readers returns the readers in the order in which they are asked whether
// they know a format: the narrow ones first.
func Readers() []evidence.Reader {
	return []evidence.Reader{}
}

// Checks returns the checks, by topic and then by name.
func Checks() []check.Check {
	return []check.Check{}
}
