package text

import (
	"context"
	"slices"
)

// rules joins the tables of rules. Each table belongs to the checks that read
// its statements.
func rules() []Rule { return slices.Concat(privacyRules, securityRules, lifecycleRules) }

// statements runs the rules over the sentences. Questions say nothing by
// themselves; with their answer they do. A rule runs on a text in its own
// language, or where the language is not known.
func statements(ctx context.Context, ss []sentence, lang, declared string, rs []Rule) ([]Statement, error) {
	rs = slices.DeleteFunc(slices.Clone(rs), func(r Rule) bool {
		return r.Language != "" && lang != "" && r.Language != lang && r.Language != declared
	})
	var out []Statement
	count := map[StatementID]int{}
	for _, s := range ss {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if s.question {
			continue
		}
		said := map[StatementID]bool{}
		for _, r := range rs {
			if said[r.Statement] || count[r.Statement] >= maxStatements || !r.near(s.match) {
				continue
			}
			m := r.Pattern.Regexp().FindStringSubmatch(s.match)
			if m == nil || r.Unless != nil && r.Unless.MatchString(s.match) {
				continue
			}
			said[r.Statement] = true
			count[r.Statement]++
			st := Statement{ID: r.Statement, Quote: quote(s.text), Line: s.line}
			for i, name := range r.Pattern.Regexp().SubexpNames() {
				if name == "" || m[i] == "" {
					continue
				}
				if st.Values == nil {
					st.Values = map[string]string{}
				}
				st.Values[name] = m[i]
			}
			out = append(out, st)
		}
	}
	return out, nil
}

// quote cuts a sentence to the 200 characters a place may hold.
func quote(s string) string {
	r := []rune(s)
	if len(r) <= 200 {
		return s
	}
	return string(r[:197]) + "..."
}
