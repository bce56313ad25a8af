package interoperability_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/checktest"
	"github.com/open-iot-mark/iotmark/internal/check/interoperability"
	"github.com/open-iot-mark/iotmark/internal/evidence/description"
)

// whole is a complete description, from which each case takes something away.
const whole = `openapi: 3.1.0
info: {title: Lamp, version: "1", license: {name: CC0-1.0}, description: At most 10 requests a second. Changes are announced twelve months before.}
servers: [{url: "https://lamp.local/v1"}]
security: [{key: []}]
paths:
  /light:
    get:
      summary: State of the lamp
      responses: {"200": {description: State, content: {application/json: {schema: {$ref: "#/components/schemas/State"}}}}}
    put:
      summary: Switch it
      requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/State"}}}}
      responses: {"204": {description: Done}}
components:
  securitySchemes: {key: {type: http, scheme: bearer}}
  schemas: {State: {type: object, properties: {power_w: {type: number}, time: {type: string, format: date-time}, scene_id: {type: integer}}}}
`

func described(t *testing.T, docs ...string) check.Input {
	in := check.Input{Declaration: &iotmark.Declaration{}}
	for i, d := range docs {
		in.Items = append(in.Items, checktest.Item(t, description.Reader, iotmark.KindInterfaceDescription, iotmark.EvidenceID(fmt.Sprint("api", i)), d))
	}
	return in
}

// with replaces pairs of old and new in a text, each of which must be there.
func with(t *testing.T, s string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(s, pairs[i]) {
			t.Fatalf("there is no %q", pairs[i])
		}
		s = strings.ReplaceAll(s, pairs[i], pairs[i+1])
	}
	return s
}

func TestInterfaceComplete(t *testing.T) {
	t.Parallel()
	w := func(pairs ...string) check.Input { return described(t, with(t, whole, pairs...)) }
	long := described(t, whole)
	long.Items[0].Facts.(*description.Facts).Cut = true
	checktest.Run(t, interoperability.InterfaceComplete, []checktest.Case{
		checktest.Row("complete", w(), "passed complete 2"),
		checktest.Row("terms instead of a licence", w(", license: {name: CC0-1.0}", ", termsOfService: https://a.example/t"), "passed complete 2"),
		checktest.Row("no version", w(`, version: "1"`, ""), "failed no-version 2"),
		checktest.Row("neither licence nor terms", w(", license: {name: CC0-1.0}", ""), "failed no-terms 2"),
		checktest.Row("no address", w("servers: [{url: \"https://lamp.local/v1\"}]\n", ""), "failed no-address"),
		checktest.Row("an address without host", w("https://lamp.local/v1", "/v1"), "cantTell address-open 3"),
		checktest.Row("no operation", w("paths:", "x-paths:"), "failed no-operation"),
		checktest.Row("no sign-in", w("security: [{key: []}]\n", "", "  securitySchemes: {key: {type: http, scheme: bearer}}\n", ""), "failed no-sign-in 2"),
		checktest.Row("open for all, and said", w("security: [{key: []}]", "security: []", "  securitySchemes: {key: {type: http, scheme: bearer}}\n", ""), "passed complete 2"),
		checktest.Row("a sign-in nobody asks for", w("security: [{key: []}]\n", ""), "cantTell access-unsaid 6"),
		checktest.Row("a sign-in that is not defined", w("securitySchemes: {key:", "securitySchemes: {other:"), "failed scheme-unset 4"),
		checktest.Row("an operation without a word", w("      summary: Switch it\n", ""), "failed not-described 10"),
		checktest.Row("an operation without answer", w(`      responses: {"204": {description: Done}}`+"\n", ""), "failed not-answered 10"),
		checktest.Row("an answer without data model", w(`, content: {application/json: {schema: {$ref: "#/components/schemas/State"}}}`, ""), "cantTell no-model 7"),
		checktest.Row("something to set, and nobody says how", w(`      requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/State"}}}}`+"\n", ""), "cantTell no-model 10"),
		checktest.Row("a number without unit", w("power_w", "power"), "cantTell no-unit 16"),
		checktest.Row("a unit in the text", w("power_w: {type: number}", "power: {type: number, description: Power in watts}"), "passed complete 2"),
		checktest.Row("a time in no form", w(", format: date-time", ""), "cantTell no-time-format 16"),
		checktest.Row("a reference to nothing", w("schemas: {State:", "schemas: {Other:"), "failed ref-nowhere 9"),
		checktest.Row("a reference to another file", w(`"#/components/schemas/State"`, `"state.yaml"`), "cantTell ref-outside 9"),
		checktest.Row("no limits", w("At most 10 requests a second. ", ""), "cantTell no-limits 2"),
		checktest.Row("limits as an answer", w("At most 10 requests a second. ", "", `"204": {description: Done}`, `"204": {description: Done}, "429": {description: x}`), "passed complete 2"),
		checktest.Row("no notice", w(" Changes are announced twelve months before.", ""), "cantTell no-notice 2"),
		checktest.Row("cut", long, "cantTell cut"),
		checktest.Row("two descriptions", described(t, whole, with(t, whole, `, version: "1"`, "")), "passed complete 2", "failed no-version 2"),
	})
}

