package main

import (
	"crypto/ed25519"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

// verifying compares the verification of one mark with its bare signature
// checks, in turns: a log of n entries, three witnesses and an auditor who all
// signed, a grant by three, a keyring by three of the root.
func verifying(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\nverify one mark in a log of\tbundle as a file\tplain\tlargest proof\tsignatures\tCPU\tbare signatures\tratio\tgoal\t")
	for _, n := range []int{1_000, 100_000} {
		s := verifytest.New(fatal{}, verifytest.Opts{Witnesses: 4})
		s.Grant(s.Makers[0], "lamp")
		for i := len(s.Entries); i < n; i++ {
			s.AppendBytes(fmt.Appendf(nil, "filler %d", i), s.Now.Unix()) // void; it takes its place
		}
		b := s.Bundle(0)
		file := s.File(b)
		plain, err := verify.ParseBundle(file)
		if err != nil {
			return err
		}
		signatures, largest, size := count(plain)
		if r := verify.VerifyBundle(file, s.Trust, s.Now); r.Answer != verify.GenuineCurrent {
			return fmt.Errorf("verify: %s: %v", r.Answer, r.Failure)
		}
		key := s.Committee[0].Private
		message := make([]byte, 600)
		sig := ed25519.Sign(key, message)
		pub := key.Public().(ed25519.PublicKey)
		var all, bare []time.Duration
		for range 2 * runs {
			x, err := each(100, func() error { verify.VerifyBundle(file, s.Trust, s.Now); return nil })
			if err != nil {
				return err
			}
			y, err := each(100, func() error {
				for range signatures {
					ed25519.Verify(pub, message, sig)
				}
				return nil
			})
			if err != nil {
				return err
			}
			all, bare = append(all, x), append(bare, y)
		}
		slices.Sort(all)
		slices.Sort(bare)
		x, y := all[len(all)/2], bare[len(bare)/2]
		fmt.Fprintf(t, "%d entries\t%d B\t%d B\t%d B\t%d\t%.2f ms\t%.2f ms\t%.2f\t9 KB, 2 ms, 1.5\t\n", n, len(file), size, largest, signatures,
			x.Seconds()*1e3, y.Seconds()*1e3, x.Seconds()/y.Seconds())
	}
	return t.Flush()
}

// count gives how many signatures have to be verified for a bundle: those of
// its entries, of its different checkpoints, of the credential and the lists.
func count(b *verify.Bundle) (signatures, largestProof, plain int) {
	checkpoints := map[string]bool{}
	plain = len(b.Credential)
	for _, e := range b.Entries {
		signatures += strings.Count(e.Entry, "\n\u2014 ")
		_, checkpoint, _ := strings.Cut(e.Proof, "\n\n")
		if !checkpoints[checkpoint] {
			signatures += strings.Count(checkpoint, "\n\u2014 ")
		}
		checkpoints[checkpoint] = true
		largestProof = max(largestProof, len(e.Proof))
		plain += len(e.Entry) + len(e.Proof)
	}
	for _, l := range b.Lists {
		plain += len(l)
	}
	return signatures + 1 + len(b.Lists), largestProof, plain
}
