package datasecurity_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/checktest"
	"github.com/open-iot-mark/iotmark/internal/check/datasecurity"
	"github.com/open-iot-mark/iotmark/internal/evidence/description"
	"github.com/open-iot-mark/iotmark/internal/evidence/netprofile"
	"github.com/open-iot-mark/iotmark/internal/samples"
)

// mud is a profile with entries on the side of the device and on the other.
func mud(from, to []string) string {
	side := func(name string, matches []string) string {
		var aces []string
		for i, m := range matches {
			aces = append(aces, fmt.Sprintf("{\"name\":\"%s%d\",\"matches\":%s,\"actions\":{\"forwarding\":\"accept\"}}", name, i, m))
		}
		return fmt.Sprintf(`{"name":"%s","aces":{"ace":[`, name) + "\n" + strings.Join(aces, ",\n") + "]}}"
	}
	policy := `"from-device-policy":{"access-lists":{"access-list":[{"name":"f"}]}}`
	lists := side("f", from)
	if to != nil {
		policy += `,"to-device-policy":{"access-lists":{"access-list":[{"name":"t"}]}}`
		lists += "," + side("t", to)
	}
	return `{"ietf-mud:mud":{"mud-version":1,"mud-url":"https://a.example/m",` + policy + `},"ietf-access-control-list:acls":{"acl":[` + lists + `]}}`
}

func out(host, proto string, port int) string {
	return fmt.Sprintf(`{"ipv4":{"ietf-acldns:dst-dnsname":"%s"},"%s":{"destination-port":{"operator":"eq","port":%d}}}`, host, proto, port)
}

func local(port int) string {
	return fmt.Sprintf(`{"ietf-mud:mud":{"local-networks":[null]},"tcp":{"destination-port":{"operator":"eq","port":%d}}}`, port)
}

func paths(t *testing.T, contents ...string) check.Input {
	var in check.Input
	for i, c := range contents {
		id := iotmark.EvidenceID(fmt.Sprint("e", i))
		if strings.Contains(c, "ietf") {
			in.Items = append(in.Items, checktest.Item(t, netprofile.Reader, iotmark.KindNetworkProfile, id, c))
		} else {
			in.Items = append(in.Items, checktest.Item(t, description.Reader, iotmark.KindInterfaceDescription, id, c))
		}
	}
	return in
}

func api(url string) string { return "openapi: 3.0.3\ninfo: {}\nservers:\n  - url: " + url + "\n" }

