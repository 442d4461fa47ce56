package call

import (
	"context"
	"fmt"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"tributary/telemetry/story"
)

// recordRequest adds a request that is being sent to the story of the question, and counts
// what repeats another.
func (a *attempt) recordRequest(ctx context.Context, method string) {
	step := story.Step{What: story.Request, Source: a.Name, Upstream: a.client.name, Text: method + " " + a.template, N: a.retries}
	switch {
	case a.hedge:
		step.What = story.Hedge
		a.client.record.Hedged()
	case a.retries > 0:
		a.client.record.Retried()
	}
	story.FromContext(ctx).Add(step)
}

// recordAnswer adds and counts the good answer to an attempt.
func (a *attempt) recordAnswer(ctx context.Context, r *Result, took time.Duration) {
	a.client.record.Ended(a.Name, took, false)
	s := story.FromContext(ctx)
	s.Add(story.Step{What: story.Answer, Source: a.Name, Status: r.Status, Took: took})
	if a.hedge {
		a.client.record.HedgeWon()
		s.Add(story.Step{What: story.HedgeWon, Source: a.Name})
	}
}

// recordFailure adds and counts the failure of an attempt, unless it was canceled.
func (a *attempt) recordFailure(ctx context.Context, f *failure, took time.Duration) {
	if f.Code == CodeCanceled {
		return
	}
	a.client.record.Ended(a.Name, took, f.Unwell() || f.refusesUs())
	step := story.Step{What: story.Failed, Source: a.Name, Code: string(f.Code), Text: f.Brief(), Took: took}
	if f.Status >= 400 {
		step.What, step.Status = story.Answer, f.Status
	}
	story.FromContext(ctx).Add(step)
}

// recordRefusal adds to the story that our own policies refused a call, and reports a quota
// that is used up, once for each window.
func (e *Endpoint) recordRefusal(ctx context.Context, f *failure) {
	if !f.refused && f.Code != CodeOverloaded {
		return
	}
	story.FromContext(ctx).Add(story.Step{What: story.NotAsked, Source: e.Name, Code: string(f.Code), Text: f.Detail, Took: f.RetryAfter})
	if !f.quota {
		return
	}
	end := time.Now().Add(f.RetryAfter).Round(time.Second).Unix()
	if c := e.client; c.quotaReported.Swap(end) != end {
		c.record.Happened(story.QuotaExhausted, "our quota is used up; it is renewed in "+story.Duration(f.RetryAfter))
	}
}

// recordBreaker reports a change of the breaker. Of the test calls that fail in an outage
// only the first is an event: there is one every few seconds, and soon nothing else would
// be kept.
func (c *Client) recordBreaker(e circuitbreaker.StateChangedEvent) {
	if c.record == nil {
		return
	}
	code := ""
	if last := c.counters.lastError.Load(); last != nil {
		code = fmt.Sprintf(" (%s)", last.Code)
	}
	switch {
	case e.NewState == circuitbreaker.OpenState && e.OldState == circuitbreaker.HalfOpenState:
		if c.failedTests.Add(1) == 1 {
			c.record.Happened(story.BreakerOpened, "the circuit breaker opened again, because the test call failed"+code+"; further test calls are events only if they succeed")
		}
	case e.NewState == circuitbreaker.OpenState:
		c.failedTests.Store(0)
		m := e.Metrics()
		c.record.Happened(story.BreakerOpened, fmt.Sprintf("the circuit breaker opened after %d failures of %d calls%s", m.Failures(), m.Executions(), code))
	case e.NewState == circuitbreaker.HalfOpenState:
		if c.failedTests.Load() == 0 {
			c.record.Happened(story.BreakerHalfOpen, "the circuit breaker lets one call through as a test")
		}
	default:
		text := "the circuit breaker closed"
		if n := c.failedTests.Swap(0); n > 0 {
			text += fmt.Sprintf("; test calls that failed before: %d", n)
		}
		c.record.Happened(story.BreakerClosed, text)
	}
}
