package weather

import (
	"bytes"
	"errors"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tributary/upstream"
	"tributary/upstream/aggregate"
)

// metnoAnswer is read as a stream of tokens: an answer has 80 entries, and decoding each
// into structs by reflection took more time than all the rest of a cold request. What is
// not used is skipped, which checks its syntax.
type metnoAnswer struct {
	properties jsontext.Kind
	units      object[units]
	series     metnoSeries
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom. If a member is repeated, the last one
// counts.
func (a *metnoAnswer) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	return members(d, func(name []byte) error {
		if string(name) != `"properties"` {
			return d.SkipValue()
		}
		*a = metnoAnswer{properties: d.PeekKind(), series: metnoSeries{now: a.series.now}}
		return members(d, func(name []byte) error { return a.readProperty(d, name) })
	})
}

func (a *metnoAnswer) readProperty(d *jsontext.Decoder, name []byte) error {
	switch string(name) {
	case `"meta"`:
		a.units = object[units]{}
		return members(d, func(name []byte) error {
			if string(name) == `"units"` {
				return json.UnmarshalDecode(d, &a.units)
			}
			return d.SkipValue()
		})
	case `"timeseries"`:
		return a.series.read(d)
	}
	return d.SkipValue()
}

// unusable returns why there is no entry for now, or nil.
func (a *metnoAnswer) unusable() error {
	s := &a.series
	switch {
	case a.properties != jsontext.KindBeginObject && a.properties != jsontext.KindInvalid && a.properties != jsontext.KindNull:
		return aggregate.OtherShape("properties", a.properties)
	case s.kind != jsontext.KindBeginArray:
		return aggregate.Unusable("properties.timeseries", s.kind)
	case len(s.kept()) > 0:
		return nil
	case s.gap != nil:
		return s.gap
	}
	return upstream.Errorf(upstream.CodeNoData, "no value now: the time series is empty")
}

// metnoSeries has the entries of an answer. An unreadable entry is ignored if a readable
// one after it shows that its time has passed; otherwise the series ends before it.
type metnoSeries struct {
	now   time.Time     // set before reading
	kind  jsontext.Kind // kind of the JSON value; 0: absent
	all   []metnoEntry
	rows  *[]metnoEntry // of the pool, for all
	first int           // number of the entry for now, or else of the first one
	last  time.Time     // time of the last entry read
	gap   error         // why the entry after these is unreadable
	over  bool          // the series has ended
}

// metnoRows are used again for the entries of the next answer, because those of one take
// 30 kB and only what is made of them is kept.
var metnoRows = sync.Pool{New: func() any {
	const usual = 96 // a little more than an answer has
	return new(make([]metnoEntry, 0, usual))
}}

// reuse gives the entries back, unless there are far more than MET sends.
func (s *metnoSeries) reuse() {
	const most = 500
	if s.rows == nil || cap(s.all) > most {
		return
	}
	*s.rows = s.all[:0]
	metnoRows.Put(s.rows)
	s.rows, s.all = nil, nil
}

func (s *metnoSeries) read(d *jsontext.Decoder) error {
	s.reuse()
	*s = metnoSeries{now: s.now, kind: d.PeekKind()}
	if s.kind != jsontext.KindBeginArray {
		return d.SkipValue()
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	s.rows = metnoRows.Get().(*[]metnoEntry)
	s.all = *s.rows
	for d.PeekKind() != jsontext.KindEndArray {
		if err := s.readEntry(d); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

func (s *metnoSeries) readEntry(d *jsontext.Decoder) error {
	if s.over {
		return d.SkipValue()
	}
	n := len(s.all)
	s.all = append(s.all, metnoEntry{})
	e := &s.all[n]
	if err := e.read(d); err != nil {
		return err
	}
	if !s.accepts(e) {
		s.all = s.all[:n]
	}
	return nil
}

// accepts reports whether the last entry belongs to the series.
func (s *metnoSeries) accepts(e *metnoEntry) bool {
	switch {
	case e.untimed:
		s.gap = errors.New("timeseries: the time of an entry is not an RFC 3339 time")
	case !e.at.After(s.last):
		s.gap = errors.New("timeseries: not in the order of time")
	case !e.at.After(s.now): // an entry for now replaces earlier ones
		s.first, s.last, s.gap = len(s.all)-1, e.at, nil
		return true
	case s.gap != nil:
		s.over = true
	default:
		s.last = e.at
		return true
	}
	return false
}

// kept are the entry for now and those of the hours after it.
func (s *metnoSeries) kept() []metnoEntry {
	kept := s.all[s.first:]
	for i := range kept {
		if kept[i].at.Sub(kept[0].at) > metnoHorizon {
			return kept[:i]
		}
	}
	return kept
}

// members reads an object, and calls read for each member with its name, in quotes, for
// it to read the value. It skips what is not an object.
func members(d *jsontext.Decoder, read func(name []byte) error) error {
	if d.PeekKind() != jsontext.KindBeginObject {
		return d.SkipValue()
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != jsontext.KindEndObject {
		name, err := d.ReadValue()
		if err != nil {
			return err
		}
		if err := read(plain(name)); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

// plain is a string in quotes without escapes: members can be named with them.
func plain(quoted jsontext.Value) []byte {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return quoted
	}
	text, _ := jsontext.AppendUnquote([]byte{'"'}, quoted) // cannot fail: the decoder has read it
	return append(text, '"')
}

// unquoted is the text of a string in quotes.
func unquoted(v jsontext.Value) string {
	if quoted := plain(v); len(quoted) >= 2 {
		return string(quoted[1 : len(quoted)-1])
	}
	return ""
}
