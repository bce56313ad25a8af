package catalogue_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
)

func rules(t testing.TB) *catalogue.Procedure {
	t.Helper()
	p, err := load(t).Procedure()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const (
	granted  = "{act: mark.granted,         by: committee, assessors: 1, members: 3, votes: 2, signers: 2, organisations: 3}"
	refused  = "{act: mark.refused,         by: committee, assessors: 0, members: 3, votes: 2, signers: 2, organisations: 1}"
	appealed = "{act: appeal.decided,       by: panel,     assessors: 0, members: 3, votes: 2, signers: 3, organisations: 1}"
	reviewed = "{id: review,                   days: 14,  who: reviewer,  from: \"the evaluation was completed\",\n     remind: [5, 1],"
	applied  = "{id: application,   per: case,     due: with-application, from: applicant, to: certification-body, amount: {micro: 100, small: 200, medium: 400, large: 800}"
)

// of gives an edit of procedure.yaml within one of its lines.
func of(line, old, new string) edit {
	if !strings.Contains(line, old) {
		panic(line + " lacks " + old)
	}
	return edit{procedure, line, strings.Replace(line, old, new, 1)}
}

var procedureCases = []struct {
	name string
	edit edit
	rule iotmark.ErrorID
	says string
}{
	{"role twice", edit{procedure, "{id: reviewer,  ", "{id: assessor,  "}, "id-twice", "assessor"},
	{"role lacking", edit{procedure, "  - {id: panel,     means", "  - {id: tester,    means"}, "role-lacking", "panel"},
	{"role that nobody has", edit{procedure, "  - {id: panel,     means", "  - {id: jury,      means"}, "reference-unknown", `"jury"`},
	{"assessor may decide", edit{procedure, "  - {one: assessor,   other: committee, because: \"who evaluated would decide about the own work\", source: [iso-iec-17065#7.6]}\n", ""}, "apart-lacking", "assessor and committee"},
	{"assessor may review", edit{procedure, "{one: assessor,   other: reviewer,", "{one: assessor,   other: registrar,"}, "apart-lacking", "assessor and reviewer"},
	{"panel may have decided", edit{procedure, "{one: panel,      other: committee,", "{one: panel,      other: steward,"}, "apart-lacking", "panel and committee"},
	{"apart from itself", edit{procedure, "{one: observer,   other: reviewer,", "{one: observer,   other: observer,"}, "apart-lacking", "itself"},
	{"pair twice", edit{procedure, "{one: observer,   other: reviewer,", "{one: assessor, other: observer,"}, "id-twice", "stand twice"},
	{"pair of an unknown role", edit{procedure, "{one: observer,   other: reviewer,", "{one: observer,   other: reader,"}, "reference-unknown", `"reader"`},
	{"pair without a reason", edit{procedure, "because: \"a review is a second look\"", "because: \"\""}, "because-lacking", "assessor-reviewer"},
	{"owner of the scheme may certify", edit{procedure, "{one: scheme-owner, other: certification-body,", "{one: scheme-owner, other: committee,"}, "apart-lacking", "scheme-owner and certification-body"},
	{"sides joinable", edit{procedure, "{one: scheme-owner, other: laboratory,         because", "{one: scheme-owner, other: laboratory, joinable: true, because"}, "apart-joined", "scheme-owner and laboratory"},
	{"evaluation and decision joinable", edit{procedure, "{one: assessor,   other: committee, because", "{one: assessor,   other: committee, joinable: true, because"}, "apart-joined", "only reviewer and committee"},
	{"profile joins evaluation and decision", edit{procedure, "      - {one: reviewer, other: committee}", "      - {one: assessor, other: committee}"}, "apart-joined", "small-body joins assessor and committee"},
	{"profile joins panel and decision", edit{procedure, "      - {one: reviewer, other: committee}", "      - {one: panel, other: committee}"}, "apart-joined", "small-body joins panel and committee"},
	{"profile joins evaluation and review", edit{procedure, "      - {one: reviewer, other: committee}", "      - {one: reviewer, other: assessor}"}, "apart-joined", "joins reviewer and assessor"},
	{"profile renamed", edit{procedure, "- id: standard", "- id: usual"}, "decision-lacking", "standard"},
	{"decision left out", edit{procedure, "      " + "- " + granted + "\n", ""}, "decision-lacking", "mark.granted"},
	{"decision nobody knows", of(granted, "mark.granted", "mark.given"), "decision-lacking", "mark.granted"},
	{"decision too many", edit{procedure, "      - " + granted, "      - " + granted + "\n      - {act: mark.expired, by: committee, assessors: 0, members: 3, votes: 2, signers: 2, organisations: 1}"}, "reference-unknown", "11 decisions"},
	{"decision twice", of(refused, "mark.refused", "mark.granted"), "id-twice", "mark-granted"},
	{"no votes", of(granted, "votes: 2", "votes: 0"), "quorum-wrong", "0 of 3"},
	{"nobody sits", of(refused, "members: 3", "members: 0"), "number-range", "members is 0"},
	{"more votes than members", of(granted, "votes: 2", "votes: 4"), "quorum-wrong", "4 of 3"},
	{"no majority", of(granted, "members: 3", "members: 4"), "quorum-wrong", "2 of 4 is no majority"},
	{"one person grants", of(granted, "members: 3, votes: 2, signers: 2", "members: 1, votes: 1, signers: 1"), "quorum-wrong", "one person alone decides mark.granted"},
	{"fewer sign than agree", of(granted, "signers: 2", "signers: 1"), "quorum-wrong", "1 sign"},
	{"no assessor signs a grant", of(granted, "assessors: 1", "assessors: 0"), "quorum-wrong", "0 assessors"},
	{"an assessor signs a refusal", of(refused, "assessors: 0", "assessors: 1"), "quorum-wrong", "1 assessors"},
	{"no organisation", of(granted, "organisations: 3", "organisations: 0"), "quorum-wrong", "0 organisations"},
	{"more organisations than people", of(granted, "organisations: 3", "organisations: 4"), "quorum-wrong", "4 organisations"},
	{"committee hears the appeal", of(appealed, "by: panel,    ", "by: committee,"), "quorum-wrong", "must be panel"},
	{"profile without a reason", edit{procedure, "    because: >-\n      Three people of one body can run it: one evaluates, two others review and decide. The standard asks for other\n      people, not for other employers. The log must be told so by a keyring of its own (keyring.set), which is public.\n", ""}, "because-lacking", "small-body"},

	{"no time of interest", edit{procedure, "interest:\n  months: 24", "interest:\n  months: 0"}, "number-range", "interest.months is 0"},
	{"negative time of competence", edit{procedure, "competence:\n  months: 24", "competence:\n  months: -24"}, "number-range", "competence.months is -24"},
	{"interest does not keep a decider out", edit{procedure, "reviewer, committee, panel]", "reviewer, panel]"}, "apart-lacking", "out as committee"},
	{"interest keeps an unknown role out", edit{procedure, "bars: [registrar,", "bars: [clerk,"}, "reference-unknown", `"clerk"`},
	{"kind of interest twice", edit{procedure, "{id: staff,      means: \"works", "{id: owner,      means: \"works"}, "id-twice", "owner"},
	{"controllers declare every two years", edit{procedure, "controllers:\n  months: 12", "controllers:\n  months: 24"}, "number-range", "controllers.months is 24"},
	{"controllers sign something else", edit{procedure, "declaration: no-trade", "declaration: probing"}, "reference-unknown", `"probing"`},
	{"controllers block no grant", edit{procedure, "blocks: [mark.granted, mark.renewed]", "blocks: [mark.renewed]"}, "reference-unknown", "mark.granted"},
	{"controllers block an unknown act", edit{procedure, "blocks: [mark.granted, mark.renewed]", "blocks: [mark.granted, mark.prolonged]"}, "reference-unknown", "mark.prolonged"},
	{"second opinion left out", edit{procedure, "data-security.staff-and-processor-access, privacy.sensor-control", "privacy.sensor-control"}, "second-opinion-lacking", "staff-and-processor-access"},
	{"second opinion on an unknown criterion", edit{procedure, "criteria: [data-security.staff", "criteria: [privacy.sensors, data-security.staff"}, "reference-unknown", "privacy.sensors"},
	{"no case is looked at twice", edit{procedure, "one_in: 10\n", "one_in: 0\n"}, "number-range", "one_in is 0"},
	{"the higher conclusion counts", edit{procedure, "differ: lower", "differ: higher"}, "reference-unknown", "higher"},
	{"no validity", edit{procedure, "validity:\n  months: 24", "validity:\n  months: 0"}, "number-range", "validity.months is 0"},
	{"validity without a reason", edit{procedure, "  because: >-\n    Two years, or the end of the security updates that the maker promised, whichever comes first. A mark that outlives\n    the updates says something that is no longer true. Two years is what the Japanese label allows at most.\n", ""}, "because-lacking", "validity"},
	{"outlives its updates", edit{procedure, "ends_with: security-support", "ends_with: nothing"}, "reference-unknown", "nothing"},
	{"surveillance after the end", edit{procedure, "surveillance:\n  months: 12", "surveillance:\n  months: 36"}, "number-range", "surveillance.months is 36"},
	{"look that nobody explains", edit{procedure, "recheck: [dates, pages,", "recheck: [dates,"}, "reference-unknown", "recheck_means"},
	{"never looked at by program", edit{procedure, "recheck_hours: 24", "recheck_hours: 0"}, "number-range", "recheck_hours"},
	{"state never told", edit{procedure, "status_hours: 24", "status_hours: 0"}, "number-range", "status_hours"},
	{"subscribers never told", edit{procedure, "subscribers_hours: 24", "subscribers_hours: 10000"}, "number-range", "subscribers_hours"},
	{"slower where it is used", edit{procedure, "exploited_days: 7", "exploited_days: 120"}, "number-range", "exploited_days is 120"},

	{"term nobody looks at", edit{procedure, "{id: legal-identity, ", "{id: membership, "}, "term-lacking", "legal-identity"},
	{"term of somebody else", edit{procedure, "checked_by: registrar", "checked_by: owner"}, "reference-unknown", `"owner"`},
	{"term without a way", edit{procedure, "how: \"no other application for the same product is open\"", "how: \"\""}, "field-empty", "no-open-application"},
	{"proof at a host", edit{procedure, "dns: _iotmark", "dns: www"}, "field-empty", "underscore"},
	{"proof anywhere", edit{procedure, "file: /.well-known/iotmark.txt", "file: /upload/iotmark.txt"}, "field-empty", "well-known"},
	{"waits for years", edit{procedure, "reapply_days: 0", "reapply_days: 3650"}, "number-range", "reapply_days"},

	{"deadline renamed", edit{procedure, "{id: application.answer, ", "{id: application.reply, "}, "deadline-lacking", "application.answer"},
	{"no days", of(reviewed, "days: 14", "days: 0"), "number-range", "review.days is 0"},
	{"years of days", of(reviewed, "days: 14", "days: 1400"), "number-range", "review.days is 1400"},
	{"nobody's deadline", of(reviewed, "who: reviewer", "who: reader"), "reference-unknown", `"reader"`},
	{"stops the own clock", edit{procedure, "stops: [assessor, applicant]", "stops: [reviewer, applicant]"}, "deadline-own-stop", "reviewer"},
	{"reminder after the end", of(reviewed, "remind: [5, 1]", "remind: [20, 1]"), "deadline-remind", "20"},
	{"reminders out of order", of(reviewed, "remind: [5, 1]", "remind: [1, 5]"), "deadline-remind", "[1 5]"},
	{"reminder on the day", of(reviewed, "remind: [5, 1]", "remind: [5, 0]"), "deadline-remind", "[5 0]"},
	{"no reminder", of(reviewed, "remind: [5, 1]", "remind: []"), "deadline-remind", "nobody is reminded"},
	{"somebody else must act", of(reviewed, "who: reviewer", "who: committee"), "deadline-who", "evaluated waits for reviewer"},
	{"unknown outcome", edit{procedure, "then: lapse,\n     because: \"one person", "then: grant,\n     because: \"one person"}, "reference-unknown", `"grant"`},
	{"clock that nothing starts", of(reviewed, "\"the evaluation was completed\"", "\"\""), "field-empty", "review.from"},
	{"unknown instrument", edit{procedure, "source: [iso-iec-17065#7.3]", "source: [iso-17065#7.3]"}, "source-unknown", "iso-17065"},
	{"unknown provision", edit{procedure, "source: [iso-iec-17065#7.3]", "source: [iso-iec-17065#7.33]"}, "source-unknown", "7.33"},
	{"sanction with an unknown cure", edit{procedure, "cure: suspension.cure,", "cure: later,"}, "reference-unknown", `"later"`},
	{"sanction of no act", edit{procedure, "act: mark.amended,   when", "act: mark.fined,   when"}, "reference-unknown", "mark.fined"},
	{"nothing can be suspended", edit{procedure, "{id: suspension,  act: mark.suspended,", "{id: suspension,  act: mark.amended,"}, "sanction-lacking", "mark.suspended"},

	{"currency in words", edit{procedure, "currency: EUR", "currency: euro"}, "number-range", "euro"},
	{"sizes out of order", edit{procedure, "staff_below: 50, ", "staff_below: 5, "}, "number-range", "smallest first"},
	{"largest class has a bound", edit{procedure, "staff_below: 0,   turnover_below: 0, ", "staff_below: 900, turnover_below: 90000000, "}, "number-range", "large"},
	{"service without a fee", edit{procedure, "{id: renewal,       per", "{id: prolonging,    per"}, "fee-lacking", "renewal"},
	{"due after the grant", of(applied, "due: with-application", "due: with-grant"), "fee-by-verdict", "with-grant"},
	{"fee for an unknown unit", of(applied, "per: case", "per: unit"), "reference-unknown", `"unit"`},
	{"the maker is paid", of(applied, "from: applicant, to: certification-body", "from: scheme-owner, to: applicant"), "reference-unknown", `"scheme-owner"`},
	{"amount lacking", of(applied, ", large: 800", ""), "number-range", "large"},
	{"amount too many", of(applied, "large: 800", "large: 800, giant: 900"), "number-range", "5 amounts"},
	{"negative amount", of(applied, "micro: 100", "micro: -100"), "number-range", "micro"},
	{"small pays more", of(applied, "micro: 100", "micro: 300"), "number-range", "smaller"},
	{"free and due", of(applied, "micro: 100, small: 200, medium: 400, large: 800", "micro: 0, small: 0, medium: 0, large: 0"), "fee-by-verdict", "never due"},
	{"an appeal costs money", edit{procedure, "{id: appeal,        per: case,     due: never,            from: applicant, to: certification-body, amount: {micro: 0, small: 0, medium: 0, large: 0}", "{id: appeal, per: case, due: before-work, from: applicant, to: certification-body, amount: {micro: 9, small: 9, medium: 9, large: 9}"}, "fee-by-verdict", "disagrees"},

	{"kept no time", edit{procedure, "years: 1,  from: \"the outcome of the complaint\"", "years: 0,  from: \"the outcome of the complaint\""}, "number-range", "complainant.years is 0"},
	{"kept for less than its cycles", edit{procedure, "{id: case,              years: 4,", "{id: case,              years: 3,"}, "retention-wrong", "2 cycles"},
	{"people for ever", edit{procedure, "forever: true,                      personal: false", "forever: true,                      personal: true"}, "retention-wrong", "kept for ever"},
	{"for ever and for years", edit{procedure, "{id: log,               years: 0,", "{id: log,               years: 7,"}, "retention-wrong", "no years"},
	{"no rule for refusals", edit{procedure, "{id: refused,           years", "{id: rejected,          years"}, "retention-wrong", "refused"},
	{"years that nothing starts", edit{procedure, "from: \"the reading\"", "from: \"\""}, "field-empty", "reading"},

	{"version not in the text", edit{procedure, `version: "2026.1-draft.1"`, `version: "2026.1"`}, "agreement-version", "Version 2026.1."},
	{"point left out", edit{procedure, "    - {id: audit,          part", "    - {id: look,           part"}, "agreement-point", "audit"},
	{"heading that is not there", edit{procedure, `part: "10. When use must stop"`, `part: "10. When use stops"`}, "agreement-point", "10. When use stops"},
	{"declaration of nobody", edit{procedure, "    by: reporter\n", "    by: anybody\n"}, "reference-unknown", "anybody"},
	{"declaration left out", edit{procedure, "- id: complaint-privacy", "- id: privacy-note"}, "reference-unknown", "complaint-privacy"},
	{"declaration for centuries", edit{procedure, "    when: before the first look at a host\n    months: 24", "    when: before the first look at a host\n    months: 2400"}, "number-range", "probing.months"},
	{"declaration at no time", edit{procedure, "    when: with the complaint\n", "    when: \"\"\n"}, "field-empty", "complaint-privacy"},

	{"no goods", edit{procedure, "{class: 28, ", "{class: 46, "}, "number-range", "class 46"},
	{"classes out of order", edit{procedure, "{class: 9,  ", "{class: 6,  "}, "number-range", "class 6"},
	{"no word on origin", edit{procedure, "  origin: >-\n    The mark certifies no geographical origin. Where a product or its parts were made is told as a fact and is no condition\n    of the mark.", "  origin: \"\""}, "field-empty", "origin"},
	{"clock of years", edit{procedure, "office: euipo, months: 2", "office: euipo, months: 20"}, "number-range", "euipo is 20"},
}

func TestLintProcedureFinds(t *testing.T) {
	t.Parallel()
	for i, tt := range procedureCases {
		if race && i%16 != 0 {
			continue // as in TestLintFinds
		}
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, err := catalogue.LoadFS(broken(t, tt.edit))
			if err != nil {
				t.Fatalf("the broken data cannot be read: %v", err)
			}
			got := catalogue.LintProcedure(c)
			for _, p := range got {
				if p.ID == tt.rule && strings.Contains(p.Pos+" "+p.Field+" "+p.Msg, tt.says) {
					return
				}
			}
			t.Errorf("no %s that says %q among %d problems:\n%v", tt.rule, tt.says, len(got), got)
		})
	}
}

