package cli_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/open-iot-mark/iotmark/internal/cli"
)

func document(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../../docs", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The ready files parse, ask for little, and call the program as it is.
func TestReadyFiles(t *testing.T) {
	t.Parallel()
	var github struct {
		Permissions map[string]string
		Jobs        map[string]struct {
			Permissions map[string]string
			Steps       []struct {
				Uses, Run, If string
				Env           map[string]string
			}
		}
	}
	strictYAML(t, "ci/github.yml", &github)
	if github.Permissions == nil || len(github.Permissions) > 0 {
		t.Errorf("the workflow asks for %v", github.Permissions)
	}
	job := github.Jobs["check"]
	if want := map[string]string{"contents": "read", "security-events": "write"}; len(job.Permissions) != 2 || job.Permissions["contents"] != want["contents"] {
		t.Errorf("the job asks for %v, want %v", job.Permissions, want)
	}
	var uses []string
	for _, s := range job.Steps {
		uses = append(uses, s.Uses)
		if strings.Contains(s.Run, "go install") && s.Env["CGO_ENABLED"] != "0" {
			t.Errorf("the workflow builds with cgo, and the program is less confined: %s", s.Run)
		}
		if strings.Contains(s.Run, "${{") {
			t.Errorf("a script takes in an expression: %s", s.Run)
		}
	}
	if !slices.Contains(uses, "github/codeql-action/upload-sarif@v3") {
		t.Errorf("the steps use %q", uses)
	}
	var gitlab struct {
		Iotmark struct {
			Variables map[string]string
			Script    []string
			Artifacts struct {
				When    string
				Reports map[string]string
			}
		}
	}
	strictYAML(t, "ci/gitlab.yml", &gitlab)
	if r := gitlab.Iotmark.Artifacts; r.When != "always" || r.Reports["junit"] != "iotmark.xml" || r.Reports["codequality"] != "iotmark-quality.json" {
		t.Errorf("the artifacts are %+v", r)
	}

	if gitlab.Iotmark.Variables["CGO_ENABLED"] != "0" {
		t.Error("the job builds with cgo, and the program is less confined")
	}
	for _, name := range []string{"../README.md", "ci/check.sh", "ci.md", "maker.md", "publish.md", "../CONTRIBUTING.md"} {
		for line := range strings.Lines(document(t, name)) {
			if strings.Contains(line, "go install") && strings.Contains(line, "iotmark") && !strings.Contains(line, "CGO_ENABLED=0") {
				t.Errorf("%s builds with cgo: %s", name, line)
			}
		}
	}

	// Every flag and format that they name is there.
	help, _ := run(t, "check", "--help")
	flags := regexp.MustCompile(`--[a-z]+`)
	formats := regexp.MustCompile(`--format ([a-z]+)`)
	for _, name := range []string{"ci/github.yml", "ci/gitlab.yml", "ci/check.sh", "ci.md"} {
		text := document(t, name)
		for _, f := range flags.FindAllString(text, -1) {
			if !strings.Contains(help, f+" ") && !strings.Contains(help, f+",") {
				t.Errorf("%s: check has no %s", name, f)
			}
		}
		for _, f := range formats.FindAllStringSubmatch(text, -1) {
			if !slices.Contains(cli.FormatNames(), f[1]) {
				t.Errorf("%s: there is no format %s", name, f[1])
			}
		}
	}
	for _, f := range cli.FormatNames() {
		if !strings.Contains(document(t, "ci.md"), "| `"+f+"` |") {
			t.Errorf("ci.md does not list %s", f)
		}
	}
}

func strictYAML(t *testing.T, name string, into any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(document(t, name)), into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// The commands of the ready files do what they say, against the program as it
// is: the script, and the lines of the two services.
func TestReadyScripts(t *testing.T) {
	var github struct {
		Jobs map[string]struct{ Steps []struct{ Run string } }
	}
	strictYAML(t, "ci/github.yml", &github)
	var gitlab struct{ Iotmark struct{ Script []string } }
	strictYAML(t, "ci/gitlab.yml", &gitlab)
	dir := t.TempDir()
	script, err := filepath.Abs("../../docs/ci/check.sh")
	if err != nil {
		t.Fatal(err)
	}
	head := "#!/bin/sh\nset -eu\n"
	for name, text := range map[string]string{
		"check.sh":  head + `exec "` + script + `"` + "\n",
		"github.sh": head + strings.ReplaceAll(github.Jobs["check"].Steps[3].Run, `"$(go env GOPATH)/bin/iotmark"`, "iotmark"),
		"gitlab.sh": head + gitlab.Iotmark.Script[0] + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, file := range typed {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(typedScript(t, file)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("READY", dir)
	scripts(t, "testdata/ready", nil)
}

// typed are the documents whose commands run as they stand, each in the folder
// of a product, by the name of the script that is made of them.
var typed = map[string]string{
	"readme.sh": "../README.md", "maker.sh": "maker.md", "publish.sh": "publish.md", "ci-md.sh": "ci.md",
}

// typedHead stands before the commands of a document. What asks a person or
// serves a page shows its help instead; a day is fixed, because evidence ages;
// a must that does not conform is no fault of the command.
const typedHead = `#!/bin/sh
set -eux
iotmark() {
  word=$1
  shift
  case $word in
  check) command iotmark check --at "$AT" "$@" || [ $? = 1 ] ;;
  publish) command iotmark publish --at "$AT" "$@" ;;
  key) [ -e ../maker.key ] || command iotmark key "$@" --no-passphrase ;;
  init | preview) command iotmark "$word" --help ;;
  *) command iotmark "$word" "$@" ;;
  esac
}
git() { :; }
`

// typedScript takes the commands for a shell out of a document: the indented
// blocks that hold a line with iotmark or ssh-keygen, without those lines that
// build the program.
func typedScript(t *testing.T, file string) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(typedHead)
	for block := range strings.SplitSeq(document(t, file), "\n\n") {
		if !strings.HasPrefix(block, "    ") || !strings.Contains("\n"+block, "\n    iotmark ") && !strings.Contains("\n"+block, "\n    ssh-keygen ") {
			continue
		}
		if strings.Contains(block, "    ssh-keygen ") {
			b.WriteString("cd ../site/.well-known/iotmark/*/\n")
		}
		for line := range strings.Lines(block) {
			line = strings.TrimPrefix(line, "    ")
			if strings.HasPrefix(line, "CGO_ENABLED=0 go install") || strings.HasPrefix(line, "cd your-product") {
				continue
			}
			line = strings.ReplaceAll(line, "https://YOUR-DOMAIN/.well-known/iotmark/PRODUCT", "file://$PWD/../site/.well-known/iotmark/tw-l3")
			b.WriteString(strings.TrimSuffix(strings.ReplaceAll(line, "YOUR-DOMAIN", "tarnwick.example"), "\n") + "\n")
		}
	}
	return b.String()
}
