package catalogue

import (
	"fmt"
	"regexp"

	"github.com/open-iot-mark/iotmark"
)

// Expr is an expression over product facts, in the language of applies_if:
//
//	expression = term { "or" term }
//	term       = factor { "and" factor }
//	factor     = "not" factor | "(" expression ")" | name
//
// The zero value is always true.
type Expr struct{ node }

type node interface {
	value(map[iotmark.FactID]iotmark.Truth) iotmark.Truth
	names(map[iotmark.FactID]bool)
}

type (
	name iotmark.FactID
	not  struct{ x node }
	and  struct{ x, y node }
	or   struct{ x, y node }
)

func (n name) value(f map[iotmark.FactID]iotmark.Truth) iotmark.Truth {
	if n == "always" {
		return iotmark.True
	}
	return f[iotmark.FactID(n)]
}
func (n not) value(f map[iotmark.FactID]iotmark.Truth) iotmark.Truth { return n.x.value(f).Not() }
func (n and) value(f map[iotmark.FactID]iotmark.Truth) iotmark.Truth {
	return n.x.value(f).And(n.y.value(f))
}
func (n or) value(f map[iotmark.FactID]iotmark.Truth) iotmark.Truth {
	return n.x.value(f).Or(n.y.value(f))
}

func (n name) names(m map[iotmark.FactID]bool) { m[iotmark.FactID(n)] = true }
func (n not) names(m map[iotmark.FactID]bool)  { n.x.names(m) }
func (n and) names(m map[iotmark.FactID]bool)  { n.x.names(m); n.y.names(m) }
func (n or) names(m map[iotmark.FactID]bool)   { n.x.names(m); n.y.names(m) }

// Value returns the value of the expression; a fact that is not in the map is
// unknown.
func (e Expr) Value(facts map[iotmark.FactID]iotmark.Truth) iotmark.Truth {
	if e.node == nil {
		return iotmark.True
	}
	return e.value(facts)
}

// Names returns the facts that the expression names, "always" among them.
func (e Expr) Names() map[iotmark.FactID]bool {
	m := map[iotmark.FactID]bool{}
	if e.node != nil {
		e.names(m)
	}
	return m
}

var (
	tokens   = regexp.MustCompile(`\(|\)|[^\s()]+`)
	factName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
)

// maxExpr bounds the length of an expression, and with it the recursion.
const maxExpr = 1000

// ParseExpr parses an expression.
func ParseExpr(s string) (Expr, error) {
	if len(s) > maxExpr {
		return Expr{}, fmt.Errorf("longer than %d bytes", maxExpr)
	}
	p := &parser{rest: tokens.FindAllString(s, -1)}
	n, err := p.expression()
	if err == nil && len(p.rest) > 0 {
		err = fmt.Errorf("did not expect %s", p.rest[0])
	}
	if err != nil {
		return Expr{}, err
	}
	return Expr{n}, nil
}

type parser struct{ rest []string }

func (p *parser) peek() string {
	if len(p.rest) == 0 {
		return ""
	}
	return p.rest[0]
}

func (p *parser) expression() (node, error) {
	x, err := p.term()
	for err == nil && p.peek() == "or" {
		p.rest = p.rest[1:]
		var y node
		y, err = p.term()
		x = or{x, y}
	}
	return x, err
}

func (p *parser) term() (node, error) {
	x, err := p.factor()
	for err == nil && p.peek() == "and" {
		p.rest = p.rest[1:]
		var y node
		y, err = p.factor()
		x = and{x, y}
	}
	return x, err
}

func (p *parser) factor() (node, error) {
	t := p.peek()
	if t == "" {
		return nil, fmt.Errorf("ends too early")
	}
	p.rest = p.rest[1:]
	switch {
	case t == "not":
		x, err := p.factor()
		return not{x}, err
	case t == "(":
		x, err := p.expression()
		if err == nil && p.peek() != ")" {
			err = fmt.Errorf("a closing bracket is missing")
		}
		if err == nil {
			p.rest = p.rest[1:]
		}
		return x, err
	case t == "and" || t == "or" || !factName.MatchString(t):
		return nil, fmt.Errorf("did not expect %s", t)
	}
	return name(t), nil
}