// What cannot be read is told by Procedure itself, every time.
func TestProcedureRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		edit edit
		id   iotmark.ErrorID
		says string
	}{
		{"no file", edit{file: procedure}, "catalogue-file-missing", procedure},
		{"no agreement", edit{file: agreement}, "catalogue-file-missing", agreement},
		{"agreement elsewhere", edit{procedure, "file: licence-agreement.md", "file: ../README.md"}, "catalogue-file-missing", "../README.md"},
		{"agreement changed", edit{agreement, "cannot sell it", "can sell it"}, "catalogue-hash-wrong", "a new version"},
		{"agreement without end", edit{file: agreement, new: strings.Repeat("long ", 20000)}, "catalogue-file-large", "at most 65536"},
		{"another edition", edit{procedure, `edition: "2026.1"`, `edition: "2026.2"`}, "catalogue-head-wrong", "2026.2"},
		{"unknown key", edit{procedure, "  status_hours: 24", "  state_hours: 24"}, "catalogue-key-unknown", "state_hours"},
		{"empty key", edit{procedure, "  file: licence-agreement.md", "  file: licence-agreement.md\n  \"\": text"}, "catalogue-key-unknown", "is no key"},
		{"text for a number", edit{procedure, "status_hours: 24", "status_hours: a day"}, "catalogue-type-wrong", "a whole number"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, err := catalogue.LoadFS(broken(t, tt.edit))
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				_, err := c.Procedure()
				var es iotmark.Errors
				if !errors.As(err, &es) || iotmark.KindOf(err) != iotmark.Invalid {
					t.Fatalf("got %v, want errors of the kind invalid", err)
				}
				if !slices.ContainsFunc(es, func(e *iotmark.Error) bool { return e.ID == tt.id && strings.Contains(e.Error(), tt.says) }) {
					t.Errorf("no %s that says %q: %v", tt.id, tt.says, err)
				}
			}
			if got := catalogue.LintProcedure(c); len(got) == 0 {
				t.Error("Lint says nothing of it")
			}
		})
	}
}

