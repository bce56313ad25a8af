package ceremony

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
)

// The files that people write.
const (
	PlanFile   = "ceremony.yaml"
	PolicyFile = "policy.txt"
	keysDir    = "keys"
)

const (
	maxPlan = 64 << 10 // bytes of the plan, and of the policy
	maxFile = 16 << 10 // bytes of any other file that is read
)

// Plan is what the holders agree on before the ceremony: who holds which key.
type Plan struct {
	Domain    string `yaml:"domain"`    // of the scheme
	Origin    string `yaml:"origin"`    // of its log
	Threshold int    `yaml:"threshold"` // how many root keys must sign
	Log       string `yaml:"log"`       // file of the log's verifier key

	Generation int       `yaml:"generation"` // of the log; 1 when left out
	Previous   *Previous `yaml:"previous"`   // the log that this one continues; of generation 2 and up

	Keys []Holder `yaml:"keys"`
}

// Previous is the last good state of the log that a new one continues.
type Previous struct {
	Origin string         `yaml:"origin"`
	Root   iotmark.Digest `yaml:"root"`
	Size   int64          `yaml:"size"`
}

// Holder is who holds one key.
type Holder struct {
	Role   verify.Role `yaml:"role"`
	Name   string      `yaml:"name"`
	Org    string      `yaml:"org"`
	Person string      `yaml:"person"`
	File   string      `yaml:"file"` // of the public key, from the folder of the ceremony

	line int
}

// UnmarshalYAML keeps the line, and refuses members that nobody knows.
func (h *Holder) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: each key is a list of role, name, org, person and file", n.Line)
	}
	for i := 0; i < len(n.Content); i += 2 {
		if m := n.Content[i].Value; !slices.Contains([]string{"role", "name", "org", "person", "file"}, m) {
			return fmt.Errorf("line %d: a key has no %q; it has role, name, org, person and file", n.Content[i].Line, m)
		}
	}
	type plain Holder
	if err := n.Decode((*plain)(h)); err != nil {
		return err
	}
	h.line = n.Line
	return nil
}

// of returns the holders of a role, in the order of the plan.
func (p *Plan) of(r verify.Role) []Holder {
	var out []Holder
	for _, h := range p.Keys {
		if h.Role == r {
			out = append(out, h)
		}
	}
	return out
}

// roles are those that a plan has keys of, with how many the first plan names.
var roles = []struct {
	role verify.Role
	n    int
	need bool
}{{verify.Root, 5, true}, {verify.Committee, 5, true}, {verify.Operator, 1, true}, {verify.Issuer, 1, true}, {verify.Sealer, 0, false}}

// firstPlan is what somebody fills in.
func firstPlan(domain string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, `# The first key ceremony of %[1]s. Everyone who signs reads every line.
#
# org     the id of the organisation that the holder belongs to, such as consumers.
#         Root keys should be spread over three organisations or more. A mark is
#         granted by people of different organisations.
# person  a pseudonym, such as p1. No name: it stays in the public log for ever.
#         Who has two keys has the same pseudonym in both places.
# file    the public key, as its holder hands it in: a .pub file of ssh-keygen.
domain: %[1]s
origin: log.%[1]s/1    # of the log; the number is its generation
threshold: 3    # so many root keys must sign what changes who holds which key
log: %[2]s/log.pub    # as iotmark keys new --role log writes it
keys:
`, domain, keysDir)
	for _, r := range roles {
		for i := 1; i <= r.n; i++ {
			fmt.Fprintf(&b, "  - {role: %[1]s, name: %[2]s/%[1]s/%[3]d, org: \"\", person: \"\", file: %[4]s/%[1]s-%[3]d.pub}\n", r.role, domain, i, keysDir)
		}
	}
	return []byte(b.String())
}

// firstPolicy is what somebody extends.
const firstPolicy = `# Which witnesses must have seen a checkpoint of the log before anybody relies
# on it: C2SP tlog-policy without its log line, which the ceremony adds. With
# four witnesses of four organisations, of which three must have seen it:
#
#   witness consumers  witness.consumers.example+xxxxxxxx+xxxx  https://witness.consumers.example
#   ...
#   group witnesses 3 consumers university lab sister
#   quorum witnesses
#
# Until there are witnesses:
quorum none
`

