package upstream_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"tributary/upstream"
)

// spans collects the spans of an upstream.
type spans struct{ *tracetest.InMemoryExporter }

func traced(c *config) *spans {
	s := &spans{tracetest.NewInMemoryExporter()}
	c.Tracer = sdktrace.NewTracerProvider(sdktrace.WithSyncer(s), sdktrace.WithSyncer(watch.Exporter())).Tracer("test")
	return s
}

// named returns the ended spans of a name in the order of their start.
func (s *spans) named(name string) (found []tracetest.SpanStub) {
	for _, span := range s.GetSpans() {
		if span.Name == name {
			found = append(found, span)
		}
	}
	slices.SortFunc(found, func(a, b tracetest.SpanStub) int { return a.StartTime.Compare(b.StartTime) })
	return found
}

// one returns the only span of a name.
func (s *spans) one(t *testing.T, name string) tracetest.SpanStub {
	t.Helper()
	found := s.named(name)
	if len(found) != 1 {
		t.Fatalf("spans named %q = %d, want 1 of %v", name, len(found), s.GetSpans())
	}
	return found[0]
}

func attr(span tracetest.SpanStub, key string) string {
	for _, kv := range span.Attributes {
		if kv.Key == attribute.Key(key) {
			return kv.Value.String()
		}
	}
	return ""
}

func wantAttrs(t *testing.T, span tracetest.SpanStub, want map[string]string) {
	t.Helper()
	for key, value := range want {
		if got := attr(span, key); got != value {
			t.Errorf("span %q: %s = %q, want %q", span.Name, key, got, value)
		}
	}
}

func events(span tracetest.SpanStub) (names []string) {
	for _, e := range span.Events {
		names = append(names, e.Name)
	}
	return names
}

const (
	attemptSpan = "GET /things/{name}"
	refreshSpan = "refresh things"
)

