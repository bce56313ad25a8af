package protocol

import "fmt"

// Stream says what the beginnings of both directions of a TCP stream say:
// client is what the one who opened it sent, port the one that was called.
func Stream(client, server []byte, port int) Dialogue {
	return Dialogue{Protocol: Unknown, Reading: Opaque}
}

// Datagram says what one UDP payload says.
func Datagram(b []byte, from, to int) Dialogue {
	return Dialogue{Protocol: Unknown, Reading: Opaque}
}

// SuiteName returns the name of a cipher suite, or its number.
func SuiteName(id uint16) string { return fmt.Sprintf("0x%04X", id) }

// SuiteWeakness returns in a word what is weak about a cipher suite, or
// nothing.
func SuiteWeakness(id uint16) string { return "" }
