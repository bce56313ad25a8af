package attestation_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark/internal/attestation"
	"github.com/open-iot-mark/iotmark/internal/samples"
	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

// said is what the libraries of others answer.
type said struct {
	Key      string
	Issued   []json.RawMessage
	Verified []struct {
		Verified bool
		Set      []string // purposes of lists whose bit is set
		Error    string
	}
	Opened []struct {
		Header  map[string]any
		Payload string
		Error   string
	}
	List string // encodedList
}

// others asks the libraries that others use.
func others(t *testing.T, ask map[string]any) (got said) {
	t.Helper()
	node := samples.Program(t, "node")
	folder := samples.Installed(t, "internal/attestation/testdata/npm")
	msg, err := json.Marshal(ask)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), node, "testdata/npm/cross.mjs", folder)
	cmd.Stdin = bytes.NewReader(msg)
	var errs strings.Builder
	cmd.Stderr = &errs
	reply, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, errs.String())
	}
	if err := json.Unmarshal(reply, &got); err != nil {
		t.Fatal(err)
	}
	return got
}

// three gives a scheme whose first mark is valid, whose second is suspended,
// and whose third, with letters of all kinds in its name, is withdrawn; and
// what is asked of others about them: their credentials and all they rest on.
func three(t *testing.T) (*verifytest.Scheme, *attestation.Round, map[string]any, []json.RawMessage) {
	t.Helper()
	s := verifytest.New(t, verifytest.Opts{})
	s.Grant(s.Makers[0], "lamp")
	s.Grant(s.Makers[1], "kettle").Suspend(2)
	s.Promise(s.Makers[2], "spoon")
	k := s.NewMark(s.Makers[2], "spoon")
	k.Apply()
	k.Seal()
	k.Evaluate()
	terms := k.TermsOf()
	terms.Product.Name = "L\u00f6ffel & <Lampe> \U0001F4A1"
	k.Set(verify.MarkGranted, terms)
	k.Withdraw(verify.Committee)
	reg := s.Replay()
	round, err := attestation.NewRound(reg, s.Issuing())
	if err != nil {
		t.Fatal(err)
	}
	did, err := attestation.DIDDocument(reg)
	if err != nil {
		t.Fatal(err)
	}
	var credentials []json.RawMessage
	for i := range reg.Marks {
		c, err := s.Issuing().Credential(attestation.Attested(reg, &reg.Marks[i]))
		if err != nil {
			t.Fatal(err)
		}
		credentials = append(credentials, c)
	}
	return s, round, map[string]any{
		"did": json.RawMessage(did), "credentials": credentials, "lists": raw(round.Lists), "now": s.Now.Format(time.RFC3339),
		"seed": hex.EncodeToString(s.Issuer.Private.Seed()), "sign": []json.RawMessage{},
	}, credentials
}

// What is signed here verifies there, and the other way round, with the
// libraries that others use: credential, status lists and DID document.
func TestCrossVerification(t *testing.T) {
	t.Parallel()
	s, _, ask, credentials := three(t)
	changed := bytes.Replace(credentials[0], []byte("Warmth lamp"), []byte("Warmth lamb"), 1)
	stripped := bytes.Replace(credentials[0], []byte(`"proofPurpose":"assertionMethod"`), []byte(`"proofPurpose":"authentication"`), 1)
	plain := `{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiableCredential"],"issuer":"` + verify.DID(s.Opts.Domain) +
		`","validFrom":"2026-01-05T00:00:00Z","credentialSubject":{"name":"` + "\u00d6ko \U0001F4A1 \ufb33 <&> \u2028" + `","n":[1.5,1e21,-0.0001,100000000000000000000],"\u20ac":null,"\ufb33":1,"\ud83d\ude00":2}}`
	ask["credentials"] = append(credentials, changed, stripped)
	ask["sign"] = []json.RawMessage{json.RawMessage(plain)}
	ask["bits"] = []int64{0, 9, 70_000, verify.ListBits - 1}
	got := others(t, ask)
	public := s.Issuing().Public
	if got.Key != verify.Multikey(public) {
		t.Errorf("they write the key %s, we %s", got.Key, verify.Multikey(public))
	}
	for i, want := range []struct {
		verified bool
		set      []string
	}{
		{true, []string{}}, {true, []string{verify.Suspension}}, {true, []string{verify.Revocation}},
		{false, []string{}}, {false, []string{}}, // changed, for another purpose
	} {
		if g := got.Verified[i]; g.Verified != want.verified || !slices.Equal(g.Set, want.set) {
			t.Errorf("credential %d: they say %+v, want %+v", i, g, want)
		}
	}
	bits, err := verify.DecodeBits(got.List, verify.ListBits)
	if err != nil || len(bits)*8 != verify.ListBits {
		t.Errorf("their list has %d bits: %v", len(bits)*8, err)
	}
	if diff := cmp.Diff(ask["bits"], any(set(bits))); diff != "" {
		t.Errorf("the bits of their list: got (-want +got)\n%s", diff)
	}
	if len(got.Issued) != 1 {
		t.Errorf("they issued %d credentials, want 1", len(got.Issued))
	}
	for _, doc := range got.Issued {
		if err := verify.VerifyDI(doc, public); err != nil {
			t.Errorf("what they issued: %v: %s", err, doc)
		}
		if err := verify.VerifyDI(bytes.Replace(doc, []byte(`"type":"DataIntegrityProof"`), []byte(`"type":"DataIntegrityProof","nonce":"1"`), 1), public); err == nil {
			t.Error("what they issued verifies when it was changed")
		}
	}
}

