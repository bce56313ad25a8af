package verify_test

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
)

// securedBy signs a document of any shape as a stranger would, with the given
// members of the proof.
func securedBy(t *testing.T, key ed25519.PrivateKey, doc, options string) string {
	t.Helper()
	input, err := verify.ProofInput([]byte(doc), []byte(options))
	if err != nil {
		t.Fatal(err)
	}
	if len(input) != 64 {
		t.Fatalf("what is signed has %d bytes, want 64", len(input))
	}
	// The only way by which the package writes a signature is a whole proof.
	signed, err := verify.NewProof(nil, "example.org", key.Public().(ed25519.PublicKey), time.Unix(0, 0)).
		Secure([]byte(`{"a":1}`), func([]byte) ([]byte, error) { return ed25519.Sign(key, input), nil })
	if err != nil {
		t.Fatal(err)
	}
	var out struct{ Proof struct{ ProofValue string } }
	if err := json.Unmarshal(signed, &out); err != nil {
		t.Fatal(err)
	}
	proof := fmt.Sprintf(`%s,"proofValue":%q}`, strings.TrimSuffix(options, "}"), out.Proof.ProofValue)
	return fmt.Sprintf(`%s,"proof":%s}`, strings.TrimSuffix(doc, "}"), proof)
}

// What strangers sign: documents and proofs of other shapes than ours are
// verified where the standard has them, and refused by name elsewhere.
func TestVerifyDIOfStrangers(t *testing.T) {
	t.Parallel()
	const options = `{"created":"2026-11-25T10:00:00Z","cryptosuite":"eddsa-jcs-2022","proofPurpose":"assertionMethod","type":"DataIntegrityProof","verificationMethod":"did:key:z#z"}`
	const doc = `{"@context":["https://a.example/","https://b.example/"],"id":"urn:x"}`
	with := func(member string) string { return options[:len(options)-1] + "," + member + "}" }
	without := func(member string) string { return strings.Replace(options, member, "", 1) }
	tests := []struct {
		name, doc, options string
		want               iotmark.ErrorID
	}{
		{"one context as text", `{"@context":"https://a.example/"}`, with(`"@context":"https://a.example/"`), ""},
		{"no context", `{"b":[],"a":{}}`, options, ""},
		{"no context in the proof", doc, options, ""},
		{"the first context in the proof, as text", doc, with(`"@context":"https://a.example/"`), "integrity-wrong"}, // it signs the document with its own
		{"a context as object", `{"@context":["https://a.example/",{"@vocab":"https://v.example/"}]}`, with(`"@context":["https://a.example/",{"@vocab":"https://v.example/"}]`), ""},
		{"numbers and letters of all kinds", `{"n":[1.50,1e21,-0,5e-7],"t":"\u00e9\ud83d\ude00 & <\u2028>","é":null,"😀":true}`, options, ""},
		{"white space and order", "{ \"z\" : 1,\n\t\"a\" : [ 1 , 2 ] }", options, ""},
		{"no date", doc, without(`"created":"2026-11-25T10:00:00Z",`), ""},
		{"a date with an offset", doc, strings.Replace(options, "10:00:00Z", "10:00:00+01:00", 1), ""},
		{"a date with milliseconds", doc, strings.Replace(options, "10:00:00Z", "10:00:00.123Z", 1), ""},
		{"other members of the proof", doc, with(`"domain":"example.org","id":"urn:proof"`), ""},
		{"a date without an offset", doc, strings.Replace(options, "10:00:00Z", "10:00:00", 1), "integrity-malformed"},
		{"a date that is a number", doc, strings.Replace(options, `"2026-11-25T10:00:00Z"`, "5", 1), "integrity-malformed"},
		{"an end that is no text", doc, with(`"expires":null`), "integrity-malformed"},
		{"a type in other letters' case", doc, strings.Replace(options, `"type"`, `"Type"`, 1), "integrity-unknown"},
		{"a suite in other letters' case", doc, strings.Replace(options, `"cryptosuite"`, `"cryptoSuite"`, 1), "integrity-unknown"},
		{"a purpose that is a list", doc, strings.Replace(options, `"assertionMethod"`, `["assertionMethod"]`, 1), "integrity-malformed"},
	}
	key := ed25519.NewKeyFromSeed([]byte(strings.Repeat("k", 32)))
	pub := key.Public().(ed25519.PublicKey)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			signed := securedBy(t, key, tt.doc, tt.options)
			if got := idOf(verify.VerifyDI([]byte(signed), pub)); got != tt.want {
				t.Errorf("got %q, want %q, of %s", got, tt.want, signed)
			}
		})
	}
}
