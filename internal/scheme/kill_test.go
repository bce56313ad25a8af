//go:build !race

// The programs that are killed would take minutes with the race detector.

package scheme_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/registry"
	"github.com/open-iot-mark/iotmark/internal/scheme"
	"github.com/open-iot-mark/iotmark/internal/scheme/schemetest"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/internal/store/storetest"
	"github.com/open-iot-mark/iotmark/internal/vault"
	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

// The test binary is also the program that is killed: three who act at once
// until it dies, and who say what they were told was done.
type killed struct {
	Address string
	First   int    // number of its first application
	Bucket  string // of the evidence
	Keys    []string
	Decl    []byte // the declaration in the dossier
}

// fatal stands in for a test where there is none.
type fatal struct{}

func (fatal) Helper()                      {}
func (fatal) Fatalf(f string, args ...any) { panic(fmt.Sprintf(f, args...)) }

type operator struct{ verifytest.Key }

func (o operator) Sign(text []byte) (verify.Sig, error) { return o.Key.Sign(text), nil }

func child(arg string) int {
	var k killed
	err := json.Unmarshal([]byte(arg), &k)
	if err == nil {
		err = k.run(context.Background())
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

func (k killed) run(ctx context.Context) error {
	keys := verifytest.New(fatal{}, verifytest.Opts{Unwitnessed: true})
	db, err := store.Open(ctx, k.Address)
	if err != nil {
		return err
	}
	reg, err := registry.Open(ctx, db, keys.Trust)
	if err != nil {
		return err
	}
	p, err := catalogue.MustLoad().Procedure()
	if err != nil {
		return err
	}
	terms, err := scheme.TermsOf(p, "standard")
	if err != nil {
		return err
	}
	v, err := vault.Open(ctx, vault.Config{Bucket: k.Bucket, DB: db, Keys: k.Keys})
	if err != nil {
		return err
	}
	s := scheme.New(scheme.Config{Vault: v, DB: db, Registry: reg, Domain: keys.Trust.Domain, Terms: terms, Operator: operator{keys.Operator},
		Now: func() time.Time { return keys.Now.Add(2 * time.Hour) }})
	maker := verifytest.NewMaker(schemetest.Acme)
	maker.Keys[0].Person = schemetest.Applicant.Person
	fmt.Println("ready")
	failed := make(chan error)
	for i := range 3 {
		go func() {
			for n := k.First + i; ; n += 3 {
				if err := applies(ctx, s, keys, maker.Keys[0], n, k.Decl); err != nil {
					failed <- fmt.Errorf("application %d: %w", n, err)
				}
			}
		}()
	}
	return <-failed
}

// applies applies, is accepted, signs, which is public, and has a note written.
func applies(ctx context.Context, s *scheme.Scheme, keys *verifytest.Scheme, key verifytest.Key, n int, decl []byte) error {
	name := func(act string) string { return fmt.Sprintf("%s-%d", act, n) }
	tell := func(key string, c scheme.Case) { fmt.Printf("%s %s %d\n", key, c.ID, c.Version) }
	b := scheme.ApplicationBody{Edition: keys.Edition.Edition, Category: "lighting", Updates: "2032-01-01", Licence: verifytest.Digest("licence"), Fee: "application",
		Product: verify.ProductTerms{Category: "lighting", ID: name("lamp"), Model: "AC-1", Name: "Lamp", Software: verify.Software{Min: "1.0.0"}}}
	c, err := s.Apply(ctx, schemetest.Applicant, scheme.On{Key: name("apply")}, iotmark.Application, schemetest.Body, "", b)
	if err != nil {
		return err
	}
	tell(name("apply"), c)
	if _, _, err := s.Supply(ctx, schemetest.Applicant, scheme.On{Case: c.ID, Key: name("supply")}, scheme.Supplied{Name: "iotmark.yaml", Class: iotmark.Restricted}, bytes.NewReader(decl)); err != nil {
		return err
	}
	if c, err = s.Accept(ctx, schemetest.Registrar, scheme.On{Case: c.ID, Key: name("accept")}); err != nil {
		return err
	}
	tell(name("accept"), c)
	d, err := s.Draft(ctx, schemetest.Applicant, c.ID)
	if err != nil {
		return err
	}
	if c, err = s.Sign(ctx, schemetest.Applicant, scheme.On{Case: c.ID, Key: name("sign")}, key.Sign(d.Text)); err != nil {
		return err
	}
	tell(name("sign"), c)
	if c, err = s.Note(ctx, schemetest.Registrar, scheme.On{Case: c.ID, Key: name("note")}, "seen"); err != nil {
		return err
	}
	tell(name("note"), c)
	return nil
}

// life starts the program, kills it after a while, and returns what it said
// was done.
func life(t *testing.T, k killed, after time.Duration) (acked []string) {
	t.Helper()
	arg, err := json.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+string(arg))
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	kill := func() { once.Do(func() { cmd.Process.Kill() }) }
	defer time.AfterFunc(60*time.Second, kill).Stop()
	r := bufio.NewReader(out)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			break // what was cut short was not told
		}
		if line == "ready\n" {
			time.AfterFunc(after, kill)
			continue
		}
		acked = append(acked, strings.TrimSpace(line))
	}
	kill()
	cmd.Wait()
	if said.Len() > 0 {
		t.Fatalf("the program ended by itself: %s", said.String())
	}
	return acked
}

// Killed at any moment under load, every act that was acknowledged is there,
// once; nothing stands half done; and log, tables and trail say the same.
func TestKilled(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, address string) {
		h := schemetest.New(t, address)
		h.Register()
		seed := rand.New(rand.NewPCG(5, 15))
		var acked []string
		const kills = 12
		for i := range kills {
			acked = append(acked, life(t, killed{Bucket: h.Evidence.Bucket, Keys: h.Evidence.Keys, Decl: h.Dossier()["iotmark.yaml"], Address: address, First: 1 + i*100_000}, time.Duration(20+seed.IntN(400))*time.Millisecond)...)
		}
		ctx := t.Context()
		lost, doubled := 0, 0
		for _, a := range acked {
			var key, id string
			var version int64
			if _, err := fmt.Sscan(a, &key, &id, &version); err != nil {
				t.Fatal(a, err)
			}
			var there, under int
			if err := h.DB.View(ctx, func(tx *store.Tx) error {
				_, err := tx.Row(ctx, []any{&there, &under}, `SELECT (SELECT count(*) FROM act WHERE matter = $1 AND version = $2 AND key = $3), (SELECT count(*) FROM act WHERE key = $3)`, id, version, key)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			if there == 0 {
				lost++
			}
			if under > 1 {
				doubled++
			}
		}
		n := whole(t, h)
		t.Logf("%d kills, %d acts acknowledged, %d in the trail, %d lost, %d doubled", kills, len(acked), n, lost, doubled)
		if lost+doubled > 0 || len(acked) < kills {
			t.Errorf("%d lost and %d doubled of %d", lost, doubled, len(acked))
		}
	})
}
