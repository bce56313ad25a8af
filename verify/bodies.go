package verify

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/open-iot-mark/iotmark"
)

// Bounds of what a body holds. All counts and sizes are below 2^53, so that
// every reader of JSON has them whole.
const (
	maxLabel = 200   // bytes of a name, a model or a version
	maxWords = 4_000 // bytes of a text for people
	maxList  = 200   // items of a list
	maxKeys  = 300   // keys of a keyring, over all time
	maxCount = 1<<53 - 1
)

// DeclarationBody is what replay reads of the body of declaration.published.
// The body has more members: it is the statement that a maker publishes at
// home, and is kept and signed as it stands (docs/publish.md).
type DeclarationBody struct {
	Key   string `json:"key"` // that signed it, as in a public key file of OpenSSH
	Maker struct {
		Domain string `json:"domain"` // where the statement belongs
	} `json:"maker"`
	Product struct {
		ID string `json:"id"` // its folder there
	} `json:"product"`
}

// UnmarshalJSON takes the members by their exact names; encoding/json would
// take others for them.
func (b *DeclarationBody) UnmarshalJSON(raw []byte) error {
	var all, maker, product map[string]json.RawMessage
	return errors.Join(
		json.Unmarshal(raw, &all),
		member(all, "key", &b.Key),
		member(all, "maker", &maker), member(maker, "domain", &b.Maker.Domain),
		member(all, "product", &product), member(product, "id", &b.Product.ID))
}

func member(from map[string]json.RawMessage, name string, to any) error {
	raw, ok := from[name]
	if !ok {
		return errors.New("the member " + name + " is missing")
	}
	return json.Unmarshal(raw, to)
}

func checkDeclaration(c *checker, b *DeclarationBody) {
	c.domain("maker.domain", b.Maker.Domain)
	c.id("product.id", b.Product.ID)
	if _, err := parsePublic(b.Key); err != nil {
		c.bad("key", "is not an Ed25519 key as ssh-keygen writes one")
	}
}

// Of the log.

func checkOpened(c *checker, b *OpenedBody) {
	c.domain("domain", b.Domain)
	c.count("generation", int64(b.Generation), 1, 1_000)
	c.origin("origin", b.Origin)
	if b.Previous != nil {
		c.checkpoint("previous", *b.Previous)
	}
	c.that("previous", (b.Previous != nil) == (b.Generation > 1), "must be there for every generation but the first")
}

func checkKeyring(c *checker, b *KeyringBody) {
	c.keys("keys", b.Keys, Root, Committee, Operator, Issuer, Sealer)
	persons := map[string]bool{}
	for _, k := range b.Keys {
		if k.Role == Root && k.Until == nil {
			persons[k.Person] = true
		}
	}
	c.count("root", int64(b.Root), 1, maxKeys)
	c.that("root", b.Root <= len(persons), "is more than there are people with a root key that has not ended, so that no one could change the keyring again")
	c.that("rules", b.Rules == nil || len(b.Rules) > 0, "must be left out when it is empty")
	for t, r := range b.Rules {
		if why := allowed(t, r); why != "" {
			c.bad("rules."+strconv.Quote(clip(string(t))), why)
		}
	}
}

func checkPolicy(c *checker, b *PolicyBody) {
	if _, err := ParsePolicy(b.Policy); err != nil {
		c.bad("policy", "cannot be used: "+err.Error())
	}
	for line := range strings.SplitSeq(b.Policy, "\n") {
		c.that("policy", plain(line), "has a character that is not seen or turns the writing round")
		c.that("policy", !HasMail(line), "has a mail address in it; what is in the log stays for ever, and no person may be named there")
	}
}

func checkClosed(c *checker, b *ClosedBody) {
	c.words("reason", b.Reason)
	if b.Successor != "" {
		c.origin("successor", b.Successor)
	}
}

func checkAnchor(c *checker, b *AnchorBody) {
	c.checkpoint("checkpoint", b.Checkpoint)
	c.digest("receipt", b.Receipt)
	c.label("where", b.Where)
}

func checkStatus(c *checker, b *StatusBody) {
	c.count("covers", b.Covers, 1, maxCount)
	c.digest("keyring", b.Keyring)
	c.count("marks", b.Marks, 0, maxCount)
	c.digest("snapshot", b.Snapshot)
	c.digest("states", b.States)
	c.that("lists", len(b.Lists) > 0 && len(b.Lists)%2 == 0 && len(b.Lists) <= maxList, "must name two lists for each id")
	for i, l := range b.Lists {
		want := "revocation"
		if i%2 == 1 {
			want = "suspension"
		}
		c.that("lists", l.ID == i/2+1 && l.Purpose == want, "must stand by id from 1 on, revocation before suspension")
		c.digest("lists.sha256", l.SHA256)
	}
}

