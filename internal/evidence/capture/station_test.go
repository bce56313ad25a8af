package capture_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark/internal/evidence/capture"
	"github.com/open-iot-mark/iotmark/internal/evidence/protocol"
)

// question and answer are DNS messages (RFC 1035, 4).
func question(name string) string {
	return "\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + labels(name) + "\x00\x01\x00\x01"
}

func answer(flags, name string, ips ...string) string {
	s := "\x00\x01" + flags + "\x00\x01\x00" + string(rune(len(ips))) + "\x00\x00\x00\x00" + labels(name) + "\x00\x01\x00\x01"
	for _, ip := range ips {
		s += "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04" + string(netip.MustParseAddr(ip).AsSlice())
	}
	return s
}

// announce is an mDNS response (RFC 6762).
func announce(name, ip string) string {
	return "\x00\x00\x84\x00\x00\x00\x00\x01\x00\x00\x00\x00" + labels(name) + "\x00\x01\x80\x01\x00\x00\x00\x78\x00\x04" + string(netip.MustParseAddr(ip).AsSlice())
}

func labels(name string) string {
	var b strings.Builder
	for l := range strings.SplitSeq(name, ".") {
		b.WriteByte(byte(len(l)))
		b.WriteString(l)
	}
	return b.String() + "\x00"
}

// dhcp is a message of a client (RFC 2131): type 1 discovers, 3 requests; of a
// server: 5 acknowledges.
func dhcp(mac string, typ byte, options ...string) string {
	op := "\x01"
	if typ == 2 || typ == 5 {
		op = "\x02"
	}
	s := op + "\x01\x06\x00" + "\x01\x02\x03\x04" + strings.Repeat("\x00", 20) + string(macOf(mac)) + strings.Repeat("\x00", 10+64+128) + "\x63\x82\x53\x63" + "\x35\x01" + string(typ)
	for _, o := range options {
		s += o[:1] + string([]byte{byte(len(o) - 1)}) + o[1:]
	}
	return s + "\xff"
}

func discover(mac string, options ...string) []byte {
	return ether(mac, allM, udpOf("0.0.0.0", "255.255.255.255", 68, 67, dhcp(mac, 1, options...)))
}

func ask(from, mac, name string) []byte {
	return ether(mac, gateM, udpOf(from, router, 50000, 53, question(name)))
}

func told(to, mac, name string, ips ...string) []byte {
	return ether(gateM, mac, udpOf(router, to, 53, 50000, answer("\x81\x80", name, ips...)))
}

func hello(from, mac string) []byte {
	return ether(mac, gateM, tcpOf(from, far, 40000, 9443, 1, syn, ""))
}

