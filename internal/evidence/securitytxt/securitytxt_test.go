package securitytxt_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/securitytxt"
)

const good = `# How to reach us
Contact: mailto:security@nettle.example
Contact: https://nettle.example/security/report
Expires: 2027-06-30T00:00:00Z
Encryption: https://nettle.example/pgp-key.txt
Acknowledgments: https://nettle.example/security/thanks
Preferred-Languages: en, de, nb
Canonical: https://nettle.example/.well-known/security.txt
Policy: https://nettle.example/security/policy
Hiring: https://nettle.example/jobs
CSAF: https://nettle.example/.well-known/csaf/provider-metadata.json
`

func read(t testing.TB, content string) (*securitytxt.Facts, error) {
	t.Helper()
	f, err := securitytxt.Reader.Read(context.Background(), evidence.NewSource("security.txt", []byte(content)), evidence.DefaultLimits())
	if err != nil {
		return nil, err
	}
	return f.(*securitytxt.Facts), nil
}

func mustRead(t testing.TB, content string) *securitytxt.Facts {
	t.Helper()
	f, err := read(t, content)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// signedWith returns the text clear-signed by a new key, and the public key.
func signedWith(t *testing.T, content string) (signed, key string) {
	t.Helper()
	cfg := &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA, Time: func() time.Time { return time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC) }}
	e, err := openpgp.NewEntity("Security", "", "security@nettle.example", cfg)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w, err := clearsign.Encode(&out, e.PrivateKey, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var pub bytes.Buffer
	a, err := armor.Encode(&pub, openpgp.PublicKeyType, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Serialize(a); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	return strings.TrimRight(out.String(), "\n") + "\n", pub.String()
}

func TestGood(t *testing.T) {
	t.Parallel()
	f := mustRead(t, good)
	want := &securitytxt.Facts{
		Fields: []securitytxt.Field{
			{Name: "contact", Value: "mailto:security@nettle.example", Line: 2},
			{Name: "contact", Value: "https://nettle.example/security/report", Line: 3},
			{Name: "expires", Value: "2027-06-30T00:00:00Z", Line: 4},
			{Name: "encryption", Value: "https://nettle.example/pgp-key.txt", Line: 5},
			{Name: "acknowledgments", Value: "https://nettle.example/security/thanks", Line: 6},
			{Name: "preferred-languages", Value: "en, de, nb", Line: 7},
			{Name: "canonical", Value: "https://nettle.example/.well-known/security.txt", Line: 8},
			{Name: "policy", Value: "https://nettle.example/security/policy", Line: 9},
			{Name: "hiring", Value: "https://nettle.example/jobs", Line: 10},
			{Name: "csaf", Value: "https://nettle.example/.well-known/csaf/provider-metadata.json", Line: 11},
		},
		Comments: 1, Lines: 12, Expires: "2027-06-30T00:00:00Z", Languages: []string{"en", "de", "nb"},
		Problems: []securitytxt.Problem{{Code: "not_signed", Level: securitytxt.Recommendation}},
	}
	if d := cmp.Diff(want, f); d != "" {
		t.Errorf("facts (-want +got):\n%s", d)
	}
	raw, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	again := securitytxt.Reader.New()
	if err := json.Unmarshal(raw, again); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(any(f), again); d != "" {
		t.Errorf("through JSON (-want +got):\n%s", d)
	}
}

// The rows are the codes of sectxt 0.9.8 (README, "Possible errors",
// "Possible recommendations", "Possible notifications"), each with an input
// that gives it there. Those about the connection are left out.
func TestCodes(t *testing.T) {
	t.Parallel()
	signed, _ := signedWith(t, good)
	edit := func(s, old, new string) string {
		if !strings.Contains(s, old) {
			t.Fatalf("nothing to edit: %q", old)
		}
		return strings.Replace(s, old, new, 1)
	}
	var body []string // lines of the signature's base64
	for _, l := range strings.Split(signed[strings.Index(signed, "-----BEGIN PGP SIGNATURE-----"):], "\n")[1:] {
		if len(l) > 40 && !strings.HasPrefix(l, "-") {
			body = append(body, l)
		}
	}
	type row struct {
		name, content string
		code          string
		line          int
		level         securitytxt.Level
	}
	rows := []row{
		{"byte order mark", "\ufeff" + good, "bom_in_file", 0, securitytxt.Error},
		{"not UTF-8", good + "# \xff\n", "utf8", 0, securitytxt.Error},
		{"no Expires", edit(good, "Expires: 2027-06-30T00:00:00Z\n", ""), "no_expire", 0, securitytxt.Error},
		{"two Expires", good + "Expires: 2027-06-30T00:00:00Z\n", "multi_expire", 0, securitytxt.Error},
		{"Expires in words", edit(good, "2027-06-30T00:00:00Z", "next summer"), "invalid_expiry", 4, securitytxt.Error},
		{"Expires as in a mail", edit(good, "2027-06-30T00:00:00Z", "Thu, 15 Sep 2027 06:03:46 -0700"), "invalid_expiry", 4, securitytxt.Error},
		{"Expires without seconds", edit(good, "2027-06-30T00:00:00Z", "2027-06-30T00:00Z"), "invalid_expiry", 4, securitytxt.Error},
		{"Expires on no day", edit(good, "2027-06-30", "2027-06-31"), "invalid_expiry", 4, securitytxt.Error},
		{"Expires without zone", edit(good, "00:00:00Z", "00:00:00"), "invalid_expiry", 4, securitytxt.Error},
		{"no Contact", "Expires: 2027-06-30T00:00:00Z\nPolicy: https://nettle.example/p\n", "no_contact", 0, securitytxt.Error},
		{"two lists of languages", good + "Preferred-Languages: fr\n", "multi_lang", 0, securitytxt.Error},
		{"language by its name", edit(good, "en, de, nb", "English"), "invalid_lang", 7, securitytxt.Error},
		{"language left out", edit(good, "en, de, nb", "en,,de"), "invalid_lang", 7, securitytxt.Error},
		{"bare mail address", edit(good, "mailto:security@", "security@"), "no_uri", 2, securitytxt.Error},
		{"page without TLS", edit(good, "Policy: https:", "Policy: http:"), "no_https", 9, securitytxt.Error},
		{"advisories without TLS", edit(good, "CSAF: https:", "CSAF: http:"), "no_https", 11, securitytxt.Error},
		{"space before the colon", edit(good, "Policy:", "Policy :"), "prec_ws", 9, securitytxt.Error},
		{"no-break space before the colon", edit(good, "Policy:", "Policy\u00a0:"), "prec_ws", 9, securitytxt.Error},
		{"no space after the colon", edit(good, "Policy: ", "Policy:"), "no_space", 9, securitytxt.Error},
		{"no-break space after the colon", edit(good, "Policy: ", "Policy:\u00a0"), "no_space", 9, securitytxt.Error},
		{"no name", edit(good, "Policy: ", ": "), "empty_key", 9, securitytxt.Error},
		{"blank name", edit(good, "Policy: ", " : "), "empty_key", 9, securitytxt.Error},
		{"no value", edit(good, "Policy: https://nettle.example/security/policy", "Policy: "), "empty_value", 9, securitytxt.Error},
		{"prose", edit(good, "# How", "How"), "invalid_line", 1, securitytxt.Error},
		{"last line without end", strings.TrimSuffix(good, "\n"), "no_line_separators", 11, securitytxt.Error},
		{"line before the frame", "\n" + signed, "signed_format_issue", 2, securitytxt.Error},
		{"text after the frame", signed + "Contact: mailto:a@b.example\n", "data_after_sig", 0, securitytxt.Error},
		{"other CSAF file", edit(good, "provider-metadata.json", "feed.json"), "no_csaf_file", 0, securitytxt.Error},
		{"no frame of the signature", edit(signed, "-----BEGIN PGP SIGNATURE-----", ""), "pgp_data_error", 1, securitytxt.Error},
		{"frame twice", edit(signed, "-----BEGIN PGP SIGNATURE-----", "-----BEGIN PGP SIGNATURE-----\n-----BEGIN PGP SIGNATURE-----"), "pgp_data_error", 1, securitytxt.Error},
		{"base64 cut short", edit(signed, body[0], body[0][:17]), "pgp_error", 1, securitytxt.Error},
		{"base64 changed", edit(signed, body[0][:8], "AAAAAAAA"), "pgp_error", 1, securitytxt.Error},
		{"two empty lines at the end", signed + "\n", "too_many_line_separators", 0, securitytxt.Error},
		{"mail without key", edit(good, "Encryption: https://nettle.example/pgp-key.txt\n", ""), "no_encryption", 0, securitytxt.Recommendation},
		{"not signed", good, "not_signed", 0, securitytxt.Recommendation},
		{"signed for no place", edit(signed, "Canonical: https://nettle.example/.well-known/security.txt\n", ""), "no_canonical", 0, securitytxt.Recommendation},
		{"two CSAF", good + "CSAF: https://b.example/provider-metadata.json\n", "multiple_csaf_fields", 0, securitytxt.Recommendation},
		{"unknown field", good + "Last-Updated: 2026-01-01\n", "unknown_field", 12, securitytxt.Notification},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			f := mustRead(t, r.content)
			i := slices.IndexFunc(f.Problems, func(p securitytxt.Problem) bool { return p.Code == r.code })
			if i < 0 {
				t.Fatalf("no %s among %v", r.code, f.Problems)
			}
			p := f.Problems[i]
			if p.Level != r.level || r.line > 0 && p.Line != r.line {
				t.Errorf("got %v, want line %d, %s", p, r.line, r.level)
			}
		})
	}
}

