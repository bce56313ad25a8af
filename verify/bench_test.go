package verify_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/gowebpki/jcs"

	"github.com/open-iot-mark/iotmark/verify"
)

// What an audit does with each entry but for its signatures, beside one
// canonicalisation and one decoding of the same bytes.
func BenchmarkParse(b *testing.B) {
	note := granted(b)
	s, err := verify.Parse(domain, note)
	if err != nil {
		b.Fatal(err)
	}
	line := bytes.Split(s.Text, []byte("\n"))[1]
	b.Run("parse", func(b *testing.B) {
		b.SetBytes(int64(len(note)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := verify.Parse(domain, note); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("jcs", func(b *testing.B) {
		b.SetBytes(int64(len(note)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := jcs.Transform(line); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.SetBytes(int64(len(note)))
		b.ReportAllocs()
		for b.Loop() {
			var e verify.Entry
			var t verify.TermsBody
			if err := json.Unmarshal(line, &e); err != nil {
				b.Fatal(err)
			}
			if err := json.Unmarshal(e.Body, &t); err != nil {
				b.Fatal(err)
			}
		}
	})
}
