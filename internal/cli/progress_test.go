package cli_test

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark/internal/cli"
	"github.com/open-iot-mark/iotmark/internal/determine"
)

// A long run says every five seconds that it is alive, and is silent before
// and after.
func TestHeartbeat(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		tell, stop := cli.Heartbeat(&out)
		time.Sleep(4 * time.Second)
		tell(determine.Progress{Stage: "reading", Name: "\x1b[2Jx", Done: 1, Total: 3})
		time.Sleep(4 * time.Second)
		tell(determine.Progress{Stage: "checking", Name: "a", Done: 2, Total: 28})
		time.Sleep(3 * time.Second)
		stop()
		stop()
		time.Sleep(time.Minute)
		want := "reading: 1 of 3 done, 5 s\nchecking: 2 of 28 done, 10 s\n"
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}
