package datasecurity_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/checktest"
	"github.com/open-iot-mark/iotmark/internal/check/datasecurity"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/capture"
	"github.com/open-iot-mark/iotmark/internal/evidence/protocol"
	"github.com/open-iot-mark/iotmark/internal/samples"
)

// recorded is an input with a capture.
func recorded(t *testing.T, talks []capture.Talk, change ...func(*capture.Facts)) check.Input {
	f := checktest.Traffic(talks...)
	for _, c := range change {
		c(&f)
	}
	return check.Input{Items: []check.Item{checktest.Capture(t, f)}, Truths: map[iotmark.FactID]iotmark.Truth{}}
}

// without is an input with a capture of which something is not kept.
func without(in check.Input, more capture.More) check.Input {
	in.Items[0].Facts.(*capture.Facts).More = more
	return in
}

func withoutCloud(in check.Input) check.Input {
	in.Truths["has_cloud"] = iotmark.False
	return in
}

func list(talks ...capture.Talk) []capture.Talk { return talks }

func talk(host string, port int, p protocol.Name, r protocol.Reading, change ...func(*capture.Talk)) capture.Talk {
	t := checktest.Talk(host, port, p, r)
	for _, c := range change {
		c(&t)
	}
	return t
}

func tls(host string, change ...func(*capture.Talk)) capture.Talk {
	return talk(host, 443, protocol.TLS, protocol.Encrypted, change...)
}

func atHome(t *capture.Talk)     { t.Local, t.Peer, t.Host, t.Address = true, 2, "", "192.168.1.30" }
func byOthers(t *capture.Talk)   { t.Called = true }
func ofThePhone(t *capture.Talk) { t.Station = 2 }
func unknown(f *capture.Facts)   { f.Device = -1 }

