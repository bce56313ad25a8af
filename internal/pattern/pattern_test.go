package pattern_test

import (
	"sync"
	"testing"

	"github.com/open-iot-mark/iotmark/internal/pattern"
)

func TestPattern(t *testing.T) {
	t.Parallel()
	p := pattern.New(`(?i)^a+(b?)$`)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for s, want := range map[string]bool{"aab": true, "AA": true, "ba": false, "": false} {
				if got := p.MatchString(s); got != want {
					t.Errorf("%q: got %v", s, got)
				}
			}
		})
	}
	wg.Wait()
	if got := p.Regexp().FindStringSubmatch("aab"); len(got) != 2 || got[1] != "b" || p.String() != p.Regexp().String() {
		t.Errorf("got %q of %s", got, p)
	}
}

// What is no expression is found at the latest at its first use, and at each
// later one.
func TestBroken(t *testing.T) {
	t.Parallel()
	var p *pattern.Pattern
	for range 2 {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("it did not panic")
				}
			}()
			if p == nil {
				p = pattern.New(`(`)
			}
			p.MatchString("x")
		}()
	}
}
