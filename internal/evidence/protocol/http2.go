package protocol

import (
	"bytes"

	"golang.org/x/net/http2/hpack"
)

var preface = []byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")

// http2Stream reads HTTP/2 without TLS by prior knowledge. RFC 9113, 3.3.
func http2Stream(client, server []byte, port int) (Dialogue, bool) {
	if !bytes.HasPrefix(client, preface) {
		return Dialogue{}, false
	}
	d := Dialogue{Protocol: HTTP, Reading: Clear, More: true}
	b := client[len(preface):]
	var heads []http2Head
	var cur *http2Head
	dec := hpack.NewDecoder(4096, func(f hpack.HeaderField) { cur.add(f.Name, f.Value) })
	dec.SetMaxStringLength(maxLine)
	var block []byte
	broken := false
	for len(b) >= 9 && len(heads) < maxBatch {
		n := int(b[0])<<16 | int(b[1])<<8 | int(b[2])
		kind, flags := b[3], b[4]
		stream := (uint32(b[5])<<24 | uint32(b[6])<<16 | uint32(b[7])<<8 | uint32(b[8])) & 0x7fffffff
		body := b[9:min(len(b), 9+n)]
		whole := len(body) == n
		switch kind {
		case 0: // DATA
			body = unpad(body, flags)
			for i := range heads {
				if heads[i].stream == stream {
					heads[i].body = append(heads[i].body, body...)
					break
				}
			}
		case 1, 9: // HEADERS, CONTINUATION
			if kind == 1 {
				body = unpad(body, flags)
				if flags&0x20 != 0 { // priority
					body = body[min(5, len(body)):]
				}
				block = block[:0]
			}
			block = append(block, body...)
			if !whole || flags&0x4 == 0 || broken {
				break
			}
			heads = append(heads, http2Head{stream: stream})
			cur = &heads[len(heads)-1]
			if _, err := dec.Write(block); err != nil || dec.Close() != nil {
				broken = true
				heads = heads[:len(heads)-1]
			}
		}
		if !whole {
			break
		}
		b = b[9+n:]
	}
	for i := range heads {
		q := heads[i].message()
		d.request(&q, HTTPBasic)
	}
	if len(d.Passages) == 0 {
		d.note(whatBanner, "HTTP/2 without TLS")
	}
	return d, true
}

// unpad leaves the padding of a frame out.
func unpad(b []byte, flags byte) []byte {
	if flags&0x8 == 0 || len(b) == 0 {
		return b
	}
	pad := int(b[0])
	b = b[1:]
	return b[:max(0, len(b)-pad)]
}

// http2Head is a request, written as one of HTTP/1.
type http2Head struct {
	stream       uint32
	method, path string
	host         string
	lines        []byte
	body         []byte
}

func (h *http2Head) add(name, value string) {
	switch name {
	case ":method":
		h.method = value
	case ":path":
		h.path = value
	case ":authority":
		h.host = value
	default:
		if len(h.lines)+len(name)+len(value) < maxLine && name != "" && name[0] != ':' {
			h.lines = append(append(append(append(h.lines, name...), ':'), value...), '\n')
		}
	}
}

func (h *http2Head) message() message {
	return message{
		start: []byte(h.method + " " + h.path + " HTTP/2"),
		head:  append([]byte("host:"+h.host+"\n"), h.lines...),
		body:  h.body,
		whole: true,
	}
}
