package cli

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"filippo.io/age"
	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/key"
	"github.com/open-iot-mark/iotmark/internal/scheme"
)

func caseInitCommand() *cli.Command {
	return &cli.Command{
		Name:      "init",
		Usage:     "make a data folder from a finished ceremony",
		ArgsUsage: " ",
		Description: `Makes the folder: the database (or names that of --db), a folder for
evidence and the key that locks it, and what it knows of the ceremony: trust
file, log, and where the keys of operator and log are. Private keys are named
and stay where they are. Then it founds the directory: the owner of the
scheme, and the first steward, who brings in all others. Keep a copy of
keys/vault.key elsewhere: without it no evidence can be read.

  iotmark case init --data house --trust trust.json --log log \
    --log-key log.key --operator operator-1 \
    --operator-name mark.example/operator/1 --owner owner \
    --owner-name "The Owner" --steward s1 --steward-name "Stella Steward"`,
		Flags: append([]cli.Flag{
			trustFlag(),
			&cli.StringFlag{Name: "log", Usage: "the `FOLDER` of the log"},
			&cli.StringFlag{Name: "log-key", Usage: "the log's key: `FILE`; it publishes"},
			&cli.StringFlag{Name: "operator", Usage: "the operator's key: `FILE`; it countersigns"},
			&cli.StringFlag{Name: "operator-name", Usage: "`NAME` of that key in the keyring"},
			&cli.StringFlag{Name: "policy", Usage: "whose witnesses are asked: `FILE`"},
			&cli.StringFlag{Name: "db", Value: "registry.db", HideDefault: true, Usage: "`ADDRESS` postgres://..., or a file in the folder"},
			&cli.StringFlag{Name: "profile", Value: string(catalogue.ProfileStandard), HideDefault: true, Usage: "`PROFILE` standard or small-body; standard"},
			&cli.StringFlag{Name: "owner", Usage: "id of the owner of the scheme: `ID`"},
			&cli.StringFlag{Name: "owner-name", Usage: "its `NAME`"},
			&cli.StringFlag{Name: "steward", Usage: "the first steward: `ID` such as s1"},
			&cli.StringFlag{Name: "steward-name", Usage: "the steward's `NAME`"},
		}, houseFlags(true)...),
		Action: caseInit,
	}
}

func caseInit(ctx context.Context, cmd *cli.Command) error {
	if cmd.NArg() > 0 {
		return usage("case init takes flags only; --data names the folder")
	}
	for _, f := range []string{"log", "owner", "owner-name", "steward", "steward-name"} {
		if cmd.String(f) == "" {
			return usage("case init: --%s is missing", f)
		}
	}
	if (cmd.String("operator") == "") != (cmd.String("operator-name") == "") {
		return usage("case init: --operator and --operator-name come together")
	}
	t, err := trusted(cmd)
	if err != nil {
		return err
	}
	profile := catalogue.ProfileID(cmd.String("profile"))
	if _, err := houseTerms(profile); err != nil {
		return err
	}
	dir := cmd.String("data")
	set := houseSettings{DB: cmd.String("db"), Vault: "evidence", VaultKey: "keys/vault.key", Profile: profile, Named: cmd.String("operator-name"), V: 1}
	for _, p := range []struct {
		flag string
		to   *string
	}{{"log", &set.Log}, {"log-key", &set.LogKey}, {"operator", &set.Operator}, {"policy", &set.Policy}} {
		if *p.to, err = placed(dir, cmd.String(p.flag)); err != nil {
			return err
		}
	}
	if err := makeHouse(dir, set, t.Marshal()); err != nil {
		return err
	}
	return inHouse(ctx, cmd, func(h *dataHouse) error {
		if _, err := h.project.CatchUp(ctx, h.now()); err != nil { // whose keys count
			return err
		}
		c, err := h.scheme.Found(ctx, scheme.Organisation{ID: cmd.String("owner"), Kind: iotmark.OrgOwner, Name: cmd.String("owner-name")},
			scheme.Person{ID: cmd.String("steward"), Name: cmd.String("steward-name")})
		if err != nil {
			return err
		}
		return tellCase(cmd, c)
	})
}

// placed writes a path of the folder as one below it, and others in full.
func placed(dir, p string) (string, error) {
	if p == "" {
		return "", nil
	}
	full, err := filepath.Abs(p)
	if err != nil {
		return "", err
	}
	base, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if rel, err := filepath.Rel(base, full); err == nil && filepath.IsLocal(rel) {
		return rel, nil
	}
	return full, nil
}

// makeHouse writes the folder. One that is there already is left as it is; a
// run that was cut short goes on.
func makeHouse(dir string, set houseSettings, trust []byte) error {
	wrong := func(err error) error {
		return &iotmark.Error{Kind: iotmark.Invalid, ID: "data-write", Msg: "the data folder cannot be made", Err: err}
	}
	if err := os.MkdirAll(filepath.Join(dir, "keys"), 0o700); err != nil {
		return wrong(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, set.Vault), 0o700); err != nil {
		return wrong(err)
	}
	j, err := json.MarshalIndent(set, "", "  ")
	if err != nil {
		return err
	}
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return err
	}
	lock := "# locks the evidence; public key: " + id.Recipient().String() + "\n" + id.String() + "\n"
	vaultKey := filepath.Join(dir, set.VaultKey)
	if _, err := os.Stat(vaultKey); errors.Is(err, os.ErrNotExist) {
		if err := key.WriteNew(vaultKey, []byte(lock), 0o600); err != nil {
			return err
		}
	}
	if _, err := os.Stat(filepath.Join(dir, settingsName)); err == nil {
		return &iotmark.Error{Kind: iotmark.Conflict, ID: "data-there", Msg: dir + " is a data folder already; it is left as it is"}
	}
	for name, b := range map[string][]byte{trustName: trust, settingsName: append(j, '\n')} {
		if err := key.WriteNew(filepath.Join(dir, name), b, 0o644); err != nil {
			return err
		}
	}
	return nil
}
