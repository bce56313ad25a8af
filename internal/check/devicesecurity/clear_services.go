package devicesecurity

import (
	"slices"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence/firmware"
)

// ClearServices looks for old clear-text services that start at boot, and for
// consoles that give a shell without a login.
var ClearServices = check.Check{
	ID:      "device-security.clear-services",
	Version: 1,
	Title:   "No old clear-text service and no open console starts",
	What: "Reads what starts at boot: inittab, start scripts, systemd units, inetd and cron. It passes when none of them starts a server for telnet, ftp, tftp, rsh, rlogin or rexec, " +
		"and none gives a shell on a console without a login. A program that is only there, such as a link to BusyBox, is told and does not fail.",
	Why: "Telnet sends passwords for everybody to read and is the first thing worms try; a shell on the serial pins opens the product to whoever holds it for a minute.",
	Satisfy: "Leave telnet, ftp and the like out of the release build (in BusyBox: CONFIG_TELNETD=n), use SSH with keys or nothing, and put getty with login, or no line at all, " +
		"in the place of the shell in inittab.",
	Limits: "A line in a start script counts whatever the condition before it. A service that a program of the maker starts by itself is not seen; the ports of a unit show it. " +
		"FTP servers whose own configuration demands TLS are left out (vsftpd, proftpd).",
	Cites: []string{
		"ETSI EN 303 645 V3.1.3, provisions 5.6-4A, 5.6-5 and 5.5-7",
		"OWASP ISVS 1.0, 3.2.2 and 3.2.3",
		"BusyBox, init/init.c: askfirst and respawn give a shell where the process is one",
	},
	Certainty: check.FailSure,
	Sensitive: true,
	Reads:     []check.Need{images},
	Run: func(in check.Input) []iotmark.Finding {
		return eachImage(in, "device-security.clear-services", clearServices)
	},
}

func clearServices(m image) []iotmark.Finding {
	f := m.Facts
	if f.Opaque {
		return []iotmark.Finding{m.opaque()}
	}
	if !slices.ContainsFunc(f.Roots, func(r firmware.Root) bool { return r.Init }) && len(f.Consoles) == 0 {
		return []iotmark.Finding{m.say(iotmark.CantTell, "no-start")}
	}
	var started, open, present []firmware.Service
	for _, s := range f.Services {
		if _, old := firmware.ClearText[s.Name]; !old {
			continue
		}
		switch {
		case s.Started && s.NoLogin:
			open = append(open, s)
		case s.Started && s.TLS:
		case s.Started:
			started = append(started, s)
		default:
			present = append(present, s)
		}
	}
	var out []iotmark.Finding
	if len(open) > 0 {
		x := m.services(iotmark.Failed, "open-shell", open)
		x.Exploitable = true
		out = append(out, x)
	}
	if len(started) > 0 {
		out = append(out, m.services(iotmark.Failed, "started", started))
	}
	if len(f.Consoles) > 0 {
		out = append(out, m.consoles("console-shell"))
	}
	if f.Totals.Services > len(f.Services) {
		out = append(out, m.say(iotmark.CantTell, "too-many", "n", check.N(f.Totals.Services), "read", check.N(len(f.Services))))
	}
	if len(out) > 0 {
		return out
	}
	if len(present) > 0 {
		return []iotmark.Finding{m.services(iotmark.Passed, "present", present)}
	}
	return []iotmark.Finding{m.say(iotmark.Passed, "none")}
}

// services makes a finding that names each program once.
func (m image) services(o iotmark.Outcome, what string, list []firmware.Service) iotmark.Finding {
	var names []string
	for _, s := range list {
		if !slices.Contains(names, s.Name) {
			names = append(names, s.Name)
		}
	}
	f := m.say(o, what, "n", check.N(len(names)), "names", check.List(names))
	for _, s := range list[:min(len(list), check.Shown)] {
		p := m.at(s.Place)
		p.Quote = s.Name
		f.Places = append(f.Places, p)
	}
	return f
}

// consoles makes a failed finding on the consoles that give a shell.
func (m image) consoles(what string) iotmark.Finding {
	list := m.Facts.Consoles
	x := m.say(iotmark.Failed, what, "n", check.N(m.Facts.Totals.Consoles), "line", check.Quote(list[0].Command))
	for _, c := range list[:min(len(list), check.Shown)] {
		p := m.at(c.Place)
		p.Quote = check.Quote(c.Command)
		x.Places = append(x.Places, p)
	}
	return x
}
