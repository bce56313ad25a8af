package capture_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark/internal/evidence/capture"
	"github.com/open-iot-mark/iotmark/internal/evidence/protocol"
	"github.com/open-iot-mark/iotmark/internal/samples"
)

// Counts of real captures, as tshark 4.0.17 gives them: packets, packets
// whose lengths lie, conversations.
func TestCounts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name                string
		packets, odd, flows int64
		links               string
	}{
		{"intl-iot/yi_camera_sample.pcap", 1631, 0, 7, "ethernet"},
		{"ndpi/alexa-app.pcapng", 3103, 0, 160, "ethernet"},
		{"ndpi/dns_dot.pcap", 24, 0, 1, "ethernet"},
		{"ndpi/mqtt.pcap", 9, 0, 2, "ethernet"},
		{"ndpi/telnet.pcap", 92, 5, 1, "ethernet"}, // five are longer by their IP head than they are
		{"ndpi/tplink_shp.pcap", 251, 0, 8, "ethernet"},
		{"zeek/basic-auth-with-colon.pcap", 12, 0, 1, "ip"},
		{"zeek/dhcp.pcap", 9, 0, 4, "ethernet"},
		{"zeek/dtls1_2.pcap", 16, 0, 1, "ethernet"},
		{"zeek/mdns.pcap", 24, 0, 4, "ethernet"},
		{"zeek/mqtt.pcap", 19, 0, 2, "ethernet"},
		{"zeek/ssl-v2.pcap", 25, 0, 1, "ethernet"},
		{"zeek/tls-expired-cert.pcap", 49, 0, 2, "ethernet"},
		{"zeek/tls1_1.pcap", 23, 0, 1, "ethernet"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := sample(t, c.name)
			if f.Packets != c.packets || f.Odd != c.odd || f.Flows != c.flows || strings.Join(f.Links, " ") != c.links {
				t.Errorf("got %d packets, %d odd, %d flows, links %q", f.Packets, f.Odd, f.Flows, f.Links)
			}
			if f.Cut != "" || f.Short+f.Sealed+f.Overlap+f.Gaps+f.Fragments+f.Lost != 0 {
				t.Errorf("cut %q, %d short, %d sealed, %d overlap, %d fragments, %d lost, %d gaps", f.Cut, f.Short, f.Sealed, f.Overlap, f.Fragments, f.Lost, f.Gaps)
			}
			sound(t, f)
		})
	}
}

// ndpiFlow is one line of a result of nDPI.
var ndpiFlow = regexp.MustCompile(`(?m)^\t\d+\t(\w+) \[?([0-9a-f.:]+?)\]?:(\d+) <?-> \[?([0-9a-f.:]+?)\]?:(\d+) .*\[proto: [0-9.]+/([A-Za-z0-9_]+).*$`)
var ndpiName = regexp.MustCompile(`\[Hostname/SNI: ([^\]]+)\]`)

// The conversations are those of nDPI, by transport, port and far end; so are
// the names of TLS and HTTP, and what can be read.
func TestAgainstNDPI(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"alexa-app.pcapng", "dns_dot.pcap", "mqtt.pcap", "telnet.pcap", "tplink_shp.pcap"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := sample(t, "ndpi/"+name)
			want, names := map[string]int64{}, map[string]bool{}
			clear := map[string]bool{}
			for _, m := range ndpiFlow.FindAllStringSubmatch(string(samples.Read(t, "pcap/ndpi/"+name+".out")), -1) {
				from, _ := strconv.Atoi(m[3])
				to, _ := strconv.Atoi(m[5])
				k := fmt.Sprintf("%s %d", strings.NewReplacer("icmpv6", "icmp", "igmp", "2").Replace(strings.ToLower(m[1])), min(from, to))
				want[k]++
				if n := ndpiName.FindStringSubmatch(m[0]); n != nil && m[1] == "TCP" {
					names[strings.Split(n[1], ":")[0]] = true
				}
				if m[1] == "TCP" && slices.Contains([]string{"HTTP", "MQTT", "Telnet"}, m[6]) {
					clear[k] = true
				}
			}
			got, hosts := map[string]int64{}, map[string]bool{}
			for _, k := range f.Talks {
				got[fmt.Sprintf("%s %d", k.Transport, k.Port)] += k.Flows
				if k.Named == "sni" || k.Named == "http" {
					hosts[k.Host] = true
				}
			}
			if d := cmp.Diff(want, got); d != "" || len(want) == 0 {
				t.Errorf("conversations: got (-want +got)\n%s", d)
			}
			if d := cmp.Diff(slices.Sorted(maps.Keys(names)), slices.Sorted(maps.Keys(hosts))); d != "" {
				t.Errorf("names: got (-want +got)\n%s", d)
			}
			for k := range clear {
				if !slices.ContainsFunc(f.Talks, func(t capture.Talk) bool {
					return fmt.Sprintf("%s %d", t.Transport, t.Port) == k && t.Reading == "clear"
				}) {
					t.Errorf("%s can be read, and no talk says so", k)
				}
			}
		})
	}
}

