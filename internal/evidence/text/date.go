package text

import "github.com/open-iot-mark/iotmark"

func contentDate(*Facts) iotmark.Date { return "" }
