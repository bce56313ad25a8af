package protocol_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark/internal/evidence/protocol"
)

type want struct {
	protocol protocol.Name
	reading  protocol.Reading
	host     string
	logins   []protocol.Credential
	passages []protocol.Passage
}

func outcome(d protocol.Dialogue) want {
	return want{d.Protocol, d.Reading, d.Host, d.Credentials, d.Passages}
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func login(s protocol.Scheme, user string, secret int) []protocol.Credential {
	return []protocol.Credential{{Scheme: s, User: user, Secret: secret}}
}

func passages(kv ...string) (out []protocol.Passage) {
	for i := 0; i+1 < len(kv); i += 2 {
		out = append(out, protocol.Passage{What: kv[i], Text: kv[i+1]})
	}
	return out
}

func TestStream(t *testing.T) {
	t.Parallel()
	connect := "\x10\x1c\x00\x04MQTT\x04\xc2\x00\x3c\x00\x02id\x00\x05frank\x00\x05frank"
	for _, tt := range []struct {
		name, client, server string
		port                 int
		want                 want
	}{
		{"http", "GET /state?id=7 HTTP/1.1\r\nHost: Hub.Example\r\nUser-Agent: dev/1\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", 80,
			want{protocol.HTTP, protocol.Clear, "hub.example", nil, passages("request", "GET hub.example/state?id=7")}},
		{"http, a password with colons", "GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Basic " + b64("test:1:34") + "\r\n\r\n", "", 8000,
			want{protocol.HTTP, protocol.Clear, "h", login("http-basic", "test", 4), passages("request", "GET h/")}},
		{"http, a sign-in in the host", "GET /a HTTP/1.1\r\nHost: secret@e.example\r\n\r\n", "", 80,
			want{protocol.HTTP, protocol.Clear, "e.example", nil, passages("request", "GET e.example/a")}},
		{"http, digest is no leak", "GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Digest username=\"a\", response=\"b\"\r\n\r\n", "", 80,
			want{protocol.HTTP, protocol.Clear, "h", nil, passages("request", "GET h/")}},
		{"http, bearer", "GET /a HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer abcdefgh\r\n\r\n", "", 80,
			want{protocol.HTTP, protocol.Clear, "h", login("http-token", "", 8), passages("request", "GET h/a")}},
		{"http, a password in an address", "GET /cgi?loginuse=admin&loginpas=secret99 HTTP/1.1\r\nHost: cam\r\n\r\n", "", 81,
			want{protocol.HTTP, protocol.Clear, "cam", login("http-form", "admi...", 8), passages("request", "GET cam/cgi?loginuse=admi...&loginpas=...")}},
		{"http, a password in a form", "POST /login HTTP/1.1\r\nHost: cam\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 26\r\n\r\nusername=al&password=al%20", "", 80,
			want{protocol.HTTP, protocol.Clear, "cam", login("http-form", "al", 3), passages("request", "POST cam/login", "payload", "username=al&password=...")}},
		{"http, a way out", "GET /generate_204 HTTP/1.1\r\nHost: connectivitycheck.example\r\n\r\n", "", 80,
			want{protocol.HTTP, protocol.Signalling, "connectivitycheck.example", nil, passages("request", "GET connectivitycheck.example/generate_204")}},
		{"http, ocsp", "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/ocsp-request\r\n\r\n", "", 80,
			want{protocol.HTTP, protocol.Signalling, "x", nil, passages("request", "POST x/")}},
		{"mqtt, user name is password", connect, "", 1883,
			want{protocol.MQTT, protocol.Clear, "", []protocol.Credential{{Scheme: "mqtt", User: "fran...", Secret: 5, SameUser: true}}, passages("login", "CONNECT with a user name")}},
		{"mqtt on another port", connect, "", 4711,
			want{protocol.MQTT, protocol.Clear, "", []protocol.Credential{{Scheme: "mqtt", User: "fran...", Secret: 5, SameUser: true}}, passages("login", "CONNECT with a user name")}},
		{"telnet", "\xff\xfb\x18root\r\nhunter2\r\nls\r\n", "\xff\xfd\x18\r\nWelcome to this small camera, it is ready.\r\nlogin: Password: ", 23,
			want{protocol.Telnet, protocol.Clear, "", login("telnet", "root", 7), passages("banner", "Welcome to this small camera, it is ready.", "login", "a name and a password were typed")}},
		{"ftp", "USER anna\r\nPASS pw1\r\nRETR a.bin\r\n", "220 hello\r\n331 ok\r\n", 21,
			want{protocol.FTP, protocol.Clear, "", login("ftp", "anna", 3), passages("banner", "220 hello", "login", "USER anna", "request", "RETR a.bin")}},
		{"ftp, anonymous is no credential", "USER anonymous\r\nPASS a@b\r\n", "220 hello\r\n", 21,
			want{protocol.FTP, protocol.Clear, "", nil, passages("banner", "220 hello")}},
		{"rtsp", "DESCRIBE rtsp://admin:pass@10.0.0.2/live RTSP/1.0\r\nCSeq: 1\r\n\r\n", "RTSP/1.0 200 OK\r\n", 554,
			want{protocol.RTSP, protocol.Clear, "10.0.0.2", login("rtsp-basic", "admi...", 4), passages("request", "DESCRIBE 10.0.0.2/live")}},
		{"ssh", "SSH-2.0-dropbear\r\n", "SSH-2.0-OpenSSH\r\n", 22, want{protocol.SSH, protocol.Encrypted, "", nil, nil}},
		{"smtp", "EHLO me\r\nAUTH PLAIN " + b64("\x00bob\x00word") + "\r\nMAIL FROM:<bob@example.org>\r\n", "220 mx\r\n", 25,
			want{protocol.SMTP, protocol.Clear, "", login("mail", "bob", 4), passages("banner", "220 mx", "request", "EHLO me", "login", "USER bob", "request", "MAIL FROM:<...@example.org>")}},
		{"pop3", "USER bob\r\nPASS word\r\n", "+OK ready\r\n", 110, want{protocol.POP3, protocol.Clear, "", login("mail", "bob", 4), passages("banner", "+OK ready", "login", "USER bob")}},
		{"imap", "a1 LOGIN bob word\r\n", "* OK ready\r\n", 143, want{protocol.IMAP, protocol.Clear, "", login("mail", "bob", 4), passages("banner", "* OK ready", "login", "USER bob")}},
		{"modbus", "\x00\x01\x00\x00\x00\x06\x01\x03\x00\x00\x00\x08", "", 502, want{protocol.Modbus, protocol.Clear, "", nil, passages("request", "read holding registers, unit 1")}},
		{"syslog with counted octets", "34 <34>Oct 11 22:14:15 cam reboot now", "", 601,
			want{protocol.Syslog, protocol.Clear, "", nil, passages("log", "Oct 11 22:14:15 cam reboot now")}},
		{"json of no known form", `{"temp":21.5,"token":"abcdef","room":"kitchen"}`, "", 7000,
			want{protocol.Unknown, protocol.Clear, "", nil, passages("payload", `{"temp":21.5,"token":"...","room":"kitchen"}`)}},
		{"binary of no known form", strings.Repeat("\x00\x9f\x01\xf3", 40), "", 32100, want{protocol.Unknown, protocol.Opaque, "", nil, nil}},
		{"the middle of a TLS conversation", "\x17\x03\x03\x00\x05abcde", "", 443, want{protocol.TLS, protocol.Encrypted, "", nil, nil}},
		{"nothing", "", "", 80, want{protocol.Unknown, protocol.Signalling, "", nil, nil}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := outcome(protocol.Stream([]byte(tt.client), []byte(tt.server), tt.port))
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(want{})); diff != "" {
				t.Errorf("got (-want +got)\n%s", diff)
			}
		})
	}
}

