package sample

import (
	"math/rand/v2"
	"regexp/syntax"
	"strings"
)

// maxText is the longest text that is made, in characters.
const maxText = 100_000

// patternWriter makes texts that a regular expression matches, but for word boundaries.
type patternWriter struct {
	text   strings.Builder
	random *rand.Rand
	more   int  // so many more times than it must, at most, is something repeated
	full   bool // always so many times
	steps  int
}

// maxSteps bounds the work for repetitions within repetitions, such as ((a*)*)*.
const maxSteps = 10 * maxText

func (w *patternWriter) match(pattern string) string {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return ""
	}
	w.write(re)
	return w.text.String()
}

func (w *patternWriter) write(re *syntax.Regexp) {
	w.steps++
	if w.done() {
		return
	}
	switch re.Op {
	case syntax.OpLiteral:
		w.text.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		w.text.WriteRune(w.of(re.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		w.text.WriteByte(letters[w.random.IntN(len(letters))])
	case syntax.OpCapture, syntax.OpConcat:
		for _, sub := range re.Sub {
			w.write(sub)
		}
	case syntax.OpAlternate:
		w.write(re.Sub[w.random.IntN(len(re.Sub))])
	case syntax.OpStar:
		w.repeat(re.Sub[0], 0, -1)
	case syntax.OpPlus:
		w.repeat(re.Sub[0], 1, -1)
	case syntax.OpQuest:
		w.repeat(re.Sub[0], 0, 1)
	case syntax.OpRepeat:
		w.repeat(re.Sub[0], re.Min, re.Max)
	}
}

func (w *patternWriter) repeat(re *syntax.Regexp, least, most int) {
	if most < 0 || most > least+w.more {
		most = least + w.more
	}
	n := most
	if !w.full {
		n = least + w.random.IntN(most-least+1)
	}
	for i := 0; i < n && !w.done(); i++ {
		w.write(re)
	}
}

func (w *patternWriter) done() bool { return w.text.Len() > maxText || w.steps > maxSteps }

const letters = "abcdefghijklmnopqrstuvwxyz"

// of is a character of a class, which is a list of ranges: a letter or digit if it
// has any, else another printable character of ASCII, else its first one.
func (w *patternWriter) of(class []rune) rune {
	var alphanumeric, printable []rune
	for i := 0; i+1 < len(class); i += 2 {
		for c := max(class[i], ' '); c <= min(class[i+1], '~'); c++ {
			if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
				alphanumeric = append(alphanumeric, c)
			}
			printable = append(printable, c)
		}
	}
	switch {
	case len(alphanumeric) > 0:
		return alphanumeric[w.random.IntN(len(alphanumeric))]
	case len(printable) > 0:
		return printable[w.random.IntN(len(printable))]
	case len(class) > 0:
		return class[0]
	}
	return 'x' // a class of nothing, which no text matches
}
