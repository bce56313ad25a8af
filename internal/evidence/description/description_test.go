package description_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/description"
)

func read(t testing.TB, in string) (*description.Facts, error) {
	t.Helper()
	f, err := description.Reader.Read(t.Context(), evidence.NewSource("x", []byte(in)), evidence.DefaultLimits())
	if err != nil {
		return nil, err
	}
	return f.(*description.Facts), nil
}

func mustRead(t *testing.T, in string) *description.Facts {
	t.Helper()
	if !description.Reader.Sniff("x", []byte(in)[:min(len(in), evidence.SniffLen)]) {
		t.Error("not sniffed")
	}
	f, err := read(t, in)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	back := description.Reader.New()
	if err := json.Unmarshal(raw, back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(f, back); diff != "" {
		t.Errorf("facts changed on their way through JSON (-want +got)\n%s", diff)
	}
	return f
}

func file(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("../../../testdata/products/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The example's description, read off by eye: everything is said, but no data
// model, and nobody says how the target is set.
func TestExample(t *testing.T) {
	t.Parallel()
	want := &description.Facts{
		Kind: description.OpenAPI, Format: "3.1.0", Title: "Hearth local interface", Version: "2.1", InfoLine: 2,
		Licence:  description.Licence{Name: "CC0-1.0", ID: "CC0-1.0", Line: 2},
		Servers:  []description.Server{{URL: "https://hearth-0000.local/v2", Host: "hearth-0000.local", Scheme: "https", Secure: true, Reach: description.Local, Line: 3}},
		Security: []description.Scheme{{Name: "owner_key", Type: "http", Detail: "bearer", Line: 6}},
		Operations: []description.Operation{
			{Action: "GET", Path: "/climate", Text: "Room temperature, target and whether the heating is on", Responses: []string{"200"}, Described: true, Answered: true, Access: description.Guarded, Schemes: []string{"owner_key"}, Line: 9},
			{Action: "PUT", Path: "/climate", Text: "Set the target temperature", Responses: []string{"204"}, Described: true, Answered: true, Access: description.Guarded, Schemes: []string{"owner_key"}, Line: 12},
			{Action: "GET", Path: "/history", Text: "All stored values, one line for each five minutes", Responses: []string{"200"}, Described: true, Answered: true, Access: description.Guarded, Schemes: []string{"owner_key"}, Line: 16},
		},
	}
	if diff := cmp.Diff(want, mustRead(t, file(t, "example/evidence/local-interface.yaml"))); diff != "" {
		t.Errorf("got (-want +got)\n%s", diff)
	}
}

func TestCareful(t *testing.T) {
	t.Parallel()
	f := mustRead(t, file(t, "careful/evidence/local-interface.yaml"))
	var ops []string
	for _, o := range f.Operations {
		ops = append(ops, fmt.Sprintf("%s %s %s %v %v %v", o.ID, o.Name(), o.Access, o.Described, o.Answered, o.Modelled))
	}
	if diff := cmp.Diff([]string{
		"pair POST /pair open true true true",
		"circuits GET /circuits guarded true true true",
		"history GET /history guarded true true true",
		"setServer PUT /server guarded true true true",
	}, ops); diff != "" {
		t.Errorf("operations: got (-want +got)\n%s", diff)
	}
	var values []string
	for _, v := range f.Values {
		values = append(values, v.Name+":"+v.Type+":"+v.Unit)
	}
	if diff := cmp.Diff([]string{"circuit:integer:", "time:time:date-time", "energy_kwh:number:kWh", "power_w:number:W", "from:time:date-time", "to:time:date-time"}, values); diff != "" {
		t.Errorf("values: got (-want +got)\n%s", diff)
	}
	if len(f.Problems) > 0 || !strings.Contains(f.Text, "10 requests a second") || f.Terms == "" || f.Contact == "" {
		t.Errorf("got %+v", f)
	}
}

const swagger = `{"swagger":"2.0","info":{"title":"T","version":"1"},"host":"api.vendor.example","basePath":"/v1","schemes":["http","https"],
"securityDefinitions":{"key":{"type":"apiKey","in":"header","name":"X"}},
"paths":{"/a":{"get":{"summary":"s","responses":{"200":{"description":"d","schema":{"$ref":"#/definitions/A"}}}},
"post":{"security":[],"responses":{"default":{"description":""}}}}},
"definitions":{"A":{"type":"object","properties":{"temp":{"type":"number","description":"in degrees Celsius"},"next":{"$ref":"#/definitions/A"}}}}}`

const async2 = `asyncapi: 2.6.0
info: {title: T, version: 1.0.0, license: {name: MIT}}
servers:
  cloud: {url: "broker.vendor.example:1883", protocol: mqtt, security: [{user: []}]}
  home: {url: "mqtts://{hub}.local", protocol: secure-mqtt, variables: {hub: {default: hub}}}
  tls: {url: "b.vendor.example:8883", protocol: mqtt}
channels:
  lamp/{id}/state:
    subscribe: {operationId: state, summary: s, message: {payload: {type: object, properties: {brightness: {type: integer}}}}}
    publish: {message: {oneOf: [{$ref: "#/components/messages/m"}, {$ref: "#/components/messages/gone"}]}}
components:
  securitySchemes: {user: {type: userPassword}}
  messages: {m: {summary: sets it}}
`

const async3 = `{"asyncapi":"3.0.0","info":{"title":"T","version":"1"},
"servers":{"s":{"host":"192.168.1.4:1883","protocol":"mqtt"}},
"channels":{"c":{"address":"x/y","description":"d","messages":{"m":{"payload":{"type":"object","properties":{"at":{"type":"string","format":"date-time"}}}}}}},
"operations":{"o":{"action":"receive","channel":{"$ref":"#/channels/c"},"security":[{"type":"userPassword"}]}}}`

const thing = `{"@context":["https://www.w3.org/2022/wot/td/v1.1",{"om":"http://www.ontology-of-units-of-measure.org/resource/om-2/"}],
"title":"Lamp","version":{"instance":"1.2.1"},"description":"d","support":"mailto:a@b.example","base":"coaps://lamp.local:5684/",
"links":[{"rel":"license","href":"https://a.example/l"}],
"securityDefinitions":{"psk":{"scheme":"psk"},"none":{"scheme":"nosec"}},"security":["psk"],
"properties":{"power":{"title":"Power now","type":"number","unit":"om:watt","readOnly":true,"forms":[{"href":"power"}]}},
"actions":{"toggle":{"forms":[{"href":"http://cloud.vendor.example/toggle","security":"none"}]}},
"events":{"hot":{"description":"too hot","data":{"type":"string"},"forms":[{"href":"hot","op":["subscribeevent","unsubscribeevent"]}]}}}`

func TestFormats(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"swagger", swagger, []string{
			"swagger 2.0 T 1 false",
			"http://api.vendor.example/v1 public clear", "https://api.vendor.example/v1 public secure",
			"key apiKey header",
			"GET /a unsaid true true true [200]", "POST /a open false false false [default]",
			"temp number celsius",
		}},
		{"asyncapi 2", async2, []string{
			"asyncapi 2.6.0 T 1.0.0 true",
			"broker.vendor.example:1883 public clear", "mqtts://hub.local local secure", "b.vendor.example:8883 public secure",
			"user userPassword ",
			"subscribe lamp/{id}/state guarded true true true []", "publish lamp/{id}/state guarded false true false []",
			"brightness integer ",
			"ref-nowhere #/components/messages/gone 10",
		}},
		{"asyncapi 3", async3, []string{
			"asyncapi 3.0.0 T 1 false",
			"192.168.1.4:1883 local clear",
			"receive x/y guarded true true true []",
			"at time date-time",
		}},
		{"thing description", thing, []string{
			"thing-description 1.1 Lamp 1.2.1 true",
			"coaps://lamp.local:5684/ local secure", "http://cloud.vendor.example public clear",
			"psk psk ", "none nosec ",
			"readproperty power guarded true true true []", "invokeaction toggle open false true true []",
			"subscribeevent hot guarded true true true []", "unsubscribeevent hot guarded true true true []",
			"power number om:watt",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := mustRead(t, c.in)
			got := []string{fmt.Sprint(f.Kind, " ", f.Format, " ", f.Title, " ", f.Version, " ", f.Licence.Named())}
			for _, s := range f.Servers {
				how := "unsaid"
				if s.Secure {
					how = "secure"
				}
				if s.Clear {
					how = "clear"
				}
				got = append(got, s.URL+" "+string(s.Reach)+" "+how)
			}
			for _, s := range f.Security {
				got = append(got, s.Name+" "+s.Type+" "+s.Detail)
			}
			for _, o := range f.Operations {
				got = append(got, fmt.Sprint(o.Name(), " ", o.Access, " ", o.Described, " ", o.Answered, " ", o.Modelled, " ", o.Responses))
			}
			for _, v := range f.Values {
				got = append(got, v.Name+" "+v.Type+" "+v.Unit)
			}
			for _, p := range f.Problems {
				got = append(got, fmt.Sprint(p.ID, " ", p.Name, " ", p.Line))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("got (-want +got)\n%s", diff)
			}
		})
	}
}

func TestReach(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]description.Reach{
		"https://hub.local/v1": description.Local, "http://192.168.0.9:80": description.Local, "http://[fe80::1]:80/": description.Local, "https://localhost": description.Local,
		"https://{x}.local": description.Local, "https://device": description.Local, "http://10.0.0.1": description.Local, "http://thing.home.arpa": description.Local,
		"https://api.vendor.example": description.Public, "https://{region}.api.vendor.example": description.Public, "https://198.51.100.7": description.Public, "http://user@vendor.example:80": description.Public,
		"https://local.vendor.example": description.Public, "https://vendor.example/.local": description.Public,
		"/v1": description.Unknown, "https://{host}/": description.Unknown, "https://{host}:{port}": description.Unknown, "https://{a}.example": description.Unknown, "": description.Unknown,
	} {
		f := mustRead(t, fmt.Sprintf("openapi: 3.0.3\ninfo: {}\nservers: [{url: %q}]\n", url))
		if len(f.Servers) != 1 || f.Servers[0].Reach != want {
			t.Errorf("%s: got %v, want %s", url, f.Servers, want)
		}
	}
}

