package devicesecurity

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/evidence/advisory"
	"github.com/open-iot-mark/iotmark/internal/evidence/securitytxt"
)

var (
	providerFiles = check.Need{
		Kinds:   []iotmark.EvidenceKind{iotmark.KindWebPage, iotmark.KindDocument},
		Reader:  "advisory",
		Claimed: true,
	}
	providerTexts = check.Need{Kinds: securityTexts.Kinds, Reader: securityTexts.Reader, Optional: true}
)

// AdvisoryProvider looks whether programs can find the maker's advisories by
// its provider-metadata.json.
var AdvisoryProvider = check.Check{
	ID:      "device-security.advisory-provider",
	Version: 1,
	Title:   "Programs find the advisories",
	What: "Reads each provider-metadata.json that a claim points to. It passes when the file fits the schema of CSAF 2.0, has what its role asks for (a provider says where its advisories are, " +
		"a trusted provider also has a key), gives addresses with https only and no date in the future, is the one that security.txt points to, " +
		"and is on the domain of the address that the declaration gives for advisories.",
	Why: "Operators collect advisories with programs. These begin at this file, and what they do not find there they do not find at all.",
	Satisfy: "Serve at https://your-domain/.well-known/csaf/provider-metadata.json a file with publisher, role, distributions and keys, and put a line \"CSAF:\" with that address into security.txt. " +
		"If your advisories are a page for people, leave the file out: it is not asked for.",
	Limits: "It reads the copy in the dossier and fetches nothing: neither the feeds, nor the keys, nor the file by its address, and no record of the domain name system. " +
		"It does not know whether all advisories are in the feeds.",
	Cites: []string{
		"OASIS CSAF 2.0, sections 7.1.3, 7.1.7, 7.1.8, 7.1.20 and 7.2",
		"ETSI EN 303 645 V3.1.3, provision 5.2-2",
	},
	Certainty: check.Sure,
	Reads:     []check.Need{providerFiles, providerTexts},
	Run:       advisoryProvider,
}

func advisoryProvider(in check.Input) []iotmark.Finding {
	const id = "device-security.advisory-provider."
	var out []iotmark.Finding
	for _, r := range check.Facts[*advisory.Facts](in, providerFiles) {
		if r.Facts.Document == advisory.Provider {
			out = append(out, provider(id, in, r)...)
		}
	}
	if len(out) == 0 {
		return []iotmark.Finding{{Outcome: iotmark.Untested, Message: id + "none"}}
	}
	return out
}

func provider(id string, in check.Input, r check.Read[*advisory.Facts]) []iotmark.Finding {
	m, basis := r.Facts.Provider, []iotmark.EvidenceID{r.ID}
	if !r.Facts.Judged() {
		return []iotmark.Finding{check.CannotTell(iotmark.MessageID(id+"other-version"), basis, "file", r.Title, "version", r.Facts.Version)}
	}
	out := schemaProblems(id, r)
	fail := func(message string, kv ...string) {
		out = append(out, check.Fail(iotmark.MessageID(id+message), basis, append([]string{"file", r.Title, "role", m.Role}, kv...)...))
	}
	// 7.2.2 and 7.2.3: what each role has to do beyond the one before.
	if (m.Role == "csaf_provider" || m.Role == "csaf_trusted_provider") && len(m.Directories)+len(m.Feeds) == 0 {
		fail("no-distribution")
	}
	if m.Role == "csaf_trusted_provider" && len(m.Keys) == 0 {
		fail("no-key")
	}
	if plain := plainAddress(m); plain != "" { // 7.1.3: TLS
		fail("no-https", "found", plain)
	}
	// A file of this evening on the other side of the world is of tomorrow.
	if t, err := time.Parse(time.DateOnly, string(in.AsOf)); err == nil && r.Facts.ContentDate() > iotmark.DateOf(t.AddDate(0, 0, 1)) {
		fail("future", "date", string(r.Facts.ContentDate()))
	}
	out = append(out, providerInText(id, in, r)...)
	if x := in.Declaration.Contacts.Advisories; x != "" && m.Canonical != "" && !slices.ContainsFunc(providerAddresses(m), func(a string) bool { return domain(a) == domain(x) }) {
		out = append(out, check.CannotTell(iotmark.MessageID(id+"contact-elsewhere"), basis, "file", r.Title, "declared", x, "found", m.Canonical))
	}
	if len(out) == 0 {
		out = append(out, check.Pass(iotmark.MessageID(id+"sound"), basis, "file", r.Title, "publisher", m.Publisher.Name, "found", m.Canonical, "date", string(r.Facts.ContentDate())))
	}
	return out
}

// providerInText looks whether each security.txt that points to such a file
// points to this one (7.1.8).
func providerInText(id string, in check.Input, r check.Read[*advisory.Facts]) []iotmark.Finding {
	m := r.Facts.Provider
	var out []iotmark.Finding
	for _, txt := range check.Facts[*securitytxt.Facts](in, providerTexts) {
		fields := txt.Facts.All("csaf")
		if len(fields) == 0 || m.Canonical == "" || slices.ContainsFunc(fields, func(f securitytxt.Field) bool { return same(f.Value, m.Canonical) }) {
			continue
		}
		x := check.Fail(iotmark.MessageID(id+"text-differs"), []iotmark.EvidenceID{r.ID, txt.ID},
			"file", r.Title, "text", txt.Title, "canonical", m.Canonical, "found", fields[0].Value)
		x.Places = []iotmark.Place{at(txt.ID, txt.Facts, fields[0].Line)}
		out = append(out, x)
	}
	return out
}

// providerAddresses are the addresses that belong to the publisher.
func providerAddresses(m *advisory.Metadata) []string {
	out := append([]string{m.Canonical, m.Publisher.Namespace}, m.Directories...)
	for _, f := range m.Feeds {
		out = append(out, f.URL)
	}
	return out
}

// plainAddress returns the first address of a file that is served without
// TLS. The namespace is a name, and need not be served.
func plainAddress(m *advisory.Metadata) string {
	list := append([]string{m.Canonical}, m.Directories...)
	for _, f := range m.Feeds {
		list = append(list, f.URL)
	}
	for _, k := range m.Keys {
		list = append(list, k.URL)
	}
	for _, a := range list {
		if u, err := url.Parse(a); err == nil && u.Scheme != "" && !strings.EqualFold(u.Scheme, "https") {
			return a
		}
	}
	return ""
}
