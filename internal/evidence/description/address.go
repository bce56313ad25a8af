package description

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/open-iot-mark/iotmark/internal/evidence/netprofile"
	"github.com/open-iot-mark/iotmark/internal/evidence/tree"
)

// secure and clear are the schemes and protocol names of addresses. What
// stands in neither, such as a broker's own name, says nothing.
var (
	secure = map[string]bool{"https": true, "wss": true, "mqtts": true, "secure-mqtt": true, "coaps": true, "coaps+tcp": true, "coaps+ws": true, "amqps": true, "ssl": true, "tls": true, "kafka-secure": true, "stomps": true, "ibmmq-secure": true, "ftps": true, "sftp": true, "ssh": true, "rtsps": true, "grpcs": true}
	clear  = map[string]bool{"http": true, "ws": true, "mqtt": true, "mqtt5": true, "coap": true, "coap+tcp": true, "coap+ws": true, "amqp": true, "amqp1": true, "tcp": true, "udp": true, "kafka": true, "stomp": true, "modbus+tcp": true, "ftp": true, "telnet": true, "rtsp": true, "redis": true, "nats": true}
)

// tlsPorts are ports that are assigned to the encrypted form of a protocol
// whose name alone says the clear form (IANA).
var tlsPorts = map[int]bool{443: true, 8443: true, 8883: true, 5671: true, 5684: true, 9093: true}

// address reads one address. The protocol is what the format says beside it,
// if it does.
func address(raw, protocol string) Server {
	s := Server{URL: cut(raw, maxLine), Scheme: strings.ToLower(protocol), Reach: Unknown}
	rest := raw
	if i := strings.Index(rest, "://"); i >= 0 {
		s.Scheme, rest = strings.ToLower(rest[:i]), rest[i+3:]
	} else if strings.HasPrefix(rest, "/") || strings.HasPrefix(rest, ".") || rest == "" {
		return s // relative to where the description was found
	}
	rest, _, _ = strings.Cut(rest, "/")
	rest, _, _ = strings.Cut(rest, "?")
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		rest = rest[i+1:]
	}
	// The port stands after the last colon; without brackets an IPv6 address
	// has none.
	host, port := rest, ""
	if i := strings.LastIndexByte(rest, ':'); i >= 0 && (strings.HasPrefix(rest, "[") && rest[i-1] == ']' || strings.IndexByte(rest, ':') == i) {
		host, port = rest[:i], rest[i+1:]
	}
	s.Host = cut(strings.TrimSuffix(strings.ToLower(strings.Trim(host, "[]")), "."), maxLine)
	if p, err := strconv.Atoi(port); err == nil && p > 0 && p < 65536 {
		s.Port = p
	}
	s.Secure = secure[s.Scheme]
	s.Clear = clear[s.Scheme]
	if s.Clear && s.Scheme != "http" && s.Scheme != "ws" && tlsPorts[s.Port] {
		s.Secure, s.Clear = true, false
	}
	s.Reach = reach(s.Host)
	return s
}

// reach says from where a host answers. A variable in front of a domain does
// not hide the domain: {device}.local is local, {region}.api.example public.
func reach(host string) Reach {
	if i := strings.LastIndexByte(host, '}'); i >= 0 {
		host = strings.TrimPrefix(host[i+1:], ".")
		if host == "" || strings.IndexByte(host, '.') < 0 && !netprofile.LocalHost("x."+host) {
			return Unknown
		}
		host = "x." + host
	}
	switch {
	case host == "" || strings.ContainsAny(host, "{}"):
		return Unknown
	case netprofile.LocalHost(host):
		return Local
	}
	return Public
}

// fill puts the defaults of variables into an address, in the order of the
// file. It cuts after each, since a default may hold variables again.
func (r *reading) fill(raw string, variables *tree.Node) string {
	const longest = 2000
	raw = cut(raw, longest)
	for _, k := range variables.Fields() {
		if v := r.ref(k).Get("default").String(); v != "" && strings.Contains(raw, "{"+k.Key+"}") {
			raw = cut(strings.ReplaceAll(raw, "{"+k.Key+"}", cut(v, maxLine)), longest)
		}
	}
	return raw
}

func (r *reading) server(s Server) {
	for _, o := range r.f.Servers {
		if o.URL == s.URL && o.Scheme == s.Scheme {
			return
		}
	}
	if len(r.f.Servers) >= maxServers {
		r.f.Cut = true
		return
	}
	r.f.Servers = append(r.f.Servers, s)
}

// origin cuts an address after the host.
func origin(raw string) string {
	if u, err := url.Parse(raw); err == nil && u.Scheme != "" && u.Host != "" {
		return u.Scheme + "://" + u.Host
	}
	return raw
}
