package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/gowebpki/jcs"

	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

// fatal is a test that ends the program.
type fatal struct{}

func (fatal) Helper() {}
func (fatal) Fatalf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...)
	os.Exit(1)
}

// proof prints what it costs to replay logs of so many entries, side by side
// with the least that any auditor must do: each signature verified and each
// line put into the form of RFC 8785.
func proof(w io.Writer, sizes ...int) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\nreplay of a log of\tmarks\tsignatures an entry\tCPU an entry\tbare\tratio\tgoal\tkept an entry\tgoal\t")
	for _, n := range sizes {
		if err := replayed(t, n); err != nil {
			return err
		}
	}
	return t.Flush()
}

// replayed replays in batches: each is made, checked barely and replayed
// before the next, so that all see the same machine. Of a log that is longer
// than 100,000 entries, that many are checked barely.
func replayed(w io.Writer, n int) error {
	const batch = 2_000
	every := max(1, n/100_000) // of so many batches one is checked barely
	checked := 0
	s := verifytest.New(fatal{}, verifytest.Opts{Step: time.Minute})
	r := verify.NewReplayer(s.Trust)
	keys := keysOf(s)
	var whole, bare time.Duration
	signatures := 0
	lives := s.Lives()
	for done := 0; done < n; {
		for len(s.Entries) < min(done+batch, n) {
			lives()
		}
		runtime.GC() // what making them left behind
		entries := s.Entries[done:]
		start, err := used()
		if err != nil {
			return err
		}
		for _, e := range entries {
			if done/batch%every > 0 {
				break
			}
			k, err := least(e, keys)
			if err != nil {
				return err
			}
			signatures, checked = signatures+k, checked+1
		}
		middle, err := used()
		if err != nil {
			return err
		}
		for i, e := range entries {
			if v := r.Apply(e, s.Births[done+i].Witnessed); v != nil {
				return fmt.Errorf("entry %d is void: %s", v.Index, v.Msg)
			}
		}
		end, err := used()
		if err != nil {
			return err
		}
		bare, whole = bare+middle-start, whole+end-middle
		for i := range entries {
			entries[i] = nil
		}
		done = len(s.Entries)
	}
	total := len(s.Entries)
	held := heap()
	marks := s.Slots
	size := r.Size()
	r = nil
	kept := held - heap()
	_, err := fmt.Fprintf(w, "%d\t%d\t%.2f\t%.0f us\t%.0f us\t%.2f\t1.3\t%d B\t100 B\t\n", size, marks, float64(signatures)/float64(checked),
		us(whole, total), us(bare, checked), us(whole, total)/us(bare, checked), kept/int64(total))
	runtime.KeepAlive(lives) // and with it all that made the log
	return err
}

func us(d time.Duration, n int) float64 { return float64(d.Nanoseconds()) / 1e3 / float64(n) }

// keysOf gives the keys of a scheme by the names in signature lines.
func keysOf(s *verifytest.Scheme) map[string]ed25519.PublicKey {
	out := map[string]ed25519.PublicKey{}
	add := func(ks ...verifytest.Key) {
		for _, k := range ks {
			out[k.Name] = k.Private.Public().(ed25519.PublicKey)
		}
	}
	add(s.Root...)
	add(s.Committee...)
	add(s.Operator)
	for _, o := range s.Orgs {
		add(o.Keys...)
	}
	return out
}

// least verifies the signatures of an entry and makes its line canonical, and
// gives the number of signatures.
func least(entry []byte, keys map[string]ed25519.PublicKey) (int, error) {
	text, sigs, _ := bytes.Cut(entry, []byte("\n\n"))
	text = append(text[:len(text):len(text)], '\n')
	_, line, _ := bytes.Cut(text, []byte("\n"))
	if _, err := jcs.Transform(line); err != nil {
		return 0, err
	}
	n := 0
	for l := range bytes.Lines(sigs) {
		name, b64, _ := strings.Cut(strings.TrimPrefix(strings.TrimSuffix(string(l), "\n"), "\u2014 "), " ")
		pub := keys[name]
		if pub == nil {
			domain, _, _ := strings.Cut(name, "/")
			pub = verifytest.NewMaker(domain).Keys[0].Private.Public().(ed25519.PublicKey)
			keys[name] = pub
		}
		sig, err := base64.StdEncoding.DecodeString(b64)
		if err != nil || !ed25519.Verify(pub, text, sig[4:]) {
			return 0, fmt.Errorf("the signature of %s does not hold", name)
		}
		n++
	}
	return n, nil
}

// heap is what is reachable.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