// The numbers that the issue of a mark stands on.
func TestProcedure(t *testing.T) {
	t.Parallel()
	p := rules(t)
	small, err := p.Profile(catalogue.ProfileSmallBody)
	if err != nil {
		t.Fatal(err)
	}
	standard, err := p.Profile(catalogue.ProfileStandard)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Profile("smal-body"); iotmark.KindOf(err) != iotmark.NotFound || !strings.Contains(err.Error(), "small-body") {
		t.Errorf("an unknown profile: got %v, want one that proposes small-body", err)
	}
	got, _ := standard.Decision(iotmark.MarkGrantedAct)
	want := catalogue.DecisionRule{Act: iotmark.MarkGrantedAct, By: iotmark.RoleCommittee, Assessors: 1, Members: 3, Votes: 2, Signers: 2, Organisations: 3}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("a grant, got (-want +got):\n%s", d)
	}
	if d, _ := small.Decision(iotmark.MarkGrantedAct); d.Organisations != 1 || d.Votes != 2 {
		t.Errorf("a grant of a small body: %+v", d)
	}
	if _, ok := small.Decision(iotmark.UnitBatch); ok {
		t.Error("a batch of units is decided by vote")
	}
	for _, tt := range []struct {
		a, b            iotmark.Role
		standard, small bool
	}{
		{iotmark.RoleAssessor, iotmark.RoleCommittee, true, true},
		{iotmark.RoleCommittee, iotmark.RoleAssessor, true, true},
		{iotmark.RoleAssessor, iotmark.RoleReviewer, true, true},
		{iotmark.RoleReviewer, iotmark.RoleCommittee, true, false},
		{iotmark.RolePanel, iotmark.RoleReviewer, true, true},
		{iotmark.RoleRegistrar, iotmark.RoleSteward, false, false},
	} {
		x, gotStandard := p.KeptApart(standard, tt.a, tt.b)
		_, gotSmall := p.KeptApart(small, tt.a, tt.b)
		if gotStandard != tt.standard || gotSmall != tt.small || gotStandard && x.Because == "" {
			t.Errorf("%s and %s: apart %v and for a small body %v, want %v and %v", tt.a, tt.b, gotStandard, gotSmall, tt.standard, tt.small)
		}
	}
	if _, ok := p.SidesKeptApart(iotmark.OrgBody, iotmark.OrgOwner); !ok {
		t.Error("the owner of the scheme may be a certification body")
	}
	if _, ok := p.SidesKeptApart(iotmark.OrgMaker, iotmark.OrgComplainant); ok {
		t.Error("a maker may not complain")
	}
	for _, id := range catalogue.DeadlineIDs() {
		if d, ok := p.Deadline(id); !ok || d.Days < 1 {
			t.Errorf("no deadline %s", id)
		}
	}
	if got := p.Days(); got["review"] != 14 || len(got) != len(p.Deadlines) {
		t.Errorf("the days by id: %v", got)
	}
	if d, _ := p.Deadline(catalogue.DeadlineSurveillanceAfterGrant); d.Days != 60 {
		t.Errorf("duties that begin with the grant are looked at after %d days, want 60", d.Days)
	}
	if !p.SecondOpinion.Asked("privacy.sensor-control") || p.SecondOpinion.Asked("privacy.erase") {
		t.Error("a second opinion is asked for where it is not, or not where it is")
	}
	raw, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var back catalogue.Procedure
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatal(err)
	}
	back.Agreement.Text = p.Agreement.Text
	if d := cmp.Diff(p, &back); d != "" {
		t.Errorf("through JSON (-want +got):\n%s", d)
	}
}

