package vault_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/internal/vault"
)

// The test binary is also the program that is killed: it hands in, reads and
// erases until it dies, and says what it was told is done.
const childEnv = "IOTMARK_VAULT_CHILD"

type work struct {
	Address, Dir, Key string
	Life              int // which of its lives it is
}

func child(arg string) int {
	var err error
	if rest, ok := strings.CutPrefix(arg, "faults "); ok {
		err = faults(rest)
	} else {
		var w work
		if err = json.Unmarshal([]byte(arg), &w); err == nil {
			err = w.run(context.Background())
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// content is the piece of that number in that life; every fourth is the same
// in all lives.
func content(life, n int) []byte {
	if n%4 == 0 {
		life = 0
	}
	return bytes.Repeat(fmt.Appendf(nil, "life %d, piece %d. ", life, n), 1+(n*7919)%20_000)
}

func (w work) run(ctx context.Context) error {
	db, err := store.Open(ctx, w.Address)
	if err != nil {
		return err
	}
	v, err := vault.Open(ctx, vault.Config{Bucket: w.Dir, DB: db, Keys: []string{w.Key}})
	if err != nil {
		return err
	}
	out := bufio.NewWriter(os.Stdout)
	say := func(what string, d iotmark.Digest) {
		fmt.Fprintln(out, what, d)
		out.Flush()
	}
	say("ready", "")
	var last iotmark.Digest
	for n := 0; ; n++ {
		p, err := v.Put(ctx, vault.Put{By: "ann", Case: "case-1", Class: iotmark.Restricted, Name: fmt.Sprint("piece-", n), Personal: true}, bytes.NewReader(content(w.Life, n)))
		if err != nil {
			return err
		}
		say("put", p.Digest)
		if n%5 == 3 && n%4 != 0 {
			last = p.Digest
			say("erasing", last)
			err := db.Do(ctx, func(tx *store.Tx) error { return v.Erase(ctx, tx, "dpo", "request 1", last) })
			if err != nil {
				return err
			}
			say("erased", last)
			if _, err := v.Sweep(ctx); err != nil {
				return err
			}
		}
	}
}

// live starts the program, kills it after a while, and returns what it said.
func live(arg string, after time.Duration) (said [][2]string, stderr string, err error) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+arg)
	var told bytes.Buffer
	cmd.Stderr = &told
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	if err := cmd.Start(); err != nil {
		return nil, "", err
	}
	limit := time.AfterFunc(60*time.Second, func() { cmd.Process.Kill() })
	defer limit.Stop()
	for lines := bufio.NewScanner(out); lines.Scan(); {
		what, d, _ := strings.Cut(lines.Text(), " ")
		if what == "ready" {
			t := time.AfterFunc(after, func() { cmd.Process.Kill() })
			defer t.Stop()
			continue
		}
		said = append(said, [2]string{what, d})
	}
	cmd.Wait() //nolint:errcheck // it was killed
	return said, told.String(), nil
}