func TestCaptureCleartext(t *testing.T) {
	t.Parallel()
	const clear, opaque = protocol.Clear, protocol.Opaque
	mqtt := talk("mq.example", 1883, protocol.MQTT, clear)
	checktest.Run(t, datasecurity.CaptureCleartext, []checktest.Case{
		checktest.Row("encrypted", recorded(t, list(tls("a.example"), talk("dns.example", 53, protocol.DNS, protocol.Signalling))), "passed none"),
		checktest.Row("MQTT in the clear", recorded(t, list(tls("a.example"), mqtt)), "failed clear"),
		checktest.Row("XOR in the clear", recorded(t, list(talk("plug.example", 9999, protocol.TPLinkSH, clear))), "failed clear"),
		checktest.Row("TLS that encrypts nothing", recorded(t, list(talk("a.example", 443, protocol.TLS, clear))), "failed clear"),
		checktest.Row("what the name of a list does not excuse", recorded(t, list(tls("a.example"), talk("pki.maker.example", 80, protocol.HTTP, clear))), "failed clear"),
		checktest.Row("a question about a certificate", recorded(t, list(tls("a.example"), talk("ocsp.ca.example", 80, protocol.HTTP, protocol.Signalling))), "passed none"),
		checktest.Row("no known form", recorded(t, list(tls("a.example"), talk("", 32100, protocol.Unknown, opaque))), "cantTell opaque"),
		checktest.Row("a reading of another release", recorded(t, list(tls("a.example"), talk("", 32100, protocol.Unknown, "new"))), "cantTell opaque"),
		checktest.Row("clear and no known form", recorded(t, list(mqtt, talk("", 32100, protocol.Unknown, opaque))), "failed clear", "cantTell opaque"),
		checktest.Row("called from outside in the clear", recorded(t, list(talk("", 80, protocol.HTTP, clear, byOthers))), "failed clear"),
		checktest.Row("a call without any payload", recorded(t, list(tls("a.example"), talk("b.example", 80, protocol.Unknown, opaque, func(t *capture.Talk) { t.Sent, t.Received = 0, 0 }))), "passed none"),
		checktest.Row("in the clear at home, with a cloud", recorded(t, list(tls("a.example"), talk("", 80, protocol.HTTP, clear, atHome))), "passed none"),
		checktest.Row("at home alone, without a cloud", withoutCloud(recorded(t, list(talk("", 80, protocol.HTTP, clear, atHome)))), "inapplicable stays-home"),
		checktest.Row("at home alone, with a cloud", recorded(t, list(talk("", 80, protocol.HTTP, clear, atHome))), "cantTell capture.idle"),
		checktest.Row("a phone in the clear", recorded(t, list(tls("a.example"), talk("b.example", 80, protocol.HTTP, clear, ofThePhone))), "passed none"),
		checktest.Row("a capture with holes", recorded(t, list(tls("a.example")), func(f *capture.Facts) { f.Lost = 1 }), "cantTell capture.partly"),
		checktest.Row("more passages than are kept", without(recorded(t, list(tls("a.example"))), capture.More{Readable: 9, Sessions: 9, Logins: 9}), "passed none"),
		checktest.Row("a capture with holes, and clear", recorded(t, list(mqtt), func(f *capture.Facts) { f.Cut = "truncated" }), "failed clear", "cantTell capture.cut"),
		checktest.Row("nobody knows whose it is", recorded(t, list(mqtt), unknown), "cantTell capture.whose"),
		checktest.Row("nobody knows whose it is, and it is cut", recorded(t, list(mqtt), unknown, func(f *capture.Facts) { f.Cut = "block" }), "cantTell capture.whose", "cantTell capture.cut"),
	})
	in := recorded(t, list(tls("a.example"), mqtt), func(f *capture.Facts) {
		f.Readable = []capture.Sight{{Talk: 1, Passage: protocol.Passage{What: "topic", Text: "home/door/open"}}}
	})
	if got, want := datasecurity.CaptureCleartext.Run(in)[0].Places[0].Quote, "packet 41: 192.168.1.20 to mq.example:1883 (mqtt), topic: home/door/open"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCaptureLogins(t *testing.T) {
	t.Parallel()
	mqtt, web := talk("mq.example", 1883, protocol.MQTT, protocol.Clear), talk("", 80, protocol.HTTP, protocol.Clear, atHome, byOthers)
	in := func(talks []capture.Talk, logins ...capture.Login) check.Input {
		return recorded(t, talks, func(f *capture.Facts) { f.Logins = logins })
	}
	login := func(i int, s protocol.Scheme, secret int) capture.Login {
		return capture.Login{Talk: i, At: 50, Count: 1, Credential: protocol.Credential{Scheme: s, User: "admi...", Secret: secret}}
	}
	checktest.Run(t, datasecurity.CaptureLogins, []checktest.Case{
		checktest.Row("none", in(list(tls("a.example"))), "passed none"),
		checktest.Row("none, and more than are kept", without(in(list(tls("a.example"))), capture.More{Logins: 1}), "cantTell capture.partly"),
		checktest.Row("none, and more of all else than is kept", without(in(list(tls("a.example"))), capture.More{Stations: 1, Sessions: 1, Readable: 1, Names: 1}), "passed none"),
		checktest.Row("over the internet", in(list(mqtt), login(0, protocol.MQTTLogin, 12)), "failed internet"),
		checktest.Row("at home, to the product", in(list(tls("a.example"), web), login(1, protocol.HTTPBasic, 8)), "failed home"),
		checktest.Row("both", in(list(mqtt, web), login(0, protocol.MQTTLogin, 12), login(1, protocol.HTTPBasic, 8)), "failed internet", "failed home"),
		checktest.Row("a name alone", in(list(tls("a.example"), mqtt), login(1, protocol.MQTTLogin, 0)), "cantTell name-only"),
		checktest.Row("of a phone", in(list(tls("a.example"), talk("b.example", 80, protocol.HTTP, protocol.Clear, ofThePhone)), login(1, protocol.HTTPBasic, 8)), "passed none"),
		checktest.Row("nobody knows whose it is", recorded(t, list(mqtt), unknown, func(f *capture.Facts) { f.Logins = []capture.Login{login(0, protocol.MQTTLogin, 12)} }), "cantTell capture.whose", "cantTell somebody"),
		checktest.Row("nobody knows whose the name without a password is", recorded(t, list(mqtt), unknown, func(f *capture.Facts) { f.Logins = []capture.Login{login(0, protocol.MQTTLogin, 0)} }), "cantTell capture.whose"),
		checktest.Row("nobody knows whose, and its talk is nowhere", recorded(t, list(mqtt), unknown, func(f *capture.Facts) {
			f.Logins = []capture.Login{login(-1, protocol.MQTTLogin, 9), login(1, protocol.MQTTLogin, 9)}
		}), "cantTell capture.whose"),
		checktest.Row("nothing was seen", in(nil), "cantTell capture.idle"),
	})
	of := recorded(t, list(mqtt, web), unknown, func(f *capture.Facts) {
		f.Logins = []capture.Login{login(0, protocol.MQTTLogin, 12), login(1, protocol.HTTPBasic, 8)}
		f.Talks[0].Station = 99
	})
	f := datasecurity.CaptureLogins.Run(of)[1]
	if got, want := f.Args["names"], "somebody to mq.example:1883 (mqtt), 192.168.1.30 to 192.168.1.20:80 (http-basic)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	same := login(0, protocol.MQTTLogin, 12)
	same.User, same.Hardware = "02D5050223D3", true
	f = datasecurity.CaptureLogins.Run(in(list(mqtt), same))[0]
	if got, want := f.Places[0].Quote, "packet 50: 192.168.1.20 to mq.example:1883 (mqtt), mqtt, user 02D5..."; got != want || !f.Exploitable {
		t.Errorf("got %q, exploitable %v, want %q", got, f.Exploitable, want)
	}
	if s := checktest.Words([]iotmark.Finding{f}); !strings.Contains(s, "can be worked out") || strings.Contains(s, "02D505") {
		t.Errorf("it says %q", s)
	}
}

// met is a capture in which the product made handshakes, one a talk.
func met(t *testing.T, talks []capture.Talk, hs ...protocol.Handshake) check.Input {
	return recorded(t, talks, func(f *capture.Facts) {
		for i, h := range hs {
			s := capture.Session{Talk: i, Handshake: h, Count: 1, At: 60, Time: time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)}
			if h.Suite != 0 {
				s.Chosen = protocol.SuiteName(h.Suite)
			}
			f.Sessions = append(f.Sessions, s)
		}
	})
}

