package expression

import (
	"strconv"

	"github.com/expr-lang/expr/vm/runtime"
)

// The functions that the rewriting puts into an expression. No source can name them.
const (
	fnNeed    = " need"
	fnKey     = " key" // never called: see prepare
	fnAt      = " at"
	fnTry     = " try"
	fnList    = " list"
	fnWalk    = " walk"
	fnStep    = " step"
	fnForeign = " foreign"
	fnPattern = " pattern"
	fnEqual   = " equal"
	fnIn      = " in"
	fnSlice   = " slice"
	ownPrefix = " own "

	fnAdd      = " add"
	fnSubtract = " subtract"
	fnMultiply = " multiply"
	fnDivide   = " divide"
	fnModulo   = " modulo"
	fnPower    = " power"
	fnNegate   = " negate"
	fnSum      = " sum"
	fnAbs      = " abs"
	fnMax      = " max"
	fnMin      = " min"

	fnInt     = " int"
	fnFloat   = " float"
	fnString  = " string"
	fnIndexOf = " indexOf"
)

type function = func(args ...any) (any, error)

var hidden = map[string]function{
	fnNeed: func(args ...any) (any, error) {
		if args[0] == nil {
			return nil, errAbsent
		}
		return args[0], nil
	},
	fnAt:    func(args ...any) (any, error) { return at(args[0], args[1]) },
	fnList:  func(args ...any) (any, error) { return isList(args[0]) },
	fnSlice: func(args ...any) (any, error) { return slice(args[0], args[1], args[2]) },
	fnTry: func(args ...any) (any, error) {
		v, err := args[1].(*attempt).run(args[0].(*machine), args[2])
		return absentIsNil(v, err)
	},

	fnWalk:    counted(func(m *machine, args []any) (any, error) { return m.walk(args[0]) }),
	fnStep:    counted(func(m *machine, args []any) (any, error) { return args[0], m.charge(args[1].(int)) }),
	fnForeign: counted(func(m *machine, args []any) (any, error) { return args[0], m.charge(textSize(args[0])) }),
	fnPattern: counted(func(m *machine, args []any) (any, error) { return args[0], m.charge(patternWork * textSize(args[0])) }),
	fnEqual:   counted(func(m *machine, args []any) (any, error) { return equal(m, args[0], args[1]) }),
	fnIn:      counted(func(m *machine, args []any) (any, error) { return in(m, args[0], args[1]) }),

	fnAdd:      counted(func(m *machine, args []any) (any, error) { return add(m, args[0], args[1]) }),
	fnSubtract: counted(func(_ *machine, args []any) (any, error) { return subtract(args[0], args[1]) }),
	fnMultiply: counted(func(_ *machine, args []any) (any, error) { return multiply(args[0], args[1]) }),
	fnDivide:   counted(func(_ *machine, args []any) (any, error) { return divide(args[0], args[1]) }),
	fnModulo:   counted(func(_ *machine, args []any) (any, error) { return modulo(args[0], args[1]) }),
	fnPower:    counted(func(_ *machine, args []any) (any, error) { return power(args[0], args[1]) }),
	fnNegate:   func(args ...any) (any, error) { return subtract(0, args[0]) },
	fnSum:      counted(func(m *machine, args []any) (any, error) { return sum(m, args[0]) }),
	fnAbs:      counted(func(_ *machine, args []any) (any, error) { return abs(args[0]) }),
	fnMax:      counted(func(m *machine, args []any) (any, error) { return extreme(m, runtime.More, args) }),
	fnMin:      counted(func(m *machine, args []any) (any, error) { return extreme(m, runtime.Less, args) }),

	fnInt:     counted(func(_ *machine, args []any) (any, error) { return toInt(args[0]) }),
	fnFloat:   counted(func(_ *machine, args []any) (any, error) { return toFloat(args[0]) }),
	fnString:  counted(func(_ *machine, args []any) (any, error) { return toText(args[0]) }),
	fnIndexOf: counted(func(_ *machine, args []any) (any, error) { return indexOf(args[0], args[1]) }),

	ownPrefix + "uniq":    counted(uniq),
	ownPrefix + "join":    counted(join),
	ownPrefix + "split":   counted(split),
	ownPrefix + "replace": counted(replace),
}

// counted is a function whose first argument is the machine that counts its work.
func counted(f func(*machine, []any) (any, error)) function {
	return func(args ...any) (any, error) { return f(args[0].(*machine), args[1:]) }
}

var (
	errType = fail("a value has the wrong type")
	errText = fail("text of more than 64 kB")
)

func textSize(v any) int {
	s, _ := v.(string)
	return len(s)
}

// at is a member of an object or an item of a list, and nil where there is none. A
// number that names a member stands for its digits.
func at(of, key any) (any, error) {
	switch of := of.(type) {
	case map[string]any:
		name, _ := memberName(key)
		return of[name], nil
	case Lookup:
		return lookup(of, key)
	case []any:
		i, ok := key.(int)
		if ok && i < 0 {
			i += len(of)
		}
		if ok && 0 <= i && i < len(of) {
			return of[i], nil
		}
	}
	return nil, nil
}

func lookup(of Lookup, key any) (any, error) {
	name, ok := memberName(key)
	if !ok {
		return nil, nil
	}
	v, err := of.Lookup(name)
	if err != nil {
		return nil, fault{err}
	}
	return v, nil
}

func memberName(key any) (string, bool) {
	switch key := key.(type) {
	case string:
		return key, true
	case int:
		return strconv.Itoa(key), true
	}
	return "", false
}
