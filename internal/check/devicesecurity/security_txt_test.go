package devicesecurity_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/checktest"
	"github.com/open-iot-mark/iotmark/internal/check/devicesecurity"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/securitytxt"
)

const soundTxt = `Contact: mailto:security@nettle.example
Contact: https://nettle.example/security/report
Expires: 2027-06-30T00:00:00Z
Encryption: https://nettle.example/key.txt
Policy: https://nettle.example/security/policy
Canonical: https://nettle.example/.well-known/security.txt
`

func txtItem(t testing.TB, content string) check.Item {
	t.Helper()
	f, err := securitytxt.Reader.Read(context.Background(), evidence.NewSource("security.txt", []byte(content)), evidence.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return check.Item{
		Evidence: iotmark.Evidence{ID: "security-txt", Kind: iotmark.KindWebPage, Title: "security.txt"},
		Standing: iotmark.Held, Reader: "securitytxt", Facts: f,
	}
}

func txtInput(items ...check.Item) check.Input {
	return check.Input{
		Declaration: &iotmark.Declaration{
			Maker:    iotmark.Maker{Name: "Nettle Home Ltd", Website: "https://www.nettle.example/"},
			Contacts: iotmark.Contacts{Security: "https://nettle.example/security/report/", SecurityPolicy: "https://Nettle.example/security/policy"},
		},
		Items: items, AsOf: "2026-11-22",
	}
}

// txtOutcomes leaves out the one piece of advice that most files get.
func txtOutcomes(fs []iotmark.Finding) []string {
	var out []string
	for _, f := range fs {
		if s := strings.TrimPrefix(string(f.Message), "device-security.security-txt."); s != "not-signed" {
			out = append(out, fmt.Sprintf("%s %s", f.Outcome, s))
		}
	}
	return out
}

func TestSecurityTxt(t *testing.T) {
	t.Parallel()
	edit := func(old, new string) string {
		if !strings.Contains(soundTxt, old) {
			t.Fatalf("nothing to edit: %q", old)
		}
		return strings.Replace(soundTxt, old, new, 1)
	}
	const signedHead = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n"
	for _, c := range []struct {
		name, content string
		want          []string
	}{
		{"sound", soundTxt, []string{"passed sound"}},
		{"with CR LF", strings.ReplaceAll(soundTxt, "\n", "\r\n"), []string{"passed sound"}},
		{"nothing but what must be", "Contact: https://nettle.example/security/report\nExpires: 2027-06-30T00:00:00Z\n", []string{"passed sound"}},
		{"expired", edit("2027-06-30", "2026-11-22"), []string{"failed expired"}},
		{"on its last day", edit("2027-06-30T00", "2026-11-22T12"), []string{"passed sound"}},
		{"too far ahead", edit("2027-06-30", "2029-06-30"), []string{"passed sound", "passed long-expiry"}},
		{"no Expires", edit("Expires: 2027-06-30T00:00:00Z\n", ""), []string{"failed no-expire"}},
		{"two Expires", soundTxt + "Expires: 2027-07-30T00:00:00Z\n", []string{"failed multi-expire"}},
		{"Expires in words", edit("2027-06-30T00:00:00Z", "soon"), []string{"failed invalid-expiry"}},
		{"no contact", "Expires: 2027-06-30T00:00:00Z\n", []string{"failed no-contact"}},
		{"bare address", edit("mailto:security@", "security@"), []string{"failed no-uri"}},
		{"without TLS", edit("Policy: https:", "Policy: http:"), []string{"failed no-https", "failed policy-differs"}},
		{"mail without a host", edit("security@nettle.example", "security"), []string{"failed contact-malformed"}},
		{"mail to two", edit("security@nettle.example", "security@nettle.example,psirt@nettle.example"), []string{"passed sound"}},
		{"mail with a name", edit("security@nettle.example", "Security%20%3Csecurity@nettle.example%3E"), []string{"failed contact-malformed"}},
		{"mail with a subject", edit("security@nettle.example", "security@nettle.example?subject=x"), []string{"passed sound"}},
		{"page without a host", edit("https://nettle.example/key.txt\n", "https://nettle.example/key.txt\nContact: https:///x\n"), []string{"failed contact-malformed"}},
		{"telephone", soundTxt + "Contact: tel:+1-201-555-0123\n", []string{"passed sound"}},
		{"telephone in words", soundTxt + "Contact: tel:call-us\n", []string{"failed contact-malformed"}},
		{"other scheme", soundTxt + "Contact: skype:nettle\n", []string{"failed contact-scheme"}},
		{"address from a guide", edit("security@nettle.example", "security@example.com"), []string{"failed contact-placeholder"}},
		{"address at home", soundTxt + "Contact: https://192.168.1.1/report\n", []string{"failed contact-placeholder"}},
		{"someone who collects reports", soundTxt + "Contact: https://hackers.thistle.example/nettle\n", []string{"passed sound"}},
		{"other contact than declared", edit("Contact: https://nettle.example/security/report\n", ""), []string{"failed contact-differs"}},
		{"other policy than declared", edit("security/policy", "policy"), []string{"failed policy-differs"}},
		{"no policy", edit("Policy: https://nettle.example/security/policy\n", ""), []string{"passed sound"}},
		{"canonical elsewhere", edit("Canonical: https://nettle.example", "Canonical: https://thistle.example"), []string{"failed canonical-elsewhere"}},
		{"canonical below the domain", edit("Canonical: https://nettle.example", "Canonical: https://shop.nettle.example"), []string{"passed sound"}},
		{"no key", edit("Encryption: https://nettle.example/key.txt\n", ""), []string{"passed sound", "passed no-encryption"}},
		{"unknown field", soundTxt + "Last-Updated: today\n", []string{"passed sound", "passed unknown-field"}},
		{"two CSAF", soundTxt + strings.Repeat("CSAF: https://nettle.example/provider-metadata.json\n", 2), []string{"passed sound", "passed multiple-csaf-fields"}},
		{"prose", "Hello\n" + soundTxt, []string{"failed invalid-line"}},
		{"broken signature", signedHead + soundTxt, []string{"failed pgp-data-error"}},
		{"many errors, one finding each", "Hello\nWorld\n" + edit("Policy: ", "Policy:"), []string{"failed invalid-line", "failed no-space"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			fs := devicesecurity.SecurityTxt.Run(txtInput(txtItem(t, c.content)))
			checktest.Wholesome(t, fs)
			if d := cmp.Diff(c.want, txtOutcomes(fs)); d != "" {
				t.Errorf("findings (-want +got):\n%s", d)
			}
		})
	}
}

func TestSecurityTxtPlaces(t *testing.T) {
	t.Parallel()
	in := txtInput(txtItem(t, strings.Replace(soundTxt, "2027-06-30", "2026-01-01", 1)))
	fs := devicesecurity.SecurityTxt.Run(in)
	want := []iotmark.Place{{Evidence: "security-txt", Line: 3, Quote: "expires: 2026-01-01T00:00:00Z"}}
	if d := cmp.Diff(want, fs[0].Places); d != "" || fs[0].Args["date"] != "2026-01-01" {
		t.Errorf("date %q, places (-want +got):\n%s", fs[0].Args["date"], d)
	}
	// Handed in from an address that is not called canonical.
	it := txtItem(t, soundTxt)
	it.URL = "https://nettle.example/security.txt"
	if d := cmp.Diff([]string{"failed no-canonical-match"}, txtOutcomes(devicesecurity.SecurityTxt.Run(txtInput(it)))); d != "" {
		t.Errorf("another address (-want +got):\n%s", d)
	}
	it.URL = "https://nettle.example/.well-known/security.txt"
	if d := cmp.Diff([]string{"passed sound"}, txtOutcomes(devicesecurity.SecurityTxt.Run(txtInput(it)))); d != "" {
		t.Errorf("its own address (-want +got):\n%s", d)
	}
}

func TestSecurityTxtHostile(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"Contact: mailto:%zz@%\nContact: https://[::\nContact: tel:\n",
		strings.Repeat("Contact: mailto:\x1b[31ma\u202e@b.example\n", 5_000),
		strings.Repeat("x: y\n", 20_000) + "Canonical: ://\nExpires: 0000-00-00T00:00:00Z\n",
	} {
		in := txtInput(txtItem(t, s))
		in.Declaration.Maker.Website, in.Declaration.Contacts.Security = "::\x1b", "%zz"
		checktest.Wholesome(t, devicesecurity.SecurityTxt.Run(in))
	}
}

