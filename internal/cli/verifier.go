package cli

import (
	"context"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark/internal/verifier"
)

func verifierCommand() *cli.Command {
	return &cli.Command{
		Name:  "verifier",
		Usage: "write the page by which anybody checks marks in a browser",
		Description: `Writes one file of HTML to standard output. Put it where you like, or keep it
on a disk: it needs no server and reaches no network, and whoever opens it
gives it the file of a mark. It does in a browser what iotmark verify does.

   iotmark verifier --trust trust.json > check.html
   iotmark verifier --source > verifier.mjs

The page links to verifier.mjs beside it: its program before names were made
short and comments left out.

A page proves nothing about those who serve it. Those who grant the mark
should not be the only ones who have one.`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "trust", Usage: "`FILE` trust.json that the page starts with"},
			&cli.BoolFlag{Name: "source", Usage: "write the program of the page as it was written, and no page"},
			&cli.StringFlag{Name: "lang", Value: "en", Usage: "`LANG` of the page: " + strings.Join(verifier.Languages(), " or ")},
		},
		Action: func(_ context.Context, cmd *cli.Command) error {
			var trust []byte
			if cmd.Args().Present() {
				return usage("verifier takes no file; write > check.html after it")
			}
			if cmd.Bool("source") {
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
			return raw(cmd.Root().Writer, string(page))
		},
	}
}
