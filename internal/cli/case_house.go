package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/job"
	"github.com/open-iot-mark/iotmark/internal/ledger"
	"github.com/open-iot-mark/iotmark/internal/registry"
	"github.com/open-iot-mark/iotmark/internal/scheme"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/internal/vault"
	"github.com/open-iot-mark/iotmark/verify"
)

// houseSettings are what the data folder knows of itself. Paths that are not
// absolute are below the folder. Private keys stay where their holders keep
// them; only the key of the vault is here.
type houseSettings struct {
	DB       string              `json:"db"`
	Log      string              `json:"log"`
	LogKey   string              `json:"log_key,omitempty"`
	Operator string              `json:"operator,omitempty"` // private key, or a public one for the agent
	Named    string              `json:"operator_name,omitempty"`
	Policy   string              `json:"policy,omitempty"` // with addresses of witnesses
	Vault    string              `json:"vault"`
	VaultKey string              `json:"vault_key"`
	Profile  catalogue.ProfileID `json:"profile"`
	V        int                 `json:"v"` // 1
}

const (
	settingsName = "house.json"
	trustName    = "trust.json"
)

// houseFlags are the flags of every command on a data folder.
func houseFlags(format bool) []cli.Flag {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "data", Value: cmp.Or(os.Getenv("IOTMARK_DATA"), "iotmark-data"), HideDefault: true, Usage: "the data `FOLDER`; iotmark-data"},
		atFlag(),
	}
	if format {
		flags = append(flags, formatFlag())
	}
	return append(flags, passphraseFlags()...)
}

// dataHouse is an open data folder.
type dataHouse struct {
	dir     string
	set     houseSettings
	trust   *verify.Trust
	now     func() time.Time
	db      *store.DB
	reg     *registry.Registry
	vault   *vault.Vault
	jobs    *job.Queue
	cfg     scheme.Config
	scheme  *scheme.Scheme
	project *registry.Projector
}

func (h *dataHouse) path(p string) string {
	if filepath.IsAbs(p) || strings.Contains(p, "://") {
		return p
	}
	return filepath.Join(h.dir, p)
}

// inHouse opens the data folder for one command.
func inHouse(ctx context.Context, cmd *cli.Command, do func(*dataHouse) error) error {
	if f := cmd.String("format"); f != "" && f != "text" && f != "json" {
		return usage("--format %s: known are text and json", f)
	}
	h, err := openHouse(ctx, cmd)
	if err != nil {
		return err
	}
	return errors.Join(do(h), h.Close())
}

func openHouse(ctx context.Context, cmd *cli.Command) (h *dataHouse, err error) {
	h = &dataHouse{dir: cmd.String("data")}
	if h.now, err = clock(cmd); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(filepath.Join(h.dir, settingsName))
	if err != nil {
		return nil, &iotmark.Error{Kind: iotmark.NotFound, ID: "data-missing", Err: err,
			Msg: h.dir + " is no data folder; name one with --data, or make one with iotmark case init"}
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&h.set); err != nil || h.set.V != 1 {
		return nil, &iotmark.Error{Kind: iotmark.Invalid, ID: "data-wrong", Err: err, Msg: filepath.Join(h.dir, settingsName) + " is not what iotmark case init writes"}
	}
	if b, err = smallFile(filepath.Join(h.dir, trustName)); err != nil {
		return nil, err
	}
	if h.trust, err = verify.ParseTrust(b); err != nil {
		return nil, at(filepath.Join(h.dir, trustName), err)
	}
	defer func() {
		if err != nil {
			h.Close()
		}
	}()
	if h.db, err = store.Open(ctx, h.path(h.set.DB)); err != nil {
		return h, err
	}
	if h.reg, err = registry.Open(ctx, h.db, h.trust); err != nil {
		return h, err
	}
	if h.vault, err = vault.Open(ctx, vault.Config{Bucket: h.path(h.set.Vault), DB: h.db, Keys: []string{h.path(h.set.VaultKey)}, Now: h.now}); err != nil {
		return h, err
	}
	return h, h.procedures(ctx, cmd)
}

// procedures binds the procedures to the folder.
func (h *dataHouse) procedures(ctx context.Context, cmd *cli.Command) (err error) {
	terms, err := houseTerms(h.set.Profile)
	if err != nil {
		return err
	}
	src, err := h.source()
	if err != nil {
		return err
	}
	h.project = h.reg.NewProjector(src)
	h.cfg = scheme.Config{DB: h.db, Registry: h.reg, Vault: h.vault, Terms: terms, Domain: h.trust.Domain, Now: h.now, Prove: prover(cmd.String("resolver"), h.now), Try: h.try(ctx)}
	if h.set.Operator != "" {
		h.cfg.Operator = &operatorKey{cmd: cmd, file: h.path(h.set.Operator), name: h.set.Named}
	}
	if h.cfg.Jobs, err = job.Open(ctx, h.db, job.Config{Now: h.now}); err != nil {
		return err
	}
	h.scheme = scheme.New(h.cfg)
	h.jobs, err = job.Open(ctx, h.db, job.Config{Now: h.now, Handlers: h.scheme.Handlers(), Log: told(cmd)})
	return err
}

