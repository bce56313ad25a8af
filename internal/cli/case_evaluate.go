package cli

import (
	"encoding/json"
	"fmt"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/scheme"
)

// inspection keeps inspection notes: a file is one note, or a list of them, as
// JSON.
func inspection(keep func(*deed, ...iotmark.Inspection) (scheme.Case, error)) func(*deed) (scheme.Case, error) {
	return func(d *deed) (scheme.Case, error) {
		b, err := readBounded(d.cmd, d.arg(1), 8<<20)
		if err != nil {
			return scheme.Case{}, err
		}
		var notes []iotmark.Inspection
		if json.Unmarshal(b, &notes) != nil {
			notes = make([]iotmark.Inspection, 1)
			if err := json.Unmarshal(b, &notes[0]); err != nil {
				return scheme.Case{}, &iotmark.Error{Kind: iotmark.Invalid, ID: "note-unreadable", Pos: d.arg(1), Err: err, Msg: fmt.Sprintf("this is no inspection note, and no list of them, as JSON: %v", err)}
			}
		}
		return keep(d, notes...)
	}
}
