package protocol

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strconv"
	"unicode/utf8"
)

const (
	maxHops    = 10  // pointers of one name
	maxName    = 255 // octets of one name. RFC 1035, 2.3.4
	maxRecords = 512 // records of one message that are looked at
)

// dnsTypes are the names of types (IANA, DNS Parameters) that devices use.
var dnsTypes = map[uint16]string{
	1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 10: "NULL", 12: "PTR", 13: "HINFO", 15: "MX", 16: "TXT", 24: "SIG", 25: "KEY", 28: "AAAA", 29: "LOC",
	33: "SRV", 35: "NAPTR", 36: "KX", 37: "CERT", 39: "DNAME", 41: "OPT", 43: "DS", 44: "SSHFP", 45: "IPSECKEY", 46: "RRSIG", 47: "NSEC",
	48: "DNSKEY", 49: "DHCID", 50: "NSEC3", 51: "NSEC3PARAM", 52: "TLSA", 59: "CDS", 60: "CDNSKEY", 61: "OPENPGPKEY", 64: "SVCB", 65: "HTTPS",
	99: "SPF", 108: "EUI48", 109: "EUI64", 249: "TKEY", 250: "TSIG", 251: "IXFR", 252: "AXFR", 255: "ANY", 256: "URI", 257: "CAA",
}

func dnsType(t uint16) string {
	if s, ok := dnsTypes[t]; ok {
		return s
	}
	return strconv.Itoa(int(t))
}

// dnsDatagram reads DNS (RFC 1035), multicast DNS (RFC 6762) and LLMNR (RFC
// 4795, told as mdns: both ask the neighbours). The port says which of the
// three it is; on any other port a message must hold together to its end.
func dnsDatagram(b []byte, from, to int) (Dialogue, bool) {
	name := DNS
	switch {
	case either(from, to, 53):
	case either(from, to, 5353, 5355):
		name = MDNS
	case either(from, to, 137): // the same header, other names
		return Dialogue{}, false
	default:
		if len(b) < 12 || binary.BigEndian.Uint16(b[4:]) != 1 {
			return Dialogue{}, false
		}
		name = Unknown
	}
	m, ok := readDNS(b, name)
	if !ok {
		return Dialogue{}, false
	}
	if name == Unknown {
		name = DNS
	}
	return Dialogue{Protocol: name, Reading: Signalling, Lookups: m}, true
}

// dnsStream reads DNS over TCP: messages behind their length (RFC 7766, 8).
func dnsStream(client, server []byte, port int) (Dialogue, bool) {
	d := Dialogue{Protocol: DNS, Reading: Signalling, More: true}
	any := false
	for _, side := range [][]byte{client, server} {
		for first := true; len(side) > 14 && len(d.Lookups) < maxLookups; first = false {
			n := int(binary.BigEndian.Uint16(side))
			if n > len(side)-2 {
				break
			}
			kind := Unknown
			if port == 53 {
				kind = DNS
			}
			m, ok := readDNS(side[2:2+n], kind)
			if !ok && first {
				return Dialogue{}, false
			}
			any = any || ok
			d.Lookups = append(d.Lookups, m[:min(len(m), maxLookups-len(d.Lookups))]...)
			side = side[2+n:]
		}
	}
	return d, any
}

// readDNS reads one message. kind is DNS or MDNS where the port says so, and
// Unknown where nothing does: then every record must hold together, nothing
// may follow, and the question must be of a known type.
func readDNS(b []byte, kind Name) ([]Lookup, bool) {
	if len(b) < 12 {
		return nil, false
	}
	flags := binary.BigEndian.Uint16(b[2:])
	response := flags&0x8000 != 0
	opcode, rcode := flags>>11&15, flags&15
	if opcode > 6 || opcode == 3 || flags&0x0040 != 0 || kind == Unknown && (opcode != 0 || rcode > 11) {
		return nil, false
	}
	questions, answers := int(binary.BigEndian.Uint16(b[4:])), int(binary.BigEndian.Uint16(b[6:]))
	others := int(binary.BigEndian.Uint16(b[8:])) + int(binary.BigEndian.Uint16(b[10:]))
	if questions+answers+others == 0 || questions > 64 {
		return nil, false
	}
	var out []Lookup
	var buf [maxName * 4]byte
	at := 12
	for q := range questions {
		name, next, ok := dnsName(buf[:0], b, at)
		if !ok || next+4 > len(b) {
			return out, q > 0 && kind != Unknown
		}
		class := binary.BigEndian.Uint16(b[next+2:]) & 0x7fff // RFC 6762, 5.4: the top bit asks for a unicast answer
		if class != 1 && class != 3 && class != 255 && class != 254 {
			return out, q > 0 && kind != Unknown
		}
		t := binary.BigEndian.Uint16(b[next:])
		if _, known := dnsTypes[t]; !known && kind == Unknown {
			return nil, false
		}
		at = next + 4
		if len(out) < maxLookups {
			if out == nil {
				out = make([]Lookup, 0, min(questions+answers, maxLookups))
			}
			out = append(out, Lookup{Name: string(name), Type: dnsType(t), Response: response})
		}
	}
	if !response && kind != Unknown { // known answers of a question are old news
		return out, len(out) > 0
	}
	// Answers to the question: along the chain of CNAME records.
	var chain [maxHops]string
	links := 0
	if questions > 0 && len(out) > 0 {
		chain[0], links = out[0].Name, 1
	}
	records := min(answers+others, maxRecords)
	for n := range records {
		name, next, ok := dnsName(buf[:0], b, at)
		if !ok || next+10 > len(b) {
			return out, kind != Unknown && len(out) > 0
		}
		t := binary.BigEndian.Uint16(b[next:])
		size := int(binary.BigEndian.Uint16(b[next+8:]))
		data := next + 10
		if data+size > len(b) {
			return out, kind != Unknown && len(out) > 0
		}
		at = data + size
		switch {
		case questions == 0 && t != 41 && t != 47: // a response of multicast DNS: each record is news
			out = dnsNews(out, name, t, b[data:at])
		case n >= answers || links == 0:
		case !slices.Contains(chain[:links], string(name)):
		case t == 5 && links < len(chain):
			if to, _, ok := dnsName(buf[:0], b, data); ok {
				chain[links] = string(to)
				links++
			}
		default:
			dnsAddress(&out[0], t, b[data:at])
		}
	}
	return out, kind != Unknown && len(out) > 0 || kind == Unknown && at == len(b) && len(out) > 0
}

