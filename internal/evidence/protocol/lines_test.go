package protocol_test

import (
	"crypto/tls"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark/internal/evidence/protocol"
)

// tlsTalk is what two ends of TLS 1.2 say.
func tlsTalk(t *testing.T) (sent, received string, host string) {
	t.Helper()
	a, b, _ := talk(t, &tls.Config{InsecureSkipVerify: true, ServerName: "mail.example", MaxVersion: tls.VersionTLS12}, &tls.Config{Certificates: []tls.Certificate{keyed(t)}})
	return string(a), string(b), "mail.example"
}

// Protocols of lines: which it is, what signs in, and TLS within.
func TestLines(t *testing.T) {
	t.Parallel()
	sent, received, host := tlsTalk(t)
	token := b64("user=al@example.org\x01auth=Bearer abcdefgh\x01\x01")
	for _, c := range []struct {
		name, client, server string
		port                 int
		protocol             protocol.Name
		reading              protocol.Reading
		host                 string
		logins               []protocol.Credential
	}{
		{"smtp, login in two lines", "EHLO a\r\nAUTH LOGIN\r\n" + b64("bob") + "\r\n" + b64("word") + "\r\n", "220 mx ESMTP\r\n", 25, protocol.SMTP, protocol.Clear, "", login("mail", "bob", 4)},
		{"smtp, login, name in the same", "EHLO a\r\nAUTH LOGIN " + b64("bob") + "\r\n" + b64("word") + "\r\n", "220 mx\r\n", 2525, protocol.SMTP, protocol.Clear, "", login("mail", "bob", 4)},
		{"smtp, plain in two lines", "EHLO a\r\nAUTH PLAIN\r\n" + b64("x\x00bob\x00word") + "\r\n", "220 mx\r\n", 25, protocol.SMTP, protocol.Clear, "", login("mail", "bob", 4)},
		{"smtp, token", "EHLO a\r\nAUTH XOAUTH2 " + token + "\r\n", "220 mx\r\n", 587, protocol.SMTP, protocol.Clear, "", login("mail", "al@e...", 8)},
		{"smtp, a challenge is no leak", "EHLO a\r\nAUTH CRAM-MD5\r\n" + b64("bob 0123456789abcdef") + "\r\n", "220 mx\r\n", 25, protocol.SMTP, protocol.Clear, "", nil},
		{"smtp, the text of a mail is none", "EHLO a\r\nDATA\r\nAUTH PLAIN " + b64("\x00bob\x00word") + "\r\n.\r\nQUIT\r\n", "220 mx\r\n", 25, protocol.SMTP, protocol.Clear, "", nil},
		{"smtp, the client alone", "EHLO a\r\n", "", 25, protocol.SMTP, protocol.Clear, "", nil},
		{"smtp, the server alone", "", "220 mx ESMTP ready\r\n", 4711, protocol.SMTP, protocol.Clear, "", nil},
		{"smtp, TLS", "EHLO a\r\nSTARTTLS\r\n" + sent, "220 mx\r\n250 STARTTLS\r\n220 go\r\n" + received, 587, protocol.SMTP, protocol.Encrypted, host, nil},
		{"smtp, TLS after the password", "EHLO a\r\nAUTH PLAIN " + b64("\x00bob\x00word") + "\r\nSTARTTLS\r\n" + sent, "220 mx\r\n250 k\r\n235 k\r\n220 go\r\n" + received, 587, protocol.SMTP, protocol.Clear, host, login("mail", "bob", 4)},
		{"smtp, TLS that is refused", "EHLO a\r\nSTARTTLS\r\nAUTH PLAIN " + b64("\x00bob\x00word") + "\r\n", "220 mx\r\n250 k\r\n454 no\r\n", 587, protocol.SMTP, protocol.Clear, "", login("mail", "bob", 4)},
		{"pop3, TLS", "STLS\r\n" + sent, "+OK\r\n+OK\r\n" + received, 110, protocol.POP3, protocol.Encrypted, host, nil},
		{"pop3, a digest is no leak", "APOP bob c4c9334bac560ecc979e58001b3e22fb\r\n", "+OK <1.2@x>\r\n", 110, protocol.POP3, protocol.Clear, "", nil},
		{"pop3, plain", "AUTH PLAIN " + b64("\x00bob\x00word") + "\r\n", "+OK\r\n", 110, protocol.POP3, protocol.Clear, "", login("mail", "bob", 4)},
		{"imap, in quotes", "a LOGIN \"bo b\" \"wo\\\"rd\"\r\n", "* OK\r\n", 143, protocol.IMAP, protocol.Clear, "", login("mail", "bo b", 5)},
		{"imap, literals", "a LOGIN {3}\r\nbob {4+}\r\nword\r\n", "* OK\r\n+\r\n+\r\n", 143, protocol.IMAP, protocol.Clear, "", login("mail", "bob", 4)},
		{"imap, plain", "a AUTHENTICATE PLAIN\r\n" + b64("\x00bob\x00word") + "\r\n", "* OK\r\n", 4711, protocol.IMAP, protocol.Clear, "", login("mail", "bob", 4)},
		{"imap, TLS", "a STARTTLS\r\n" + sent, "* OK\r\na OK\r\n" + received, 143, protocol.IMAP, protocol.Encrypted, host, nil},
		{"ftp, TLS", "AUTH TLS\r\n" + sent, "220 x\r\n234 go\r\n" + received, 21, protocol.FTP, protocol.Encrypted, host, nil},
		{"ftp, TLS after the password", "USER al\r\nPASS pw\r\nAUTH TLS\r\n" + sent, "220 x\r\n331 x\r\n230 x\r\n234 go\r\n" + received, 21, protocol.FTP, protocol.Clear, host, login("ftp", "al", 2)},
		{"ftp on another port", "USER al\r\nPASS pw\r\n", "220 x\r\n", 2121, protocol.FTP, protocol.Clear, "", login("ftp", "al", 2)},
		{"ftp, a line that is not whole", "USER al\r\nPASS p", "220 x\r\n", 21, protocol.FTP, protocol.Clear, "", nil},
		{"a line of no known form", "USER al and more words than a line has\r\n", "hello there, this is no server of files\r\n", 21, protocol.Unknown, protocol.Clear, "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := protocol.Stream([]byte(c.client), []byte(c.server), c.port)
			if d.Protocol != c.protocol || d.Reading != c.reading || d.Host != c.host {
				t.Errorf("got %s %s %q", d.Protocol, d.Reading, d.Host)
			}
			if diff := cmp.Diff(c.logins, d.Credentials); diff != "" {
				t.Errorf("got (-want +got)\n%s", diff)
			}
			for _, p := range d.Passages {
				if strings.Contains(p.Text, "word") && c.protocol != protocol.Unknown || strings.Contains(p.Text, b64("word")) {
					t.Errorf("passage %q", p.Text)
				}
			}
		})
	}
}

