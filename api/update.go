package api

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"
	"go.opentelemetry.io/otel/trace"

	"tributary/api/admission"
	"tributary/telemetry"
	"tributary/upstream"
)

// update is what a question was last answered with.
type update struct {
	id       string        // of an answer the opaque part of its tag, of a problem what is wrong
	event    func() []byte // encodes the event, once
	err      error         // nil: it is an answer
	degraded bool
	pause    time.Duration // until the question is asked again
}

// refresher asks the question of a request for a feed. Each time has a budget and a
// trace of its own. The first trace is linked to the request's. The directives of the
// request do not count: others listen to the same answer, and EventSource always sends
// no-cache.
func (s *server) refresher(q question, r *http.Request) func(context.Context) *update {
	name := "refresh " + telemetry.Route(chi.RouteContext(r.Context()))
	options := []trace.SpanStartOption{trace.WithNewRoot(), trace.WithLinks(trace.LinkFromContext(r.Context()))}
	u := r.URL
	var latest *update
	return func(ctx context.Context) *update {
		ctx, cancel := context.WithTimeout(ctx, s.RequestTimeout)
		defer cancel()
		ctx, span := s.Telemetry.Tracer().Start(ctx, name, options...)
		defer span.End()
		options = options[:1]
		class := q.class()
		if latest != nil {
			class = admission.Refresh
		}
		next, refused := s.refresh(ctx, q, u, class)
		if refused && latest != nil {
			return latest.again(failurePause)
		}
		latest = next
		return next
	}
}

// refresh asks a question for a feed. refused says that an upstream was needed and none
// could be asked.
func (s *server) refresh(ctx context.Context, q question, u *url.URL, class admission.Class) (n *update, refused bool) {
	f := &facts{permit: permit{limiter: s.Admission, class: class}}
	defer f.permit.end()
	ctx = context.WithValue(ctx, factsKey{}, f)
	a, err := s.askSafely(ctx, q)
	if err != nil {
		return s.problemUpdate(ctx, err, u), f.permit.wasRefused()
	}
	return s.answerUpdate(ctx, a), f.permit.wasRefused()
}

// again is the same update with another pause.
func (n *update) again(pause time.Duration) *update {
	same := *n
	same.pause = pause
	return &same
}

// askSafely asks a question. A panic is logged, and becomes an error.
func (s *server) askSafely(ctx context.Context, q question) (a reply, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.panicked(ctx, p)
			err = errInternal
		}
	}()
	return q.ask(ctx, upstream.Directives{})
}

func (s *server) answerUpdate(ctx context.Context, a reply) *update {
	degraded := a.degraded()
	span := trace.SpanFromContext(ctx)
	if span.IsRecording() {
		describe(span, a.sources, degraded)
	}
	id := strings.Trim(strings.TrimPrefix(entityTag(a.tag, degraded, a.sources), "W/"), `"`)
	return &update{
		id: id,
		event: sync.OnceValue(func() []byte {
			return newEvent("answer", id, appendAnswer(nil, statusOf(degraded), a, span.SpanContext()))
		}),
		degraded: degraded,
		pause:    pauseAfter(a.sources, time.Now()),
	}
}

// problemUpdate is a problem. Its event has an empty id, so that a client that connects
// again gets the answer even if it had the same one before.
func (s *server) problemUpdate(ctx context.Context, err error, u *url.URL) *update {
	p, body := s.problemOf(ctx, err, u)
	n := &update{
		id:    strconv.Itoa(p.Status) + " " + p.Code, // no answer has an id with a space
		event: func() []byte { return newEvent("problem", "", body) },
		err:   p,
		pause: pauseAfter(p.sources, time.Now()),
	}
	if p.Status == http.StatusInternalServerError {
		n.err = errInternal // it is logged
	}
	return n
}
