package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/scheme"
	"github.com/open-iot-mark/iotmark/verify"
)

// viewCommand is a command that looks and changes nothing.
func viewCommand(name, args, words string, flags []cli.Flag, look func(context.Context, *cli.Command, *dataHouse, iotmark.Actor) error) *cli.Command {
	return &cli.Command{
		Name: name, Usage: words, ArgsUsage: args,
		Flags: append(append([]cli.Flag{&cli.StringFlag{Name: "as", Usage: "who looks: `PERSON@ORGANISATION`"}}, flags...), houseFlags(true)...),
		Action: func(ctx context.Context, cmd *cli.Command) error {
			if n := len(strings.Fields(args)); cmd.NArg() != n {
				return usage("case %s takes %s", name, strings.TrimSpace(args+" and no more"))
			}
			by, err := actor(cmd.String("as"))
			if err != nil {
				return err
			}
			return inHouse(ctx, cmd, func(h *dataHouse) error { return look(ctx, cmd, h, by) })
		},
	}
}

func caseShowCommand() *cli.Command {
	return viewCommand("show", "CASE", "tell all that is known of a case", nil, func(ctx context.Context, cmd *cli.Command, h *dataHouse, by iotmark.Actor) error {
		c, err := h.scheme.Case(ctx, by, cmd.Args().First())
		if err != nil {
			return err
		}
		out := struct {
			scheme.Case
			Waiting  *scheme.Draft `json:"waiting,omitempty"`
			Evidence any           `json:"evidence,omitempty"`
		}{Case: c}
		if _, ok := iotmark.MoveCase(c.Kind, c.State, iotmark.ActSign); ok {
			d, err := h.scheme.Draft(ctx, by, c.ID)
			if err != nil {
				return err
			}
			out.Waiting = &d
		}
		pieces, err := h.scheme.Evidence(ctx, by, c.ID)
		if err != nil {
			return err
		}
		if len(pieces) > 0 {
			out.Evidence = pieces
		}
		if cmd.String("format") == "json" {
			return writeJSON(cmd.Root().Writer, out)
		}
		var b strings.Builder
		row := func(name, value string) {
			if value != "" {
				linef(&b, "%-10s %s\n", name, value)
			}
		}
		row("case", c.ID)
		row("kind", string(c.Kind))
		row("state", fmt.Sprintf("%s, version %d, since %s", c.State, c.Version, c.Moved))
		row("about", c.Subject)
		row("maker", c.Maker)
		row("product", c.Product)
		row("run by", c.Certifier)
		var body struct{ Code string }
		if json.Unmarshal(c.Body, &body) == nil {
			row("code", body.Code)
		}
		index, leaf := inLog(ctx, h, c.Draft)
		row("entry", index)
		row("leaf", leaf)
		row("waits for", string(c.Row().Waits))
		row("until", string(c.Due))
		if c.Clock != "" {
			row("stopped", fmt.Sprintf("the clock of %s, with %s left", c.Clock, count(c.DaysLeft, "day", "days")))
		}
		if d := out.Waiting; d != nil {
			row("to sign", fmt.Sprintf("%s, drafted by %s; needs %s", d.Type, d.By, d.Needs))
			for _, v := range d.Votes {
				linef(&b, "  %-8s %s of %s, as %s\n", v.Vote, v.Person, v.Organisation, string(v.Role))
			}
		}
		for i, p := range pieces {
			if i == 0 {
				row("evidence", count(len(pieces), "file", "files"))
			}
			linef(&b, "  %s  %s, %s, %d bytes\n", p.Digest.Short(), p.Name, string(p.Class), p.Size)
		}
		return say(cmd.Root().Writer, b.String())
	})
}

// inLog says where the last decision of a case stands in the log.
func inLog(ctx context.Context, h *dataHouse, draft string) (index, leaf string) {
	if draft == "" {
		return "", ""
	}
	a, err := h.reg.Attestation(ctx, draft)
	if err != nil || a.Index < 0 {
		return "", ""
	}
	return strconv.FormatInt(a.Index, 10), string(verify.LeafOf(a.Note))
}

