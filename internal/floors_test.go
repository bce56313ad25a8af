// Package internal_test holds the floors of the house against the code. The
// table is that of docs/architecture.md; a new package must be entered here.
package internal_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/open-iot-mark/iotmark"

// A room is one package, or with /* all packages below a folder.
type room struct {
	floor    int
	sideways []string // rooms of the same floor it may import
}

var house = map[string]room{
	".":                       {floor: 0},
	"catalogue":               {floor: 1},
	"catalogue/gen":           {floor: 7}, // a tool that writes files
	"catalogue/cataloguetest": {floor: 9}, // for tests only
	"internal/message":        {floor: 1},
	"internal/pattern":        {floor: 1},
	"internal/dossier":        {floor: 1, sideways: []string{"catalogue"}},
	"internal/evidence":       {floor: 2},
	"internal/evidence/*":     {floor: 2, sideways: []string{"internal/evidence", "internal/evidence/*"}},
	"internal/check":          {floor: 2, sideways: []string{"internal/evidence"}},
	"internal/check/*":        {floor: 2, sideways: []string{"internal/check", "internal/check/traffic", "internal/evidence/*"}},
	"internal/check/traffic":  {floor: 2, sideways: []string{"internal/check", "internal/evidence/*"}},
	"internal/assess":         {floor: 2},
	"internal/confine":        {floor: 2, sideways: []string{"internal/evidence"}},
	"internal/verifier":       {floor: 1},
	"internal/label":          {floor: 1, sideways: []string{"internal/message"}},
	"internal/page":           {floor: 2},
	"internal/report":         {floor: 2},
	"internal/determine": {floor: 2, sideways: []string{"internal/assess", "internal/check", "internal/check/*",
		"internal/evidence", "internal/evidence/*"}},
	"internal/attestation":       {floor: 2},
	"internal/publication":       {floor: 2, sideways: []string{"internal/assess", "internal/evidence", "internal/page"}},
	"internal/key":               {floor: 3},
	"internal/ceremony":          {floor: 3, sideways: []string{"internal/key"}},
	"internal/store":             {floor: 3},
	"internal/vault":             {floor: 3, sideways: []string{"internal/key", "internal/store"}},
	"internal/job":               {floor: 3, sideways: []string{"internal/store"}},
	"internal/ledger":            {floor: 3},
	"internal/audit":             {floor: 4},
	"internal/issuance":          {floor: 4},
	"internal/registry":          {floor: 4},
	"internal/scheme":            {floor: 4, sideways: []string{"internal/registry"}},
	"internal/preview":           {floor: 5},
	"internal/cli":               {floor: 7},
	"cmd/iotmark":                {floor: 8},
	"bench":                      {floor: 11, sideways: []string{"internal/scheme/schemetest"}},
	"internal/check/checktest":   {floor: 10}, // for tests only
	"internal/samples":           {floor: 9},  // for tests only
	"internal/browser":           {floor: 10}, // for tests only
	"internal/store/pgtest":      {floor: 9},  // for tests only
	"internal/store/storetest":   {floor: 10}, // for tests only
	"internal/scheme/schemetest": {floor: 11}, // for tests only
	"internal/samples/*":         {floor: 10},
	"internal/interop":           {floor: 9}, // for tests and the suites of others only
	"internal/interop/*":         {floor: 11},
	"internal":                   {floor: 9},
	"verify":                     {floor: 1},
	"verify/verifytest":          {floor: 10}, // for tests and the figures only
}

// enter finds the room of a package.
func enter(pkg string) (string, room, bool) {
	if r, ok := house[pkg]; ok {
		return pkg, r, true
	}
	if i := strings.LastIndex(pkg, "/"); i > 0 {
		if r, ok := house[pkg[:i]+"/*"]; ok {
			return pkg[:i] + "/*", r, true
		}
	}
	return "", room{}, false
}

type listed struct {
	ImportPath string
	Imports    []string
	Standard   bool
}

func list(t *testing.T, args ...string) []listed {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Imports,Standard"}, args...)...)
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var pkgs []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); err == io.EOF {
			return pkgs
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
}

func short(path string) (string, bool) {
	if path == module {
		return ".", true
	}
	return strings.CutPrefix(path, module+"/")
}

// doesIO are the packages of the standard library by which a package would
// reach a file, a process, a socket or a log. Floor 0 holds values and rules
// and imports none of them, so that everything above may rely on it.
var doesIO = []string{
	"database/sql", "embed", "io/fs", "io/ioutil", "log", "log/slog", "net", "net/http",
	"os", "os/exec", "path/filepath", "syscall",
}

// breaches tells which of a package's direct imports the floors forbid.
// Packages are named as in the table, those of others by their full path.
func breaches(name string, imports []string) []string {
	_, from, ok := enter(name)
	if !ok {
		return []string{name + " is on no floor: enter it in the table here and in docs/architecture.md"}
	}
	var out []string
	for _, imp := range imports {
		dep, ours := short(imp)
		if !ours {
			if from.floor > 0 {
				continue
			}
			if strings.Contains(strings.Split(imp, "/")[0], ".") {
				out = append(out, fmt.Sprintf("%s imports %s; floor 0 imports the standard library only", name, imp))
			}
			if slices.Contains(doesIO, imp) {
				out = append(out, fmt.Sprintf("%s imports %s; floor 0 reads and writes nothing", name, imp))
			}
			continue
		}
		key, to, ok := enter(dep)
		switch {
		case !ok:
			out = append(out, fmt.Sprintf("%s imports %s, which is on no floor", name, dep))
		case to.floor < from.floor, to.floor == from.floor && slices.Contains(from.sideways, key):
		default:
			out = append(out, fmt.Sprintf("%s (floor %d) imports %s (floor %d); imports go down, and sideways only where the table says so", name, from.floor, dep, to.floor))
		}
	}
	return out
}

