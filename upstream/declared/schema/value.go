package schema

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// value is what encoding/json would give for a node, with json.Number for numbers.
func (b *bundle) value(f *file, n *yaml.Node) any {
	switch n.Kind {
	case yaml.MappingNode:
		m := make(map[string]any, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			m[n.Content[i].Value] = b.value(f, n.Content[i+1])
		}
		return m
	case yaml.SequenceNode:
		l := make([]any, 0, len(n.Content))
		for _, c := range n.Content {
			l = append(l, b.value(f, c))
		}
		return l
	}
	switch n.ShortTag() {
	case "!!null":
		return nil
	case "!!bool":
		return n.Value == "true" || n.Value == "True" || n.Value == "TRUE"
	case "!!int", "!!float":
		number, ok := numberOf(n)
		if !ok || !reasonable(number) {
			b.at(f, n, "%s is not a number that can be used here", quoted(n.Value))
			return json.Number("0")
		}
		return number
	}
	return n.Value // also a date: JSON has no type for it
}

var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// numberOf is a number as JSON writes it: YAML's 0x10 and +1 are converted.
func numberOf(n *yaml.Node) (json.Number, bool) {
	if jsonNumber.MatchString(n.Value) {
		return json.Number(n.Value), true
	}
	var v any
	if err := n.Decode(&v); err != nil {
		return "", false
	}
	switch v := v.(type) {
	case int, int64, uint64:
		return json.Number(fmt.Sprint(v)), true
	case float64:
		if !math.IsInf(v, 0) && !math.IsNaN(v) {
			return json.Number(strconv.FormatFloat(v, 'g', -1, 64)), true
		}
	}
	return "", false
}

const maxDigits = 1000

// reasonable reports whether exact arithmetic with a number is cheap. 1e999999 has a
// million digits; a few thousand such numbers would keep a processor busy for minutes.
func reasonable(n json.Number) bool {
	digits, exponent, ok := strings.Cut(strings.ToLower(string(n)), "e")
	if len(digits) > maxDigits {
		return false
	}
	if !ok {
		return true
	}
	e, err := strconv.Atoi(exponent)
	return err == nil && -maxDigits <= e && e <= maxDigits
}

// quoted is text from a file, short enough for a message.
func quoted(s string) string {
	if utf8.RuneCountInString(s) > 40 {
		s = string([]rune(s)[:40]) + "…"
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == '`' }) {
		return strconv.Quote(s)
	}
	return "`" + s + "`"
}
