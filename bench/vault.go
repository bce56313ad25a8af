package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"text/tabwriter"

	"filippo.io/age"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/internal/vault"
)

// vaults compares taking a piece of evidence in, and reading it, with SHA-256
// and age alone writing to a file that is flushed to the disk: processes of
// their own, in turns, so that both see the same machine.
func vaults(w io.Writer, tmp string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\na piece of evidence of\tput: CPU, median\tSHA-256 and age alone\tratio\twall\talone\tread: CPU\tpeak memory of put\tof read\tgoal\t")
	for _, mb := range []int{1, 64, 512, 1024} {
		rs := map[string][]run{}
		n := 5
		if mb > 100 {
			n = 3
		}
		for i := range n {
			for _, what := range []string{"put", "alone", "read"} { // read reads what was put
				dir := filepath.Join(tmp, "vault", fmt.Sprint(mb))
				if what == "put" {
					os.RemoveAll(dir)
				}
				if err := os.MkdirAll(dir, 0o700); err != nil {
					return err
				}
				r, err := measure(self, "vault", what, fmt.Sprint(mb), dir)
				if err != nil {
					return err
				}
				if i > 0 {
					rs[what] = append(rs[what], r)
				}
			}
		}
		put, alone, read := middle(rs["put"]), middle(rs["alone"]), middle(rs["read"])
		goal := ""
		if mb > 1 {
			goal = "1.2, flat"
		}
		fmt.Fprintf(t, "%d MB\t%.2f s\t%.2f s\t%.2f\t%.2f s\t%.2f s\t%.2f s\t%d MB\t%d MB\t%s\t\n", mb, put.cpu.Seconds(), alone.cpu.Seconds(), float64(put.cpu)/float64(alone.cpu),
			put.wall.Seconds(), alone.wall.Seconds(), read.cpu.Seconds(), put.peak>>20, read.peak>>20, goal)
	}
	return t.Flush()
}

// vaultRun is the process that is measured: put, alone or read, so many MB, in
// a folder.
func vaultRun(args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("vault wants put, alone or read, a number of MB, and a folder")
	}
	mb, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	ctx, dir := context.Background(), args[2]
	in := io.LimitReader(rand.NewChaCha8([32]byte{byte(mb)}), int64(mb)<<20)
	if args[0] == "alone" {
		return alone(filepath.Join(dir, "alone"), in)
	}
	key := filepath.Join(dir, "vault.key")
	if args[0] == "put" {
		id, err := age.GenerateX25519Identity()
		if err != nil {
			return err
		}
		if err := os.WriteFile(key, []byte(id.String()+"\n"), 0o600); err != nil {
			return err
		}
	}
	db, err := store.Open(ctx, filepath.Join(dir, "registry.db"))
	if err != nil {
		return err
	}
	defer db.Close()
	v, err := vault.Open(ctx, vault.Config{Bucket: filepath.Join(dir, "evidence"), DB: db, Keys: []string{key}})
	if err != nil {
		return err
	}
	defer v.Close()
	if args[0] == "put" {
		_, err := v.Put(ctx, vault.Put{By: "bench", Case: "bench", Class: iotmark.Restricted, Name: "piece"}, in)
		return err
	}
	ps, err := v.Pieces(ctx, "bench")
	if err != nil || len(ps) != 1 {
		return fmt.Errorf("%d pieces, %w", len(ps), err)
	}
	r, err := v.Open(ctx, vault.Reader{Person: "bench", Case: "bench", Why: "bench"}, ps[0].Digest)
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.Copy(io.Discard, r)
	return err
}

// alone is the least that must be done.
func alone(file string, in io.Reader) error {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return err
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	enc, err := age.Encrypt(f, id.Recipient())
	if err != nil {
		return err
	}
	if _, err := io.CopyBuffer(io.MultiWriter(sha256.New(), enc), in, make([]byte, 64<<10)); err != nil {
		return err
	}
	if err := enc.Close(); err != nil {
		return err
	}
	return f.Sync()
}
