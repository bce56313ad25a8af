package advisory

import (
	"net/url"
	"regexp"
	"strings"
)

// 6.1.13 PURL.
func purlInvalid(d *doc) {
	for p, n := range d.products() {
		if x := n.Path("product_identification_helper", "purl"); x != nil && !isPURL(str(x)) {
			d.tell(x, p+"/product_identification_helper/purl", "")
		}
	}
}

var (
	purlType = regexp.MustCompile(`^[A-Za-z.\-][A-Za-z0-9.\-]*$`)
	purlKey  = regexp.MustCompile(`^[A-Za-z.\-_][A-Za-z0-9.\-_]*$`)
)

// isPURL reports whether s is a package URL
// (pkg:type/namespace/name@version?qualifiers#subpath, ECMA-427, 5). What
// single types ask for beyond that is not looked at.
func isPURL(s string) bool {
	rest, ok := cutScheme(s)
	if !ok {
		return false
	}
	rest, subpath, has := cutLast(rest, "#")
	if has && !segments(strings.Trim(subpath, "/"), true) {
		return false
	}
	rest, qualifiers, has := cutLast(rest, "?")
	if has && !qualified(qualifiers) {
		return false
	}
	kind, rest, ok := strings.Cut(strings.TrimLeft(rest, "/"), "/")
	if !ok || !purlType.MatchString(kind) {
		return false
	}
	rest = strings.Trim(rest, "/")
	// The version stands after the last @ that is not the first character of
	// a name, where some write the scope of npm without encoding it.
	if i := strings.LastIndex(rest, "@"); i > 0 && !strings.Contains(rest[i:], "/") {
		if rest[i-1] == '/' {
			return false // a version and no name before it
		}
		if v, err := url.PathUnescape(rest[i+1:]); err != nil || v == "" {
			return false
		}
		rest = rest[:i]
	} else if i == 0 && !strings.Contains(rest, "/") {
		return false
	}
	return rest != "" && segments(rest, false)
}

func cutScheme(s string) (string, bool) {
	if len(s) < 4 || !strings.EqualFold(s[:4], "pkg:") {
		return "", false
	}
	return s[4:], true
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// segments reports whether each part between slashes is encoded well, and
// none is empty; in a subpath none is a dot or two.
func segments(s string, subpath bool) bool {
	for part := range strings.SplitSeq(s, "/") {
		p, err := url.PathUnescape(part)
		if err != nil || p == "" || subpath && (p == "." || p == "..") {
			return false
		}
	}
	return true
}

// qualified reports whether the qualifiers are pairs with keys that stand
// once.
func qualified(s string) bool {
	seen := map[string]bool{}
	for pair := range strings.SplitSeq(s, "&") {
		key, val, ok := strings.Cut(pair, "=")
		key = strings.ToLower(key)
		if _, err := url.PathUnescape(val); err != nil || !ok || !purlKey.MatchString(key) || seen[key] {
			return false
		}
		seen[key] = true
	}
	return true
}
