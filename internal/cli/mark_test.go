package cli_test

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	words "github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/attestation"
	"github.com/open-iot-mark/iotmark/internal/ledger"
	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

// Marks verified and logs audited from the command line.
func TestMarkScripts(t *testing.T) {
	scripts(t, "testdata/mark", map[string]func(*testscript.TestScript, bool, []string){"scheme": scheme})
}

// scheme NAME [lie] makes a scheme with three marks in the folder NAME: its
// log, trust.json, and a bundle of each mark, named by its state. Codes are in
// the variables valid, suspended and withdrawn; now is the time of the last
// entry. With lie, the last status is not what follows from the log.
func scheme(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: scheme NAME [lie]")
	}
	dir := ts.MkAbs(args[0])
	s := verifytest.New(aborts{ts}, verifytest.Opts{Unwitnessed: true})
	s.Grant(s.Makers[0], "lamp")
	s.Grant(s.Makers[1], "hub").Suspend(2)
	s.Grant(s.Makers[2], "lock").Withdraw(verify.Committee)

	rules := verify.NewReplayer(s.Trust)
	for i, e := range s.Entries {
		if v := rules.Apply(e, s.Births[i].Witnessed); v != nil {
			ts.Fatalf("entry %d is void: %s", i, v.Msg)
		}
	}
	private := s.Issuer.Private
	issuer := attestation.Issuer{Domain: s.Trust.Domain, Public: private.Public().(ed25519.PublicKey),
		Sign: func(m []byte) ([]byte, error) { return ed25519.Sign(private, m), nil }}
	round, err := attestation.NewRound(rules.Registry(s.Now), issuer)
	ts.Check(err)
	body := round.Body()
	if len(args) > 1 {
		body.States = verifytest.Digest("a lie")
	}
	status := s.Status(body)
	ts.Setenv("now", status.Time.Format(time.RFC3339))

	ts.Check(os.MkdirAll(dir, 0o755))
	ts.Check(os.WriteFile(filepath.Join(dir, "trust.json"), s.Trust.Marshal(), 0o644))
	find := func(index int64, birth bool) ([]byte, []byte, error) {
		size := int64(len(s.Entries))
		return s.Entries[index], []byte(s.Proof(index, size, s.Now)), nil
	}
	for i := range round.Registry.Marks {
		m := &round.Registry.Marks[i]
		ts.Setenv(string(m.State), words.PrintCode(m.Code))
		b, err := round.Bundle(m, s.Trust, issuer, status.Index, find)
		ts.Check(err)
		file, err := b.Marshal()
		ts.Check(err)
		ts.Check(os.WriteFile(filepath.Join(dir, string(m.State)+".iotmark"), file, 0o644))
	}

	k := s.LogSigner()
	at := filepath.Join(dir, "log")
	ts.Check(ledger.Init(at, k))
	p, err := ledger.Open(context.Background(), ledger.Config{Dir: at, Signer: k, Key: s.Trust.Log, Interval: 10 * time.Millisecond, BatchAge: time.Millisecond})
	ts.Check(err)
	for _, e := range s.Entries {
		_, err := p.Append(context.Background(), e)
		ts.Check(err)
	}
	ts.Check(p.Close(context.Background()))
}

// aborts lets a scheme fail a script.
type aborts struct{ ts *testscript.TestScript }

func (a aborts) Helper()                      {}
func (a aborts) Fatal(args ...any)            { a.ts.Fatalf("%s", fmt.Sprint(args...)) }
func (a aborts) Fatalf(f string, args ...any) { a.ts.Fatalf(f, args...) }
