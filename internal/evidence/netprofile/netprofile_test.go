package netprofile_test

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/netprofile"
	"github.com/open-iot-mark/iotmark/internal/samples"
)

func read(t testing.TB, b []byte) (*netprofile.Facts, error) {
	t.Helper()
	if !netprofile.Reader.Sniff("x", b[:min(len(b), evidence.SniffLen)]) {
		t.Log("not sniffed")
	}
	f, err := netprofile.Reader.Read(t.Context(), evidence.NewSource("x.json", b), evidence.DefaultLimits())
	if err != nil {
		return nil, err
	}
	return f.(*netprofile.Facts), nil
}

func mustRead(t *testing.T, b []byte) *netprofile.Facts {
	t.Helper()
	f, err := read(t, b)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	back := netprofile.Reader.New()
	if err := json.Unmarshal(raw, back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(f, back); diff != "" {
		t.Errorf("facts changed on their way through JSON (-want +got)\n%s", diff)
	}
	return f
}

var https = []netprofile.Ports{{From: 443, To: 443}}

// What SOURCES.md says of the two real profiles: no signature, and the older
// one written with the names of a draft, without "aces".
func TestReal(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]*netprofile.Facts{
		"mud/ieft-draft.json": {
			Version: 1, URL: "https://lighting.example.com/lightbulb2000", Updated: "2018-03-02", CacheHours: 48,
			Supported: iotmark.True, SystemInfo: "The BMS Example Lightbulb",
			Flows: []netprofile.Flow{
				{List: "mud-76100-v6fr", Name: "cl0-frdev", Line: 62, Direction: netprofile.FromDevice, Initiated: netprofile.FromDevice, Host: "test.example.com", Protocol: "tcp", Remote: https},
				{List: "mud-76100-v6to", Name: "cl0-todev", Line: 35, Direction: netprofile.ToDevice, Initiated: netprofile.FromDevice, Host: "test.example.com", Protocol: "tcp", Remote: https},
			},
		},
		"mud/lightbulb2000.json": {
			Version: 1, URL: "https://bms.example.com/.well-known/mud/lightbulb2000", Updated: "2018-01-23", CacheHours: 48,
			Supported: iotmark.True, SystemInfo: "The BMS Example Lightbulb", Draft: true,
			Flows: []netprofile.Flow{
				{List: "mud-45782-v6fr", Name: "cl0-frdev", Line: 62, Direction: netprofile.FromDevice, Initiated: netprofile.FromDevice, Host: "service.bms.example.com", Protocol: "tcp", Remote: https},
				{List: "mud-45782-v6to", Name: "cl0-todev", Line: 35, Direction: netprofile.ToDevice, Initiated: netprofile.FromDevice, Host: "service.bms.example.com", Protocol: "tcp", Remote: https},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(want, mustRead(t, samples.Read(t, name))); diff != "" {
				t.Errorf("got (-want +got)\n%s", diff)
			}
		})
	}
}

func TestProducts(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../../testdata/products/example/evidence/network-profile.json")
	if err != nil {
		t.Fatal(err)
	}
	want := &netprofile.Facts{
		Version: 1, URL: "https://nettle.example/mud/nh-t2.json", Updated: "2026-10-02", CacheHours: 48,
		Supported: iotmark.True, SystemInfo: "Hearth Thermostat 2",
		Flows: []netprofile.Flow{
			{List: "from-nh-t2", Name: "link", Line: 18, Direction: netprofile.FromDevice, Host: "link.nettle.example", Protocol: "tcp", Remote: []netprofile.Ports{{From: 8883, To: 8883}}},
			{List: "from-nh-t2", Name: "updates", Line: 19, Direction: netprofile.FromDevice, Host: "updates.nettle.example", Protocol: "tcp", Remote: https},
		},
	}
	if diff := cmp.Diff(want, mustRead(t, b)); diff != "" {
		t.Errorf("example: got (-want +got)\n%s", diff)
	}
	if b, err = os.ReadFile("../../../testdata/products/careful/evidence/network-profile.json"); err != nil {
		t.Fatal(err)
	}
	f := mustRead(t, b)
	var outside []string
	for _, x := range f.Flows {
		if x.Outside() {
			outside = append(outside, x.Name)
		}
	}
	if diff := cmp.Diff([]string{"link", "updates"}, outside); diff != "" || len(f.Flows) != 5 || f.Signature == "" || len(f.Problems) > 0 {
		t.Errorf("careful: %+v\n%s", f, diff)
	}
}

