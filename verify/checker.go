package verify

import (
	"bytes"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/open-iot-mark/iotmark"
)

// checker looks at the members of one body, and keeps the first that is not
// as it must be.
type checker struct {
	typ    Type
	err    error
	parsed []*Key // that it looked at
}

func (c *checker) bad(field, why string) {
	if c.err == nil {
		c.err = &iotmark.Error{Kind: iotmark.Unverified, ID: "body-wrong", Field: field,
			Msg: "the body of this " + string(c.typ) + " is not as it must be: " + field + " " + why}
	}
}

func (c *checker) that(field string, ok bool, why string) {
	if !ok {
		c.bad(field, why)
	}
}

func (c *checker) digest(field string, d iotmark.Digest) {
	c.that(field, isDigest(d), "is not 64 small hexadecimal digits")
}

func (c *checker) date(field string, d iotmark.Date) {
	_, err := iotmark.ParseDate(string(d))
	c.that(field, err == nil && d >= "2000", "is not a day such as 2033-12-31")
}

func (c *checker) count(field string, n, least, most int64) {
	c.that(field, n >= least && n <= most, "is too small or too large")
}

// label is a name of something: one short line.
func (c *checker) label(field, s string) { c.text(field, s, maxLabel) }

// words are a text for people: one paragraph.
func (c *checker) words(field, s string) { c.text(field, s, maxWords) }

func (c *checker) text(field, s string, most int) {
	switch {
	case s == "" || s != strings.TrimSpace(s):
		c.bad(field, "must be there, without space around it")
	case len(s) > most:
		c.bad(field, "is too long")
	case !plain(s):
		c.bad(field, "has a character that is not seen, ends a line or turns the writing round")
	case HasMail(s):
		c.bad(field, "has a mail address in it; what is in the log stays for ever, and no person may be named there")
	}
}

// plain reports whether a text has only characters that are seen as they
// stand: no controls, no marks of direction, no line and paragraph ends, no
// placeholders. The ranges are written out, so that they are the same in
// every implementation and do not change with Unicode's version.
func plain(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		switch {
		case r < 0x20, r >= 0x7f && r <= 0x9f, r == 0xad, r == 0x61c, r == 0x180e,
			r == 0x200b, r == 0x200e, r == 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2060 && r <= 0x206f,
			r >= 0xe000 && r <= 0xf8ff, r == 0xfeff, r >= 0xfff0 && r <= 0xffff, r >= 0xe0000:
			return false
		}
	}
	return true
}

// HasMail reports whether something in a text looks like a mail address: an
// @ with a character before it, and after it a word with a dot inside. Such a
// text is refused wherever it stands in an entry.
func HasMail(s string) bool {
	for {
		i := strings.IndexByte(s, '@')
		if i < 0 {
			return false
		}
		word, _, _ := strings.Cut(s[i+1:], " ")
		dot := strings.IndexByte(word, '.')
		if i > 0 && s[i-1] != ' ' && dot > 0 && dot < len(word)-1 {
			return true
		}
		s = s[i+1:]
	}
}

// mails looks through all texts of a body of canonical JSON that has more
// members than are read. The type of a security key is no address.
func (c *checker) mails(raw []byte) {
	if bytes.IndexByte(raw, '@') < 0 {
		return
	}
	for i := 0; i < len(raw); i++ {
		if raw[i] != '"' {
			continue
		}
		from := i + 1
		for i++; i < len(raw) && raw[i] != '"'; i++ {
			if raw[i] == '\\' {
				i++
			}
		}
		if s := string(raw[from:min(i, len(raw))]); HasMail(strings.TrimPrefix(s, sshSecure+" ")) {
			c.bad("a text", "has a mail address in it; what is in the log stays for ever, and no person may be named there")
		}
	}
}

// id is a name of things in addresses and in URNs.
func (c *checker) id(field, s string) {
	c.that(field, isWord(s), "is not an id: small letters, digits and single hyphens between them, at most 64")
}

