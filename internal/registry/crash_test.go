package registry_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/open-iot-mark/iotmark/internal/ledger"
	"github.com/open-iot-mark/iotmark/internal/registry"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

// The test binary is also the program that is killed: it decides, signs,
// relays, publishes and projects until it dies.
const childEnv = "IOTMARK_REGISTRY_CHILD"

type work struct {
	Address, Dir string
	Notes        string // file of a JSON array
}

func child(arg string) int {
	if rest, ok := strings.CutPrefix(arg, "faults "); ok {
		return faults(rest)
	}
	var w work
	err := json.Unmarshal([]byte(arg), &w)
	if err == nil {
		err = w.run(context.Background())
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

func faults(arg string) int {
	var f faulty
	err := json.Unmarshal([]byte(arg), &f)
	if err == nil {
		out, e := f.run(context.Background())
		if err = e; err == nil {
			err = json.NewEncoder(os.Stdout).Encode(out)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// fatal stands in for a test where there is none.
type fatal struct{}

func (fatal) Helper()                      {}
func (fatal) Fatalf(f string, args ...any) { panic(fmt.Sprintf(f, args...)) }

func bare() *verifytest.Scheme {
	return verifytest.New(fatal{}, verifytest.Opts{Unwitnessed: true, Bare: true})
}

func (w work) run(ctx context.Context) error {
	b, err := os.ReadFile(w.Notes)
	if err != nil {
		return err
	}
	var notes []string
	if err := json.Unmarshal(b, &notes); err != nil {
		return err
	}
	s := bare()
	db, err := store.Open(ctx, w.Address)
	if err != nil {
		return err
	}
	reg, err := registry.Open(ctx, db, s.Trust)
	if err != nil {
		return err
	}
	c, err := config(s, w.Dir)
	if err != nil {
		return err
	}
	log, err := ledger.Open(ctx, c)
	if err != nil {
		return err
	}
	r, err := ledger.NewReader(w.Dir, s.Trust.Log)
	if err != nil {
		return err
	}
	policy, err := verify.ParsePolicy(s.Trust.Policy)
	if err != nil {
		return err
	}
	src := registry.Source{Log: r, Policy: policy}
	relay, proj := reg.NewRelay(log), reg.NewProjector(src)
	fmt.Println("ready")
	// The server may hold the locks of the one before for a moment.
	mine := func(err error) error {
		if id(err) == "not-leader" {
			return nil
		}
		return err
	}
	for {
		sealed, err := decideNext(ctx, db, reg, src, notes)
		if err != nil {
			return err
		}
		if sealed != "" {
			fmt.Println(sealed) // from here on it must not be lost
		}
		if _, err := relay.Once(ctx); mine(err) != nil {
			return err
		}
		if _, err := proj.CatchUp(ctx, now); mine(err) != nil {
			return err
		}
		if _, err := reg.Advance(ctx, src); err != nil {
			return err
		}
	}
}

// decideNext brings the first decision that is not sealed one step on, and
// returns its id when that was the last.
func decideNext(ctx context.Context, db *store.DB, reg *registry.Registry, src registry.Source, notes []string) (string, error) {
	var n int64
	if err := db.View(ctx, func(tx *store.Tx) error {
		_, err := tx.Row(ctx, []any{&n}, "SELECT count(*) FROM outbox")
		return err
	}); err != nil || n == int64(len(notes)) {
		return "", err
	}
	s, err := verify.Parse("mark.example", []byte(notes[n]))
	if err != nil {
		return "", err
	}
	if err := db.Do(ctx, func(tx *store.Tx) error { return reg.Record(ctx, tx, s.Entry) }); err != nil {
		return "", err
	}
	if _, err := reg.Advance(ctx, src); err != nil {
		return "", err
	}
	for _, sig := range s.Sigs {
		switch err := reg.AddSignature(ctx, s.ID, sig); id(err) {
		case "":
			if err != nil {
				return "", err
			}
		case "signer-unknown": // its key is not published yet
			return "", nil
		default:
			return "", err
		}
	}
	return s.ID, db.Do(ctx, func(tx *store.Tx) error {
		q, err := reg.SealDecision(ctx, tx, s.ID)
		if err != nil {
			return err
		}
		// The private state that goes with it: there, or not, together.
		_, err = tx.Exec(ctx, "INSERT INTO identity (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING", "decided "+q.ID, string(q.Leaf))
		return err
	})
}

// life starts the program, kills it after a while, and returns what it said
// was decided.
func life(t *testing.T, arg string, after time.Duration) (acked []string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+arg)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	var once sync.Once
	kill := func() { once.Do(func() { cmd.Process.Kill() }) }
	defer time.AfterFunc(30*time.Second, kill).Stop()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if lines.Text() == "ready" {
			time.AfterFunc(after, kill)
			continue
		}
		acked = append(acked, lines.Text())
	}
	kill()
	cmd.Wait()
	if said.Len() > 0 {
		t.Errorf("the program ended by itself: %s", &said)
	}
	return acked
}
