package upstream_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"tributary/upstream"
	"tributary/upstream/aggregate"
)

func TestError(t *testing.T) {
	t.Run("its text is code and detail", func(t *testing.T) {
		for want, e := range map[string]*upstream.Error{
			"not_found: no place \"x\"": upstream.Errorf(upstream.CodeNotFound, "no place %q", "x"),
			"timeout":                   {Code: upstream.CodeTimeout},
		} {
			if got := e.Error(); got != want {
				t.Errorf("Error() = %q, want %q", got, want)
			}
		}
	})
	it(t, "quotes a decoder's text shortened to whole characters", func(t *testing.T) {
		s := things(open(t, newFake(well), noRetries), func(s *spec) {
			s.Decode = func(upstream.Response) (string, error) {
				return "", errors.New("a" + strings.Repeat("é", 500))
			}
		})
		got := ask(s, "a")
		want(t, got, upstream.Failed, upstream.CodeInvalidResponse)
		if d := got.Err.Detail; len(d) > 200 || len(d) < 190 || !utf8.ValidString(d) {
			t.Errorf("detail has %d bytes, want up to 200, and no half character: %q", len(d), d)
		}
		if got.FwdStatus != 200 {
			t.Errorf("status = %d, want 200", got.FwdStatus)
		}
	})
	it(t, "is the provider's own if it wraps one", func(t *testing.T) {
		s := things(open(t, newFake(well), noRetries), func(s *spec) {
			s.Decode = func(upstream.Response) (string, error) {
				return "", errors.Join(errors.New("context"), upstream.Errorf(upstream.CodeBadRequest, "out of range"))
			}
		})
		want(t, ask(s, "a"), upstream.Failed, upstream.CodeBadRequest)
	})
}

func TestNoAnswerError(t *testing.T) {
	outcome := func(s upstream.State) aggregate.Outcome {
		return aggregate.Outcome{Provenance: upstream.Provenance{State: s}}
	}
	for name, tt := range map[string]struct {
		sources []aggregate.Outcome
		want    bool
	}{
		"it is not found when none has it":           {[]aggregate.Outcome{outcome(upstream.Skipped), outcome(upstream.Skipped)}, true},
		"it is a failure when one could not be read": {[]aggregate.Outcome{outcome(upstream.Skipped), outcome(upstream.Failed)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			e := &aggregate.NoAnswerError{Subject: "the weather", Sources: tt.sources}
			if got := e.NotFound(); got != tt.want {
				t.Errorf("NotFound() = %v, want %v", got, tt.want)
			}
			if want := "no source could answer about the weather"; e.Error() != want {
				t.Errorf("Error() = %q, want %q", e, want)
			}
		})
	}
}
