package protocol

import "bytes"

// sshStream reads the banners of SSH. RFC 4253, 4.2: what follows is
// encrypted.
func sshStream(client, server []byte, port int) (Dialogue, bool) {
	c, s := bytes.HasPrefix(client, []byte("SSH-")), bytes.HasPrefix(server, []byte("SSH-"))
	if !c && !s || len(client) > 0 && !c || len(server) > 0 && !s {
		return Dialogue{}, false
	}
	d := Dialogue{Protocol: SSH, Reading: Encrypted, More: !c || !s}
	for _, b := range [][]byte{client, server} {
		l, _, ok := line(b, 256)
		if len(b) > 0 && (len(l) < 8 || !isWord(l[4])) {
			return Dialogue{}, false
		}
		if !ok && len(b) > 0 {
			d.More = true
		}
	}
	if l, _, ok := line(client, 256); ok {
		d.Agent = redact(l)
	}
	return d, true
}
