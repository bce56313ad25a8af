package catalogue_test

import (
	"strings"
	"testing"

	"github.com/open-iot-mark/iotmark/catalogue"
)

// The table was made with Python 3: difflib.get_close_matches(word, known, 1, 0.6).
func TestSuggest(t *testing.T) {
	t.Parallel()
	lists := map[string][]string{
		"facts":    {"connects_by", "has_cloud", "has_app", "has_account", "has_password", "collects_personal_data", "has_camera_or_microphone", "in_shared_space", "for_children", "decides_about_people", "has_physical_function", "has_actuator", "updatable", "runs_full_os", "offers_interface", "uses_open_source", "changes_legal_position"},
		"kinds":    {"statement", "declaration", "web-page", "document", "risk-assessment", "conformity-declaration", "assessment-tables", "sbom", "vex", "crypto-list", "hbom", "substance-list", "network-profile", "interface-description", "data-export", "source-repository", "field-data", "photo", "video", "packaging-artwork", "register-entry", "user-report", "host-list", "firmware-image", "app-package", "packet-capture", "teardown", "test-report", "certificate"},
		"criteria": {"data-security.transport-encryption", "data-security.multi-factor", "data-security.staff-and-processor-access", "privacy.minimal-collection", "privacy.restrict-use", "privacy.bystanders", "data-governance.purpose-limits", "data-governance.retention", "data-governance.official-requests", "device-security.no-default-passwords", "device-security.free-separate-fixes", "device-security.no-hidden-access", "device-security.secure-development", "device-security.key-loss-recovery", "interoperability.other-apps", "interoperability.cloud-choice", "interoperability.open-hardware", "provenance.supply-countries", "provenance.materials", "lifecycle.core-functions-declared", "lifecycle.full-price-shown", "lifecycle.factory-reset", "lifecycle.parts-declared", "lifecycle.failure-rate-published", "lifecycle.support-channels", "accountability.maker-identity", "accountability.labour-standards", "accountability.change-reporting"},
		"short":    {"ab", "abcd", "abce", "ba", "a", ""},
		"same":     {"abXcd", "cdXab", "abcdX", "Xabcd"},
		"letters":  {"Größe", "größe", "ÄÖÜ", "naïve"},
		"long":     {strings.Repeat("x", 150) + strings.Repeat("y", 150), strings.Repeat("ab", 120), strings.Repeat("abcdefghij", 25)},
	}
	for _, tt := range []struct{ word, list, want string }{
		{"has_physical_nfunction", "facts", "has_physical_function"},
		{"hs_password", "facts", "has_password"},
		{"hmarcim_ro_reas_c-dohone", "facts", ""},
		{"chages_lega_pobwtsion", "facts", "changes_legal_position"},
		{"conhcts_by", "facts", "connects_by"},
		{"has_cloup", "facts", "has_cloud"},
		{"fdlihc_rnore", "facts", ""},
		{"hotatwa_sar", "facts", ""},
		{"cxoosrep_pstcellnal_data", "facts", ""},
		{"batadpuje", "facts", ""},
		{"uses_onep_source", "facts", "uses_open_source"},
		{"dedices_abou_people", "facts", "decides_about_people"},
		{"daeta-export", "kinds", "data-export"},
		{"etrp-krowofile", "kinds", ""},
		{"ehtoo", "kinds", "photo"},
		{"v_e", "kinds", "vex"},
		{"ra-ksmssessenu", "kinds", "risk-assessment"},
		{"intaerface-tdescrition", "kinds", "interface-description"},
		{"teatrdown", "kinds", "teardown"},
		{"packet-dapurep", "kinds", "packet-capture"},
		{"fr-erawiimaie", "kinds", ""},
		{"substanc-list", "kinds", "substance-list"},
		{"test-repjrt", "kinds", "test-report"},
		{"sbfm", "kinds", "sbom"},
		{"device-securwty.npo-hiddan-acces", "criteria", "device-security.no-hidden-access"},
		{"lihecycplesnnahu-troppuels", "criteria", ""},
		{"daza-governaotidneterenn", "criteria", "data-governance.retention"},
		{"roveance.supply-countries", "criteria", "provenance.supply-countries"},
		{"ccorntabdradnats-ruobal.ytilis", "criteria", ""},
		{"interoperabilityx.open-hardware", "criteria", "interoperability.open-hardware"},
		{"diruces-ecivejy.freeseparate-fixes", "criteria", "device-security.free-separate-fixes"},
		{"lhs-levfull-pryiccycefiown", "criteria", "lifecycle.full-price-shown"},
		{"accoutability.mker-idezntity", "criteria", "accountability.maker-identity"},
		{"dytgo-averna.ecwpoburpqse-liqits", "criteria", "data-governance.purpose-limits"},
		{"lifevyc_e.corve-unctios-odlared", "criteria", "lifecycle.core-functions-declared"},
		{"deviceed-eecurs.ytiru-secvelopment", "criteria", ""},
		{"has_clod", "facts", "has_cloud"},
		{"camera", "facts", ""},
		{"sbomb", "kinds", "sbom"},
		{"privacy.erasure", "criteria", "privacy.bystanders"},
		{"", "facts", ""},
		{"xyz", "kinds", ""},
		{"abc", "short", "abce"},
		{"", "short", ""},
		{"a", "short", "a"},
		{"bab", "short", "ba"},
		{"abcd", "same", "abcdX"},
		{"grosse", "letters", ""},
		{"größer", "letters", "größe"},
		{"naive", "letters", "naïve"},
		{"äöü", "letters", ""},
		{strings.Repeat("x", 140) + strings.Repeat("y", 160), "long", ""},
		{strings.Repeat("ab", 110) + "c", "long", strings.Repeat("ab", 120)},
		{strings.Repeat("abcdefghij", 24) + strings.Repeat("k", 30), "long", strings.Repeat("abcdefghij", 25)},
		{strings.Repeat("ba", 100), "long", ""},
	} {
		if got := catalogue.Suggest(tt.word, lists[tt.list]); got != tt.want {
			t.Errorf("Suggest(%q, %s) = %q, want %q", tt.word, tt.list, got, tt.want)
		}
	}
}

func TestSuggestBoundsItsWork(t *testing.T) {
	t.Parallel()
	if got := catalogue.Suggest(strings.Repeat("privacy.", 1<<17), []string{"privacy.erase"}); got != "" {
		t.Errorf("a word of a megabyte is like %q, want no proposal", got)
	}
}

func FuzzSuggest(f *testing.F) {
	f.Add("privacy.eras", "privacy.erase")
	f.Add("", "")
	f.Add("\xff\xfe", "a")
	f.Fuzz(func(t *testing.T, word, known string) {
		got := catalogue.Suggest(word, []string{known})
		if got != "" && got != known {
			t.Fatalf("proposes %q, which is not known", got)
		}
		if word == known && got != known {
			t.Fatalf("does not propose the word itself: %q", got)
		}
	})
}