// isWord reports whether s is an id: small letters, digits and hyphens
// inside, at most 64. It is also a label of a domain (RFC 1123, 2.1).
func isWord(s string) bool {
	if s == "" || len(s) > 64 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-') {
			return false
		}
	}
	return true
}

func (c *checker) domain(field, s string) {
	c.that(field, IsDomain(s), "is not a domain such as maker.example, in small letters")
}

// IsDomain reports whether a name may stand in a key's name and in a URN: a
// domain of letters, digits, hyphens and dots, with at least one dot
// (RFC 1123, 2.1), in small letters, and no address of the internet protocol.
func IsDomain(s string) bool {
	if len(s) > 253 || !strings.Contains(s, ".") {
		return false
	}
	if _, err := netip.ParseAddr(s); err == nil {
		return false
	}
	for l := range strings.SplitSeq(s, ".") {
		if len(l) > 63 || !isWord(l) {
			return false
		}
	}
	return true
}

// origin is the name of a log: a URL without its scheme
// (c2sp.org/tlog-checkpoint).
func (c *checker) origin(field, s string) {
	c.that(field, len(s) <= maxLabel && isName(s) && plain(s), "is not the origin of a log")
}

func (c *checker) checkpoint(field string, p Checkpoint) {
	c.origin(field+".origin", p.Origin)
	c.digest(field+".root", p.Root)
	c.count(field+".size", p.Size, 1, maxCount)
}

func (c *checker) document(field string, d Document) {
	c.digest(field+".sha256", d.SHA256)
	c.count(field+".size", d.Size, 1, maxCount)
}

func (c *checker) edition(field string, e iotmark.Edition) {
	year, n, ok := strings.Cut(string(e), ".")
	c.that(field, ok && len(year) == 4 && year[:2] == "20" && isDigits(year) && n != "" && len(n) <= 4 && isDigits(n), "is not an edition such as 2026.1")
}

func isDigits(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

// lei is a legal entity identifier (ISO 17442-1), whose last two digits check
// the others (ISO/IEC 7064, MOD 97-10); it may be missing.
func (c *checker) lei(field, s string) {
	c.that(field, s == "" || isLEI(s), "is not a legal entity identifier, or its last two digits do not fit the others")
}

func isLEI(s string) bool {
	if len(s) != 20 {
		return false
	}
	rest := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			rest = (rest*10 + int(c-'0')) % 97
		case c >= 'A' && c <= 'Z' && i < 18:
			rest = (rest*100 + int(c-'A') + 10) % 97
		default:
			return false
		}
	}
	return rest == 1
}

// isGTIN14 reports whether s is a GTIN-14 (GS1 General Specifications, 7.9.1).
func isGTIN14(s string) bool {
	return len(s) == 14 && isDigits(s) && iotmark.GTINDigit(s) == s[13:]
}

// sorted looks at a list in which nothing stands twice.
func sorted(c *checker, field string, list []string, item func(string)) {
	c.that(field, len(list) <= maxList, "is too long a list")
	for i, s := range list {
		c.that(field, i == 0 || list[i-1] < s, "is not sorted, or has something twice")
		if c.err == nil {
			item(s)
		}
	}
}

// keys looks at a list of keys: sorted by name, each name and each key once,
// each with one of the roles.
func (c *checker) keys(field string, keys []KeyEntry, roles ...Role) {
	c.that(field, len(keys) > 0 && len(keys) <= maxKeys, "must list 1 to 300 keys")
	seen := map[string]bool{}
	for i, k := range keys {
		if c.err != nil {
			return
		}
		c.that(field, i == 0 || keys[i-1].Name < k.Name, "is not sorted by name, or has a name twice")
		c.that(field, !seen[k.Key], "has one key under two names")
		seen[k.Key] = true
		c.that(field, slices.Contains(roles, k.Role), "has a key of a role that does not belong here: "+strconv.Quote(clip(string(k.Role))))
		key, err := ParseKey(k)
		if err != nil {
			c.bad(field, "has a key that cannot be used: "+strconv.Quote(clip(k.Name))+": "+err.Error())
			return
		}
		c.parsed = append(c.parsed, key)
	}
}
