package protocol

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	passageLen = 120 // bytes of a passage
	lookedAt   = 512 // bytes of text that are looked at for one passage
	dots       = "..."
)

// redact makes a passage of text: one line, printable, at most passageLen
// bytes, without
//   - what stands behind the name of a secret (password=, "token":, <pin>),
//   - more than four characters behind the name of a person (user=),
//   - what stands before an @ in an address of mail or of the web,
//   - more than four characters of long numbers, of hexadecimal and base64
//     digits and of hardware addresses.
//
// It rather takes out too much. The cost is linear in lookedAt.
func redact(text []byte) string {
	cut := len(text) > lookedAt
	if cut {
		text = text[:lookedAt]
	}
	s := plain(text)
	if cut { // the last word may go on to an @ that is out of sight
		s = s[:max(strings.LastIndexAny(s, " \n"), min(len(s), passageLen))]
	}
	r := redaction{in: s, marks: strings.Contains(s, "@") || strings.Contains(s, "%40")}
	for r.at < len(s) && len(r.out) <= passageLen {
		r.step()
	}
	return strings.TrimSpace(shorten(string(bytes.ReplaceAll(r.out, []byte("\n"), []byte(" ")))))
}

// plain makes printable lines of bytes: runs of line ends become one line
// end, runs of anything else that does not print one space.
func plain(b []byte) string {
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == '\n' || r == '\r':
			for len(out) > 0 && out[len(out)-1] == ' ' {
				out = out[:len(out)-1]
			}
			if len(out) > 0 && out[len(out)-1] != '\n' {
				out = append(out, '\n')
			}
		case r == ' ' || !printable(r):
			if len(out) > 0 && out[len(out)-1] != ' ' && out[len(out)-1] != '\n' {
				out = append(out, ' ')
			}
		default:
			out = append(out, b[:n]...)
		}
		b = b[n:]
	}
	return string(bytes.TrimRight(out, " \n"))
}

// printable is what a passage may hold: no controls, no marks that turn the
// direction of text, no spaces but the plain one.
func printable(r rune) bool {
	return r >= 0x20 && r < 0x7f || r > 0x7f && r != utf8.RuneError && unicode.IsPrint(r)
}

func shorten(s string) string {
	if len(s) <= passageLen {
		return s
	}
	s = s[:passageLen-len(dots)]
	for len(s) > 0 && !utf8.ValidString(s[max(0, len(s)-utf8.UTFMax):]) && !utf8.RuneStart(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	if r, n := utf8.DecodeLastRuneInString(s); r == utf8.RuneError && n == 1 {
		s = s[:len(s)-1]
	}
	return s + dots
}

// redaction walks over a text from word to word.
type redaction struct {
	in    string
	at    int
	out   []byte
	marks bool // there is an @ somewhere
	plain int  // up to here a run of digits was looked at and is none
}

func (r *redaction) step() {
	s := r.in[r.at:]
	if c := s[0]; !isWord(c) && !(c == '%' && r.marks) {
		r.out = append(r.out, c)
		r.at++
		return
	}
	if r.marks && r.mailbox(s) {
		return
	}
	n := 1
	for n < len(s) && (isWord(s[n]) || s[n] == '.' || s[n] == '-' || s[n] == '_') {
		n++
	}
	if k := kindOf(s[:n]); k != public {
		if r.value(s, n, k) {
			return
		}
	}
	r.number(s)
}

// mailbox leaves out what stands before an @, from a word's start.
func (r *redaction) mailbox(s string) bool {
	// An address of the web: what stands between :// and @ in its authority.
	end := strings.IndexAny(s, " \n\"'<>`")
	if end < 0 {
		end = len(s)
	}
	if i := strings.Index(s[:end], "://"); i > 0 && i < 12 && alpha(s[:i]) {
		rest := s[i+3 : end]
		authority := rest
		if j := strings.IndexAny(rest, "/?#"); j >= 0 {
			authority = rest[:j]
		}
		_, port, colon := strings.Cut(authority, ":")
		at := strings.LastIndexByte(authority, '@')
		if at < 0 && colon && !digits(port) { // a password with a slash in it
			at = strings.LastIndexByte(rest, '@')
		}
		if at >= 0 {
			r.take(i + 3)
			r.leave(at)
			return true
		}
		r.take(i + 3)
		return true
	}
	end = strings.IndexAny(s, " \n\"'<>`,;()[]{}&?|/=")
	if end < 0 {
		end = len(s)
	}
	at := max(strings.LastIndexByte(s[:end], '@'), strings.LastIndex(s[:end], "%40"))
	if at < 0 {
		return false
	}
	r.leave(at)
	r.take(1)
	return true
}

// take copies n bytes, leave puts dots instead of them.
func (r *redaction) take(n int) {
	r.out = append(r.out, r.in[r.at:r.at+n]...)
	r.at += n
}

func (r *redaction) leave(n int) {
	r.out = append(r.out, dots...)
	r.at += n
}

type kind int

const (
	public kind = iota
	personal
	secret
	scheme // basic, bearer: the word behind it is a secret
)

var (
	secretParts = []string{"passw", "passwd", "passphrase", "passcode", "secret", "token", "apikey", "accesskey", "privatekey", "appkey", "authkey", "localkey", "credential", "authoriz", "cookie", "session", "signature", "pincode"}
	secretNames = []string{"pass", "pwd", "psw", "pw", "pin", "key", "auth", "sid", "sig", "psk", "otp", "nonce", "wpakey", "wifikey", "networkkey"}
	personals   = []string{"user", "username", "userid", "uname", "login", "loginname", "email", "mail", "account", "accountname", "uid", "openid", "phone", "ssid",
		"serial", "serialno", "serialnumber", "sn", "deviceid", "devid", "did", "imei", "imsi", "iccid", "mac", "macaddress", "uuid", "udid"}
)

// kindOf says what a value behind such a name is.
func kindOf(name string) kind {
	if len(name) < 2 || len(name) > 40 {
		return public
	}
	var buf [40]byte
	n := 0
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'A' && c <= 'Z':
			buf[n] = c + 'a' - 'A'
			n++
		case c == '-' || c == '_' || c == '.':
		default:
			buf[n] = c
			n++
		}
	}
	low := buf[:n]
	switch field(string(low)) {
	case secret, scheme:
		return secret
	case personal:
		return personal
	}
	for _, p := range secretParts {
		if bytes.Contains(low, []byte(p)) {
			return secret
		}
	}
	for _, p := range secretNames {
		if string(low) == p || len(p) > 2 && bytes.HasSuffix(low, []byte(p)) && p != "nonce" {
			return secret
		}
	}
	switch string(low) {
	case "basic", "bearer":
		return scheme
	}
	for _, p := range personals {
		if string(low) == p {
			return personal
		}
	}
	return public
}

