package advisory

import (
	"sync"

	"github.com/open-iot-mark/iotmark/internal/evidence/tree"
)

// The rules of the three schemas of CSAF 2.0 (OASIS Standard, 18 November
// 2022, with errata 01), written anew as tables. Tests hold them against the
// schemas themselves on many thousand changed documents.

var (
	lang       = like(languageForm)
	uri        = like(uriForm)
	when       = like(timeForm)
	version    = like(versionForm)
	products   = set(text())
	groups     = set(text())
	references = list(object("category", words("external", "self"), "summary!", text(), "url!", uri))
	notes      = list(object("audience", text(), "category!", words("description", "details", "faq", "general", "legal_disclaimer", "other", "summary"), "text!", text(), "title", text()))
	thanks     = list(object("names", list(text()), "organization", text(), "summary", text(), "urls", list(uri)).filled(1))

	// Section 3.2.1.8.
	publisher = object("category!", words("coordinator", "discoverer", "other", "translator", "user", "vendor"),
		"contact_details", text(), "issuing_authority", text(), "name!", text(), "namespace!", uri)
)

// csafRules are those of an advisory, section 3.2.
var csafRules = sync.OnceValue(func() *rule {
	// Section 3.1.3.
	product := object("name!", text(), "product_id!", text(),
		"product_identification_helper", object(
			"cpe", likeFrom(5, cpeForm),
			"hashes", list(object(
				"file_hashes!", list(object("algorithm!", text(), "value!", likeFrom(32, hashForm))),
				"filename!", text())),
			"model_numbers", set(text()),
			"purl", likeFrom(7, purlForm),
			"sbom_urls", list(uri),
			"serial_numbers", set(text()),
			"skus", list(text()),
			"x_generic_uris", list(object("namespace!", uri, "uri!", uri)),
		).filled(1))
	// Section 3.1.2: a branch has a category, a name, and either branches or
	// a product.
	branches := list(nil)
	branches.item = object("branches", branches,
		"category!", words("architecture", "host_name", "language", "legacy", "patch_level", "product_family", "product_name", "product_version",
			"product_version_range", "service_pack", "specification", "vendor"),
		"name!", text(), "product", product).filled(3)
	branches.item.max = 3

	document := object(
		"acknowledgments", thanks,
		"aggregate_severity", object("namespace", uri, "text!", text()),
		"category!", likeFrom(1, categoryForm),
		"csaf_version!", words("2.0"),
		"distribution", object("text", text(), "tlp", object("label!", words("AMBER", "GREEN", "RED", "WHITE"), "url", uri)).filled(1),
		"lang", lang, "notes", notes,
		"publisher!", publisher,
		"references", references, "source_lang", lang,
		"title!", text(),
		"tracking!", object(
			"aliases", set(text()), "current_release_date!", when,
			"generator", object("date", when, "engine!", object("name!", text(), "version", text())),
			"id!", likeFrom(1, trackingForm), "initial_release_date!", when,
			"revision_history!", list(object("date!", when, "legacy_version", text(), "number!", version, "summary!", text())),
			"status!", words("draft", "final", "interim"),
			"version!", version))

	groupsOfTwo := set(text())
	groupsOfTwo.min = 2
	productTree := object(
		"branches", branches,
		"full_product_names", list(product),
		"product_groups", list(object("group_id!", text(), "product_ids!", groupsOfTwo, "summary", text())),
		"relationships", list(object(
			"category!", words("default_component_of", "external_component_of", "installed_on", "installed_with", "optional_component_of"),
			"full_product_name!", product, "product_reference!", text(), "relates_to_product_reference!", text())),
	).filled(1)

	status := object()
	for _, s := range statusNames {
		status.fields = append(status.fields, field{name: string(s), rule: products})
	}
	vulnerability := object(
		"acknowledgments", thanks,
		"cve", like(cveForm),
		"cwe", object("id!", like(cweForm), "name!", text()),
		"discovery_date", when,
		"flags", set(object("date", when, "group_ids", groups, "label!", words(justifications...), "product_ids", products)),
		"ids", set(object("system_name!", text(), "text!", text())),
		"involvements", set(object("date", when, "party!", words("coordinator", "discoverer", "other", "user", "vendor"),
			"status!", words("completed", "contact_attempted", "disputed", "in_progress", "not_contacted", "open"), "summary", text())),
		"notes", notes,
		"product_status", status.filled(1),
		"references", references, "release_date", when,
		"remediations", list(object(
			"category!", words("mitigation", "no_fix_planned", "none_available", "vendor_fix", "workaround"),
			"date", when, "details!", text(), "entitlements", list(text()), "group_ids", groups, "product_ids", products,
			"restart_required", object("category!", words("connected", "dependencies", "machine", "none", "parent", "service", "system", "vulnerable_component", "zone"), "details", text()),
			"url", uri)),
		"scores", list(object(
			"cvss_v2", cvss2.rule(),
			"cvss_v3", &rule{pick: cvss3Rule},
			"products!", products).filled(2)),
		"threats", list(object("category!", words("exploit_status", "impact", "target_set"), "date", when, "details!", text(), "group_ids", groups, "product_ids", products)),
		"title", text()).filled(1)

	return object("document!", document, "product_tree", productTree, "vulnerabilities", list(vulnerability))
})

// cvss3Rule chooses between the schemas of CVSS 3.0 and 3.1, of which one
// must fit (section 3.2.3.13).
func cvss3Rule(n *tree.Node) *rule {
	if str(n.Get("version")) == "3.0" {
		return cvss30Rule()
	}
	return cvss31Rule()
}

var (
	cvss30Rule = sync.OnceValue(func() *rule { return cvss30.rule() })
	cvss31Rule = sync.OnceValue(func() *rule { return cvss31.rule() })
)

var role = words("csaf_publisher", "csaf_provider", "csaf_trusted_provider")

// providerRules are those of provider-metadata.json, section 7.1.7.
var providerRules = sync.OnceValue(func() *rule {
	keys := list(object("fingerprint", likeFrom(40, fingerprintForm), "url!", uri))
	keys.min = 0
	return object(
		"canonical_url!", like(providerForm),
		"distributions", set(object(
			"directory_url", uri,
			"rolie", object(
				"categories", set(like(jsonForm)),
				"feeds!", set(object("summary", &rule{kind: tree.Text}, "tlp_label!", words("UNLABELED", "WHITE", "GREEN", "AMBER", "RED"), "url!", like(jsonForm))),
				"services", set(like(jsonForm)))).filled(1)),
		"last_updated!", when,
		"list_on_CSAF_aggregators!", &rule{kind: tree.Bool},
		"metadata_version!", words("2.0"),
		"mirror_on_CSAF_aggregators!", &rule{kind: tree.Bool},
		"public_openpgp_keys", keys,
		"publisher!", publisher,
		"role!", role)
})

// aggregatorRules are those of aggregator.json, section 7.1.21.
var aggregatorRules = sync.OnceValue(func() *rule {
	metadata := object("last_updated!", when, "publisher!", publisher, "role", role, "url!", like(providerForm))
	mirrors := set(like(providerForm))
	return object(
		"aggregator!", object("category!", words("aggregator", "lister"), "contact_details", text(), "issuing_authority", text(), "name!", text(), "namespace!", uri),
		"aggregator_version!", words("2.0"),
		"canonical_url!", like(aggregatorForm),
		"csaf_providers!", set(object("metadata!", metadata, "mirrors", mirrors)),
		"csaf_publishers", set(object("metadata!", metadata, "mirrors!", mirrors, "update_interval!", text())),
		"last_updated!", when)
})
