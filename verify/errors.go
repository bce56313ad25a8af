package verify

import (
	"fmt"

	"github.com/open-iot-mark/iotmark"
)

// refuse is the answer to bytes of others that are not what they must be.
func refuse(id iotmark.ErrorID, format string, args ...any) error {
	return &iotmark.Error{Kind: iotmark.Unverified, ID: id, Msg: fmt.Sprintf(format, args...)}
}

// invalid is the answer to wrong use.
func invalid(id iotmark.ErrorID, format string, args ...any) error {
	return &iotmark.Error{Kind: iotmark.Invalid, ID: id, Msg: fmt.Sprintf(format, args...)}
}
