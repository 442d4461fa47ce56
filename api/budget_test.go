package api

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"tributary/api/auth"
)

func TestBudget(t *testing.T) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, c *requestContext)
	}{
		{"it ends who waits, and the contexts made of it", func(t *testing.T, c *requestContext) {
			c.budget.begin(time.Now().Add(time.Second))
			child, stop := context.WithCancel(c)
			defer stop()
			start := time.Now()
			<-child.Done()
			if took := time.Since(start); took != time.Second || !errors.Is(child.Err(), context.DeadlineExceeded) || !errors.Is(c.Err(), context.DeadlineExceeded) {
				t.Errorf("ended after %s with %v and %v, want 1s and the deadline", took, child.Err(), c.Err())
			}
		}},
		{"it counts from its beginning, not from the first who waits", func(t *testing.T, c *requestContext) {
			c.budget.begin(time.Now().Add(time.Second))
			time.Sleep(2 * time.Second)
			if !errors.Is(c.Err(), context.DeadlineExceeded) {
				t.Errorf("Err = %v, want the deadline", c.Err())
			}
		}},
		{"its end ends who waits", func(t *testing.T, c *requestContext) {
			c.budget.begin(time.Now().Add(time.Hour))
			child, stop := context.WithCancel(c)
			defer stop()
			c.budget.end()
			if child.Err() == nil || c.Err() == nil {
				t.Errorf("Err = %v and %v, want both to be over", child.Err(), c.Err())
			}
		}},
		{"who waits after its end waits no more", func(t *testing.T, c *requestContext) {
			c.budget.begin(time.Now().Add(time.Hour))
			c.budget.end()
			if c.Err() == nil {
				t.Error("it is not over")
			}
		}},
		{"without it there is no deadline", func(t *testing.T, c *requestContext) {
			if _, ok := c.Deadline(); ok || c.Err() != nil || c.Done() != nil {
				t.Error("there is a deadline")
			}
		}},
		{"the caller and the facts are the same after it began", func(t *testing.T, c *requestContext) {
			before := context.WithoutCancel(c)
			c.budget.begin(time.Now().Add(time.Hour))
			defer c.budget.end()
			<-time.After(time.Second)
			_ = c.Done()
			for _, ctx := range []context.Context{before, c} {
				if ctx.Value(auth.ContextKey{}) != &c.caller || factsOf(ctx) != &c.facts {
					t.Error("the context has lost what it knows")
				}
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := new(requestContext)
				r.Context = context.Background()
				c.test(t, r)
			})
		})
	}
}
