package determine_test

import (
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/checktest"
	"github.com/open-iot-mark/iotmark/internal/determine"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/capture"
	"github.com/open-iot-mark/iotmark/internal/evidence/netprofile"
	"github.com/open-iot-mark/iotmark/internal/samples"
)

// homeProfile lets everything in the home pass, and nothing beyond it.
const homeProfile = `{"ietf-mud:mud":{"mud-version":1,"mud-url":"https://vendor.example/m",
"from-device-policy":{"access-lists":{"access-list":[{"name":"l"}]}},"to-device-policy":{"access-lists":{"access-list":[{"name":"l"}]}}},
"ietf-access-control-list:acls":{"acl":[{"name":"l","aces":{"ace":[{"name":"home","matches":{"ietf-mud:mud":{"local-networks":[null]}},"actions":{"forwarding":"accept"}}]}}]}}`

// What every check on captures says of every real capture, when the file's
// name tells the product: all that is wrong, as tshark and nDPI show it, and
// nothing that is not.
func TestRealCaptures(t *testing.T) {
	t.Parallel()
	// seen is what is told; of all else, that the product is not seen at work.
	seen := func(told string) []string {
		var out []string
		for what := range strings.FieldsSeq("certificates cleartext logins tls-suites tls-versions destinations recipients profile") {
			line := what + ": cantTell capture.idle"
			for l := range strings.SplitSeq(told, "; ") {
				if strings.HasPrefix(l, what+": ") {
					line = l
				}
			}
			out = append(out, line)
		}
		return out
	}
	for _, c := range []struct {
		file, device string
		want         []string // outcome and end of the message, by check, of those that go through captures
	}{
		// Three meeting points in the cloud, by address, in a scheme of the maker's own; no TLS.
		{"intl-iot/yi_camera_sample.pcap", "b0d59db9f0b4", seen("certificates: inapplicable none; cleartext: cantTell opaque; logins: passed none; tls-suites: inapplicable none; tls-versions: inapplicable none; destinations: passed list; recipients: cantTell address; profile: cantTell unknown")},
		// Pictures and pages in the clear, TLS 1.0 and static RSA; the weak certificate is an old cross certificate.
		{"ndpi/alexa-app.pcapng", "78f882d3fbc2", seen("certificates: cantTell weak-above, cantTell not-seen-of; cleartext: failed clear; logins: passed none; tls-suites: failed no-forward-secrecy, passed offers-weak; tls-versions: failed old; destinations: passed list; recipients: failed not-declared; profile: failed outside")},
		// Names over TLS 1.2 to a server that is known by its address.
		{"ndpi/dns_dot.pcap", "0800278dabbe", seen("certificates: passed good; cleartext: passed none; logins: passed none; tls-suites: passed strong, passed offers-weak; tls-versions: passed current; destinations: passed list; recipients: cantTell address; profile: cantTell unknown")},
		// The same file from both ends: a sign-in over the internet, and one at home with a password from a serial.
		{"ndpi/mqtt.pcap", "000200000008", seen("cleartext: failed clear; logins: failed internet; destinations: passed list; recipients: cantTell address; profile: cantTell unknown")},
		{"ndpi/mqtt.pcap", "000c004d2cb0", seen("logins: failed home")},
		// A sign-in at home.
		{"ndpi/telnet.pcap", "0000c09fa097", seen("logins: failed home")},
		// Calls into the home that nobody answers.
		{"ndpi/tplink_shp.pcap", "20dfb9b4bab1", seen("")},
		// Both ends are one station, and the link gives it no hardware address.
		{"zeek/basic-auth-with-colon.pcap", "", seen("logins: failed home")},
		{"zeek/dhcp.pcap", "90b11c994929", seen("")},
		// The certificate comes in pieces, which are not put together.
		{"zeek/dtls1_2.pcap", "7831c1c63fc2", seen("certificates: cantTell not-seen; cleartext: passed none; logins: passed none; tls-suites: passed strong, passed offers-weak; tls-versions: passed current; destinations: passed list; recipients: cantTell address; profile: cantTell unknown")},
		{"zeek/mdns.pcap", "8a3cd6e14dc4", seen("")},
		// No user name is sent.
		{"zeek/mqtt.pcap", "28cfe921148f", seen("certificates: inapplicable none; cleartext: failed clear; logins: passed none; tls-suites: inapplicable none; tls-versions: inapplicable none; destinations: passed list; recipients: cantTell address; profile: cantTell unknown")},
		// The certificate ran out two years before.
		{"zeek/ssl-v2.pcap", "a8206648ca51", seen("certificates: failed dates, cantTell signs-itself; cleartext: passed none; logins: passed none; tls-suites: failed broken; tls-versions: failed old; destinations: passed list; recipients: cantTell address; profile: cantTell unknown")},
		// One of the two ran out nine days before; both are signed with SHA-1.
		{"zeek/tls-expired-cert.pcap", "a8206648ca51", seen("certificates: failed dates, failed weak, cantTell unnamed, cantTell weak-above; cleartext: passed none; logins: passed none; tls-suites: failed no-forward-secrecy, passed offers-weak; tls-versions: failed old; destinations: passed list; recipients: cantTell address; profile: cantTell unknown")},
		// TLS 1.1; an old cross certificate comes along.
		{"zeek/tls1_1.pcap", "7831c1c63fc2", seen("certificates: cantTell unnamed, cantTell weak-above; cleartext: passed none; logins: passed none; tls-suites: passed strong, passed offers-weak; tls-versions: failed old; destinations: passed list; recipients: cantTell address; profile: cantTell unknown")},
	} {
		t.Run(c.file+" "+c.device, func(t *testing.T) {
			t.Parallel()
			name := path.Base(c.file)
			if c.device != "" { // a link without hardware addresses has none to name
				name = strings.Replace(name, ".pcap", ".device-"+c.device+".pcap", 1)
			}
			read := func(r evidence.Reader, name string, b []byte) any {
				f, err := r.Read(t.Context(), evidence.NewSource(name, b), evidence.DefaultLimits())
				if err != nil {
					t.Fatal(err)
				}
				return f
			}
			in := check.Input{
				Declaration: &iotmark.Declaration{Maker: iotmark.Maker{Name: "Vendor", Website: "https://www.vendor.example"}},
				Truths:      map[iotmark.FactID]iotmark.Truth{},
				Items: []check.Item{
					checktest.Capture(t, *read(capture.Reader, name, samples.Read(t, "pcap/"+c.file)).(*capture.Facts)),
					{Evidence: iotmark.Evidence{ID: "profile", Kind: iotmark.KindNetworkProfile}, Standing: iotmark.Held, Reader: netprofile.Reader.Name, Facts: read(netprofile.Reader, "mud.json", []byte(homeProfile))},
				},
			}
			var got []string
			for _, k := range determine.Checks() {
				_, what, ok := strings.Cut(string(k.ID), ".capture-")
				if !ok {
					continue
				}
				fs := k.Run(in)
				checktest.Whole(t, c.file, in, fs)
				line := what + ":"
				for i, f := range fs {
					if i > 0 {
						line += ","
					}
					line += " " + checktest.Say(k, f)
				}
				got = append(got, line)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("got (-want +got)\n%s\n%s", d, strings.Join(got, "\n"))
			}
		})
	}
}