func TestTelnet(t *testing.T) {
	t.Parallel()
	neg := "\xff\xfd\x18\xff\xfb\x01"
	for _, c := range []struct {
		name, client, server string
		port                 int
		known                bool
		logins               []protocol.Credential
	}{
		{"a character at a time, with echo", neg + "r\x00oot\r\x00"[:1] + "oot\r\x00secret\r\x00", neg + "cam login: root\r\nPassword: \r\n# ", 23, true, login("telnet", "root", 6)},
		{"rubbed out", neg + "rop\x7fot\r\nsecreT\x08t\r\n", neg + "login: root\r\nPassword: ", 23, true, login("telnet", "root", 6)},
		{"a first line that wakes the server", neg + "\r\nroot\r\npw\r\n", neg + "press enter\r\nlogin: root\r\nPassword: ", 23, true, login("telnet", "root", 2)},
		{"the second try", neg + "root\r\na\r\nroot\r\nbcd\r\n", neg + "login: root\r\nPassword: \r\nwrong\r\nlogin: root\r\nPassword: ", 23, true,
			[]protocol.Credential{{Scheme: "telnet", User: "root", Secret: 1}, {Scheme: "telnet", User: "root", Secret: 3}}},
		{"a password alone", neg + "pw\r\n", neg + "Password: ", 23, true, login("telnet", "", 2)},
		{"last login is no prompt", neg + "root\r\npw\r\nls\r\nexit\r\n", neg + "login: root\r\nPassword: \r\nLast login: Sat\r\n# ", 23, true, login("telnet", "root", 2)},
		{"somebody else later", neg + "root\r\npw\r\nsu\r\nother\r\n", neg + "login: root\r\nPassword: \r\n$ su\r\nPassword: ", 23, true, login("telnet", "root", 2)},
		{"no password", neg + "root\r\n\r\n", neg + "login: root\r\nPassword: ", 23, true, login("telnet", "root", 0)},
		{"without negotiation, on its port", "root\r\npw\r\n", "camera login: root\r\nPassword: ", 23, true, login("telnet", "root", 2)},
		{"without negotiation, on another port", "root\r\npw\r\n", "camera login: root\r\nPassword: ", 7000, false, nil},
		{"on another port", neg + "root\r\npw\r\n", neg + "login: root\r\nPassword: ", 9527, true, login("telnet", "root", 2)},
		{"a prompt that nobody answered", neg, neg + "login: ", 23, true, nil},
		{"music", "\xff\xfb\x90\x64" + strings.Repeat("\x00\x12", 60), "", 8000, false, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := protocol.Stream([]byte(c.client), []byte(c.server), c.port)
			if (d.Protocol == protocol.Telnet) != c.known {
				t.Errorf("got %s", d.Protocol)
			}
			if diff := cmp.Diff(c.logins, d.Credentials); diff != "" {
				t.Errorf("got (-want +got)\n%s", diff)
			}
		})
	}
}

