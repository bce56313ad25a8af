// Package message has the words for people, by message id and language. A
// finding, a reason or a step carries an id and arguments; only this package
// knows the sentence.
//
// Words live in one folder a language, one YAML file a subject:
// id: sentence, or id: {one: ..., other: ...} where the argument n is counted.
// Arguments stand as {{.name}}. What can go wrong: an id has no words; then
// the id itself is printed, and the tests fail.
package message

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"

	"github.com/open-iot-mark/iotmark"
)

//go:embed en/*.yaml
var files embed.FS

// Words are the sentences of one language.
type Words struct {
	local *i18n.Localizer
	ids   []iotmark.MessageID
}

// English returns the English words. It panics when the embedded files are
// broken, which the tests of this package rule out.
func English() *Words {
	w, err := load(files, language.English, "en")
	if err != nil {
		panic(err)
	}
	return w
}

func load(fsys fs.FS, tag language.Tag, dir string) (*Words, error) {
	b := i18n.NewBundle(tag)
	names, err := fs.Glob(fsys, path.Join(dir, "*.yaml"))
	if err != nil {
		return nil, err
	}
	seen := map[string]string{}
	for _, n := range names {
		raw, err := fs.ReadFile(fsys, n)
		if err != nil {
			return nil, err
		}
		var entries map[string]sentence
		if err := yaml.Unmarshal(raw, &entries); err != nil {
			return nil, fmt.Errorf("%s: %w", n, err)
		}
		for _, id := range slices.Sorted(maps.Keys(entries)) {
			if other, ok := seen[id]; ok {
				return nil, fmt.Errorf("%s: %s stands in %s too", n, id, other)
			}
			seen[id] = n
			e := entries[id]
			if e.One == "" {
				e.One = e.Other // n is a number among others, and changes no word
			}
			if err := b.AddMessages(tag, &i18n.Message{ID: id, One: e.One, Other: e.Other}); err != nil {
				return nil, fmt.Errorf("%s: %s: %w", n, id, err)
			}
		}
	}
	w := &Words{local: i18n.NewLocalizer(b, tag.String())}
	for _, id := range slices.Sorted(maps.Keys(seen)) {
		w.ids = append(w.ids, iotmark.MessageID(id))
	}
	return w, nil
}

type sentence struct {
	One   string `yaml:"one"`
	Other string `yaml:"other"`
}

// UnmarshalYAML reads a sentence, or its plural forms.
func (s *sentence) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		return n.Decode(&s.Other)
	}
	type plain sentence
	return n.Decode((*plain)(s))
}

// IDs returns all ids in order.
func (w *Words) IDs() []iotmark.MessageID { return w.ids }

// Say returns the sentence with its arguments filled in. The argument n
// chooses the plural. An id without words is returned as it is.
func (w *Words) Say(id iotmark.MessageID, args map[string]string) string {
	cfg := &i18n.LocalizeConfig{MessageID: string(id), TemplateData: args}
	if n, ok := args["n"]; ok {
		cfg.PluralCount = n
	}
	s, err := w.local.Localize(cfg)
	if err != nil {
		return string(id)
	}
	return s
}