// dnsNews adds a record of a response without a question.
func dnsNews(out []Lookup, name []byte, t uint16, data []byte) []Lookup {
	kind := dnsType(t)
	for i := range out {
		if out[i].Type == kind && out[i].Name == string(name) {
			dnsAddress(&out[i], t, data)
			return out
		}
	}
	if len(out) < maxLookups {
		out = append(out, Lookup{Name: string(name), Type: kind, Response: true})
		dnsAddress(&out[len(out)-1], t, data)
	}
	return out
}

// dnsAddress adds the address of an A or AAAA record.
func dnsAddress(l *Lookup, t uint16, data []byte) {
	if t == 1 && len(data) == 4 || t == 28 && len(data) == 16 {
		a, _ := netip.AddrFromSlice(data)
		if s := a.String(); len(l.Addresses) < maxAddresses && !slices.Contains(l.Addresses, s) {
			l.Addresses = append(l.Addresses, s)
		}
	}
}

// dnsName appends the name at an offset, in lower case, without its last dot,
// to buf, and returns where the next field starts. It follows at most maxHops
// pointers. A dot or a backslash within a label, and what does not print, is
// written as \DDD (RFC 1035, 5.1).
func dnsName(buf, b []byte, at int) (name []byte, next int, ok bool) {
	next = -1
	octets := 0
	for hops := 0; ; {
		if at >= len(b) {
			return nil, 0, false
		}
		n := int(b[at])
		switch {
		case n == 0:
			if next < 0 {
				next = at + 1
			}
			return buf, next, true
		case n >= 0xc0:
			if at+2 > len(b) || hops == maxHops {
				return nil, 0, false
			}
			if next < 0 {
				next = at + 2
			}
			at = int(binary.BigEndian.Uint16(b[at:])) & 0x3fff
			hops++
			continue
		case n > 63 || at+1+n > len(b):
			return nil, 0, false
		}
		if octets += n + 1; octets > maxName {
			return nil, 0, false
		}
		if len(buf) > 0 {
			buf = append(buf, '.')
		}
		buf = dnsLabel(buf, b[at+1:at+1+n])
		at += 1 + n
	}
}

func dnsLabel(buf, l []byte) []byte {
	for i := 0; i < len(l); {
		switch c := l[i]; {
		case c >= 'A' && c <= 'Z':
			buf = append(buf, c+'a'-'A')
		case c > ' ' && c < 0x7f && c != '.' && c != '\\' || c == ' ':
			buf = append(buf, c)
		case c >= utf8.RuneSelf:
			if r, n := utf8.DecodeRune(l[i:]); n > 1 && printable(r) {
				buf = append(buf, l[i:i+n]...)
				i += n
				continue
			}
			fallthrough
		default:
			buf = append(buf, '\\', '0'+c/100, '0'+c/10%10, '0'+c%10)
		}
		i++
	}
	return buf
}

// netbiosDatagram reads the NetBIOS name service (RFC 1002, 4.2) on port 137:
// signalling, by which a device tells its name to its neighbours.
func netbiosDatagram(b []byte, from, to int) (Dialogue, bool) {
	if !either(from, to, 137) || len(b) < 12+34+4 || b[12] != 32 {
		return Dialogue{}, false
	}
	name := make([]byte, 0, 16)
	for i := 13; i < 13+32; i += 2 {
		hi, lo := b[i]-'A', b[i+1]-'A'
		if hi > 15 || lo > 15 {
			return Dialogue{}, false
		}
		name = append(name, hi<<4|lo)
	}
	name = name[:15] // the last says what kind of name it is
	for len(name) > 0 && (name[len(name)-1] == ' ' || name[len(name)-1] == 0) {
		name = name[:len(name)-1]
	}
	d := Dialogue{Protocol: NetBIOS, Reading: Signalling}
	d.Lookups = []Lookup{{Name: string(dnsLabel(nil, name)), Type: "NB", Response: b[2]&0x80 != 0}}
	return d, true
}
