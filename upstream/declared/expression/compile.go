package expression

import (
	"errors"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/checker/nature"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/parser/lexer"
)

// Compile checks an expression as it is written, with the types of its environment,
// and then rewrites it for what expr does otherwise (see the package's comment).
func (e *Env) Compile(src string) (p *Program, mistake *Mistake) {
	defer func() {
		if recover() != nil { // expr meets something that it did not expect
			p, mistake = nil, &Mistake{Rule: "cannot be read as an expression"}
		}
	}()
	if mistake := readable(src); mistake != nil {
		return nil, mistake
	}
	s := source{text: src, code: src + "\n"} // so that expr's end is after the text, and not its last character
	if e.item != nil {
		s.code, s.shift = itemPrefix+src+itemSuffix, len(itemPrefix)
	}
	tree, err := parser.ParseWithConfig(s.code, e.expr())
	if err != nil {
		return nil, s.syntax(err)
	}
	root := &tree.Node
	if e.item != nil {
		root = &tree.Node.(*ast.BuiltinNode).Arguments[1].(*ast.PredicateNode).Node
	}
	r := rules{env: e}
	if r.check(*root, scope{}); r.mistake != nil {
		return nil, s.place(r.mistake)
	}
	prepare(root)
	if _, err := checker.Check(tree, e.expr()); err != nil {
		return nil, s.mistake(err)
	}
	w := rewriter{env: e, program: &Program{nodes: r.nodes, Type: e.typeOf(*root)}}
	if w.rewrite(root, strict, scope{always: true}); w.mistake != nil {
		return nil, s.place(w.mistake)
	}
	if w.program.main, err = compiler.Compile(bare(tree, *root), e.expr()); err != nil {
		return nil, &Mistake{Rule: "cannot be compiled"}
	}
	return w.program, nil
}

// With an item, an expression is compiled as the predicate of a map: only there does
// expr read .x and #.
const (
	itemPrefix = "map(" + itemList + ", ("
	itemSuffix = "\n))" // on a line of its own, should the expression end in a comment
)

// readable checks what must hold before an expression is put between itemPrefix and
// itemSuffix: that it leaves no text open, and closes only what it opens.
func readable(src string) *Mistake {
	switch length := utf8.RuneCountInString(src); {
	case length > MaxSource:
		return &Mistake{MaxSource, "longer than 4,096 characters"}
	case !utf8.ValidString(src):
		return &Mistake{Rule: "broken UTF-8"}
	case strings.TrimSpace(src) == "":
		return &Mistake{Rule: "empty"}
	}
	tokens, err := lexer.Lex(file.NewSource(src))
	if err != nil {
		return source{text: src}.syntax(err)
	}
	open := 0
	for _, token := range tokens {
		if token.Kind != lexer.Bracket {
			continue
		}
		if strings.Contains("([{", token.Value) {
			open++
		} else if open--; open < 0 {
			return &Mistake{token.From, "unexpected " + token.Value}
		}
	}
	return nil
}

// source is an expression as it is written, and the code that it stands in.
type source struct {
	text, code string
	shift      int // where it begins in code
}

// mistake is an error of expr, without its excerpt.
func (s source) mistake(err error) *Mistake {
	var at *file.Error
	if !errors.As(err, &at) {
		return &Mistake{Rule: "cannot be read as an expression"}
	}
	return s.place(&Mistake{at.From, plain(at.Message)})
}

// syntax is a mistake of the parser. What it did not expect after the text is the end.
func (s source) syntax(err error) *Mistake {
	m := s.mistake(err)
	if m.Offset == utf8.RuneCountInString(s.text) && strings.HasPrefix(m.Rule, "unexpected") {
		m.Rule = "ends too early"
	}
	return m
}

// place makes an offset in the code one in the text.
func (s source) place(m *Mistake) *Mistake {
	m.Offset = min(max(0, m.Offset-s.shift), utf8.RuneCountInString(s.text))
	return m
}

var (
	noItems  = regexp.MustCompile(`(.*)\[[^\[]*\] is undefined`)
	brackets = regexp.MustCompile(`\(.*\)`)
	goTypes  = regexp.MustCompile(`map\[string\]interface \{\}|\[\]interface \{\}|\[\]string|\binterface \{\}|\bfloat64\b|\bint\b|\bstring\b|\bbool\b`)
	words    = map[string]string{
		"map[string]interface {}": "object", "[]interface {}": "list", "[]string": "list", "interface {}": "any value",
		"float64": "number", "int": "integer", "string": "text", "bool": "boolean",
	}
)

// plain is a message of expr in the words of schemas, without Go's types. Those
// stand in brackets or after "cannot"; a function's name may look like one.
func plain(message string) string {
	message, _, _ = strings.Cut(message, ": strconv.")
	inWords := func(part string) string {
		return goTypes.ReplaceAllStringFunc(part, func(t string) string { return words[t] })
	}
	about, function, called := strings.Cut(message, " to call ")
	switch {
	case called:
		message = inWords(about) + " to call " + function
	case strings.HasPrefix(message, "cannot "):
		message = inWords(message)
	case strings.HasPrefix(message, "type "): // string has no field x, string[int] is undefined
		message = inWords(noItems.ReplaceAllString(message, "$1 has no items"))
	default:
		message = brackets.ReplaceAllStringFunc(message, inWords)
	}
	return strings.TrimSpace(message)
}

// bare is the rewritten tree without the types that the check found: they would make
// expr choose instructions that fail on nil. Literals keep theirs.
func bare(tree *parser.Tree, root ast.Node) *parser.Tree {
	forget(root)
	return &parser.Tree{Node: root, Source: tree.Source}
}

func forget(n ast.Node) {
	switch n.(type) {
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.StringNode, *ast.NilNode:
	default:
		n.SetNature(nature.Nature{})
	}
	each(n, func(c *ast.Node) { forget(*c) })
}
