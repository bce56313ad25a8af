package cli

import (
	"context"
	"crypto/rand"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark/internal/ceremony"
	"github.com/open-iot-mark/iotmark/internal/message"
	"github.com/open-iot-mark/iotmark/verify"
)

func keysCeremonyCommand() *cli.Command {
	return &cli.Command{
		Name:      "ceremony",
		Usage:     "lead through the first key ceremony, in a folder",
		ArgsUsage: "DIR",
		Description: `Run it again and again: each run checks all that is in DIR, does what can
be done, and says what comes next. A run that finds nothing new changes
nothing.

The first run, with --domain, writes a plan to fill in: who holds which key.
Then the holders hand in public keys, and sign three entries one after the
other, on machines of their own: log.opened, keyring.set and policy.set. At
the end there are the sealed entries, trust.json, by which everybody
verifies, and ceremony.txt, which people read and sign. No private key comes
into DIR.

  iotmark keys ceremony --domain mark.example ceremony`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "domain", Usage: "`DOMAIN` of the scheme; for the first run"},
			&cli.BoolFlag{Name: "seal", Usage: "go on when enough have signed; do not wait for the others"},
			atFlag(),
		},
		Action: keysCeremony,
	}
}

func keysCeremony(_ context.Context, cmd *cli.Command) error {
	if cmd.NArg() != 1 {
		return usage("keys ceremony takes one folder")
	}
	dir := cmd.Args().First()
	now, err := clock(cmd)
	if err != nil {
		return err
	}
	s, err := ceremony.Run(dir, ceremony.Options{Domain: cmd.String("domain"), Now: now(), Random: random, Seal: cmd.Bool("seal")})
	if err != nil {
		return err
	}
	return raw(cmd.Root().Writer, ceremonyText(dir, s))
}

// random is for the ids of entries.
func random() (b [10]byte) {
	rand.Read(b[:])
	return b
}

// ceremonyText tells what stands, and what comes next.
func ceremonyText(dir string, s *ceremony.State) string {
	var b strings.Builder
	for _, name := range s.Wrote {
		linef(&b, "wrote    %s\n", filepath.Join(dir, name))
	}
	if s.Plan == nil {
		linef(&b, "\nFill in %s: who holds which key. Then run this again.\n", filepath.Join(dir, ceremony.PlanFile))
		return b.String()
	}
	keys := len(s.Plan.Keys) - len(s.Missing)
	linef(&b, "plan     %s: %s\n", s.Plan.Domain, ceremonyKeys(s.Plan))
	for _, a := range s.Advice {
		fmt.Fprintf(&b, "think    %s\n", strings.TrimSpace(wrap(a.Text+" ["+string(a.ID)+"]", columns, 9)))
	}
	linef(&b, "keys     %d of %d public keys are here%s\n", keys, len(s.Plan.Keys), map[bool]string{true: ", and not yet that of the log", false: ", and that of the log"}[s.NoLog])
	if len(s.Missing) > 0 || s.NoLog {
		b.WriteString("\nStill to hand in:\n")
		for _, h := range s.Missing {
			linef(&b, "  %s  from %s of %s (%s)\n", filepath.Join(dir, h.File), h.Person, h.Org, h.Name)
		}
		if s.NoLog {
			linef(&b, "  %s  from whoever runs the log\n", filepath.Join(dir, s.Plan.Log))
		}
		b.WriteString("A public key is the .pub file of ssh-keygen -t ed25519, of ssh-keygen -t\ned25519-sk for a hardware key, or of iotmark keys new. Then run this again.\n")
		return b.String()
	}
	for i, st := range s.Steps {
		switch {
		case st.Leaf != "":
			linef(&b, "entry %d  %s: sealed, signed by %d, leaf %s\n", i, string(st.Type), len(st.Signed), st.Leaf.Short())
		case st.Drafted:
			linef(&b, "entry %d  %s: %d of %d have signed, %d must\n", i, string(st.Type), len(st.Signed), len(st.Signed)+len(st.Wanted), s.Plan.Threshold)
		default:
			linef(&b, "entry %d  %s: after the one before\n", i, string(st.Type))
		}
	}
	if st, ok := s.Next(); ok {
		nextSignatures(&b, dir, s, st)
		return b.String()
	}
	linef(&b, "trust    %s, SHA-256 %s\n", filepath.Join(dir, ceremony.TrustFile), string(s.Trust))
	linef(&b, "signed   %s: by %d of %d keys\n", filepath.Join(dir, ceremony.TranscriptFile), len(s.Witness), len(s.Plan.Keys))
	var notes []string
	for _, st := range s.Steps {
		notes = append(notes, message.Clean(filepath.Join(dir, st.Note())))
	}
	fmt.Fprintf(&b, `
The ceremony is complete. Read %[1]s together, compare the
fingerprints, and sign it: on paper, and each with
  ssh-keygen -Y sign -f KEY -n %[2]s <%[1]s >KEY.sig
which goes into %[3]s under any name. Publish trust.json, its
hash and ceremony.txt in as many places as you can. Then the three entries open
the log, in their order:
  iotmark log init --key LOG-KEY LOG
  iotmark log append --key LOG-KEY --trust %[4]s LOG \
    %[5]s
`, message.Clean(filepath.Join(dir, ceremony.TranscriptFile)), ceremony.TranscriptNamespace(s.Plan.Domain), message.Clean(filepath.Join(dir, "transcript")), message.Clean(filepath.Join(dir, ceremony.TrustFile)), strings.Join(notes, " \\\n    "))
	return b.String()
}

func nextSignatures(b *strings.Builder, dir string, s *ceremony.State, st ceremony.Step) {
	text := filepath.Join(dir, st.Text())
	if len(st.Signed) > 0 {
		linef(b, "\nSigned by:\n")
		for _, n := range st.Signed {
			linef(b, "  %s\n", n)
		}
	}
	b.WriteString("\nNot yet signed by:\n")
	for _, n := range st.Wanted {
		h := s.Plan.Keys[slices.IndexFunc(s.Plan.Keys, func(h ceremony.Holder) bool { return h.Name == n })]
		linef(b, "  %s (%s of %s)\n", n, h.Person, h.Org)
	}
	linef(b, `
Each reads %[1]s, with iotmark entry show, and signs it:
  ssh-keygen -Y sign -f KEY -n %[2]s %[1]s
  or  iotmark entry sign --key KEY --name NAME %[1]s
The files with the signatures go into %[3]s under any name. Then run
this again%[4]s.
`, text, verify.Namespace(s.Plan.Domain), filepath.Join(dir, st.Dir), map[bool]string{true: ". Enough have signed: to go on without the others, with --seal", false: ""}[st.Enough])
}

// ceremonyKeys counts the keys of each role.
func ceremonyKeys(p *ceremony.Plan) string {
	var out []string
	for _, r := range []verify.Role{verify.Root, verify.Committee, verify.Operator, verify.Issuer, verify.Sealer} {
		n := 0
		for _, h := range p.Keys {
			if h.Role == r {
				n++
			}
		}
		switch {
		case r == verify.Root:
			out = append(out, fmt.Sprintf("root %d, of which %d must sign", n, p.Threshold))
		case n > 0:
			out = append(out, fmt.Sprintf("%s %d", r, n))
		}
	}
	return strings.Join(out, "; ")
}
