package worstday

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Answer is what a client got to a request, or one event of a stream. Times count from
// the start of the day.
type Answer struct {
	Request
	Began, Ended time.Duration
	Err          error // no answer came, or not the whole of it
	Left         bool  // the client has disconnected
	Event        bool  // it is an event of a stream
	Status       int
	Header       http.Header
	Raw          []byte
	Body         Body
}

// Body is an aggregate, or a problem.
type Body struct {
	Data json.RawMessage `json:"data"`
	Meta Meta            `json:"meta"`

	Type      string   `json:"type"`
	Title     string   `json:"title"`
	Detail    string   `json:"detail"`
	Code      string   `json:"code"`
	Status    int      `json:"status"`
	TraceID   string   `json:"trace_id"`
	Outcome   string   `json:"outcome"`
	RetrySafe *bool    `json:"retry_safe"`
	Sources   []Source `json:"sources"`
}

// Meta is the meta member of an aggregate.
type Meta struct {
	Status  string   `json:"status"`
	Sources []Source `json:"sources"`
	TraceID string   `json:"trace_id"`
}

// Source is what became of one source of an answer.
type Source struct {
	Name     string       `json:"name"`
	State    string       `json:"state"`
	Age      float64      `json:"age_seconds"`
	Latency  float64      `json:"latency_ms"`
	Attempts int          `json:"attempts"`
	Used     *bool        `json:"used"`
	Error    *SourceError `json:"error"`
	Sources  []Source     `json:"sources"`
}

// SourceError is why a source has no value.
type SourceError struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// code is the code of the source's error, "" if it has none.
func (s Source) code() string {
	if s.Error == nil {
		return ""
	}
	return s.Error.Code
}

// hasValue reports whether the source gave a value.
func (s Source) hasValue() bool {
	return s.State == "live" || s.State == "cached" || s.State == "revalidating" || s.State == "stale"
}

// piece is one aggregate of an answer; a batch has many.
type piece struct {
	subject subject
	Body
}

// pieces are the aggregates of an answer, none if it is about none.
func (a Answer) pieces() (list []piece) {
	about := subjects(a.Request)
	if len(about) == 0 || a.Status == http.StatusNotModified {
		return nil
	}
	if !about[0].batch {
		return []piece{{about[0], a.Body}}
	}
	var entries []struct {
		Data    json.RawMessage
		Meta    Meta
		Problem *Body
	}
	if a.Status != http.StatusOK || json.Unmarshal(a.Body.Data, &entries) != nil || len(entries) != len(about) {
		return nil
	}
	for i, e := range entries {
		p := piece{subject: about[i], Body: Body{Data: e.Data, Meta: e.Meta, Status: http.StatusOK}}
		if e.Problem != nil {
			p.Body = *e.Problem
		}
		list = append(list, p)
	}
	return list
}

// sources are those of an aggregate or of a problem.
func (p piece) sources() []Source {
	if p.Status >= 400 {
		return p.Sources
	}
	return p.Meta.Sources
}

// String shows an answer in a violation.
func (a Answer) String() string {
	text := string(a.Raw)
	if long := len(text); long > 2500 {
		text = text[:800] + " … " + text[long-1600:]
	}
	return strings.TrimSpace(a.Request.String()) + "\n" + a.Began.String() + " to " + a.Ended.String() + ": " + http.StatusText(a.Status) + " " + text
}

// brief is the answer in a line.
func (a Answer) brief() string {
	text := fmt.Sprintf("#%d replica %d %s %s%s: %d", a.Number, a.Replica, a.Method, a.URL, a.Request.Body, a.Status)
	if a.Err != nil {
		text += " " + a.Err.Error()
	}
	if a.Body.Outcome != "" {
		text += " " + a.Body.Outcome
	}
	for _, p := range a.pieces() {
		for _, s := range p.sources() {
			text += fmt.Sprintf(" %s %s %gs %s", s.Name, s.State, s.Age, s.code())
		}
	}
	return text
}
