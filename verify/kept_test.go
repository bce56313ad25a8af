package verify_test

import (
	"fmt"
	"reflect"
	"runtime"
	"testing"
	"time"

	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

// heap is what is reachable.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// believed replays lives of marks without bytes and signatures until there are
// n entries; only what a scheme begins with and makers are signed. It gives
// the replayer and how long the state took.
func believed(t testing.TB, n int) (*verify.Replayer, *scheme, time.Duration) {
	s := verifytest.New(t, verifytest.Opts{})
	r := verify.NewReplayer(s.Trust)
	for i, e := range s.Entries {
		r.Apply(e, s.Births[i].Witnessed)
	}
	var took time.Duration
	s.Unsigned = func(d verifytest.Draft, at verifytest.At) bool {
		if d.Type == verify.MakerRegistered {
			note, _ := s.Note(d)
			if v := r.Apply(note, 0); v != nil {
				t.Fatalf("%+v", v)
			}
			return true
		}
		var names []string
		for _, k := range d.Signers {
			names = append(names, k.Name)
		}
		body := reflect.New(reflect.TypeOf(d.Body))
		body.Elem().Set(reflect.ValueOf(d.Body))
		e := verify.Entry{ID: d.ID, Prev: *d.Prev, Subject: d.Subject, Time: d.Time.Format(time.RFC3339), Type: d.Type, V: 1}
		start := time.Now()
		if err := r.Believe(e, string(at.Leaf), body.Interface(), d.Time.Unix(), names...); err != nil {
			t.Fatalf("%s: %v", d.Type, err)
		}
		took += time.Since(start)
		return true
	}
	lives := s.Lives()
	for len(s.Entries) < n {
		lives()
	}
	s.Unsigned = nil // it holds the replayer
	return r, s, took
}

// What is kept grows with the entries and no faster, and so does the time that
// the state takes: go test ./verify -run - -bench Kept -benchtime 1x
func BenchmarkKept(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for range b.N { // Loop would keep alive what is to be let go
				r, s, took := believed(b, n)
				held := heap()
				total := float64(r.Size())
				runtime.KeepAlive(r)
				r = nil
				b.ReportMetric(float64(held-heap())/total, "B/entry")
				b.ReportMetric(float64(took.Nanoseconds())/total, "ns/entry")
				runtime.KeepAlive(s)
			}
		})
	}
}

// A log of some thousand entries keeps less than a bound that tells a leak:
// 100 bytes an entry is the goal for long logs, and the last chunks are not
// full here.
func TestKept(t *testing.T) {
	r, s, _ := believed(t, 20_000)
	held := heap()
	total := r.Size()
	runtime.KeepAlive(r)
	r = nil
	if kept := (held - heap()) / total; kept > 125 || kept < 64 {
		t.Errorf("%d bytes an entry are kept; fewer than 64 cannot be, and more than 125 are a leak", kept)
	}
	runtime.KeepAlive(s)
}
