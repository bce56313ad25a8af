// Package scheme is the procedures of the mark: the life of a mark from
// application to withdrawal, as acts of people who are kept apart. One method
// is one act. Whoever calls it, by whatever way, the same tables decide:
// [iotmark.CaseMoves] says what may happen in which state and by which role,
// policy.go who may not, and why.
//
// Every act is one transaction. It leaves the case in its new state, one row
// of the audit trail, what is to be signed when the log must hear of it, and
// jobs; or nothing.
//
// What it refuses to do: anything for somebody because he runs the machine;
// anything on a state that has moved on since the caller looked; anything a
// second time. What can go wrong: forbidden (with the reason), conflict
// (somebody else was first), and what the database and the log can say. Each
// is an iotmark.Error with a stable id.
package scheme

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/confine"
	"github.com/open-iot-mark/iotmark/internal/determine"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/job"
	"github.com/open-iot-mark/iotmark/internal/registry"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/internal/vault"
	"github.com/open-iot-mark/iotmark/verify"
)

// Config is what a scheme works on.
type Config struct {
	DB       *store.DB
	Registry *registry.Registry
	Vault    *vault.Vault // nil: no evidence is taken in
	Jobs     *job.Queue   // what follows from an act; nil: nothing does by itself
	Terms    Terms
	Domain   string           // of the scheme, as in its trust file
	Now      func() time.Time // nil: the clock
	// Operator signs what was taken in, in the operator's name; nil: a person
	// who has an operator's key does.
	Operator Signer
	// Prove looks whether a domain shows a token, by DNS or by a well-known
	// file, and says how; nil: nobody here can look.
	Prove func(ctx context.Context, domain, token string) (DomainProof, error)
	// Try says what the log's rules would say of an entry; see
	// [registry.Projector.Try]. nil: nobody is asked, and the log judges.
	Try func(note []byte) *verify.Void
	// Catalogue is the edition by which is determined; nil: the one that is
	// built in.
	Catalogue *catalogue.Catalogue
	// Confined runs the readers of binary artefacts; nil: each in a child of
	// this program.
	Confined evidence.Confined
	// Determine determines; nil: [determine.Run].
	Determine func(context.Context, determine.Input) (iotmark.Assessment, error)
}

// Signer puts a signature under a text.
type Signer interface {
	Sign(text []byte) (verify.Sig, error)
}

// Terms are the numbers of the scheme by which the procedures go.
type Terms struct {
	// Deadlines say how long whoever must act has, by the id of the deadline
	// in [iotmark.CaseStates]; an id that is not there has none.
	Deadlines map[string]catalogue.Deadline
	// Interest is for how many days an interest in a maker keeps somebody
	// from a case after it ended.
	Interest int
	// Quorum is how many must vote for a decision that the log does not see.
	Quorum int
	// Small lets one person review and decide, in a small body. Nobody
	// evaluates and decides.
	Small bool
	// Panel is how many decide an appeal.
	Panel int
	// AfterGrant is how many days after the grant the duties that begin with
	// it are looked at.
	AfterGrant int
	// Renewal is how many days before its end a mark's maker is told to apply
	// for its renewal.
	Renewal int
	// Retention says for how long the records of a class are kept.
	Retention map[string]catalogue.Retention
	// Fees are what a service costs, by the size of the maker.
	Fees catalogue.Fees
	// Private is for how many days a finding that could be exploited is the
	// maker's alone.
	Private int
}

// days is how long a deadline is, and when before its end it is told.
func (t Terms) days(id string) (days int, remind []int, ok bool) {
	d, ok := t.Deadlines[id]
	return d.Days, d.Remind, ok
}

// Scheme is the procedures over one database and one log.
type Scheme struct {
	db  *store.DB
	reg *registry.Registry
	cfg Config

	mu     sync.Mutex
	last   time.Time // of the last id; guarded by mu
	random [10]byte  // of the last id; guarded by mu
}

// New binds the procedures to what they work on.
func New(cfg Config) *Scheme {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Catalogue == nil {
		cfg.Catalogue = builtIn()
	}
	if cfg.Confined == nil {
		cfg.Confined = confine.New(confine.Budget{}).Read
	}
	if cfg.Determine == nil {
		cfg.Determine = determine.Run
	}
	return &Scheme{db: cfg.DB, reg: cfg.Registry, cfg: cfg}
}

// builtIn is the edition that is built in. The tests of the catalogue rule out
// that it cannot be read.
var builtIn = sync.OnceValue(catalogue.MustLoad)

func (s *Scheme) now() time.Time      { return s.cfg.Now().UTC().Truncate(time.Second) }
func (s *Scheme) today() iotmark.Date { return iotmark.DateOf(s.now()) }

// id makes an id that is later in order than those that this scheme made
// before: in one millisecond the random part counts up (RFC 9562, 6.2).
func (s *Scheme) id() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.cfg.Now(); now.UnixMilli() > s.last.UnixMilli() {
		s.last = now
		rand.Read(s.random[:])
		s.random[0] &= 0x7f // room to count
	} else {
		for i := len(s.random) - 1; i >= 0; i-- {
			if s.random[i]++; s.random[i] != 0 {
				break
			}
		}
	}
	return verify.NewID(s.last, s.random)
}

func (s *Scheme) view(ctx context.Context, look func(*store.Tx) error) error {
	return s.db.View(ctx, look)
}

func refuse(k iotmark.Kind, id iotmark.ErrorID, format string, args ...any) error {
	return &iotmark.Error{Kind: k, ID: id, Msg: fmt.Sprintf(format, args...)}
}

func forbidden(id iotmark.ErrorID, format string, args ...any) error {
	return refuse(iotmark.Forbidden, id, format, args...)
}

func conflict(id iotmark.ErrorID, format string, args ...any) error {
	return refuse(iotmark.Conflict, id, format, args...)
}

func invalid(field string, id iotmark.ErrorID, format string, args ...any) error {
	return &iotmark.Error{Kind: iotmark.Invalid, ID: id, Field: field, Msg: fmt.Sprintf(format, args...)}
}

func missing(id iotmark.ErrorID, format string, args ...any) error {
	return refuse(iotmark.NotFound, id, format, args...)
}

// Day is the day some days after a time.
func Day(t time.Time, days int) iotmark.Date { return iotmark.DateOf(t.UTC().AddDate(0, 0, days)) }
