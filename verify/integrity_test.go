package verify_test

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
)

// The key pair of the standard's test vectors.
const (
	w3cPublic = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
	w3cSeed   = "c96ef9ea10c5e414c471723aff9de72c35fa5b70fae97e8832ecac7d2e2b8ed6"
	w3cHash   = "66ab154f5c2890a140cb8388a22a160454f80575f6eae09e5a097cabe539a1db" + "59b7cb6251b8991add1ce0bc83107e3db9dbbab5bd2c28f687db1a03abc92f19"
	w3cSig    = "407cd12654b33d718ecbb99179a1506daaa849450bf3fc523cce3e1c96f8b80351da3f253d725c6f00b07c9e5448d50b3ef78012b9ab54255116d069c6dd2808"
)

func w3cSigned(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/vc-di-eddsa/signed.json")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The hashes, the signature and the document of the standard come out.
func TestIntegrityVector(t *testing.T) {
	t.Parallel()
	key := must(verify.ParseMultikey(w3cPublic))
	if got := verify.Multikey(key); got != w3cPublic {
		t.Errorf("the key is written %s, want %s", got, w3cPublic)
	}
	var doc map[string]any
	if err := json.Unmarshal(w3cSigned(t), &doc); err != nil {
		t.Fatal(err)
	}
	options := doc["proof"].(map[string]any)
	delete(doc, "proof")
	delete(options, "proofValue")
	input := must(verify.ProofInput(must(json.Marshal(doc)), must(json.Marshal(options))))
	if got := hex.EncodeToString(input); got != w3cHash {
		t.Errorf("got hash %s, want %s", got, w3cHash)
	}
	private := ed25519.NewKeyFromSeed(must(hex.DecodeString(w3cSeed)))
	if got := hex.EncodeToString(ed25519.Sign(private, input)); got != w3cSig {
		t.Errorf("got signature %s, want %s", got, w3cSig)
	}
	if err := verify.VerifyDI(w3cSigned(t), key); err != nil {
		t.Error(err)
	}
}

func TestVerifyDI(t *testing.T) {
	t.Parallel()
	key := must(verify.ParseMultikey(w3cPublic))
	signed := string(w3cSigned(t))
	private := ed25519.NewKeyFromSeed(must(hex.DecodeString(w3cSeed)))
	secured := func(doc string, context ...string) string {
		p := verify.NewProof(context, "mark.example", key, time.Unix(1_790_000_000, 0))
		return string(must(p.Secure([]byte(doc), func(m []byte) ([]byte, error) { return ed25519.Sign(private, m), nil })))
	}
	tests := []struct {
		name, doc string
		want      iotmark.ErrorID
	}{
		{"as the standard has it", signed, ""},
		{"own", secured("{\"a\":\"\u2028 & <\\u000b>\",\"b\":[1,{\"c\":null}]}"), ""},
		{"own, of nothing else", secured(`{}`), ""},
		{"own, members after the proof", secured(`{"a":1,"z":2}`), ""},
		{"own, with context", secured(`{"@context":["x"],"a":1}`, "x"), ""},
		{"own, with more contexts than the proof", strings.Replace(secured(`{"@context":["x"],"a":1}`, "x"), `["x"],"a"`, `["x","y"],"a"`, 1), ""},
		{"fewer contexts than the proof", strings.Replace(secured(`{"@context":["x"],"a":1}`, "x"), `["x"],"a"`, `[],"a"`, 1), "integrity-malformed"},
		{"another context than the proof", strings.Replace(secured(`{"@context":["x"],"a":1}`, "x"), `["x"],"a"`, `["y","x"],"a"`, 1), "integrity-malformed"},
		{"context of the proof only", strings.Replace(secured(`{"@context":["x"],"a":1}`, "x"), `"@context":["x"],"a"`, `"a"`, 1), "integrity-malformed"},
		{"changed", strings.Replace(signed, "The School", "The school", 1), "integrity-wrong"},
		{"member added", strings.Replace(signed, `"name"`, `"name2":"","name"`, 1), "integrity-wrong"},
		{"proof changed", strings.Replace(signed, "2023-02-24", "2023-02-25", 1), "integrity-wrong"},
		{"no proof", `{"a":1}`, "integrity-malformed"},
		{"proofs", strings.Replace(strings.Replace(secured(`{"a":1}`), `"proof":{`, `"proof":[{`, 1), `"}}`, `"}]}`, 1), "integrity-malformed"},
		{"no value", strings.Replace(signed, "proofValue", "proofvalue", 1), "integrity-malformed"},
		{"value in another base", strings.Replace(signed, `"z2HnF`, `"u2HnF`, 1), "integrity-malformed"},
		{"value with a leading zero byte", strings.Replace(signed, `"z2HnF`, `"z12HnF`, 1), "integrity-malformed"},
		{"value too long", strings.Replace(signed, `"z2HnF`, `"zzzzz2HnF`, 1), "integrity-malformed"},
		{"another type", strings.Replace(signed, "DataIntegrityProof", "Ed25519Signature2020", 1), "integrity-unknown"},
		{"another suite", strings.Replace(signed, "eddsa-jcs-2022", "eddsa-rdfc-2022", 1), "integrity-unknown"},
		{"another purpose", strings.Replace(signed, "assertionMethod", "authentication", 1), "integrity-malformed"},
		{"no method", strings.Replace(signed, "verificationMethod", "method", 1), "integrity-malformed"},
		{"an end", strings.Replace(signed, `"created"`, `"expires":"2024-01-01T00:00:00Z","created"`, 1), "integrity-malformed"},
		{"no time", strings.Replace(signed, "2023-02-24T23:36:38Z", "yesterday", 1), "integrity-malformed"},
		{"member twice", strings.Replace(signed, `"name"`, `"name":"","name"`, 1), "json-malformed"},
		{"no object", `[]`, "integrity-malformed"},
		{"no JSON", `{`, "json-malformed"},
		{"nothing", ``, "json-malformed"},
		{"too deep", `{"a":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, "json-too-deep"},
		{"too large", `{"a":"` + strings.Repeat("a", 1<<20) + `" }`, "json-large"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := verify.VerifyDI([]byte(tt.doc), key)
			if got := idOf(err); got != tt.want {
				t.Errorf("got %q (%v), want %q", got, err, tt.want)
			}
		})
	}
	if got := idOf(verify.VerifyDI(w3cSigned(t), nil)); got != "integrity-wrong" {
		t.Errorf("no key: got %q, want integrity-wrong", got)
	}
}

func TestMultikey(t *testing.T) {
	t.Parallel()
	zero := make(ed25519.PublicKey, 32)
	if got, err := verify.ParseMultikey(verify.Multikey(zero)); err != nil || !got.Equal(zero) {
		t.Errorf("got %x, %v; want zeros", got, err)
	}
	for _, s := range []string{"", "z", "6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2", w3cPublic[:47], w3cPublic + "1", strings.Replace(w3cPublic, "k", "l", 1),
		"z3u2en7t5LR2WtQH5PfFqMqwVHgBeXouLzo6haApm8XHqvjxq", strings.Repeat("z", 200)} {
		if got := idOf(second(verify.ParseMultikey(s))); got != "multikey-malformed" {
			t.Errorf("%q: got %q, want multikey-malformed", s, got)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// A document that verifies is the one that was signed.
func FuzzVerifyDI(f *testing.F) {
	key := must(verify.ParseMultikey(w3cPublic))
	f.Add(w3cSigned(f))
	f.Add([]byte(`{"@context":[],"proof":{"@context":[],"proofValue":"z"}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := verify.VerifyDI(b, key); err == nil && !strings.Contains(string(b), "The School of Examples") {
			t.Errorf("verified %q", b)
		} else if strings.HasPrefix(string(idOf(err)), "not ours") {
			t.Error(err)
		}
	})
}
