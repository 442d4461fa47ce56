package expression

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/conf"
)

// reserved are the words that are operators or constants wherever they stand but
// after a dot.
var reserved = set("in not and or let if else matches contains startsWith endsWith nil true false")

// Reserved reports whether an expression cannot read name as a part or a parameter.
func Reserved(name string) bool { return reserved[name] }

// builtins are the functions of expr that an expression may call. All take time in
// proportion to their arguments, and none reads the clock.
var builtins = set("all none any one filter map find count sum len abs ceil floor round int float string " +
	"trim trimPrefix trimSuffix upper lower hasPrefix hasSuffix indexOf max min first last")

// own are functions in place of expr's, which take too long or too much memory: its
// uniq is quadratic, and its replace may build text of any size.
var own = map[string]signature{
	"uniq":    {"uniq(list)", 1, []reflect.Kind{reflect.Slice}, reflect.TypeFor[[]any]()},
	"join":    {"join(list of text, text between)", 1, []reflect.Kind{reflect.Slice, reflect.String}, reflect.TypeFor[string]()},
	"split":   {"split(text, where)", 2, []reflect.Kind{reflect.String, reflect.String}, reflect.TypeFor[[]string]()},
	"replace": {"replace(text, old, new)", 3, []reflect.Kind{reflect.String, reflect.String, reflect.String}, reflect.TypeFor[string]()},
}

// signature is what a function takes and gives.
type signature struct {
	usage  string
	least  int // how many arguments it needs
	params []reflect.Kind
	result reflect.Type
}

// validate is what expr's check asks with the arguments' types.
func (s signature) validate(args []reflect.Type) (reflect.Type, error) {
	if len(args) < s.least || len(args) > len(s.params) {
		return nil, fmt.Errorf("wrong number of arguments: it is %s", s.usage)
	}
	for i, arg := range args {
		if arg == nil || arg.Kind() != reflect.Interface && arg.Kind() != s.params[i] { // nil has no type
			return nil, fmt.Errorf("argument %d has the wrong type: it is %s", i+1, s.usage)
		}
	}
	return s.result, nil
}

func set(words string) map[string]bool {
	s := map[string]bool{}
	for _, word := range strings.Fields(words) {
		s[word] = true
	}
	return s
}

// The tables of expr's configuration, the same for every environment.
var (
	known     = conf.FunctionsTable{}
	disabled  = map[string]bool{}
	functions = conf.FunctionsTable{}
)

func init() {
	for _, b := range builtin.Builtins {
		if builtins[b.Name] {
			known[b.Name] = b
		} else {
			disabled[b.Name] = true
		}
	}
	for name, s := range own {
		functions[name] = &builtin.Function{Name: name, Validate: s.validate, Types: []reflect.Type{reflect.TypeFor[func(...any) any]()}}
	}
	functions[fnKey] = &builtin.Function{Name: fnKey, Types: []reflect.Type{reflect.TypeFor[func(any) any]()}}
	for name, f := range hidden {
		functions[name] = &builtin.Function{Name: name, Func: f}
	}
}
