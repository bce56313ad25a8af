package protocol_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/http2/hpack"

	"github.com/open-iot-mark/iotmark/internal/evidence/protocol"
)

func request(line string, rest ...string) string {
	return line + " HTTP/1.1\r\nHost: h\r\n" + strings.Join(rest, "\r\n") + "\r\n\r\n"
}

func posted(kind, body string) string {
	return "POST /login HTTP/1.1\r\nHost: h\r\nContent-Type: " + kind + "\r\nContent-Length: " + itoa(len(body)) + "\r\n\r\n" + body
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + string(rune('0'+n%10))
}

// What is a credential in HTTP, and what is none.
func TestHTTPCredentials(t *testing.T) {
	t.Parallel()
	cred := func(s protocol.Scheme, user string, secret int) protocol.Credential {
		return protocol.Credential{Scheme: s, User: user, Secret: secret}
	}
	for _, c := range []struct {
		name, client, server string
		want                 []protocol.Credential
	}{
		{"basic without a password", request("GET /", "authorization: basic "+b64("key:")), "", login("http-basic", "key", 0)},
		{"basic that is no base64", request("GET /", "Authorization: Basic %%%"), "", nil},
		{"basic to a proxy", request("GET http://h/", "Proxy-Authorization: Basic "+b64("u:pw")), "", login("http-basic", "u", 2)},
		{"a serial for both", request("GET /", "Authorization: Basic "+b64("02:d5:05:02:23:d3:x")), "", login("http-basic", "02", 16)},
		{"a hardware address as password", request("GET /", "Authorization: Basic "+b64("admin:02-d5-05-02-23-d3")), "",
			[]protocol.Credential{{Scheme: "http-basic", User: "admi...", Secret: 17, Hardware: true}}},
		{"a word of twelve letters is no hardware", request("GET /", "Authorization: Basic "+b64("admin:abcdefabcdef")), "", login("http-basic", "admi...", 12)},
		{"a key in a header", request("GET /", "X-API-Key: 0123456789"), "", login("http-token", "", 10)},
		{"a JWT alone", request("GET /", "Authorization: eyJhbGci.eyJzdWIi.c2ln"), "", login("http-token", "", 22)},
		{"a key in an address", request("GET /a?b=1&api_key=0123456789"), "", login("http-token", "", 10)},
		{"user and password before the host", request("GET http://al:pw%40@h/"), "", login("http-form", "al", 3)},
		{"JSON", posted("application/json", `{"auth":{"email":"anna@example.org","password":"p\"w"}}`), "", login("http-form", "anna...", 4)},
		{"JSON, a number", posted("application/json; charset=utf-8", `{"pwd": 123456 }`), "", login("http-form", "", 6)},
		{"JSON, said to be a form", posted("text/plain", `{"user":"al","password":"pw"}`), "", login("http-form", "al", 2)},
		{"XML", posted("text/xml", `<s:Env><NewUsername>al</NewUsername><NewPassword>pw</NewPassword></s:Env>`), "", login("http-form", "al", 2)},
		{"ONVIF, the password as text", posted("application/soap+xml", `<wsse:Username>al</wsse:Username><wsse:Password Type="http://x#PasswordText">pw</wsse:Password>`), "", login("http-form", "al", 2)},
		{"ONVIF, a digest", posted("application/soap+xml", `<wsse:Username>al</wsse:Username><wsse:Password Type="http://x#PasswordDigest">cHc=</wsse:Password>`), "", nil},
		{"multipart", posted("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"user\"\r\n\r\nal\r\n--x\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\npw\r\n--x--\r\n"), "", login("http-form", "al", 2)},
		{"chunks", "POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nc\r\n{\"password\":\r\n5\r\n\"pw\"}\r\n0\r\n\r\n" + request("GET /?token=0123456789"), "",
			[]protocol.Credential{cred("http-form", "", 2), cred("http-token", "", 10)}},
		{"the second request", request("GET /") + posted("application/x-www-form-urlencoded", "user=al&password=pw") + request("GET /", "Authorization: Bearer abcdefgh"), "",
			[]protocol.Credential{cred("http-form", "al", 2), cred("http-token", "", 8)}},
		{"a token that comes back", request("GET /"), "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"access_token\":\"0123456789\"}", login("http-token", "", 10)},
		{"twice is once", request("GET /", "X-Api-Key: 0123456789") + request("GET /", "X-Api-Key: 0123456789"), "", login("http-token", "", 10)},

		{"NTLM", request("GET /", "Authorization: NTLM TlRMTVNTUAABAAAA"), "", nil},
		{"AWS", request("GET /", "Authorization: AWS4-HMAC-SHA256 Credential=AKIA/x, Signature=0123456789abcdef"), "", nil},
		{"OAuth 1", request("GET /", `Authorization: OAuth oauth_consumer_key="a", oauth_signature="b"`), "", nil},
		{"a cookie", request("GET /", "Cookie: session=0123456789abcdef"), "", nil},
		{"a signature", request("GET /?sig=0123456789abcdef&X-Amz-Signature=0123456789abcdef"), "", nil},
		{"pairs in the path, as cameras take them", request("GET /user=admin_password=tlJwpbo6_channel=1_stream=0.sdp"), "", login("http-form", "admi...", 8)},
		{"pairs in the path, parted as in a query", request("GET /a/user=al&password=pw/x=1"), "", login("http-form", "al", 2)},
		{"no password in the path", request("GET /user=admin_password=_channel=1/a=b_c/password=true"), "", nil},
		{"a password that is none", request("GET /?password=&pwd=null&passwd=****&hasPassword=true"), "", nil},
		{"a token against forgery", posted("application/x-www-form-urlencoded", "csrf_token=0123456789abcdef"), "", nil},
		{"a token that is too short", request("GET /?token=1"), "", nil},
		{"a word about a password", request("GET /forgot-password/password?mode=password"), "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := protocol.Stream([]byte(c.client), []byte(c.server), 80)
			if d.Protocol != protocol.HTTP || d.Reading != protocol.Clear {
				t.Errorf("got %s %s", d.Protocol, d.Reading)
			}
			if diff := cmp.Diff(c.want, d.Credentials); diff != "" {
				t.Errorf("got (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(d, protocol.Stream([]byte(c.server), []byte(c.client), 80)); diff != "" {
				t.Errorf("turned: got (-want +got)\n%s", diff)
			}
		})
	}
}

