package cli

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark/internal/key"
	"github.com/open-iot-mark/iotmark/internal/verifier"
)

func verifierCommand() *cli.Command {
	return &cli.Command{
		Name:  "verifier",
		Usage: "write the page by which anybody checks marks in a browser",
		Description: `Writes one file of HTML. Put it where you like, or keep it on a disk: it
needs no server and reaches no network, and whoever opens it gives it the
file of a mark. It does in a browser what iotmark verify does.

   iotmark verifier --trust trust.json --out check.html

Beside it comes verifier.mjs, to which the page links: its program before
names were made short and comments left out. Keep the two together. Without
--out the page alone goes to standard output, with --source the program.

A page proves nothing about those who serve it. Those who grant the mark
should not be the only ones who have one.`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "trust", Usage: "`FILE` trust.json that the page starts with"},
			&cli.StringFlag{Name: "out", Usage: "write the page to new `FILE`, verifier.mjs beside it"},
			&cli.BoolFlag{Name: "source", Usage: "write the program of the page as it was written, and no page"},
			&cli.StringFlag{Name: "lang", Value: "en", Usage: "`LANG` of the page: " + strings.Join(verifier.Languages(), " or ")},
		},
		Action: func(_ context.Context, cmd *cli.Command) error {
			var trust []byte
			if cmd.Args().Present() {
				return usage("verifier takes no file; name the page with --out check.html")
			}
			out := cmd.String("out")
			if cmd.Bool("source") {
				if out != "" {
					return usage("--out writes the source as well; leave out --source")
				}
				return raw(cmd.Root().Writer, string(verifier.Source()))
			}
			if cmd.String("trust") != "" {
				t, err := trusted(cmd)
				if err != nil {
					return err
				}
				trust = t.Marshal()
			}
			page, err := verifier.Page(cmd.String("lang"), trust)
			if err != nil {
				return err
			}
			if out == "" {
				return raw(cmd.Root().Writer, string(page))
			}
			beside := filepath.Join(filepath.Dir(out), "verifier.mjs")
			// Pages in several languages share the one that is there.
			if b, err := boundedFile(beside, int64(len(verifier.Source()))); err != nil || !bytes.Equal(b, verifier.Source()) {
				if err := key.WriteNew(beside, verifier.Source(), 0o644); err != nil {
					return err
				}
			}
			if err := key.WriteNew(out, page, 0o644); err != nil {
				return err
			}
			return say(cmd.Root().Writer, out+"\n"+beside)
		},
	}
}