func checkCorrection(c *checker, b *CorrectionBody) {
	c.digest("leaf", b.Leaf)
	c.words("text", b.Text)
}

// Of the criteria.

func checkProposal(c *checker, b *ProposalBody) {
	c.document("document", b.Document)
	c.document("dry_run", b.DryRun)
	c.id("proposal", b.Proposal)
	c.label("title", b.Title)
}

func checkConsultation(c *checker, b *ConsultationBody) {
	c.date("opens", b.Opens)
	c.date("closes", b.Closes)
	c.that("closes", b.Opens <= b.Closes, "is before it opens")
	c.document("document", b.Document)
	c.id("proposal", b.Proposal)
}

func checkBallot(c *checker, b *BallotBody) {
	for _, n := range []int{b.Abstain, b.Against, b.For} {
		c.count("votes", int64(n), 0, 1_000)
	}
	c.document("minutes", b.Minutes)
	c.id("proposal", b.Proposal)
	c.words("question", b.Question)
	c.that("carried", !b.Carried || b.For > b.Against, "says that a question was carried that had no more votes for than against it")
}

func checkEdition(c *checker, b *EditionBody) {
	c.digest("catalogue", b.Catalogue)
	c.edition("edition", b.Edition)
	c.date("from", b.From)
	c.id("proposal", b.Proposal)
	if b.Replaces != "" {
		c.edition("replaces", b.Replaces)
		c.that("replaces", b.Replaces != b.Edition, "is the edition itself")
	}
	if b.Transition != "" {
		c.date("transition", b.Transition)
		c.that("transition", b.Replaces != "" && b.Transition >= b.From, "needs an edition that is replaced, and must not end before the new one begins")
	}
}

func checkEditionEnd(c *checker, b *EditionEndBody) {
	c.edition("edition", b.Edition)
	c.date("from", b.From)
	c.words("reason", b.Reason)
}

// Of organisations and makers.

// orgKinds are the kinds of accredited organisations.
var orgKinds = []string{"assessor", "laboratory", "researcher"}

func checkOrg(c *checker, b *OrgBody) {
	c.id("id", b.ID)
	c.keys("keys", b.Keys, Assessor)
	for _, k := range b.Keys {
		c.that("keys", k.Org == b.ID, "must all be of this organisation")
	}
	c.that("kind", slices.Contains(orgKinds, b.Kind), "must be assessor, laboratory or researcher")
	c.lei("lei", b.LEI)
	c.label("name", b.Name)
	c.that("scopes", len(b.Scopes) > 0, "must name a product category, or *")
	sorted(c, "scopes", b.Scopes, func(s string) {
		if s != "*" {
			c.id("scopes", s)
		}
	})
	c.that("scopes", !slices.Contains(b.Scopes, "*") || len(b.Scopes) == 1, "names * and a category beside it")
	c.date("until", b.Until)
}

func checkOrgChange(c *checker, b *OrgChangeBody) {
	c.id("id", b.ID)
	c.words("reason", b.Reason)
}

func checkMaker(c *checker, b *MakerBody) {
	c.domain("domain", b.Domain)
	c.keys("keys", b.Keys, Maker)
	for _, k := range b.Keys {
		c.that("keys", k.Org == b.Domain, "must all be of this maker: org is its domain")
		c.that("keys", len(k.Name) > len(b.Domain) && k.Name[:len(b.Domain)+1] == b.Domain+"/", "must have names that begin with the maker's domain and a slash")
	}
	c.lei("lei", b.LEI)
	c.label("name", b.Name)
}

func checkPromise(c *checker, b *PromiseBody) {
	sorted(c, "functions", b.Functions, func(s string) { c.id("functions", s) })
	c.domain("maker", b.Maker)
	c.id("product", b.Product)
	for _, d := range []struct {
		field string
		date  iotmark.Date
	}{{"parts_until", b.Parts}, {"service_until", b.Service}, {"updates_until", b.Updates}} {
		if d.date != "" {
			c.date(d.field, d.date)
		}
	}
	c.that("functions", len(b.Functions) > 0 || b.Parts != "" || b.Service != "" || b.Updates != "", "and all dates are missing, so that nothing is promised")
}

// Of a mark's life.

func checkApplication(c *checker, b *ApplicationBody) {
	c.id("body", b.Body)
	c.edition("edition", b.Edition)
	c.domain("maker", b.Maker)
	c.id("product", b.Product)
}

func checkSealed(c *checker, b *SealedBody) {
	c.count("items", int64(b.Items), 1, 1_000_000)
	c.digest("root", b.Root)
}

