package api

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"tributary/upstream/aggregate"
)

// maxEntries is the greatest number of entries in a batch.
const maxEntries = 50

// batchParameters are the parameters that make a request to a path a batch, with an entry
// for each time that they are given.
var batchParameters = map[string]string{
	"/v1/weather": "place", "/v1/weather/forecast": "place", "/v1/air-quality": "place", "/v1/users": "id",
}

// batchPaths are the paths that have batches, and their parameters.
func batchPaths(served []Resource) map[string]string {
	batches := make(map[string]string)
	for _, path := range BuiltInPaths(served) {
		if name, ok := batchParameters[path]; ok {
			batches[path] = name
		}
	}
	return batches
}

// entriesOf is the number of entries of a batch that can be served, 1 for any other
// request.
func (s *server) entriesOf(r *http.Request) int {
	name, ok := s.batches[r.URL.Path]
	if !ok || r.Method != http.MethodGet && r.Method != http.MethodHead || !mayHave(r.URL.RawQuery, name) {
		return 1
	}
	if n := len(r.URL.Query()[name]); n > 0 && n <= maxEntries {
		return n
	}
	return 1
}

// isBatch reports whether a request has a parameter that makes it a batch.
func isBatch(parameter string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		return mayHave(r.URL.RawQuery, parameter) && r.URL.Query().Has(parameter)
	}
}

// orBatch serves a path that answers batches too.
func orBatch(isBatch func(*http.Request) bool, one, many http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if isBatch(r) {
			many(w, r)
			return
		}
		one(w, r)
	}
}

// mayHave reports whether a query may have a parameter, whose name can be
// percent-encoded.
func mayHave(query, name string) bool {
	return strings.Contains(query, name) || strings.Contains(query, "%")
}

// notBesideEntries are the parameters that a batch cannot have.
var notBesideEntries = []string{"city", "lat", "lon", "country", "page", "per_page", "q", "include"}

// entries returns the values of a batch's parameter, of which parse must accept each.
func (p *params) entries(name string, parse func(entry, value string)) {
	for _, other := range notBesideEntries {
		if p.has(other) {
			p.mistake(other, "goes without %s, which makes a batch", name)
		}
	}
	values := p.values[name]
	if len(values) > maxEntries {
		p.mistake(name, "is given %d times; %d at most", len(values), maxEntries)
		return
	}
	for i, v := range values {
		parse(fmt.Sprintf("%s[%d]", name, i), v)
	}
}

// entry is one answer of a batch: a reply, or the error why there is none.
type entry struct {
	reply
	err error
}

// respondBatch writes the answers of a batch. kind says who may store them.
func (s *server) respondBatch(w http.ResponseWriter, r *http.Request, entries []entry, kind reply) error {
	b := batch{kind: kind, now: time.Now(), left: math.MaxInt64, extended: true, sc: trace.SpanContextFromContext(r.Context())}
	b.body = append(b.body, `{"data":[`...)
	for i, e := range entries {
		if i > 0 {
			b.body = append(b.body, ',')
		}
		if e.err == nil {
			b.addAnswer(e.reply)
			continue
		}
		p, document := s.problemOf(r.Context(), e.err, r.URL)
		if document == nil {
			return errInternal
		}
		b.addProblem(p, document)
	}
	b.body = append(b.body, `],"meta":{"status":"`...)
	b.body = append(b.body, statusOf(b.degraded)...)
	b.body = append(b.body, "\"}}\n"...)

	s.countAnswer(r.Context(), b.degraded)
	recordBatch(r, b.degraded, b.sources)
	trace.SpanFromContext(r.Context()).SetAttributes(
		attribute.Bool("tributary.degraded", b.degraded), attribute.Int("tributary.batch.size", len(entries)))
	h := w.Header()
	etag := `W/"` + aggregate.Tag(b.tags) + `"`
	h.Set("ETag", etag)
	h.Set("Cache-Control", b.cacheControl())
	h.Set("Cache-Status", cacheStatus(b.sources, b.now))
	if !kind.public {
		h.Add("Vary", "Authorization, X-API-Key")
	}
	s.serverTiming(h, r, nil)
	if matches(r.Header.Values("If-None-Match"), etag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	writeBody(w, http.StatusOK, b.body)
	return nil
}

// batch is the answer of a batch while its entries are added.
type batch struct {
	kind reply // its public and personal
	now  time.Time
	sc   trace.SpanContext

	body     []byte
	tags     []byte // of the entries
	sources  []aggregate.Outcome
	degraded bool
	left     int64 // max-age, in seconds
	extended bool  // every entry may be served a little longer
}

func (b *batch) addAnswer(a reply) {
	degraded := a.degraded()
	b.body = appendAnswer(b.body, statusOf(degraded), a, b.sc)
	b.tags = append(append(b.tags, entityTag(a.tag, degraded, a.sources)...), '\n')
	left, troubled := lifetime(a.sources, b.now)
	b.add(a.sources, degraded, left, !troubled)
}

// addProblem adds an entry without an answer. A 404 does not make the batch degraded:
// there is nothing to tell about this entry.
func (b *batch) addProblem(p *problem, document []byte) {
	b.body = append(b.body, `{"problem":`...)
	b.body = append(b.body, document...)
	b.body = append(b.body, '}')
	b.tags = append(append(b.tags, entityTag(strconv.Itoa(p.Status)+" "+p.Code, true, p.sources)...), '\n')
	if p.Status == http.StatusNotFound {
		b.add(p.sources, false, notFoundMaxAge, false)
		return
	}
	b.add(p.sources, true, degradedMaxAge, false)
}

func (b *batch) add(sources []aggregate.Outcome, degraded bool, left int64, extended bool) {
	b.sources = append(b.sources, sources...)
	b.degraded = b.degraded || degraded
	b.left, b.extended = min(b.left, left), b.extended && extended
}

func (b *batch) cacheControl() string {
	if b.kind.personal {
		return personal
	}
	return freshness(b.kind.public, b.left, b.extended)
}
