package samples

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Corpus is corpus.yaml: the real artefacts of others that tests read.
type Corpus struct {
	Samples []Artefact `yaml:"samples"`
	Go      []Archive  `yaml:"go"`
	NPM     []Archive  `yaml:"npm"`
	Debian  []Archive  `yaml:"debian"`
	Modules []Archive  `yaml:"modules"` // of the Go module proxy; no dependencies of this project
}

// Artefact is one file with its truth.
type Artefact struct {
	Path    string         `yaml:"path"`
	SHA256  string         `yaml:"sha256"`
	From    string         `yaml:"from"`
	Licence string         `yaml:"licence"`
	Use     []string       `yaml:"use"`
	Find    map[string]any `yaml:"find"`
	By      string         `yaml:"by"`
}

// Archive is a package of a registry with the files that tests read.
type Archive struct {
	Module    string     `yaml:"module"` // of the Go module proxy
	Name      string     `yaml:"name"`   // of the npm registry or of Debian; the path of a module that is only read
	Version   string     `yaml:"version"`
	H1        string     `yaml:"h1"`
	Integrity string     `yaml:"integrity"`
	SHA256    string     `yaml:"sha256"`
	Licence   string     `yaml:"licence"`
	Use       []string   `yaml:"use"`
	Files     []Artefact `yaml:"files"`
	By        string     `yaml:"by"`
}

// Folder is where an archive that is no dependency is unpacked, below the
// project.
func (a Archive) Folder() string {
	clean := strings.NewReplacer("/", "-", "@", "", ":", "-", "+", "-", "~", "-").Replace(a.Name + "-" + a.Version)
	return filepath.Join(Root(), ".cache", "corpus", clean)
}

// ReadCorpus reads corpus.yaml of the project.
func ReadCorpus() (*Corpus, error) {
	raw, err := os.ReadFile(filepath.Join(Root(), "corpus.yaml"))
	if err != nil {
		return nil, err
	}
	c := new(Corpus)
	d := yaml.NewDecoder(bytes.NewReader(raw))
	d.KnownFields(true)
	return c, d.Decode(c)
}
