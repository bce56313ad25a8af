package confine_test

import (
	"runtime"
	"slices"
	"testing"

	"github.com/open-iot-mark/iotmark/internal/confine"
)

// All steps are taken on one thread, whatever else runs: a filter of system
// calls asked for on another than the one that gave up gaining privileges is
// refused, and the child would read without it.
func TestOneThread(t *testing.T) {
	stop := make(chan bool)
	defer close(stop)
	for range 2 * runtime.GOMAXPROCS(0) {
		go func() {
			for {
				select {
				case <-stop:
					return
				default:
					runtime.Gosched()
				}
			}
		}()
	}
	for range 100 {
		on := confine.Threads(10)
		if slices.ContainsFunc(on, func(tid int) bool { return tid != on[0] }) {
			t.Fatalf("steps were taken on the threads %v", on)
		}
	}
}
