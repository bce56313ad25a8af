package determine

//go:generate go test . -run TestChecksDocument -update

import (
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/accountability"
	"github.com/open-iot-mark/iotmark/internal/check/datagovernance"
	"github.com/open-iot-mark/iotmark/internal/check/datasecurity"
	"github.com/open-iot-mark/iotmark/internal/check/devicesecurity"
	"github.com/open-iot-mark/iotmark/internal/check/interoperability"
	"github.com/open-iot-mark/iotmark/internal/check/lifecycle"
	"github.com/open-iot-mark/iotmark/internal/check/privacy"
	"github.com/open-iot-mark/iotmark/internal/check/provenance"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/advisory"
	"github.com/open-iot-mark/iotmark/internal/evidence/capture"
	"github.com/open-iot-mark/iotmark/internal/evidence/description"
	"github.com/open-iot-mark/iotmark/internal/evidence/firmware"
	"github.com/open-iot-mark/iotmark/internal/evidence/image"
	"github.com/open-iot-mark/iotmark/internal/evidence/netprofile"
	"github.com/open-iot-mark/iotmark/internal/evidence/sbom"
	"github.com/open-iot-mark/iotmark/internal/evidence/securitytxt"
	"github.com/open-iot-mark/iotmark/internal/evidence/table"
	"github.com/open-iot-mark/iotmark/internal/evidence/text"
)

// Readers returns the readers in the order in which they are asked whether
// they know a format: the narrow ones first, prose last.
func Readers() []evidence.Reader {
	return []evidence.Reader{
		securitytxt.Reader,
		advisory.Reader,
		sbom.Reader,
		netprofile.Reader,
		description.Reader,
		image.Reader,
		capture.Reader,
		firmware.Reader,
		table.Reader,
		text.Reader,
	}
}

// Checks returns the checks, by topic and then by name.
func Checks() []check.Check {
	return []check.Check{
		datasecurity.CaptureCertificates,
		datasecurity.CaptureCleartext,
		datasecurity.CaptureLogins,
		datasecurity.CaptureTLSSuites,
		datasecurity.CaptureTLSVersions,
		datasecurity.ClearPorts,
		datasecurity.PasswordHashes,

		privacy.NoticeFitsProduct,
		privacy.NoticeReadable,
		privacy.SensorsAgree,

		datagovernance.CaptureDestinations,
		datagovernance.CaptureRecipients,
		datagovernance.ExportComplete,
		datagovernance.RecipientsAgree,
		datagovernance.SaleStatement,

		devicesecurity.AdvisoriesValid,
		devicesecurity.AdvisoryProvider,
		devicesecurity.CaptureProfile,
		devicesecurity.ClearServices,
		devicesecurity.DefaultLogins,
		devicesecurity.DisclosureTerms,
		devicesecurity.Hardening,
		devicesecurity.PrivateKeys,
		devicesecurity.SecurityTxt,

		interoperability.InterfaceComplete,
		interoperability.InterfaceLocal,

		provenance.HardwareList,
		provenance.Licences,
		provenance.SBOMCoversFirmware,
		provenance.SBOMMinimum,

		lifecycle.EndOfLifeCases,
		lifecycle.FailureRate,
		lifecycle.SupportDateAgrees,
		lifecycle.SupportDateDeclared,

		accountability.ConformityPapers,
		accountability.EvidenceCurrent,
		accountability.FactsAgree,
	}
}