func TestSigned(t *testing.T) {
	t.Parallel()
	signed, key := signedWith(t, good)
	f := mustRead(t, signed)
	if len(f.Problems) != 0 {
		t.Errorf("problems of a signed file: %v", f.Problems)
	}
	if !f.Signed || f.Signature == nil || f.Signature.Made != "2026-09-01" || len(f.Signature.KeyID) != 16 {
		t.Errorf("signature: %+v", f.Signature)
	}
	id, err := securitytxt.Verify([]byte(signed), []byte(key))
	if err != nil || id != f.Signature.KeyID {
		t.Errorf("Verify: %q, %v; want %q", id, err, f.Signature.KeyID)
	}
	forged := strings.Replace(signed, "security@nettle", "security@thistle", 1)
	if _, err := securitytxt.Verify([]byte(forged), []byte(key)); err == nil {
		t.Error("a changed text verifies")
	}
	for _, odd := range []string{"- list\n-----x\ntrailing  \t\n\n\nend\n", "no end", good + "\n\n"} {
		text, k := signedWith(t, odd)
		if _, err := securitytxt.Verify([]byte(text), []byte(k)); err != nil {
			t.Errorf("%q: %v", odd, err)
		}
		if _, err := securitytxt.Verify([]byte(strings.ReplaceAll(text, "\n", "\r\n")), []byte(k)); err != nil {
			t.Errorf("%q with CR LF: %v", odd, err)
		}
	}
	_, other := signedWith(t, good)
	if _, err := securitytxt.Verify([]byte(signed), []byte(other)); err == nil {
		t.Error("the signature of another key verifies")
	}
	for _, s := range []string{"", good, signed[:200]} {
		if _, err := securitytxt.Verify([]byte(s), []byte(key)); err == nil {
			t.Errorf("%.20q verifies", s)
		}
	}
	escaped := strings.Replace(signed, "Expires:", "- Expires:", 1)
	if f := mustRead(t, escaped); f.Expires != "2027-06-30T00:00:00Z" {
		t.Errorf("a dash-escaped Expires is not read: %v", f.Problems)
	}
}

