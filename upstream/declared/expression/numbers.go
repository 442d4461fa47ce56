package expression

import (
	"math"
	"math/bits"
	"strconv"
)

var (
	errOverflow = fail("integer beyond 64 bits")
	errZero     = fail("division by zero")
	errInfinite = fail("number beyond 64 bits")
)

// integers are both operands if both are integers.
func integers(a, b any) (x, y int, ok bool) {
	x, ok = a.(int)
	if ok {
		y, ok = b.(int)
	}
	return x, y, ok
}

// numbers are both operands as numbers.
func numbers(a, b any) (x, y float64, err error) {
	x, ok := number(a)
	y, also := number(b)
	if !ok || !also {
		return 0, 0, errType
	}
	return x, y, nil
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// finite is a result that JSON can write.
func finite(f float64) (any, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, errInfinite
	}
	return f, nil
}

func add(m *machine, a, b any) (any, error) {
	if s, ok := a.(string); ok {
		return concat(m, s, b)
	}
	if x, y, ok := integers(a, b); ok {
		sum := x + y
		if (sum > x) != (y > 0) && y != 0 {
			return nil, errOverflow
		}
		return sum, nil
	}
	x, y, err := numbers(a, b)
	if err != nil {
		return nil, err
	}
	return finite(x + y)
}

func subtract(a, b any) (any, error) {
	if x, y, ok := integers(a, b); ok {
		difference := x - y
		if (difference < x) != (y > 0) && y != 0 {
			return nil, errOverflow
		}
		return difference, nil
	}
	x, y, err := numbers(a, b)
	if err != nil {
		return nil, err
	}
	return finite(x - y)
}

func multiply(a, b any) (any, error) {
	if x, y, ok := integers(a, b); ok {
		high, low := bits.Mul64(magnitude(x), magnitude(y))
		negative := (x < 0) != (y < 0)
		if high != 0 || low > math.MaxInt64 && !(negative && low == 1<<63) {
			return nil, errOverflow
		}
		return x * y, nil
	}
	x, y, err := numbers(a, b)
	if err != nil {
		return nil, err
	}
	return finite(x * y)
}

func magnitude(x int) uint64 {
	if x < 0 {
		return -uint64(x)
	}
	return uint64(x)
}

func divide(a, b any) (any, error) {
	x, y, err := numbers(a, b)
	switch {
	case err != nil:
		return nil, err
	case y == 0:
		return nil, errZero
	}
	return finite(x / y)
}

func modulo(a, b any) (any, error) {
	x, y, ok := integers(a, b)
	switch {
	case !ok:
		return nil, errType
	case y == 0:
		return nil, errZero
	}
	return x % y, nil
}

func power(a, b any) (any, error) {
	x, y, err := numbers(a, b)
	if err != nil {
		return nil, err
	}
	return finite(math.Pow(x, y))
}

func abs(v any) (any, error) {
	if x, ok := v.(int); ok && x < 0 {
		return subtract(0, x)
	} else if ok {
		return x, nil
	}
	x, ok := v.(float64)
	if !ok {
		return nil, errType
	}
	return math.Abs(x), nil
}

// sum adds up a list: an integer if all its items are integers.
func sum(m *machine, v any) (any, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, errType
	}
	if err := m.charge(len(list)); err != nil {
		return nil, err
	}
	var total any = 0
	for _, item := range list {
		switch item.(type) {
		case int, float64:
		case nil:
			return nil, errAbsent
		default:
			return nil, errType
		}
		var err error
		if total, err = add(m, total, item); err != nil {
			return nil, err
		}
	}
	return total, nil
}

func toInt(v any) (any, error) {
	switch v := v.(type) {
	case int:
		return v, nil
	case float64:
		if v < -(1<<63) || v >= 1<<63 {
			return nil, errOverflow
		}
		return int(v), nil
	case string:
		i, err := strconv.Atoi(v)
		if err != nil {
			return nil, fail("int of text that is no integer of 64 bits")
		}
		return i, nil
	}
	return nil, errType
}

func toFloat(v any) (any, error) {
	if f, ok := number(v); ok {
		return f, nil
	}
	s, ok := v.(string)
	if !ok {
		return nil, errType
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return nil, fail("float of text that is no number")
	}
	return finite(f)
}
