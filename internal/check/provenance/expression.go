package provenance

import (
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"sync"
)

//go:embed spdx-licences.txt
var spdxText string

// spdxList is the list of SPDX by id in small letters, since ids match
// without regard to case (SPDX 2.3, Annex D.2).
var spdxList = sync.OnceValue(func() (l struct{ Licences, Exceptions map[string]string }) {
	l.Licences, l.Exceptions = map[string]string{}, map[string]string{}
	for row := range strings.Lines(spdxText) {
		kind, id, _ := strings.Cut(strings.TrimSpace(row), " ")
		switch kind {
		case "licence":
			l.Licences[strings.ToLower(id)] = id
		case "exception":
			l.Exceptions[strings.ToLower(id)] = id
		}
	}
	return l
})

// expression is a licence expression of SPDX (2.3, Annex D): either one
// licence, or two expressions joined.
type expression struct {
	op          string // "", AND, OR
	left, right *expression
	id          string // of the licence, as the list writes it where it has it
	listed      bool   // the id is on the list, or is one of the file's own
	exception   string // after WITH, as the list writes it
	exceptionOK bool   // there is none, or it is on the list
}

// maxBrackets bounds the nesting of an expression; nobody writes three.
const maxBrackets = 20

// parseExpression reads an expression. It refuses what is not of its form; an
// id that is of the form and not on the list is no error.
func parseExpression(s string) (*expression, error) {
	p := &expressionParser{words: tokens(s)}
	e, err := p.or()
	if err == nil && len(p.words) > 0 {
		err = fmt.Errorf("%q stands where AND, OR or WITH was expected", p.words[0])
	}
	if err != nil {
		return nil, err
	}
	return e, nil
}

// tokens splits at white space and around brackets.
func tokens(s string) []string {
	return strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(s))
}

type expressionParser struct {
	words []string
	depth int
}

// operator returns the operator that comes next. SPDX 2.3 writes them in
// capitals; SPDX 3.0 allows small letters too.
func (p *expressionParser) operator() string {
	if len(p.words) > 0 {
		switch w := p.words[0]; w {
		case "AND", "OR", "WITH", "and", "or", "with":
			return strings.ToUpper(w)
		}
	}
	return ""
}

func (p *expressionParser) or() (*expression, error)  { return p.joined("OR", p.and) }
func (p *expressionParser) and() (*expression, error) { return p.joined("AND", p.simple) }

// joined reads what binds closer, and op between it any number of times.
func (p *expressionParser) joined(op string, closer func() (*expression, error)) (*expression, error) {
	e, err := closer()
	for err == nil && p.operator() == op {
		p.words = p.words[1:]
		var r *expression
		if r, err = closer(); err == nil {
			e = &expression{op: op, left: e, right: r}
		}
	}
	return e, err
}

func (p *expressionParser) simple() (*expression, error) {
	if len(p.words) == 0 {
		return nil, errors.New("a licence is missing at the end")
	}
	w := p.words[0]
	if w == "(" {
		if p.depth++; p.depth > maxBrackets {
			return nil, errors.New("too many brackets")
		}
		p.words = p.words[1:]
		e, err := p.or()
		if err != nil {
			return nil, err
		}
		if len(p.words) == 0 || p.words[0] != ")" {
			return nil, errors.New("a bracket is not closed")
		}
		p.words = p.words[1:]
		p.depth--
		return e, nil
	}
	if p.operator() != "" || !isLicenceID(w) {
		return nil, fmt.Errorf("%q is no licence id", w)
	}
	p.words = p.words[1:]
	e := &expression{exceptionOK: true}
	e.id, e.listed = lookUp(w)
	if p.operator() == "WITH" {
		if p.words = p.words[1:]; len(p.words) == 0 || !isID(p.words[0], ":") || p.operator() != "" {
			return nil, errors.New("the exception after WITH is missing")
		}
		x := p.words[0]
		p.words = p.words[1:]
		e.exception, e.exceptionOK = spdxList().Exceptions[strings.ToLower(x)], true
		if e.exception == "" {
			e.exception, e.exceptionOK = x, strings.HasPrefix(x, "AdditionRef-")
		}
	}
	return e, nil
}

