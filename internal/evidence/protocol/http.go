package protocol

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

var methods = [][]byte{[]byte("GET "), []byte("POST "), []byte("PUT "), []byte("HEAD "), []byte("DELETE "), []byte("OPTIONS "), []byte("PATCH "),
	[]byte("CONNECT "), []byte("TRACE "), []byte("NOTIFY "), []byte("SUBSCRIBE "), []byte("UNSUBSCRIBE "), []byte("PROPFIND "), []byte("M-POST ")}

func isRequest(b []byte) bool {
	for _, m := range methods {
		if bytes.HasPrefix(b, m) {
			l, _, whole := line(b[:min(len(b), 8192)])
			i := bytes.LastIndexByte(l, ' ')
			return !whole || i > 0 && bytes.HasPrefix(l[i+1:], []byte("HTTP/1."))
		}
	}
	return false
}

// httpStream reads HTTP/1 (RFC 9112) in the clear, with every request of the
// beginning, and knows HTTP/2 that begins without TLS (RFC 9113, 3.4).
func httpStream(client, server []byte, _ int) (Dialogue, bool) {
	if bytes.HasPrefix(server, []byte("GET ")) || isRequest(server) && bytes.HasPrefix(client, []byte("HTTP/1.")) {
		client, server = server, client
	}
	d := Dialogue{Protocol: HTTP, Reading: Clear, More: true}
	if bytes.HasPrefix(client, []byte("PRI * HTTP/2.0\r\n")) {
		d.More = false
		return d, true
	}
	if !isRequest(client) {
		if len(client) > 0 || !bytes.HasPrefix(server, []byte("HTTP/1.")) {
			return Dialogue{}, false
		}
		l, _, _ := line(server)
		d.pass("request", l)
		return d, true
	}
	signals, requests := 0, 0
	for b := client; isRequest(b) && requests < 64; requests++ {
		r := readRequest(b)
		if d.Host == "" {
			d.Host = hostName(r.host)
		}
		if d.Agent == "" {
			d.Agent = shortText(r.agent)
		}
		if string(r.method) == "CONNECT" && isTLS(r.rest, 1) { // a proxy on the way
			_, answer, _ := bytes.Cut(server, []byte("\r\n\r\n"))
			if t, ok := tlsStream(r.rest, answer, 0); ok {
				t.Agent, t.Credentials = d.Agent, d.Credentials
				return t, true
			}
		}
		if r.signal() {
			signals++
		}
		r.credentials(&d)
		d.pass("request", []byte(string(r.method)+" "+string(r.host)+string(r.path())))
		if r.rest == nil {
			break
		}
		b = r.rest
	}
	if requests > 0 && signals >= requests {
		d.Reading = Signalling
	}
	return d, true
}

// request is one request of HTTP, as far as it is there.
type request struct {
	method, target             []byte
	host, agent, authorization []byte
	token, content, proxy      []byte
	body, rest                 []byte
}

func (r *request) path() []byte {
	t := r.target
	if i := bytes.Index(t, []byte("://")); i > 0 && i < 8 {
		t = t[i+3:]
		if j := bytes.IndexByte(t, '/'); j >= 0 {
			return t[j:]
		}
		return nil
	}
	return t
}

// headerToken are headers that carry a secret as it is. Signed ones, such as
// Digest, are none.
var headerToken = map[string]bool{"x-api-key": true, "api-key": true, "apikey": true, "x-auth-token": true, "x-access-token": true, "access-token": true, "x-token": true, "private-token": true}

