package cli

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"io"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/determine"
	"github.com/open-iot-mark/iotmark/internal/dossier"
	"github.com/open-iot-mark/iotmark/internal/publication"
	"github.com/open-iot-mark/iotmark/verify"
)

func verifyCommand() *cli.Command {
	return &cli.Command{
		Name:      "verify",
		Usage:     "check a mark, or a published declaration",
		ArgsUsage: "PATH|CODE",
		Description: `PATH is a folder that publish wrote, its .well-known/iotmark, one product in
it, or a zip or tar of any of these; or the bundle of a mark. With --trust
the bundle is verified offline, and so is a mark by its code from a mirror of
the log that --from names, by replaying all of it. Nothing is fetched but
that.

Of a declaration: without --key the signature says that nothing changed since
somebody signed who holds the key that came with it. Whether that is the
maker's key rests on the domain you got it from. Exit codes: 0 all of it
holds, 3 it does not hold, 5 signature and hashes are good and what the files
say could not be compared, as it was made under another edition or by another
version, or the public evidence alone says otherwise and what is not public
decides. Of a mark: 0 genuine and in force, 1 genuine and not in force, 3 not
genuine, 5 it cannot be said whether it is in force.`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "key", Usage: "the maker's key: a file, or a `FINGERPRINT`"},
			formatFlag(),
			&cli.BoolFlag{Name: "no-rerun", Usage: "do not run the checks again"},
			unconfinedFlag(),
			trustFlag(),
			&cli.StringFlag{Name: "from", Usage: "of a CODE: folder or `ADDRESS` of the log"},
			&cli.StringFlag{Name: "at", Usage: "of a mark: as of `TIME`, 2027-03-01T12:00:00Z"},
		},
		Action: verifyPublished,
	}
}

func verifyPublished(ctx context.Context, cmd *cli.Command) error {
	if cmd.NArg() != 1 {
		return usage("verify takes one path or code: the bundle of a mark, its code, or a folder, zip or tar that holds a published declaration")
	}
	at := cmd.Args().First()
	if _, err := os.Stat(at); err != nil {
		if _, err := iotmark.ParseCode(at); err == nil || cmd.String("from") != "" {
			return verifyMark(ctx, cmd, at, true)
		}
	} else if isBundle(at) {
		return verifyMark(ctx, cmd, at, false)
	}
	if strings.HasPrefix(at, "https://") || strings.HasPrefix(at, "http://") {
		return usage("%s", fetchFirst(at))
	}
	asJSON, err := jsonAsked(cmd)
	if err != nil {
		return err
	}
	trusted, err := trust(cmd.String("key"))
	if err != nil {
		return err
	}
	cat, err := catalogue.Load()
	if err != nil {
		return err
	}
	folder, clean, err := unpacked(cmd.Args().First())
	if err != nil {
		return err
	}
	defer clean()
	opt := strangers(cmd, cat)
	opt.Trusted = trusted
	if cmd.Bool("no-rerun") {
		opt.Rerun = nil
	}
	r, err := publication.Verify(ctx, folder, opt)
	if err != nil {
		return err
	}
	if asJSON {
		err = encoded(cmd, struct {
			Holds    bool `json:"holds"`
			Compared bool `json:"compared"`
			publication.Report
		}{r.Holds(), r.Compared(), r})
	} else {
		err = tellVerified(cmd.Root().Writer, r)
	}
	switch {
	case err != nil:
		return err
	case !r.Sound():
		return said(iotmark.Unverified, "does-not-hold")
	case !r.Compared():
		// Nothing is wrong in what was looked at, and nobody looked at the rest.
		return said(iotmark.Unreadable, "not-compared")
	case r.Disputed():
		// Nobody but the maker can look at what decided.
		return said(iotmark.Unreadable, "not-public-decides")
	}
	return nil
}

// strangers are the options with which anybody verifies who has this program
// and nothing of the maker's but what is published.
func strangers(cmd *cli.Command, cat *catalogue.Catalogue) publication.Options {
	opt := publication.Options{
		Catalogue: cat, Program: version(), Checks: map[iotmark.CheckID]int{}, Sensitive: sensitive(), Reads: reads(),
		Rerun: func(ctx context.Context, path string, asOf iotmark.Date) (iotmark.Assessment, error) {
			d, err := dossier.Open(path, cat, dossier.Options{AsOf: asOf})
			if err != nil {
				return iotmark.Assessment{}, err
			}
			defer d.Close()
			return run(ctx, cmd, cat, d, asOf)
		},
	}
	for _, c := range determine.Checks() {
		opt.Checks[c.ID] = c.Version
	}
	return opt
}