var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:unmarshal errors:\s+)?line (\d+): (.*)$`)

// readPlan reads the plan and tells everything that is wrong in it at once.
func readPlan(dir string) (*Plan, error) {
	b, err := readFile(filepath.Join(dir, PlanFile), maxPlan)
	if err != nil {
		return nil, err
	}
	var p Plan
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(&p); err != nil {
		pos, msg := PlanFile, err.Error()
		if m := yamlLine.FindStringSubmatch(strings.TrimSpace(msg)); m != nil {
			pos, msg = PlanFile+":"+m[1], m[2]
		}
		return nil, &iotmark.Error{Kind: iotmark.Invalid, ID: "ceremony-plan", Pos: pos, Msg: msg}
	}
	if err := d.Decode(new(yaml.Node)); err != io.EOF {
		return nil, &iotmark.Error{Kind: iotmark.Invalid, ID: "ceremony-plan", Pos: PlanFile, Msg: "the plan has a second document; keep one"}
	}
	p.Generation = max(p.Generation, 1)
	if errs := p.check(b); len(errs) > 0 {
		return nil, errs
	}
	return &p, nil
}

// check tells what is wrong with a plan. What the entries themselves refuse is
// told by package verify when they are drafted.
func (p *Plan) check(src []byte) iotmark.Errors {
	var errs iotmark.Errors
	bad := func(line int, format string, args ...any) {
		errs = append(errs, &iotmark.Error{Kind: iotmark.Invalid, ID: "ceremony-plan", Pos: PlanFile + ":" + strconv.Itoa(line), Msg: fmt.Sprintf(format, args...)})
	}
	if !verify.IsDomain(p.Domain) {
		bad(lineOf(src, "domain"), "the domain %q is none", p.Domain)
	}
	names, files := map[string]int{}, map[string]int{}
	persons := map[verify.Role]map[string]bool{}
	member := map[string]string{} // organisation by person
	for _, h := range p.Keys {
		if !slices.ContainsFunc(roles, func(r struct {
			role verify.Role
			n    int
			need bool
		}) bool {
			return r.role == h.Role
		}) {
			bad(h.line, "the role %q is none of the first keyring: root, committee, operator, issuer, sealer. Assessors and makers come later, each with an entry of its own", string(h.Role))
			continue
		}
		switch {
		case h.Org == "":
			bad(h.line, "%s has no org: write the id of the organisation that its holder belongs to", h.Name)
		case h.Person == "":
			bad(h.line, "%s has no person: write a pseudonym of its holder, such as p1", h.Name)
		case names[h.Name] > 0:
			bad(h.line, "the name %s is that of the key in line %d already", h.Name, names[h.Name])
		case files[h.File] > 0:
			bad(h.line, "the file %s is that of the key in line %d already", h.File, files[h.File])
		case member[h.Person] != "" && member[h.Person] != h.Org:
			bad(h.line, "%s is of %s here and of %s above; a person belongs to one organisation", h.Person, h.Org, member[h.Person])
		case !filepath.IsLocal(h.File):
			bad(h.line, "the file %q of %s is not within the folder of the ceremony", h.File, h.Name)
		}
		names[h.Name], files[h.File], member[h.Person] = h.line, h.line, h.Org
		if persons[h.Role] == nil {
			persons[h.Role] = map[string]bool{}
		}
		persons[h.Role][h.Person] = true
	}
	for _, r := range roles {
		if r.need && len(p.of(r.role)) == 0 {
			bad(lineOf(src, "keys"), "there is no key of the role %s", r.role)
		}
	}
	if n := len(persons[verify.Root]); len(errs) == 0 && (p.Threshold < 1 || p.Threshold > n) {
		bad(lineOf(src, "threshold"), "the threshold is %d, and %d people hold a root key; it must be at least 1, and at most as many as these", p.Threshold, n)
	}
	if !filepath.IsLocal(p.Log) {
		bad(lineOf(src, "log"), "the file %q of the log's key is not within the folder of the ceremony", p.Log)
	}
	return errs
}

// lineOf finds the line of a member of the plan, for a message.
func lineOf(src []byte, member string) int {
	n := 0
	for line := range bytes.Lines(src) {
		n++
		if bytes.HasPrefix(line, []byte(member+":")) {
			return n
		}
	}
	return 1
}

// advice tells what is allowed and should be thought over once more, in the
// order of its ids.
func (p *Plan) advice() []Advice {
	var out []Advice
	orgs, persons := map[verify.Role]map[string]bool{}, map[verify.Role]map[string]bool{}
	for _, h := range p.Keys {
		if orgs[h.Role] == nil {
			orgs[h.Role], persons[h.Role] = map[string]bool{}, map[string]bool{}
		}
		orgs[h.Role][h.Org], persons[h.Role][h.Person] = true, true
	}
	if n := len(orgs[verify.Root]); n < 3 {
		words := map[int]string{1: "one organisation", 2: "two organisations"}
		out = append(out, Advice{"root-few-organisations", "The root keys are held in " + words[n] + ". With three or more no single one can change who holds which key."})
	}
	if n := len(persons[verify.Root]); 2*p.Threshold <= n {
		out = append(out, Advice{"root-no-majority", fmt.Sprintf("%d of %d root keys are no majority: two groups could each name another keyring.", p.Threshold, n)})
	}
	if p.Threshold == len(persons[verify.Root]) {
		out = append(out, Advice{"root-no-spare", "All root keys must sign: when one is lost, nobody can change the keyring any more."})
	}
	if n := len(persons[verify.Committee]); n < 3 {
		out = append(out, Advice{"committee-small", fmt.Sprintf("The committee has %d people; an edition of the criteria is adopted by 3, and an appeal is decided by 3 others than those who decided.", n)})
	}
	if n := len(orgs[verify.Committee]); n < 2 {
		out = append(out, Advice{"committee-one-organisation", "The committee is of one organisation; a mark is granted by people of two, so none could be granted."})
	}
	slices.SortFunc(out, func(a, b Advice) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// Advice is something about a plan that is allowed and should be thought over.
type Advice struct {
	ID   iotmark.ErrorID
	Text string
}

// readPolicy returns the policy's lines without comments.
func readPolicy(dir string) (string, error) {
	b, err := readFile(filepath.Join(dir, PolicyFile), maxPlan)
	if errors.Is(err, fs.ErrNotExist) {
		return "", &iotmark.Error{Kind: iotmark.Invalid, ID: "ceremony-policy", Pos: PolicyFile, Msg: "this file is missing; with the one line \"quorum none\" no witness is needed"}
	}
	if err != nil {
		return "", err
	}
	var out strings.Builder
	n := 0
	for line := range strings.Lines(string(b)) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if strings.HasPrefix(line, "log ") || strings.HasPrefix(line, "log\t") {
			return "", &iotmark.Error{Kind: iotmark.Invalid, ID: "ceremony-policy", Pos: PolicyFile + ":" + strconv.Itoa(n), Msg: "the ceremony adds the line of the log by itself; take this one out"}
		}
		out.WriteString(strings.Join(strings.Fields(line), " ") + "\n")
	}
	return out.String(), nil
}

// readFile reads a plain file of at most so many bytes. A link or a pipe that
// somebody handed in is refused before it is opened.
func readFile(name string, most int64) ([]byte, error) {
	unreadable := func(err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return err // for whoever asks whether it is there
		}
		return &iotmark.Error{Kind: iotmark.Invalid, ID: "ceremony-file", Msg: name + " cannot be read", Err: err}
	}
	st, err := os.Lstat(name)
	if err != nil {
		return nil, unreadable(err)
	}
	if !st.Mode().IsRegular() || st.Size() > most {
		return nil, &iotmark.Error{Kind: iotmark.Invalid, ID: "ceremony-file", Msg: fmt.Sprintf("%s is no plain file, or has more than %d bytes", name, most)}
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, unreadable(err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return nil, unreadable(err)
	}
	return b, nil
}
