package verifytest

import (
	"time"

	"github.com/open-iot-mark/iotmark/internal/attestation"
	"github.com/open-iot-mark/iotmark/verify"
)

// Issuing gives the scheme's issuer.
func (s *Scheme) Issuing() attestation.Issuer {
	return attestation.Issuer{Domain: s.Opts.Domain, Public: s.Issuer.Public(), Sign: s.Issuer.SignBytes}
}

// Replay gives the registry of all entries so far, as of the clock. Every one
// of them must count.
func (s *Scheme) Replay() *verify.Registry {
	s.T.Helper()
	reg := s.Registry()
	if len(reg.Voids) > 0 {
		s.T.Fatalf("%d entries are void, first: %+v", len(reg.Voids), reg.Voids[0])
	}
	return reg
}

// Registry gives the registry of all entries so far, as of the clock, void
// ones as well.
func (s *Scheme) Registry() *verify.Registry {
	r := verify.NewReplayer(s.Trust)
	for i, e := range s.Entries {
		r.Apply(e, s.Births[i].Witnessed)
	}
	return r.Registry(s.Now)
}

// Publish attests what is in the log and appends the status.published that
// tells of it.
func (s *Scheme) Publish() (*attestation.Round, At) {
	s.T.Helper()
	r, err := attestation.NewRound(s.Registry(), s.Issuing())
	if err != nil {
		s.T.Fatalf("attest: %v", err)
	}
	return r, s.Status(r.Body())
}

// Finder proves entries by the checkpoint that first had them, or by that of
// the whole log, each signed when its last entry was seen.
func (s *Scheme) Finder() attestation.Finder {
	return func(index int64, birth bool) ([]byte, []byte, error) {
		size := int64(len(s.Entries))
		if birth {
			size = index + 1
		}
		seen := s.Births[size-1].Witnessed
		if seen == 0 {
			seen = s.Now.Unix()
		}
		return s.Entries[index], []byte(s.Proof(index, size, time.Unix(seen, 0))), nil
	}
}

// Bundle publishes and gives the bundle of the mark at a slot.
func (s *Scheme) Bundle(slot int64) *verify.Bundle {
	s.T.Helper()
	r, status := s.Publish()
	b, err := r.Bundle(&r.Registry.Marks[slot], s.Trust, s.Issuing(), status.Index, s.Finder())
	if err != nil {
		s.T.Fatalf("bundle: %v", err)
	}
	return b
}

// File gives a bundle as a file.
func (s *Scheme) File(b *verify.Bundle) []byte {
	s.T.Helper()
	file, err := b.Marshal()
	if err != nil {
		s.T.Fatalf("bundle: %v", err)
	}
	return file
}
