package protocol

import "bytes"

// syslogDatagram reads syslog over UDP (RFC 5424, RFC 3164): logs of the
// device that anybody on the way reads.
func syslogDatagram(b []byte, from, to int) (Dialogue, bool) {
	msg, ok := logEntry(b, either(from, to, 514))
	if !ok {
		return Dialogue{}, false
	}
	d := Dialogue{Protocol: Syslog, Reading: Clear}
	d.say(whatLog, msg)
	return d, true
}

// syslogStream reads syslog over TCP, behind a count or parted by line ends
// (RFC 6587, 3.4).
func syslogStream(client, server []byte, port int) (Dialogue, bool) {
	d := Dialogue{Protocol: Syslog, Reading: Clear, More: true}
	own := port == 514 || port == 601
	for n := 0; n < maxPassages && len(client) > 0; n++ {
		entry, rest, whole := line(client, maxLine)
		if count, text, ok := bytes.Cut(client[:min(len(client), 8)], []byte(" ")); ok && len(text) > 0 && digits(string(count)) {
			size := 0
			for _, c := range count {
				size = size*10 + int(c-'0')
			}
			client = client[len(count)+1:]
			size = min(size, len(client))
			entry, rest, whole = client[:size], client[size:], true
		}
		msg, ok := logEntry(entry, own)
		if !ok {
			return d, n > 0
		}
		d.say(whatLog, msg)
		if !whole {
			break
		}
		client = rest
	}
	return d, len(d.Passages) > 0
}

var months = []byte("JanFebMarAprMayJunJulAugSepOctNovDec")

// logEntry returns an entry behind its priority. Off its own port the entry
// must go on with a version or a date.
func logEntry(b []byte, own bool) ([]byte, bool) {
	if len(b) < 4 || b[0] != '<' {
		return nil, false
	}
	i := bytes.IndexByte(b[:min(len(b), 5)], '>')
	if i < 2 || !digits(string(b[1:i])) {
		return nil, false
	}
	pri := 0
	for _, c := range b[1:i] {
		pri = pri*10 + int(c-'0')
	}
	rest := b[i+1:]
	if pri > 191 || printing(rest[:min(len(rest), judged)]) < readableShare {
		return nil, false
	}
	if own {
		return rest, true
	}
	dated := len(rest) > 15 && (rest[3] == ' ' && bytes.Contains(months, rest[:3]) || // RFC 3164, 4.1.2
		rest[1] == ' ' && rest[0] >= '1' && rest[0] <= '9' && (rest[2] == '-' || digits(string(rest[2:6])) && rest[6] == '-')) // RFC 5424, 6
	return rest, dated
}