func TestClearPorts(t *testing.T) {
	t.Parallel()
	dns := `{"ietf-mud:mud":{"controller":"urn:ietf:params:mud:dns"},"udp":{"destination-port":{"operator":"eq","port":53}}}`
	checktest.Run(t, datasecurity.ClearPorts, []checktest.Case{
		checktest.Row("encrypted only, and the resolver of the place", paths(t, mud([]string{out("a.example", "tcp", 443), out("a.example", "tcp", 8883), dns}, []string{local(443)}), api("https://a.example")), "passed none"),
		checktest.Row("the address of a class without ports", paths(t, mud([]string{`{"ietf-mud:mud":{"controller":"urn:ietf:params:mud:ntp"}}`}, nil)), "passed none"),
		checktest.Row("telnet from the home", paths(t, mud([]string{out("a.example", "tcp", 443)}, []string{local(443), local(23)})), "failed clear 4"),
		checktest.Row("plain MQTT to the cloud", paths(t, mud([]string{out("a.example", "tcp", 1883)}, nil)), "failed clear 2"),
		checktest.Row("plain MQTT to a hub in the home", paths(t, mud([]string{out("hub.local", "tcp", 1883)}, nil)), "failed clear 2"),
		checktest.Row("HTTP to the internet", paths(t, mud([]string{out("a.example", "tcp", 80)}, nil)), "failed clear 2"),
		checktest.Row("HTTP to a list of withdrawn certificates", paths(t, mud([]string{out("crl3.pki.example", "tcp", 80)}, nil)), "cantTell revocation 2"),
		checktest.Row("HTTP to a host named a little like it", paths(t, mud([]string{out("spki.example", "tcp", 80)}, nil)), "failed clear 2"),
		checktest.Row("HTTP from the home", paths(t, mud([]string{out("a.example", "tcp", 443)}, []string{local(80)})), "cantTell local-web 3"),
		checktest.Row("HTTP from anybody", paths(t, mud([]string{out("a.example", "tcp", 443)}, []string{`{"tcp":{"destination-port":{"operator":"eq","port":80}}}`})), "failed clear 3"),
		checktest.Row("CoAP and a second web port", paths(t, mud([]string{out("a.example", "udp", 5683), out("a.example", "tcp", 8080)}, nil)), "cantTell either 2", "cantTell either 3"),
		checktest.Row("names from a resolver in the internet", paths(t, mud([]string{out("dns.example", "udp", 53)}, nil)), "cantTell either 2"),
		checktest.Row("a range that holds telnet", paths(t, mud([]string{`{"ipv4":{"ietf-acldns:dst-dnsname":"a.example"},"tcp":{"destination-port":{"lower-port":22,"upper-port":24}}}`}, nil)), "cantTell range 2"),
		checktest.Row("any port", paths(t, mud([]string{`{"ipv4":{"ietf-acldns:dst-dnsname":"a.example"}}`}, nil)), "cantTell any-port 2"),
		checktest.Row("one connection in both directions is told once", paths(t, mud(
			[]string{`{"ipv4":{"ietf-acldns:dst-dnsname":"a.example"},"tcp":{"ietf-mud:direction-initiated":"from-device","destination-port":{"operator":"eq","port":80}}}`},
			[]string{`{"ipv4":{"ietf-acldns:src-dnsname":"a.example"},"tcp":{"ietf-mud:direction-initiated":"from-device","source-port":{"operator":"eq","port":80}}}`})), "failed clear 2"),
		checktest.Row("the port of who calls is no service", paths(t, mud([]string{out("a.example", "tcp", 443)},
			[]string{`{"ietf-mud:mud":{"local-networks":[null]},"tcp":{"ietf-mud:direction-initiated":"to-device","destination-port":{"operator":"eq","port":443},"source-port":{"operator":"eq","port":23}}}`})), "passed none"),
		checktest.Row("a list that is not there", paths(t, strings.Replace(mud([]string{out("a.example", "tcp", 443)}, []string{local(443)}), `"name":"t","aces"`, `"name":"x","aces"`, 1)), "cantTell incomplete 1"),
		checktest.Row("a public address in clear text", paths(t, mud([]string{out("a.example", "tcp", 443)}, nil), api("http://api.a.example:8000/v1")), "failed clear-address 4"),
		checktest.Row("a local address in clear text", paths(t, mud([]string{out("a.example", "tcp", 443)}, nil), api("ws://hub.local")), "cantTell local-address 4"),
		checktest.Row("no profile", paths(t, api("https://a.example")), "cantTell no-profile"),
		checktest.Row("no profile, and a clear address", paths(t, api("http://a.example")), "failed clear-address 4"),
		checktest.Row("a profile that cannot be read, beside a clean description", paths(t, `{"ietf-mud:mud":`, api("https://a.example")), "cantTell unread"),
	})
}

func TestClearPortsReal(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"mud/lightbulb2000.json", "mud/ieft-draft.json"} {
		in := paths(t, string(samples.Read(t, name)))
		if got := checktest.Worst(datasecurity.ClearPorts.Run(in)); got != iotmark.Passed {
			t.Errorf("%s: got %s", name, got)
		}
	}
}

func TestClearPortsProducts(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]iotmark.Outcome{"careful": "passed", "average": "passed", "disaster": "failed", "example": "passed"} {
		in := checktest.Product(t, name, "2026-11-22", netprofile.Reader, description.Reader)
		fs := datasecurity.ClearPorts.Run(in)
		t.Logf("%s:\n%s", name, checktest.Words(fs))
		if got := checktest.Worst(fs); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
		checktest.Whole(t, name, in, fs)
	}
}

// A profile of many entries gives a bounded number of findings.
func TestClearPortsHostile(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range 5000 {
		many = append(many, out(fmt.Sprintf("h%d.example", i), "tcp", 23))
	}
	in := paths(t, mud(many, nil))
	fs := datasecurity.ClearPorts.Run(in)
	checktest.Whole(t, "many", in, fs)
	if len(fs) > 30 {
		t.Errorf("%d findings", len(fs))
	}
}
