package protocol

import (
	"encoding/binary"
	"strconv"
)

// modbusFunctions are the public codes. MODBUS Application Protocol V1.1b3, 5.1.
var modbusFunctions = map[byte]string{
	1: "read coils", 2: "read discrete inputs", 3: "read holding registers", 4: "read input registers", 5: "write single coil",
	6: "write single register", 7: "read exception status", 8: "diagnostics", 11: "get comm event counter", 12: "get comm event log",
	15: "write multiple coils", 16: "write multiple registers", 17: "report server id", 20: "read file record", 21: "write file record",
	22: "mask write register", 23: "read/write multiple registers", 24: "read fifo queue", 43: "encapsulated interface",
}

// modbusFrame cuts one frame of Modbus/TCP off (MODBUS Messaging on TCP/IP
// V1.0b, 3.1.3).
func modbusFrame(b []byte) (id uint16, unit, function byte, rest []byte, ok bool) {
	if len(b) < 8 || b[2] != 0 || b[3] != 0 {
		return
	}
	n := int(binary.BigEndian.Uint16(b[4:]))
	if n < 2 || n > 254 || len(b) < 6+n {
		return
	}
	_, ok = modbusFunctions[b[7]&0x7f]
	return binary.BigEndian.Uint16(b), b[6], b[7], b[6+n:], ok
}

// modbusStream reads Modbus/TCP. It asks for both sides to hold together and
// to agree on number and function of the first frame, or for its port. There
// is no sign-in in it: anybody may read and write.
func modbusStream(client, server []byte, port int) (Dialogue, bool) {
	id, unit, function, rest, ok := modbusFrame(client)
	if !ok || function&0x80 != 0 {
		return Dialogue{}, false
	}
	id2, _, function2, _, answered := modbusFrame(server)
	if len(server) > 0 && (!answered || port != 502 && (id != id2 || function != function2&0x7f)) || !answered && port != 502 {
		return Dialogue{}, false
	}
	d := Dialogue{Protocol: Modbus, Reading: Clear, More: true}
	for n := 0; ok && n < maxPassages; n++ {
		d.note(whatRequest, modbusFunctions[function]+", unit "+strconv.Itoa(int(unit)))
		_, unit, function, rest, ok = modbusFrame(rest)
	}
	return d, true
}
