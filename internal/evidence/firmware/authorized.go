package firmware

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"path"
	"slices"
	"strings"
)

// authorizedKeys reads the files that let owners of keys in over SSH: those in the
// homes of root and of each account that may log in (OpenSSH, sshd_config(5),
// AuthorizedKeysFile), and that of dropbear on OpenWrt.
func (a *analysis) authorizedKeys(root *Root) {
	files := []string{"etc/dropbear/authorized_keys"}
	home := func(dir string) {
		for _, name := range []string{"authorized_keys", "authorized_keys2"} {
			p := path.Join("/", dir, ".ssh", name)[1:]
			if len(files) < maxAccounts && !slices.Contains(files, p) {
				files = append(files, p)
			}
		}
	}
	home("root")
	passwd, _, _ := a.t.read(root.Prefix, "etc/passwd")
	for l := range bytes.Lines(passwd) {
		f := strings.Split(strings.TrimRight(string(l), "\r\n"), ":")
		if len(f) == 7 && len(f[5]) <= maxName && strings.HasPrefix(f[5], "/") && !slices.Contains(noLogin, path.Base(f[6])) {
			home(f[5])
		}
	}
	var done []string // two names may be one file
	for _, name := range files {
		b, at, ok := a.t.read(root.Prefix, name)
		if !ok || slices.Contains(done, at) {
			continue
		}
		done = append(done, at)
		n := 0
		for l := range bytes.Lines(b) {
			n++
			if k, ok := authorizedKey(string(l)); ok {
				k.Place = Place{at, n}
				add(&a.f.Authorized, &a.f.Totals.Authorized, maxAuthorized, k)
			}
		}
	}
}

// authorizedKey reads one line: options, type, key in base64, comment
// (sshd(8), AUTHORIZED_KEYS FILE FORMAT). The key says its type once more
// within (RFC 4253, 6.6); a line in which the two differ lets nobody in.
func authorizedKey(l string) (AuthorizedKey, bool) {
	l = strings.TrimSpace(l)
	if l == "" || l[0] == '#' || len(l) > maxScript {
		return AuthorizedKey{}, false
	}
	w := strings.Fields(l)
	for i := range len(w) - 1 {
		if !strings.HasPrefix(w[i], "ssh-") && !strings.HasPrefix(w[i], "ecdsa-") && !strings.HasPrefix(w[i], "sk-") {
			continue
		}
		blob, err := base64.StdEncoding.DecodeString(w[i+1])
		if err != nil {
			continue
		}
		if in := (&wire{b: blob}); string(in.bytes()) != w[i] || len(in.b) < 4 {
			continue
		}
		sum := sha256.Sum256(blob)
		return AuthorizedKey{Type: cut(w[i], 64), Fingerprint: "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])}, true
	}
	return AuthorizedKey{}, false
}
