package cli

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/determine"
	"github.com/open-iot-mark/iotmark/internal/dossier"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/message"
	"github.com/open-iot-mark/iotmark/internal/publication"
	"github.com/open-iot-mark/iotmark/verify"
)

func publishCommand() *cli.Command {
	return &cli.Command{
		Name:      "publish",
		Usage:     "write the open declaration for your own web site",
		ArgsUsage: "[PATH]",
		Description: `PATH is a product's folder, a zip or tar of it, or a declaration. The folder
that is written is DIR/.well-known/iotmark; put it on your web server.
Nothing is sent anywhere. Restricted and secret evidence is named by title
and hash only, and so is evidence in which a check found what would help an
attacker. --dry-run shows what would become public and writes nothing; it
needs no other flag. To publish, --out and --key are needed:

  iotmark key new ../maker.key
  iotmark publish --out ../site --key ../maker.key

What was promised in public is not lowered quietly: an earlier date, or a
core function that is gone, is refused unless --lower-promise gives the
reason.`,
		Flags: slices.Concat([]cli.Flag{
			&cli.StringFlag{Name: "out", Usage: "`DIR`, the root of the web site"},
			unconfinedFlag(),
			&cli.StringFlag{Name: "key", Usage: "sign with the key in `FILE`, or with the agent"},
		}, passphraseFlags(), []cli.Flag{
			&cli.StringFlag{Name: "id", Usage: "`NAME` of the product's folder; else made of the model"},
			&cli.StringFlag{Name: "at", Usage: "judge as of `DATE`; today when left out"},
			&cli.BoolFlag{Name: "dry-run", Usage: "show what would become public, and write nothing"},
			&cli.StringFlag{Name: "lower-promise", Usage: "lower a promise in the open, for this `REASON`"},
			&cli.BoolFlag{Name: "new-key", Usage: "the key that signed before was replaced by this one"},
		}),
		Action: publish,
	}
}