// profile builds a profile with one entry on the side of the device.
func profile(dir, matches string) []byte {
	return []byte(`{"ietf-mud:mud":{"mud-version":1,"mud-url":"https://a.example/m","` + dir + `-device-policy":{"access-lists":{"access-list":[{"name":"l"}]}}},
"ietf-access-control-list:acls":{"acl":[{"name":"l","aces":{"ace":[{"name":"e","matches":` + matches + `,"actions":{"forwarding":"accept"}}]}}]}}`)
}

func TestEntries(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, dir, matches string
		want               netprofile.Flow
		outside            bool
		problem            netprofile.ProblemID
	}{
		{name: "controller", dir: "from", matches: `{"ietf-mud:mud":{"controller":"urn:ietf:params:mud:dns"},"udp":{"destination-port":{"port":53}}}`,
			want: netprofile.Flow{Direction: "from-device", Class: "controller", Of: "urn:ietf:params:mud:dns", Protocol: "udp", Remote: []netprofile.Ports{{From: 53, To: 53}}}},
		{name: "my controller", dir: "from", matches: `{"ietf-mud:mud":{"my-controller":[null]}}`,
			want: netprofile.Flow{Direction: "from-device", Class: "my-controller"}},
		{name: "same manufacturer", dir: "to", matches: `{"ietf-mud:mud":{"same-manufacturer":[null],"direction-initiated":"to-device"}}`,
			want: netprofile.Flow{Direction: "to-device", Class: "same-manufacturer", Initiated: "to-device"}},
		{name: "manufacturer", dir: "to", matches: `{"ietf-mud:mud":{"manufacturer":"lights.example"}}`,
			want: netprofile.Flow{Direction: "to-device", Class: "manufacturer", Of: "lights.example"}},
		{name: "local on device port", dir: "to", matches: `{"ietf-mud:mud":{"local-networks":[null]},"ipv4":{"protocol":6},"tcp":{"destination-port":{"operator":"eq","port":80}}}`,
			want: netprofile.Flow{Direction: "to-device", Class: "local-networks", Protocol: "tcp", Local: []netprofile.Ports{{From: 80, To: 80}}}},
		{name: "public network", dir: "from", matches: `{"ipv4":{"destination-ipv4-network":"198.51.100.9/24"}}`, outside: true,
			want: netprofile.Flow{Direction: "from-device", Address: "198.51.100.0/24"}},
		{name: "private network", dir: "from", matches: `{"ipv4":{"destination-ipv4-network":"192.168.0.0/16"}}`,
			want: netprofile.Flow{Direction: "from-device", Address: "192.168.0.0/16"}},
		{name: "wider than private", dir: "from", matches: `{"ipv4":{"destination-ipv4-network":"192.0.0.0/8"}}`, outside: true,
			want: netprofile.Flow{Direction: "from-device", Address: "192.0.0.0/8"}},
		{name: "unique local v6", dir: "from", matches: `{"ipv6":{"destination-ipv6-network":"fd00::/8"}}`,
			want: netprofile.Flow{Direction: "from-device", Address: "fd00::/8"}},
		{name: "everybody", dir: "from", matches: `{"ipv4":{"destination-ipv4-network":"0.0.0.0/0","protocol":17}}`, outside: true,
			want: netprofile.Flow{Direction: "from-device", Protocol: "udp"}},
		{name: "local name", dir: "from", matches: `{"ipv4":{"ietf-acldns:dst-dnsname":"HUB.local."}}`,
			want: netprofile.Flow{Direction: "from-device", Host: "hub.local"}},
		{name: "range", dir: "from", matches: `{"ipv4":{"ietf-acldns:dst-dnsname":"a.example"},"tcp":{"destination-port":{"lower-port":8000,"upper-port":8100}}}`, outside: true,
			want: netprofile.Flow{Direction: "from-device", Host: "a.example", Protocol: "tcp", Remote: []netprofile.Ports{{From: 8000, To: 8100}}}},
		{name: "all but one", dir: "from", matches: `{"ipv4":{"ietf-acldns:dst-dnsname":"a.example"},"tcp":{"destination-port":{"operator":"neq","port":23}}}`, outside: true,
			want: netprofile.Flow{Direction: "from-device", Host: "a.example", Protocol: "tcp", Remote: []netprofile.Ports{{From: 0, To: 22}, {From: 24, To: 65535}}}},
		{name: "port out of range", dir: "from", matches: `{"ipv4":{"ietf-acldns:dst-dnsname":"a.example"},"tcp":{"destination-port":{"operator":"eq","port":70000}}}`, outside: true, problem: netprofile.EntryUnread,
			want: netprofile.Flow{Direction: "from-device", Host: "a.example", Protocol: "tcp"}},
		{name: "unknown match", dir: "from", matches: `{"vendor:magic":{},"ipv4":{"ietf-acldns:dst-dnsname":"a.example"}}`, outside: true, problem: netprofile.EntryUnread,
			want: netprofile.Flow{Direction: "from-device", Host: "a.example"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := mustRead(t, profile(c.dir, c.matches))
			c.want.List, c.want.Name, c.want.Line = "l", "e", 2
			if diff := cmp.Diff([]netprofile.Flow{c.want}, f.Flows); diff != "" {
				t.Errorf("got (-want +got)\n%s", diff)
			}
			if f.Flows[0].Outside() != c.outside {
				t.Errorf("outside: got %v, want %v", f.Flows[0].Outside(), c.outside)
			}
			if (len(f.Problems) > 0) != (c.problem != "") || c.problem != "" && f.Problems[0].ID != c.problem {
				t.Errorf("problems: got %v, want %q", f.Problems, c.problem)
			}
		})
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	in := `{"ietf-mud:mud":{"mud-version":1,"mud-url":"http://a.example/m",
"from-device-policy":{"access-lists":{"access-list":[{"name":"gone"},
{"name":"empty"}]}}},
"ietf-access-control-list:acls":{"acl":[
{"name":"empty"},
{"name":"unused","aces":{"ace":[]}}]}}`
	want := []netprofile.Problem{
		{ID: netprofile.NotEncrypted, Name: "http://a.example/m", Line: 1},
		{ID: netprofile.ListMissing, Name: "gone", Line: 2},
		{ID: netprofile.ListEmpty, Name: "empty", Line: 5},
		{ID: netprofile.ListUnused, Name: "unused", Line: 6},
	}
	if diff := cmp.Diff(want, mustRead(t, []byte(in)).Problems); diff != "" {
		t.Errorf("got (-want +got)\n%s", diff)
	}
	f := mustRead(t, []byte(`{"ietf-mud:mud":{"mud-url":"https://a.example/m"}}`))
	if len(f.Problems) != 1 || f.Problems[0].ID != netprofile.NoPolicy {
		t.Errorf("got %v", f.Problems)
	}
}

