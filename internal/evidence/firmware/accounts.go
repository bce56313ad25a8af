package firmware

import (
	"bytes"
	_ "embed"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/GehirnInc/crypt"
	_ "github.com/GehirnInc/crypt/md5_crypt"
	_ "github.com/GehirnInc/crypt/sha256_crypt"
	_ "github.com/GehirnInc/crypt/sha512_crypt"
	"golang.org/x/crypto/bcrypt"
)

//go:embed passwords.txt
var passwordsText string

// passwords is the list of well-known defaults, without the account's name.
var passwords = func() []string {
	out := []string{""}
	for l := range strings.Lines(passwordsText) {
		if l = strings.TrimSpace(l); l != "" && !strings.HasPrefix(l, "#") {
			out = append(out, l)
		}
	}
	return out
}()

// noLogin are shells that let nobody in, by base name.
var noLogin = []string{"false", "nologin", "true", "sync", "halt", "shutdown", "reboot", "poweroff", "null", "usernetctl"}

// accounts reads passwd and shadow of one root.
func (a *analysis) accounts(root *Root) {
	passwd, at, ok := a.t.read(root.Prefix, "etc/passwd")
	if !ok {
		return
	}
	root.Passwd = true
	shadow, shadowAt, hasShadow := a.t.read(root.Prefix, "etc/shadow")
	root.Shadow = hasShadow
	type line struct {
		n    int
		hash string
	}
	hashes := map[string]line{}
	n := 0
	for l := range bytes.Lines(shadow) {
		n++
		if f := strings.Split(strings.TrimRight(string(l), "\r\n"), ":"); len(f) >= 2 && len(f) <= 9 && f[0] != "" {
			if _, twice := hashes[f[0]]; !twice { // the first line counts, as in getspnam(3)
				hashes[f[0]] = line{n, f[1]}
			}
		}
	}
	n = 0
	for l := range bytes.Lines(passwd) {
		n++
		// Lines of another shape are comments or samples, not accounts.
		f := strings.Split(strings.TrimRight(string(l), "\r\n"), ":")
		if len(f) != 7 || f[0] == "" || strings.HasPrefix(f[0], "#") {
			continue
		}
		acc := Account{Name: cut(f[0], 64), Shell: cut(f[6], 128), UID: -1, Place: Place{at, n}, Prefix: root.Prefix}
		if id, err := strconv.ParseUint(f[2], 10, 31); err == nil {
			acc.UID = int(id)
		}
		acc.Login = !slices.Contains(noLogin, path.Base(f[6]))
		hash := f[1]
		switch s, there := hashes[f[0]]; {
		case hash == "x" && there:
			hash, acc.Hash = s.hash, &Place{shadowAt, s.n}
			a.judge(&acc, f[0], hash)
		case hash == "x" && hasShadow:
			acc.Password = Missing
		case hash == "x":
			acc.Password = Elsewhere
		default:
			a.judge(&acc, f[0], hash)
		}
		add(&a.f.Accounts, &a.f.Totals.Accounts, maxAccounts, acc)
	}
}

func cut(s string, n int) string {
	if s = show(s); len(s) > n {
		s = strings.ToValidUTF8(s[:n], "")
	}
	return s
}

// schemes by the prefix of crypt(5).
var schemes = []struct{ prefix, name string }{
	{"$1$", "md5"}, {"$2a$", "bcrypt"}, {"$2b$", "bcrypt"}, {"$2x$", "bcrypt"}, {"$2y$", "bcrypt"}, {"$5$", "sha256"}, {"$6$", "sha512"},
	{"$7$", "scrypt"}, {"$y$", "yescrypt"}, {"$gy$", "gost-yescrypt"}, {"$sha1", "sha1"}, {"$3$", "nt"}, {"$md5", "sunmd5"}, {"_", "bsdi"},
}

// judge says what the hash field of an account means, and tries the list.
func (a *analysis) judge(acc *Account, name, hash string) {
	switch {
	case hash == "":
		acc.Password = Empty
		return
	case strings.HasPrefix(hash, "!"), strings.HasPrefix(hash, "*"), hash == "x", hash == "LK", hash == "NP", hash == "*LK*":
		acc.Password = Locked
		return
	}
	acc.Password, acc.Scheme = Hashed, "unknown"
	for _, s := range schemes {
		if strings.HasPrefix(hash, s.prefix) {
			acc.Scheme = s.name
			break
		}
	}
	if acc.Scheme == "bsdi" && len(hash) != 20 {
		acc.Scheme = "unknown"
	}
	if acc.Scheme == "unknown" && len(hash) == 13 && strings.Trim(hash, cryptDigits) == "" {
		acc.Scheme = "des"
	}
	if acc.Scheme == "unknown" && !strings.ContainsAny(hash, "$*!") {
		// No scheme writes this. A login with it fails, but a password that
		// stands in the open is known to whoever has the image.
		acc.Password, acc.Scheme = Plain, ""
		return
	}
	if acc.Login {
		a.try(acc, name, hash)
	}
}

// Work is counted in units of about a millisecond on a small machine, so that
// the same image gives the same answer everywhere. maxWork bounds one image.
const (
	maxWork   = 8_000
	maxRounds = 100_000
	maxCost   = 12
)

// try hashes the list of defaults the account's way.
func (a *analysis) try(acc *Account, name, hash string) {
	var unit int // work of one try
	var fits func(string) bool
	switch acc.Scheme {
	case "des":
		unit, fits = 1, func(p string) bool { return desCrypt(p, hash) == hash }
	case "bcrypt":
		cost, err := bcrypt.Cost([]byte(hash))
		if err != nil {
			acc.Scheme = "unknown"
			return
		}
		acc.Rounds = 1 << min(cost, 30)
		if cost > maxCost {
			return
		}
		unit, fits = max(1, 1<<cost/16), func(p string) bool { return bcrypt.CompareHashAndPassword([]byte(hash), []byte(p)) == nil }
	case "md5", "sha256", "sha512":
		if !crypt.IsHashSupported(hash) {
			return
		}
		c := crypt.NewFromHash(hash)
		rounds, err := c.Cost(hash)
		if err != nil || rounds > maxRounds {
			acc.Rounds = max(rounds, 0)
			return
		}
		if unit = 1; acc.Scheme != "md5" {
			acc.Rounds = rounds
			unit = max(1, rounds/500)
		}
		fits = func(p string) bool { return c.Verify(hash, []byte(p)) == nil }
	default:
		return
	}
	list := append([]string{name}, passwords...)
	for _, p := range list {
		if a.work+unit > maxWork || a.b.alive() != nil {
			return
		}
		a.work += unit
		acc.Tried++
		if fits(p) {
			acc.KnownPassword = true
			return
		}
	}
	acc.All = true
}
