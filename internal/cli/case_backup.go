package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/key"
	"github.com/open-iot-mark/iotmark/internal/store"
)

// The parts of a backup, beside house.json and trust.json.
const (
	backupDB       = "registry.copy"
	backupEvidence = "evidence"
	backupLog      = "log"
)

func caseBackupCommand() *cli.Command {
	return &cli.Command{
		Name: "backup", Usage: "copy a data folder, without its keys", ArgsUsage: "FOLDER",
		Description: `Copies evidence, log and database to FOLDER, which must not be there, in the
order that lets nothing be missing. Keys are not copied: keep them apart. The
copy is of one moment, also while people work.`,
		Flags: houseFlags(false),
		Action: func(ctx context.Context, cmd *cli.Command) error {
			to, err := oneArg(cmd, "the folder to copy to")
			if err != nil {
				return err
			}
			return inHouse(ctx, cmd, func(h *dataHouse) error { return h.backup(ctx, cmd, to) })
		},
	}
}

func (h *dataHouse) backup(ctx context.Context, cmd *cli.Command, to string) error {
	if strings.Contains(h.set.Vault, "://") {
		return usage("the evidence is in a bucket; copy it by the means of its provider, and the database after it")
	}
	if err := os.Mkdir(to, 0o700); err != nil {
		return &iotmark.Error{Kind: iotmark.Invalid, ID: "backup-write", Msg: "the folder for the copy cannot be made", Err: err}
	}
	// Evidence first: a database that names more than the folder has could not
	// be used, and what the folder has more does no harm. The log comes last,
	// because the tables follow it and not the other way round.
	err := os.CopyFS(filepath.Join(to, backupEvidence), os.DirFS(h.path(h.set.Vault)))
	if err == nil {
		err = h.copyDB(ctx, filepath.Join(to, backupDB))
	}
	if err == nil {
		err = os.CopyFS(filepath.Join(to, backupLog), os.DirFS(h.path(h.set.Log)))
	}
	for _, name := range []string{trustName, settingsName} { // the settings make it whole
		if err != nil {
			break
		}
		var b []byte
		if b, err = os.ReadFile(filepath.Join(h.dir, name)); err == nil {
			err = key.WriteNew(filepath.Join(to, name), b, 0o644)
		}
	}
	if err != nil {
		return &iotmark.Error{Kind: iotmark.Unavailable, ID: "backup-write", Msg: "the copy is not whole; remove " + to + ", and try again", Err: err}
	}
	return say(cmd.Root().Writer, "Copied to "+to+". The key of the vault is not in it: keep "+h.path(h.set.VaultKey)+" apart.")
}

func (h *dataHouse) copyDB(ctx context.Context, name string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = h.db.Copy(ctx, f)
	return errors.Join(err, f.Sync(), f.Close())
}

func caseRecoverCommand() *cli.Command {
	return &cli.Command{
		Name: "recover", Usage: "make a data folder from a backup", ArgsUsage: "FOLDER",
		Description: `Makes the folder of --data, which must not be there, from what case backup
wrote, and holds every row of the register against the log. --db names an
empty database, where it is not a file in the folder.`,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "vault-key", Usage: "`FILE` with the key of the vault"},
			&cli.StringFlag{Name: "db", Value: "registry.db", HideDefault: true, Usage: "`ADDRESS` postgres://..., or a file in the folder"},
		}, houseFlags(false)...),
		Action: caseRecover,
	}
}

func caseRecover(ctx context.Context, cmd *cli.Command) error {
	from, err := oneArg(cmd, "the folder with the backup")
	if err != nil {
		return err
	}
	dir := cmd.String("data")
	if cmd.String("vault-key") == "" {
		return usage("case recover: --vault-key is missing; without it no evidence can be read")
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return &iotmark.Error{Kind: iotmark.Conflict, ID: "data-there", Msg: dir + " is there already; nothing was written over it"}
	}
	set, trust, err := backedUp(from)
	if err != nil {
		return err
	}
	lock, err := smallFile(cmd.String("vault-key"))
	if err != nil {
		return err
	}
	set.DB, set.Log, set.Vault, set.VaultKey = cmd.String("db"), backupLog, backupEvidence, "keys/vault.key"
	if err := os.MkdirAll(filepath.Join(dir, "keys"), 0o700); err != nil {
		return err
	}
	j, err := json.MarshalIndent(set, "", "  ")
	if err == nil {
		err = errors.Join(
			os.CopyFS(filepath.Join(dir, backupEvidence), os.DirFS(filepath.Join(from, backupEvidence))),
			os.CopyFS(filepath.Join(dir, backupLog), os.DirFS(filepath.Join(from, backupLog))),
			key.WriteNew(filepath.Join(dir, set.VaultKey), lock, 0o600),
			key.WriteNew(filepath.Join(dir, trustName), trust, 0o644))
	}
	if err == nil {
		err = recoverDB(ctx, (&dataHouse{dir: dir}).path(set.DB), filepath.Join(from, backupDB))
	}
	if err == nil {
		err = key.WriteNew(filepath.Join(dir, settingsName), append(j, '\n'), 0o644)
	}
	if err != nil {
		return fmt.Errorf("%s is not whole; remove it, and try again: %w", dir, err)
	}
	return inHouse(ctx, cmd, func(h *dataHouse) error {
		p, err := h.project.Compare(ctx)
		if err != nil {
			return err
		}
		if p.Differ > 0 {
			return &iotmark.Error{Kind: iotmark.Unverified, ID: "recover-differs", Msg: fmt.Sprintf("%s of the register differ from the log; iotmark rebuild makes them anew", count(p.Differ, "row", "rows"))}
		}
		return say(cmd.Root().Writer, fmt.Sprintf("Recovered to %s. Every row of the register follows from %s of the log.", dir, count(int(p.Size), "entry", "entries")))
	})
}

// backedUp reads what a backup knows of itself.
func backedUp(from string) (set houseSettings, trust []byte, err error) {
	b, err := smallFile(filepath.Join(from, settingsName))
	if err == nil {
		err = json.Unmarshal(b, &set)
	}
	if err != nil {
		return set, nil, &iotmark.Error{Kind: iotmark.Invalid, ID: "backup-wrong", Msg: from + " is no whole backup of iotmark case backup", Err: err}
	}
	trust, err = smallFile(filepath.Join(from, trustName))
	return set, trust, err
}

func recoverDB(ctx context.Context, address, name string) error {
	db, err := store.Open(ctx, address)
	if err != nil {
		return err
	}
	f, err := os.Open(name)
	if err == nil {
		err = db.Restore(ctx, f)
		f.Close()
	}
	return errors.Join(err, db.Close())
}