func publish(ctx context.Context, cmd *cli.Command) error {
	if cmd.NArg() > 1 {
		return usage("publish takes one path, but found %s", strings.Join(cmd.Args().Slice(), " "))
	}
	path := cmd.Args().First()
	if path == "" {
		path = "."
	}
	out := cmd.String("out")
	dry := cmd.Bool("dry-run")
	if err := needed(out, cmd.String("key"), dry, cmd.Args().First()); err != nil {
		return err
	}
	if out != "" {
		if err := apart(out, path); err != nil {
			return err
		}
	}
	asOf, err := day(cmd.String("at"))
	if err != nil {
		return err
	}
	cat, err := catalogue.Load()
	if err != nil {
		return err
	}
	d, err := dossier.Open(path, cat, dossier.Options{AsOf: asOf})
	if err != nil {
		return err
	}
	defer d.Close()
	if file := cmd.String("key"); file != "" {
		if err := keyApart(file, path, d); err != nil {
			return err
		}
	}
	in, whole, err := material(ctx, cmd, cat, d, asOf)
	if err != nil {
		return err
	}
	var site *publication.Site
	if err = fs.ErrNotExist; out != "" { // a dry run without --out compares with nothing
		site, err = publication.OpenSite(out, false)
	}
	if site != nil {
		defer func() { site.Close() }()
		id := in.Product
		if id == "" {
			id = publication.ProductIDOf(in.Public.Declaration.Product.Model)
		}
		if id.Valid() {
			if !dry {
				if err := site.Recover(id); err != nil {
					return err
				}
			}
			about := in.Public.Declaration
			if err := site.Admit(publication.Product{GTINs: about.Product.GTINs, ID: id, Model: about.Product.Model}, publication.PromisesOf(about)); err != nil {
				return err
			}
			if in.Previous, err = site.Previous(ctx, id); err != nil {
				return err
			}
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if cmd.String("key") != "" {
		k, err := openKey(cmd, cmd.String("key"))
		if err != nil {
			return err
		}
		in.Key = publication.Signer{Public: k.Public, Sign: k.Sign}
	} else if in.Previous != nil {
		if in.Key.Public, err = publication.ParsePublicKey(in.Previous.Statement.Body.Key); err != nil {
			return err
		}
	} else {
		in.Key.Public = make(ed25519.PublicKey, ed25519.PublicKeySize) // a dry run signs nothing
	}
	draft, err := publication.Make(in)
	if err != nil {
		return err
	}
	if dry {
		return dryRun(cmd.Root().Writer, in, draft, whole, out)
	}
	set, err := draft.Sign(in.Key)
	if err != nil {
		return err
	}
	if site == nil {
		if site, err = publication.OpenSite(out, true); err != nil {
			return err
		}
	}
	opt := strangers(cmd, cat)
	if err := site.Write(ctx, set, &opt); err != nil {
		return err
	}
	return published(cmd.Root().Writer, out, set, in.Key.Public)
}

// needed tells all flags that publishing needs and that are not there, with a
// line to copy. A dry run needs none.
func needed(out, key string, dry bool, path string) error {
	var missing []string
	line := "iotmark publish"
	if out == "" {
		missing = append(missing, "--out DIR, the root of the web site that it writes to")
		out = "../site"
	}
	line += " --out " + typedWord(out)
	first := ""
	if key == "" {
		missing = append(missing, "--key FILE to sign with")
		key = "../maker.key"
		first = "\n  iotmark key new " + key + "    # once; or use an Ed25519 ssh key you have"
	}
	line += " --key " + typedWord(key)
	if path != "" {
		line += " " + typedWord(path)
	}
	if dry || len(missing) == 0 {
		return nil
	}
	return usage("publish needs %s. Such as:%s\n  %s\nTo see first what would become public, iotmark publish --dry-run needs neither", strings.Join(missing, ", and "), first, line)
}

// typedWord is a word as a shell takes it.
func typedWord(s string) string {
	if strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// material determines twice, the whole dossier and its public part, and draws
// the published assessment from both.
func material(ctx context.Context, cmd *cli.Command, cat *catalogue.Catalogue, d *dossier.Dossier, asOf iotmark.Date) (in publication.Input, whole iotmark.Assessment, err error) {
	// What is not ready is told before anything is examined.
	if _, err = publication.PublicOf(ctx, d, cat, nil); err != nil {
		return in, whole, err
	}
	if whole, err = run(ctx, cmd, cat, d, asOf); err != nil {
		return in, whole, err
	}
	public, err := publication.PublicOf(ctx, d, cat, publication.Exploitable(whole))
	if err != nil {
		return in, whole, err
	}
	for _, w := range public.Withheld {
		say(cmd.Root().ErrWriter, message.Clean(w.String())+" [evidence-withheld]\n")
	}
	open, err := run(ctx, cmd, cat, public.Dossier, asOf)
	if err != nil {
		return in, whole, err
	}
	a := publication.AssessmentOf(cat, public, whole, open, sensitive(), reads())
	for _, id := range publication.Disputed(a, open) {
		say(cmd.Root().ErrWriter, string(id)+": the public evidence alone gives failed, and what is published rests on what is not public. Whoever verifies it is told so, and it is no full pass; publish the evidence that decides, if you can [not-public-decides]\n")
	}
	return publication.Input{
		Catalogue: cat, Public: public, Assessment: a, Declared: d.Digest,
		Product: publication.ProductID(cmd.String("id")), Program: version(), Lower: cmd.String("lower-promise"),
		NewKey: cmd.Bool("new-key") || cmd.Bool("dry-run") && cmd.String("key") == "",
	}, whole, nil
}

// sensitive lists the checks whose failures may help an attacker.
func sensitive() publication.Sensitive {
	out := publication.Sensitive{}
	for _, c := range determine.Checks() {
		if c.Sensitive {
			out[c.ID] = true
		}
	}
	return out
}

// reads says of each check what evidence it may read.
func reads() publication.Reads {
	out := publication.Reads{}
	for _, c := range determine.Checks() {
		out[c.ID] = c.Reading
	}
	return out
}

// apart refuses to publish into the dossier: the next run would take its own
// output for evidence, and a web server would serve what is restricted.
func apart(out, path string) error {
	folder, ok := folderOf(path)
	if !ok {
		return nil
	}
	in, err := within(out, folder)
	if err != nil {
		return usage("--out %s: %v", out, err)
	}
	if in {
		return usage("--out %s is the dossier or in it; publish beside it, such as with --out %s, so that nothing restricted is ever beside what is served", out, beside(folder))
	}
	return nil
}

// keyApart refuses a private key that lies in the dossier, or is a piece of
// its evidence under whichever name: the dossier is handed to others, and
// evidence is published.
func keyApart(file, path string, d *dossier.Dossier) error {
	b, err := readKey(file)
	if err != nil || b == nil {
		return nil // opening it tells it better; a public key is no secret
	}
	folder, ok := folderOf(path)
	if ok {
		// Both where the name leads to and where it stands: a link in the
		// dossier is read as what it leads to.
		leads, err1 := within(file, folder)
		stands, err2 := within(filepath.Dir(file), folder)
		if err := errors.Join(err1, err2); err != nil {
			return usage("--key %s: %v", file, err)
		}
		if leads || stands {
			return usage("--key %s is in the dossier, which others are handed; move the key out of it, such as to %s", file, filepath.Join(filepath.Dir(beside(folder)), "maker.key"))
		}
	}
	mine, err := os.Stat(file)
	if err != nil {
		return nil
	}
	sum := iotmark.Digest(fmt.Sprintf("%x", sha256.Sum256(b)))
	for _, it := range d.Items {
		same := it.Actual == sum
		if ok && it.Path != "" {
			st, err := os.Stat(filepath.Join(folder, filepath.FromSlash(it.Path)))
			same = same || err == nil && os.SameFile(st, mine)
		}
		if same {
			return usage("--key %s is the evidence %s of the dossier. Nothing was written. Take it out of the evidence, and make a new key if anybody else had the dossier", file, it.ID)
		}
	}
	return nil
}

// readKey reads a private key as bytes; nil: it is none.
func readKey(file string) ([]byte, error) {
	st, err := os.Stat(file)
	if err != nil || !st.Mode().IsRegular() {
		return nil, err
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, 64<<10))
	if _, private := evidence.NextArmour(b, 0); err != nil || !private {
		return nil, err
	}
	return b, nil
}

// folderOf is the folder of a dossier; false: it is in an archive.
func folderOf(path string) (string, bool) {
	st, err := os.Stat(path)
	if err != nil {
		return "", false // the dossier tells it better
	}
	if st.IsDir() {
		return path, true
	}
	if ext := filepath.Ext(path); ext != ".yaml" && ext != ".yml" && ext != ".json" {
		return "", false
	}
	return filepath.Dir(path), true
}

// within reports whether a path is a folder or leads into it.
func within(p, folder string) (bool, error) {
	root, err1 := real(folder)
	in, err2 := real(p)
	if err := errors.Join(err1, err2); err != nil {
		return false, err
	}
	rel, err := filepath.Rel(root, in)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator)), nil
}

