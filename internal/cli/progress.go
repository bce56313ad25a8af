package cli

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/open-iot-mark/iotmark/internal/determine"
	"github.com/open-iot-mark/iotmark/internal/message"
)

// beat is how often a long run says that it is alive where nobody sees a
// terminal. Build services end jobs that are silent. Only a test changes it,
// to whose scripts a slow machine must not say anything.
var beat = 5 * time.Second

// progress tells how far a determination is: on a terminal in one line that is
// written over, elsewhere in a line every five seconds. stop ends it.
func progress(w io.Writer) (tell func(determine.Progress), stop func()) {
	if terminal(w) {
		return func(p determine.Progress) {
			fmt.Fprintf(w, "\r\x1b[K%s %d of %d: %.40s", p.Stage, p.Done, p.Total, message.Clean(p.Name))
			if p.Done == p.Total {
				fmt.Fprint(w, "\r\x1b[K")
			}
		}, func() {}
	}
	return heartbeat(w)
}

func heartbeat(w io.Writer) (tell func(determine.Progress), stop func()) {
	var (
		mu   sync.Mutex // guards last
		last determine.Progress
		done = make(chan struct{})
		wg   sync.WaitGroup
	)
	start := time.Now()
	wg.Go(func() {
		t := time.NewTicker(beat)
		defer t.Stop()
		for {
			select {
			case <-done:
				return
			case <-t.C:
				mu.Lock()
				p := last
				mu.Unlock()
				line := "starting"
				if p.Stage != "" {
					line = fmt.Sprintf("%s: %d of %d done", p.Stage, p.Done, p.Total)
				}
				fmt.Fprintf(w, "%s, %d s\n", message.Clean(line), int(time.Since(start).Seconds()))
			}
		}
	})
	var once sync.Once
	return func(p determine.Progress) {
			mu.Lock()
			last = p
			mu.Unlock()
		}, func() {
			once.Do(func() { close(done) })
			wg.Wait()
		}
}
