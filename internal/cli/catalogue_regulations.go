package cli

import (
	"context"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark/catalogue"
)

func regulationsCommand() *cli.Command {
	return &cli.Command{
		Name:  "regulations",
		Usage: "write the regulations of use for an office",
		Description: `Everything comes from the edition that is built in, but for what only the
owner of the mark can say: name, address, law, the declaration that it trades
in no connected products, the drawing, the certification bodies, their
profile, the court. That is a file of its own, --owner. What is missing is
told by its name, and nothing is printed: a text with a gap is not filed.`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "office", Usage: "`OFFICE` euipo, ukipo or uspto"},
			&cli.StringFlag{Name: "owner", Usage: "`FILE` in which the owner of the mark says who it is"},
		},
		Action: func(_ context.Context, cmd *cli.Command) error {
			if cmd.NArg() > 0 {
				return usage("catalogue regulations takes no argument, but found %s", cmd.Args().First())
			}
			if cmd.String("office") == "" {
				return usage("catalogue regulations needs --office %s", strings.Join(names(catalogue.Offices()), ", or "))
			}
			owner := new(catalogue.MarkOwner)
			if file := cmd.String("owner"); file != "" {
				raw, err := readBounded(cmd, file, catalogue.MarkOwnerMax)
				if err != nil {
					return err
				}
				if owner, err = catalogue.ParseMarkOwner(file, raw); err != nil {
					return err
				}
			}
			c, err := catalogue.Load()
			if err != nil {
				return err
			}
			text, err := c.Regulations(catalogue.Office(cmd.String("office")), owner)
			if err != nil {
				return err
			}
			_, err = cmd.Root().Writer.Write(text)
			return err
		},
	}
}