// value leaves out the value behind a name of n bytes, when there is one.
func (r *redaction) value(s string, n int, k kind) bool {
	i := n
	named := false // a sign stands between name and value
	for range 4 {
		switch {
		case i < len(s) && (s[i] == '"' || s[i] == '\'' || s[i] == '\\' || s[i] == ']'):
			i++
			continue
		case strings.HasPrefix(s[i:], "%22"), strings.HasPrefix(s[i:], "%27"), strings.HasPrefix(s[i:], "%5D"):
			i += 3
			continue
		}
		break
	}
	for i < len(s) && s[i] == ' ' {
		i++
	}
	switch {
	case i < len(s) && (s[i] == ':' || s[i] == '='):
		i, named = i+1, true
	case i == n && i < len(s) && s[i] == '>' && r.at > 0 && r.in[r.at-1] == '<':
		i, named = i+1, true
	case strings.HasPrefix(s[i:], "%3D"), strings.HasPrefix(s[i:], "%3A"), strings.HasPrefix(s[i:], "%3d"), strings.HasPrefix(s[i:], "%3a"):
		i, named = i+3, true
	}
	if named {
		for i < len(s) && (s[i] == ' ' || s[i] == '\n' || s[i] == ':' || s[i] == '=') {
			i++
		}
	} else if i == n || k == personal || i >= len(s) || !isWord(s[i]) { // no value, or a word of a sentence
		return false
	}
	if i >= len(s) {
		r.take(i)
		return true
	}
	from := i
	switch open := s[i:]; {
	case open[0] == '{' || open[0] == '[': // all that is in it
		r.take(from)
		r.leave(len(s) - from)
		return true
	case strings.HasPrefix(open, `\"`):
		from, i = i+2, until(s, i+2, `\"`)
	case strings.HasPrefix(open, "%22"):
		from, i = i+3, until(s, i+3, "%22")
	case open[0] == '"' || open[0] == '\'':
		from = i + 1
		for i = from; i < len(s) && s[i] != open[0]; i++ {
			if s[i] == '\\' {
				i++
			}
		}
		i = min(i, len(s))
	case strings.HasPrefix(open, "<![CDATA["):
		from, i = i+9, until(s, i+9, "]]>")
	default:
		ends := " \n&<"
		if k == secret && lineHead(r.in, r.at) && strings.Contains(s[n:from], ":") {
			ends = "\n" // a header: its whole line
		}
		if i = strings.IndexAny(s[from:], ends); i < 0 {
			i = len(s)
		} else {
			i += from
		}
	}
	value := s[from:i]
	r.take(from)
	switch {
	case value == "":
	case k == personal:
		r.out = append(r.out, head([]byte(before(value)))...)
		r.at += len(value)
	default:
		r.leave(len(value))
	}
	return true
}

