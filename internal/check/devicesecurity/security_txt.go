package devicesecurity

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence/securitytxt"
)

var securityTexts = check.Need{
	Kinds:  []iotmark.EvidenceKind{iotmark.KindWebPage, iotmark.KindDocument},
	Reader: "securitytxt",
}

// SecurityTxt looks whether security.txt is valid, current, and says the same
// as the declaration.
var SecurityTxt = check.Check{
	ID:      "device-security.security-txt",
	Version: 1,
	Title:   "security.txt is valid and current",
	What: "Reads each security.txt after RFC 9116, with the errors that the validator sectxt names. It passes when there is a contact that finders can reach, " +
		"one Expires that has not passed, no error, a canonical address on the maker's domain where there is one, and the contact and policy of the declaration are in it.",
	Why: "Finders of weaknesses look there first. Without it they go silent, go public, or sell what they know.",
	Satisfy: "Serve at https://your-domain/.well-known/security.txt a file with \"Contact: mailto:security@your-domain\" and \"Expires:\" with a time within a year, " +
		"and put a date in the calendar to renew it.",
	Limits: "It reads the copy in the dossier and does not fetch the page, so it does not see where and how it is served. It does not try whether somebody answers. " +
		"A signature is read but not verified, for the key is not in the file. Whether the policy names answer times and promises not to pursue finders is not looked at here.",
	Cites: []string{
		"RFC 9116, sections 2.3 to 2.6",
		"ISO/IEC 29147:2018, 6.2 and 6.3",
		"ETSI EN 303 645 V3.1.3, provision 5.2-1",
	},
	Certainty: check.Sure,
	Reads:     []check.Need{securityTexts},
	Run:       securityTxt,
}

// txtErrors are the errors of sectxt that the reader finds; each has its
// sentence. Their codes are written with hyphens in message ids.
var txtErrors = []string{
	"bom_in_file", "utf8", "no_expire", "multi_expire", "invalid_expiry", "expired", "no_contact", "multi_lang", "invalid_lang", "no_uri", "no_https",
	"prec_ws", "no_space", "empty_key", "empty_value", "invalid_line", "no_line_separators", "signed_format_issue", "data_after_sig", "no_csaf_file",
	"pgp_data_error", "pgp_error", "pgp_signature_error", "too_many_line_separators", "no_canonical_match",
}

// txtAdvice are what could be better and breaks no rule.
var txtAdvice = []string{"long_expiry", "no_encryption", "not_signed", "no_canonical", "multiple_csaf_fields", "unknown_field"}

func securityTxt(in check.Input) []iotmark.Finding {
	var out []iotmark.Finding
	for _, r := range check.Facts[*securitytxt.Facts](in, securityTexts) {
		out = append(out, txt(in, r)...)
	}
	return out
}

// txt looks at one file. Errors come first, one finding for each code; what
// could be better is told as passed.
func txt(in check.Input, r check.Read[*securitytxt.Facts]) []iotmark.Finding {
	f, d, basis := r.Facts, in.Declaration, []iotmark.EvidenceID{r.ID}
	problems := slices.Concat(f.Problems, f.At(in.AsOf))
	if r.URL != "" {
		problems = append(problems, f.From(r.URL)...)
	}
	var out, advice []iotmark.Finding
	seen := map[string]int{} // code -> index into out or advice
	for _, p := range problems {
		var list *[]iotmark.Finding
		find := check.Fail
		switch {
		case slices.Contains(txtErrors, p.Code):
			list = &out
		case slices.Contains(txtAdvice, p.Code):
			list, find = &advice, check.Pass
		default:
			continue
		}
		i, ok := seen[p.Code]
		if !ok {
			i = len(*list)
			seen[p.Code] = i
			*list = append(*list, find(txtMessage(p.Code), basis, "file", r.Title, "date", expiry(f)))
		}
		if x := &(*list)[i]; len(x.Places) < 5 {
			x.Places = append(x.Places, at(r.ID, f, p.Line))
		}
	}
	out = append(out, contacts(d, r)...)
	out = append(out, canonical(d, r)...)
	if len(out) == 0 {
		p := check.Pass("device-security.security-txt.sound", basis, "file", r.Title, "contact", f.All("contact")[0].Value, "date", expiry(f))
		p.Places = []iotmark.Place{at(r.ID, f, f.All("contact")[0].Line)}
		out = append(out, p)
		if f.Signature != nil {
			out = append(out, check.Pass("device-security.security-txt.signed", basis, "file", r.Title, "key", f.Signature.KeyID))
		}
	}
	return append(out, advice...)
}

func txtMessage(code string) iotmark.MessageID {
	return iotmark.MessageID("device-security.security-txt." + strings.ReplaceAll(code, "_", "-"))
}

// expiry returns the day on which the file expires.
func expiry(f *securitytxt.Facts) string {
	if t := f.ExpiresAt(); !t.IsZero() {
		return string(iotmark.DateOf(t))
	}
	return ""
}

func at(id iotmark.EvidenceID, f *securitytxt.Facts, line int) iotmark.Place {
	p := iotmark.Place{Evidence: id, Line: line}
	for _, x := range f.Fields {
		if x.Line == line && line > 0 {
			p.Quote = check.Quote(x.Name + ": " + x.Value)
		}
	}
	return p
}