func TestSourceSpan(t *testing.T) {
	it(t, "is made only when the upstream is asked", func(t *testing.T) {
		var sp *spans
		_, s := serve(t, newFake(well), func(c *config) { sp = traced(c) })
		ask(s, "a")
		span := sp.one(t, "things")
		wantAttrs(t, span, map[string]string{
			"tributary.source.name": "things", "tributary.source.state": "live", "tributary.source.attempts": "1", "error.type": "",
		})
		sp.Reset()
		ask(s, "a")
		if got := sp.GetSpans(); len(got) != 0 {
			t.Errorf("spans of a fresh hit = %v, want none", got)
		}
	})
	it(t, "is an error only without a value", func(t *testing.T) {
		var sp *spans
		f := newFake(well)
		_, s := aged(t, f, func(c *config) { sp = traced(c) })
		sp.Reset()
		f.Now(answers(500, ""))
		ask(s, "a")
		ask(s, "b")
		got := sp.named("things")
		wantAttrs(t, got[0], map[string]string{"tributary.source.state": "stale", "error.type": "server_error", "tributary.source.age_seconds": "3600"})
		wantAttrs(t, got[1], map[string]string{"tributary.source.state": "failed", "error.type": "server_error"})
		if got[0].Status.Code != codes.Unset || got[1].Status.Code != codes.Error {
			t.Errorf("status = %v and %v, want unset and error", got[0].Status, got[1].Status)
		}
		if !slices.Contains(events(got[0]), "fallback taken") || slices.Contains(events(got[1]), "fallback taken") {
			t.Errorf("events = %v and %v, want a fallback in the first", events(got[0]), events(got[1]))
		}
	})
	it(t, "has an event for each action of a policy", func(t *testing.T) {
		var sp *spans
		f := newFake(well)
		_, s := warm(t, f, func(c *config) { sp = traced(c); c.Policies.Retries = 1; c.Policies.Breaker.FailureRate = 0.05 })
		sp.Reset()
		f.Now(inTurn(after(50*time.Millisecond, answers(500, "")), after(50*time.Millisecond, answers(500, ""))))
		ask(s, "a")
		span := sp.one(t, "things")
		for _, event := range []string{"hedge started", "retry scheduled"} {
			if !slices.Contains(events(span), event) {
				t.Errorf("events = %v, want %q among them", events(span), event)
			}
		}
		f.Now(answers(500, ""))
		askMany(s, 40)
		var all []string
		for _, span := range sp.GetSpans() {
			all = append(all, events(span)...)
		}
		for _, event := range []string{"circuit breaker open"} {
			if !slices.Contains(all, event) {
				t.Errorf("events = %v, want %q among them", all, event)
			}
		}
		sp.Reset()
		f.Now(well)
		time.Sleep(10 * time.Second)
		ask(s, fresh())
		if got, want := events(sp.one(t, "things")), []string{"circuit breaker half_open", "circuit breaker closed"}; !slices.Equal(got, want) {
			t.Errorf("events of the call that tries = %v, want %v", got, want)
		}
	})
	it(t, "has an event when the budget allows no retry or hedge", func(t *testing.T) {
		var sp *spans
		f := newFake(well)
		_, s := warm(t, f, func(c *config) { sp = traced(c); c.Policies.Retries = 1; c.Policies.Breaker.MinCalls = 1000 })
		f.Now(after(50*time.Millisecond, answers(500, "")))
		for range 30 {
			ask(s, fresh())
		}
		sp.Reset()
		askMany(s, 3)
		var all []string
		for _, span := range sp.named("things") {
			all = append(all, events(span)...)
		}
		for _, event := range []string{"retry budget exhausted", "hedge refused"} {
			if !slices.Contains(all, event) {
				t.Errorf("events = %v, want %q among them", all, event)
			}
		}
	})
	it(t, "links to the span of the fetch it joins", func(t *testing.T) {
		var sp *spans
		_, s := serve(t, newFake(after(time.Second, well)), func(c *config) { sp = traced(c) })
		var wg sync.WaitGroup
		wg.Go(func() { ask(s, "a") })
		time.Sleep(time.Millisecond)
		wg.Go(func() { ask(s, "a") })
		wg.Wait()
		got := sp.named("things")
		if len(got) != 2 || len(got[0].Links) != 0 || len(got[1].Links) != 1 {
			t.Fatalf("spans = %v, want two, the second with a link", got)
		}
		if link := got[1].Links[0].SpanContext; link.SpanID() != got[0].SpanContext.SpanID() {
			t.Errorf("link to %v, want to the leader %v", link.SpanID(), got[0].SpanContext.SpanID())
		}
	})
	it(t, "links every collapsed caller, however close they arrive", func(t *testing.T) {
		for range 50 {
			var sp *spans
			_, s := serve(t, newFake(after(time.Second, well)), func(c *config) { sp = traced(c) })
			var wg sync.WaitGroup
			for range 20 {
				wg.Go(func() { ask(s, "a") })
			}
			wg.Wait()
			links := 0
			for _, span := range sp.named("things") {
				links += len(span.Links)
			}
			if links != 19 {
				t.Fatalf("links = %d, want 19, of all but the leader", links)
			}
		}
	})
	it(t, "is a new root for a background refresh, linked to the request that caused it", func(t *testing.T) {
		var sp *spans
		var tracer trace.Tracer
		f := newFake(well)
		_, s := serve(t, f, func(c *config) { sp = traced(c); tracer = c.Tracer })
		ask(s, "a")
		time.Sleep(12 * time.Minute)
		sp.Reset()
		ctx, caller := tracer.Start(context.Background(), "caller")
		s.Ask(ctx, "a", upstream.Directives{})
		caller.End()
		synctest.Wait()

		refresh, attempt := sp.one(t, refreshSpan), sp.one(t, attemptSpan)
		if refresh.Parent.IsValid() || refresh.SpanContext.TraceID() == caller.SpanContext().TraceID() {
			t.Errorf("refresh has parent %v, want a trace of its own", refresh.Parent)
		}
		if len(refresh.Links) != 1 || refresh.Links[0].SpanContext.SpanID() != caller.SpanContext().SpanID() {
			t.Errorf("links = %v, want one to the caller", refresh.Links)
		}
		if attempt.Parent.SpanID() != refresh.SpanContext.SpanID() {
			t.Error("the attempt is no child of the refresh")
		}
		wantAttrs(t, refresh, map[string]string{
			"tributary.refresh": "true", "tributary.source.state": "live", "tributary.source.attempts": "1",
		})
		if got := sp.named("things"); len(got) != 0 {
			t.Errorf("spans = %v, want none for an answer from memory", got)
		}
	})
}

