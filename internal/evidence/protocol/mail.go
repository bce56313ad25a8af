package protocol

import (
	"bytes"
	"slices"
	"strings"
)

// mailStream reads the protocols of lines: SMTP (RFC 5321), POP3 (RFC 1939),
// IMAP (RFC 9051) and FTP (RFC 959), each with its way into TLS (RFC 3207,
// 2595, 4217). It is clear, and encrypted when TLS began before any sign-in.
func mailStream(client, server []byte, port int) (Dialogue, bool) {
	name := lineProtocol(client, server, port)
	if name == Unknown {
		return Dialogue{}, false
	}
	d := Dialogue{Protocol: name, Reading: Clear, More: true}
	if l, _, ok := line(server, 1024); ok {
		d.say(whatBanner, l)
	}
	w := lineWalk{d: &d, rest: client}
	switch name {
	case FTP:
		w.walk(w.ftp)
	case SMTP:
		w.walk(w.smtp)
	case POP3:
		w.walk(w.pop3)
	case IMAP:
		w.walk(w.imap)
	}
	if !w.upgrade || !looksLikeTLS(w.rest) {
		return d, true
	}
	for n := 0; n < maxBatch && len(server) > 0 && !looksLikeTLS(server); n++ {
		_, server, _ = line(server, maxLine)
	}
	if in, ok := tlsStream(w.rest, server, 0); ok {
		d.Handshake, d.Host, d.More = in.Handshake, in.Host, in.More
		if len(d.Credentials) == 0 {
			d.Reading, d.Passages = in.Reading, nil
		}
	}
	return d, true
}

var (
	imapCommands = []string{"LOGIN", "CAPABILITY", "AUTHENTICATE", "STARTTLS", "SELECT", "EXAMINE", "NOOP", "ID", "LOGOUT", "NAMESPACE", "LIST", "ENABLE"}
	ftpCommands  = []string{"USER", "AUTH", "FEAT", "SYST", "OPTS", "PBSZ", "HOST", "QUIT", "NOOP", "CLNT"}
	pop3Commands = []string{"USER", "CAPA", "STLS", "APOP", "AUTH", "QUIT"}
	smtpCommands = []string{"EHLO", "HELO", "LHLO", "QUIT", "NOOP"}
)

// lineProtocol tells which of the four it is by the greeting of the server
// and the first command of the client. Either alone is enough only on the
// usual port, or where it names the protocol.
func lineProtocol(client, server []byte, port int) Name {
	first, _, whole := line(client, 512)
	verb, rest, _ := strings.Cut(string(first[:min(len(first), 256)]), " ")
	verb = strings.ToUpper(verb)
	next, _, _ := strings.Cut(strings.ToUpper(rest), " ")
	said := func(list []string) bool { return whole && slices.Contains(list, verb) }
	imap := whole && len(verb) > 0 && len(verb) < 16 && slices.Contains(imapCommands, next)
	greeting, _, _ := line(server, 1024)
	upper := strings.ToUpper(string(greeting[:min(len(greeting), 256)]))
	switch {
	case len(server) == 0:
		switch {
		case said(smtpCommands) && slices.Contains([]int{25, 465, 587, 2525}, port):
			return SMTP
		case said(ftpCommands) && port == 21:
			return FTP
		case said(pop3Commands) && port == 110:
			return POP3
		case imap && port == 143:
			return IMAP
		}
	case strings.HasPrefix(upper, "220 "), strings.HasPrefix(upper, "220-"):
		switch {
		case len(client) > 0 && said(smtpCommands[:3]):
			return SMTP
		case len(client) > 0 && said(ftpCommands):
			return FTP
		case len(client) > 0 && whole:
		case strings.Contains(upper, "SMTP"), port == 25, port == 587:
			return SMTP
		case strings.Contains(upper, "FTP"), port == 21:
			return FTP
		}
	case strings.HasPrefix(upper, "+OK"):
		if said(pop3Commands) || len(client) == 0 && (port == 110 || strings.Contains(upper, "POP")) {
			return POP3
		}
	case strings.HasPrefix(upper, "* OK"), strings.HasPrefix(upper, "* PREAUTH"):
		if imap || len(client) == 0 {
			return IMAP
		}
	}
	return Unknown
}

// lineWalk goes over the lines of a client.
type lineWalk struct {
	d       *Dialogue
	rest    []byte
	upgrade bool                // the client asked for TLS
	answer  func(l []byte) bool // what reads the next line, if anything does
	user    []byte
	data    bool // the text of a mail
}

func (w *lineWalk) walk(command func(l []byte)) {
	for n := 0; n < 4*maxBatch && len(w.rest) > 0; n++ {
		if w.upgrade && looksLikeTLS(w.rest) {
			return
		}
		l, rest, ok := line(w.rest, maxLine)
		if !ok {
			return
		}
		w.rest = rest
		if w.data {
			w.data = !bytes.Equal(l, []byte("."))
			continue
		}
		if a := w.answer; a != nil {
			w.answer = nil
			if a(l) {
				continue
			}
		}
		command(l)
	}
}

