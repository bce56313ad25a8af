package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"
)

// captures measures how reading a capture grows, beside what tshark takes to
// print the same facts: addresses, names looked up, names of TLS. The captures
// repeat real ones, each time with other addresses at home and later.
func captures(w io.Writer, tmp string) error {
	dir := os.Getenv("IOTMARK_SAMPLES")
	if dir == "" {
		dir = "../shared/samples"
	}
	var all []record
	for _, name := range []string{"pcap/ndpi/alexa-app.pcapng", "pcap/intl-iot/yi_camera_sample.pcap"} {
		rs, err := records(filepath.Join(dir, name))
		if err != nil {
			fmt.Fprintf(w, "\nNo figures of captures: %v. IOTMARK_SAMPLES names the folder of samples.\n", err)
			return nil
		}
		all = append(all, rs...)
	}
	shark, err := exec.LookPath("tshark")
	if err != nil {
		fmt.Fprintln(w, "\ntshark is not installed; nothing stands beside the figures of captures.")
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\niotmark check on a capture of\tpackets\twall\tCPU, median\tpeak memory\ttshark: CPU\tpeak memory\tratio of CPU\tgoal\t")
	for _, c := range []struct {
		mb, runs, others int
		goal             string
	}{{5, 5, 3, ""}, {50, 5, 3, "1/8"}, {500, 3, 1, "1/8"}} {
		dir := filepath.Join(tmp, fmt.Sprintf("capture-%d", c.mb))
		n, err := dossierOf(dir, all, c.mb<<20)
		if err != nil {
			return err
		}
		ours, err := several(c.runs, program(tmp), "check", "--at", "2026-11-22", dir)
		if err != nil {
			return err
		}
		theirs, beside := run{}, "\t\t\t"
		if shark != "" {
			theirs, err = several(c.others, shark, "-n", "-r", filepath.Join(dir, "traffic.pcap"), "-T", "fields",
				"-e", "ip.src", "-e", "ip.dst", "-e", "dns.qry.name", "-e", "tls.handshake.extensions_server_name")
			if err != nil {
				return err
			}
			beside = fmt.Sprintf("%.2f s\t%d MB\t1/%.1f\t", theirs.cpu.Seconds(), theirs.peak>>20, float64(theirs.cpu)/float64(ours.cpu))
		}
		fmt.Fprintf(t, "%d MB\t%d\t%.2f s\t%.2f s\t%d MB\t%s%s\t\n", c.mb, n, ours.wall.Seconds(), ours.cpu.Seconds(), ours.peak>>20, beside, c.goal)
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	return t.Flush()
}

// several runs a command n times and returns the run with the median of CPU
// time, and the largest peak of all.
func several(n int, name string, args ...string) (run, error) {
	var rs []run
	for range n {
		r, err := measure(name, args...)
		if err != nil {
			return run{}, err
		}
		rs = append(rs, r)
	}
	slices.SortFunc(rs, func(a, b run) int { return int(a.cpu - b.cpu) })
	m := rs[len(rs)/2]
	for _, r := range rs {
		m.peak = max(m.peak, r.peak)
	}
	return m, nil
}

// record is one packet of a capture of Ethernet.
type record struct {
	at   time.Duration // since the first
	data []byte
}

// records reads the samples, which are known to be sound: pcap in
// microseconds, or pcapng with one interface.
func records(path string) ([]record, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var out []record
	le := binary.LittleEndian
	if len(b) > 24 && le.Uint32(b) == 0xa1b2c3d4 {
		for b = b[24:]; len(b) >= 16; {
			n := int(le.Uint32(b[8:]))
			out = append(out, record{time.Duration(le.Uint32(b))*time.Second + time.Duration(le.Uint32(b[4:]))*time.Microsecond, b[16 : 16+n]})
			b = b[16+n:]
		}
	} else {
		for len(b) >= 12 {
			n := int(le.Uint32(b[4:]))
			if le.Uint32(b) == 6 {
				at := time.Duration(uint64(le.Uint32(b[12:]))<<32|uint64(le.Uint32(b[16:]))) * time.Microsecond
				out = append(out, record{at, b[28 : 28+le.Uint32(b[20:])]})
			}
			b = b[n:]
		}
	}
	if len(out) == 0 {
		return nil, errors.New(path + " holds no packets")
	}
	first := out[0].at
	for i := range out {
		out[i].at -= first
	}
	return out, nil
}

// dossierOf writes a dossier with a capture of about size bytes, and returns
// how many packets it holds.
func dossierOf(dir string, rs []record, size int) (int, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return 0, err
	}
	f, err := os.Create(filepath.Join(dir, "traffic.pcap"))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	head := []byte("\xd4\xc3\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x04\x00\x01\x00\x00\x00")
	if _, err := w.Write(head); err != nil {
		return 0, err
	}
	n, written := 0, 0
	var h [16]byte
	for again := 0; written < size; again++ {
		for _, r := range rs {
			d := slices.Clone(r.data)
			shift(d, again)
			at := r.at + time.Duration(again)*time.Hour
			binary.LittleEndian.PutUint32(h[0:], uint32(1_700_000_000+at/time.Second))
			binary.LittleEndian.PutUint32(h[4:], uint32(at%time.Second/time.Microsecond))
			binary.LittleEndian.PutUint32(h[8:], uint32(len(d)))
			binary.LittleEndian.PutUint32(h[12:], uint32(len(d)))
			if _, err := w.Write(append(h[:], d...)); err != nil {
				return 0, err
			}
			n++
			if written += len(h) + len(d); written >= size {
				break
			}
		}
	}
	if err := w.Flush(); err != nil {
		return 0, err
	}
	return n, os.WriteFile(filepath.Join(dir, "iotmark.yaml"), []byte(`iotmark: "2026.1"
product: {name: Bench, model: B-1, kind: lamp, first_sale: 2026-05-04}
maker: {name: Bench Ltd, address: 1 Example Street, country: GB, email: hello@bench.example}
facts: {connects_by: [wifi]}
support: {updates_until: 2031-05-31}
evidence: [{id: traffic, kind: packet-capture, title: Traffic, path: traffic.pcap}]
`), 0o644)
}

// shift gives the ends at home another address each time, so that every copy
// is a conversation of its own. Nobody checks the sum of the head.
func shift(d []byte, again int) {
	if len(d) < 34 || d[12] != 8 || d[13] != 0 {
		return
	}
	for _, at := range []int{26, 30} {
		if a := d[at : at+4]; a[0] == 172 && a[1] == 16 || a[0] == 192 && a[1] == 168 {
			a[0], a[1], a[2] = 10, byte(again>>8), byte(again)
		}
	}
}