// Whom each capture shows, and who of them is the product.
func TestStationsOfSamples(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		device int
		told   capture.Told
		want   []string // hardware, first address, role, why
	}{
		{"zeek/mqtt.pcap", 0, capture.ByOnly, []string{"28:cf:e9:21:14:8f 10.0.1.4 product only", "24:a2:e1:e6:ee:9b  router gateway"}},
		{"zeek/basic-auth-with-colon.pcap", 0, capture.ByOnly, []string{" 172.24.133.205 product only"}},
		{"intl-iot/yi_camera_sample.pcap", -1, "", []string{
			"b0:d5:9d:b9:f0:b4 192.168.10.204 other ", "64:bc:0c:6a:81:f3 192.168.10.248 other ", "22:ef:03:1a:97:b9 192.168.10.254 router gateway"}},
		{"ndpi/alexa-app.pcapng", -1, "", []string{
			"78:f8:82:d3:fb:c2 fe80::7af8:82ff:fed3:fbc2 phone dhcp-name", "00:c0:ca:91:a3:ef 172.16.42.1 router gateway", "00:c0:ca:91:5a:01 172.16.42.42 router gateway"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := sample(t, c.name)
			var got []string
			for _, s := range f.Stations {
				got = append(got, fmt.Sprintf("%s %s %s %s", s.Hardware, strings.Join(s.Addresses[:min(1, len(s.Addresses))], ""), s.Role, s.Why))
			}
			if d := cmp.Diff(c.want, got); d != "" || f.Device != c.device || f.Told != c.told {
				t.Errorf("got %d %q (-want +got)\n%s", f.Device, f.Told, d)
			}
		})
	}
}

// A camera that looks nothing up and encrypts nothing: its meeting points in
// the cloud, its call into the network at home, its film to the phone. The
// file's name tells which of them it is.
func TestYiCamera(t *testing.T) {
	t.Parallel()
	b := samples.Read(t, "pcap/intl-iot/yi_camera_sample.pcap")
	f, err := readNamed(t, "yi device-b0-d5-9d-b9-f0-b4.pcap", b)
	if err != nil {
		t.Fatal(err)
	}
	if f.Told != capture.ByName || f.Stations[f.Device].Hardware != "b0:d5:9d:b9:f0:b4" || f.Stations[f.Device].Role != capture.Product {
		t.Fatalf("got the product %d by %q", f.Device, f.Told)
	}
	if len(f.Names) != 0 || len(f.Sessions) != 0 || len(f.Logins) != 0 {
		t.Errorf("got names, handshakes or sign-ins: %+v %+v %+v", f.Names, f.Sessions, f.Logins)
	}
	var meet []string
	film := int64(0)
	for _, k := range f.Talks {
		if k.Station != f.Device {
			t.Errorf("a talk without the camera: %+v", k)
		}
		if k.Port == 32100 && k.Transport == "udp" && k.Answered && !k.Local && k.Reading != "encrypted" {
			meet = append(meet, k.Address)
		}
		if k.Transport == "udp" && k.Peer == 1 && k.Local {
			film += k.Sent
		}
	}
	if d := cmp.Diff([]string{"47.88.59.209", "47.90.240.160", "47.74.255.9"}, meet); d != "" {
		t.Errorf("meeting points: got (-want +got)\n%s", d)
	}
	if k := talksTo(f, "udp", 32108); len(k) != 1 || !k[0].Local || k[0].Peer != -1 || k[0].Answered {
		t.Errorf("call at home: got %+v", k)
	}
	if film < 736_000 {
		t.Errorf("got %d bytes of film", film)
	}
	for i, k := range f.Talks {
		if k.Transport == "icmp" && (!k.Called || k.Received == 0 || k.Peer != 1) {
			t.Errorf("the talk %d is not told from the side of the camera: %+v", i, k)
		}
	}
}

