package protocol

import (
	"bytes"
	"encoding/base64"
	"iter"
	"strings"
)

// What counts as a credential in HTTP is a closed list, so that a finding is
// never a guess: a Basic sign-in; a token behind a scheme or in a header that
// stands for nothing else; a field of an address, a form, JSON, XML or
// multipart whose name is one of a password or of an access token. Cookies,
// signatures and challenges (Digest, NTLM, SCRAM, AWS4) are none: the first
// may be anything, the others do not give the secret away.

// tokenSchemes are the words before a token in Authorization.
var tokenSchemes = map[string]bool{"bearer": true, "token": true, "apikey": true, "api-key": true, "key": true, "jwt": true, "accesstoken": true, "oauth2": true}

// tokenHeaders are headers that hold nothing but a token.
var tokenHeaders = map[string]bool{
	"x-api-key": true, "api-key": true, "apikey": true, "x-apikey": true, "x-auth-token": true, "x-access-token": true, "access-token": true,
	"private-token": true, "x-api-token": true, "x-auth-key": true, "x-vault-token": true, "x-token": true, "auth-token": true,
}

// authorization reads an Authorization header. RFC 7617, RFC 6750.
func (d *Dialogue) authorization(v []byte, basic Scheme) {
	scheme, rest, ok := bytes.Cut(v, []byte(" "))
	rest = bytes.TrimSpace(rest)
	switch s := strings.ToLower(string(scheme[:min(len(scheme), 32)])); {
	case !ok:
		if bytes.HasPrefix(v, []byte("eyJ")) && bytes.Count(v, []byte(".")) == 2 { // a JWT (RFC 7519) without a scheme
			d.login(credential(HTTPToken, nil, v))
		}
	case s == "basic":
		if user, pass, ok := basicPair(rest); ok {
			d.login(credential(basic, user, pass))
		}
	case tokenSchemes[s] && plausibleToken(rest):
		d.login(credential(HTTPToken, nil, rest))
	}
}

// basicPair decodes user and password. The password may hold colons. RFC
// 7617, 2.
func basicPair(b []byte) (user, pass []byte, ok bool) {
	raw, ok := unbase64(b)
	if !ok {
		return nil, nil, false
	}
	user, pass, ok = bytes.Cut(raw, []byte(":"))
	return user, pass, ok && len(user)+len(pass) > 0
}

func unbase64(b []byte) ([]byte, bool) {
	b = bytes.TrimRight(bytes.TrimSpace(b), "=")
	if len(b) == 0 || len(b) > 4096 {
		return nil, false
	}
	raw := make([]byte, base64.RawStdEncoding.DecodedLen(len(b)))
	n, err := base64.RawStdEncoding.Decode(raw, b)
	if err != nil {
		n, err = base64.RawURLEncoding.Decode(raw, b)
	}
	return raw[:n], err == nil
}

// plausibleToken reports whether a value can be a token: long enough, one
// word, none of the words that stand for nothing.
func plausibleToken(v []byte) bool {
	return len(v) >= 8 && bytes.IndexByte(v, ' ') < 0 && bytes.IndexByte(v, '"') < 0 && !placeholder(v)
}

func placeholder(v []byte) bool {
	switch strings.ToLower(string(v[:min(len(v), 16)])) {
	case "", "null", "undefined", "none", "nil", "true", "false", "yes", "no", "on", "off", "0", "1", "anonymous":
		return true
	}
	return len(bytes.Trim(v, "*.xX-")) == 0
}

// fold writes a field's name in lower case, without what parts its words.
func fold(name []byte) string {
	var buf [48]byte
	n := 0
	for _, c := range name[:min(len(name), len(buf))] {
		switch {
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		case c == '_' || c == '-' || c == '.' || c == '[' || c == ']' || c == '$':
			continue
		}
		buf[n] = c
		n++
	}
	return string(buf[:n])
}

// field says what a field is by its name.
func field(name string) kind {
	switch name {
	case "user", "username", "login", "loginname", "email", "account", "uname", "usr", "userid", "uid", "loginuse", "loginuser", "accountname", "identifier":
		return personal
	case "pass", "pwd", "psw", "passwd", "loginpas", "psk", "wpakey", "passphrase", "passcode", "passwort":
		return secret
	case "accesstoken", "apikey", "apitoken", "authtoken", "token", "refreshtoken", "clientsecret", "idtoken", "authkey", "secretkey", "sessiontoken", "apisecret":
		return scheme
	}
	if strings.HasSuffix(name, "password") || strings.HasSuffix(name, "passwd") || strings.HasSuffix(name, "pwd") {
		return secret
	}
	return public
}

// fields takes pairs of name and value of one form.
type fields struct {
	user      []byte
	passwords [][]byte
	tokens    [][]byte
}

func (f *fields) add(name, value []byte) {
	if placeholder(value) {
		return
	}
	switch field(fold(name)) {
	case personal:
		if f.user == nil {
			f.user = value
		}
	case secret:
		if len(f.passwords) < maxCredentials {
			f.passwords = append(f.passwords, value)
		}
	case scheme:
		if len(f.tokens) < maxCredentials && plausibleToken(value) {
			f.tokens = append(f.tokens, value)
		}
	}
}

func (d *Dialogue) fields(f *fields) {
	for _, p := range f.passwords {
		d.login(credential(HTTPForm, f.user, p))
	}
	for _, t := range f.tokens {
		d.login(credential(HTTPToken, nil, t))
	}
}

const maxFields = 256