func TestValidUntil(t *testing.T) {
	t.Parallel()
	v := rules(t).Validity
	for _, tt := range []struct{ name, from, support, want string }{
		{"two years", "2027-03-01", "2031-01-01", "2029-03-01"},
		{"end of support", "2027-03-01", "2028-06-30", "2028-06-30"},
		{"support not known", "2027-03-01", "", "2029-03-01"},
		{"leap day", "2028-02-29", "", "2030-02-28"},
		{"end of a year", "2027-12-31", "", "2029-12-31"},
	} {
		if got := v.Until(iotmark.Date(tt.from), iotmark.Date(tt.support)); string(got) != tt.want {
			t.Errorf("%s: from %s with support until %q until %s, want %s", tt.name, tt.from, tt.support, got, tt.want)
		}
	}
}

func TestKeptUntil(t *testing.T) {
	t.Parallel()
	p := rules(t)
	for _, tt := range []struct{ class, from, support, want string }{
		{"log", "2027-01-31", "", ""},
		{"complainant", "2027-01-31", "", "2028-01-31"},
		{"case", "2027-01-31", "2040-01-01", "2031-01-31"},
		{"evidence-cra-red", "2027-01-31", "2030-01-01", "2037-01-31"},
		{"evidence-cra-red", "2027-01-31", "2040-01-01", "2040-01-01"},
		{"evidence-psti", "2027-01-31", "", "2037-01-31"},
	} {
		r, ok := p.Retain(tt.class)
		if got := r.Until(iotmark.Date(tt.from), iotmark.Date(tt.support)); !ok || string(got) != tt.want {
			t.Errorf("%s from %s, support %q: until %q, want %q", tt.class, tt.from, tt.support, got, tt.want)
		}
	}
}

