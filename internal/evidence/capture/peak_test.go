package capture_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/capture"
)

// peakFile names, in the child process, the file to read.
const peakFile = "IOTMARK_TEST_CAPTURE_PEAK"

func TestMain(m *testing.M) {
	if file := os.Getenv(peakFile); file != "" {
		if err := peakChild(file); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// peaked is what the child process tells.
type peaked struct {
	Facts  capture.Facts
	Listed int64 // conversations of all talks
	Talks  int
	Peak   int64 // largest resident set in kB; 0 where the system does not say
	Size   int   // of the facts as JSON
}

func peakChild(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	st, err := f.Stat()
	if err != nil {
		return err
	}
	v, err := capture.Reader.Read(context.Background(), evidence.Source{Name: "x", Size: st.Size(), ReaderAt: f}, evidence.DefaultLimits())
	if err != nil {
		return err
	}
	out := peaked{Facts: *v.(*capture.Facts)}
	status, _ := os.ReadFile("/proc/self/status")
	for row := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(row, "VmHWM:"); ok {
			fmt.Sscan(rest, &out.Peak)
		}
	}
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	for _, k := range out.Facts.Talks {
		out.Listed += k.Flows
	}
	out.Talks, out.Size, out.Facts.Talks = len(out.Facts.Talks), len(b), nil
	return json.NewEncoder(os.Stdout).Encode(out)
}

// peakOf writes n packets and reads them in a process of its own.
func peakOf(t *testing.T, n int, packet func(i int) []byte) peaked {
	t.Helper()
	file := filepath.Join(t.TempDir(), "flood.pcap")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	w.Write(pcapOf(1))
	h := make([]byte, 16)
	le.PutUint32(h, uint32(start.Unix()))
	for i := range n {
		p := packet(i)
		le.PutUint32(h[8:], uint32(len(p)))
		le.PutUint32(h[12:], uint32(len(p)))
		w.Write(h)
		w.Write(p)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), peakFile+"="+file)
	cmd.Stderr = os.Stderr
	b, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var out peaked
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	return out
}

// Floods of every kind pass in bounded memory, and what is not listed is
// counted.
func TestFloods(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Log("the largest resident set is known on Linux only; results alone are compared")
	}
	n := 1_000_000
	if raceDetector {
		n = 100_000 // it makes everything ten times slower
	}
	frame := up(udpOf(lamp, far, 1, 1, "x"))
	lookup := "\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07aaaaaaa\x07example\x00\x00\x01\x00\x01"
	asks := up(udpOf(lamp, router, 40000, 53, lookup))
	data := "\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03" + strings.Repeat("A", 1000) // a hello that is never whole
	few := n / 20                                                                      // each is looked at
	login := "GET /%07d HTTP/1.1\r\nHost: h%07d.example\r\nAuthorization: Basic YWRtaW46YWRtaW4=\r\n\r\n"
	for _, c := range []struct {
		name   string
		n      int
		flows  int64
		packet func(i int) []byte
	}{
		{"datagrams, each a conversation", n, int64(n), func(i int) []byte {
			binary.BigEndian.PutUint32(frame[14+16:], 0xcb007100+uint32(i/50_000))
			binary.BigEndian.PutUint16(frame[14+20:], uint16(10_000+i%50_000))
			binary.BigEndian.PutUint16(frame[14+22:], uint16(10_000+i%50_000))
			return frame
		}},
		{"beginnings without end", few, int64(few), func(i int) []byte {
			return up(tcpOf(lamp, far, 1+i, 4242, 1, ack, data))
		}},
		{"segments that wait", few, int64(few / 5), func(i int) []byte {
			return up(tcpOf(lamp, far, 1+i%(few/5), 4242, uint32(1+2000*(i/(few/5))), ack, data))
		}},
		{"names looked up", n, 1, func(i int) []byte {
			copy(asks[14+28+13:], fmt.Sprintf("%07d", i))
			return asks
		}},
		{"requests", few, int64(few), func(i int) []byte {
			return up(tcpOf(lamp, fmt.Sprintf("203.0.%d.%d", i>>8&255, i&255), 1+i%50_000, 80, 1, ack, fmt.Sprintf(login, i, i)))
		}},
		{"hardware addresses", n, 1, func(i int) []byte {
			binary.BigEndian.PutUint32(frame[8:], uint32(i))
			return frame
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := peakOf(t, c.n, c.packet)
			f := p.Facts
			if f.Packets != int64(c.n) || f.Flows != c.flows || f.Cut != "" {
				t.Errorf("got %d packets, %d flows, cut %q", f.Packets, f.Flows, f.Cut)
			}
			if p.Listed+f.Lost != f.Flows {
				t.Errorf("%d talks with %d flows are listed, %d are lost", p.Talks, p.Listed, f.Lost)
			}
			if p.Size > 12<<20 {
				t.Errorf("the facts take %s", evidence.Bytes(int64(p.Size)))
			}
			if p.Peak > 250_000 && !raceDetector { // the detector takes memory of its own
				t.Errorf("the largest resident set was %d kB", p.Peak)
			}
			t.Logf("%d talks, %d lost, %+v more, facts %s, peak %d MB", p.Talks, f.Lost, f.More, evidence.Bytes(int64(p.Size)), p.Peak/1000)
		})
	}
}
