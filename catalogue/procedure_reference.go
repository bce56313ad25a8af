package catalogue

import (
	"fmt"
	"strings"
)

// ProcedureReference returns docs/procedure.md: who is kept apart, how many
// decide, by when, for how much, for people who read. The error is that of
// [Catalogue.Procedure].
func (c *Catalogue) ProcedureReference() ([]byte, error) {
	p, err := c.Procedure()
	if err != nil {
		return nil, err
	}
	w := &reference{}
	w.line("<!-- Written by go generate ./catalogue from catalogue/%s. Do not edit by hand. -->\n", inEdition(procedureFile))
	w.line("# Procedure of edition %s\n", p.Edition)
	w.line("The edition is %s. Every number is data of the edition ([procedure.yaml](../catalogue/%s)) and part of its hash; a\nnumber without a source was chosen for this scheme. `iotmark catalogue procedure` prints this page.\n", c.Scheme.State, inEdition(procedureFile))

	w.line("## Who there is\n")
	w.table("role", "does")
	for _, r := range p.Roles {
		w.row(string(r.ID), r.Means)
	}
	w.line("\nOne person never has two of these in one case:\n")
	w.table("one", "other", "why", "source")
	for _, x := range p.Apart {
		why := x.Because
		if x.Joinable {
			why += "; a profile may join them"
		}
		w.row(x.One, x.Other, why, commas(x.Source))
	}
	w.line("\nOne organisation is never two of these:\n")
	w.table("one", "other", "why", "source")
	for _, x := range p.SidesApart {
		w.row(x.One, x.Other, x.Because, commas(x.Source))
	}

	w.line("\n## How many decide\n")
	w.line("Of those who sit, so many must agree; so many sign the entry of the log, with so many assessors beside, of so many\norganisations together.\n")
	for _, f := range p.Profiles {
		w.line("### Profile %s\n", f.ID)
		w.line("%s\n", f.Means)
		w.table("decision", "by", "sit", "agree", "sign", "assessors", "organisations")
		for _, d := range f.Decisions {
			w.row(string(d.Act), string(d.By), fmt.Sprint(d.Members), fmt.Sprint(d.Votes), fmt.Sprint(d.Signers), fmt.Sprint(d.Assessors), fmt.Sprint(d.Organisations))
		}
		for _, j := range f.Joins {
			w.line("\nOne person may be %s and %s in the same case.", j.One, j.Other)
		}
		w.why(f.Because, f.Source)
	}

	w.line("## Who may not take part\n")
	w.line("Whoever has an interest in the maker, or had one in the last %d months, is no %s in its cases.\n", p.Interest.Months, commas(p.Interest.Bars))
	w.table("interest", "means")
	for _, k := range p.Interest.Kinds {
		w.row(k.ID, k.Means)
	}
	w.why(p.Interest.Because, p.Interest.Source)
	w.line("**Competence** holds %d months, and somebody watched the person at work within %d months.", p.Competence.Months, p.Competence.WitnessedMonths)
	w.why(p.Competence.Because, p.Competence.Source)
	w.line("**Who controls the owner of the scheme** declares every %d months (%s). Without it these are refused: %s.", p.Controllers.Months, p.Controllers.Declaration, commas(p.Controllers.Blocks))
	w.why(p.Controllers.Because, p.Controllers.Source)
	w.line("**A second opinion** that does not see the first is asked on %s, and in one case of %d. Where they differ, the %s conclusion counts.", commas(p.SecondOpinion.Criteria), p.SecondOpinion.OneIn, p.SecondOpinion.Differ)
	w.why(p.SecondOpinion.Because, p.SecondOpinion.Source)

	w.line("## Life of a mark\n")
	w.line("**Validity:** %d months, or the end of security support, whichever is first.", p.Validity.Months)
	w.why(p.Validity.Because, p.Validity.Source)
	w.line("**Surveillance:** by a person every %d months, by program every %d hours from the day of the grant; one mark of %d a year\nis bought and tried.\n", p.Surveillance.Months, p.Surveillance.RecheckHours, p.Surveillance.SampleOneIn)
	w.table("looked at by program", "means")
	for _, k := range p.Surveillance.RecheckMeans {
		w.row(k.ID, k.Means)
	}
	w.why(p.Surveillance.Because, p.Surveillance.Source)
	w.line("**A change of state** is public within %d hours; who asked to be told is told within %d hours.", p.Publication.StatusHours, p.Publication.SubscribersHours)
	w.why(p.Publication.Because, p.Publication.Source)
	w.line("**A finding that helps attackers** is public when it is mended or after %d days, and after %d days where it is in use.", p.Disclosure.Days, p.Disclosure.ExploitedDays)
	w.why(p.Disclosure.Because, p.Disclosure.Source)

	w.line("## Terms of admission\n")
	w.line("%s\n", p.Admission.Rule)
	w.table("term", "looked at by", "how")
	for _, t := range p.Admission.Terms {
		w.row(string(t.ID), t.CheckedBy, t.How)
	}
	w.line("\nThe word that proves a domain stands in a TXT record at `%s.<domain>` or in `https://<domain>%s`.\nAfter a refusal one waits %d days.", p.Admission.Domain.DNS, p.Admission.Domain.File, p.Admission.ReapplyDays)
	w.why(p.Admission.Because, p.Admission.Source)

	w.line("## By when\n")
	w.line("Days of the calendar. The clock stands while those under *stops* must answer. *Then* is what happens without the act:\n`alarm` tells the head of the body and the observers, `close` ends the case as given up by the applicant, `lapse` ends what\nwas done or may be asked for, `propose` puts the next step before the committee.\n")
	w.table("deadline", "days", "who", "from", "reminders before", "stops", "then", "why", "source")
	for _, d := range p.Deadlines {
		w.row(string(d.ID), fmt.Sprint(d.Days), string(d.Who), d.From, strings.Trim(fmt.Sprint(d.Remind), "[]"), commas(d.Stops), d.Then, d.Because, commas(d.Source))
	}
	w.line("\n## Sanctions, mildest first\n")
	w.table("sanction", "means", "when", "entry", "time")
	for _, s := range p.Sanctions {
		w.row(s.ID, s.Means, s.When, string(s.Act), string(s.Cure))
	}

	w.line("\n## Money\n")
	w.line("In %s, whole units, without taxes. No fee depends on a verdict; each is due before it.\n", p.Fees.Currency)
	head := []string{"service", "means", "per", "due", "from", "to"}
	for _, z := range p.Fees.Sizes {
		head = append(head, string(z.ID))
	}
	w.table(head...)
	for _, f := range p.Fees.Services {
		cells := []string{string(f.ID), f.Means, f.Per, f.Due, f.From, f.To}
		for _, z := range p.Fees.Sizes {
			cells = append(cells, fmt.Sprint(f.Amount[z.ID]))
		}
		w.row(cells...)
	}
	w.line("\nClasses of size:\n")
	w.table("class", "means")
	for _, z := range p.Fees.Sizes {
		w.row(string(z.ID), z.Means)
	}
	w.why(p.Fees.Because, p.Fees.Source)

	w.line("## What is kept, and for how long\n")
	w.line("A legal hold stops every deletion until it is lifted.\n")
	w.table("class", "what", "years", "from", "people erased at the end", "why", "source")
	for _, r := range p.Retention {
		years := fmt.Sprint(r.Years)
		switch {
		case r.Forever:
			years = "for ever"
		case r.OrSupport:
			years += ", or to the end of support if that is later"
		}
		people := ""
		if r.Personal {
			people = "yes"
		}
		w.row(r.ID, r.Means, years, r.From, people, r.Because, commas(r.Source))
	}

	w.line("\n## Texts that people sign\n")
	w.line("The [licence agreement](../catalogue/%s), version %s, SHA-256 `%s`, speaks about:\n", inEdition(p.Agreement.File), p.Agreement.Version, p.Agreement.SHA256)
	w.table("point", "part", "source")
	for _, x := range p.Agreement.Points {
		w.row(x.ID, x.Part, commas(x.Source))
	}
	for _, d := range p.Declarations {
		holds := "until it is taken back"
		if d.Months > 0 {
			holds = fmt.Sprintf("for %d months", d.Months)
		}
		w.line("\n**%s**, by the %s, %s, %s. SHA-256 `%s`.\n\n> %s", d.ID, d.By, d.When, holds, d.Digest(), d.Text)
	}
	return []byte(w.String()), nil
}

// reference writes Markdown.
type reference struct{ strings.Builder }

func (w *reference) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

func (w *reference) table(head ...string) {
	w.row(head...)
	w.line("|%s", strings.Repeat(" --- |", len(head)))
}

func (w *reference) row(cells ...string) {
	for i, c := range cells {
		cells[i] = strings.ReplaceAll(c, "|", "\\|")
	}
	w.line("| %s |", strings.Join(cells, " | "))
}

func (w *reference) why(because string, source []Ref) {
	if s := commas(source); s != "" {
		because += " (" + s + ")"
	}
	w.line("\n%s\n", because)
}