func TestHostile(t *testing.T) {
	t.Parallel()
	entry := `{"name":"e","matches":{},"actions":{"forwarding":"accept"}},`
	for _, c := range []struct{ name, id, in string }{
		{"empty", "malformed", ""},
		{"no mud", "malformed", `{"ietf-access-control-list:acls":{}}`},
		{"mud is text", "malformed", `{"ietf-mud:mud":"x"}`},
		{"deep", "too-deep", `{"ietf-mud:mud":` + strings.Repeat(`{"a":`, 1_000_000)},
		{"large", "too-large", `{"ietf-mud:mud":{}}` + strings.Repeat(" ", 9<<20)},
		{"many entries", "too-many", strings.Replace(string(profile("from", `{}`)), `[{"name":"e"`, "["+strings.Repeat(entry, 21_000)+`{"name":"e"`, 1)},
		{"many values", "too-many", `{"ietf-mud:mud":[` + strings.Repeat("1,", 1_000_000) + `1]}`},
		{"bytes", "malformed", "{\"ietf-mud:mud\":\"\xff\xfe\"}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := read(t, []byte(c.in))
			if e, ok := errors.AsType[*iotmark.Error](err); !ok || string(e.ID) != c.id {
				t.Errorf("got %v, want the error %s", err, c.id)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	f.Add(profile("from", `{"ipv4":{"ietf-acldns:dst-dnsname":"a.example"},"tcp":{"destination-port":{"operator":"eq","port":443}}}`))
	f.Add(profile("to", `{"ietf-mud:mud":{"local-networks":[null]},"udp-acl":{"source-port":{"lower-port":1}}}`))
	f.Add([]byte(`{"ietf-mud:mud":{"mud-url":"https://a.example/m"},"ietf-access-control-list:access-lists":{"acl":[{"name":"x","access-list-entries":{"ace":[{}]}}]}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := netprofile.Reader.Read(t.Context(), evidence.NewSource("x", b), evidence.DefaultLimits())
		if (got == nil) == (err == nil) {
			t.Fatalf("facts %v, error %v", got, err)
		}
		if err == nil {
			for _, x := range got.(*netprofile.Facts).Flows {
				x.Outside()
			}
			if _, err := json.Marshal(got); err != nil {
				t.Fatal(err)
			}
		}
	})
}