func TestAt(t *testing.T) {
	t.Parallel()
	f := mustRead(t, good)
	for _, c := range []struct {
		day  iotmark.Date
		want []securitytxt.Problem
	}{
		{"2026-06-29", []securitytxt.Problem{{Code: "long_expiry", Line: 4, Level: securitytxt.Recommendation}}},
		{"2026-06-30", nil},
		{"2027-06-29", nil},
		{"2027-06-30", []securitytxt.Problem{{Code: "expired", Line: 4, Level: securitytxt.Error}}},
		{"2030-01-01", []securitytxt.Problem{{Code: "expired", Line: 4, Level: securitytxt.Error}}},
	} {
		if d := cmp.Diff(c.want, f.At(c.day)); d != "" {
			t.Errorf("At(%s) (-want +got):\n%s", c.day, d)
		}
	}
	if got := mustRead(t, "Contact: mailto:a@b.example\n").At("2030-01-01"); got != nil {
		t.Errorf("without Expires: %v", got)
	}
	for _, form := range []string{"2027-06-30t00:00:00z", "2027-06-30 00:00:00Z", "2027-06-30T02:00:00.5+02:00"} {
		f := mustRead(t, strings.Replace(good, "2027-06-30T00:00:00Z", form, 1))
		if f.Expires != "2027-06-30T00:00:00Z" {
			t.Errorf("%s: %q", form, f.Expires)
		}
	}
	if p := f.From("https://nettle.example/.well-known/security.txt"); p != nil {
		t.Errorf("from its place: %v", p)
	}
	if p := f.From("https://thistle.example/.well-known/security.txt"); len(p) != 1 || p[0].Code != "no_canonical_match" {
		t.Errorf("from another place: %v", p)
	}
}

