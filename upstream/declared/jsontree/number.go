package jsontree

import (
	"bytes"
	"strconv"
)

// whole reports whether a number is written as an integer.
func whole(number []byte) bool { return !bytes.ContainsAny(number, ".eE") }

const (
	beyond     = "integer beyond 64 bits in an expression"
	notInteger = "not an integer"
)

// integer is the number's value if that is an integer of 64 bits, however it is
// written: 400, 400.0, 4e2. Otherwise rule says what is wrong.
func integer(number []byte) (i int, rule string) {
	if whole(number) {
		return parseInt(number)
	}
	mantissa, exponent := split(number)
	digits, negative := bytes.CutPrefix(mantissa, []byte("-"))
	before, after, _ := bytes.Cut(digits, []byte("."))
	after = bytes.TrimRight(after, "0")
	digits = bytes.TrimLeft(append(append([]byte{}, before...), after...), "0")
	if len(digits) == 0 {
		return 0, ""
	}
	// The value is digits times ten to the power of zeros.
	zeros := exponent - len(after)
	for zeros < 0 && digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
		zeros++
	}
	switch {
	case zeros < 0:
		return 0, notInteger
	case len(digits)+zeros > len("9223372036854775807"):
		return 0, beyond
	}
	digits = append(digits, bytes.Repeat([]byte("0"), zeros)...)
	if negative {
		digits = append([]byte("-"), digits...)
	}
	return parseInt(digits)
}

func parseInt(digits []byte) (int, string) {
	i, err := strconv.ParseInt(string(digits), 10, 64)
	if err != nil {
		return 0, beyond
	}
	return int(i), ""
}

// farAway stands for an exponent that is too long to read. An answer cannot have so
// many digits that they would make up for it.
const farAway = 1 << 40

// split is a number without its exponent, and the exponent.
func split(number []byte) (mantissa []byte, exponent int) {
	e := bytes.IndexAny(number, "eE")
	if e < 0 {
		return number, 0
	}
	exponent, err := strconv.Atoi(string(number[e+1:]))
	switch {
	case err == nil && -farAway < exponent && exponent < farAway:
		return number[:e], exponent
	case number[e+1] == '-':
		return number[:e], -farAway
	}
	return number[:e], farAway
}

// tooLong reports whether a number takes more than 1,000 digits to write out. The
// validator computes with fractions of any size: 1e1000000 has a million digits.
func tooLong(number []byte) bool {
	mantissa, exponent := split(number)
	return len(mantissa) > 1000 || exponent > 1000 || exponent < -1000
}
