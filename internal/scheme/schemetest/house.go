// Package schemetest makes a whole house for tests of the procedures: a
// database, a log on disk with a scheme in it, a registry over both, and people
// with real keys and offices. It is for tests only.
package schemetest

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/job"
	"github.com/open-iot-mark/iotmark/internal/ledger"
	"github.com/open-iot-mark/iotmark/internal/registry"
	"github.com/open-iot-mark/iotmark/internal/scheme"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/internal/vault"
	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

// Names of the house.
const (
	Owner = "owner"
	Body  = "certifiers" // the certification body
	Acme  = "acme.example"
)

// House is a scheme that is founded and has everybody in it.
type House struct {
	T        testing.TB
	Keys     *verifytest.Scheme
	DB       *store.DB
	Dir      string // of the log
	Reg      *registry.Registry
	Log      *ledger.Posix
	Source   registry.Source
	Relay    *registry.Relay
	Project  *registry.Projector
	Scheme   *scheme.Scheme
	Config   scheme.Config // that Scheme was made of
	Maker    verifytest.Maker
	Jobs     *job.Queue
	Evidence vault.Config // of the evidence store

	mu  sync.Mutex
	now time.Time // guarded by mu
}

// Now is the clock of the house. It stands still.
func (h *House) Now() time.Time { h.mu.Lock(); defer h.mu.Unlock(); return h.now }

// Pass moves the clock on.
func (h *House) Pass(d time.Duration) { h.mu.Lock(); defer h.mu.Unlock(); h.now = h.now.Add(d) }

// Days moves the clock on by days.
func (h *House) Days(n int) { h.Pass(time.Duration(n) * 24 * time.Hour) }

// Terms are the numbers of the edition, for a body of the usual size.
func Terms(t testing.TB) scheme.Terms {
	t.Helper()
	p, err := builtIn().Procedure()
	if err != nil {
		t.Fatal(err)
	}
	terms, err := scheme.TermsOf(p, "standard")
	if err != nil {
		t.Fatal(err)
	}
	return terms
}

