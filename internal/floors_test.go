// Package internal_test holds the floors of the house against the code. The
// table is that of docs/architecture.md; a new package must be entered here.
package internal_test

import (
	"encoding/json"
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
	".":                   {floor: 0},
	"catalogue":           {floor: 1},
	"catalogue/gen":       {floor: 7}, // a tool that writes files
	"internal/message":    {floor: 1},
	"internal/dossier":    {floor: 1, sideways: []string{"catalogue"}},
	"internal/evidence":   {floor: 2},
	"internal/evidence/*": {floor: 2, sideways: []string{"internal/evidence", "internal/evidence/*"}},
	"internal/check":      {floor: 2, sideways: []string{"internal/evidence"}},
	"internal/check/*":    {floor: 2, sideways: []string{"internal/check", "internal/evidence/*"}},
	"internal/assess":     {floor: 2},
	"internal/report":     {floor: 2},
	"internal/determine": {floor: 2, sideways: []string{"internal/assess", "internal/check", "internal/check/*",
		"internal/evidence", "internal/evidence/*"}},
	"internal/cli":             {floor: 7},
	"cmd/iotmark":              {floor: 8},
	"bench":                    {floor: 8},
	"internal/check/checktest": {floor: 10}, // for tests only
	"internal/samples":         {floor: 9},  // for tests only
	"internal/samples/*":       {floor: 10},
	"internal":                 {floor: 9},
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

func TestFloors(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, "./...") {
		name, _ := short(p.ImportPath)
		_, from, ok := enter(name)
		if !ok {
			t.Errorf("%s is on no floor: enter it in the table here and in docs/architecture.md", name)
			continue
		}
		for _, imp := range p.Imports {
			dep, ours := short(imp)
			if !ours {
				if from.floor == 0 && strings.Contains(strings.Split(imp, "/")[0], ".") {
					t.Errorf("%s imports %s; floor 0 imports the standard library only", name, imp)
				}
				continue
			}
			key, to, ok := enter(dep)
			if ok && to.floor >= from.floor && !(to.floor == from.floor && slices.Contains(from.sideways, key)) {
				t.Errorf("%s (floor %d) imports %s (floor %d); imports go down, and sideways only where the table says so", name, from.floor, dep, to.floor)
			}
		}
	}
}

// A self-check cannot touch a database, a key or the network.
func TestDetermineStaysAtHome(t *testing.T) {
	t.Parallel()
	forbidden := []string{"net", "net/http", "crypto/tls", "database/sql", "os/exec", "plugin"}
	deps := map[string]bool{}
	for _, p := range list(t, "-deps", "./internal/determine", "./internal/report") {
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
