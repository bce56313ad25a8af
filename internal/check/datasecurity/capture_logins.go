package datasecurity

import (
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/traffic"
	"github.com/open-iot-mark/iotmark/internal/evidence/capture"
)

// CaptureLogins looks for sign-ins that anybody on the way can read.
var CaptureLogins = check.Check{
	ID:      "data-security.capture-logins",
	Version: 3,
	Title:   "No password or token is sent in the clear",
	What: "Looks in a packet capture for sign-ins of the product, and of others to the product, that are sent as they are: HTTP Basic, forms and tokens, MQTT, telnet, FTP, RTSP Basic and mail. " +
		"It fails on each, in the home as well as beyond it. A name without a password is left to a person. It passes when there is none. Where nobody can tell which station is the product, " +
		"sign-ins of any station are told and held against nobody.",
	Why:     "Whoever is on the same Wi-Fi reads such a password once and is the owner from then on; a password that follows from a serial number opens other units too.",
	Satisfy: "Sign in over TLS only, with credentials made for the one unit. In the home, HTTPS with a certificate of the unit's own, or a pairing step, does.",
	Limits: "A capture shows its own minutes and no others, and a sign-in in a form of the maker's own is not recognised. Digest sign-in does not send the password and is not counted. " +
		"Nothing of a password is kept, and of a user name four characters at most.",
	Cites: []string{
		"ETSI EN 303 645 V3.1.3, 5.5-6 and 5.5-7",
		"ETSI EN 303 645 V3.1.3, 5.1-2 (passwords that can be worked out)",
		"RFC 7617, section 4 (Basic)",
	},
	Certainty: check.FailSure,
	Sensitive: true,
	Reads:     []check.Need{traffic.Captures},
	Run: func(in check.Input) []iotmark.Finding {
		return traffic.EachOf(in, "data-security.capture-logins", captureLogins, loginsOfSomebody)
	},
}

func captureLogins(v traffic.View) []iotmark.Finding {
	v.More = v.Facts.More.Logins
	out, home, bare := v.Group(), v.Group(), v.Group()
	guessed := map[*traffic.Group]string{}
	for _, l := range v.Facts.Logins {
		t, ok := v.Talk(l.Talk)
		if !ok {
			continue
		}
		g := out
		switch {
		case l.Secret <= 0:
			g = bare
		case t.Local:
			g = home
		}
		if l.Secret > 0 && (l.SameUser || l.Hardware) {
			guessed[g] = "yes"
		}
		g.Add(traffic.Service(t)+" ("+traffic.Clean(string(l.Scheme))+")", l.At, t, scheme(l))
	}
	found := slices.Concat(
		out.Say(iotmark.Failed, "internet", "guessed", guessed[out]),
		home.Say(iotmark.Failed, "home", "guessed", guessed[home]),
	)
	for i := range found {
		found[i].Exploitable = true
	}
	return v.Sum(v.Say(iotmark.Passed, "none"), append(found, bare.Say(iotmark.CantTell, "name-only")...)...)
}

// loginsOfSomebody tells sign-ins in a capture in which the product cannot be
// told: one of them may be its own.
func loginsOfSomebody(v traffic.View) []iotmark.Finding {
	all := v.Group()
	for _, l := range v.Facts.Logins {
		if l.Talk < 0 || l.Talk >= len(v.Facts.Talks) || l.Secret <= 0 {
			continue
		}
		t := v.Facts.Talks[l.Talk]
		from, to := v.Ends(t)
		all.Add(from+" to "+to+" ("+traffic.Clean(string(l.Scheme))+")", l.At, t, scheme(l))
	}
	found := all.Say(iotmark.CantTell, "somebody")
	for i := range found {
		found[i].Exploitable = true
	}
	return found
}

// scheme writes how somebody signs in, and the beginning of the name.
func scheme(l capture.Login) string {
	note := traffic.Clean(string(l.Scheme))
	if l.User != "" {
		note += ", user " + initial(l.User)
	}
	return note
}

// initial leaves at most four characters of a user name.
func initial(user string) string {
	r := []rune(strings.TrimSuffix(user, "..."))
	if len(r) > 4 || strings.HasSuffix(user, "...") {
		return traffic.Clean(string(r[:min(len(r), 4)])) + "..."
	}
	return traffic.Clean(string(r))
}
