package datasecurity

import (
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/traffic"
	"github.com/open-iot-mark/iotmark/internal/evidence/capture"
	"github.com/open-iot-mark/iotmark/internal/evidence/protocol"
)

// sealed reports whether a talk is one that begins with a TLS handshake.
func sealed(t capture.Talk) bool {
	switch t.Protocol {
	case protocol.TLS, protocol.DTLS, protocol.SSL2:
		return t.Sent > 0 || t.Received > 0
	}
	return false
}

// handshakes gives the product's handshakes that a server answered, and
// gives the talks of which none is in the capture.
func handshakes(v traffic.View) (seen []handshake, blind []int) {
	has := map[int]bool{}
	for _, s := range v.Facts.Sessions {
		t, ok := v.Talk(s.Talk)
		if !ok {
			continue
		}
		has[s.Talk] = has[s.Talk] || s.Version != ""
		seen = append(seen, handshake{s, t})
	}
	for i, t := range v.Talks {
		if sealed(t) && !has[i] {
			blind = append(blind, i)
		}
	}
	return seen, blind
}

// handshake is one with the talk it stands in.
type handshake struct {
	capture.Session
	talk capture.Talk
}

// some writes a number for a sentence that leaves it out where it is none.
func some(n int) string {
	if n == 0 {
		return ""
	}
	return check.N(n)
}

// refused reports whether one of the two ends broke the handshake off, so
// that nothing was said in it.
func (h handshake) refused() bool { return h.Alert != "" && !h.Encrypted }

// old are the versions that must not be used any more (RFC 6176, RFC 7568,
// RFC 8996); current those that may.
var (
	old     = map[string]bool{"SSL 2.0": true, "SSL 3.0": true, "TLS 1.0": true, "TLS 1.1": true, "DTLS 1.0": true}
	current = map[string]bool{"TLS 1.2": true, "TLS 1.3": true, "DTLS 1.2": true, "DTLS 1.3": true}
)
