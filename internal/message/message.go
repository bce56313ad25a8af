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

//go:embed en/*.yaml de/*.yaml
var files embed.FS

// Language is one language that the words are kept in.
type Language struct {
	Code string // BCP 47 tag, and the name of its folder
	Name string // of the language in itself
	Dir  string // ltr or rtl
}

// Languages returns all languages, English first.
func Languages() []Language {
	return []Language{{"en", "English", "ltr"}, {"de", "Deutsch", "ltr"}}
}

// In returns the words of a language by its tag, and false when there are
// none. What has no words yet in a language is said in English.
func In(code string) (*Words, bool) {
	for _, l := range Languages() {
		if l.Code == code {
			w, err := load(files, l)
			if err != nil {
				panic(err) // the tests of this package rule it out
			}
			return w, true
		}
	}
	return nil, false
}

// Words are the sentences of one language.
type Words struct {
	Language
	local    *i18n.Localizer
	ids      []iotmark.MessageID
	own      map[iotmark.MessageID]bool
	fallback *Words // nil for English
}

// English returns the English words. It panics when the embedded files are
// broken, which the tests of this package rule out.
func English() *Words {
	w, _ := In("en")
	return w
}

func load(fsys fs.FS, l Language) (*Words, error) {
	tag, err := language.Parse(l.Code)
	if err != nil {
		return nil, err
	}
	b := i18n.NewBundle(tag)
	names, err := fs.Glob(fsys, path.Join(l.Code, "*.yaml"))
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
	w := &Words{Language: l, local: i18n.NewLocalizer(b, tag.String()), own: map[iotmark.MessageID]bool{}}
	for _, id := range slices.Sorted(maps.Keys(seen)) {
		w.ids = append(w.ids, iotmark.MessageID(id))
		w.own[iotmark.MessageID(id)] = true
	}
	if l.Code != "en" {
		w.fallback = English()
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

// IDs returns all ids of the language in order.
func (w *Words) IDs() []iotmark.MessageID { return w.ids }

// Has reports whether the language has its own words for an id.
func (w *Words) Has(id iotmark.MessageID) bool { return w.own[id] }

// Say returns the sentence with its arguments filled in. The argument n
// chooses the plural. An id without words in the language is said in English,
// and one without any words is returned as it is.
func (w *Words) Say(id iotmark.MessageID, args map[string]string) string {
	if !w.own[id] && w.fallback != nil {
		return w.fallback.Say(id, args)
	}
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
