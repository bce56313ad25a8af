package protocol

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"regexp"
	"strings"
)

func sshStream(client, server []byte, _ int) (Dialogue, bool) {
	for _, b := range [][]byte{client, server} {
		if bytes.HasPrefix(b, []byte("SSH-2.0-")) || bytes.HasPrefix(b, []byte("SSH-1.99-")) {
			l, _, _ := line(b)
			return Dialogue{Protocol: SSH, Reading: Encrypted, Agent: shortText(l)}, true
		}
	}
	return Dialogue{}, false
}

// Telnet commands (RFC 854).
const (
	iac  = 255
	sb   = 250
	se   = 240
	will = 251
	dont = 254
)

// unnegotiated takes the commands of telnet out of what a side sent, and says
// how many there were.
func unnegotiated(b []byte) (out []byte, commands int) {
	out = make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] != iac {
			out = append(out, b[i])
			continue
		}
		if i+1 >= len(b) {
			break
		}
		switch c := b[i+1]; {
		case c == iac:
			out = append(out, iac)
			i++
		case c == sb:
			end := bytes.Index(b[i:], []byte{iac, se})
			if end < 0 {
				return out, commands + 1
			}
			i += end + 1
			commands++
		case c >= will && c <= dont:
			i += 2
			commands++
		default:
			i++
			commands++
		}
	}
	return out, commands
}

var (
	userPrompt   = regexp.MustCompile(`(?i)(?:login|user ?name|user|account) ?: ?`)
	secretPrompt = regexp.MustCompile(`(?i)pass(?:word|wd|code)? ?: ?`)
)

// telnetStream reads Telnet (RFC 854): what was typed at a prompt for a name
// and at one for a password. What is typed comes a character at a time or a
// line at a time.
func telnetStream(client, server []byte, port int) (Dialogue, bool) {
	typed, n := unnegotiated(client)
	shown, m := unnegotiated(server)
	if n+m == 0 && port != 23 || n+m > 0 && port != 23 && n+m < 3 {
		return Dialogue{}, false
	}
	if port != 23 && !legible(shown) {
		return Dialogue{}, false
	}
	d := Dialogue{Protocol: Telnet, Reading: Clear, More: true}
	lines := typedLines(typed)
	u, s := userPrompt.FindIndex(shown), secretPrompt.FindIndex(shown)
	switch {
	case s != nil && u != nil && u[0] < s[0] && len(lines) >= 2:
		d.login(TelnetIn, lines[0], lines[1])
		d.Passages = append(d.Passages, Passage{What: "login", Text: "a name and a password were typed"})
	case s != nil && (u == nil || u[0] > s[0]) && len(lines) >= 1:
		d.login(TelnetIn, "", lines[0])
		d.Passages = append(d.Passages, Passage{What: "login", Text: "a password was typed"})
	case u != nil && len(lines) >= 1:
		d.login(TelnetIn, lines[0], "")
	}
	if l := bytes.TrimSpace(shown); len(l) > 0 {
		if u != nil {
			l = shown[:u[0]]
		}
		if legible(l) {
			d.pass("banner", l)
		}
	}
	return d, true
}

// typedLines are the first lines that somebody typed, with what was rubbed
// out left out.
func typedLines(b []byte) []string {
	var out []string
	var l []byte
	for i, c := range b {
		switch {
		case c == '\r' || c == '\n':
			if c == '\n' && i > 0 && b[i-1] == '\r' {
				continue
			}
			out = append(out, string(l))
			if l = l[:0]; len(out) == 2 {
				return out
			}
		case c == 0x7f || c == 8:
			l = l[:max(0, len(l)-1)]
		case c >= ' ' && len(l) < 128:
			l = append(l, c)
		}
	}
	return out
}

// command returns what stands behind the first line that begins with a word,
// and what follows that line.
func command(b []byte, word string) (value string, rest []byte, ok bool) {
	for range 64 {
		l, next, whole := line(b)
		if len(l) >= len(word) && strings.EqualFold(string(l[:len(word)]), word) {
			return strings.TrimSpace(string(l[len(word):])), next, true
		}
		if !whole {
			return "", nil, false
		}
		b = next
	}
	return "", nil, false
}