// Eighteen names were looked up, and fourteen stand in hellos of TLS, one of
// them of an advertiser; pictures came without encryption.
func TestAlexaApp(t *testing.T) {
	t.Parallel()
	f := sample(t, "ndpi/alexa-app.pcapng")
	if len(f.Names) != 18 {
		t.Errorf("got %d names", len(f.Names))
	}
	servers := map[string]bool{}
	weak := false
	for _, s := range f.Sessions {
		if s.Server != "" {
			servers[s.Server] = true
		}
		weak = weak || s.Chosen == "TLS_RSA_WITH_AES_128_CBC_SHA"
		if s.Suites != nil {
			t.Errorf("all suites are kept: %+v", s)
		}
	}
	if len(servers) != 14 || !servers["mads.amazon-adsystem.com"] || !servers["mobileanalytics.us-east-1.amazonaws.com"] || !weak {
		t.Errorf("got %q, weak %v", slices.Sorted(maps.Keys(servers)), weak)
	}
	pictures := int64(0)
	for _, k := range f.Talks {
		if k.Host == "ecx.images-amazon.com" && k.Port == 80 && k.Reading == protocol.Clear {
			pictures += k.Flows
		}
		if k.Host == "" && !k.Local && k.Transport == "tcp" {
			t.Errorf("a far end without a name: %+v", k)
		}
	}
	if pictures == 0 {
		t.Error("no picture was seen")
	}
}

// What each of the others must give, and nothing else.
func TestMustFind(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		talks  string // protocol and reading of each, without repetition
		logins string // scheme, user, length of the secret
		names  int
	}{
		{"ndpi/mqtt.pcap", "mqtt clear", "mqtt 02D5... 12, mqtt iota... 176", 0},
		{"ndpi/tplink_shp.pcap", "tplink-smart-home clear", "", 0},
		{"ndpi/telnet.pcap", "telnet clear", "telnet fake 4", 0},
		{"ndpi/dns_dot.pcap", "tls encrypted", "", 0},
		{"zeek/mqtt.pcap", "mqtt clear", "", 0},
		{"zeek/basic-auth-with-colon.pcap", "http clear", "http-basic test 4", 0},
		{"zeek/ssl-v2.pcap", "sslv2 encrypted", "", 0},
		{"zeek/dtls1_2.pcap", "dtls encrypted", "", 0},
		{"zeek/tls-expired-cert.pcap", "tls encrypted", "", 0},
		{"zeek/tls1_1.pcap", "tls encrypted", "", 0},
		{"zeek/mdns.pcap", "mdns signalling, unknown signalling", "", 11},
		{"zeek/dhcp.pcap", "dhcp signalling", "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := sample(t, c.name)
			var talks, logins []string
			for _, k := range f.Talks {
				if s := fmt.Sprintf("%s %s", k.Protocol, k.Reading); !slices.Contains(talks, s) {
					talks = append(talks, s)
				}
			}
			for _, l := range f.Logins {
				if s := fmt.Sprintf("%s %s %d", l.Scheme, l.User, l.Secret); !slices.Contains(logins, s) {
					logins = append(logins, s)
				}
			}
			if got := strings.Join(talks, ", "); got != c.talks {
				t.Errorf("got the talks %s, want %s", got, c.talks)
			}
			if got := strings.Join(logins, ", "); got != c.logins {
				t.Errorf("got the sign-ins %s, want %s", got, c.logins)
			}
			if len(f.Names) != c.names {
				t.Errorf("got %+v", f.Names)
			}
		})
	}
	f := sample(t, "zeek/mdns.pcap")
	if f.Stations[0].Name != "johanna-qemu-virtual-machine.local" {
		t.Errorf("got the name %q", f.Stations[0].Name)
	}
	f = sample(t, "zeek/tls-expired-cert.pcap")
	if len(f.Sessions) != 2 || f.Sessions[0].Certificates[0].NotAfter.Format("2006-01-02") != "2014-03-04" || len(f.Sessions[0].Weak) != 16 {
		t.Errorf("got %+v", f.Sessions)
	}
	if f = sample(t, "zeek/ssl-v2.pcap"); len(f.Sessions) != 1 || f.Sessions[0].Version != "SSL 2.0" {
		t.Errorf("got %+v", f.Sessions)
	}
}