func checkEvaluation(c *checker, b *EvaluationBody) {
	c.digest("catalogue", b.Catalogue)
	c.digest("conclusions", b.Conclusions)
	c.edition("edition", b.Edition)
	c.digest("evidence", b.Evidence)
	c.words("interests", b.Interests)
	c.id("scope", b.Scope)
	c.document("statement", b.Statement)
}

func checkTerms(c *checker, b *TermsBody) {
	c.digest("catalogue", b.Catalogue)
	c.that("code", iotmark.IsCode(b.Code), "is not eight characters of Crockford's base32 of which the last checks the others")
	c.digest("conclusions", b.Conclusions)
	c.edition("edition", b.Edition)
	c.digest("evaluation", b.Evaluation)
	c.digest("evidence", b.Evidence)
	c.domain("holder.domain", b.Holder.Domain)
	c.lei("holder.lei", b.Holder.LEI)
	c.label("holder.name", b.Holder.Name)
	c.product(b.Product)
	c.id("scope", b.Scope)
	c.that("scope", b.Scope == b.Product.Category, "is not the product's category")
	c.count("slot", b.Slot, 0, maxCount)
	c.that("topics", len(b.Topics) == len(iotmark.Topics()), "must name each of the eight topics")
	for _, t := range iotmark.Topics() {
		n, ok := b.Topics[t]
		c.that("topics", ok, "must name each of the eight topics")
		c.count("topics.criteria", int64(n.Criteria), 0, 10_000)
		for _, k := range []int{n.Assessed, n.Checked, n.Tested} {
			c.count("topics", int64(k), 0, int64(n.Criteria))
		}
	}
	c.date("updates_until", b.Updates)
	c.date("valid_from", b.ValidFrom)
	c.date("valid_until", b.ValidUntil)
	c.that("valid_until", b.ValidFrom <= b.ValidUntil, "is before valid_from")
}

func (c *checker) product(p ProductTerms) {
	c.id("product.category", p.Category)
	sorted(c, "product.gtins", p.GTINs, func(s string) {
		c.that("product.gtins", isGTIN14(s), "must be GTIN-14, of which the last digit checks the others")
	})
	sorted(c, "product.hardware", p.Hardware, func(s string) { c.label("product.hardware", s) })
	c.id("product.id", p.ID)
	if m := p.Matter; m != nil {
		c.count("product.matter.pid", int64(m.PID), 1, 0xffff)
		c.count("product.matter.vid", int64(m.VID), 1, 0xffff)
	}
	c.label("product.model", p.Model)
	c.label("product.name", p.Name)
	sorted(c, "product.services", p.Services, func(s string) { c.domain("product.services", s) })
	if p.Software.Manifest != "" {
		c.digest("product.software.manifest", p.Software.Manifest)
	}
	c.label("product.software.min", p.Software.Min)
}

func checkRefused(c *checker, b *RefusedBody) {
	c.digest("evaluation", b.Evaluation)
	c.words("reason", b.Reason)
}

func checkReason(c *checker, b *ReasonBody) {
	c.that("by", b.By == "", "stands in mark.withdrawn only")
	c.words("reason", b.Reason)
}

func checkWithdrawn(c *checker, b *ReasonBody) {
	c.that("by", b.By == Committee || b.By == Maker, "must be committee or maker")
	c.words("reason", b.Reason)
}

func checkComplaint(c *checker, b *CaseBody) {
	c.that("against", b.Against == "", "stands in appeal.opened only")
	c.id("case", b.Case)
	c.words("grounds", b.Grounds)
}

func checkAppeal(c *checker, b *CaseBody) {
	c.digest("against", b.Against)
	c.id("case", b.Case)
	c.words("grounds", b.Grounds)
}

// caseOutcomes are how a complaint or an appeal may end.
var caseOutcomes = []string{"upheld", "partly-upheld", "rejected"}

func checkOutcome(c *checker, b *OutcomeBody) {
	c.id("case", b.Case)
	c.that("outcome", slices.Contains(caseOutcomes, b.Outcome), "must be upheld, partly-upheld or rejected")
	c.words("reason", b.Reason)
}

func checkFinding(c *checker, b *FindingBody) {
	c.that("criterion", b.Criterion.Valid() && len(b.Criterion) <= maxLabel, "is not written as topic.name")
	if b.Reply != "" {
		c.words("reply", b.Reply)
	}
	c.document("statement", b.Statement)
	c.words("summary", b.Summary)
}

func checkUnits(c *checker, b *UnitsBody) {
	c.count("count", int64(b.Count), 1, 1_000_000_000)
	c.digest("root", b.Root)
}
