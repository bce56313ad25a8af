package devicesecurity

import (
	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence/firmware"
)

// DefaultLogins looks for accounts that anybody can sign in to.
var DefaultLogins = check.Check{
	ID:      "device-security.default-logins",
	Version: 2,
	Title:   "Nobody can sign in to the image with a known password or none",
	What: "Reads the accounts of each root tree in the image and tries some sixty well-known factory passwords on their hashes. It passes when no account with a login shell " +
		"has a password at all, neither a console nor telnet gives a shell without asking, and no key is let in over SSH (authorized_keys). An empty password or one of the list fails. Any other password in an image is the same in every unit unless production replaces it, which a person must ask.",
	Why:     "Shared passwords are how whole fleets of cameras were taken over in one night.",
	Satisfy: "Lock every account in the image (\"!\" or \"*\" in /etc/shadow), and set a random password per unit in production or let the user choose one at set-up. Leave keys for SSH out of the image.",
	Limits: "It sees the accounts of the operating system, not those of web pages, apps or services with lists of their own. The list of passwords is short, so a password " +
		"outside it is not shown to be good. Hashes that are slow on purpose are tried with part of the list or not at all. Whether the file is the one used at boot follows from its path only.",
	Cites: []string{
		"ETSI EN 303 645 V3.1.3, provisions 5.1-1 and 5.1-2",
		"The Product Security and Telecommunications Infrastructure (Security Requirements for Relevant Connectable Products) Regulations 2023 (UK), Schedule 1, paragraph 1",
		"OWASP ISVS 1.0, 2.1.8 to 2.1.10",
	},
	Certainty: check.FailSure,
	Sensitive: true,
	Reads:     []check.Need{images},
	Run: func(in check.Input) []iotmark.Finding {
		return eachImage(in, "device-security.default-logins", logins)
	},
}

// logins sorts the accounts of one image, worst first. Each sort is one
// finding with all its accounts.
func logins(m image) []iotmark.Finding {
	if m.Facts.Opaque {
		return []iotmark.Finding{m.opaque()}
	}
	out := unasked(m)
	if m.Facts.Totals.Accounts == 0 {
		return append(out, m.say(iotmark.CantTell, "no-accounts"))
	}
	sorts := []struct {
		what        string
		outcome     iotmark.Outcome
		exploitable bool
		is          func(firmware.Account) bool
	}{
		{"empty", iotmark.Failed, true, func(a firmware.Account) bool { return a.Password == firmware.Empty }},
		{"known", iotmark.Failed, true, func(a firmware.Account) bool { return a.KnownPassword }},
		{"shared", iotmark.CantTell, false, func(a firmware.Account) bool { return a.Password == firmware.Hashed && a.All }},
		{"not-tried", iotmark.CantTell, false, func(a firmware.Account) bool { return a.Password == firmware.Hashed }},
		{"elsewhere", iotmark.CantTell, false, func(a firmware.Account) bool { return a.Password == firmware.Elsewhere }},
	}
	found := make([][]firmware.Account, len(sorts))
	for _, a := range m.Facts.Accounts {
		for i, s := range sorts {
			if a.Login && s.is(a) {
				found[i] = append(found[i], a)
				break
			}
		}
	}
	for i, s := range sorts {
		if len(found[i]) == 0 {
			continue
		}
		var names []string
		for _, a := range found[i] {
			names = append(names, a.Name)
		}
		f := m.say(s.outcome, s.what, "n", check.N(len(names)), "names", check.List(names))
		f.Exploitable = s.exploitable
		for _, a := range found[i][:min(len(found[i]), check.Shown)] {
			p := a.Place
			if a.Hash != nil {
				p = *a.Hash
			}
			f.Places = append(f.Places, m.at(p))
		}
		out = append(out, f)
	}
	if m.Facts.Totals.Accounts > len(m.Facts.Accounts) {
		out = append(out, m.say(iotmark.CantTell, "too-many", "n", check.N(m.Facts.Totals.Accounts), "read", check.N(len(m.Facts.Accounts))))
	}
	if len(out) == 0 {
		out = append(out, m.say(iotmark.Passed, "locked", "n", check.N(m.Facts.Totals.Accounts)))
	}
	return out
}

// unasked finds shells that ask nobody for a name: they are entrances like an
// account without a password.
func unasked(m image) []iotmark.Finding {
	var out []iotmark.Finding
	var open []firmware.Service
	for _, s := range m.Facts.Services {
		if s.Started && s.NoLogin {
			open = append(open, s)
		}
	}
	if len(open) > 0 {
		f := m.services(iotmark.Failed, "open-shell", open)
		f.Exploitable = true
		out = append(out, f)
	}
	if len(m.Facts.Consoles) > 0 {
		out = append(out, m.consoles("console-shell"))
	}
	if keys := m.Facts.Authorized; len(keys) > 0 {
		// Only who holds the private half gets in, and that may be the maker
		// alone; it is an entrance to every unit all the same.
		f := m.say(iotmark.Failed, "authorized-key", "n", check.N(m.Facts.Totals.Authorized), "path", check.Quote(keys[0].Place.Path), "type", check.Quote(keys[0].Type))
		for _, k := range keys[:min(len(keys), check.Shown)] {
			p := m.at(k.Place)
			p.Quote = check.Quote(k.Type + " " + k.Fingerprint)
			f.Places = append(f.Places, p)
		}
		out = append(out, f)
	}
	return out
}
