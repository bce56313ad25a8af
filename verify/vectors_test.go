package verify_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/open-iot-mark/iotmark/verify"
)

// Every shared vector gives the answer and the failure that it says. They are
// made in internal/verifier, whose JavaScript is held to the same files.
func TestVectors(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/vectors/*.json")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".json")
		if strings.HasPrefix(name, "trust-") {
			continue
		}
		n++
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			var v struct {
				Answer         verify.Answer
				Bundle         []byte
				Failure, Trust string
				Now            time.Time
			}
			if err := json.Unmarshal(raw, &v); err != nil {
				t.Fatal(err)
			}
			b, err := os.ReadFile(filepath.Join("testdata/vectors", v.Trust))
			if err != nil {
				t.Fatal(err)
			}
			trust, err := verify.ParseTrust(b)
			if err != nil {
				trust = nil
			}
			got := verify.VerifyBundle(v.Bundle, trust, v.Now)
			failure := ""
			if got.Failure != nil {
				failure = string(got.Failure.ID)
			}
			if got.Answer != v.Answer || failure != v.Failure {
				t.Errorf("got %s %s, want %s %s", got.Answer, failure, v.Answer, v.Failure)
			}
		})
	}
	if n < 120 {
		t.Errorf("only %d vectors", n)
	}
}