const (
	strong    uint16 = 0xc02b // TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
	staticRSA uint16 = 0x002f // TLS_RSA_WITH_AES_128_CBC_SHA
	rc4       uint16 = 0x0005 // TLS_RSA_WITH_RC4_128_SHA
	psk       uint16 = 0xc0a8 // TLS_PSK_WITH_AES_128_CCM_8
)

func hello(version string, suite uint16, offered ...string) protocol.Handshake {
	return protocol.Handshake{Server: "a.example", Offered: offered, Version: version, Suite: suite, Encrypted: version != ""}
}

func TestCaptureTLSVersions(t *testing.T) {
	t.Parallel()
	a := tls("a.example")
	refused := hello("TLS 1.0", staticRSA, "TLS 1.2")
	refused.Encrypted, refused.Alert = false, "protocol_version"
	checktest.Run(t, datasecurity.CaptureTLSVersions, []checktest.Case{
		checktest.Row("1.3 and 1.2", met(t, list(a, tls("b.example")), hello("TLS 1.3", 0x1301, "TLS 1.3", "TLS 1.2"), hello("TLS 1.2", strong, "TLS 1.2")), "passed current"),
		checktest.Row("DTLS 1.2 at home", met(t, list(talk("", 5684, protocol.DTLS, protocol.Encrypted, atHome, byOthers), a), hello("DTLS 1.2", strong, "DTLS 1.2")), "passed current"),
		checktest.Row("current, and another begun before", met(t, list(a, tls("b.example")), hello("TLS 1.3", 0x1301, "TLS 1.3")), "passed current"),
		checktest.Row("1.0", met(t, list(a), hello("TLS 1.0", staticRSA, "TLS 1.0")), "failed old"),
		checktest.Row("1.1 at home", met(t, list(talk("", 8443, protocol.TLS, protocol.Encrypted, atHome, byOthers), a), hello("TLS 1.1", strong, "TLS 1.3")), "failed old"),
		checktest.Row("SSL 2.0", met(t, list(talk("a.example", 443, protocol.SSL2, protocol.Encrypted)), hello("SSL 2.0", 0, "SSL 2.0")), "failed old"),
		checktest.Row("offers 1.1 at most, and nobody answers", met(t, list(a), hello("", 0, "TLS 1.1", "TLS 1.0")), "failed offers-old"),
		checktest.Row("others offer 1.0 to the product", met(t, list(tls("", byOthers), a), hello("", 0, "TLS 1.0"), hello("TLS 1.2", strong, "TLS 1.2")), "passed current"),
		checktest.Row("offers 1.0 beside 1.3", met(t, list(a), hello("TLS 1.3", 0x1301, "TLS 1.3", "TLS 1.2", "TLS 1.1", "TLS 1.0")), "passed current", "passed offers-old-too"),
		checktest.Row("refuses 1.0", met(t, list(a, tls("b.example")), refused, hello("TLS 1.3", 0x1301, "TLS 1.3")), "passed current"),
		checktest.Row("one of the future", met(t, list(a), hello("TLS 1.4", strong, "TLS 1.4")), "cantTell unknown"),
		checktest.Row("begun before", recorded(t, list(a)), "cantTell no-hello"),
		checktest.Row("no answer seen", met(t, list(a), hello("", 0, "TLS 1.3")), "cantTell no-hello"),
		checktest.Row("no TLS", recorded(t, list(talk("a.example", 1883, protocol.MQTT, protocol.Clear))), "inapplicable none"),
		checktest.Row("of a phone", met(t, list(tls("a.example", ofThePhone), talk("a.example", 1883, protocol.MQTT, protocol.Clear)), hello("TLS 1.0", rc4, "TLS 1.0")), "inapplicable none"),
		checktest.Row("more handshakes than are kept", without(met(t, list(a), hello("TLS 1.2", strong, "TLS 1.2")), capture.More{Sessions: 1}), "cantTell capture.partly"),
		checktest.Row("more handshakes than are kept, and an old one", without(met(t, list(a), hello("TLS 1.0", strong, "TLS 1.2")), capture.More{Sessions: 1}), "failed old"),
		checktest.Row("more of all else than is kept", without(met(t, list(a), hello("TLS 1.2", strong, "TLS 1.2")), capture.More{Stations: 1, Logins: 1, Readable: 1, Names: 1}), "passed current"),
		checktest.Row("nobody knows whose it is", recorded(t, list(a), unknown), "cantTell capture.whose"),
		checktest.Row("with holes", recorded(t, list(a), func(f *capture.Facts) {
			f.Sealed, f.Sessions = 9, []capture.Session{{Handshake: hello("TLS 1.3", 0x1301)}}
		}), "cantTell capture.partly"),
	})
}