// New makes a house with the database at an address.
func New(t testing.TB, address string, change ...func(*scheme.Config)) *House {
	t.Helper()
	catalogue, err := builtIn().EditionDigest()
	if err != nil {
		t.Fatal(err)
	}
	h := &House{T: t, Keys: verifytest.New(t, verifytest.Opts{Unwitnessed: true, Start: start, Catalogue: catalogue}), Dir: filepath.Join(t.TempDir(), "log")}
	h.now = h.Keys.Now.Add(time.Hour)
	ctx := t.Context()
	db, err := store.Open(ctx, address)
	h.ok(err)
	t.Cleanup(func() { db.Close() })
	h.DB = db
	h.Reg, err = registry.Open(ctx, db, h.Keys.Trust)
	h.ok(err)
	v, err := note.NewVerifier(h.Keys.Trust.Log)
	h.ok(err)
	k, err := note.NewSigner(fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", v.Name(), v.KeyHash(), base64.StdEncoding.EncodeToString(append([]byte{1}, h.Keys.Log.Seed()...))))
	h.ok(err)
	h.ok(ledger.Init(h.Dir, k))
	h.Log, err = ledger.Open(ctx, ledger.Config{Dir: h.Dir, Signer: k, Key: h.Keys.Trust.Log, Interval: 10 * time.Millisecond, BatchAge: time.Millisecond})
	h.ok(err)
	r, err := ledger.NewReader(h.Dir, h.Keys.Trust.Log)
	h.ok(err)
	p, err := verify.ParsePolicy(h.Keys.Trust.Policy)
	h.ok(err)
	h.Source = registry.Source{Log: r, Policy: p}
	h.Relay, h.Project = h.Reg.NewRelay(h.Log), h.Reg.NewProjector(h.Source)
	t.Cleanup(func() { h.Relay.Close(); h.Project.Close(); h.Log.Close(context.Background()) })
	for _, n := range h.Keys.Entries {
		h.ok(db.Do(ctx, func(tx *store.Tx) error { _, err := h.Reg.Decide(ctx, tx, n); return err }))
	}
	h.Publish()

	h.Config = scheme.Config{DB: db, Registry: h.Reg, Domain: h.Keys.Trust.Domain, Terms: Terms(t), Now: h.Now, Operator: signer{h.Keys.Operator},
		Prove: func(_ context.Context, domain, token string) (scheme.DomainProof, error) {
			return scheme.DomainProof{Means: "dns", Where: "_iotmark." + domain, Seen: verifytest.Digest(token), At: h.Now().Format(time.RFC3339)}, nil
		},
		Try: h.Project.Try,
	}
	h.Config.Confined, h.Config.Determine = inProcess, remembered
	for _, c := range change {
		c(&h.Config)
	}
	h.Vault()
	h.Config.Jobs, err = job.Open(ctx, db, job.Config{Now: h.Now})
	h.ok(err)
	h.Scheme = scheme.New(h.Config)
	h.Jobs, err = job.Open(ctx, db, job.Config{Now: h.Now, Handlers: h.Scheme.Handlers()})
	h.ok(err)
	h.ok(h.Scheme.Start(ctx, h.Jobs))
	h.found()
	return h
}

// Moved is the house over another database, into which a copy was restored. The
// house before must not be used any more.
func (h *House) Moved(db *store.DB) *House {
	h.T.Helper()
	reg, err := registry.Open(h.T.Context(), db, h.Keys.Trust)
	h.ok(err)
	h.Relay.Close()
	h.Project.Close()
	n := &House{T: h.T, Keys: h.Keys, DB: db, Dir: h.Dir, Reg: reg, Log: h.Log, Source: h.Source, Relay: reg.NewRelay(h.Log), Project: reg.NewProjector(h.Source),
		Config: h.Config, Maker: h.Maker, now: h.Now()}
	h.T.Cleanup(func() { n.Relay.Close(); n.Project.Close() })
	n.Config.DB, n.Config.Registry, n.Config.Try, n.Config.Now, n.Config.Vault, n.Config.Jobs = db, reg, n.Project.Try, n.Now, nil, nil
	n.Scheme = scheme.New(n.Config)
	return n
}

type signer struct{ verifytest.Key }

func (s signer) Sign(text []byte) (verify.Sig, error) { return s.Key.Sign(text), nil }

func (h *House) ok(err error) {
	h.T.Helper()
	if err != nil {
		h.T.Fatal(err)
	}
}

// OK fails the test for an error.
func (h *House) OK(c scheme.Case, err error) scheme.Case {
	h.T.Helper()
	h.ok(err)
	return c
}

// As is a person who acts for an organisation.
func As(person, organisation string) iotmark.Actor {
	return iotmark.Actor{Person: person, Organisation: organisation, Via: iotmark.ViaCommand}
}

// The people of the house.
var (
	Steward   = As("s1", Owner)
	Registrar = As("g1", Body)
	Reviewer  = As("v1", Body)
	Applicant = As("a1", Acme)
	Observer  = As("b1", "consumers")
	Reporter  = As("z1", "public")
)

// Assessor is the first assessor of one of the laboratories, from 0.
func (h *House) Assessor(i int) iotmark.Actor {
	k := h.Keys.Orgs[i].Keys[0]
	return As(k.Person, k.Org)
}

// Member is a member of the committee, from 0.
func (h *House) Member(i int) iotmark.Actor { k := h.Keys.Committee[i]; return As(k.Person, k.Org) }

// found brings everybody in.
func (h *House) found() {
	h.T.Helper()
	ctx, s := h.T.Context(), h.Scheme
	h.OK(s.Found(ctx, scheme.Organisation{ID: Owner, Kind: iotmark.OrgOwner, Name: "The Owner"}, scheme.Person{ID: "s1", Name: "Stella Steward"}))
	h.OK(s.Undertake(ctx, Steward, scheme.On{}, scheme.Undertaking{Text: "The owner supplies no connected products."}))
	orgs := []scheme.Organisation{
		{ID: Body, Kind: iotmark.OrgBody, Name: "The Certifiers"}, {ID: "rivals", Kind: iotmark.OrgBody, Name: "The Other Certifiers"},
		{ID: "consumers", Kind: iotmark.OrgCommittee, Name: "Consumers"}, {ID: "university", Kind: iotmark.OrgCommittee, Name: "University"},
		{ID: "engineers", Kind: iotmark.OrgCommittee, Name: "Engineers"}, {ID: "public", Kind: iotmark.OrgComplainant, Name: "The Public"},
	}
	for _, o := range h.Keys.Orgs[:2] {
		orgs = append(orgs, scheme.Organisation{ID: o.Body.ID, Kind: iotmark.OrgLaboratory, Name: o.Body.Name})
	}
	for _, o := range orgs {
		h.OK(s.EnrolOrganisation(ctx, Steward, scheme.On{}, o))
	}
	h.Appoint(Registrar, iotmark.RoleRegistrar)
	h.Appoint(As("g2", "rivals"), iotmark.RoleRegistrar)
	h.Appoint(Reviewer, iotmark.RoleReviewer)
	h.Appoint(Observer, iotmark.RoleObserver)
	h.Appoint(Reporter, iotmark.RoleReporter)
	for i := range 2 {
		h.Appoint(h.Assessor(i), iotmark.RoleAssessor)
		for _, area := range areas() {
			h.OK(s.Qualify(ctx, Steward, scheme.On{}, scheme.Competence{Person: h.Assessor(i).Person, Area: string(area), Shown: "course of 2026", Until: scheme.Day(h.Now(), 700)}))
		}
	}
	for i := range h.Keys.Committee {
		h.Appoint(h.Member(i), iotmark.RoleCommittee)
		h.Appoint(h.Member(i), iotmark.RolePanel)
	}
}

// Appoint enrols a person where he is not known, and gives him an office.
func (h *House) Appoint(a iotmark.Actor, r iotmark.Role) {
	h.T.Helper()
	h.Scheme.EnrolPerson(h.T.Context(), Steward, scheme.On{}, scheme.Person{ID: a.Person, Name: "Person " + a.Person}) // known: told, and as good
	h.OK(h.Scheme.Appoint(h.T.Context(), Steward, scheme.On{}, scheme.Office{Person: a.Person, Organisation: a.Organisation, Role: r}))
}

// Publish sends what was decided into the log, publishes it, and brings tables
// and attestations up to date.
func (h *House) Publish() {
	h.T.Helper()
	ctx := h.T.Context()
	_, err := h.Relay.Once(ctx)
	h.ok(err)
	if n := h.Log.Health().Size; n > 0 {
		_, err := h.Log.Published(ctx, uint64(n-1))
		h.ok(err)
	}
	_, err = h.Project.CatchUp(ctx, h.Now())
	h.ok(err)
	_, err = h.Reg.Advance(ctx, h.Source)
	h.ok(err)
}

// Vault opens the evidence store of the house, with a key of its own.
func (h *House) Vault() {
	h.T.Helper()
	id, err := age.GenerateX25519Identity()
	h.ok(err)
	dir := h.T.TempDir()
	file := filepath.Join(dir, "vault.key")
	h.ok(os.WriteFile(file, []byte(id.String()+"\n"), 0o600))
	h.Evidence = vault.Config{Bucket: filepath.Join(dir, "evidence"), DB: h.DB, Keys: []string{file}, Now: h.Now}
	h.Config.Vault, err = vault.Open(h.T.Context(), h.Evidence)
	h.ok(err)
	h.T.Cleanup(func() { h.Config.Vault.Close() })
}

// Work does all jobs that are due.
func (h *House) Work() {
	h.T.Helper()
	_, err := h.Jobs.Drain(h.T.Context())
	h.ok(err)
	alarms, err := h.Jobs.Alarms(h.T.Context())
	h.ok(err)
	for _, a := range alarms {
		h.T.Errorf("alarm: %s %s: %s", a.Kind, a.State, a.Reason)
	}
}

// Cases are those about a mark, of a kind.
func (h *House) Cases(kind iotmark.CaseKind, subject string) (out []scheme.Case) {
	h.T.Helper()
	out, err := h.Scheme.Cases(h.T.Context(), Observer, scheme.Filter{Kind: kind, Subject: subject})
	h.ok(err)
	return out
}

// Sign signs what waits in a case by the key of whoever acts, and publishes.
func (h *House) Sign(by iotmark.Actor, id string) scheme.Case {
	h.T.Helper()
	c, err := h.TrySign(by, id)
	h.ok(err)
	h.Publish()
	return c
}

// TrySign is Sign that may fail, and does not publish.
func (h *House) TrySign(by iotmark.Actor, id string) (scheme.Case, error) {
	h.T.Helper()
	d, err := h.Scheme.Draft(h.T.Context(), by, id)
	if err != nil {
		return scheme.Case{}, err
	}
	return h.Scheme.Sign(h.T.Context(), by, scheme.On{Case: id}, h.Key(by).Sign(d.Text))
}

// Key is the key of a person at his organisation.
func (h *House) Key(by iotmark.Actor) verifytest.Key {
	h.T.Helper()
	all := append([]verifytest.Key{h.Keys.Operator}, h.Keys.Committee...)
	for _, o := range h.Keys.Orgs {
		all = append(all, o.Keys...)
	}
	for _, m := range append(h.Keys.Makers, h.Maker) {
		all = append(all, m.Keys...)
	}
	for _, k := range all {
		if k.Person == by.Person && k.Org == by.Organisation {
			return k
		}
	}
	h.T.Fatalf("%v has no key", by)
	return verifytest.Key{}
}

// Register registers the maker Acme, to the end.
func (h *House) Register() {
	h.T.Helper()
	ctx, s := h.T.Context(), h.Scheme
	h.Maker = verifytest.NewMaker(Acme)
	for i := range h.Maker.Keys {
		h.Maker.Keys[i].Person = Applicant.Person
	}
	c := h.OK(s.Register(ctx, Applicant, scheme.On{}, scheme.Register{Domain: Acme, Name: "Acme GmbH", Register: "HRB 1 Ulm", Size: "small",
		Keys: verifytest.Entries(h.Maker.Keys...), Person: scheme.Person{ID: Applicant.Person, Name: "Ada Applicant"}}))
	h.OK(s.Prove(ctx, scheme.On{Case: c.ID}))
	h.OK(s.Admit(ctx, Registrar, scheme.On{Case: c.ID}))
	h.Sign(Applicant, c.ID)
}

// Application is what Acme applies for.
func (h *House) Application() scheme.ApplicationBody {
	return scheme.ApplicationBody{
		Edition: h.Keys.Edition.Edition, Category: "lighting", Updates: "2032-01-01", Licence: verifytest.Digest("licence"), Fee: "application.small",
		Product: verify.ProductTerms{Category: "lighting", ID: "lamp-1", Model: "AC-1", Name: "Lamp", Software: verify.Software{Min: "1.0.0"}},
	}
}

// Assign gives everybody a part who needs one to bring an application to its
// end.
func (h *House) Assign(id string, more ...scheme.Part) {
	h.T.Helper()
	as := func(a iotmark.Actor, r iotmark.Role) scheme.Part {
		return scheme.Part{Person: a.Person, Organisation: a.Organisation, Role: r}
	}
	for _, p := range append([]scheme.Part{as(h.Assessor(0), iotmark.RoleAssessor), as(Reviewer, iotmark.RoleReviewer), as(h.Member(0), iotmark.RoleCommittee),
		as(h.Member(1), iotmark.RoleCommittee), as(h.Member(2), iotmark.RoleCommittee)}, more...) {
		h.OK(h.Scheme.Assign(h.T.Context(), Registrar, scheme.On{Case: id}, p))
	}
}

// Granted brings an application of Acme to its grant, and returns its case.
func (h *House) Granted() scheme.Case {
	h.T.Helper()
	on := scheme.On{Case: h.Reviewed("lamp-1").ID, Reason: "as it should be"}
	h.OK(h.Scheme.Grant(h.T.Context(), h.Member(0), on))
	h.Sign(h.Assessor(0), on.Case)
	h.Sign(h.Member(0), on.Case)
	return h.Sign(h.Member(1), on.Case)
}

// Reviewed brings an application of Acme for a product to where the committee
// decides on it.
func (h *House) Reviewed(product string) scheme.Case {
	h.T.Helper()
	ctx, s, b := h.T.Context(), h.Scheme, h.Application()
	b.Product.ID = product
	c := h.OK(s.Apply(ctx, Applicant, scheme.On{}, iotmark.Application, Body, "", b))
	on := scheme.On{Case: c.ID, Reason: "as it should be"}
	h.Supply(c.ID)
	h.OK(s.Accept(ctx, Registrar, on))
	h.Sign(Applicant, c.ID)
	h.Assign(c.ID)
	h.OK(s.Seal(ctx, Applicant, on, verify.SealedBody{}))
	h.Sign(Applicant, c.ID)
	h.Work()
	h.Inspect(c.ID)
	h.OK(s.Conclude(ctx, h.Assessor(0), on, "none"))
	h.Sign(h.Assessor(0), c.ID)
	return h.OK(s.Review(ctx, Reviewer, on, "grant"))
}
