package sample

import (
	"math/rand/v2"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// text makes a text: one that goes with the member's name if the schema takes it,
// else one of the format, the pattern, and the length that the schema wants.
func (m *maker) text(r *rules, p place) string {
	format := r.format()
	shortest := min(r.least(func(s *jsonschema.Schema) *int { return s.MinLength }), maxText)
	longest := r.greatest(func(s *jsonschema.Schema) *int { return s.MaxLength }, maxText)
	var v string
	for try := range attempts {
		random := m.random(p.at, "text", p.salt<<8+try)
		switch nice := m.nice(p, random); {
		case format != "" && try < attempts/2:
			v = m.formatted(format, p, random)
		case nice != "" && format == "" && try < 4:
			v = nice
		default:
			v = r.matching(random, shortest, longest, try)
		}
		if valid(r.all, v) {
			return v
		}
	}
	return v
}

// matching is a text by the patterns, or of words as long as is wanted.
func (r *rules) matching(random *rand.Rand, shortest, longest, try int) string {
	var patterns []string
	for _, s := range r.all {
		if s.Pattern != nil {
			patterns = append(patterns, s.Pattern.String())
		}
	}
	if len(patterns) > 0 {
		w := patternWriter{random: random, more: 3}
		if try%3 > 0 { // a least length is reached by one repetition, or by several together
			w.more = max(3, shortest/(1+try/6))
			w.full = try%3 == 1
		}
		return w.match(patterns[try%len(patterns)])
	}
	return words(random, shortest, longest)
}

// words are as many words as make a text of the length that is wanted.
func words(random *rand.Rand, shortest, longest int) string {
	var b strings.Builder // one byte a character
	b.WriteString(word(random))
	for b.Len() < shortest {
		b.WriteString(" " + word(random))
	}
	text := b.String()
	if len(text) > longest {
		text = strings.TrimRight(text[:longest], " ")
	}
	return text + strings.Repeat("a", max(0, shortest-len(text)))
}

func (r *rules) format() string {
	for _, s := range r.all {
		if s.Format != nil {
			return s.Format.Name
		}
	}
	return ""
}

// word is two or three syllables.
func word(random *rand.Rand) string {
	const consonants, vowels = "bdfgklmnprstv", "aeiou"
	var b strings.Builder
	for range 2 + random.IntN(2) {
		b.WriteByte(consonants[random.IntN(len(consonants))])
		b.WriteByte(vowels[random.IntN(len(vowels))])
	}
	return b.String()
}