// The classes of size are those of Recommendation 2003/361/EC: people and
// turnover must both be below.
func TestSize(t *testing.T) {
	t.Parallel()
	p := rules(t)
	for _, tt := range []struct {
		staff, turnover int
		want            catalogue.SizeID
	}{
		{0, 0, "micro"}, {9, 1999999, "micro"}, {10, 1999999, "small"}, {9, 2000000, "small"},
		{49, 9999999, "small"}, {249, 49999999, "medium"}, {250, 0, "large"}, {3, 50000000, "large"}, {-1, 0, "large"}, {0, -1, "large"},
	} {
		if got, ok := p.Size(tt.staff, tt.turnover); !ok || got != tt.want {
			t.Errorf("%d people and %d: %s, want %s", tt.staff, tt.turnover, got, tt.want)
		}
	}
	f, ok := p.Fee(catalogue.ServiceEvaluation)
	if !ok || f.Amount["micro"] != 900 || f.From != string(iotmark.RoleApplicant) || f.To != string(iotmark.OrgBody) {
		t.Errorf("the fee of an evaluation: %+v", f)
	}
}

// The agreement says the same days as the data.
func TestAgreementSaysTheDays(t *testing.T) {
	t.Parallel()
	p := rules(t)
	for _, tt := range []struct {
		id   catalogue.DeadlineID
		days int
		says string
	}{
		{catalogue.DeadlineChangeNotice, 14, "in any case 14 days before"},
		{catalogue.DeadlineComplaintReply, 14, "You answer within 14 days"},
		{catalogue.DeadlineSurveillanceAfterGrant, 60, "We look at this 60 days after the grant"},
		{catalogue.DeadlineUseEnd, 30, "in all else within 30 days"},
		{catalogue.DeadlineCureUrgent, 7, "7 days where it can\n   do harm now"},
		{catalogue.DeadlineCureMajor, 30, "30 days for a must"},
		{catalogue.DeadlineCureMinor, 90, "90 days for all else"},
		{"suspension.confirm", 30, "after 30 days unless a second one signs"},
		{catalogue.DeadlineWithdrawalNotice, 14, "have 14 days to answer"},
		{catalogue.DeadlineAppealFile, 30, "appeal within 30 days"},
		{"appeal.decide", 60, "answer within 60 days"},
	} {
		if d, _ := p.Deadline(tt.id); d.Days != tt.days || !strings.Contains(p.Agreement.Text, tt.says) {
			t.Errorf("%s has %d days; the agreement must say %q", tt.id, d.Days, tt.says)
		}
	}
	if d := p.Disclosure; d.Days != 90 || d.ExploitedDays != 7 || !strings.Contains(p.Agreement.Text, "after 90\n   days, or after 7 days where it is in use") {
		t.Errorf("disclosure %+v is not what the agreement says", d)
	}
}