func TestAttemptSpan(t *testing.T) {
	it(t, "is a child of the source's span, one for each request", func(t *testing.T) {
		var sp *spans
		_, s := serve(t, newFake(inTurn(answers(500, ""), fails(errReset), well)), func(c *config) { sp = traced(c) })
		ask(s, "a b")
		parent, got := sp.one(t, "things"), sp.named(attemptSpan)
		if len(got) != 3 {
			t.Fatalf("attempt spans = %d, want 3", len(got))
		}
		for n, want := range []map[string]string{
			{"http.response.status_code": "500", "error.type": "500", "http.request.resend_count": ""},
			{"http.response.status_code": "", "error.type": "connection", "http.request.resend_count": "1"},
			{"http.response.status_code": "200", "error.type": "", "http.request.resend_count": "2"},
		} {
			wantAttrs(t, got[n], want)
			wantAttrs(t, got[n], map[string]string{
				"http.request.method": "GET", "url.template": "/things/{name}", "url.full": "http://things.test/things/a%20b",
				"server.address": "things.test", "server.port": "80", "tributary.source.name": "things", "tributary.hedge": "",
			})
			if got[n].Parent.SpanID() != parent.SpanContext.SpanID() || got[n].SpanKind != trace.SpanKindClient {
				t.Errorf("attempt %d is a %v of %v, want a client's of the source's", n, got[n].SpanKind, got[n].Parent)
			}
		}
		if a, b := got[0].Status.Code, got[2].Status.Code; a != codes.Error || b != codes.Unset {
			t.Errorf("status = %v and %v, want error and unset", a, b)
		}
	})
	for base, want := range map[string]string{"http://h": "80", "https://h": "443", "https://h:8443": "8443"} {
		it(t, "names the port of "+base, func(t *testing.T) {
			var sp *spans
			_, s := serve(t, newFake(well), func(c *config) { sp = traced(c); c.BaseURL, _ = url.Parse(base) })
			ask(s, "a")
			wantAttrs(t, sp.one(t, attemptSpan), map[string]string{"server.address": "h", "server.port": want})
		})
	}
	it(t, "marks a hedge, and does not mark the loser as an error", func(t *testing.T) {
		var sp *spans
		f := newFake(well)
		_, s := warm(t, f, func(c *config) { sp = traced(c) })
		sp.Reset()
		f.Now(inTurn(hangs, well))
		ask(s, "a")
		synctest.Wait()
		got := sp.named(attemptSpan)
		if len(got) != 2 {
			t.Fatalf("attempt spans = %d, want 2", len(got))
		}
		wantAttrs(t, got[0], map[string]string{"tributary.hedge": "", "error.type": ""})
		wantAttrs(t, got[1], map[string]string{"tributary.hedge": "true", "http.request.resend_count": ""})
		if got[0].Status.Code != codes.Unset {
			t.Errorf("status of the loser = %v, want unset", got[0].Status)
		}
	})
	it(t, "says that an attempt timed out", func(t *testing.T) {
		var sp *spans
		_, s := serve(t, newFake(hangs), noRetries, func(c *config) { sp = traced(c) })
		ask(s, "a")
		wantAttrs(t, sp.one(t, attemptSpan), map[string]string{"error.type": "timeout"})
	})
	for propagate, sent := range map[bool]string{false: "is not sent along unasked", true: "is sent along where wanted, without tracestate"} {
		it(t, sent, func(t *testing.T) {
			var sp *spans
			f := newFake(well)
			_, s := serve(t, f, func(c *config) { sp = traced(c); c.Propagate = propagate })
			state, _ := trace.ParseTraceState("vendor=secret")
			ctx := trace.ContextWithSpanContext(context.Background(), trace.NewSpanContext(trace.SpanContextConfig{
				TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: trace.FlagsSampled, TraceState: state,
			}))
			s.Ask(ctx, "a", upstream.Directives{})
			want := ""
			if span := sp.one(t, attemptSpan).SpanContext; propagate {
				want = fmt.Sprintf("00-%s-%s-01", span.TraceID(), span.SpanID())
			}
			if h := f.Request(0).Header; h.Get("Traceparent") != want || h.Get("Tracestate") != "" {
				t.Errorf("sent traceparent %q, tracestate %q, want %q and none", h.Get("Traceparent"), h.Get("Tracestate"), want)
			}
		})
	}
}

func TestSecrets(t *testing.T) {
	const secret = "s3cr3t"
	for name, b := range map[string]behaviour{
		"are nowhere after a success":             well,
		"are nowhere after a refusal":             answers(401, "your key s3cr3t is wrong"),
		"are nowhere after a failure beneath":     fails(fmt.Errorf("Get %q: %w", "http://things.test/?appid="+secret, errReset)),
		"are nowhere after a time-out":            hangs,
		"are nowhere after a redirect elsewhere":  answers(302, "", "Location", "http://other.test/?appid="+secret),
		"are nowhere after a redirect to nowhere": answers(302, "", "Location", "http://%zz/?appid="+secret),
	} {
		it(t, name, func(t *testing.T) {
			var sp *spans
			var log bytes.Buffer
			f := newFake(b)
			_, s := serve(t, f, func(c *config) {
				sp = traced(c)
				c.Policies.Breaker.MinCalls = 1 // so that the change of the breaker is logged
				c.Logger = slog.New(slog.NewTextHandler(&log, nil))
				c.Credentials = func(r *http.Request) {
					q := r.URL.Query()
					q.Set("appid", secret)
					r.URL.RawQuery = q.Encode()
					r.Header.Set("Authorization", "Bearer "+secret)
				}
			})
			got := ask(s, "a")
			sent := f.Request(0)
			if sent.URL.Query().Get("appid") != secret || sent.Header.Get("Authorization") == "" {
				t.Errorf("sent %s, want it with credentials", sent.URL)
			}
			recorded := fmt.Sprintf("%+v %v %s", got, got.Err, log.String())
			for _, span := range sp.GetSpans() {
				recorded += fmt.Sprintf("%+v", span)
				for _, kv := range span.Attributes {
					recorded += kv.Value.String()
				}
			}
			if strings.Contains(recorded, secret) || strings.Contains(recorded, url.QueryEscape(secret)) {
				t.Errorf("the secret is in: %s", recorded)
			}
		})
	}
}
