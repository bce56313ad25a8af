package cli

import (
	"bytes"
	"context"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
)

// isBundle reports whether a file may be the bundle of a mark: gzip or one
// line of JSON with entries. A zip or tar of a published declaration is none.
func isBundle(name string) bool {
	if strings.HasSuffix(name, ".iotmark") {
		return true
	}
	st, err := os.Stat(name)
	if err != nil || !st.Mode().IsRegular() {
		return false // a pipe would wait for its other end
	}
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 64)
	n, _ := io.ReadFull(f, head)
	return bytes.HasPrefix(head[:n], []byte(`{"credential":`))
}

// verifyMark verifies one mark, from its bundle or by its code from a log.
func verifyMark(ctx context.Context, cmd *cli.Command, at string, code bool) error {
	asJSON, err := jsonAsked(cmd)
	if err != nil {
		return err
	}
	for _, f := range []string{"key", "no-rerun", "unconfined"} {
		if cmd.IsSet(f) {
			return usage("--%s is for published declarations; %s is verified with --trust", f, at)
		}
	}
	if !code && cmd.IsSet("from") {
		return usage("--from is where a code is looked up; the bundle %s has all that is needed", at)
	}
	t, err := trusted(cmd)
	if err != nil {
		return err
	}
	now := time.Now()
	if s := cmd.String("at"); s != "" {
		if now, err = time.Parse(time.RFC3339, s); err != nil {
			return usage("--at %s: give a time such as 2027-03-01T12:00:00Z", s)
		}
	}
	var r verify.Result
	if code {
		where := cmd.String("from")
		if where == "" {
			return usage("%s is the code of a mark: say where to look with --from, the address or folder of the log or of a mirror", at)
		}
		a, err := auditorOf(where, t, time.Now)
		if err != nil {
			return err
		}
		c, err := iotmark.ParseCode(at)
		if err != nil {
			return err
		}
		tell, stop := replaying(cmd)
		r, err = a.Mark(ctx, c, now, tell)
		stop()
		if err != nil {
			return err
		}
	} else {
		b, err := smallFile(at)
		if err != nil {
			return err
		}
		r = verify.VerifyBundle(b, t, now)
	}
	if asJSON {
		type failure struct {
			ID      iotmark.ErrorID `json:"id"`
			Message string          `json:"message"`
		}
		out := struct {
			verify.Result
			Failure *failure `json:"failure,omitempty"`
		}{Result: r}
		if r.Failure != nil {
			out.Failure = &failure{r.Failure.ID, r.Failure.Msg}
		}
		err = encoded(cmd, out)
	} else {
		err = say(cmd.Root().Writer, markText(r))
	}
	if err != nil {
		return err
	}
	switch r.Answer {
	case verify.GenuineCurrent, verify.GenuineAged:
		return nil
	case verify.Suspended, verify.Withdrawn, verify.Expired:
		return said(iotmark.Nonconforming, "not-in-force")
	case verify.NotCurrent, verify.CannotCheck:
		return said(iotmark.Unreadable, iotmark.ErrorID(r.Answer))
	}
	return said(iotmark.Unverified, "not-genuine")
}

// answers in words. What stands for %s is the time of the state.
var answers = map[verify.Answer]string{
	verify.GenuineCurrent: "Genuine, and in force as of %s.",
	verify.GenuineAged:    "Genuine. In force when last confirmed, on %s; that is more than two days ago.",
	verify.NotCurrent:     "Genuine, but whether it is still in force cannot be said: last confirmed %s.",
	verify.Suspended:      "Genuine, and suspended: the mark may not be used for now, as of %s.",
	verify.Withdrawn:      "Genuine, and withdrawn: the mark has ended, as of %s.",
	verify.Expired:        "Genuine, and expired: the mark has ended by its date, as of %s.",
	verify.NotGenuine:     "Not genuine.",
	verify.CannotCheck:    "Cannot be checked here.",
}