func TestAccess(t *testing.T) {
	t.Parallel()
	for sec, want := range map[string]description.Access{
		"": description.Guarded, "security: []": description.Open, "security: [{}]": description.Open, "security: [{}, {k: []}]": description.Optional, "security: [{k: []}]": description.Guarded,
	} {
		f := mustRead(t, "openapi: 3.0.3\nsecurity: [{k: []}]\ncomponents: {securitySchemes: {k: {type: http}}}\npaths: {/a: {get: {responses: {}, "+sec+"}}}\n")
		if f.Operations[0].Access != want || len(f.Problems) > 0 {
			t.Errorf("%q: got %s %v, want %s", sec, f.Operations[0].Access, f.Problems, want)
		}
	}
	f := mustRead(t, "openapi: 3.0.3\npaths: {/a: {get: {operationId: a, security: [{gone: []}]}, head: {operationId: a}}, /b: {$ref: other.yaml}}\n")
	var got []string
	for _, p := range f.Problems {
		got = append(got, string(p.ID)+" "+p.Name)
	}
	if diff := cmp.Diff([]string{"scheme-unset gone", "ref-outside other.yaml", "id-twice a"}, got); diff != "" {
		t.Errorf("got (-want +got)\n%s", diff)
	}
}

func TestHostile(t *testing.T) {
	t.Parallel()
	var paths, responses, refs strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&paths, `"/%d":{"$ref":"#/x"},`, i)
		fmt.Fprintf(&responses, `"%d":{"description":"d"},`, i+200)
		fmt.Fprintf(&refs, `"s%d":{"allOf":[{"$ref":"#/components/schemas/s%d"},{"$ref":"#/components/schemas/s%d"}]},`, i, i+1, i+2)
	}
	for _, c := range []struct{ name, id, in string }{
		{"empty", "malformed", ""},
		{"other yaml", "malformed", "a: b\n"},
		{"alias bomb", "malformed", "openapi: 3.1.0\na: &a [x,x]\nb: [*a,*a]\n"},
		{"deep yaml", "too-deep", "openapi: 3.1.0\na: " + strings.Repeat("[", 1<<20)},
		{"deep json", "too-deep", `{"openapi":"3.1.0","a":` + strings.Repeat(`{"a":`, 1<<20)},
		{"large", "too-large", `{"openapi":"3.1.0"}` + strings.Repeat(" ", 17<<20)},
		{"old version", "description-version", "openapi: 4.0.0\n"},
		{"old swagger", "description-version", "swagger: 1.2\n"},
		{"bytes", "malformed", "openapi: 3.1.0\ninfo: \xff\n"},
		{"a ref to itself", "", `{"openapi":"3.1.0","paths":{"/a":{"$ref":"#/paths/~1a"}}}`},
		{"a loop of refs", "", `{"openapi":"3.1.0","paths":{"/a":{"$ref":"#/x"}},"x":{"$ref":"#/y"},"y":{"$ref":"#/x"}}`},
		{"schemas that double", "", `{"openapi":"3.1.0","components":{"schemas":{` + refs.String() + `"z":{}}}}`},
		{"one path for all", "", `{"openapi":"3.1.0","x":{"get":{"responses":{` + responses.String() + `"default":{}}}},"paths":{` + paths.String() + `"/z":{}}}`},
		{"one variable for all", "", `{"openapi":"3.1.0","servers":[{"url":"` + strings.Repeat("{a}", 100_000) + `","variables":{"a":{"default":"` + strings.Repeat("{b}", 1000) + `"},"b":{"default":"` + strings.Repeat("{a}", 1000) + `"}}}]}`},
		{"lists where objects stand", "", `{"openapi":"3.1.0","info":[],"servers":{},"paths":[],"components":1,"security":"x"}`},
		{"objects of null", "", `{"openapi":"3.1.0","info":null,"servers":[null],"paths":{"/a":null,"/b":{"get":null,"put":{}}},"security":[null]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			_, err := read(t, c.in)
			if e, ok := errors.AsType[*iotmark.Error](err); c.id == "" && err != nil || c.id != "" && (!ok || string(e.ID) != c.id) {
				t.Errorf("got %v, want the error %q", err, c.id)
			}
			if d := time.Since(start); d > 20*time.Second {
				t.Errorf("took %s", d)
			}
		})
	}
	for _, in := range []string{"", "openapi", "# About openapi: it is good\n", `{"bomFormat":"CycloneDX"}`, "%PDF-1.7", "<html>openapi: 3</html>"} {
		if description.Reader.Sniff("openapi.yaml", []byte(in)) {
			t.Errorf("%q was taken for a description", in)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(swagger))
	f.Add([]byte(async2))
	f.Add([]byte(async3))
	f.Add([]byte(thing))
	f.Add([]byte("openapi: 3.1.0\nservers: [{url: 'https://{a}.local:{p}', variables: {a: {default: x}}}]\npaths: {/a: {get: {responses: {'200': {$ref: '#/x'}}}}}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 256<<10 {
			return
		}
		got, err := description.Reader.Read(t.Context(), evidence.NewSource("x", b), evidence.DefaultLimits())
		if (got == nil) == (err == nil) {
			t.Fatalf("facts %v, error %v", got, err)
		}
		if err == nil {
			if _, err := json.Marshal(got); err != nil {
				t.Fatal(err)
			}
		}
	})
}
