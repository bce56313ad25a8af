package accountability

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence/description"
	"github.com/open-iot-mark/iotmark/internal/evidence/firmware"
	"github.com/open-iot-mark/iotmark/internal/evidence/netprofile"
	"github.com/open-iot-mark/iotmark/internal/evidence/parts"
	"github.com/open-iot-mark/iotmark/internal/evidence/sbom"
	"github.com/open-iot-mark/iotmark/internal/pattern"
)

// FactsAgree looks whether evidence shows something that a product fact
// denies.
var FactsAgree = check.Check{
	ID:      "accountability.facts-agree",
	Version: 1,
	Title:   "No product fact is denied that the evidence shows",
	What: "Compares facts that are declared false with what was read out of images, lists and profiles: a tree with programs of an operating system, an account with a password, " +
		"hosts on the internet, a camera or microphone on the board, an interface described for others, components under published licences. It fails when the evidence shows what the declaration denies.",
	Why:       "Facts alone decide which criteria apply. A wrong no takes away the very criteria that the product would not meet.",
	Satisfy:   "Correct the fact, or take out the evidence if it is of another product. Until then the fact counts as unknown, and takes no criterion away.",
	Limits:    "It sees what the evidence in the dossier shows and no more. A fact that no evidence speaks of is taken as declared.",
	Cites:     []string{"Scheme of the mark, edition 2026.1, facts and grammar: not knowing a fact never takes a criterion away", "ISO/IEC 17065:2012, 7.4.4"},
	Certainty: check.FailSure,
	Reads: []check.Need{{Kinds: []iotmark.EvidenceKind{
		iotmark.KindFirmwareImage, iotmark.KindSBOM, iotmark.KindHBOM, iotmark.KindVEX, iotmark.KindCryptoList, iotmark.KindNetworkProfile, iotmark.KindInterfaceDescription,
	}, Optional: true}},
	Run: factsAgree,
}

func factsAgree(in check.Input) []iotmark.Finding {
	const id = "accountability.facts-agree."
	seen := Seen(in.Declaration, in.Items)
	if len(seen) == 0 {
		return []iotmark.Finding{check.DoesNotApply(id+"nothing-seen", nil)}
	}
	var out []iotmark.Finding
	var basis []iotmark.EvidenceID
	for _, f := range slices.Sorted(maps.Keys(seen)) {
		p := seen[f]
		basis = append(basis, p.Evidence)
		if !denied(in.Declaration, f) {
			continue
		}
		x := check.Fail(id+"denied", []iotmark.EvidenceID{p.Evidence}, "fact", string(f), "field", string(field(f)), "evidence", string(p.Evidence), "shows", p.Quote)
		x.Places = []iotmark.Place{p, {Path: "facts." + string(field(f))}}
		out = append(out, x)
	}
	if len(out) == 0 {
		slices.Sort(basis)
		out = append(out, check.Pass(id+"agree", slices.Compact(basis), "n", check.N(len(seen))))
	}
	return out
}

// Denied returns the product facts that the declaration denies and the
// evidence shows, those given by a set among them.
func Denied(d *iotmark.Declaration, items []check.Item) []iotmark.FactID {
	var out []iotmark.FactID
	for _, f := range slices.Sorted(maps.Keys(Seen(d, items))) {
		if denied(d, f) {
			out = append(out, f)
		}
	}
	return out
}

// field is the fact that is asked for, where another one is given by it.
func field(f iotmark.FactID) iotmark.FactID {
	if f == "has_ip" {
		return "connects_by"
	}
	return f
}

// ipBearers are the options of connects_by that give has_ip in the scheme.
var ipBearers = []string{"wifi", "ethernet", "cellular", "thread"}

func denied(d *iotmark.Declaration, f iotmark.FactID) bool {
	if f == "has_ip" {
		v := d.Facts["connects_by"]
		return v.Set != nil && !slices.ContainsFunc(ipBearers, func(b string) bool { return slices.Contains(v.Set, b) })
	}
	return d.Facts[f].Truth == iotmark.False
}

var eyesAndEars = pattern.New(`microphone|\bmics?\b|mikrofon|camera|kamera|image sensor|\bimager\b|bildsensor`)

// Seen returns the product facts that evidence shows to be true, each with
// the first place that shows it.
func Seen(d *iotmark.Declaration, items []check.Item) map[iotmark.FactID]iotmark.Place {
	seen := map[iotmark.FactID]iotmark.Place{}
	for _, it := range items {
		show := func(f iotmark.FactID, path string, line int, what string) {
			if _, ok := seen[f]; !ok {
				seen[f] = iotmark.Place{Evidence: it.ID, Path: path, Line: line, Quote: check.Quote(what)}
			}
		}
		switch f := it.Facts.(type) {
		case *firmware.Facts:
			if len(f.Roots) > 0 && f.Totals.Programs > 1 {
				show("runs_full_os", f.Programs[0].Path, 0, "a root tree with "+check.N(f.Totals.Programs)+" programs")
			}
			for _, a := range f.Accounts {
				if a.Password == firmware.Hashed || a.Password == firmware.Plain {
					show("has_password", a.Place.Path, a.Place.Line, "the account "+a.Name+" has a password")
				}
			}
		case *netprofile.Facts:
			for _, fl := range f.Flows {
				if fl.Host == "" || netprofile.LocalHost(fl.Host) {
					continue
				}
				show("has_ip", "", fl.Line, "the host "+fl.Host)
				if own := makerDomain(d); own != "" && (fl.Host == own || strings.HasSuffix(fl.Host, "."+own)) {
					show("has_cloud", "", fl.Line, "the maker's host "+fl.Host)
				}
			}
		case *description.Facts:
			if len(f.Operations) > 0 {
				show("offers_interface", "", f.InfoLine, "an interface with "+check.N(len(f.Operations))+" operations")
			}
		case *sbom.Facts:
			for _, c := range f.Components {
				if slices.ContainsFunc(c.Licences, func(l sbom.Licence) bool { return l.ID != "" }) && !f.Hardware {
					show("uses_open_source", "", c.Line, c.Name+" under "+licence(c))
					break
				}
			}
		}
		if it.Kind != iotmark.KindHBOM {
			continue
		}
		if list, ok := parts.Of(it.Facts); ok {
			for _, p := range list.Parts {
				if eyesAndEars.MatchString(strings.ToLower(p.Kind)) {
					show("has_camera_or_microphone", "", p.Line, p.Kind)
				}
			}
		}
	}
	return seen
}

func licence(c sbom.Component) string {
	for _, l := range c.Licences {
		if l.ID != "" {
			return l.ID
		}
	}
	return ""
}

// makerDomain is the host of the maker's website without www.
func makerDomain(d *iotmark.Declaration) string {
	u, err := url.Parse(d.Maker.Website)
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.")
}
