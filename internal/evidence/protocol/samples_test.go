package protocol_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/capture"
	"github.com/open-iot-mark/iotmark/internal/evidence/protocol"
	"github.com/open-iot-mark/iotmark/internal/samples"
)

func facts(t *testing.T, file string) *capture.Facts {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	f, err := capture.Reader.Read(context.Background(), evidence.NewSource(filepath.Base(file), b), evidence.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return f.(*capture.Facts)
}

// What the list of the samples says must be found in real captures, is; and
// nobody's credential is found where there is none.
func TestSamples(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		file   string
		logins []protocol.Credential
		has    []string // passages
		tls    []string // version and suite of each session, as a set
		clear  []protocol.Name
	}{
		{"ndpi/mqtt.pcap", []protocol.Credential{{Scheme: "mqtt", User: "02D5...", Secret: 12, SameUser: true, Hardware: true}, {Scheme: "mqtt", User: "iota...", Secret: 176}}, []string{"astr/admin/otaupd8"}, nil, []protocol.Name{"mqtt"}},
		{"ndpi/tplink_shp.pcap", nil, []string{`{"system":{"get_sysinfo":{}}}`}, nil, []protocol.Name{"tplink-smart-home"}},
		{"ndpi/telnet.pcap", []protocol.Credential{{Scheme: "telnet", User: "fake", Secret: 4}}, []string{"a name and a password were typed"}, nil, []protocol.Name{"telnet"}},
		{"ndpi/dns_dot.pcap", nil, nil, []string{"TLS 1.2 TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"}, nil},
		{"ndpi/alexa-app.pcapng", nil, []string{"GET connectivitycheck.android.com/generate_204"},
			[]string{"TLS 1.0 TLS_RSA_WITH_AES_128_CBC_SHA", "TLS 1.2 TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "TLS 1.2 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"}, []protocol.Name{"http"}},
		{"zeek/mqtt.pcap", nil, []string{"SampleTopic", "CONNECT without a user name"}, nil, []protocol.Name{"mqtt"}},
		{"zeek/basic-auth-with-colon.pcap", []protocol.Credential{{Scheme: "http-basic", User: "test", Secret: 4}}, nil, nil, []protocol.Name{"http"}},
		{"zeek/ssl-v2.pcap", nil, nil, []string{"SSL 2.0 SSL_CK_DES_192_EDE3_CBC_WITH_MD5"}, nil},
		{"zeek/dtls1_2.pcap", nil, nil, []string{"DTLS 1.2 TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"}, nil},
		{"zeek/tls-expired-cert.pcap", nil, nil, []string{"TLS 1.0 TLS_DHE_RSA_WITH_AES_256_CBC_SHA", "TLS 1.0 TLS_RSA_WITH_AES_256_CBC_SHA"}, nil},
		{"zeek/mdns.pcap", nil, nil, nil, nil},
		{"zeek/dhcp.pcap", nil, nil, nil, nil},
		{"intl-iot/yi_camera_sample.pcap", nil, nil, nil, nil},
	} {
		t.Run(tt.file, func(t *testing.T) {
			t.Parallel()
			f := facts(t, samples.Path(t, "pcap/"+tt.file))
			var logins []protocol.Credential
			for _, l := range f.Logins {
				logins = append(logins, l.Credential)
			}
			if diff := cmp.Diff(tt.logins, logins); diff != "" {
				t.Errorf("logins: got (-want +got)\n%s", diff)
			}
			for _, p := range tt.has {
				if !slices.ContainsFunc(f.Readable, func(s capture.Sight) bool { return s.Text == p }) {
					t.Errorf("no passage %q", p)
				}
			}
			var tls []string
			for _, s := range f.Sessions {
				if s.Version != "" {
					tls = append(tls, s.Version+" "+s.Chosen)
				}
			}
			slices.Sort(tls)
			if diff := cmp.Diff(tt.tls, slices.Compact(tls)); diff != "" {
				t.Errorf("sessions: got (-want +got)\n%s", diff)
			}
			var clear []protocol.Name
			for _, k := range f.Talks {
				if k.Reading == protocol.Clear {
					clear = append(clear, k.Protocol)
				}
			}
			slices.Sort(clear)
			if diff := cmp.Diff(tt.clear, slices.Compact(clear)); diff != "" {
				t.Errorf("in the clear: got (-want +got)\n%s", diff)
			}
		})
	}
	t.Run("expired certificate", func(t *testing.T) {
		t.Parallel()
		c := facts(t, samples.Path(t, "pcap/zeek/tls-expired-cert.pcap")).Sessions[0].Certificates[0]
		if got := c.NotBefore.Format("2006-01-02") + " " + c.NotAfter.Format("2006-01-02"); got != "2013-02-04 2014-03-04" {
			t.Errorf("got %s, want 2013-02-04 2014-03-04", got)
		}
	})
	t.Run("a name that leaks", func(t *testing.T) {
		t.Parallel()
		f := facts(t, samples.Path(t, "pcap/zeek/mdns.pcap"))
		if !slices.ContainsFunc(f.Names, func(a capture.Asked) bool { return a.Name == "johanna-qemu-virtual-machine.local" }) {
			t.Errorf("got names %v", f.Names)
		}
	})
}