// ocspRequest asks for one certificate.
const ocspRequest = "MEIwQDA+MDwwOjAJBgUrDgMCGgUABBQBAQEBAQEBAQEBAQEBAQEBAQEBAQQUAgICAgICAgICAgICAgICAgICAgICAQU="

func ocspBytes(t *testing.T) string {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(ocspRequest)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// What is signalling in HTTP, and what only looks like it.
func TestHTTPSignalling(t *testing.T) {
	t.Parallel()
	get := func(host, path string, more ...string) string {
		return "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n" + strings.Join(more, "\r\n") + "\r\n\r\n"
	}
	post := func(host, kind, body string) string {
		return fmt.Sprintf("POST / HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", host, kind, len(body), body)
	}
	for _, c := range []struct {
		name, client, server string
		want                 protocol.Reading
	}{
		{"android", get("connectivitycheck.gstatic.com", "/generate_204"), "HTTP/1.1 204 No Content\r\n\r\n", protocol.Signalling},
		{"apple", get("captive.apple.com", "/hotspot-detect.html"), "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\nSuccess", protocol.Signalling},
		{"windows", get("www.msftconnecttest.com", "/connecttest.txt"), "", protocol.Signalling},
		{"ncsi", get("www.msftncsi.com", "/ncsi.txt"), "", protocol.Signalling},
		{"crl", get("crl3.example", "/ca.crl"), "", protocol.Signalling},
		{"a certificate of an issuer", get("i.example", "/ca.crt"), "HTTP/1.1 200 OK\r\nContent-Type: application/pkix-cert\r\n\r\n\x30\x82\x03\xff\x00", protocol.Signalling},
		{"ocsp by get", get("ocsp.example", "/"+ocspRequest), "", protocol.Signalling},
		{"ocsp by get, escaped, below a path, on any host", get("x.example", "/a/b/"+url.QueryEscape(ocspRequest)), "", protocol.Signalling},
		{"ocsp by post", post("x.example", "application/ocsp-request", ocspBytes(t)), "", protocol.Signalling},
		{"ocsp by post, cut", post("x.example", "application/ocsp-request", ocspBytes(t))[:140], "", protocol.Signalling},
		{"ocsp answer alone", "", "HTTP/1.1 200 OK\r\nContent-Type: application/ocsp-response\r\n\r\n\x30\x03", protocol.Signalling},
		{"two of them", get("captive.apple.com", "/") + get("h", "/generate_204"), "", protocol.Signalling},

		{"a name alone excuses nothing", get("ocsp.maker.example", "/user/anna@home.example"), "", protocol.Clear},
		{"nor does the name of a list", post("pki.maker.example", "application/json", `{"email":"anna@home.example"}`), "", protocol.Clear},
		{"nor a media type", post("ocsp.maker.example", "application/ocsp-request", `{"email":"anna@home.example"}`), "", protocol.Clear},
		{"nor one of an answer", "", "HTTP/1.1 200 OK\r\nContent-Type: application/ocsp-response\r\n\r\n{\"email\":\"anna@home.example\"}", protocol.Clear},
		{"a request with something behind it", post("x.example", "application/ocsp-request", ocspBytes(t)+"anna@home.example"), "", protocol.Clear},
		{"another path in base64", get("ocsp.maker.example", "/"+b64("0anna@home.example")), "", protocol.Clear},
		{"a list, with an answer in JSON", get("crl.maker.example", "/ca.crl"), "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"door\":\"open\"}", protocol.Clear},
		{"a list, with a query", get("crl.maker.example", "/ca.crl?serial=1"), "", protocol.Clear},
		{"ocsp, with a query", "POST /?serial=1 HTTP/1.1\r\nContent-Type: application/ocsp-request\r\n\r\n", "", protocol.Clear},
		{"with a serial behind it", get("connectivitycheck.gstatic.com", "/generate_204?serial=1"), "", protocol.Clear},
		{"with a cookie", get("h", "/generate_204", "Cookie: a=b"), "", protocol.Clear},
		{"with a credential", get("h", "/generate_204", "Authorization: Basic "+b64("a:b")), "", protocol.Clear},
		{"with something sent", "POST /generate_204 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", "", protocol.Clear},
		{"and then something else", get("h", "/generate_204") + get("h", "/state"), "", protocol.Clear},
		{"redirect of another", get("h", "/redirect"), "", protocol.Clear},
		{"answer alone", "", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\nhello", protocol.Clear},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := protocol.Stream([]byte(c.client), []byte(c.server), 80)
			if d.Protocol != protocol.HTTP || d.Reading != c.want {
				t.Errorf("got %s %s, want %s", d.Protocol, d.Reading, c.want)
			}
			about := strings.HasPrefix(c.name, "ocsp") || c.name == "crl" || c.name == "a certificate of an issuer"
			if d.CertificateState != (about && c.want == protocol.Signalling) {
				t.Errorf("about certificates: got %v", d.CertificateState)
			}
		})
	}
}