// upgraded goes on with TLS where a side asked for it within a text protocol.
func upgraded(client, server []byte, word string) (Dialogue, bool) {
	_, rest, ok := command(client, word)
	if !ok {
		return Dialogue{}, false
	}
	d := Dialogue{Protocol: TLS, Reading: Encrypted, More: true}
	at := 0
	for at < len(server) {
		if isTLS(server[at:], 2) {
			break
		}
		i := bytes.IndexByte(server[at:], '\n')
		if i < 0 {
			at = len(server)
			break
		}
		at += i + 1
	}
	if !isTLS(rest, 1) {
		return d, len(rest) == 0
	}
	return tlsStream(rest, server[at:], 0)
}

// ftpStream reads FTP (RFC 959), and TLS in it (RFC 4217).
func ftpStream(client, server []byte, port int) (Dialogue, bool) {
	user, _, named := command(client, "USER ")
	greeted := bytes.HasPrefix(server, []byte("220"))
	if !greeted && port != 21 || !named && port != 21 {
		return Dialogue{}, false
	}
	if !greeted && !named && !bytes.Contains(client, []byte("AUTH TLS")) {
		return Dialogue{}, false
	}
	d := Dialogue{Protocol: FTP, Reading: Clear, More: true}
	if t, ok := upgraded(client, server, "AUTH TLS"); ok && !named {
		return t, true
	}
	secret, _, ok := command(client, "PASS ")
	if named && ok && !strings.EqualFold(user, "anonymous") && !strings.EqualFold(user, "ftp") {
		d.login(FTPLogin, user, secret)
	}
	if named {
		d.Passages = append(d.Passages, Passage{What: "login", Text: "USER " + shorten(user)})
	}
	for _, w := range []string{"RETR ", "STOR ", "CWD "} {
		if v, _, ok := command(client, w); ok {
			d.pass("request", []byte(w+v))
		}
	}
	return d, true
}

// mailStream reads SMTP (RFC 5321, 4954), POP3 (RFC 1939) and IMAP (RFC 9051),
// and TLS in them.
func mailStream(client, server []byte, port int) (Dialogue, bool) {
	_, _, ehlo := command(client, "EHLO ")
	_, _, helo := command(client, "HELO ")
	switch {
	case (ehlo || helo) && (len(server) == 0 || bytes.HasPrefix(server, []byte("220"))):
		if t, ok := upgraded(client, server, "STARTTLS"); ok {
			return t, true
		}
		d := Dialogue{Protocol: SMTP, Reading: Clear, More: true}
		if v, rest, ok := command(client, "AUTH PLAIN"); ok {
			if v == "" {
				l, _, _ := line(rest)
				v = string(l)
			}
			plainLogin(&d, v)
		} else if v, rest, ok := command(client, "AUTH LOGIN"); ok {
			first, rest, _ := line(rest)
			second, _, whole := line(rest)
			if v != "" {
				second, first = first, []byte(v)
				whole = len(second) > 0
			}
			user, err1 := base64.StdEncoding.DecodeString(string(first))
			secret, err2 := base64.StdEncoding.DecodeString(string(second))
			if whole && err1 == nil && err2 == nil {
				d.login(MailLogin, string(user), string(secret))
			}
		}
		if v, _, ok := command(client, "MAIL FROM:"); ok {
			d.pass("request", []byte("MAIL FROM: "+v))
		}
		return d, true
	case bytes.HasPrefix(server, []byte("+OK")) && (port == 110 || bytes.Contains(client, []byte("\n"))):
		if t, ok := upgraded(client, server, "STLS"); ok {
			return t, true
		}
		d := Dialogue{Protocol: POP3, Reading: Clear, More: true}
		user, _, named := command(client, "USER ")
		if secret, _, ok := command(client, "PASS "); named && ok {
			d.login(MailLogin, user, secret)
		}
		return d, true
	case bytes.HasPrefix(server, []byte("* OK")) || bytes.HasPrefix(server, []byte("* PREAUTH")):
		d := Dialogue{Protocol: IMAP, Reading: Clear, More: true}
		for b := client; len(b) > 0; {
			l, rest, whole := line(b)
			f := strings.Fields(string(l))
			switch {
			case len(f) == 2 && strings.EqualFold(f[1], "STARTTLS"):
				if t, ok := upgraded(client, server, string(l)); ok {
					return t, true
				}
			case len(f) == 4 && strings.EqualFold(f[1], "LOGIN"):
				d.login(MailLogin, strings.Trim(f[2], `"`), strings.Trim(f[3], `"`))
			}
			if !whole {
				break
			}
			b = rest
		}
		return d, true
	}
	return Dialogue{}, false
}

