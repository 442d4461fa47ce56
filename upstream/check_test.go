package upstream_test

import (
	"errors"
	"testing"
	"time"

	"tributary/upstream"
)

// named is a source that accepts only answers equal to their question.
func named(up *upstream.Upstream) source {
	return things(up, func(s *spec) {
		s.Check = func(name, answer string) error {
			if name != answer {
				return errors.New("name: not the one that was asked for")
			}
			return nil
		}
	})
}

func TestCheck(t *testing.T) {
	it(t, "accepts an answer to the question", func(t *testing.T) {
		f := newFake(answers(200, `"a"`))
		s := named(open(t, f))
		want(t, ask(s, `"a"`), upstream.Live, "")
		want(t, ask(s, `"a"`), upstream.Cached, "")
	})
	it(t, "rejects an answer about something else, without a retry or storing it", func(t *testing.T) {
		f := newFake(inTurn(answers(200, `"b"`), answers(200, `"a"`)))
		s := named(open(t, f))
		got := ask(s, `"a"`)
		want(t, got, upstream.Failed, upstream.CodeInvalidResponse)
		if got.Value != "" || got.Stored || got.FwdStatus != 200 || got.Err.Detail != "name: not the one that was asked for" {
			t.Errorf("answer = %+v, %v", got, got.Err)
		}
		wantSent(t, f, 1)
		want(t, ask(s, `"a"`), upstream.Live, "")
		wantSent(t, f, 2)
	})
	it(t, "keeps the stored answer when the new one is rejected", func(t *testing.T) {
		f := newFake(inTurn(answers(200, `"a"`), answers(200, `"b"`)))
		s := named(open(t, f))
		ask(s, `"a"`)
		time.Sleep(time.Hour)
		got := ask(s, `"a"`)
		want(t, got, upstream.Stale, upstream.CodeInvalidResponse)
		if got.Value != `"a"` {
			t.Errorf("value = %q, want the earlier one", got.Value)
		}
	})
	it(t, "does not run again for a stored answer confirmed by a 304", func(t *testing.T) {
		f := newFake(inTurn(answers(200, `"a"`, "ETag", `"1"`), answers(304, "", "ETag", `"1"`)))
		s := named(open(t, f))
		ask(s, `"a"`)
		time.Sleep(time.Hour)
		want(t, ask(s, `"a"`), upstream.Live, "")
		wantSent(t, f, 2)
	})
}