func TestSecurityTxtProducts(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]*iotmark.Declaration{
		"careful": {Maker: iotmark.Maker{Website: "https://tarnwick.example"}, Contacts: iotmark.Contacts{
			Security: "https://tarnwick.example/security/report", SecurityPolicy: "https://tarnwick.example/security/policy"}},
		"average": {Maker: iotmark.Maker{Website: "https://marlow-nook.example"}, Contacts: iotmark.Contacts{
			Security: "mailto:security@marlow-nook.example", SecurityPolicy: "https://marlow-nook.example/security"}},
		"disaster": {Maker: iotmark.Maker{Website: "https://zippico.example"}},
	} {
		dir := filepath.Join("../../../testdata/products", name)
		truth, err := os.ReadFile(filepath.Join(dir, "truth.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		m := regexp.MustCompile(`device-security\.security-txt: ([a-zA-Z]+)`).FindSubmatch(truth)
		raw, err := os.ReadFile(filepath.Join(dir, "evidence/security.txt"))
		if err != nil {
			t.Fatal(err)
		}
		if !securitytxt.Sniff("security.txt", raw) {
			t.Errorf("%s: its security.txt is not sniffed", name)
		}
		fs := devicesecurity.SecurityTxt.Run(check.Input{Declaration: d, Items: []check.Item{txtItem(t, string(raw))}, AsOf: "2026-11-20"})
		checktest.Wholesome(t, fs)
		o := iotmark.Untested
		for _, f := range fs {
			o = o.Weightier(f.Outcome)
		}
		if string(o) != string(m[1]) {
			t.Errorf("%s: got %s, want %s: %v", name, o, m[1], txtOutcomes(fs))
		}
	}
}

func TestSecurityTxtDomains(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		website, canonical string
		same               bool
	}{
		{"https://nettle.example", "https://nettle.example/.well-known/security.txt", true},
		{"https://www.nettle.example", "https://NETTLE.example./.well-known/security.txt", true},
		{"https://shop.nettle.example", "https://www.nettle.example/.well-known/security.txt", true},
		{"https://nettle.co.uk", "https://www.nettle.co.uk/.well-known/security.txt", true},
		{"https://nettle.co.uk", "https://thistle.co.uk/.well-known/security.txt", false},
		{"https://nettle.example", "https://nettle.example.thistle.org/.well-known/security.txt", false},
		{"", "https://thistle.example/.well-known/security.txt", true},
	} {
		in := txtInput(txtItem(t, "Contact: https://nettle.example/security/report\nExpires: 2027-06-30T00:00:00Z\nCanonical: "+c.canonical+"\n"))
		in.Declaration.Maker.Website = c.website
		want := "failed canonical-elsewhere"
		if c.same {
			want = "passed sound"
		}
		if d := cmp.Diff([]string{want}, txtOutcomes(devicesecurity.SecurityTxt.Run(in))); d != "" {
			t.Errorf("%s and %s (-want +got):\n%s", c.website, c.canonical, d)
		}
	}
}

// Every code and every message of the check has words, and no others stand
// there.
func TestSecurityTxtWords(t *testing.T) {
	t.Parallel()
	src, err := os.ReadFile("security_txt.go")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	add := func(w string) { used[strings.ReplaceAll(w, "_", "-")] = true }
	lists := regexp.MustCompile(`(?s)var txt(?:Errors|Advice) = \[\]string\{(.*?)\n?\}\n`).FindAllSubmatch(src, -1)
	if len(lists) != 2 {
		t.Fatalf("%d lists of codes found, want 2", len(lists))
	}
	for _, l := range lists {
		for _, m := range regexp.MustCompile(`"([a-z0-9_]+)"`).FindAllSubmatch(l[1], -1) {
			add(string(m[1]))
		}
	}
	for _, m := range regexp.MustCompile(`"device-security\.security-txt\.([a-z-]+)"|return "(contact-[a-z]+)"|, "([a-z]+-differs)"\}`).FindAllSubmatch(src, -1) {
		add(string(m[1]) + string(m[2]) + string(m[3]))
	}
	checktest.Sentences(t, devicesecurity.SecurityTxt, used)
}