// The product is told by a name, by its MUD address, or because nothing else
// is left; never by a guess.
func TestProduct(t *testing.T) {
	t.Parallel()
	const otherM, other = "02:00:00:00:00:40", "192.168.1.40"
	mud := "\xa1https://lamp.example/lamp.json"
	get := func(agent string) []byte {
		return ether(phoneM, gateM, tcpOf(phone, far, 40000, 80, 1, ack, "GET / HTTP/1.1\r\nHost: a.example\r\nUser-Agent: "+agent+"\r\n\r\n"))
	}
	for _, c := range []struct {
		name, file string
		packets    [][]byte
		want       string // hardware of the product, told by
		roles      string
	}{
		{"alone", "x", [][]byte{hello(lamp, lampM)}, lampM + " only", "product:only router:gateway"},
		{"two", "x", [][]byte{hello(lamp, lampM), hello(other, otherM)}, "", "other: router:gateway other:"},
		{"two, named", "lab device-020000000040.pcap", [][]byte{hello(lamp, lampM), hello(other, otherM)}, otherM + " named", "other: router:gateway product:named"},
		{"two, named with dashes", "device-02-00-00-00-00-40.pcap", [][]byte{hello(lamp, lampM), hello(other, otherM)}, otherM + " named", "other: router:gateway product:named"},
		{"two, named with colons", "device=02:00:00:00:00:40.pcap", [][]byte{hello(lamp, lampM), hello(other, otherM)}, otherM + " named", "other: router:gateway product:named"},
		{"named, and not there", "device-020000000099.pcap", [][]byte{hello(lamp, lampM)}, "", "other: router:gateway"},
		{"a longer number is no name", "device-0200000000991.pcap", [][]byte{hello(lamp, lampM)}, lampM + " only", "product:only router:gateway"},
		{"the router is the product", "device-020000000001.pcap", [][]byte{hello(lamp, lampM)}, gateM + " named", "other: product:named"},
		{"two, one has a MUD address", "x", [][]byte{hello(lamp, lampM), hello(other, otherM), discover(otherM, mud)}, otherM + " mud", "other: router:gateway product:mud"},
		{"two, both have", "x", [][]byte{hello(lamp, lampM), hello(other, otherM), discover(otherM, mud), discover(lampM, mud)}, "", "other: router:gateway other:"},
		{"a phone by its vendor class", "x", [][]byte{hello(lamp, lampM), hello(phone, phoneM), discover(phoneM, "\x3candroid-dhcp-14")}, lampM + " only", "product:only router:gateway phone:dhcp-vendor"},
		{"a computer by its vendor class", "x", [][]byte{hello(lamp, lampM), hello(phone, phoneM), discover(phoneM, "\x3cMSFT 5.0")}, lampM + " only", "product:only router:gateway phone:dhcp-vendor"},
		{"a phone by its name", "x", [][]byte{hello(lamp, lampM), hello(phone, phoneM), discover(phoneM, "\x0cAnnas-iPhone")}, lampM + " only", "product:only router:gateway phone:dhcp-name"},
		{"a phone by its lookup", "x", [][]byte{hello(lamp, lampM), ask(phone, phoneM, "captive.apple.com")}, lampM + " only", "product:only router:gateway phone:lookup"},
		{"a phone by its agent", "x", [][]byte{hello(lamp, lampM), get("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)")}, lampM + " only", "product:only router:gateway phone:user-agent"},
		{"an agent of a lamp", "x", [][]byte{hello(lamp, lampM), get("lamp/1.0 (esp32)")}, "", "other: router:gateway other:"},
		{"a phone that is the product", "device-020000000030.pcap", [][]byte{discover(phoneM, "\x3candroid-dhcp-14")}, phoneM + " named", "product:named"},
		{"one that gives out addresses", "x", [][]byte{hello(lamp, lampM), ether(otherM, lampM, udpOf(other, lamp, 67, 68, dhcp(lampM, 5)))}, lampM + " only", "product:only router:gateway router:dhcp-server"},
		{"one that answers lookups", "x", [][]byte{hello(lamp, lampM), ether(otherM, lampM, udpOf(other, lamp, 53, 50000, answer("\x81\x80", "a.example", far)))}, lampM + " only", "product:only router:gateway other:dns-server"},
		{"only called by broadcast", "x", [][]byte{discover(lampM)}, lampM + " only", "product:only"},
		{"a public address alone", "x", [][]byte{down(udpOf(far, far2, 1, 2, "x"))}, gateM + " only", "product:only"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f, err := readNamed(t, c.file, pcapOf(1, c.packets...))
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if f.Device >= 0 {
				got = f.Stations[f.Device].Hardware + " " + string(f.Told)
			}
			var roles []string
			for _, s := range f.Stations {
				roles = append(roles, fmt.Sprintf("%s:%s", s.Role, s.Why))
			}
			if got != c.want || strings.Join(roles, " ") != c.roles {
				t.Errorf("got %q, %q", got, roles)
			}
		})
	}
}

