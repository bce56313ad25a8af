package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/determine"
	"github.com/open-iot-mark/iotmark/internal/issuance"
	"github.com/open-iot-mark/iotmark/internal/key"
)

func attestCommand() *cli.Command {
	return &cli.Command{
		Name:      "attest",
		Usage:     "publish what the log in DIR amounts to",
		ArgsUsage: "DIR SITE",
		Description: `Replays the published log, has the operator sign the status of all marks,
adds it to the log, waits until the witnesses have seen it, and writes to
SITE: the status lists, the snapshot of the registry, the scheme's DID
document, and of each mark its credential (m/CODE.vc.json, m/CODE.jwt) and
its bundle (m/CODE.iotmark), with which anybody verifies it offline. At least
once a day, and after every decision.

  iotmark attest --key log.key --operator operator.key --issuer issuer.key \
    --trust trust.json log site`,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "key", Usage: "the log's key: `FILE`"},
			&cli.StringFlag{Name: "operator", Usage: "the operator's key, for the entry: `FILE`"},
			&cli.StringFlag{Name: "issuer", Usage: "the issuer's key, for lists and credentials: `FILE`"},
			trustFlag(),
			atFlag(),
			&cli.StringFlag{Name: "policy", Usage: "whose witnesses are asked: `FILE`"},
		}, passphraseFlags()...),
		Action: attest,
	}
}

func attest(ctx context.Context, cmd *cli.Command) error {
	if cmd.NArg() != 2 {
		return usage("attest takes two folders: the log's, and the one to write to")
	}
	dir, site := cmd.Args().First(), cmd.Args().Get(1)
	t, err := trusted(cmd)
	if err != nil {
		return err
	}
	now, err := clock(cmd)
	if err != nil {
		return err
	}
	c := issuance.Config{Trust: t, Dir: site, Now: now}
	for _, s := range []struct {
		flag string
		to   *issuance.Signer
	}{{"operator", &c.Operator}, {"issuer", &c.Issuer}} {
		file := cmd.String(s.flag)
		if file == "" {
			return usage("--%s is missing: the key with this role; iotmark keys new --role %s makes one", s.flag, s.flag)
		}
		k, err := openKey(cmd, file)
		if err != nil {
			return err
		}
		defer func(k *key.Key) { k.Close() }(k)
		*s.to = issuance.Signer{Public: k.Public, Sign: k.Sign}
	}
	if c.Log, err = openLog(ctx, cmd, dir, t, 100*time.Millisecond); err != nil { // somebody is waiting
		return err
	}
	show, stop := progress(cmd.Root().ErrWriter)
	c.Progress = func(done, of int64) {
		show(determine.Progress{Stage: "attesting", Name: "marks", Done: int(done), Total: int(of)})
	}
	r, err := issuance.Make(ctx, c)
	stop()
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	if e := c.Log.Close(end); e != nil {
		err = errors.Join(err, &iotmark.Error{Kind: iotmark.KindOf(e), ID: "log-unpublished", Err: e, Msg: "the log is not published to its end yet; log serve --key goes on trying"})
	}
	if err != nil {
		return err
	}
	return say(cmd.Root().Writer, fmt.Sprintf("Entry %d  %s  status.published\nIt covers %s and %s, as of %s. %s written to %s.",
		r.Index, r.Leaf, count(int(r.Size), "entry", "entries"), count(r.Marks, "mark", "marks"), minute(r.Time), count(r.Files, "file", "files"), site))
}