// verb parts a line into its first word in capitals and the rest.
func verb(l []byte) (string, []byte) {
	v, rest, _ := bytes.Cut(bytes.TrimSpace(l), []byte(" "))
	return strings.ToUpper(string(v[:min(len(v), 32)])), bytes.TrimSpace(rest)
}

// pass reports a password for the user told before. An anonymous sign-in (RFC
// 1635) gives no secret away.
func (w *lineWalk) pass(s Scheme, secret []byte) {
	if u := strings.ToLower(string(w.user)); s == FTPLogin && (u == "anonymous" || u == "ftp") || len(w.user)+len(secret) == 0 {
		return
	}
	w.d.login(credential(s, w.user, secret))
	w.d.note(whatLogin, "USER "+head(w.user))
}

func (w *lineWalk) ftp(l []byte) {
	switch v, arg := verb(l); v {
	case "USER":
		w.user = arg
	case "PASS":
		w.pass(FTPLogin, arg)
	case "AUTH":
		w.upgrade = true
	case "RETR", "STOR", "APPE", "DELE", "MKD", "CWD", "LIST", "NLST", "SIZE", "RNFR", "RNTO":
		w.d.say(whatRequest, l)
	}
}

func (w *lineWalk) smtp(l []byte) {
	switch v, arg := verb(l); v {
	case "EHLO", "HELO", "LHLO", "MAIL", "RCPT":
		w.d.say(whatRequest, l)
	case "STARTTLS":
		w.upgrade = true
	case "AUTH":
		w.auth(arg)
	case "DATA":
		w.data = true
	case "BDAT":
		w.rest = nil // bytes follow that are no lines
	}
}

func (w *lineWalk) pop3(l []byte) {
	switch v, arg := verb(l); v {
	case "USER":
		w.user = arg
	case "PASS":
		w.pass(MailLogin, arg)
	case "STLS":
		w.upgrade = true
	case "AUTH":
		w.auth(arg)
	}
}

func (w *lineWalk) imap(l []byte) {
	_, cmd := verb(l)
	switch v, arg := verb(cmd); v {
	case "STARTTLS":
		w.upgrade = true
	case "AUTHENTICATE":
		w.auth(arg)
	case "LOGIN":
		user, arg := w.astring(arg)
		secret, _ := w.astring(arg)
		if len(user)+len(secret) > 0 {
			w.user = user
			w.pass(MailLogin, secret)
		}
	case "SELECT", "EXAMINE":
		w.d.say(whatRequest, cmd)
	}
}

// astring cuts one word, quoted text or literal off. A literal continues in
// the bytes behind its line. RFC 9051, 4.3.
func (w *lineWalk) astring(b []byte) (s, rest []byte) {
	b = bytes.TrimLeft(b, " ")
	switch {
	case len(b) > 0 && b[0] == '"':
		for i := 1; i < len(b); i++ {
			switch b[i] {
			case '\\':
				i++
			case '"':
				return bytes.ReplaceAll(b[1:i], []byte(`\`), nil), b[i+1:]
			}
		}
		return nil, nil
	case len(b) > 2 && b[0] == '{' && b[len(b)-1] == '}':
		n := 0
		for _, c := range bytes.TrimSuffix(b[1:len(b)-1], []byte("+")) {
			if c < '0' || c > '9' || n > maxLine {
				return nil, nil
			}
			n = n*10 + int(c-'0')
		}
		if n > len(w.rest) {
			return nil, nil
		}
		s = w.rest[:n]
		rest, w.rest, _ = line(w.rest[n:], maxLine)
		return s, rest
	}
	s, rest, _ = bytes.Cut(b, []byte(" "))
	return s, rest
}

// auth reads the mechanisms that send the secret as it is: PLAIN (RFC 4616),
// LOGIN, XOAUTH2 and OAUTHBEARER (RFC 7628). The answer stands in the same
// line or in the next.
func (w *lineWalk) auth(arg []byte) {
	mechanism, initial := verb(arg)
	var read func(l []byte) bool
	switch mechanism {
	case "PLAIN":
		read = func(l []byte) bool {
			raw, ok := unbase64(l)
			parts := bytes.Split(raw, []byte{0})
			if ok && len(parts) == 3 {
				w.user = parts[1]
				w.pass(MailLogin, parts[2])
			}
			return true
		}
	case "LOGIN":
		read = func(l []byte) bool {
			if user, ok := unbase64(l); ok {
				w.user = user
				w.answer = func(l []byte) bool {
					if secret, ok := unbase64(l); ok {
						w.pass(MailLogin, secret)
					}
					return true
				}
			}
			return true
		}
	case "XOAUTH2", "OAUTHBEARER":
		read = func(l []byte) bool {
			raw, ok := unbase64(l)
			_, token, found := bytes.Cut(raw, []byte("auth=Bearer "))
			if ok && found {
				token, _, _ = bytes.Cut(token, []byte{1})
				user, _, _ := bytes.Cut(raw, []byte{1})
				_, w.user, _ = bytes.Cut(bytes.TrimSuffix(user, []byte(",")), []byte("="))
				w.pass(MailLogin, token)
			}
			return true
		}
	default:
		return
	}
	if len(initial) > 0 && !bytes.Equal(initial, []byte("=")) {
		read(initial)
		return
	}
	w.answer = read
}
