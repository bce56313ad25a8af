package datasecurity

import (
	"cmp"
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence/firmware"
)

var images = check.Need{Kinds: []iotmark.EvidenceKind{iotmark.KindFirmwareImage}, Reader: "firmware"}

// PasswordHashes looks how passwords of accounts are kept in the image.
var PasswordHashes = check.Check{
	ID:      "data-security.password-hashes",
	Version: 1,
	Title:   "Passwords in the image are kept as slow salted hashes",
	What: "Reads the scheme of each password hash in the accounts of the image. It passes when all are slow: SHA-256 or SHA-512 crypt, bcrypt, scrypt or yescrypt. " +
		"DES, MD5 and other fast schemes fail, and so does a password in the open.",
	Why:     "A fast hash is undone at billions of tries a second, so whoever has the image soon has the password, and a system that writes fast hashes writes them for its users too.",
	Satisfy: "Set the system to yescrypt or SHA-512 (BusyBox: CONFIG_FEATURE_DEFAULT_PASSWD_ALGO=\"sha512\"; PAM: pam_unix yescrypt), and lock accounts that need no password.",
	Limits: "It sees the accounts of the operating system in the image. How the cloud, the app and web pages keep passwords is not seen. It reads the scheme and not the password; " +
		"whether the password is a known one is another check. A hash counts whatever the shell of its account, since FTP, web pages and file sharing ask for it too.",
	Cites: []string{
		"ETSI EN 303 645 V3.1.3, provision 5.1-3",
		"NIST SP 800-63B-4, 3.1.1.2 (storing passwords)",
		"OWASP ISVS 1.0, 2.1.5",
		"crypt(5), libxcrypt",
	},
	Certainty: check.Sure,
	Reads:     []check.Need{images},
	Run:       passwordHashes,
}

// slow are the schemes that cost on purpose; fast those that do not.
var (
	slow = []string{"sha256", "sha512", "bcrypt", "scrypt", "yescrypt", "gost-yescrypt"}
	fast = []string{"des", "bsdi", "md5", "nt", "sunmd5", "sha1"}
)

const id = "data-security.password-hashes"

func passwordHashes(in check.Input) []iotmark.Finding {
	var out []iotmark.Finding
	for _, r := range check.Facts[*firmware.Facts](in, images) {
		out = append(out, hashesOf(r)...)
	}
	return out
}

func hashesOf(r check.Read[*firmware.Facts]) []iotmark.Finding {
	basis, image := []iotmark.EvidenceID{r.ID}, cmp.Or(r.Title, string(r.ID))
	switch f := r.Facts; {
	case f.Opaque:
		return []iotmark.Finding{check.CannotTell(id+".opaque", basis, "image", image, "format", f.OpaqueAs)}
	case f.Totals.Accounts == 0:
		return []iotmark.Finding{check.CannotTell(id+".no-accounts", basis, "image", image)}
	}
	sort := map[string][]firmware.Account{}
	for _, a := range r.Facts.Accounts {
		switch {
		case a.Login && a.Password == firmware.Plain:
			sort["plain"] = append(sort["plain"], a)
		case a.Login && a.Password == firmware.Elsewhere:
			sort["elsewhere"] = append(sort["elsewhere"], a)
		case a.Password == firmware.Hashed && slices.Contains(fast, a.Scheme):
			sort["fast"] = append(sort["fast"], a)
		case a.Password == firmware.Hashed && slices.Contains(slow, a.Scheme):
			sort["slow"] = append(sort["slow"], a)
		case a.Password == firmware.Hashed:
			sort["unknown"] = append(sort["unknown"], a)
		}
	}
	var out []iotmark.Finding
	say := func(what string, make func(iotmark.MessageID, []iotmark.EvidenceID, ...string) iotmark.Finding) {
		list := sort[what]
		if len(list) == 0 {
			return
		}
		var names, schemes []string
		for _, a := range list {
			names = append(names, a.Name)
			if a.Scheme != "" && !slices.Contains(schemes, a.Scheme) {
				schemes = append(schemes, a.Scheme)
			}
		}
		f := make(iotmark.MessageID(id+"."+what), basis, "image", image, "n", check.N(len(list)), "names", check.List(names), "schemes", strings.Join(schemes, ", "))
		for _, a := range list[:min(len(list), check.Shown)] {
			p := a.Place
			if a.Hash != nil {
				p = *a.Hash
			}
			f.Places = append(f.Places, iotmark.Place{Evidence: r.ID, Path: p.Path, Line: p.Line})
		}
		out = append(out, f)
	}
	say("plain", check.Fail)
	say("fast", check.Fail)
	say("unknown", check.CannotTell)
	say("elsewhere", check.CannotTell)
	if len(out) == 0 {
		say("slow", check.Pass)
	}
	if r.Facts.Totals.Accounts > len(r.Facts.Accounts) {
		out = append(out, check.CannotTell(id+".too-many", basis, "image", image, "n", check.N(r.Facts.Totals.Accounts), "read", check.N(len(r.Facts.Accounts))))
	}
	if len(out) == 0 {
		out = append(out, check.DoesNotApply(id+".locked", basis, "image", image))
	}
	return out
}