// lookUp finds an id on the list. A plus behind it means "or later"; some ids
// have it in their name.
func lookUp(w string) (id string, listed bool) {
	l := spdxList().Licences
	if id, ok := l[strings.ToLower(w)]; ok {
		return id, true
	}
	if base, ok := strings.CutSuffix(w, "+"); ok {
		if id, ok := l[strings.ToLower(base)]; ok {
			return id + "+", true
		}
	}
	return w, isRef(w)
}

// isRef reports whether the id is one of the file's own.
func isRef(w string) bool {
	if rest, ok := strings.CutPrefix(w, "DocumentRef-"); ok {
		_, w, _ = strings.Cut(rest, ":")
	}
	return strings.HasPrefix(w, "LicenseRef-") && len(w) > len("LicenseRef-")
}

// isLicenceID reports whether a word has the form of an id of the list (its
// letters, digits, hyphens and dots, and perhaps a plus) or of the file's own.
func isLicenceID(w string) bool {
	if isRef(w) {
		return isID(w, ":")
	}
	return isID(strings.TrimSuffix(w, "+"), "")
}

func isID(w, also string) bool {
	for _, c := range w {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', strings.ContainsRune(also, c):
		default:
			return false
		}
	}
	return w != ""
}

// each calls f for every licence in the expression.
func (e *expression) each(f func(*expression)) {
	if e.op == "" {
		f(e)
		return
	}
	e.left.each(f)
	e.right.each(f)
}

// owesSource reports whether whoever hands the component on owes its source.
// Of an OR the maker may choose the one that owes nothing; of an AND all hold.
func (e *expression) owesSource() bool {
	switch e.op {
	case "OR":
		return e.left.owesSource() && e.right.owesSource()
	case "AND":
		return e.left.owesSource() || e.right.owesSource()
	}
	return owing(e.id) && !freeing[e.exception]
}

// freeing are exceptions that let the component itself be handed on in binary
// form without its source: run-time libraries and generated text. All others,
// such as Classpath-exception-2.0, free only what is linked to it.
var freeing = map[string]bool{
	"GCC-exception-2.0": true, "GCC-exception-3.1": true, "Autoconf-exception-2.0": true, "Autoconf-exception-3.0": true,
	"Autoconf-exception-generic": true, "Autoconf-exception-generic-3.0": true, "Autoconf-exception-macro": true,
	"Bison-exception-2.2": true, "Bison-exception-1.24": true, "Libtool-exception": true, "Font-exception-2.0": true,
	"WxWindows-exception-3.1": true,
}

// owingFamilies are the beginnings of ids whose licences owe the source of
// the component to whoever gets it in binary form: GPL-2.0 section 3, GPL-3.0
// section 6, LGPL-2.1 sections 4 and 6, LGPL-3.0 section 4, MPL-2.0 section
// 3.2, EPL-2.0 section 3.1, CDDL-1.0 section 3.1, EUPL-1.2 section 5, and
// their like.
var owingFamilies = []string{
	"GPL-", "AGPL-", "LGPL-", "MPL-", "EPL-", "CDDL-", "EUPL-", "CPL-", "IPL-", "OSL-", "SSPL-", "CECILL-1", "CECILL-2", "CECILL-C",
	"MS-RL", "CPAL-", "APSL-", "NPL-", "SPL-", "QPL-", "Sleepycat", "RPL-", "RPSL-", "CERN-OHL-S", "CERN-OHL-W", "TAPR-OHL-",
	"copyleft-next-", "LiLiQ-R", "ErlPL-", "CUA-OPL-", "CAL-", "Parity-", "YPL-", "SimPL-", "SugarCRM-", "Watcom-", "eCos-2.0",
	"NGPL", "D-FSL-", "OCCT-PL", "OSET-PL-", "Interbase-", "ESA-PL-strong-", "ESA-PL-weak-", "SMAIL-GPL", "LGPLLR", "gSOAP-",
}

// freeDeprecated are old ids that carry a freeing exception in their name.
var freeDeprecated = map[string]bool{
	"GPL-2.0-with-GCC-exception": true, "GPL-3.0-with-GCC-exception": true, "GPL-2.0-with-autoconf-exception": true,
	"GPL-3.0-with-autoconf-exception": true, "GPL-2.0-with-bison-exception": true, "GPL-2.0-with-font-exception": true,
}

func owing(id string) bool {
	if freeDeprecated[id] {
		return false
	}
	for _, f := range owingFamilies {
		if strings.HasPrefix(id, f) {
			return true
		}
	}
	return false
}
