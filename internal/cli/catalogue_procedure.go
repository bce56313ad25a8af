package cli

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark/catalogue"
)

func procedureCommand() *cli.Command {
	return &cli.Command{
		Name:  "procedure",
		Usage: "print who decides, by when, for how much",
		Description: `Thresholds, people who are kept apart, deadlines, fees, how long records are
kept, and the texts that people sign, of the edition that is built in; each
with its reason and source. As Markdown, the same as docs/procedure.md.`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "agreement", Usage: "print the licence agreement instead"},
			jsonFlag(),
		},
		Action: func(_ context.Context, cmd *cli.Command) error {
			if cmd.NArg() > 0 {
				return usage("catalogue procedure takes no argument, but found %s", cmd.Args().First())
			}
			c, err := catalogue.Load()
			if err != nil {
				return err
			}
			p, err := c.Procedure()
			if err != nil {
				return err
			}
			out := cmd.Root().Writer
			switch {
			case cmd.Bool("json") && cmd.Bool("agreement"):
				return usage("--agreement and --json do not go together; the agreement is a text")
			case cmd.Bool("agreement"):
				_, err = out.Write([]byte(p.Agreement.Text))
				return err
			case cmd.Bool("json"):
				return writeJSON(out, p)
			}
			text, err := c.ProcedureReference()
			if err != nil {
				return err
			}
			_, err = out.Write(text)
			return err
		},
	}
}
