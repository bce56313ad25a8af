package attestation_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-iot-mark/iotmark/internal/attestation"
	"github.com/open-iot-mark/iotmark/internal/samples"
	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

// What is signed here verifies there, and the other way round, with the
// libraries that others use: credential, status lists and DID document.
func TestCrossVerification(t *testing.T) {
	t.Parallel()
	node := samples.Program(t, "node")
	folder := samples.Installed(t, "internal/attestation/testdata/npm")
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
	changed := bytes.Replace(credentials[0], []byte("Warmth lamp"), []byte("Warmth lamb"), 1)
	stripped := bytes.Replace(credentials[0], []byte(`"proofPurpose":"assertionMethod"`), []byte(`"proofPurpose":"authentication"`), 1)
	credentials = append(credentials, changed, stripped)
	plain := `{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiableCredential"],"issuer":"` + verify.DID(s.Opts.Domain) +
		`","validFrom":"2026-01-05T00:00:00Z","credentialSubject":{"name":"` + "\u00d6ko \U0001F4A1 \ufb33 <&> \u2028" + `","n":[1.5,1e21,-0.0001,100000000000000000000],"\u20ac":null,"\ufb33":1,"\ud83d\ude00":2}}`
	in := map[string]any{
		"did": json.RawMessage(did), "credentials": credentials, "lists": raw(round.Lists), "now": s.Now.Format(time.RFC3339),
		"seed": hex.EncodeToString(s.Issuer.Private.Seed()), "sign": []json.RawMessage{json.RawMessage(plain)},
	}
	msg, err := json.Marshal(in)
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
	var got struct {
		Key      string
		Issued   []json.RawMessage
		Verified []struct {
			Verified bool
			Set      []string // purposes of lists whose bit is set
			Error    string
		}
	}
	if err := json.Unmarshal(reply, &got); err != nil {
		t.Fatal(err)
	}
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
	for _, doc := range got.Issued {
		if err := verify.VerifyDI(doc, public); err != nil {
			t.Errorf("what they issued: %v: %s", err, doc)
		}
		if err := verify.VerifyDI(bytes.Replace(doc, []byte(`"type":"DataIntegrityProof"`), []byte(`"type":"DataIntegrityProof","nonce":"1"`), 1), public); err == nil {
			t.Error("what they issued verifies when it was changed")
		}
	}
}

func raw(docs [][]byte) (out []json.RawMessage) {
	for _, d := range docs {
		out = append(out, d)
	}
	return out
}
