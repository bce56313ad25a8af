package evidence

import (
	"strings"

	"github.com/open-iot-mark/iotmark/internal/pattern"
)

// device is a hardware address behind the word, with any separators or none.
var device = pattern.New(`(?i)(?:^|[^a-z0-9])device[=:_. -]{1,2}((?:[0-9a-f]{2}[:._-]?){5}[0-9a-f]{2})(?:$|[^0-9a-f])`)

// Device finds the hardware address of the product in a file name or in a
// comment, such as device=aa:bb:cc:dd:ee:ff or device-aabbccddeeff: twelve
// small hexadecimal digits, or nothing. A capture rarely tells by itself which
// of the stations is the product.
func Device(text string) string {
	m := device.Regexp().FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	return strings.ToLower(strings.NewReplacer(":", "", ".", "", "_", "", "-", "").Replace(m[1]))
}
