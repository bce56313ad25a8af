package cli

import (
	"context"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/determine"
)

func caseAccountsCommand() *cli.Command {
	return viewCommand("accounts", "YEAR", "count a year: what was paid, decided, refused", nil, func(ctx context.Context, cmd *cli.Command, h *dataHouse, by iotmark.Actor) error {
		year, err := strconv.Atoi(cmd.Args().First())
		if err != nil || year < 2000 || year > 9999 {
			return usage("%s is no year of four digits", cmd.Args().First())
		}
		a, err := h.scheme.Accounts(ctx, by, year)
		if err != nil {
			return err
		}
		if cmd.String("format") == "json" {
			return writeJSON(cmd.Root().Writer, a)
		}
		var b strings.Builder
		each := func(m map[string]int, line func(key string, n int)) {
			for _, k := range slices.Sorted(maps.Keys(m)) {
				line(k, m[k])
			}
		}
		linef(&b, "The year %d, in %s\n", a.Year, a.Currency)
		for _, to := range slices.Sorted(maps.Keys(a.Paid)) {
			each(a.Paid[to], func(service string, n int) { linef(&b, "  %8d  to %s for %s\n", n, to, service) })
		}
		linef(&b, "Paid by\n")
		each(a.Payers, func(from string, n int) { linef(&b, "  %8d  %s\n", n, from) })
		linef(&b, "Cases that began\n")
		each(a.Opened, func(kind string, n int) { linef(&b, "  %8d  %s\n", n, kind) })
		linef(&b, "Cases that ended\n")
		for _, kind := range slices.Sorted(maps.Keys(a.Ended)) {
			each(a.Ended[kind], func(state string, n int) { linef(&b, "  %8d  %s, %s\n", n, kind, state) })
		}
		linef(&b, "Named in refusals\n")
		each(a.Refusals, func(id string, n int) { linef(&b, "  %8d  %s\n", n, id) })
		linef(&b, "Told of as overdue\n  %8d\n", a.Overdue)
		return say(cmd.Root().Writer, b.String())
	})
}

func casePaymentsCommand() *cli.Command {
	return viewCommand("payments", "MARK", "tell who paid whom for a mark", nil, func(ctx context.Context, cmd *cli.Command, h *dataHouse, _ iotmark.Actor) error {
		mark, err := h.mark(ctx, cmd.Args().First())
		if err != nil {
			return err
		}
		ps, err := h.scheme.Payments(ctx, mark)
		if err != nil {
			return err
		}
		if cmd.String("format") == "json" {
			return writeJSON(cmd.Root().Writer, ps)
		}
		var b strings.Builder
		for _, p := range ps {
			linef(&b, "%s  %6d %s  %s to %s for %s\n", p.Day, p.Amount, p.Currency, p.Payer, p.Payee, p.Service)
		}
		return say(cmd.Root().Writer, b.String())
	})
}

func caseDryRunCommand() *cli.Command {
	return viewCommand("dry-run", "CATALOGUE", "tell who would lose a mark under other criteria", nil, func(ctx context.Context, cmd *cli.Command, h *dataHouse, by iotmark.Actor) error {
		candidate, err := catalogue.LoadFS(os.DirFS(cmd.Args().First()))
		if err != nil {
			return err
		}
		tell, stop := progress(cmd.Root().ErrWriter)
		d, err := h.scheme.DryRun(ctx, by, candidate, func(done, of int) { tell(determine.Progress{Stage: "determining", Done: done, Total: of}) })
		stop()
		if err != nil {
			return err
		}
		doc, _, err := d.Document()
		if err != nil {
			return err
		}
		if cmd.String("format") == "json" {
			return writeJSON(cmd.Root().Writer, d)
		}
		var b strings.Builder
		linef(&b, "Edition %s as of %s: nothing happens to %s\n", d.Edition, d.AsOf, count(d.Same, "mark", "marks"))
		for _, m := range d.Marks {
			linef(&b, "%s of %s\n", m.Code, m.Maker)
			for _, id := range m.Loses {
				linef(&b, "  loses by  %s\n", id)
			}
			for _, id := range m.Asks {
				linef(&b, "  asks for  %s\n", id)
			}
		}
		linef(&b, "document %s\nsize     %d\n", doc.SHA256, doc.Size)
		return say(cmd.Root().Writer, b.String())
	})
}
