package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gowebpki/jcs"
	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/key"
	"github.com/open-iot-mark/iotmark/verify"
)

func entryDraftCommand() *cli.Command {
	return &cli.Command{
		Name:      "draft",
		Usage:     "write the text of an entry, to be signed",
		ArgsUsage: "TYPE BODY",
		Description: `BODY is a file of JSON, or - for stdin; docs/entries.md lists the types and
their members. The entry follows the last one of its subject: --log finds
that, --prev names it, --first says that there is none. The subject follows
from the body; that of a mark is given with --subject, and for an application
--subject new makes one.

  iotmark entry draft --log log --trust trust.json mark.suspended body.json`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "domain", Usage: "`DOMAIN` of the scheme; not needed with --trust"},
			&cli.StringFlag{Name: "subject", Usage: "`URN` that the entry is about: of a mark"},
			&cli.StringFlag{Name: "log", Usage: "look for the entry before in the log in `DIR` or behind a URL"},
			&cli.StringFlag{Name: "trust", Usage: "`FILE` trust.json, for --log"},
			&cli.StringFlag{Name: "prev", Usage: "`LEAF` of the entry before"},
			&cli.BoolFlag{Name: "first", Usage: "there is no entry before about this subject"},
			&cli.StringFlag{Name: "time", Usage: "`TIME` such as 2026-11-25T10:00:00Z; now when left out"},
			&cli.StringFlag{Name: "out", Usage: "write the text to `FILE`, which must be new; else to stdout"},
		},
		Action: entryDraft,
	}
}

func entryDraft(ctx context.Context, cmd *cli.Command) error {
	if cmd.NArg() != 2 {
		return usage("entry draft takes a type and the file of a body")
	}
	form, ok := verify.FormOf(verify.Type(cmd.Args().First()))
	if !ok {
		return usage("there is no type of entries %q; known are %s", cmd.Args().First(), strings.Join(typeNames(), ", "))
	}
	known, err := knownKeys(ctx, cmd)
	if err != nil {
		return err
	}
	domain := cmd.String("domain")
	switch {
	case domain == "" && known.trust != nil:
		domain = known.trust.Domain
	case domain == "":
		return usage("--domain is missing: the domain of the scheme")
	case known.trust != nil && known.trust.Domain != domain:
		return usage("--domain %s, but the trust file is of %s", domain, known.trust.Domain)
	}
	now, err := entryTime(cmd.String("time"))
	if err != nil {
		return err
	}
	raws, err := readBounded(cmd, cmd.Args().Get(1), verify.MaxEntry)
	if err != nil {
		return err
	}
	e := verify.Entry{Body: raws, ID: verify.NewID(now, random()), Time: now.Format(time.RFC3339), Type: form.Type, V: verify.Version}
	if e.Subject, err = subjectOf(form, domain, raws, cmd.String("subject"), now); err != nil {
		return at(cmd.Args().Get(1), err)
	}
	if e.Prev, err = prevOf(cmd, known, e); err != nil {
		return err
	}
	text, err := verify.Text(domain, e)
	if err != nil {
		return at(cmd.Args().Get(1), err)
	}
	return writeText(cmd, text)
}

// writeText writes what is to be signed, and says it in words.
func writeText(cmd *cli.Command, text []byte) error {
	e, err := parseEntry(text)
	if err != nil {
		return err
	}
	if err := say(cmd.Root().ErrWriter, entryText(e, nil)); err != nil {
		return err
	}
	if to := cmd.String("out"); to != "" {
		if err := key.WriteNew(to, text, 0o644); err != nil {
			return err
		}
		return say(cmd.Root().Writer, to)
	}
	return raw(cmd.Root().Writer, string(text))
}

func typeNames() []string {
	var out []string
	for _, f := range verify.Forms() {
		out = append(out, string(f.Type))
	}
	slices.Sort(out)
	return out
}

func entryTime(s string) (time.Time, error) {
	if s == "" {
		return time.Now().UTC().Truncate(time.Second), nil
	}
	t, err := time.Parse("2006-01-02T15:04:05Z", s)
	if err != nil {
		return t, usage("--time %s: write it as 2026-11-25T10:00:00Z", s)
	}
	return t, nil
}

// subjectOf finds the subject in the body, or takes that which was given.
func subjectOf(form verify.Form, domain string, raws []byte, given string, now time.Time) (string, error) {
	canonical, err := jcs.Transform(raws)
	if err != nil {
		return "", &iotmark.Error{Kind: iotmark.Invalid, ID: "body-wrong", Msg: "the body is not one JSON object", Err: err}
	}
	body := form.New()
	d := json.NewDecoder(bytes.NewReader(canonical))
	if err := d.Decode(body); err != nil {
		return "", &iotmark.Error{Kind: iotmark.Invalid, ID: "body-wrong", Msg: "the body of this " + string(form.Type) + " cannot be read", Err: err}
	}
	subject, ok := form.SubjectOf(domain, body)
	switch {
	case ok && given != "" && given != subject:
		return "", usage("--subject %s: by its body the entry is about %q", given, subject)
	case ok:
		return subject, nil
	case given == "new" && form.Type == verify.ApplicationAccepted:
		return verify.Subject(form.Subject, verify.NewID(now, random())), nil
	case given == "":
		return "", usage("--subject is missing: the URN of the mark, urn:iotmark:mark:...; for an application --subject new makes one")
	}
	return given, nil
}

var leafForm = regexp.MustCompile(`^[0-9a-f]{64}$`)

// prevOf finds the entry that this one follows.
func prevOf(cmd *cli.Command, known *keySource, e verify.Entry) (iotmark.Digest, error) {
	prev, n := cmd.String("prev"), 0
	for _, given := range []bool{prev != "", cmd.Bool("first"), known.rules != nil} {
		if given {
			n++
		}
	}
	switch {
	case n != 1:
		return "", usage("say which entry this one follows: --log DIR to look, --prev LEAF, or --first for none; one of these")
	case prev != "" && !leafForm.MatchString(prev):
		return "", usage("--prev %s: a leaf is 64 small hexadecimal digits", prev)
	case known.rules != nil:
		return known.rules.Head(e.Type, e.Subject), nil
	}
	return iotmark.Digest(prev), nil
}

// isID reports whether a failure has an id.
func isID(err error, id iotmark.ErrorID) bool {
	e, ok := errors.AsType[*iotmark.Error](err)
	return ok && e.ID == id
}