func TestSyslog(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, b string
		port    int
		want    protocol.Name
	}{
		{"RFC 3164", "<34>Oct 11 22:14:15 cam su: failed", 514, protocol.Syslog},
		{"RFC 3164 on another port", "<34>Oct 11 22:14:15 cam su: failed", 5514, protocol.Syslog},
		{"RFC 5424 on another port", "<165>1 2026-10-11T22:14:15.003Z cam app - ID47 - started", 5514, protocol.Syslog},
		{"RFC 5424 without a date", "<165>1 - cam app - - - started", 5514, protocol.Syslog},
		{"no date, on its port", "<13>started", 514, protocol.Syslog},
		{"no date, on another port", "<13>started", 5514, protocol.Unknown},
		{"no such priority", "<192>Oct 11 22:14:15 cam su: failed", 514, protocol.Unknown},
		{"markup", "<a>Oct 11 22:14:15 cam su: failed", 514, protocol.Unknown},
		{"not text", "<13>\x00\x01\x02\x03\x04\x05", 514, protocol.Unknown},
	} {
		if d := protocol.Datagram([]byte(c.b), 40000, c.port); d.Protocol != c.want {
			t.Errorf("%s: got %s", c.name, d.Protocol)
		}
	}
	lines := "<34>Oct 11 22:14:15 cam a\n<34>Oct 11 22:14:15 cam b\n"
	if diff := cmp.Diff(passages("log", "Oct 11 22:14:15 cam a", "log", "Oct 11 22:14:15 cam b"), protocol.Stream([]byte(lines), nil, 6514).Passages); diff != "" {
		t.Errorf("got (-want +got)\n%s", diff)
	}
}

func TestSSH(t *testing.T) {
	t.Parallel()
	d := protocol.Stream([]byte("SSH-2.0-dropbear_2019.78\r\n\x00\x01"), []byte("SSH-2.0-OpenSSH_9.6\r\n"), 2222)
	if diff := cmp.Diff(protocol.Dialogue{Protocol: protocol.SSH, Reading: protocol.Encrypted, Agent: "SSH-2.0-dropbear_2019.78"}, d); diff != "" {
		t.Errorf("got (-want +got)\n%s", diff)
	}
	if d := protocol.Stream(nil, []byte("SSH-2.0-OpenSSH_9.6\r\n"), 22); d.Protocol != protocol.SSH || !d.More {
		t.Errorf("got %+v", d)
	}
}
