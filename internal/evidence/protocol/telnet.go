package protocol

import (
	"bytes"
	"strings"
)

// Commands of Telnet. RFC 854.
const (
	telnetIAC  = 255
	telnetWill = 251
	telnetDont = 254
	telnetSB   = 250
	telnetSE   = 240
)

// telnetStream reads Telnet (RFC 854). Prompts for a name and a password are
// matched with the lines the client sends, in order; where the server echoes
// what is typed, the echo says which line is the name.
func telnetStream(client, server []byte, port int) (Dialogue, bool) {
	typed, a := telnetText(client)
	shown, b := telnetText(server)
	if a+b == 0 {
		if port != 23 && port != 2323 || !isPrompting(shown) || len(typed) > 0 && printing(typed) < 50 {
			return Dialogue{}, false
		}
	} else if a < 0 || b < 0 || len(shown) >= readableLen && printing(shown) < 60 {
		return Dialogue{}, false
	}
	d := Dialogue{Protocol: Telnet, Reading: Clear, More: true}
	if l := firstLine(shown); len(l) > 0 {
		d.say(whatBanner, l)
	}
	d.telnet(shown, typedLines(typed))
	return d, true
}

// telnetText leaves the commands out and returns how many there were at the
// start, or -1 when the bytes cannot be Telnet.
func telnetText(b []byte) (text []byte, commands int) {
	if len(b) == 0 {
		return nil, 0
	}
	text = make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] != telnetIAC {
			text = append(text, b[i])
			continue
		}
		if i+1 >= len(b) {
			break
		}
		switch c := b[i+1]; {
		case c == telnetIAC:
			text = append(text, c)
			i++
		case c >= telnetWill && c <= telnetDont:
			if i+2 < len(b) {
				if o := b[i+2]; o > 49 && o != 255 && (o < 138 || o > 140) { // IANA, Telnet Options
					return text, -1
				}
				if len(text) == 0 {
					commands++
				}
			}
			i += 2
		case c == telnetSB:
			end := bytes.Index(b[i:], []byte{telnetIAC, telnetSE})
			if end < 0 {
				return text, commands
			}
			if len(text) == 0 {
				commands++
			}
			i += end + 1
		case c >= 241:
			i++
		default:
			return text, -1
		}
	}
	return text, commands
}

// prompts are what asks for a name or for a password, in small letters.
var prompts = []struct {
	text   string
	secret bool
}{
	{"password:", true}, {"passwd:", true}, {"passcode:", true}, {"password for", true},
	{"login:", false}, {"username:", false}, {"user name:", false}, {"user:", false}, {"login name:", false}, {"account:", false},
}

// nextPrompt finds the first prompt and where it ends. "Last login:" is none.
func nextPrompt(low []byte) (end int, secret, ok bool) {
	best := -1
	for _, p := range prompts {
		from := 0
		for from < len(low) {
			i := bytes.Index(low[from:], []byte(p.text))
			if i < 0 {
				break
			}
			i += from
			if bytes.HasSuffix(low[:i], []byte("last ")) {
				from = i + len(p.text)
				continue
			}
			if best < 0 || i < best {
				best, end, secret = i, i+len(p.text), p.secret
			}
			break
		}
	}
	return end, secret, best >= 0
}

func isPrompting(shown []byte) bool {
	_, _, ok := nextPrompt(bytes.ToLower(shown[:min(len(shown), judged)]))
	return ok && printing(shown[:min(len(shown), judged)]) >= readableShare
}

// typedLines are the whole lines a client sent, as they are after backspace.
func typedLines(b []byte) [][]byte {
	var out [][]byte
	var l []byte
	for i := 0; i < len(b) && len(out) < maxBatch; i++ {
		switch c := b[i]; c {
		case '\r', '\n':
			if c == '\r' && i+1 < len(b) && (b[i+1] == '\n' || b[i+1] == 0) {
				i++
			}
			out = append(out, l)
			l = nil
		case 0x08, 0x7f:
			l = l[:max(0, len(l)-1)]
		case 0x15: // the line is taken back
			l = nil
		default:
			l = append(l, c)
		}
	}
	return out
}

// telnet matches prompts with lines.
func (d *Dialogue) telnet(shown []byte, lines [][]byte) {
	low := make([]byte, len(shown)) // ASCII only, so that places stay the same
	for i, c := range shown {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		low[i] = c
	}
	var user []byte
	asked := false // for a name, just before
	for n := 0; n < 2*maxCredentials && len(lines) > 0; n++ {
		end, secret, ok := nextPrompt(low)
		if !ok {
			return
		}
		low, shown = low[end:], shown[end:]
		switch {
		case !secret:
			echo := bytes.TrimSpace(firstLine(bytes.TrimLeft(shown[:min(len(shown), 256)], " ")))
			for skip := range lines {
				if len(echo) > 0 && bytes.Equal(lines[skip], echo) {
					lines = lines[skip:]
					break
				}
			}
			user, lines, asked = lines[0], lines[1:], true
		case asked || n == 0:
			if len(user)+len(lines[0]) > 0 {
				d.login(credential(TelnetIn, user, lines[0]))
				d.note(whatLogin, "a name and a password were typed")
			}
			lines, user, asked = lines[1:], nil, false
		default: // somebody who is signed in is asked once more: which line answers is not known
			return
		}
	}
}

// firstLine returns the first line that holds something.
func firstLine(b []byte) []byte {
	for l := range bytes.SplitSeq(b[:min(len(b), judged)], []byte("\n")) {
		if l = bytes.Trim(l, "\r\x00 \t"); len(l) > 0 {
			if _, _, ok := nextPrompt([]byte(strings.ToLower(string(l)))); ok {
				return l[:min(len(l), 40)]
			}
			return l
		}
	}
	return nil
}