func TestDatagram(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		b        string
		from, to int
		want     want
	}{
		{"coap", "\x40\x01\x00\x01\xb6sensor\x04temp", 40000, 5683, want{protocol.CoAP, protocol.Clear, "", nil, passages("request", "GET /sensor/temp")}},
		{"coap, discovery", "\x50\x01\x00\x01\xbb.well-known\x04core", 40000, 5683, want{protocol.CoAP, protocol.Signalling, "", nil, passages("request", "GET /.well-known/core")}},
		{"ntp", "\x23" + strings.Repeat("\x00", 47), 40000, 123, want{protocol.NTP, protocol.Signalling, "", nil, nil}},
		{"ssdp", "M-SEARCH * HTTP/1.1\r\n", 40000, 1900, want{protocol.SSDP, protocol.Signalling, "", nil, nil}},
		{"stun", "\x00\x01\x00\x00\x21\x12\xa4\x42" + strings.Repeat("x", 12), 40000, 3478, want{protocol.STUN, protocol.Signalling, "", nil, nil}},
		{"quic", "\xc3\x00\x00\x00\x01\x08abcdefgh\x00" + strings.Repeat("\x91", 40), 40000, 443, want{protocol.QUIC, protocol.Encrypted, "", nil, nil}},
		{"syslog", "<13>cam: password=hunter2 tried", 40000, 514, want{protocol.Syslog, protocol.Clear, "", nil, passages("log", "cam: password=... tried")}},
		{"a relay between peers", "\xf1\x00\x00\x00", 32100, 32100, want{protocol.Unknown, protocol.Opaque, "", nil, nil}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := outcome(protocol.Datagram([]byte(tt.b), tt.from, tt.to))
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(want{})); diff != "" {
				t.Errorf("got (-want +got)\n%s", diff)
			}
		})
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	head := "\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
	answer := "\x00\x01\x81\x80\x00\x01\x00\x02\x00\x00\x00\x00\x03api\x07Example\x00\x00\x01\x00\x01" +
		"\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x3c\x00\x06\x03cdn\xc0\x10" +
		"\xc0\x29\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xcb\x00\x71\x07"
	for _, tt := range []struct {
		name, b string
		want    []protocol.Lookup
	}{
		{"a question", head + "\x03api\x07example\x00\x00\x1c\x00\x01", []protocol.Lookup{{Name: "api.example", Type: "AAAA"}}},
		{"an answer behind another name", answer, []protocol.Lookup{{Name: "api.example", Type: "A", Addresses: []string{"203.0.113.7"}, Response: true}}},
		{"a pointer to itself", head + "\xc0\x0c\x00\x01\x00\x01", nil},
		{"pointers in a ring", head + "\x01a\xc0\x0e\x00\x01\x00\x01", nil},
		{"a name that is cut", head + "\x3fshort", nil},
		{"counts that lie", "\x00\x01\x01\x00\x00\x09\xff\xff\x00\x00\x00\x00\x01a\x00\x00\x01\x00\x01", []protocol.Lookup{{Name: "a", Type: "A"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, protocol.Datagram([]byte(tt.b), 40000, 53).Lookups); diff != "" {
				t.Errorf("got (-want +got)\n%s", diff)
			}
		})
	}
}