func caseListCommand() *cli.Command {
	return viewCommand("list", "", "list the cases that you may see", []cli.Flag{
		&cli.StringFlag{Name: "kind", Usage: "only of `KIND`"},
		&cli.StringFlag{Name: "state", Usage: "only in `STATE`"},
		&cli.StringFlag{Name: "maker", Usage: "only of the maker with `DOMAIN`"},
		&cli.StringFlag{Name: "after", Usage: "only those after the case with `ID`: the next page"},
	}, func(ctx context.Context, cmd *cli.Command, h *dataHouse, by iotmark.Actor) error {
		cs, err := h.scheme.Cases(ctx, by, scheme.Filter{Kind: iotmark.CaseKind(cmd.String("kind")), State: iotmark.CaseState(cmd.String("state")), Maker: cmd.String("maker"), After: cmd.String("after")})
		if err != nil {
			return err
		}
		if cmd.String("format") == "json" {
			return writeJSON(cmd.Root().Writer, append([]scheme.Case{}, cs...))
		}
		var b strings.Builder
		for _, c := range cs {
			linef(&b, "%s  %-13s %-12s %s\n", c.ID, string(c.Kind), string(c.State), strings.TrimPrefix(c.Maker+"/"+c.Product, "/"))
		}
		if len(cs) == 0 {
			b.WriteString("No case that you may see.\n")
		}
		return say(cmd.Root().Writer, b.String())
	})
}

func caseTrailCommand() *cli.Command {
	return viewCommand("trail", "CASE", "tell what was done in a case, and check the chain", nil, func(ctx context.Context, cmd *cli.Command, h *dataHouse, by iotmark.Actor) error {
		ds, err := h.scheme.Trail(ctx, by, cmd.Args().First())
		if err != nil {
			return err
		}
		if cmd.String("format") == "json" {
			return writeJSON(cmd.Root().Writer, ds)
		}
		var b strings.Builder
		for _, d := range ds {
			who := string(d.Role)
			if d.By.Organisation != "" {
				who = d.By.Person + "@" + d.By.Organisation + " as " + who
			}
			linef(&b, "%4d  %s  %-9s %s\n", int(d.Version), d.At, string(d.Act), who)
			var said struct{ Reason string }
			if json.Unmarshal(d.Body, &said) == nil && said.Reason != "" {
				b.WriteString(wrap(strings.Join(strings.Fields(said.Reason), " "), columns, 6) + "\n")
			}
		}
		linef(&b, "The chain of %s holds.\n", count(len(ds), "row", "rows"))
		return say(cmd.Root().Writer, b.String())
	})
}

func caseStandingCommand() *cli.Command {
	return viewCommand("standing", "CASE", "tell where an evaluation stands", nil, func(ctx context.Context, cmd *cli.Command, h *dataHouse, by iotmark.Actor) error {
		c, err := h.scheme.Standing(ctx, by, cmd.Args().First())
		if err != nil {
			return err
		}
		if cmd.String("format") == "json" {
			return writeJSON(cmd.Root().Writer, c)
		}
		var b strings.Builder
		linef(&b, "%s not met or not inspected yet\n", count(len(c.Evaluation.Unmet), "must", "musts"))
		for _, id := range c.Evaluation.Unmet {
			linef(&b, "  %s\n", string(id))
		}
		if len(c.Second) > 0 {
			linef(&b, "A second opinion is missing on\n")
		}
		for _, id := range c.Second {
			linef(&b, "  %s\n", string(id))
		}
		return say(cmd.Root().Writer, b.String())
	})
}

func caseWorkCommand() *cli.Command {
	return &cli.Command{
		Name: "work", Usage: "bring everything to rest: jobs, log, register", ArgsUsage: " ",
		Description: `Sends what was decided into the log, publishes the log, brings the register
up to date, says of each decision whether it took effect, and does all that
is due by a date, until nothing is left. Run it after decisions, and every
hour.`,
		Flags: houseFlags(true),
		Action: func(ctx context.Context, cmd *cli.Command) error {
			if cmd.NArg() > 0 {
				return usage("case work takes no argument")
			}
			return inHouse(ctx, cmd, func(h *dataHouse) error {
				if err := h.scheme.Start(ctx, h.jobs); err != nil {
					return err
				}
				w, err := h.publish(ctx, cmd)
				if err != nil {
					return err
				}
				if cmd.String("format") == "json" {
					return writeJSON(cmd.Root().Writer, w)
				}
				return say(cmd.Root().Writer, fmt.Sprintf("%s into the log, %s of decisions, %s done.", count(w.Entries, "entry", "entries"), count(w.Steps, "step", "steps"), count(w.Jobs, "job", "jobs")))
			})
		},
	}
}