func masked(opcode byte, b string) string {
	out := []byte{0x80 | opcode, 0x80 | byte(len(b)), 1, 2, 3, 4}
	for i := range len(b) {
		out = append(out, b[i]^byte(i&3+1))
	}
	return string(out)
}

func TestHTTPAndThenSomethingElse(t *testing.T) {
	t.Parallel()
	sent, received, _ := tlsTalk(t)
	up := "GET /ws HTTP/1.1\r\nHost: hub\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: "
	switched := "HTTP/1.1 101 Switching Protocols\r\n\r\n"
	connect := "\x10\x1b\x00\x04MQTT\x04\xc2\x00\x3c\x00\x02id\x00\x05frank\x00\x04word"
	for _, c := range []struct {
		name, client, server string
		want                 want
	}{
		{"TLS through a proxy", "CONNECT hub.example:443 HTTP/1.1\r\n\r\n" + sent, "HTTP/1.1 200 OK\r\n\r\n" + received, want{protocol.TLS, protocol.Encrypted, "hub.example", nil, nil}},
		{"TLS through a proxy that asks who", "CONNECT hub.example:443 HTTP/1.1\r\nProxy-Authorization: Basic " + b64("al:pw") + "\r\n\r\n" + sent, "HTTP/1.1 200 OK\r\n\r\n" + received,
			want{protocol.TLS, protocol.Encrypted, "hub.example", login("http-basic", "al", 2), passages("request", "CONNECT hub.example")}},
		{"text through a proxy", "CONNECT hub:80 HTTP/1.1\r\n\r\n" + strings.Repeat("some text ", 9), "HTTP/1.1 200 OK\r\n\r\n", want{protocol.HTTP, protocol.Clear, "hub", nil,
			passages("request", "CONNECT hub", "payload", "some text some text some text some text some text some text some text some text some text")}},
		{"a proxy that refuses", "CONNECT hub:80 HTTP/1.1\r\n\r\n", "HTTP/1.1 407 No\r\n\r\n", want{protocol.HTTP, protocol.Clear, "hub", nil, passages("request", "CONNECT hub")}},
		{"text in frames", up + "chat\r\n\r\n" + masked(1, `{"on":true}`), switched + "\x81\x02ok", want{protocol.HTTP, protocol.Clear, "hub", nil, passages("request", "GET hub/ws", "payload", `{"on":true}`, "payload", "ok")}},
		{"MQTT in frames", up + "mqtt\r\n\r\n" + masked(2, connect), switched, want{protocol.MQTT, protocol.Clear, "hub", login("mqtt", "fran...", 4), passages("login", "CONNECT with a user name")}},
		{"a server that does not switch", up + "mqtt\r\n\r\n", "HTTP/1.1 400 No\r\n\r\n", want{protocol.HTTP, protocol.Clear, "hub", nil, passages("request", "GET hub/ws")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := outcome(protocol.Stream([]byte(c.client), []byte(c.server), 80))
			if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(want{})); diff != "" {
				t.Errorf("got (-want +got)\n%s", diff)
			}
		})
	}
}