// form reads name=value pairs parted by &.
func (d *Dialogue) form(b []byte) {
	var f fields
	n := 0
	for pair := range bytes.SplitSeq(b, []byte("&")) {
		if n++; n > maxFields {
			break
		}
		name, value, _ := bytes.Cut(pair, []byte("="))
		f.add(unescape(name), unescape(value))
	}
	d.fields(&f)
}

// pairs reads name=value pairs in the segments of a path, parted by & or, as
// many cameras ask for their picture, by an underscore:
// /user=admin_password=secret_channel=1_stream=0.sdp.
func (d *Dialogue) pairs(path []byte) {
	for seg := range bytes.SplitSeq(path, []byte("/")) {
		name, rest, ok := bytes.Cut(seg, []byte("="))
		if !ok {
			continue
		}
		if bytes.IndexByte(seg, '&') >= 0 {
			d.form(seg)
			continue
		}
		var f fields
		for n := 0; n < maxFields; n++ {
			value, after, more := bytes.Cut(rest, []byte("="))
			next := []byte(nil)
			if v, as, ok := cutLast(value, '_'); more && ok {
				value, next = v, as
			}
			f.add(unescape(name), unescape(value))
			if !more || next == nil {
				break
			}
			name, rest = next, after
		}
		d.fields(&f)
	}
}

// body reads a body by its media type.
func (d *Dialogue) body(b []byte, kind string) {
	if len(b) == 0 {
		return
	}
	var f fields
	switch {
	case kind == "application/x-www-form-urlencoded":
		d.form(b)
	case kind == "multipart/form-data":
		multipart(&f, b)
	case strings.HasSuffix(kind, "json") || b[0] == '{' || b[0] == '[':
		for name, value := range jsonPairs(b) {
			f.add(name, value)
		}
	case strings.HasSuffix(kind, "xml") || b[0] == '<':
		xmlPairs(&f, b)
	}
	d.fields(&f)
}

// unescape decodes %XX and +. What is no escape stays.
func unescape(b []byte) []byte {
	if bytes.IndexByte(b, '%') < 0 && bytes.IndexByte(b, '+') < 0 {
		return b
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '+':
			out = append(out, ' ')
		case c == '%' && i+2 < len(b) && isHex(b[i+1]) && isHex(b[i+2]):
			out = append(out, unhex(b[i+1])<<4|unhex(b[i+2]))
			i += 2
		default:
			out = append(out, c)
		}
	}
	return out
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	}
	return c - 'a' + 10
}

// jsonPairs gives the members of JSON whose values are texts or numbers, at
// any depth. It asks for no more than that: bodies are cut.
func jsonPairs(b []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		for n := 0; n < 4*maxFields; n++ {
			i := bytes.IndexByte(b, '"')
			if i < 0 {
				return
			}
			name, rest, ok := jsonText(b[i+1:])
			if !ok {
				return
			}
			b = rest
			v := bytes.TrimLeft(rest, " \t\r\n")
			if len(v) == 0 || v[0] != ':' {
				continue
			}
			v = bytes.TrimLeft(v[1:], " \t\r\n")
			var value []byte
			switch {
			case len(v) > 0 && v[0] == '"':
				if value, b, ok = jsonText(v[1:]); !ok {
					return
				}
			case len(v) > 0 && v[0] >= '0' && v[0] <= '9':
				k := 0
				for k < len(v) && v[k] >= '0' && v[k] <= '9' {
					k++
				}
				value = v[:k]
			default:
				continue
			}
			if !yield(name, value) {
				return
			}
		}
	}
}

// jsonText cuts a text off behind its opening quotation mark.
func jsonText(b []byte) (s, rest []byte, ok bool) {
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return b[:i], b[i+1:], true
		}
	}
	return nil, nil, false
}

// xmlPairs takes elements that hold only text. A password that is a digest
// (WS-Security UsernameToken Profile 1.1, 4) is none.
func xmlPairs(f *fields, b []byte) {
	for n := 0; n < 4*maxFields; n++ {
		i := bytes.IndexByte(b, '<')
		if i < 0 {
			return
		}
		b = b[i+1:]
		end := bytes.IndexByte(b, '>')
		if end < 0 {
			return
		}
		tag, rest := b[:end], b[end+1:]
		b = rest
		if len(tag) == 0 || tag[0] == '/' || tag[0] == '?' || tag[0] == '!' || bytes.Contains(tag, []byte("PasswordDigest")) {
			continue
		}
		name, _, _ := bytes.Cut(tag, []byte(" "))
		if j := bytes.LastIndexByte(name, ':'); j >= 0 {
			name = name[j+1:]
		}
		close := bytes.IndexByte(rest, '<')
		if close <= 0 || close+1 >= len(rest) || rest[close+1] != '/' {
			continue
		}
		key := name
		if bytes.HasPrefix(key, []byte("New")) { // UPnP: NewUsername, NewPassword
			key = key[3:]
		}
		f.add(key, bytes.TrimSpace(rest[:close]))
	}
}

// multipart takes the parts with a name. RFC 7578.
func multipart(f *fields, b []byte) {
	mark := []byte("name=\"")
	for range maxFields {
		i := bytes.Index(b, mark)
		if i < 0 {
			return
		}
		b = b[i+len(mark):]
		name, rest, ok := bytes.Cut(b, []byte(`"`))
		if !ok {
			return
		}
		i = bytes.Index(rest, []byte("\r\n\r\n"))
		if i < 0 {
			return
		}
		b = rest[i+4:]
		value, rest, ok := bytes.Cut(b, []byte("\r\n--"))
		if !ok {
			return
		}
		f.add(name, value)
		b = rest
	}
}