// A signature over a declaration names its text.
func TestDeclarationDigest(t *testing.T) {
	t.Parallel()
	d, ok := rules(t).Declaration("no-trade")
	if !ok {
		t.Fatal("no declaration no-trade")
	}
	was := d.Digest()
	if d.Text += " "; d.Digest() == was {
		t.Error("another text has the same hash")
	}
}

func TestInForce(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, state, from, until, day, want string }{
		{"draft", "draft", "", "", "2027-01-01", "is draft"},
		{"adopted", "adopted", "", "", "2027-01-01", "is adopted"},
		{"not yet", "in-force", "2027-01-02", "", "2027-01-01", "from 2027-01-02"},
		{"first day", "in-force", "2027-01-01", "", "2027-01-01", ""},
		{"last day", "in-force", "2027-01-01", "2027-06-30", "2027-06-30", ""},
		{"after it", "in-force", "2027-01-01", "2027-06-30", "2027-07-01", "until 2027-06-30"},
		{"retired", "retired", "2027-01-01", "2027-06-30", "2027-02-01", "is retired"},
		{"without days", "in-force", "", "", "2027-02-01", "from  on"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := catalogue.Scheme{Edition: "2026.1", State: tt.state, From: iotmark.Date(tt.from), Until: iotmark.Date(tt.until)}
			err := s.InForce(iotmark.Date(tt.day))
			var e *iotmark.Error
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("got %v", err)
			case tt.want != "" && (!errors.As(err, &e) || e.ID != "edition-not-in-force" || !strings.Contains(e.Msg, tt.want)):
				t.Errorf("got %v, want edition-not-in-force that says %q", err, tt.want)
			}
		})
	}
	if err := load(t).Scheme.InForce("2030-01-01"); err == nil {
		t.Error("the draft is in force")
	}
}

// The hash of the edition names each byte of it, the agreement's too.
func TestEditionDigest(t *testing.T) {
	t.Parallel()
	hash := func(edits ...edit) iotmark.Digest {
		c, err := catalogue.LoadFS(broken(t, edits...))
		if err != nil {
			t.Fatal(err)
		}
		d, err := c.EditionDigest()
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	built, err := load(t).EditionDigest()
	if err != nil {
		t.Fatal(err)
	}
	good := hash()
	if good != built || len(good) != 64 {
		t.Errorf("the hash is %s in the folder and %s in the program", good, built)
	}
	for _, e := range []edit{{scheme, "Flaws in", "Faults in"}, {agreement, "cannot sell it", "can sell it"}, {procedure, "days: 14,", "days: 15,"}} {
		if hash(e) == good {
			t.Errorf("%s can change and the hash stays", e.file)
		}
	}
	if hash(edit{bindings, "edition: \"2026.1\"", "edition: \"2026.1\" # bound"}) != good {
		t.Error("the bindings are outside the edition and change its hash")
	}
}