// What no hello is seen of is told beside what is good.
func TestCaptureTLSBlind(t *testing.T) {
	t.Parallel()
	in := met(t, list(tls("a.example"), tls("b.example"), tls("c.example")), hello("TLS 1.3", 0x1301, "TLS 1.3"))
	for _, c := range []check.Check{datasecurity.CaptureTLSVersions, datasecurity.CaptureTLSSuites} {
		if s := checktest.Words(c.Run(in)); !strings.Contains(s, "server in the capture: 2.") {
			t.Errorf("%s says %q", c.ID, s)
		}
	}
}

func TestCaptureTLSSuites(t *testing.T) {
	t.Parallel()
	a := tls("a.example")
	refused := hello("TLS 1.2", rc4)
	refused.Encrypted, refused.Alert = false, "handshake_failure"
	checktest.Run(t, datasecurity.CaptureTLSSuites, []checktest.Case{
		checktest.Row("strong", met(t, list(a, tls("b.example")), hello("TLS 1.2", strong), hello("TLS 1.3", 0x1301)), "passed strong"),
		checktest.Row("more handshakes than are kept", without(met(t, list(a), hello("TLS 1.2", strong)), capture.More{Sessions: 1}), "cantTell capture.partly"),
		checktest.Row("RC4", met(t, list(a), hello("TLS 1.2", rc4)), "failed broken"),
		checktest.Row("encrypts nothing", met(t, list(a), hello("TLS 1.2", 0x0002)), "failed broken"),
		checktest.Row("knows no server", met(t, list(a), hello("TLS 1.2", 0x006c)), "failed broken"),
		checktest.Row("static RSA", met(t, list(a), hello("TLS 1.2", staticRSA)), "failed no-forward-secrecy"),
		checktest.Row("a shared key", met(t, list(talk("a.example", 5684, protocol.DTLS, protocol.Encrypted)), hello("DTLS 1.2", psk)), "cantTell shared-key"),
		checktest.Row("a number without a name", met(t, list(a), hello("TLS 1.2", 0xc0ff)), "passed strong"),
		checktest.Row("offers weak ones", recorded(t, list(a), func(f *capture.Facts) {
			f.Sessions = []capture.Session{{Handshake: hello("TLS 1.2", strong), Weak: []string{"TLS_RSA_WITH_RC4_128_SHA"}}}
		}), "passed strong", "passed offers-weak"),
		checktest.Row("refused, and another is strong", met(t, list(a, tls("b.example")), refused, hello("TLS 1.3", 0x1302)), "passed strong"),
		checktest.Row("begun before", recorded(t, list(a)), "cantTell no-hello"),
		checktest.Row("no TLS", recorded(t, list(talk("a.example", 1883, protocol.MQTT, protocol.Clear))), "inapplicable none"),
		checktest.Row("nobody knows whose it is", recorded(t, list(a), unknown), "cantTell capture.whose"),
	})
}