// looked says in words what each step has looked at.
var looked = map[string]string{
	verify.StepBundle:     "The file has the one form, and is of this scheme",
	verify.StepLog:        "Each entry stands in the public log",
	verify.StepKeyring:    "Who holds which key comes from the root keys you trust",
	verify.StepDecision:   "Those who must decide have signed",
	verify.StepCredential: "The credential says what the entry says",
	verify.StepState:      "The registry counts this grant, with these terms",
	verify.StepLists:      "The status lists are those in the log, and agree",
	verify.StepCurrency:   "The age of what is known of its state",
	"replay":              "Every entry of the log was replayed from the root keys you trust",
	"status":              "Every status that the log names follows from it",
}

func markText(r verify.Result) string {
	var b strings.Builder
	if t := r.Terms; t != nil {
		linef(&b, "%s  %s (%s), by %s\n", iotmark.PrintCode(r.Code), t.Product.Name, t.Product.Model, t.Holder.Name)
	} else if r.Code != "" {
		linef(&b, "%s\n", iotmark.PrintCode(r.Code))
	}
	para := func(line string, args ...any) {
		var p strings.Builder
		linef(&p, line, args...)
		b.WriteString(wrap(p.String(), columns, 0) + "\n")
	}
	switch line := answers[r.Answer]; {
	case r.Answer == verify.NotCurrent && why(r) == "not-yet":
		para("Genuine, and not in force before %s.", string(r.Terms.ValidFrom))
	case strings.Contains(line, "%s"):
		para(line, minute(r.AsOf))
	default:
		para("%s", line)
	}
	if r.Failure != nil {
		var p strings.Builder
		linef(&p, "%s [%s]", upper(r.Failure.Msg), string(r.Failure.ID))
		b.WriteString(wrap(p.String(), columns, 2) + "\n")
	}
	b.WriteString("\nWhat was looked at\n")
	for _, s := range r.Steps {
		sign := "+"
		if !s.OK {
			sign = "x"
		}
		linef(&b, "  %s %s", sign, looked[s.ID])
		switch {
		case s.ID == verify.StepLog && s.Args["size"] != "":
			linef(&b, ", of %s entries", s.Args["size"])
		case s.ID == "replay":
			linef(&b, ": %s", s.Args["size"])
		case s.ID == verify.StepCurrency && s.Args["days"] != "":
			linef(&b, ": %s", daysOf(s.Args["days"]))
		}
		b.WriteString("\n")
	}
	switch {
	case r.Answer == verify.NotGenuine || r.Answer == verify.CannotCheck:
		return b.String()
	case r.Witnessed:
		b.WriteString("\n")
		para("The times are those of %s: %s.", count(len(r.Witnesses), "witness", "witnesses"), strings.Join(r.Witnesses, ", "))
	default:
		b.WriteString("\nLogged, not witnessed: all times are the operator's own.\n")
	}
	for _, s := range r.Signers {
		linef(&b, "Signed by %s (%s, of %s)\n", s.Name, string(s.Role), s.Org)
	}
	if t := r.Terms; t != nil {
		para("Granted %s; runs from %s until %s.", minute(r.Effective), string(t.ValidFrom), string(t.ValidUntil))
		para("Security updates at least until %s.", string(t.Updates))
		if n := len(t.Product.GTINs); n > 0 {
			para("It is for GTIN %s, software %s and later.", strings.Join(t.Product.GTINs, ", "), t.Product.Software.Min)
		} else {
			para("It is for model %s, software %s and later.", t.Product.Model, t.Product.Software.Min)
		}
		para("A mark is about a model. It cannot show that what you hold is of that model.")
	}
	return b.String()
}

// why says why an answer is not-current; see [verify.AnswerOf].
func why(r verify.Result) string {
	i := slices.IndexFunc(r.Steps, func(s verify.Step) bool { return s.ID == verify.StepCurrency })
	if i < 0 {
		return ""
	}
	return r.Steps[i].Args["why"]
}

// daysOf writes a number of days.
func daysOf(n string) string {
	if n == "1" {
		return "1 day"
	}
	return n + " days"
}

func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
