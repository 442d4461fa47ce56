package expression

import (
	"errors"
	"sync"

	"github.com/expr-lang/expr/vm"
)

// errAbsent is that a value which is needed is absent.
var errAbsent = errors.New("absent")

// fault is why an expression has no value. What else comes out of expr quotes the
// values, and is not passed on.
type fault struct{ error }

func (f fault) Unwrap() error { return f.error }

func fail(why string) error { return fault{errors.New(why)} }

var errValues = errors.New("cannot be computed from these values")

// Run evaluates the expression. get has a reference's value in the types that
// jsontree's Value gives, or a Lookup; nil if it is absent. It is called at most
// once for each of Refs. ok is false if the result is absent, as it is with an
// error. Errors name no values.
func (p *Program) Run(get func(*Ref) (any, error)) (v any, ok bool, err error) {
	m := machines.Get().(*machine)
	defer m.release()
	for i := range p.Refs {
		ref := &p.Refs[i]
		v, err := get(ref)
		switch {
		case err != nil:
			return nil, false, err
		case v == nil && ref.Needed:
			return nil, false, nil
		}
		m.env[slots[i]] = v
	}
	v, err = m.run(p.main)
	if err == nil {
		m.left = maxWork
		err = m.weigh(v) // an expression may have one value many times in its result
	}
	var why fault
	switch {
	case err == nil:
		return v, v != nil, nil
	case errors.Is(err, errAbsent):
		return nil, false, nil
	case errors.As(err, &why):
		return nil, false, why.error
	}
	return nil, false, errValues
}

// machine is what one run needs.
type machine struct {
	env  map[string]any
	vms  []*vm.VM // one for the program, one for each attempt within another
	used int      // of vms
	left int      // of maxWork

	walks int // within other walks
}

// Variables that no source can name.
const (
	theMachine = " machine"
	theItem    = " item" // of the predicate around an attempt
)

var machines = sync.Pool{New: func() any {
	m := &machine{env: map[string]any{}}
	m.reset()
	return m
}}

func (m *machine) reset() {
	clear(m.env)
	m.env[theMachine] = m
	m.used, m.left, m.walks = 0, maxWork, 0
}

// release keeps a machine for the next run, without vms that have grown large.
func (m *machine) release() {
	if m.walks > 1000 {
		m.vms = nil
	}
	m.reset()
	machines.Put(m)
}

// run runs a program. A panic of expr's is an error.
func (m *machine) run(main *vm.Program) (any, error) {
	if m.used == len(m.vms) {
		m.vms = append(m.vms, &vm.VM{})
	}
	m.used++
	defer func() { m.used-- }()
	return m.vms[m.used-1].Run(main, m.env)
}

// What takes longer than to look at one byte or one item counts as so many.
const (
	walkWork    = 64
	uniqWork    = 16
	splitWork   = 16
	patternWork = 32
)

var errWork = fail("reads or builds too much")

// charge counts work that one run could multiply.
func (m *machine) charge(work int) error {
	if m.left -= work; m.left < 0 {
		return errWork
	}
	return nil
}

// walk counts a list that is walked for an item of another one.
func (m *machine) walk(v any) (any, error) {
	m.walks++
	if err := m.charge(walkWork); err != nil {
		return nil, err
	}
	return isList(v)
}

// weigh counts a value with all that is in it.
func (m *machine) weigh(v any) error {
	switch v := v.(type) {
	case string:
		return m.charge(1 + len(v))
	case []any:
		for _, item := range v {
			if err := m.weigh(item); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, member := range v {
			if err := m.weigh(member); err != nil {
				return err
			}
		}
	case Lookup:
		return errType // it is no value
	}
	return m.charge(1)
}
