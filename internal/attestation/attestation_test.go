package attestation_test

import (
	"crypto/ed25519"
	"testing"
	"time"

	"github.com/open-iot-mark/iotmark/internal/attestation"
	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

// issuer signs with the issuer's key of a scheme.
func issuer(s *verifytest.Scheme) attestation.Issuer {
	k := s.Issuer.Private
	return attestation.Issuer{Domain: s.Opts.Domain, Public: k.Public().(ed25519.PublicKey),
		Sign: func(m []byte) ([]byte, error) { return ed25519.Sign(k, m), nil }}
}

// replay gives the registry of all entries so far, as of the scheme's clock.
func replay(t testing.TB, s *verifytest.Scheme) *verify.Registry {
	t.Helper()
	r := verify.NewReplayer(s.Trust)
	for i, e := range s.Entries {
		if void := r.Apply(e, s.Births[i].Witnessed); void != nil {
			t.Fatalf("entry %d is void: %s: %s", i, void.Reason, void.Msg)
		}
	}
	return r.Registry(s.Now)
}

// publish attests all that is in the log and appends the status entry.
func publish(t testing.TB, s *verifytest.Scheme) (*attestation.Round, int64) {
	t.Helper()
	r, err := attestation.NewRound(replay(t, s), issuer(s))
	if err != nil {
		t.Fatal(err)
	}
	return r, s.Status(r.Body()).Index
}

// finder proves entries by their birth, or by the newest checkpoint: five
// seconds after the last entry.
func finder(s *verifytest.Scheme) attestation.Finder {
	return func(index int64, birth bool) ([]byte, []byte, error) {
		size := int64(len(s.Entries))
		if birth {
			size = index + 1
		}
		at := time.Unix(s.Births[size-1].Witnessed, 0)
		return s.Entries[index], []byte(s.Proof(index, size, at)), nil
	}
}

// bundle gives the file of the mark at a slot, of the newest round.
func bundle(t testing.TB, s *verifytest.Scheme, slot int) []byte {
	t.Helper()
	r, status := publish(t, s)
	b, err := r.Bundle(&r.Registry.Marks[slot], s.Trust, issuer(s), status, finder(s))
	if err != nil {
		t.Fatal(err)
	}
	file, err := b.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestBundle(t *testing.T) {
	t.Parallel()
	s := verifytest.New(t, verifytest.Opts{Witnesses: 3})
	s.Grant(s.Makers[0], "lamp")
	file := bundle(t, s, 0)
	r := verify.VerifyBundle(file, s.Trust, s.Now)
	t.Logf("%d bytes; %s %v %+v", len(file), r.Answer, r.Failure, r.Steps)
	if r.Answer != verify.GenuineCurrent {
		t.Errorf("got %s", r.Answer)
	}
}
