package sbom_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReadOpenEmbedded: builds of OpenEmbedded write SPDX 2.2 in which the
// type of an external reference is the whole IRI of SPDX 2.3, 7.21.1.
func TestReadOpenEmbedded(t *testing.T) {
	t.Parallel()
	for name, b := range map[string]string{
		"json": `{
  "SPDXID": "SPDXRef-DOCUMENT", "spdxVersion": "SPDX-2.2", "dataLicense": "CC0-1.0", "name": "recipe-busybox",
  "documentNamespace": "http://spdx.example/recipe-busybox-1",
  "creationInfo": {"created": "2026-10-02T09:00:00Z", "creators": ["Tool: OpenEmbedded Core create-spdx.bbclass", "Organization: Example Lamps ()", "Person: N/A ()"], "licenseListVersion": "3.14"},
  "packages": [{
    "SPDXID": "SPDXRef-Recipe-busybox", "name": "busybox", "versionInfo": "1.36.1", "downloadLocation": "NOASSERTION",
    "licenseConcluded": "NOASSERTION", "licenseDeclared": "GPL-2.0-only AND bzip2-1.0.4", "copyrightText": "NOASSERTION",
    "supplier": "Organization: Example Lamps ()",
    "externalRefs": [{"referenceCategory": "SECURITY", "referenceType": "http://spdx.org/rdf/references/cpe23Type", "referenceLocator": "cpe:2.3:*:busybox:busybox:1.36.1:*:*:*:*:*:*:*"}]
  }]
}`,
		"tag-value": `SPDXVersion: SPDX-2.2
DataLicense: CC0-1.0
SPDXID: SPDXRef-DOCUMENT
DocumentName: recipe-busybox
DocumentNamespace: http://spdx.example/recipe-busybox-1
Creator: Tool: OpenEmbedded Core create-spdx.bbclass
Created: 2026-10-02T09:00:00Z

PackageName: busybox
SPDXID: SPDXRef-Recipe-busybox
PackageVersion: 1.36.1
PackageSupplier: Organization: Example Lamps ()
PackageLicenseConcluded: NOASSERTION
PackageLicenseDeclared: GPL-2.0-only AND bzip2-1.0.4
ExternalRef: SECURITY http://spdx.org/rdf/references/cpe23Type cpe:2.3:*:busybox:busybox:1.36.1:*:*:*:*:*:*:*
`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := read(t, "recipe-busybox.spdx", []byte(b))
			if len(f.Components) != 1 || !f.Components[0].Identified() {
				t.Fatalf("got components %+v", f.Components)
			}
			want := part{Name: "busybox", Version: "1.36.1", Supplier: "Example Lamps", CPE: "cpe:2.3:*:busybox:busybox:1.36.1:*:*:*:*:*:*:*", Licence: "GPL-2.0-only AND bzip2-1.0.4"}
			if d := cmp.Diff(want, truthOf(f).Parts[0]); d != "" {
				t.Errorf("got (-want +got):\n%s", d)
			}
		})
	}
}
