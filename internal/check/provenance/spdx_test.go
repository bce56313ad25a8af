package provenance_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/open-iot-mark/iotmark/internal/check/provenance"
)

// TestSPDXListHoldsAnother holds the list against the one that comes with
// cyclonedx-go, which is older: each id there must be here.
func TestSPDXListHoldsAnother(t *testing.T) {
	t.Parallel()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/CycloneDX/cyclonedx-go").Output()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "schema", "spdx.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Enum []string `json:"enum"`
	}
	if err := json.Unmarshal(b, &schema); err != nil {
		t.Fatal(err)
	}
	l := provenance.SPDXList()
	for _, id := range schema.Enum {
		k := strings.ToLower(id)
		if l.Licences[k] != id && l.Exceptions[k] != id {
			t.Errorf("%s is not on the list", id)
		}
	}
	if len(schema.Enum) < 500 {
		t.Errorf("the other list has %d ids", len(schema.Enum))
	}
}

// TestTablesOfLicences: no entry of a table is a slip of the pen, and the
// licences that are often met are sorted right.
func TestTablesOfLicences(t *testing.T) {
	t.Parallel()
	l := provenance.SPDXList()
	for _, f := range provenance.OwingFamilies {
		found := false
		for _, id := range l.Licences {
			found = found || strings.HasPrefix(id, f)
		}
		if !found {
			t.Errorf("no licence begins with %s", f)
		}
	}
	for id := range provenance.Freeing {
		if l.Exceptions[strings.ToLower(id)] != id {
			t.Errorf("%s is no exception of the list", id)
		}
	}
	for id := range provenance.FreeOld {
		if l.Licences[strings.ToLower(id)] != id {
			t.Errorf("%s is not on the list", id)
		}
	}
	for id, owes := range map[string]bool{
		"GPL-2.0": true, "GPL-2.0-only": true, "GPL-3.0-or-later": true, "LGPL-2.1-or-later": true, "AGPL-3.0-only": true, "MPL-2.0": true, "EPL-2.0": true,
		"CDDL-1.0": true, "EUPL-1.2": true, "OSL-3.0": true, "CECILL-2.1": true, "CECILL-C": true, "MS-RL": true, "Sleepycat": true, "SSPL-1.0": true,
		"MIT": false, "Apache-2.0": false, "BSD-3-Clause": false, "ISC": false, "Zlib": false, "OpenSSL": false, "curl": false, "Unlicense": false, "CC0-1.0": false,
		"CECILL-B": false, "MS-PL": false, "BSL-1.0": false, "PSF-2.0": false, "OFL-1.1": false, "NCSA": false, "BUSL-1.1": false, "X11": false, "wxWindows": false,
		"GPL-2.0-with-GCC-exception": false, "GPL-2.0-with-classpath-exception": true,
	} {
		if provenance.Owing(id) != owes {
			t.Errorf("%s owes source: %v", id, !owes)
		}
		if l.Licences[strings.ToLower(id)] != id {
			t.Errorf("%s is not on the list", id)
		}
	}
}