func TestCaptureCertificates(t *testing.T) {
	t.Parallel()
	a, b := tls("a.example"), tls("b.example")
	day := func(s string) time.Time { d, _ := time.Parse("2006-01-02", s); return d }
	leaf := func(change ...func(*protocol.Certificate)) protocol.Handshake {
		c := protocol.Certificate{
			Subject: "a.example", Issuer: "CA", Names: []string{"a.example", "*.b.example"}, Key: "ecdsa", Bits: 256, Signature: "ECDSA-SHA256",
			NotBefore: day("2026-01-01"), NotAfter: day("2027-01-01"),
		}
		for _, f := range change {
			f(&c)
		}
		h := hello("TLS 1.2", strong, "TLS 1.2")
		h.Certificates = []protocol.Certificate{c}
		return h
	}
	shown := func(h protocol.Handshake, change func(*protocol.Handshake)) protocol.Handshake { change(&h); return h }
	late := func(c *protocol.Certificate) { c.NotAfter = day("2026-10-31") }
	self := func(c *protocol.Certificate) { c.SelfSigned = true }
	under := func(server string) func(*protocol.Handshake) {
		return func(h *protocol.Handshake) { h.Server = server }
	}
	open := func(h *protocol.Handshake) { h.Encrypted, h.Alert = false, "certificate_expired" }
	sha1Root := func(h *protocol.Handshake) {
		h.Certificates = append(h.Certificates, protocol.Certificate{Key: "rsa", Bits: 4096, Signature: "SHA1-RSA", SelfSigned: true})
	}
	higher := func(change func(*protocol.Certificate)) func(*protocol.Handshake) {
		return func(h *protocol.Handshake) {
			c := protocol.Certificate{Subject: "Authority", Key: "rsa", Bits: 2048, Signature: "SHA256-RSA"}
			change(&c)
			h.Certificates = append(h.Certificates, c)
		}
	}
	cutNames := func(c *protocol.Certificate) { c.NamesCut = true }
	again := func(in check.Input) check.Input { // all handshakes are of one talk
		f := in.Items[0].Facts.(*capture.Facts)
		for i := range f.Sessions {
			f.Sessions[i].Talk = 0
		}
		return in
	}
	checktest.Run(t, datasecurity.CaptureCertificates, []checktest.Case{
		checktest.Row("good, by a private authority", met(t, list(a), leaf()), "passed good"),
		checktest.Row("more handshakes than are kept", without(met(t, list(a), leaf()), capture.More{Sessions: 1}), "cantTell capture.partly"),
		checktest.Row("good, by a star", met(t, list(a), shown(leaf(), under("x.b.example"))), "passed good"),
		checktest.Row("a star stands for one label", met(t, list(a), shown(leaf(), under("x.y.b.example"))), "failed name"),
		checktest.Row("another name", met(t, list(a), shown(leaf(), under("c.example"))), "failed name"),
		checktest.Row("ran out", met(t, list(a), leaf(late)), "failed dates"),
		checktest.Row("not yet valid", met(t, list(a), leaf(func(c *protocol.Certificate) { c.NotBefore = day("2026-12-01") })), "failed dates"),
		checktest.Row("ran out, and refused", met(t, list(a, b), leaf(), shown(leaf(late), open)), "passed good", "passed refused"),
		checktest.Row("refused all", met(t, list(a), shown(leaf(late), open)), "cantTell all-refused", "passed refused"),
		checktest.Row("RSA of 1024 bits", met(t, list(a), leaf(func(c *protocol.Certificate) { c.Key, c.Bits = "rsa", 1024 })), "failed weak"),
		checktest.Row("signed with SHA-1", met(t, list(a), leaf(func(c *protocol.Certificate) { c.Signature = "SHA1-RSA" })), "failed weak"),
		checktest.Row("a root with SHA-1", met(t, list(a), shown(leaf(), sha1Root)), "passed good"),
		checktest.Row("a root with a short key", met(t, list(a), shown(leaf(), higher(func(c *protocol.Certificate) { c.SelfSigned, c.Bits = true, 1024 }))), "passed good"),
		checktest.Row("an old cross certificate in the chain", met(t, list(a), shown(leaf(), higher(func(c *protocol.Certificate) { c.Signature = "SHA1-RSA" }))), "cantTell weak-above"),
		checktest.Row("an authority with a short key", met(t, list(a), shown(leaf(), higher(func(c *protocol.Certificate) { c.Bits = 1024 }))), "cantTell weak-above"),
		checktest.Row("a list of names that is cut", met(t, list(a), shown(leaf(cutNames), under("c.example"))), "cantTell names-cut"),
		checktest.Row("a list of names that is cut behind the name", met(t, list(a), leaf(cutNames)), "passed good"),
		checktest.Row("a list that is cut, and ran out", met(t, list(a), shown(leaf(cutNames, late), under("c.example"))), "failed dates", "cantTell names-cut"),
		checktest.Row("ran out and weak", met(t, list(a), leaf(late, func(c *protocol.Certificate) { c.Key, c.Bits = "rsa", 512 })), "failed dates", "failed weak"),
		checktest.Row("signs itself", met(t, list(a), leaf(self)), "cantTell signs-itself"),
		checktest.Row("signs itself, for another name", met(t, list(a), shown(leaf(self), under("c.example"))), "cantTell signs-itself"),
		checktest.Row("asked for by no name, known by lookup", met(t, list(a), shown(leaf(), under(""))), "passed good"),
		checktest.Row("asked for by no name, and another", met(t, list(tls("c.example")), shown(leaf(), under(""))), "cantTell unnamed"),
		checktest.Row("no times", recorded(t, list(a), func(f *capture.Facts) { f.Sessions = []capture.Session{{Handshake: leaf(late)}} }), "cantTell unnamed"),
		checktest.Row("1.3 hides them", met(t, list(a), hello("TLS 1.3", 0x1301, "TLS 1.3")), "inapplicable hidden"),
		checktest.Row("resumed", met(t, list(a), hello("TLS 1.2", strong, "TLS 1.2")), "cantTell not-seen"),
		checktest.Row("begun before", recorded(t, list(a)), "cantTell not-seen"),
		checktest.Row("good, and another begun before", met(t, list(a, b), leaf()), "cantTell not-seen-of"),
		checktest.Row("good, and another resumed", met(t, list(a, b), leaf(), hello("TLS 1.2", strong, "TLS 1.2")), "cantTell not-seen-of"),
		checktest.Row("good, and the same resumed", again(met(t, list(a), leaf(), hello("TLS 1.2", strong, "TLS 1.2"))), "passed good"),
		checktest.Row("good, and the handshake broken off", met(t, list(a), shown(leaf(), open)), "cantTell not-seen"),
		checktest.Row("good, and another is of 1.3", met(t, list(a, b), leaf(), hello("TLS 1.3", 0x1301, "TLS 1.3")), "passed good"),
		checktest.Row("at home they are the unit's own", met(t, list(talk("", 443, protocol.TLS, protocol.Encrypted, atHome, byOthers), talk("a.example", 1883, protocol.MQTT, protocol.Clear)), leaf(self, late)), "inapplicable none"),
		checktest.Row("nobody knows whose it is", recorded(t, list(a), unknown), "cantTell capture.whose"),
	})
}

