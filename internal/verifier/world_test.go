package verifier_test

import (
	"bufio"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/attestation"
	"github.com/open-iot-mark/iotmark/internal/samples"
	"github.com/open-iot-mark/iotmark/internal/verifier"
	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

// issuer signs with the issuer's key of a scheme.
func issuer(s *verifytest.Scheme) attestation.Issuer {
	k := s.Issuer.Private
	return attestation.Issuer{Domain: s.Opts.Domain, Public: k.Public().(ed25519.PublicKey),
		Sign: func(m []byte) ([]byte, error) { return ed25519.Sign(k, m), nil }}
}

// prove gives an entry of the log with its proof, by its birth or by the
// newest checkpoint.
func prove(s *verifytest.Scheme, index int64, birth bool) verify.Proven {
	size := int64(len(s.Entries))
	if birth {
		size = index + 1
	}
	at := time.Unix(s.Births[size-1].Witnessed, 0)
	return verify.Proven{Entry: string(s.Entries[index]), Proof: s.Proof(index, size, at)}
}

// publish attests all that is in the log, appends the status entry, and gives
// the bundle of the mark at a slot.
func publish(t testing.TB, s *verifytest.Scheme, slot int) *verify.Bundle {
	t.Helper()
	r := verify.NewReplayer(s.Trust)
	for i, e := range s.Entries {
		r.Apply(e, s.Births[i].Witnessed)
	}
	round, err := attestation.NewRound(r.Registry(s.Now), issuer(s))
	if err != nil {
		t.Fatal(err)
	}
	status := s.Status(round.Body()).Index
	b, err := round.Bundle(&round.Registry.Marks[slot], s.Trust, issuer(s), status, func(index int64, birth bool) ([]byte, []byte, error) {
		p := prove(s, index, birth)
		return []byte(p.Entry), []byte(p.Proof), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func file(t testing.TB, b *verify.Bundle) []byte {
	t.Helper()
	f, err := b.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// said is what both implementations must agree on.
type said struct {
	Answer    verify.Answer     `json:"answer"`
	Failure   iotmark.ErrorID   `json:"failure"`
	Code      string            `json:"code"`
	Subject   string            `json:"subject"`
	AsOf      int64             `json:"asOf"`
	Effective int64             `json:"effective"`
	Signers   []verify.Signer   `json:"signers"`
	Witnesses []string          `json:"witnesses"`
	Terms     *verify.TermsBody `json:"terms"`
	Steps     []string          `json:"steps"`
	Witnessed bool              `json:"witnessed"`
}

// inGo asks the implementation in Go.
func inGo(bundle, trust []byte, now int64) said {
	tr, err := verify.ParseTrust(trust)
	if err != nil {
		tr = &verify.Trust{}
	}
	r := verify.VerifyBundle(bundle, tr, time.Unix(now, 0))
	out := said{Answer: r.Answer, Code: r.Code, Subject: r.Subject, Signers: r.Signers, Witnesses: r.Witnesses, Terms: r.Terms, Witnessed: r.Witnessed}
	if r.Failure != nil {
		out.Failure = r.Failure.ID
	}
	if !r.AsOf.IsZero() {
		out.AsOf, out.Effective = r.AsOf.Unix(), r.Effective.Unix()
	}
	for _, s := range r.Steps {
		out.Steps = append(out.Steps, s.ID)
	}
	return out
}

// node is a process that runs the implementation in JavaScript, as it is
// served, in a loop.
type node struct {
	ask *json.Encoder
	out *bufio.Reader
}

func startNode(t testing.TB) *node {
	t.Helper()
	served := filepath.Join(t.TempDir(), "verifier.mjs")
	if err := os.WriteFile(served, verifier.Script(), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(samples.Program(t, "node", "nodejs"), "--no-warnings", "testdata/serve.mjs", served)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		cmd.Process.Kill() // it may be waiting for us to read
		cmd.Wait()
	})
	return &node{json.NewEncoder(in), bufio.NewReaderSize(out, 1<<20)}
}

type question struct {
	Bundle string `json:"bundle"`
	Trust  string `json:"trust"`
	Now    int64  `json:"now"`
}

// inJS asks the implementation in JavaScript.
func (n *node) inJS(t testing.TB, bundle, trust []byte, now int64) (out said) {
	t.Helper()
	n.send(t, bundle, trust, now)
	return n.answer(t)
}

func (n *node) send(t testing.TB, bundle, trust []byte, now int64) {
	t.Helper()
	if err := n.ask.Encode(question{base64.StdEncoding.EncodeToString(bundle), base64.StdEncoding.EncodeToString(trust), now}); err != nil {
		t.Fatal(err)
	}
}

func (n *node) answer(t testing.TB) (out said) {
	t.Helper()
	line, err := n.out.ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(line, &out); err != nil {
		t.Fatalf("%v: %.300s", err, line)
	}
	return out
}

// dated has witnesses sign the checkpoint of a proof again, each by its number
// and at a time in Unix seconds.
func dated(s *verifytest.Scheme, proof string, times map[int]int64) string {
	_, cp, _ := strings.Cut(proof, "\n\n")
	text, _, _ := strings.Cut(cp, "\n\n")
	for i, w := range s.Witness {
		if at, ok := times[i]; ok {
			proof = without(proof, "\u2014 "+w.Name+" ") + w.Cosign(text+"\n", time.Unix(at, 0))
		}
	}
	return proof
}