func readRequest(b []byte) request {
	var r request
	first, rest, _ := line(b)
	r.method, first, _ = bytes.Cut(first, []byte(" "))
	r.target, _, _ = bytes.Cut(first, []byte(" "))
	size := 0
	for range 128 {
		l, next, whole := line(rest)
		if !whole {
			return r
		}
		rest = next
		if len(l) == 0 {
			n := min(size, len(rest))
			r.body = rest[:n]
			if n == size {
				r.rest = rest[n:]
			}
			return r
		}
		name, value, ok := bytes.Cut(l, []byte(":"))
		if !ok || len(name) > 64 {
			continue
		}
		value = bytes.TrimSpace(value)
		switch key := strings.ToLower(string(name)); {
		case key == "host":
			r.host = value
		case key == "user-agent":
			r.agent = value
		case key == "authorization":
			r.authorization = value
		case key == "proxy-authorization":
			r.proxy = value
		case key == "content-type":
			r.content = value
		case key == "content-length":
			if n, err := strconv.Atoi(string(value)); err == nil && n >= 0 {
				size = n
			}
		case headerToken[key]:
			r.token = value
		}
	}
	return r
}

var captive = [][]byte{[]byte("/generate_204"), []byte("/gen_204"), []byte("/hotspot-detect.html"), []byte("/library/test/success.html"), []byte("/connecttest.txt"), []byte("/ncsi.txt"), []byte("/success.txt"), []byte("/check_network_status.txt"), []byte("/kindle-wifi/wifistub.html"), []byte("/nm-check.txt"), []byte("/canonical.html")}

// signal reports whether a request is one that a network needs and that says
// nothing of the product: is there a way out, is a certificate still good.
func (r *request) signal() bool {
	if bytes.HasPrefix(r.content, []byte("application/ocsp-request")) || bytes.HasPrefix(r.host, []byte("ocsp.")) || bytes.HasPrefix(r.host, []byte("connectivitycheck.")) {
		return true
	}
	p, _, _ := bytes.Cut(r.path(), []byte("?"))
	for _, c := range captive {
		if bytes.HasPrefix(p, c) {
			return true
		}
	}
	return string(r.method) == "GET" && bytes.HasSuffix(p, []byte(".crl"))
}

func (r *request) credentials(d *Dialogue) {
	for _, a := range [][]byte{r.authorization, r.proxy} {
		authorization(d, a, HTTPBasic)
	}
	if len(r.token) > 7 {
		d.login(HTTPToken, "", string(r.token))
	}
	if u, _, ok := bytes.Cut(afterScheme(r.target), []byte("@")); ok && !bytes.ContainsAny(u, "/?") {
		if user, secret, ok := bytes.Cut(u, []byte(":")); ok {
			d.login(HTTPBasic, string(user), string(secret))
		}
	}
	if _, query, ok := bytes.Cut(r.target, []byte("?")); ok {
		form(d, query)
	}
	switch {
	case bytes.HasPrefix(r.content, []byte("application/x-www-form-urlencoded")):
		form(d, r.body)
	case bytes.Contains(r.content, []byte("json")):
		jsonLogin(d, r.body)
	}
}

func afterScheme(b []byte) []byte {
	if i := bytes.Index(b, []byte("://")); i > 0 && i < 8 {
		return b[i+3:]
	}
	return nil
}

// authorization reads a header of RFC 7617 or RFC 6750.
func authorization(d *Dialogue, v []byte, basic Scheme) {
	scheme, rest, ok := bytes.Cut(v, []byte(" "))
	if !ok {
		return
	}
	rest = bytes.TrimSpace(rest)
	switch strings.ToLower(string(scheme)) {
	case "basic":
		b, err := base64.StdEncoding.DecodeString(string(rest))
		if err != nil {
			b, err = base64.RawStdEncoding.DecodeString(string(rest))
		}
		if err == nil {
			user, secret, _ := strings.Cut(string(b), ":") // the name has no colon, the password may (RFC 7617, 2)
			d.login(basic, user, secret)
		}
	case "bearer", "token":
		if len(rest) > 3 && basic == HTTPBasic {
			d.login(HTTPToken, "", string(rest))
		}
	}
}