func TestLease(t *testing.T) {
	t.Parallel()
	m := make([]byte, 240)
	m[0], m[1], m[2] = 1, 1, 6
	copy(m[28:], "\x02\x1b\xc5\x00\x00\x01")
	copy(m[236:], "\x63\x82\x53\x63")
	copy(m[108:], "\x3c\x03dev\xff") // the file field holds options too
	b := append(m, "\x35\x01\x03\x0c\x03cam\x34\x01\x01\x37\x02\x01\x03\xa1\x0dhttps://m/mud\xff"...)
	got := protocol.Datagram(b, 68, 67)
	want := &protocol.Lease{Name: "cam", Vendor: "dev", MUD: "https://m/mud", Asks: []byte{1, 3}, Client: true, Hardware: "02:1b:c5:00:00:01"}
	if diff := cmp.Diff(want, got.Lease); diff != "" {
		t.Errorf("got (-want +got)\n%s", diff)
	}
	if got := protocol.Datagram(append(m[:240:240], "\x0c\xff"...), 68, 67); got.Lease == nil || got.Lease.Name != "" {
		t.Errorf("an option longer than the message gives %+v", got.Lease)
	}
}

func TestSuites(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		id             uint16
		name, weakness string
	}{
		{0x1301, "TLS_AES_128_GCM_SHA256", ""}, {0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", ""}, {0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA", "no-forward-secrecy"},
		{0x0005, "TLS_RSA_WITH_RC4_128_SHA", "rc4"}, {0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA", "3des"}, {0x0034, "TLS_DH_anon_WITH_AES_128_CBC_SHA", "anonymous"},
		{0x0002, "TLS_RSA_WITH_NULL_SHA", "null"}, {0x0003, "TLS_RSA_EXPORT_WITH_RC4_40_MD5", "export"}, {0x00a8, "TLS_PSK_WITH_AES_128_GCM_SHA256", "psk-without-dhe"},
		{0xc0b4, "TLS_SHA256_SHA256", "null"}, {0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", ""}, {0xfafa, "0xFAFA", ""},
	} {
		if n, w := protocol.SuiteName(tt.id), protocol.SuiteWeakness(tt.id); n != tt.name || w != tt.weakness {
			t.Errorf("%04x: got %s %q, want %s %q", tt.id, n, w, tt.name, tt.weakness)
		}
	}
}