// Others refuse a credential whose status list was changed, is that of another
// round, or is past its date, or whose key is not in the DID document.
func TestCrossVerificationOfTheRest(t *testing.T) {
	t.Parallel()
	s, round, ask, credentials := three(t)
	other := verify.List{Domain: s.Opts.Domain, ID: 1, Purpose: verify.Suspension, Bits: make(verify.Bits, verify.ListBits/8), From: s.Now}
	var list struct{ CredentialSubject struct{ EncodedList string } }
	if err := json.Unmarshal(round.Lists[1], &list); err != nil {
		t.Fatal(err)
	}
	quiet := bytes.Replace(round.Lists[1], []byte(list.CredentialSubject.EncodedList), []byte(verify.EncodeBits(other.Bits)), 1)
	if bytes.Equal(quiet, round.Lists[1]) {
		t.Fatal("the list was not changed")
	}
	for name, tt := range map[string]struct {
		change map[string]any
		why    string
	}{
		"a list with other bits": {map[string]any{"lists": raw([][]byte{round.Lists[0], quiet})}, "Invalid signature"},
		"no list of suspensions": {map[string]any{"lists": raw(round.Lists[:1])}, "Could not load"},
		"lists past their date":  {map[string]any{"now": s.Now.AddDate(0, 0, 8).Format(time.RFC3339)}, `is after "validUntil"`},
		"before the mark":        {map[string]any{"now": s.Now.AddDate(-1, 0, 0).Format(time.RFC3339)}, `is before "validFrom"`},
		"a key that is not named": {map[string]any{"did": json.RawMessage(strings.Replace(string(ask["did"].(json.RawMessage)),
			`"assertionMethod":[`, `"assertionMethod":["did:web:x#y"],"x":[`, 1))}, "not authorized by controller"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changed := maps.Clone(ask)
			maps.Copy(changed, tt.change)
			got := others(t, changed).Verified
			if len(got) != len(credentials) {
				t.Fatalf("they say %d things about %d credentials", len(got), len(credentials))
			}
			for i, g := range got {
				if g.Verified || !strings.Contains(g.Error, tt.why) {
					t.Errorf("credential %d: they say %+v, want %s", i, g, tt.why)
				}
			}
		})
	}
}

// The token says the same as the credential without its proof, to whom does
// not use our libraries.
func TestCrossToken(t *testing.T) {
	t.Parallel()
	s, round, ask, _ := three(t)
	var tokens []string
	var want [][]byte
	for i := range round.Registry.Marks {
		a := attestation.Attested(round.Registry, &round.Registry.Marks[i])
		token, err := s.Issuing().JWT(a)
		if err != nil {
			t.Fatal(err)
		}
		tokens, want = append(tokens, token), append(want, a.Credential())
	}
	parts, neighbour := strings.Split(tokens[0], "."), strings.Split(tokens[1], ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"` + verify.Method(s.Opts.Domain, s.Issuing().Public) + `"}`))
	bad := map[string]string{
		"the words of another":     parts[0] + "." + neighbour[1] + "." + parts[2],
		"the signature of another": parts[0] + "." + parts[1] + "." + neighbour[2],
		"signed by nobody":         none + "." + parts[1] + ".",
		"of a key that is unknown": strings.Join([]string{base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"EdDSA","kid":"did:web:x#y"}`)), parts[1], parts[2]}, "."),
	}
	names := slices.Sorted(maps.Keys(bad))
	ask["credentials"], ask["tokens"] = []json.RawMessage{}, tokens
	for _, n := range names {
		ask["tokens"] = append(ask["tokens"].([]string), bad[n])
	}
	got := others(t, ask).Opened
	for i, w := range want {
		header := map[string]any{"alg": "EdDSA", "cty": "vc", "typ": "vc+jwt", "kid": verify.Method(s.Opts.Domain, s.Issuing().Public)}
		if diff := cmp.Diff(header, got[i].Header); diff != "" {
			t.Errorf("header of token %d: got (-want +got)\n%s", i, diff)
		}
		if got[i].Payload != string(w) {
			t.Errorf("token %d: they read %s (%s), want %s", i, got[i].Payload, got[i].Error, w)
		}
	}
	for i, n := range names {
		if g := got[len(want)+i]; g.Error == "" || g.Payload != "" {
			t.Errorf("%s: they read %s", n, g.Payload)
		}
	}
}

// set gives the indexes of the bits that are set.
func set(b verify.Bits) (out []int64) {
	for i := range int64(len(b)) * 8 {
		if b.Get(i) {
			out = append(out, i)
		}
	}
	return out
}

func raw(docs [][]byte) (out []json.RawMessage) {
	for _, d := range docs {
		out = append(out, d)
	}
	return out
}