// before leaves out what follows the @ of a personal name, and the sign.
func before(v string) string {
	if i := max(strings.IndexByte(v, '@'), strings.Index(v, "%40")); i >= 0 {
		return dots
	}
	return v
}

func until(s string, from int, end string) int {
	if i := strings.Index(s[from:], end); i >= 0 {
		return from + i
	}
	return len(s)
}

// lineHead reports whether a name at i is the first of its line.
func lineHead(s string, i int) bool { return i == 0 || s[i-1] == '\n' }

// number copies a word, or the first four characters of it when it is a
// number, an identifier or a secret by its look.
func (r *redaction) number(s string) {
	if n := hardwareLen(s); n > 0 {
		r.take(4)
		r.leave(n - 4)
		return
	}
	if r.at >= r.plain {
		n := 0
		for n < len(s) && isRun(s[n]) {
			n++
		}
		if n >= 20 && mixed(s[:n]) && random(s[:n]) || n >= 12 && hexRun(s[:n]) {
			r.take(4)
			r.leave(n - 4)
			return
		}
		r.plain = r.at + n
	}
	n := 0
	for n < len(s) && isWord(s[n]) {
		n++
	}
	if n >= 12 && hexRun(s[:n]) || n >= 16 && mixed(s[:n]) || n >= 40 || serial(s[:n]) {
		r.take(4)
		r.leave(n - 4)
		return
	}
	r.take(max(n, 1))
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

func isHex(c byte) bool {
	return c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' || c >= '0' && c <= '9'
}

// isRun is a digit of base64 in either alphabet, or a hyphen of a UUID.
func isRun(c byte) bool {
	return isWord(c) || c == '+' || c == '/' || c == '_' || c == '-'
}

// hexRun reports hexadecimal digits, with hyphens as in a UUID, with at
// least 12 of them, one a number.
func hexRun(s string) bool {
	n, number := 0, false
	for i := range len(s) {
		switch c := s[i]; {
		case isHex(c):
			n++
			number = number || c <= '9'
		case c != '-' || i == 0:
			return false
		}
	}
	return n >= 12 && number
}

// serial reports whether a word looks like the number of one unit: eight
// characters or more, with six figures, or with capitals and two figures and
// no small letter.
func serial(s string) bool {
	if len(s) < 8 {
		return false
	}
	figures, capitals, small := 0, 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			figures++
		case c >= 'A' && c <= 'Z':
			capitals++
		default:
			small++
		}
	}
	return figures >= 6 && capitals+small > 0 || figures >= 2 && capitals >= 2 && small == 0
}

// mixed reports whether a text changes between small letters, capitals and
// numbers as often as random digits do (64 in a hundred), and words do not.
func mixed(s string) bool {
	var seen [4]int
	changes, last := 0, -1
	for i := range len(s) {
		k := 3
		switch c := s[i]; {
		case c >= 'a' && c <= 'z':
			k = 0
		case c >= 'A' && c <= 'Z':
			k = 1
		case c >= '0' && c <= '9':
			k = 2
		}
		seen[k]++
		if last >= 0 && k != last {
			changes++
		}
		last = k
	}
	kinds := 0
	for _, n := range seen[:3] {
		if n > 0 {
			kinds++
		}
	}
	return kinds == 3 && changes*100 >= 38*len(s) || kinds == 2 && seen[2] > 0 && changes*100 >= 30*len(s) && seen[3]*8 < len(s)
}

// random reports whether the first part of a run up to a slash could be one of
// base64, so that the words of a path are not taken for it.
func random(s string) bool {
	if i := strings.IndexByte(s, '/'); i >= 0 {
		s = s[:i]
	}
	small, other := 0, 0
	for i := range len(s) {
		if c := s[i]; c >= 'a' && c <= 'z' {
			small++
		} else {
			other++
		}
	}
	return len(s) >= 6 && other*4 >= len(s)
}

// hardwareLen returns the length of a hardware address at the start of a
// text, or zero.
func hardwareLen(s string) int {
	if len(s) < 17 || s[2] != ':' && s[2] != '-' || !isHardware([]byte(s[:17])) || len(s) > 17 && isWord(s[17]) {
		return 0
	}
	return 17
}

func alpha(s string) bool {
	for i := range len(s) {
		if !isWord(s[i]) && s[i] != '+' {
			return false
		}
	}
	return true
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