// A far end has the name under which the same station looked it up before.
func TestNamesOfFarEnds(t *testing.T) {
	t.Parallel()
	call := func(from, mac string, port int) []byte {
		return ether(mac, gateM, tcpOf(from, far, port, 9443, 1, syn, ""))
	}
	for _, c := range []struct {
		name    string
		packets [][]byte
		want    string
	}{
		{"looked up before", [][]byte{ask(lamp, lampM, "a.example"), told(lamp, lampM, "a.example", far, far2), call(lamp, lampM, 1)}, "a.example dns"},
		{"looked up after", [][]byte{call(lamp, lampM, 1), ask(lamp, lampM, "a.example"), told(lamp, lampM, "a.example", far)}, " "},
		{"asked and not answered", [][]byte{ask(lamp, lampM, "a.example"), call(lamp, lampM, 1)}, " "},
		{"by another", [][]byte{told(phone, phoneM, "b.example", far), call(lamp, lampM, 1)}, "b.example dns"},
		{"by both", [][]byte{ask(lamp, lampM, "a.example"), told(lamp, lampM, "a.example", far), told(phone, phoneM, "b.example", far), call(lamp, lampM, 1)}, "a.example dns"},
		{"twice", [][]byte{told(lamp, lampM, "a.example", far), told(lamp, lampM, "c.example", far), call(lamp, lampM, 1)}, "c.example dns"},
		{"a name of its own beside", [][]byte{told(lamp, lampM, "a.example", far), up(tcpOf(lamp, far, 40002, 9443, 1, ack, request))}, "cloud.example http"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := factsOf(t, pcapOf(1, c.packets...))
			k := talksTo(f, "tcp", 9443)
			if len(k) != 1 || k[0].Host+" "+k[0].Named != c.want {
				t.Errorf("got %+v", k)
			}
		})
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	multicast := ether(lampM, "01:00:5e:00:00:fb", udpOf(lamp, "224.0.0.251", 5353, 5353, announce("lamp-42.local", lamp)))
	proxy := ether(phoneM, "01:00:5e:00:00:fb", udpOf(phone, "224.0.0.251", 5353, 5353, announce("printer.local", "192.168.1.99")))
	f := factsOf(t, pcapOf(1,
		ask(lamp, lampM, "a.example"), told(lamp, lampM, "a.example", far, far2), ask(lamp, lampM, "a.example"),
		ether(lampM, gateM, udpOf(lamp, "8.8.8.8", 50001, 53, question("b.example"))), multicast, proxy))
	want := []capture.Asked{
		{Station: 0, Name: "a.example", Server: router, Local: true, Answer: []string{far, far2}, Count: 2, At: 1},
		{Station: 0, Name: "b.example", Server: "8.8.8.8", Count: 1, At: 4},
	}
	if d := cmp.Diff(want, f.Names); d != "" {
		t.Errorf("got (-want +got)\n%s", d)
	}
	if f.Stations[0].Name != "lamp-42.local" {
		t.Errorf("got the name %q", f.Stations[0].Name)
	}
	for _, s := range f.Stations {
		if s.Name == "printer.local" {
			t.Errorf("a name that stands for another: %+v", s)
		}
	}
	if k := talksTo(f, "udp", 5353); len(k) == 0 || k[0].Protocol != protocol.MDNS || !k[0].Local {
		t.Errorf("got %+v", k)
	}
}

// A public address of IPv6 belongs to whom its frames come from.
func TestPublicAddressesAtHome(t *testing.T) {
	t.Parallel()
	const pub, cloud = "2001:db8:9::20", "2001:db8:ffff::7"
	call := up(tcpOf(pub, cloud, 40000, 9443, 1, syn, ""))
	ra := cat([]byte{134, 0, 0, 0, 64, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 3, 4, 64, 0xc0, 0, 0, 0, 9, 0, 0, 0, 9, 0, 0, 0, 0, 0x20, 1, 0xd, 0xb8, 0, 9}, make([]byte, 10))
	for _, c := range []struct {
		name    string
		packets [][]byte
		roles   string
	}{
		{"a link-local address before", [][]byte{up(ipOf("fe80::20", "ff02::2", 58, make([]byte, 8))), call}, "product"},
		{"a router's advertisement before", [][]byte{ether(gateM, lampM, ipOf("fe80::1", "ff02::1", 58, ra)), call}, "router product"},
		{"nothing before", [][]byte{call}, "product"},
	} {
		f := factsOf(t, pcapOf(1, c.packets...))
		k := talksTo(f, "tcp", 9443)
		if len(k) != 1 || k[0].Station != f.Device || k[0].Local || f.Device < 0 || f.Stations[f.Device].Hardware != lampM {
			t.Errorf("%s: got %+v", c.name, f)
			continue
		}
		var roles []string
		for _, s := range f.Stations[:f.Device+1] {
			roles = append(roles, string(s.Role))
		}
		if strings.Join(roles, " ") != c.roles {
			t.Errorf("%s: got %+v", c.name, f.Stations)
		}
	}
}
