package verify

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// defaultRules says who must sign which entries. Those of root are the same
// for all: as many as the keyring says.
var defaultRules = map[Type]Rule{
	LogOpened:         {Need: map[Role]int{Root: 3}},
	KeyringSet:        {Need: map[Role]int{Root: 3}},
	PolicySet:         {Need: map[Role]int{Root: 3}},
	LogClosed:         {Need: map[Role]int{Root: 3}},
	CheckpointAnchor:  {Need: map[Role]int{Operator: 1}},
	StatusPublished:   {Need: map[Role]int{Operator: 1}},
	NoteCorrection:    {Need: map[Role]int{Committee: 2}},
	ProposalPublished: {Need: map[Role]int{Committee: 1}},
	ConsultationOpen:  {Need: map[Role]int{Committee: 1}},
	ConsultationClose: {Need: map[Role]int{Committee: 1}},
	BallotHeld:        {Need: map[Role]int{Committee: 3}},
	EditionAdopted:    {Need: map[Role]int{Committee: 3}},
	EditionWithdrawn:  {Need: map[Role]int{Committee: 3}},
	OrgAccredited:     {Need: map[Role]int{Committee: 2}},
	OrgSuspended:      {Need: map[Role]int{Committee: 2}},
	OrgRestored:       {Need: map[Role]int{Committee: 2}},
	MakerRegistered:   {Need: map[Role]int{Operator: 1, Maker: 1}},
	DeclarationType:   {Need: map[Role]int{Maker: 1}},
	PromiseSet:        {Need: map[Role]int{Maker: 1}},

	ApplicationAccepted: {Need: map[Role]int{Operator: 1, Maker: 1}},
	EvidenceSealed:      {Need: map[Role]int{Maker: 1}},
	EvaluationCompleted: {Need: map[Role]int{Assessor: 1}},
	MarkGranted:         {Need: map[Role]int{Assessor: 1, Committee: 2}, OrgsApart: true},
	MarkRefused:         {Need: map[Role]int{Committee: 2}},
	MarkRenewed:         {Need: map[Role]int{Assessor: 1, Committee: 2}, OrgsApart: true},
	MarkAmended:         {Need: map[Role]int{Assessor: 1, Committee: 2}, OrgsApart: true},
	MarkSuspended:       {Need: map[Role]int{Committee: 1}},
	SuspensionConfirmed: {Need: map[Role]int{Committee: 2}},
	MarkRestored:        {Need: map[Role]int{Assessor: 1, Committee: 2}, OrgsApart: true},
	MarkWithdrawn:       {Need: map[Role]int{Committee: 2}, Or: map[Role]int{Maker: 1}},
	ComplaintOpened:     {Need: map[Role]int{Operator: 1}},
	ComplaintDecided:    {Need: map[Role]int{Committee: 2}},
	AppealOpened:        {Need: map[Role]int{Maker: 1}},
	AppealDecided:       {Need: map[Role]int{Committee: 3}},
	FindingPublished:    {Need: map[Role]int{Committee: 1}, Or: map[Role]int{Assessor: 1}},
	UnitBatch:           {Need: map[Role]int{Maker: 1}},
}

// DefaultRules returns the table of who must sign which entries, as long as a
// keyring says nothing else. It is a copy.
func DefaultRules() map[Type]Rule {
	out := make(map[Type]Rule, len(defaultRules))
	for t, r := range defaultRules {
		out[t] = Rule{Need: maps.Clone(r.Need), Or: maps.Clone(r.Or), OrgsApart: r.OrgsApart}
	}
	return out
}

// RuleOf returns the rule for an entry under a keyring. The number of root
// keys is that of the keyring; for the first keyring of all it is that of the
// trust, which the caller puts there. Which side withdrew a mark says which
// side must have signed.
func RuleOf(s *Signed, ring *KeyringBody) Rule {
	r := defaultRules[s.Type]
	if own, ok := ring.Rules[s.Type]; ok {
		r = own
	}
	if r.Need[Root] > 0 {
		return Rule{Need: map[Role]int{Root: ring.Root}}
	}
	if b, ok := s.body.(*ReasonBody); ok && s.Type == MarkWithdrawn {
		if b.By == Maker {
			return Rule{Need: r.Or, OrgsApart: r.OrgsApart}
		}
		return Rule{Need: r.Need, OrgsApart: r.OrgsApart}
	}
	return r
}

