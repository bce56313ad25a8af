package determine

//go:generate go test . -run TestChecksDocument -update

import (
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/provenance"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/sbom"
	"github.com/open-iot-mark/iotmark/internal/evidence/securitytxt"
	"github.com/open-iot-mark/iotmark/internal/evidence/text"
)

// Readers returns the readers in the order in which they are asked whether
// they know a format: the narrow ones first.
func Readers() []evidence.Reader {
	return []evidence.Reader{
		securitytxt.Reader,
		sbom.Reader,
		text.Reader,
	}
}

// Checks returns the checks, by topic and then by name.
func Checks() []check.Check {
	return []check.Check{
		provenance.Licences,
		provenance.SBOMMinimum,
	}
}
