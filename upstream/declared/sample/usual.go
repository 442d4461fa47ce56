package sample

import "math/big"

// usualNumber is the range in which a number is looked for, and its last digit.
type usualNumber struct{ low, high, step *big.Rat }

// usual is the range that goes with a member's name.
func usual(name string, whole bool) usualNumber {
	between := func(low, high int64, steps int64) usualNumber {
		return usualNumber{big.NewRat(low, 1), big.NewRat(high, 1), big.NewRat(1, steps)}
	}
	switch lastWord(name) {
	case "price", "amount", "total", "cost", "sum", "fee", "subtotal", "tax", "balance":
		return between(1, 200, 100)
	case "qty", "quantity", "count", "attempt", "piece":
		return between(1, 9, 1)
	case "percent", "percentage", "humidity", "progress", "discount":
		return between(0, 100, 1)
	case "rating", "star", "score":
		return between(1, 5, 2)
	case "age":
		return between(18, 80, 1)
	case "year":
		return between(2020, 2026, 1)
	case "temperature":
		return between(-5, 32, 10)
	}
	if whole {
		return between(1, 9999, 1)
	}
	return between(0, 1000, 100)
}