// beside is a folder next to another one, as somebody types it.
func beside(folder string) string { return filepath.Join(folder, "..", "site") }

// real is a path without links, of which the end need not be there yet.
func real(p string) (string, error) {
	p, err := filepath.Abs(p)
	if err != nil {
		return "", err
	}
	rest := ""
	for {
		r, err := filepath.EvalSymlinks(p)
		if err == nil {
			return filepath.Join(r, rest), nil
		}
		if !errors.Is(err, fs.ErrNotExist) || filepath.Dir(p) == p {
			return "", err
		}
		rest = filepath.Join(filepath.Base(p), rest)
		p = filepath.Dir(p)
	}
}

// published tells what was written and where it goes.
func published(w io.Writer, out string, set *publication.Set, key ed25519.PublicKey) error {
	var b strings.Builder
	body := set.Statement.Body
	folder := filepath.Join(out, filepath.FromSlash(publication.Place), string(body.Product.ID))
	if set.Same {
		linef(&b, "Nothing changed: %s stands as it was published.\n", folder)
	} else {
		linef(&b, "Published %s (%s) as of %s to %s\n", body.Product.Name, body.Product.Model, body.AsOf, folder)
		linef(&b, "  %d files, %d of them evidence, signed by %s\n", len(set.Documents)+len(set.Evidence), len(set.Evidence), verify.Fingerprint(key))
		if set.Statement.Prev != "" {
			linef(&b, "  it replaces the statement %s, which stays in the history\n", set.Statement.Prev.Short())
		}
		for _, l := range body.Lowered {
			linef(&b, "  recorded in the open: %s lowered from %s to %s: %s\n", l.What, l.From, l.To, l.Reason)
		}
	}
	linef(&b, "It belongs at %s\nCheck it with: iotmark verify %s\n", publication.Address(body.Maker, body.Product.ID), folder)
	return say(w, b.String())
}

// dryRun tells what would become public, and what changes.
func dryRun(w io.Writer, in publication.Input, d *publication.Draft, whole iotmark.Assessment, out string) error {
	p, err := publication.Preview(in, d, whole, filepath.Join(out, filepath.FromSlash(publication.Place)))
	if err != nil {
		return err
	}
	var b strings.Builder
	body := d.Statement.Body
	linef(&b, "Dry run: nothing was written.\n\nBecomes public at %s\n", publication.Address(body.Maker, body.Product.ID))
	for _, f := range body.Files {
		if !strings.HasPrefix(f.Path, publication.EvidenceDir+"/") {
			linef(&b, "  %-20s %s\n", f.Path, evidence.Bytes(f.Size))
		}
	}
	linef(&b, "and the signed statement, its public key, and the statements it replaced.\n")
	list := func(title string, lines []string) {
		if len(lines) > 0 {
			linef(&b, "\n%s\n", title)
		}
		for _, l := range lines {
			b.WriteString("  " + message.Clean(l) + "\n")
		}
	}
	list("Evidence that becomes public:", p.Evidence)
	list("Named by title, kind, date and hash only:", p.Hidden)
	list("Not published:", in.Public.LeftOut)
	list("Checks whose findings rest on what is not public; their outcome is published, their words are not:", p.NotRerun)
	list("Checks of which no result is published:", p.Silent)
	if p.Withheld > 0 {
		linef(&b, "\n%d findings would help an attacker and are left out. iotmark check shows them: mend them and publish again.\n", p.Withheld)
	}
	switch {
	case d.Same:
		linef(&b, "\nNothing changes: the same is published already.\n")
	case out == "":
		linef(&b, "\nWith --out DIR it also shows what changes in what is published there.\n")
	case in.Previous == nil:
		linef(&b, "\nNothing of this product is published in %s yet.\n", out)
	default:
		list("What changes in what is published:", p.Changes)
	}
	return say(w, b.String())
}