func frame(kind, flags byte, stream uint32, body []byte) string {
	b := []byte{byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body)), kind, flags}
	return string(append(binary.BigEndian.AppendUint32(b, stream), body...))
}

func TestHTTP2(t *testing.T) {
	t.Parallel()
	var buf bytes.Buffer
	enc := hpack.NewEncoder(&buf)
	block := func(kv ...string) []byte {
		buf.Reset()
		for i := 0; i < len(kv); i += 2 {
			if err := enc.WriteField(hpack.HeaderField{Name: kv[i], Value: kv[i+1]}); err != nil {
				t.Fatal(err)
			}
		}
		return bytes.Clone(buf.Bytes())
	}
	first := block(":method", "POST", ":path", "/in?b=1", ":authority", "hub:8080", "authorization", "Bearer abcdefgh", "content-type", "application/json", "user-agent", "dev/1")
	b := "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, nil) +
		frame(1, 0x28, 1, append([]byte{2, 0, 0, 0, 0, 9}, append(first[:10:10], 0, 0)...)) + // padded, with a priority, cut
		frame(9, 4, 1, first[10:]) + frame(0, 1, 1, []byte(`{"user":"al","password":"pw"}`)) +
		frame(1, 5, 3, block(":method", "GET", ":path", "/out", ":authority", "hub:8080"))
	d := protocol.Stream([]byte(b), nil, 8080)
	if d.Agent != "dev/1" {
		t.Errorf("agent %q", d.Agent)
	}
	w := want{protocol.HTTP, protocol.Clear, "hub", []protocol.Credential{{Scheme: "http-token", Secret: 8}, {Scheme: "http-form", User: "al", Secret: 2}},
		passages("request", "POST hub/in?b=1", "payload", `{"user":"al","password":"..."}`, "request", "GET hub/out")}
	if diff := cmp.Diff(w, outcome(d), cmp.AllowUnexported(want{})); diff != "" {
		t.Errorf("got (-want +got)\n%s", diff)
	}
	for n := range b {
		if d := protocol.Stream([]byte(b[:n]), nil, 8080); n >= 24 && (d.Protocol != protocol.HTTP || d.Reading != protocol.Clear) {
			t.Fatalf("cut at %d: %+v", n, d)
		}
	}
}