// plainAddress is an address that a shell takes as it stands.
var plainAddress = regexp.MustCompile(`^https?://[A-Za-z0-9.:-]+(/[A-Za-z0-9._~-]+)*$`)

// fetchFirst tells how to get a copy of what lies at an address: this program
// reaches no network. docs/publish.md has the same lines.
func fetchFirst(at string) string {
	base := strings.TrimSuffix(strings.TrimSuffix(at, "/index.html"), "/")
	place := "/" + publication.Place
	if strings.HasSuffix(base, place) {
		base += "/PRODUCT"
	} else if !strings.Contains(base, place+"/") {
		base += place + "/PRODUCT"
	}
	if !plainAddress.MatchString(base) {
		base = "https://YOUR-DOMAIN" + place + "/PRODUCT"
	}
	return at + ` is an address, and verify fetches nothing. Fetch a copy of a product's folder first:
  base=` + base + `
  names=$(curl -fsS "$base/SHA256SUMS" | cut -c67- | grep -v '\.\.')
  for f in SHA256SUMS statement.note statement.txt statement.txt.sig key.pub allowed_signers $names; do
    curl -fsS --create-dirs -o "copy/$f" "$base/$f"
  done
  iotmark verify copy
When it replaced earlier statements they are needed too; docs/publish.md has the lines for them`
}

// trust reads --key. It returns nil when nobody said whose key it must be.
func trust(s string) (func(ed25519.PublicKey) bool, error) {
	if s == "" {
		return nil, nil
	}
	if strings.HasPrefix(s, "SHA256:") {
		if len(s) != len("SHA256:")+43 {
			return nil, usage("--key %s: a fingerprint has 43 letters after SHA256:, as ssh-keygen -l prints it", s)
		}
		return func(k ed25519.PublicKey) bool { return verify.Fingerprint(k) == s }, nil
	}
	b, err := boundedFile(s, 1<<16)
	if err != nil {
		return nil, &iotmark.Error{Kind: iotmark.NotFound, ID: "key-missing", Msg: "the key cannot be read", Err: err}
	}
	want, err := publication.ParsePublicKey(string(b))
	if err != nil {
		return nil, usage("--key %s: %v; give a file such as key.pub, or a fingerprint SHA256:...", s, err)
	}
	return func(k ed25519.PublicKey) bool { return want.Equal(k) }, nil
}

// unpacked returns a folder as it is, and an archive unpacked into a temporary
// one, which clean removes.
func unpacked(p string) (folder string, clean func(), err error) {
	st, err := os.Stat(p)
	if err != nil || st.IsDir() {
		return p, func() {}, nil // what is wrong is told by who opens it
	}
	tmp, err := os.MkdirTemp("", "iotmark-verify-")
	if err != nil {
		return "", nil, &iotmark.Error{Kind: iotmark.Invalid, ID: "no-temporary-space", Msg: "the archive cannot be unpacked", Err: err}
	}
	clean = func() { os.RemoveAll(tmp) }
	root, err := os.OpenRoot(tmp)
	if err == nil {
		defer root.Close()
		err = dossier.Unpack(p, root, publication.Harmless, dossier.Options{MaxEntries: publication.MaxFiles * 2})
	}
	if err != nil {
		clean()
		return "", nil, err
	}
	return descend(tmp), clean, nil
}

// descend goes into the one folder that an archive holds, as packers make it.
func descend(dir string) string {
	for range 4 {
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != 1 || !entries[0].IsDir() || entries[0].Name() == path.Dir(publication.Place) {
			break
		}
		dir = path.Join(dir, entries[0].Name())
	}
	return dir
}