func TestFloors(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, "./...") {
		name, _ := short(p.ImportPath)
		for _, b := range breaches(name, p.Imports) {
			t.Error(b)
		}
	}
}

// The rule itself: what it lets through and what it must not.
func TestBreaches(t *testing.T) {
	t.Parallel()
	type row struct {
		name, pkg, imp, want string
	}
	rows := []row{
		{"root: the standard library", ".", "strings", ""},
		{"root: io has interfaces only", ".", "io", ""},
		{"root: a module of others", ".", "go.yaml.in/yaml/v3", "floor 0 imports the standard library only"},
		{"root: x/ is not the standard library", ".", "golang.org/x/text/language", "floor 0 imports the standard library only"},
		{"root: upward", ".", module + "/catalogue", "imports go down"},
		{"higher floors may read files", "internal/dossier", "os", ""},
		{"higher floors may use modules of others", "internal/dossier", "go.yaml.in/yaml/v3", ""},
		{"down to the root", "catalogue", module, ""},
		{"down", "internal/check/privacy", module + "/internal/message", ""},
		{"sideways, allowed", "internal/dossier", module + "/catalogue", ""},
		{"sideways into a folder, allowed", "internal/check/privacy", module + "/internal/evidence/text", ""},
		{"sideways, not allowed", "internal/report", module + "/internal/assess", "sideways only where the table says so"},
		{"sideways the wrong way", "catalogue", module + "/internal/dossier", "sideways only where the table says so"},
		{"a check imports another room's", "internal/check/privacy", module + "/internal/check/lifecycle", "sideways only where the table says so"},
		{"a reader imports a check", "internal/evidence/text", module + "/internal/check", "sideways only where the table says so"},
		{"upward", "internal/evidence", module + "/internal/cli", "imports go down"},
		{"what is for tests only", "internal/check/privacy", module + "/internal/check/checktest", "imports go down"},
		{"an unknown room", "internal/attic", "strings", "internal/attic is on no floor"},
		{"an unknown room in a known folder's folder", "internal/check/privacy/deep", "strings", "is on no floor"},
		{"into an unknown room", "internal/cli", module + "/internal/attic", "internal/attic, which is on no floor"},
	}
	for _, imp := range doesIO {
		rows = append(rows, row{"root: " + imp, ".", imp, "floor 0 reads and writes nothing"})
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			got := breaches(r.pkg, []string{"errors", r.imp})
			if r.want == "" && len(got) > 0 {
				t.Errorf("got %q, want no breach", got)
			}
			if r.want != "" && (len(got) != 1 || !strings.Contains(got[0], r.want)) {
				t.Errorf("got %q, want one that says %q", got, r.want)
			}
		})
	}
}

// A self-check cannot touch a database, a key or the network.
func TestDetermineStaysAtHome(t *testing.T) {
	t.Parallel()
	forbidden := []string{"net", "net/http", "crypto/tls", "database/sql", "os/exec", "plugin"}
	deps := map[string]bool{}
	for _, p := range list(t, "-deps", "./internal/determine", "./internal/page", "./internal/report") {
		deps[p.ImportPath] = true
	}
	if len(deps) < 50 {
		t.Fatalf("go list -deps gave %d packages only", len(deps))
	}
	for _, f := range forbidden {
		if deps[f] {
			t.Errorf("internal/determine depends on %s", f)
		}
	}
}

// What is verified offline is verified by few: the package that others link
// to check a mark has the standard library and these modules, and does
// nothing but compute.
func TestVerifyStandsAlone(t *testing.T) {
	t.Parallel()
	modules := []string{"golang.org/x/mod/", "github.com/transparency-dev/merkle", "github.com/transparency-dev/formats/", "github.com/gowebpki/jcs"}
	for _, p := range list(t, "./verify") {
		for _, imp := range p.Imports {
			known := imp == module || slices.ContainsFunc(modules, func(m string) bool { return strings.HasPrefix(imp, m) })
			if strings.Contains(strings.Split(imp, "/")[0], ".") && !known {
				t.Errorf("verify imports %s", imp)
			}
			if slices.Contains(doesIO, imp) {
				t.Errorf("verify imports %s; it reads and writes nothing", imp)
			}
		}
	}
	for _, p := range list(t, "-deps", "./verify") {
		if slices.Contains([]string{"net/http", "crypto/tls", "database/sql", "os/exec", "plugin"}, p.ImportPath) {
			t.Errorf("verify depends on %s", p.ImportPath)
		}
	}
}

// The table has no room that does not exist any more.
func TestHouseHasNoEmptyRooms(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, p := range list(t, "./...") {
		name, _ := short(p.ImportPath)
		key, _, _ := enter(name)
		seen[key] = true
	}
	for _, key := range slices.Sorted(maps.Keys(house)) {
		if !seen[key] && key != "internal" {
			t.Errorf("%s is in the table and not in the house", key)
		}
	}
}