var captureChecks = []check.Check{
	datasecurity.CaptureCleartext, datasecurity.CaptureLogins, datasecurity.CaptureTLSVersions, datasecurity.CaptureTLSSuites, datasecurity.CaptureCertificates,
}

// Facts that no reader gives: nothing breaks, and what is said is bounded.
func TestCaptureHostile(t *testing.T) {
	t.Parallel()
	dirty := strings.Repeat("\x1b\u202ea", 400)
	f := checktest.Traffic()
	for i := range 4096 {
		f.Talks = append(f.Talks, capture.Talk{
			Station: i%3 - 1, Peer: math.MaxInt, Host: dirty + string(rune('a'+i%26)), Address: dirty, Transport: dirty, Port: math.MinInt, Protocol: protocol.Name(dirty),
			Reading: []protocol.Reading{protocol.Clear, protocol.Encrypted, "x"}[i%3], Sent: int64(i), At: math.MinInt64,
		})
	}
	for _, i := range []int{-1, 1, 4, 5000, math.MaxInt, math.MinInt} {
		f.Logins = append(f.Logins, capture.Login{Talk: i, Credential: protocol.Credential{Scheme: protocol.Scheme(dirty), User: dirty, Secret: math.MinInt}})
		f.Readable = append(f.Readable, capture.Sight{Talk: i, Passage: protocol.Passage{What: dirty, Text: dirty}})
		f.Sessions = append(f.Sessions,
			capture.Session{Talk: i, Chosen: dirty, Weak: []string{dirty}, Handshake: protocol.Handshake{Version: dirty, Offered: []string{dirty, "TLS 1.0"}, Suite: 0xffff, Encrypted: true}},
			capture.Session{Talk: i, Handshake: protocol.Handshake{Version: "TLS 1.2", Suite: rc4, Encrypted: true, Server: dirty,
				Certificates: []protocol.Certificate{{Subject: dirty, Names: []string{dirty, "*.", "*", ""}, Key: "rsa", Bits: -5, Signature: dirty + "MD5"}}}})
	}
	for _, c := range captureChecks {
		fs := c.Run(check.Input{Items: []check.Item{checktest.Capture(t, f)}})
		checktest.Wholesome(t, fs)
		for _, f := range fs {
			for k, a := range f.Args {
				if len(a) > 3000 || strings.ContainsAny(a, "\x1b\u202e") {
					t.Errorf("%s: %s is %q", f.Message, k, a)
				}
			}
		}
		if len(fs) > 6 {
			t.Errorf("%s: %d findings", c.ID, len(fs))
		}
	}
	fs := datasecurity.CaptureLogins.Run(check.Input{Items: []check.Item{checktest.Capture(t, capture.Facts{Device: 0, Stations: []capture.Station{{}}, Logins: []capture.Login{{}}})}})
	checktest.Wholesome(t, fs)
}