// plainLogin reads SASL PLAIN (RFC 4616, 2).
func plainLogin(d *Dialogue, v string) {
	b, err := base64.StdEncoding.DecodeString(v)
	if err != nil {
		return
	}
	if f := strings.Split(string(b), "\x00"); len(f) == 3 {
		d.login(MailLogin, f[1], f[2])
	}
}

// syslog reads a message of RFC 5424 or RFC 3164: <priority> and text.
func syslog(b []byte, from, to int) (Dialogue, bool) {
	if len(b) < 8 || b[0] != '<' {
		return Dialogue{}, false
	}
	i := bytes.IndexByte(b[:5], '>')
	if i < 2 {
		return Dialogue{}, false
	}
	n := 0
	for _, c := range b[1:i] {
		if c < '0' || c > '9' {
			return Dialogue{}, false
		}
		n = n*10 + int(c-'0')
	}
	if n > 191 || from != 514 && to != 514 && !legible(b) {
		return Dialogue{}, false
	}
	d := Dialogue{Protocol: Syslog, Reading: Clear}
	d.pass("log", b[i+1:])
	return d, true
}

func syslogStream(client, _ []byte, port int) (Dialogue, bool) {
	if i := bytes.IndexByte(client, ' '); i > 0 && i < 6 && i+1 < len(client) && client[i+1] == '<' { // counted octets (RFC 6587, 3.4.1)
		client = client[i+1:]
	}
	return syslog(client, 0, port)
}

// ntp reports whether bytes are a message of NTP (RFC 5905, 7.3).
func ntp(b []byte) bool {
	if len(b) < 48 {
		return len(b) >= 12 && b[0]&7 >= 6 && b[0]>>3&7 >= 1 // control messages
	}
	return b[0]>>3&7 >= 1 && b[0]>>3&7 <= 4 && b[0]&7 != 0
}

// stun reads STUN and what is built on it (RFC 8489, 5).
func stun(b []byte, _, _ int) (Dialogue, bool) {
	if len(b) < 20 || b[0]&0xc0 != 0 || binary.BigEndian.Uint32(b[4:]) != 0x2112a442 || int(binary.BigEndian.Uint16(b[2:]))+20 != len(b) {
		return Dialogue{}, false
	}
	return Dialogue{Protocol: STUN, Reading: Signalling}, true
}

// quic knows the long header of QUIC (RFC 9000, 17.2; RFC 9369) and of what
// came before it. The server's name within is not read.
func quic(b []byte, from, to int) (Dialogue, bool) {
	if len(b) < 7 {
		return Dialogue{}, false
	}
	v := binary.BigEndian.Uint32(b[1:])
	known := v == 1 || v == 0x6b3343cf || v>>8 == 0xff0000 || v>>24 == 'Q' && b[2] == '0' || v>>24 == 'T' && b[2] == '0'
	if b[0]&0x80 != 0 && (known && b[0]&0x40 != 0 || v == 0 && (from == 443 || to == 443)) && b[5] <= 20 && int(b[5])+6 < len(b) {
		return Dialogue{Protocol: QUIC, Reading: Encrypted}, true
	}
	if (from == 443 || to == 443) && len(b) > 13 && b[0]&0xc1 == 0x01 && b[9] == 'Q' && b[10] == '0' { // gQUIC up to Q043
		return Dialogue{Protocol: QUIC, Reading: Encrypted}, true
	}
	return Dialogue{}, false
}