func TestInterfaceLocal(t *testing.T) {
	t.Parallel()
	w := func(pairs ...string) check.Input { return described(t, with(t, whole, pairs...)) }
	cloud := with(t, whole, "https://lamp.local/v1", "https://api.a.example/v1")
	matter := described(t, cloud)
	matter.Declaration.Interfaces = []iotmark.Interface{{Reaches: iotmark.Device, Standard: "Matter 1.5"}}
	device := described(t, cloud)
	device.Declaration.Interfaces = []iotmark.Interface{{Reaches: iotmark.Device}}
	checktest.Run(t, interoperability.InterfaceLocal, []checktest.Case{
		checktest.Row("local and guarded", w(), "passed local 3"),
		checktest.Row("a private address", w("lamp.local", "192.168.1.5:8443"), "passed local 3"),
		checktest.Row("in the cloud", described(t, cloud), "failed public-only 3"),
		checktest.Row("a public address", w("lamp.local", "203.0.113.7"), "failed public-only 3"),
		checktest.Row("in the cloud, though declared on the device", device, "failed public-only 3"),
		checktest.Row("in the cloud, and Matter on the device", matter, "cantTell standard"),
		checktest.Row("in the cloud and in the home", described(t, cloud, whole), "passed local 3"),
		checktest.Row("no address", w("servers: [{url: \"https://lamp.local/v1\"}]\n", ""), "cantTell unknown"),
		checktest.Row("an address without host", w("https://lamp.local/v1", "/v1"), "cantTell unknown 3"),
		checktest.Row("open for all", w("security: [{key: []}]", "security: []"), "failed unguarded 3"),
		checktest.Row("nothing said of sign-in", w("security: [{key: []}]\n", ""), "failed unguarded 3"),
		checktest.Row("an open switch", w("      summary: Switch it\n", "      summary: Switch it\n      security: []\n"), "cantTell open-change 10"),
		checktest.Row("pairing must be open", w("paths:\n", "paths:\n  /pair:\n    post: {security: [], responses: {}}\n"), "passed local 3"),
		checktest.Row("pairing in two steps", w("paths:\n", "paths:\n  /pairing/confirm:\n    post: {security: [], responses: {}}\n"), "passed local 3"),
		checktest.Row("what is open to read", w("paths:\n", "paths:\n  /version:\n    get: {security: [], responses: {}}\n"), "passed local 3"),
		checktest.Row("registers are no registration", w("paths:\n", "paths:\n  /registers/{n}:\n    put: {security: [], responses: {}}\n"), "cantTell open-change 7"),
		checktest.Row("a repair is no pairing", w("paths:\n", "paths:\n  /repair-mode:\n    post: {security: [], responses: {}}\n"), "cantTell open-change 7"),
		checktest.Row("a version that is set", w("paths:\n", "paths:\n  /firmware/version:\n    put: {security: [], responses: {}}\n"), "cantTell open-change 7"),
		checktest.Row("a token that is put", w("paths:\n", "paths:\n  /token:\n    put: {security: [], responses: {}}\n"), "cantTell open-change 7"),
		checktest.Row("a reset below the sign-in", w("paths:\n", "paths:\n  /auth/factory-reset:\n    post: {security: [], responses: {}}\n"), "cantTell open-change 7"),
		checktest.Row("no operation", w("paths:", "x-paths:"), "cantTell no-operation 3"),
	})
}

func TestInterfaceProducts(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][2]iotmark.Outcome{
		"careful": {"passed", "passed"}, "average": {"passed", "failed"}, "disaster": {"failed", "failed"}, "example": {"cantTell", "passed"},
	} {
		in := checktest.Product(t, name, "2026-11-22", description.Reader)
		for i, c := range []check.Check{interoperability.InterfaceComplete, interoperability.InterfaceLocal} {
			fs := c.Run(in)
			t.Logf("%s:\n%s", name, checktest.Words(fs))
			if got := checktest.Worst(fs); got != want[i] {
				t.Errorf("%s, %s: got %s, want %s", name, c.ID, got, want[i])
			}
			checktest.Whole(t, name, in, fs)
		}
	}
}

func TestInterfaceHostile(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("openapi: 3.1.0\nservers: [{url: \"https://" + strings.Repeat("x", 5000) + ".local\"}]\npaths:\n")
	for i := range 5000 {
		fmt.Fprintf(&b, "  /%d%s: {get: {$ref: \"#/gone%d\"}}\n", i, strings.Repeat("\u202e", 100), i)
	}
	in := described(t, b.String(), `{"openapi":"3.1.0","info":null,"servers":[null],"paths":{"/a":null,"/b":{"get":null,"put":{}}},"security":[null]}`)
	for _, c := range []check.Check{interoperability.InterfaceComplete, interoperability.InterfaceLocal} {
		fs := c.Run(in)
		checktest.Whole(t, string(c.ID), in, fs)
		if len(fs) > 60 {
			t.Errorf("%d findings", len(fs))
		}
	}
}