// What SOURCES.md says of the real captures, where the product can be told.
func TestCaptureReal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file, name string // name: of the file, where it tells the product
		want       []iotmark.Outcome
	}{
		// Two stations, either of which may be it: nothing is held against anybody.
		{"pcap/ndpi/mqtt.pcap", "mqtt.pcap", []iotmark.Outcome{"cantTell", "cantTell", "cantTell", "cantTell", "cantTell"}},
		{"pcap/ndpi/mqtt.pcap", "mqtt.device=00-02-00-00-00-08.pcap", []iotmark.Outcome{"failed", "failed", "cantTell", "cantTell", "cantTell"}},
		// A phone with an app: pictures in the clear, TLS 1.0 and static RSA, an old certificate
		// of an authority beside good ones of the servers themselves.
		{"pcap/ndpi/alexa-app.pcapng", "a.device-78f882d3fbc2.pcapng", []iotmark.Outcome{"failed", "passed", "failed", "failed", "cantTell"}},
		// Recorded nine days after the certificate ran out.
		{"pcap/zeek/tls-expired-cert.pcap", "tls.pcap", []iotmark.Outcome{"passed", "passed", "failed", "failed", "failed"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f, err := capture.Reader.Read(t.Context(), evidence.NewSource(c.name, samples.Read(t, c.file)), evidence.DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			facts := f.(*capture.Facts)
			t.Logf("device %d of %+v, told %q", facts.Device, facts.Stations, facts.Told)
			in := check.Input{Items: []check.Item{checktest.Capture(t, *facts)}}
			for i, k := range captureChecks {
				fs := k.Run(in)
				checktest.Whole(t, c.file, in, fs)
				t.Logf("%s:\n%s", k.ID, checktest.Words(fs))
				if got := checktest.Worst(fs); got != c.want[i] {
					t.Errorf("%s: got %s, want %s", k.ID, got, c.want[i])
				}
			}
		})
	}
}