// tellVerified prints a report for people.
func tellVerified(w io.Writer, r publication.Report) error {
	var b strings.Builder
	if r.Sound() && !r.Compared() {
		b.WriteString(hashesOnly(r) + "\n\n")
	}
	for _, v := range r.Products {
		name := v.Product
		if name == "" {
			name = "product " + string(v.ID)
		}
		if v.Model != "" {
			name += " (" + v.Model + ")"
		}
		linef(&b, "%s\n", name)
		if v.Fingerprint != "" {
			signed(&b, v)
		}
		problems(&b, v.Problems)
		switch {
		case len(v.Problems) > 0:
			linef(&b, "  Does not hold.\n\n")
		case !v.Compared:
			linef(&b, "  Signature and hashes only. What its files say was not compared.\n\n")
		case len(v.Disputed) > 0:
			linef(&b, "  Rests on what is not public. The public evidence alone says otherwise.\n\n")
		default:
			linef(&b, "  Holds.\n\n")
		}
	}
	if len(r.Problems) > 0 {
		linef(&b, "The folder as a whole\n")
		problems(&b, r.Problems)
		b.WriteString("\n")
	}
	n := len(r.Problems)
	for _, v := range r.Products {
		n += len(v.Problems)
	}
	switch {
	case r.Holds():
		linef(&b, "All of it holds: %s.\n", count(len(r.Products), "product", "products"))
	case r.Sound() && !r.Compared():
		b.WriteString(hashesOnly(r) + "\n")
	case r.Sound():
		b.WriteString("The public evidence alone says otherwise. What is published rests on what is not public, and nobody else can look at it. This is no full pass.\n")
	case len(r.Products) == 0:
		linef(&b, "There is no product in it.\n")
	default:
		linef(&b, "Does not hold: %s.\n", count(n, "problem", "problems"))
	}
	return say(w, b.String())
}

// hashesOnly says first and last what is no full pass.
func hashesOnly(r publication.Report) string {
	n := 0
	for _, v := range r.Products {
		if !v.Compared {
			n++
		}
	}
	return fmt.Sprintf("Signature and hashes only: what the files of %s say was not compared. This is no full pass.", count(n, "product", "products"))
}

func problems(b *strings.Builder, ps []publication.Problem) {
	for _, p := range ps {
		at := ""
		if p.Path != "" {
			at = p.Path + ": "
		}
		linef(b, "  x %s%s [%s]\n", at, p.Message, p.ID)
	}
}

// signed tells what the signature and the files amount to.
func signed(b *strings.Builder, v publication.Verified) {
	linef(b, "  By %s, as of %s, edition %s. It belongs at %s\n", v.Maker, v.AsOf, v.Edition, publication.Address(publication.Maker{Domain: v.Domain}, v.ID))
	if v.KeyKnown {
		linef(b, "  Signed by %s, the key you named.\n", v.Fingerprint)
	} else {
		linef(b, "  Signed by %s.\n", v.Fingerprint)
		linef(b, "  The key came with the declaration. So this says: unchanged since signed by whoever\n  holds this key. Whether it is the maker's key rests on the domain you got it from.\n")
	}
	linef(b, "  %s as signed.\n", count(v.Files, "file is", "files are"))
	p := v.Promises
	linef(b, "  Promised: updates until %s, service until %s, parts until %s, %s.\n", p.UpdatesUntil, p.ServiceUntil, p.PartsUntil, count(len(p.Functions), "core function", "core functions"))
	lower := func(asOf iotmark.Date, ls []publication.Lowering) {
		for _, l := range ls {
			linef(b, "  ! Lowered in the statement of %s: %s from %s to %s. The maker's reason: %s\n", asOf, l.What, l.From, l.To, l.Reason)
		}
	}
	lower(v.AsOf, v.Lowered)
	was := v.Fingerprint
	for _, e := range v.Earlier {
		if e.Fingerprint != was {
			linef(b, "  ! The key changed after the statement of %s, which %s signed.\n", e.AsOf, e.Fingerprint)
			was = e.Fingerprint
		}
		lower(e.AsOf, e.Lowered)
	}
	if n := len(v.Earlier); n > 0 {
		linef(b, "  It replaced %s, the first of %s. All are kept and agree.\n", count(n, "earlier statement", "earlier statements"), v.Earlier[n-1].AsOf)
	}
	if v.Rerun && v.Compared && len(v.Problems) == 0 {
		linef(b, "  Run again on the public evidence, as of %s: the same findings and conclusions", v.AsOf)
		if n := len(v.CannotRerun); n > 0 {
			linef(b, ",\n  except for %s that cannot be run again", count(n, "check", "checks"))
		}
		b.WriteString(".\n")
	}
	if len(v.CannotRerun) > 0 {
		names := make([]string, 0, len(v.CannotRerun))
		for _, c := range v.CannotRerun {
			names = append(names, string(c))
		}
		slices.Sort(names)
		linef(b, "  Cannot be run again, they rest on what is not public: %s.\n", strings.Join(names, ", "))
	}
	if v.Restricted > 0 {
		linef(b, "  %s not public and named by hash only.\n", count(v.Restricted, "piece of evidence is", "pieces of evidence are"))
	}
	for _, p := range v.NotDone {
		if p.ID == "not-public-decides" {
			linef(b, "  ! %s [%s]\n", p.Message, p.ID)
			continue
		}
		linef(b, "  - Not compared: %s [%s]\n", p.Message, p.ID)
	}
}
