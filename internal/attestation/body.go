package attestation

import (
	"encoding/hex"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
)

// StatusBody computes what a status.published of a registry must say: a
// function of the entries before it and of its own time, which is that of the
// registry. It needs no key, so that anybody can hold it against the log.
func StatusBody(reg *verify.Registry) (verify.StatusBody, error) {
	snapshot, err := reg.Index().Marshal()
	if err != nil {
		return verify.StatusBody{}, err
	}
	root := verify.StatesOf(Records(reg)).Root()
	b := verify.StatusBody{Covers: reg.Size, Keyring: reg.Keyring.Leaf, Marks: int64(len(reg.Marks)),
		Snapshot: digest(snapshot), States: iotmark.Digest(hex.EncodeToString(root[:]))}
	for _, l := range StatusLists(reg) {
		b.Lists = append(b.Lists, verify.ListHash{ID: l.ID, Purpose: l.Purpose, SHA256: digest(l.Bits)})
	}
	return b, nil
}