// Count says who of those whose signatures were verified counts, in the order
// of their names. The keys are those that may sign this entry at this index:
// the caller has left out keys that ended, of suspended organisations and of
// other makers.
//
// One person counts once, however many keys sign; nobody counts in two roles.
// With OrgsApart one organisation counts once too, and not in two roles.
// Whoever stands on two sides makes the entry void, even where enough others
// signed. Errors: signers-missing, signers-not-apart.
func (r Rule) Count(keys []*Key) ([]*Key, error) {
	counted, err := count(r.Need, r.OrgsApart, keys)
	if err != nil && r.Or != nil {
		if or, err := count(r.Or, r.OrgsApart, keys); err == nil {
			return or, nil
		}
	}
	return counted, err
}

func count(need map[Role]int, apart bool, keys []*Key) ([]*Key, error) {
	keys = slices.SortedFunc(slices.Values(keys), func(a, b *Key) int { return strings.Compare(a.Name, b.Name) })
	var out []*Key
	persons, orgs := map[string]*Key{}, map[string]*Key{}
	have := map[Role]int{}
	for _, k := range keys {
		if need[k.Role] == 0 {
			continue
		}
		if p := persons[k.Person]; p != nil {
			if p.Role != k.Role {
				return nil, refuse("signers-not-apart", "the person %s signed as %s and as %s; nobody may stand on two sides", k.Person, p.Role, k.Role)
			}
			continue
		}
		persons[k.Person] = k
		if o := orgs[k.Org]; apart && o != nil {
			if o.Role != k.Role {
				return nil, refuse("signers-not-apart", "the organisation %s signed as %s (%s) and as %s (%s); these must be of different organisations", k.Org, o.Role, o.Name, k.Role, k.Name)
			}
			continue
		}
		orgs[k.Org] = k
		have[k.Role]++
		out = append(out, k)
	}
	for _, role := range slices.Sorted(maps.Keys(need)) {
		if have[role] < need[role] {
			people := "people"
			switch {
			case need[role] == 1:
				people = "person"
			case apart:
				people = "people of different organisations"
			}
			return nil, refuse("signers-missing", "the entry must be signed by %d %s as %s, and %d did whose key is known", need[role], people, role, have[role])
		}
	}
	return out, nil
}

// maxNeed bounds how many people a keyring may ask for.
const maxNeed = 20

// allowed says why a keyring may not have a rule, or nothing. It may ask for
// more or fewer people, and of a small body it may let all be of one
// organisation; the roles stay, and with them that nobody evaluates and
// decides.
func allowed(t Type, r Rule) string {
	def, ok := defaultRules[t]
	switch {
	case !ok:
		return "is about a type of entries that nobody knows"
	case def.Need[Root] > 0:
		return "is about what only root may sign, whose number is the member root"
	case !sameRoles(def.Need, r.Need) || !sameRoles(def.Or, r.Or):
		return "must name the same roles as the rule that it changes, each with 1 to 20 people"
	}
	return ""
}

func sameRoles(def, own map[Role]int) bool {
	if len(def) != len(own) {
		return false
	}
	for role := range def {
		if own[role] < 1 || own[role] > maxNeed {
			return false
		}
	}
	return true
}

// String says in words who must sign.
func (r Rule) String() string {
	need := words(r.Need)
	if r.Or != nil {
		need += ", or " + words(r.Or)
	}
	if r.OrgsApart {
		need += ", all of different organisations"
	}
	return need
}

// order is that in which roles are named.
var order = []Role{Root, Operator, Maker, Assessor, Committee}

func words(need map[Role]int) string {
	var out []string
	for _, role := range slices.SortedFunc(maps.Keys(need), func(a, b Role) int {
		return cmp.Compare(slices.Index(order, a), slices.Index(order, b))
	}) {
		out = append(out, fmt.Sprintf("%s %d", role, need[role]))
	}
	return strings.Join(out, " and ")
}
