package advisory

import (
	"net/url"
	"strings"
	"time"

	"github.com/open-iot-mark/iotmark/internal/pattern"
)

// A form is what a text must look like.
type form struct {
	example string // to write it like
	fits    func(string) bool
}

func shaped(example, expr string) *form {
	return &form{example, pattern.New(expr).MatchString}
}

// The forms of CSAF 2.0. ECMAScript's \s and \S know the spaces of Unicode,
// RE2's do not, so that they are named here.
var (
	uriForm  = &form{"https://your-domain/page", isURI}
	timeForm = &form{"2026-10-02T10:00:00Z", func(s string) bool { _, ok := instant(s); return ok }}

	jsonForm       = &form{"https://your-domain/csaf/feed.json", func(s string) bool { return isURI(s) && strings.HasSuffix(s, ".json") }}
	providerForm   = &form{"https://your-domain/.well-known/csaf/provider-metadata.json", func(s string) bool { return isURI(s) && strings.HasSuffix(s, "/provider-metadata.json") }}
	aggregatorForm = &form{"https://your-domain/.well-known/csaf-aggregator/aggregator.json", func(s string) bool { return isURI(s) && strings.HasSuffix(s, "/aggregator.json") }}

	categoryForm = shaped("csaf_security_advisory", `^[^\s\p{Z}\x{feff}\-_.](.*[^\s\p{Z}\x{feff}\-_.])?$`)
	trackingForm = shaped("ABC-2026-001", `^[^\s\p{Z}\x{feff}](.*[^\s\p{Z}\x{feff}])?$`)
	versionForm  = shaped("1 or 1.0.0", `^(0|[1-9][0-9]*)$|^((0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)`+
		`(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?`+
		`(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?)$`)
	cveForm         = shaped("CVE-2026-12345", `^CVE-[0-9]{4}-[0-9]{4,}$`)
	cweForm         = shaped("CWE-79", `^CWE-[1-9]\d{0,5}$`)
	hashForm        = shaped("e3b0c44298fc1c149afbf4c8996fb924", `^[0-9a-fA-F]{32,}$`)
	fingerprintForm = shaped("8F5F267907B2C4559DB360DB2294BA7D2B2298B1", `^[0-9a-fA-F]{40,}$`)
	languageForm    = shaped("en-GB", `^(([A-Za-z]{2,3}(-[A-Za-z]{3}(-[A-Za-z]{3}){0,2})?|[A-Za-z]{4,8})(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?`+
		`(-([A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*(-[A-WY-Za-wy-z0-9](-[A-Za-z0-9]{2,8})+)*(-[Xx](-[A-Za-z0-9]{1,8})+)?`+
		`|[Xx](-[A-Za-z0-9]{1,8})+|[Ii]-[Dd][Ee][Ff][Aa][Uu][Ll][Tt]|[Ii]-[Mm][Ii][Nn][Gg][Oo])$`)

	purlPattern = pattern.New(`^pkg:[A-Za-z.\-+][A-Za-z0-9.\-+]*/.+`)
	purlForm    = &form{"pkg:generic/openssl@3.0.2", func(s string) bool { return purlPattern.MatchString(s) && isURI(s) }}

	// CPE 2.3 as a formatted string or a URI (NISTIR 7695, 6.1 and 6.2).
	cpeForm = shaped("cpe:2.3:o:maker:product:1.0:*:*:*:*:*:*:*", `^(cpe:2\.3:[aho*\-](:(`+cpePart+`|[*\-])){5}(:(([a-zA-Z]{2,3}(-([a-zA-Z]{2}|[0-9]{3}))?)|[*\-]))(:(`+cpePart+`|[*\-])){4})`+
		`|([c][pP][eE]:/[AHOaho]?(:[A-Za-z0-9._\-~%]*){0,6})$`)
)

const cpePart = `((\?*|\*?)([a-zA-Z0-9\-._]|(\\[\\*?!"#$%&'()+,/:;<=>@\[\]^` + "`" + `{|}~]))+(\?*|\*?))`

var (
	uriPattern  = pattern.New(`^[A-Za-z][A-Za-z0-9+.\-]*:(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*$`)
	timePattern = pattern.New(`^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$`)
)

// isURI reports whether s is a URI with a scheme (RFC 3986, section 3).
func isURI(s string) bool {
	if !uriPattern.MatchString(s) {
		return false
	}
	u, err := url.Parse(s)
	return err == nil && u.IsAbs()
}

// instant reads a date-time (RFC 3339, section 5.6). A leap second counts as
// the second before it.
func instant(s string) (time.Time, bool) {
	if !timePattern.MatchString(s) {
		return time.Time{}, false
	}
	s = strings.ToUpper(s)
	if s[17:19] == "60" {
		s = s[:17] + "59" + s[19:]
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	return t, err == nil
}
