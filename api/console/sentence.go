package console

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"tributary/telemetry/story"
)

// The tones of the sentence.
const (
	toneWell    = "well"
	toneWarning = "warning"
	toneBad     = "bad"
)

// situation is what the sentence on top of the page is made of.
type situation struct {
	age       time.Duration // of the process
	draining  bool
	minute    story.Totals // of the last minute, or since the start
	upstreams int          // that are enabled
	failing   int          // of these: failing, cut off by the breaker, or held back
	slow      int
}

// sentence says how the gateway is, in words.
func (s situation) sentence() string {
	parts := []string{s.ofUpstreams(), s.ofAnswers()}
	if n := s.minute.Overloaded; n > 0 {
		parts = append(parts, fmt.Sprintf("%s a source, because too many calls to it were in flight", amount(n, "answer lacks", "answers lack")))
	}
	text := strings.Join(parts, "; ")
	if s.draining {
		return "The gateway is draining: " + lowerFirst(text) + "."
	}
	return text + "."
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// tone says how bad it is.
func (s situation) tone() string {
	answers := s.minute.Answers()
	switch {
	case s.minute.Problems > 0 && s.minute.Problems*100 >= answers, s.upstreams > 0 && s.failing == s.upstreams:
		return toneBad
	case s.minute.Problems > 0, s.minute.Degraded > 0, s.minute.Overloaded > 0, s.failing > 0, s.slow > 0, s.draining, s.upstreams == 0:
		return toneWarning
	}
	return toneWell
}

func (s situation) ofUpstreams() string {
	switch {
	case s.upstreams == 0:
		return "No upstream is enabled"
	case s.failing > 0:
		return s.share(s.failing, "failing")
	case s.slow > 0:
		return s.share(s.slow, "slow")
	case s.upstreams == 1:
		return "The only upstream is well"
	}
	return fmt.Sprintf("All %d upstreams are well", s.upstreams)
}

// share says how many upstreams are in some way.
func (s situation) share(n int, how string) string {
	switch {
	case s.upstreams == 1:
		return "The only upstream is " + how
	case n == s.upstreams:
		return fmt.Sprintf("All %d upstreams are %s", n, how)
	case n == 1:
		return fmt.Sprintf("1 of %d upstreams is %s", s.upstreams, how)
	}
	return fmt.Sprintf("%d of %d upstreams are %s", n, s.upstreams, how)
}

// span is the time that the counts are about.
func (s situation) span() string {
	if s.age < time.Minute {
		return "since the start " + story.Duration(s.age) + " ago"
	}
	return "in the last minute"
}

func (s situation) ofAnswers() string {
	answers, failed, wrong := s.minute.Answers(), s.minute.Problems, s.minute.ClientErrors
	switch {
	case answers == 0 && wrong == 0:
		return "nobody has asked " + s.span()
	case answers == 0 && wrong == 1:
		return "the only request " + s.span() + " was a mistake of its caller"
	case answers == 0:
		return fmt.Sprintf("all %s requests %s were mistakes of their callers", grouped(wrong), s.span())
	case failed == answers && answers == 1:
		return "the only request " + s.span() + " got no answer"
	case failed == answers:
		return fmt.Sprintf("none of %s requests %s got an answer", grouped(answers), s.span())
	case failed > 0:
		return fmt.Sprintf("%s of %s requests %s got no answer (%s)", grouped(failed), grouped(answers), s.span(), percent(failed, answers)) + s.older()
	case answers == 1:
		return "the only answer " + s.span() + " was served" + s.older()
	}
	return fmt.Sprintf("every one of %s answers %s was served", grouped(answers), s.span()) + s.older()
}

// older says how many answers have older data, or lack a source.
func (s situation) older() (text string) {
	served := s.minute.Complete + s.minute.Degraded
	older, lacking := s.minute.Older, s.minute.Degraded-s.minute.Older
	switch {
	case older == 0:
	case served == 1:
		text = ", with data that is " + story.Duration(s.minute.Oldest) + " old"
	case older == 1:
		text = ", 1 with data that is " + story.Duration(s.minute.Oldest) + " old"
	default:
		text = ", " + percent(older, served) + " with older data, the oldest " + story.Duration(s.minute.Oldest)
	}
	switch {
	case lacking <= 0:
	case served == 1:
		text += ", with a source missing"
	default:
		text += ", " + percent(lacking, served) + " with a source missing"
	}
	return text
}

// percent is a share in words: neither 0 % nor 100 % unless it is.
func percent(n, of int) string {
	p := (n*200 + of) / (of * 2)
	switch {
	case n == of:
		return "all of them"
	case p == 0:
		return "less than 1 %"
	case p == 100:
		return "more than 99 %"
	}
	return strconv.Itoa(p) + " %"
}

// grouped is a number with commas between thousands.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// amount is a number with its noun.
func amount(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(n) + " " + many
}