var (
	formSecret = map[string]bool{"password": true, "passwd": true, "pwd": true, "pass": true, "passwort": true, "psw": true, "loginpas": true, "user_password": true, "j_password": true}
	formToken  = map[string]bool{"access_token": true, "api_key": true, "apikey": true, "auth_token": true, "token": true, "auth_key": true}
	formUser   = map[string]bool{"username": true, "user": true, "login": true, "email": true, "usr": true, "loginuse": true, "account": true, "j_username": true, "user_name": true, "uid": true}
)

// form looks for a sign-in among the fields of a form or a query.
func form(d *Dialogue, b []byte) {
	var user, secret, token string
	for range 64 {
		field, rest, more := bytes.Cut(b, []byte("&"))
		name, value, _ := bytes.Cut(field, []byte("="))
		v, err := url.QueryUnescape(string(value))
		if err != nil {
			v = string(value)
		}
		switch n := strings.ToLower(string(name)); {
		case formSecret[n]:
			secret = v
		case formToken[n] && len(v) > 7:
			token = v
		case formUser[n]:
			user = v
		}
		if b = rest; !more {
			break
		}
	}
	if secret != "" {
		d.login(HTTPForm, user, secret)
	}
	if token != "" {
		d.login(HTTPToken, "", token)
	}
}

var (
	jsonSecret = regexp.MustCompile(`(?i)"(?:password|passwd|pwd|pass)"\s*:\s*"([^"\\]{1,128})"`)
	jsonUser   = regexp.MustCompile(`(?i)"(?:username|user|login|email|account)"\s*:\s*"([^"\\]{1,128})"`)
)

func jsonLogin(d *Dialogue, b []byte) {
	b = b[:min(len(b), 4096)]
	if m := jsonSecret.FindSubmatch(b); m != nil {
		user := ""
		if u := jsonUser.FindSubmatch(b); u != nil {
			user = string(u[1])
		}
		d.login(HTTPForm, user, string(m[1]))
	}
}

func shortText(b []byte) string { return text(b[:min(len(b), 120)]) }

// rtspStream reads RTSP (RFC 7826, RFC 2326): a camera's stream in the clear.
func rtspStream(client, server []byte, _ int) (Dialogue, bool) {
	l, _, _ := line(client)
	answer, _, _ := line(server)
	if !bytes.Contains(l, []byte(" RTSP/")) && !bytes.HasPrefix(answer, []byte("RTSP/")) {
		return Dialogue{}, false
	}
	d := Dialogue{Protocol: RTSP, Reading: Clear, More: true}
	for range 64 {
		l, rest, whole := line(client)
		switch {
		case bytes.HasSuffix(l, []byte(" RTSP/1.0")) || bytes.HasSuffix(l, []byte(" RTSP/2.0")):
			d.pass("request", l)
			_, target, _ := bytes.Cut(l, []byte(" "))
			if u, _, ok := bytes.Cut(afterScheme(target), []byte("@")); ok && !bytes.ContainsAny(u, "/?") {
				if user, secret, ok := bytes.Cut(u, []byte(":")); ok {
					d.login(RTSPBasic, string(user), string(secret))
				}
			}
		case len(l) > 14 && strings.EqualFold(string(l[:14]), "Authorization:"):
			authorization(&d, bytes.TrimSpace(l[14:]), RTSPBasic)
		case len(l) > 11 && strings.EqualFold(string(l[:11]), "User-Agent:"):
			d.Agent = shortText(bytes.TrimSpace(l[11:]))
		}
		if !whole {
			break
		}
		client = rest
	}
	return d, true
}

// ssdp reads discovery by SSDP (UPnP Device Architecture 2.0, 1).
func ssdp(b []byte, from, to int) (Dialogue, bool) {
	if from != 1900 && to != 1900 || !bytes.HasPrefix(b, []byte("M-SEARCH * ")) && !bytes.HasPrefix(b, []byte("NOTIFY * ")) && !bytes.HasPrefix(b, []byte("HTTP/1.1 200")) {
		return Dialogue{}, false
	}
	return Dialogue{Protocol: SSDP, Reading: Signalling}, true
}