func houseTerms(p catalogue.ProfileID) (scheme.Terms, error) {
	cat, err := catalogue.Load()
	if err != nil {
		return scheme.Terms{}, err
	}
	proc, err := cat.Procedure()
	if err != nil {
		return scheme.Terms{}, err
	}
	return scheme.TermsOf(proc, p)
}

// source is the published log, as the trust file has it.
func (h *dataHouse) source() (registry.Source, error) {
	r, err := ledger.NewReader(h.path(h.set.Log), h.trust.Log)
	if err != nil {
		return registry.Source{}, err
	}
	p, err := h.trust.Witnessing()
	return registry.Source{Log: r, Policy: p}, err
}

// try asks the log's rules what they would say of an entry. It reads the
// published log, and no table: it is asked within the act's transaction.
func (h *dataHouse) try(ctx context.Context) func([]byte) *verify.Void {
	var rules *verify.Replayer
	return func(note []byte) *verify.Void {
		if rules == nil {
			src, err := h.source()
			if err != nil {
				return nil // what is not known now, the log says
			}
			head, err := src.Log.Head(ctx)
			if err != nil {
				return nil
			}
			if rules, err = src.Log.Replay(ctx, head, h.trust, nil); err != nil {
				return nil
			}
		}
		return rules.Try(note, 0)
	}
}

// Close lets go of everything.
func (h *dataHouse) Close() error {
	var errs []error
	if h.project != nil {
		h.project.Close()
	}
	if h.vault != nil {
		errs = append(errs, h.vault.Close())
	}
	if h.db != nil {
		errs = append(errs, h.db.Close())
	}
	return errors.Join(errs...)
}

// operatorKey signs what was taken in. It is opened when it is asked to, and
// wiped after.
type operatorKey struct {
	cmd        *cli.Command
	file, name string
}

// Sign signs a text in the operator's name.
func (o *operatorKey) Sign(text []byte) (verify.Sig, error) {
	k, err := openKey(o.cmd, o.file)
	if err != nil {
		return verify.Sig{}, err
	}
	defer k.Close()
	e, err := parseEntry(text)
	if err != nil {
		return verify.Sig{}, err
	}
	line, err := signEntry(k, o.name, e, false)
	if err != nil {
		return verify.Sig{}, err
	}
	return verify.ParseSig(string(line))
}

// publish brings everything to rest: what was decided goes into the log, the
// log is published, the tables follow it, and what follows from that is done.
// It tells how much of each there was.
func (h *dataHouse) publish(ctx context.Context, cmd *cli.Command) (out worked, err error) {
	if h.set.LogKey == "" {
		return out, usage("the folder does not know the key of the log; iotmark case init --log-key names it")
	}
	k, err := openKey(cmd, h.path(h.set.LogKey))
	if err != nil {
		return out, err
	}
	defer k.Close()
	signer, err := k.Signer(k.Name)
	if err != nil {
		return out, err
	}
	policy := h.trust.Policy
	if h.set.Policy != "" {
		b, err := smallFile(h.path(h.set.Policy))
		if err != nil {
			return out, err
		}
		policy = string(b)
	}
	log, err := ledger.Open(ctx, ledger.Config{Dir: h.path(h.set.Log), Signer: signer, Key: h.trust.Log, Policy: policy, Interval: 20 * time.Millisecond, BatchAge: time.Millisecond})
	if err != nil {
		return out, err
	}
	defer func() {
		end, stop := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer stop()
		err = errors.Join(err, log.Close(end))
	}()
	relay := h.reg.NewRelay(log)
	defer relay.Close()
	for {
		round, err := h.round(ctx, log, relay)
		out.add(round)
		if err != nil || round == (worked{}) {
			return out, err
		}
	}
}

// worked is what one run of work did.
type worked struct {
	Jobs    int `json:"jobs"`
	Entries int `json:"entries"`
	Steps   int `json:"steps"`
}

func (w *worked) add(o worked) { w.Jobs += o.Jobs; w.Entries += o.Entries; w.Steps += o.Steps }

// round does all that can be done now, once.
func (h *dataHouse) round(ctx context.Context, log *ledger.Posix, relay *registry.Relay) (w worked, err error) {
	if w.Entries, err = relay.Once(ctx); err != nil {
		return w, err
	}
	if n := log.Health().Size; n > 0 {
		if _, err := log.Published(ctx, uint64(n-1)); err != nil {
			return w, err
		}
	}
	if _, err := h.project.CatchUp(ctx, h.now()); err != nil {
		return w, err
	}
	src, err := h.source()
	if err != nil {
		return w, err
	}
	if w.Steps, err = h.reg.Advance(ctx, src); err != nil {
		return w, err
	}
	w.Jobs, err = h.jobs.Drain(ctx)
	return w, err
}
