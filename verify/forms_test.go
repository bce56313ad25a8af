package verify_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gowebpki/jcs"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
)

// Every type is read to what was written, and has a rule.
func TestForms(t *testing.T) {
	t.Parallel()
	all := samples(t)
	rules := verify.DefaultRules()
	var listed []verify.Type
	for _, f := range verify.Forms() {
		listed = append(listed, f.Type)
		t.Run(string(f.Type), func(t *testing.T) {
			t.Parallel()
			if len(rules[f.Type].Need) == 0 {
				t.Error("nobody must sign it")
			}
			s, ok := all[f.Type]
			if !ok {
				t.Fatal("this test has no sample of it")
			}
			txt := text(t, f.Type, s.subject, "", s.body)
			got, err := verify.Parse(domain, seal(t, txt))
			if err != nil {
				t.Fatal(err)
			}
			if f.Type == verify.DeclarationType {
				d := got.Decoded().(*verify.DeclarationBody)
				if d.Maker.Domain != "lamps.example" || d.Product.ID != "glowone-g1" || !strings.HasPrefix(d.Key, "ssh-ed25519 ") {
					t.Errorf("got %+v", d)
				}
				return
			}
			if diff := cmp.Diff(s.body, reflect.ValueOf(got.Decoded()).Elem().Interface()); diff != "" {
				t.Errorf("got (-want +got)\n%s", diff)
			}
			line := bytes.Split(txt, []byte("\n"))[1]
			if again, err := jcs.Transform(line); err != nil || !bytes.Equal(again, line) {
				t.Errorf("the line is not in the form of RFC 8785: %v\n%s", err, line)
			}
		})
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(rules)), slices.Sorted(slices.Values(listed))); diff != "" {
		t.Errorf("rules and forms name different types (-rules +forms)\n%s", diff)
	}
	for _, m := range iotmark.MarkMoves() {
		if _, ok := verify.FormOf(verify.Type(m.Act)); !ok && m.Act != iotmark.SuspensionLapsed && m.Act != iotmark.MarkExpiredAct {
			t.Errorf("the act %s has no form", m.Act)
		}
	}
}

func seal(t testing.TB, txt []byte) []byte {
	t.Helper()
	note, err := verify.Seal(txt, newHolder(t, domain+"/root/1", "body", "p1", verify.Root).plain(txt))
	if err != nil {
		t.Fatal(err)
	}
	return note
}

// The types name their members in alphabetical order and in small letters:
// encoding/json then writes the one form of RFC 8785, and reads no member
// for another.
func TestMembersAreInOrder(t *testing.T) {
	t.Parallel()
	var look func(path string, typ reflect.Type)
	look = func(path string, typ reflect.Type) {
		switch typ.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			look(path, typ.Elem())
		case reflect.Float32, reflect.Float64, reflect.Interface:
			t.Errorf("%s is a %s", path, typ)
		case reflect.Struct:
			last := ""
			for f := range typ.Fields() {
				name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
				if name <= last || name != strings.ToLower(name) || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
					t.Errorf("%s: the member %q stands after %q, or has other characters than small letters", path, name, last)
				}
				last = name
				look(path+"."+name, f.Type)
			}
		}
	}
	for _, f := range verify.Forms() {
		look(string(f.Type), reflect.TypeOf(f.New()))
	}
}

