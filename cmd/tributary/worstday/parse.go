package worstday

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Parse reads the text of a schedule. Empty lines and lines that begin with # mean
// nothing.
func Parse(text string) (Schedule, error) {
	s := Schedule{Replicas: 1, Env: map[string]string{}}
	for n, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if err := s.parseLine(line); err != nil {
			return s, fmt.Errorf("line %d: %w", n+1, err)
		}
	}
	return s, nil
}

func (s *Schedule) parseLine(line string) (err error) {
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "seed":
		s.Seed, err = strconv.ParseUint(rest, 10, 64)
	case "length":
		s.Length, err = time.ParseDuration(rest)
	case "begin":
		s.Begin, err = time.ParseDuration(rest)
	case "replicas":
		s.Replicas, err = strconv.Atoi(rest)
	case "redis":
		s.Redis = true
	case "ignores-keys":
		s.IgnoresKeys = true
	case "env":
		name, value, _ := strings.Cut(rest, "=")
		s.Env[name] = value
	case "event":
		var e Event
		e, err = parseEvent(rest)
		s.Events = append(s.Events, e)
	case "request":
		var r Request
		r, err = parseRequest(rest)
		s.Requests = append(s.Requests, r)
	default:
		err = fmt.Errorf("a schedule has no %q", word)
	}
	return err
}

func parseEvent(text string) (Event, error) {
	f := strings.SplitN(text, " ", 4)
	if len(f) < 3 {
		return Event{}, fmt.Errorf("an event is a time, what, who and sometimes more: %q", text)
	}
	at, err := time.ParseDuration(f[0])
	e := Event{At: at, What: f[1], Who: f[2]}
	if len(f) == 4 {
		e.Args = f[3]
	}
	return e, err
}

func parseRequest(text string) (r Request, err error) {
	text, r.Body, _ = strings.Cut(text, " body ")
	f := strings.SplitN(text, " ", 8)
	if len(f) < 7 {
		return r, fmt.Errorf("a request has seven fields or more: %q", text)
	}
	var mistakes [4]error
	r.Number, mistakes[0] = strconv.Atoi(f[0])
	r.At, mistakes[1] = time.ParseDuration(f[1])
	r.Replica, mistakes[2] = strconv.Atoi(strings.TrimPrefix(f[2], "replica="))
	r.Client = strings.TrimPrefix(f[3], "client=")
	r.Leave, mistakes[3] = time.ParseDuration(strings.TrimPrefix(f[4], "leave="))
	r.Method, r.URL = f[5], f[6]
	for _, err := range mistakes {
		if err != nil {
			return r, err
		}
	}
	if len(f) < 8 {
		return r, nil
	}
	for rest := f[7]; rest != ""; rest = strings.TrimSpace(rest) {
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil {
			return r, fmt.Errorf("a header is quoted: %q", rest)
		}
		h, _ := strconv.Unquote(quoted)
		r.Header, rest = append(r.Header, h), rest[len(quoted):]
	}
	return r, nil
}