// contacts looks whether a finder can reach each contact, and whether the
// contact and the policy of the declaration are among those of the file.
func contacts(d *iotmark.Declaration, r check.Read[*securitytxt.Facts]) []iotmark.Finding {
	const id = "device-security.security-txt."
	f, basis := r.Facts, []iotmark.EvidenceID{r.ID}
	var out []iotmark.Finding
	for _, c := range f.All("contact") {
		why := unreachable(c.Value)
		if why == "" {
			continue
		}
		x := check.Fail(iotmark.MessageID(id+why), basis, "file", r.Title, "contact", c.Value)
		x.Places = []iotmark.Place{at(r.ID, f, c.Line)}
		out = append(out, x)
	}
	for _, c := range []struct{ field, declared, message string }{
		{"contact", d.Contacts.Security, "contact-differs"},
		{"policy", d.Contacts.SecurityPolicy, "policy-differs"},
	} {
		fields := f.All(c.field)
		if c.declared == "" || len(fields) == 0 || slices.ContainsFunc(fields, func(x securitytxt.Field) bool { return same(x.Value, c.declared) }) {
			continue
		}
		x := check.Fail(iotmark.MessageID(id+c.message), basis, "file", r.Title, "declared", c.declared, "found", fields[0].Value)
		for _, y := range fields[:min(len(fields), 5)] {
			x.Places = append(x.Places, at(r.ID, f, y.Line))
		}
		out = append(out, x)
	}
	return out
}

var mailbox = regexp.MustCompile(`^[^\s@<>"(),:;]+@((?:[\pL\pN-]+\.)+[\pL\pN-]+)$`)

// unreachable returns why nobody can be reached at a contact: the message to
// tell, or nothing. Addresses without a scheme and without TLS are errors of
// the file already.
func unreachable(contact string) string {
	u, err := url.Parse(contact)
	if err != nil {
		return "contact-malformed"
	}
	host := u.Hostname()
	switch strings.ToLower(u.Scheme) {
	case "mailto":
		to, err := url.PathUnescape(u.Opaque)
		if err != nil {
			return "contact-malformed"
		}
		// RFC 6068, 2: several addresses may stand there, with commas.
		first, _, _ := strings.Cut(to, ",")
		m := mailbox.FindStringSubmatch(first)
		if m == nil {
			return "contact-malformed"
		}
		host = m[1]
	case "tel":
		// RFC 3966, 3: digits with visual separators; parameters may follow.
		n, _, _ := strings.Cut(u.Opaque, ";")
		if digits := strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return r
			}
			return -1
		}, n); len(digits) < 3 || strings.Trim(n, "+0123456789-.()") != "" {
			return "contact-malformed"
		}
		return ""
	case "https":
	case "", "http":
		return ""
	default:
		return "contact-scheme"
	}
	if host == "" {
		return "contact-malformed"
	}
	if placeholder(host) {
		return "contact-placeholder"
	}
	return ""
}

// placeholder reports whether a host is one that guides use, or one that
// nobody outside can reach (RFC 2606, 3; RFC 6761; RFC 1918).
func placeholder(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsPrivate() || ip.IsLoopback() || ip.IsUnspecified() || ip.IsLinkLocalUnicast()
	}
	for _, d := range []string{"example.com", "example.org", "example.net", "localhost", "invalid", "test", "local"} {
		if host == d || strings.HasSuffix(host, "."+d) {
			return true
		}
	}
	return !strings.Contains(host, ".")
}

// same compares two addresses after RFC 3986, 6.2.2: scheme and host in any
// case, a slash at the end or not, mail addresses in any case.
func same(a, b string) bool { return normal(a) == normal(b) }

func normal(s string) string {
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil {
		return s
	}
	switch u.Scheme {
	case "mailto":
		to, _, _ := strings.Cut(u.Opaque, "?")
		if p, err := url.PathUnescape(to); err == nil {
			to = p
		}
		return "mailto:" + strings.ToLower(to)
	case "tel":
		return "tel:" + strings.Map(func(r rune) rune {
			if strings.ContainsRune("-.()", r) {
				return -1
			}
			return r
		}, u.Opaque)
	}
	u.Host = strings.TrimPrefix(strings.ToLower(u.Host), "www.")
	u.Path = strings.TrimSuffix(u.Path, "/")
	u.RawPath, u.Fragment = "", ""
	return u.String()
}

// canonical looks whether the canonical addresses are on the maker's domain.
func canonical(d *iotmark.Declaration, r check.Read[*securitytxt.Facts]) []iotmark.Finding {
	own := domain(d.Maker.Website)
	if own == "" {
		return nil
	}
	fields := r.Facts.All("canonical")
	if len(fields) == 0 || slices.ContainsFunc(fields, func(x securitytxt.Field) bool { return domain(x.Value) == own }) {
		return nil
	}
	x := check.Fail("device-security.security-txt.canonical-elsewhere", []iotmark.EvidenceID{r.ID}, "file", r.Title, "found", fields[0].Value, "domain", own)
	x.Places = []iotmark.Place{at(r.ID, r.Facts, fields[0].Line)}
	return []iotmark.Finding{x}
}

// domain returns the registrable domain of an address, as far as it can be
// told without the list of public suffixes: the last two labels of the host,
// and three where the last two look like co.uk or com.au. (The package with
// the list pulls a network client into the program, which a check must not.)
func domain(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" {
		return ""
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if _, err := netip.ParseAddr(host); err == nil {
		return host
	}
	labels := strings.Split(host, ".")
	n := 2
	if k := len(labels); k > 2 && len(labels[k-1]) == 2 && len(labels[k-2]) <= 3 {
		n = 3
	}
	return strings.Join(labels[max(0, len(labels)-n):], ".")
}