func TestSniff(t *testing.T) {
	t.Parallel()
	signed, _ := signedWith(t, good)
	for _, c := range []struct {
		name, file, content string
		want                bool
	}{
		{"good", "security.txt", good, true},
		{"good under another name", "contact", good, true},
		{"signed", "x", signed, true},
		{"CR LF", "x", strings.ReplaceAll(good, "\n", "\r\n"), true},
		{"byte order mark", "x", "\ufeff" + good, true},
		{"only Expires", "x", "Expires: 2027-01-01T00:00:00Z\n", true},
		{"bare address under its name", "security.txt", "Contact: me@b.example\n", true},
		{"bare address", "notice.txt", "Contact: me@b.example\n", false},
		{"the name alone", "security.txt", "We take security seriously.\n", false},
		{"prose with a contact line", "notice.txt", "Privacy notice\nDate: 2026-08-20\nContact: mailto:privacy@nettle.example\nWe keep data for a year.\n", false},
		{"HTML", "security.txt", "<!doctype html><p>Contact: mailto:a@b.example</p>", false},
		{"zeros", "security.txt", "Contact: mailto:a@b.example\x00\n", false},
		{"empty", "security.txt", "", false},
	} {
		if got := securitytxt.Sniff(c.file, []byte(c.content)); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestHostile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, content string
		id            iotmark.ErrorID
	}{
		{"empty", "", "no-fields"},
		{"comments alone", "# a\n# b\n", "no-fields"},
		{"too large", strings.Repeat("Contact: mailto:a@b.example\n", 50_000), "too-large"},
		{"too many lines", strings.Repeat("\n", 300_000), "too-many"},
	} {
		_, err := read(t, c.content)
		if e, ok := errors.AsType[*iotmark.Error](err); !ok || e.ID != c.id {
			t.Errorf("%s: got %v, want %s", c.name, err, c.id)
		}
	}
	f := mustRead(t, "Contact: mailto:\x1b[31ma\u202e@b.example\nX: "+strings.Repeat("y", 100_000)+"\n")
	if got := f.Fields[0].Value; got != "mailto:[31ma@b.example" {
		t.Errorf("controls stay: %q", got)
	}
	if n := len(f.Fields[1].Value); n != 2000 {
		t.Errorf("a value of %d bytes is kept", n)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := securitytxt.Reader.Read(ctx, evidence.NewSource("security.txt", []byte(good)), evidence.DefaultLimits()); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled reading gives %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("\ufeff" + strings.ReplaceAll(good, "\n", "\r\n")))
	f.Add([]byte("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n- Contact: mailto:a@b.example\n-----BEGIN PGP SIGNATURE-----\n\nwpwEAQEIABAFAmTHcawJEDs4gPMoG10dAACN5wP/\n=DHXw\n-----END PGP SIGNATURE-----\n"))
	f.Add([]byte("Contact : http://[::\nExpires:2027-13-01T00:00:00Z\n:\n\xff\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		securitytxt.Sniff("security.txt", b[:min(len(b), evidence.SniffLen)])
		v, err := securitytxt.Reader.Read(context.Background(), evidence.NewSource("security.txt", b), evidence.DefaultLimits())
		if err != nil {
			if _, ok := errors.AsType[*iotmark.Error](err); !ok {
				t.Fatalf("an error without an id: %v", err)
			}
			return
		}
		facts := v.(*securitytxt.Facts)
		for _, p := range append(facts.Problems, facts.At("2026-11-20")...) {
			if p.Code == "" || p.Line > facts.Lines {
				t.Fatalf("a problem at no place: %+v", p)
			}
		}
		if _, err := json.Marshal(facts); err != nil {
			t.Fatal(err)
		}
		_, _ = securitytxt.Verify(b, b)
	})
}

func BenchmarkRead(b *testing.B) {
	for b.Loop() {
		if _, err := read(b, good); err != nil {
			b.Fatal(err)
		}
	}
}