// Each sample with one thing changed: who reads it must refuse it.
func TestBodyRefused(t *testing.T) {
	t.Parallel()
	all := samples(t)
	no := strings.Repeat
	for _, c := range []struct {
		name string
		typ  verify.Type
		path string // dotted, with numbers for items of lists
		to   any    // nil: the member is taken away
		says string
	}{
		{"digest in capitals", verify.MarkGranted, "evidence", strings.ToUpper(string(digest("evidence"))), "evidence is not 64 small"},
		{"digest too short", verify.EvidenceSealed, "root", "abcd", "root is not 64"},
		{"member missing", verify.MarkGranted, "slot", nil, "lacks a member"},
		{"member unknown", verify.MarkGranted, "level", 3, "unknown field"},
		{"empty where it must be left out", verify.EditionAdopted, "replaces", "", "left out when it is empty"},
		{"empty list where it must be left out", verify.PromiseSet, "functions", []any{}, "left out when it is empty"},
		{"null", verify.PolicySet, "policy", jsonNull{}, "lacks a member"},
		{"text for a number", verify.UnitBatch, "count", "5", "cannot be read"},
		{"day that is not in the calendar", verify.MarkGranted, "valid_until", "2027-02-29", "valid_until is not a day"},
		{"ends before it begins", verify.MarkGranted, "valid_until", "2026-11-21", "before valid_from"},
		{"code with a slip", verify.MarkGranted, "code", "K7Q2MX98", "code is not"},
		{"code as printed", verify.MarkGranted, "code", "K7Q2-MX9", "code is not"},
		{"code in small letters", verify.MarkGranted, "code", "k7q2mx99", "code is not"},
		{"GTIN with a slip", verify.MarkGranted, "product.gtins", []any{"09506000134353"}, "must be GTIN-14"},
		{"GTIN-13", verify.MarkGranted, "product.gtins", []any{"9506000134352"}, "must be GTIN-14"},
		{"GTIN twice", verify.MarkGranted, "product.gtins", []any{"09506000134352", "09506000134352"}, "something twice"},
		{"list not sorted", verify.PromiseSet, "functions", []any{"light", "dim"}, "is not sorted"},
		{"list too long", verify.PromiseSet, "functions", words(201), "too long a list"},
		{"LEI with a slip", verify.MarkGranted, "holder.lei", "5493001KJTIIGC8Y1R13", "legal entity"},
		{"domain in capitals", verify.MarkGranted, "holder.domain", "Lamps.example", "is not a domain"},
		{"domain that is an address", verify.MarkGranted, "holder.domain", "192.0.2.1", "is not a domain"},
		{"domain without a dot", verify.ApplicationAccepted, "maker", "localhost", "is not a domain"},
		{"scope other than the category", verify.MarkGranted, "scope", "heating", "product's category"},
		{"seven topics", verify.MarkGranted, "topics.privacy", nil, "each of the eight"},
		{"a ninth topic", verify.MarkGranted, "topics.charm", map[string]any{"assessed": 0, "checked": 0, "criteria": 0, "tested": 0}, "each of the eight"},
		{"more checked than there are criteria", verify.MarkGranted, "topics.privacy.checked", 500, "too large"},
		{"slot below zero", verify.MarkGranted, "slot", -1, "slot is too small"},
		{"Matter vendor 0", verify.MarkGranted, "product.matter.vid", 0, "too small"},
		{"name with a line end", verify.MarkGranted, "product.name", "a\u2028b", "not seen"},
		{"name that turns the writing round", verify.MarkGranted, "holder.name", "a\u202eb", "not seen"},
		{"name with a byte order mark", verify.MarkGranted, "holder.name", "\ufeffb", "not seen"},
		{"name with a placeholder", verify.MarkGranted, "holder.name", "a\ufffdb", "not seen"},
		{"name with space around", verify.MarkGranted, "holder.name", " a", "without space around"},
		{"name too long", verify.MarkGranted, "holder.name", no("a", 201), "too long"},
		{"reason too long", verify.MarkSuspended, "reason", no("a", 4001), "too long"},
		{"no reason", verify.MarkSuspended, "reason", "", "must be there"},
		{"a mail address in a reason", verify.MarkSuspended, "reason", "ask jane.doe@lamps.example about it", "mail address"},
		{"a mail address in a name", verify.MakerRegistered, "name", "jane@lamps.example", "mail address"},
		{"a mail address in a summary", verify.FindingPublished, "summary", "(j@b.co)", "mail address"},
		{"by in a suspension", verify.MarkSuspended, "by", "maker", "mark.withdrawn only"},
		{"withdrawn by nobody", verify.MarkWithdrawn, "by", nil, "committee or maker"},
		{"withdrawn by the operator", verify.MarkWithdrawn, "by", "operator", "committee or maker"},
		{"complaint against a decision", verify.ComplaintOpened, "against", string(digest("x")), "appeal.opened only"},
		{"appeal against nothing", verify.AppealOpened, "against", nil, "against is not"},
		{"outcome of another kind", verify.AppealDecided, "outcome", "settled", "upheld, partly-upheld or rejected"},
		{"criterion without a topic", verify.FindingPublished, "criterion", "password", "topic.name"},
		{"edition in words", verify.EditionAdopted, "edition", "latest", "is not an edition"},
		{"edition replaces itself", verify.EditionAdopted, "replaces", "2026.1", "is the edition itself"},
		{"transition before it begins", verify.EditionAdopted, "transition", "2026-05-01", "transition needs"},
		{"consultation that ends before", verify.ConsultationOpen, "closes", "2025-01-01", "before it opens"},
		{"a question carried without a majority", verify.BallotHeld, "for", 0, "no more votes"},
		{"votes below zero", verify.BallotHeld, "abstain", -1, "too small"},
		{"first generation with one before", verify.LogOpened, "generation", 1, "every generation but the first"},
		{"second generation with none before", verify.LogOpened, "previous", nil, "every generation but the first"},
		{"checkpoint of size 0", verify.CheckpointAnchor, "checkpoint.size", 0, "too small"},
		{"lists out of order", verify.StatusPublished, "lists.0.purpose", "suspension", "revocation before suspension"},
		{"one list only", verify.StatusPublished, "lists", []any{}, "two lists"},
		{"org of an unknown kind", verify.OrgAccredited, "kind", "friend", "assessor, laboratory"},
		{"org without scope", verify.OrgAccredited, "scopes", []any{}, "must name a product category"},
		{"org with all scopes and one more", verify.OrgAccredited, "scopes", []any{"*", "lighting"}, "names * and"},
		{"key of another org", verify.OrgAccredited, "keys.0.org", "other", "of this organisation"},
		{"committee key of an assessor", verify.OrgAccredited, "keys.0.role", "committee", "does not belong here"},
		{"maker's key under the scheme's name", verify.MakerRegistered, "keys.0.name", domain + "/maker", "begin with the maker's domain"},
		{"no keys", verify.MakerRegistered, "keys", []any{}, "1 to 300 keys"},
		{"assessor in the keyring", verify.KeyringSet, "keys.1.role", "assessor", "does not belong here"},
		{"one key under two names", verify.KeyringSet, "keys.4.key", string(keyring(t).Keys[3].Key), "two names"},
		{"two keys of one name", verify.KeyringSet, "keys.4.name", keyring(t).Keys[3].Name, "a name twice"},
		{"a person's name", verify.KeyringSet, "keys.1.person", "alice", "pseudonym"},
		{"key of another kind", verify.KeyringSet, "keys.1.key", "ssh-rsa AAAA", "cannot be used"},
		{"key that ends before the log", verify.KeyringSet, "keys.0.until", -1, "no index"},
		{"more root keys needed than there are", verify.KeyringSet, "root", 4, "no one could change"},
		{"no root key needed", verify.KeyringSet, "root", 0, "too small"},
		{"rules that are empty", verify.KeyringSet, "rules", map[string]any{}, "left out when it is empty"},
		{"rule that lets the committee evaluate", verify.KeyringSet, "rules.mark~granted", map[string]any{"need": map[string]any{"committee": 2}}, "the same roles"},
		{"rule that needs no assessor", verify.KeyringSet, "rules.mark~granted.need.assessor", 0, "the same roles"},
		{"rule for root", verify.KeyringSet, "rules.keyring~set", map[string]any{"need": map[string]any{"root": 1}}, "only root may sign"},
		{"rule with another way", verify.KeyringSet, "rules.ballot~held.or", map[string]any{"operator": 1}, "the same roles"},
		{"rule for a type that is none", verify.KeyringSet, "rules.mark~stolen", map[string]any{"need": map[string]any{"root": 1}}, "nobody knows"},
		{"promise of nothing", verify.PromiseSet, "", map[string]any{"maker": "lamps.example", "product": "glowone-g1"}, "nothing is promised"},
		{"policy too long", verify.PolicySet, "policy", no("a", 49153), "49152"},
		{"policy without a quorum", verify.PolicySet, "policy", "# nothing\n", "quorum"},
		{"declaration without a key", verify.DeclarationType, "key", nil, "member key is missing"},
		{"declaration whose key is none", verify.DeclarationType, "key", "ssh-ed25519 AAAA", "not an Ed25519 key"},
		{"declaration with a second maker in other letters", verify.DeclarationType, "ma\u212aer", map[string]any{"domain": "evil.example"}, ""},
		{"policy with a mail address", verify.PolicySet, "policy", "# ask jane@body.example\nquorum none\n", "mail address"},
		{"policy that steers a terminal", verify.PolicySet, "policy", "# \x1b[2J\nquorum none\n", "policy"},
		{"declaration with a mail address", verify.DeclarationType, "files.0.path", "a \"b\" c@d.example", "mail address"},
		{"declaration with an @", verify.DeclarationType, "files.0.path", "c@d\\", ""},
		{"declaration with a fraction", verify.DeclarationType, "files.0.size", 1.5, "whole numbers"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := all[c.typ]
			raw, err := json.Marshal(s.body)
			if err != nil {
				t.Fatal(err)
			}
			var tree any
			if err := json.Unmarshal(raw, &tree); err != nil {
				t.Fatal(err)
			}
			tree = change(t, tree, c.path, c.to)
			e, err := verify.NewEntry(c.typ, id(1), s.subject, "2026-11-25T10:00:00Z", "", tree)
			if err != nil {
				t.Fatal(err)
			}
			txt, err := verify.Text(domain, e)
			if c.says == "" {
				if err != nil {
					t.Fatalf("refused: %v", err)
				}
				s, err := verify.Parse(domain, seal(t, txt))
				if err != nil || s.Decoded().(*verify.DeclarationBody).Maker.Domain != "lamps.example" {
					t.Errorf("another maker was read, or none: %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want one that says %q", err, c.says)
			}
			if e, ok := err.(*iotmark.Error); ok && (e.Kind != iotmark.Unverified || e.ID != "body-wrong" && e.ID != "malformed") {
				t.Errorf("kind %s, id %s", e.Kind, e.ID)
			}
		})
	}
}

// jsonNull is written as null.
type jsonNull struct{}

func (jsonNull) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

func words(n int) []any {
	var out []any
	for i := range n {
		out = append(out, "f"+string(rune('a'+i/26))+string(rune('a'+i%26)))
	}
	return out
}

// change sets one member of a tree; a dot in a name is written as a tilde.
func change(t *testing.T, tree any, path string, to any) any {
	t.Helper()
	if path == "" {
		return to
	}
	name, rest, _ := strings.Cut(path, ".")
	name = strings.ReplaceAll(name, "~", ".")
	switch x := tree.(type) {
	case map[string]any:
		if rest == "" && to == nil {
			if _, ok := x[name]; !ok {
				t.Fatalf("there is no %s to take away", name)
			}
			delete(x, name)
			return x
		}
		x[name] = change(t, x[name], rest, to)
		return x
	case []any:
		i := int(name[0] - '0')
		x[i] = change(t, x[i], rest, to)
		return x
	}
	t.Fatalf("there is no %s", path)
	return nil
}
