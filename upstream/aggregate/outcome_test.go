package aggregate

import (
	"testing"
	"time"

	"tributary/upstream"
)

func TestTogether(t *testing.T) {
	p := func(state upstream.State, latency time.Duration, attempts int, code upstream.Code) upstream.Provenance {
		p := upstream.Provenance{State: state, Latency: latency, Attempts: attempts}
		if code != "" {
			p.Err = upstream.Errorf(code, "so it is")
		}
		return p
	}
	for name, tt := range map[string]struct {
		of       []upstream.Provenance
		state    upstream.State
		attempts int
		code     upstream.Code
	}{
		"has the attempts of the slowest":                 {[]upstream.Provenance{p(upstream.Live, 1, 3, ""), p(upstream.Live, 2, 1, "")}, upstream.Live, 1, ""},
		"whichever comes first":                           {[]upstream.Provenance{p(upstream.Live, 2, 1, ""), p(upstream.Live, 1, 3, "")}, upstream.Live, 1, ""},
		"has the most attempts of those equally slow":     {[]upstream.Provenance{p(upstream.Live, 1, 1, ""), p(upstream.Live, 1, 2, ""), p(upstream.Live, 1, 1, "")}, upstream.Live, 2, ""},
		"has none where all is from memory":               {[]upstream.Provenance{p(upstream.Cached, 0, 0, ""), p(upstream.Cached, 0, 0, "")}, upstream.Cached, 0, ""},
		"has the error of the worst":                      {[]upstream.Provenance{p(upstream.Live, 1, 1, upstream.CodeInvalidResponse), p(upstream.Failed, 1, 1, upstream.CodeTimeout)}, upstream.Failed, 1, upstream.CodeTimeout},
		"has an error that stands beside a good state":    {[]upstream.Provenance{p(upstream.Live, 1, 1, ""), p(upstream.Live, 1, 1, upstream.CodeInvalidResponse)}, upstream.Live, 1, upstream.CodeInvalidResponse},
		"keeps that error where the worst state has none": {[]upstream.Provenance{p(upstream.Live, 1, 1, upstream.CodeInvalidResponse), p(upstream.Revalidating, 0, 0, "")}, upstream.Revalidating, 1, upstream.CodeInvalidResponse},
	} {
		t.Run(name, func(t *testing.T) {
			got := Together(tt.of[0], tt.of[1:]...)
			code := upstream.Code("")
			if got.Err != nil {
				code = got.Err.Code
			}
			if got.State != tt.state || got.Attempts != tt.attempts || code != tt.code {
				t.Errorf("Together = %s after %d attempts, %q; want %s after %d, %q", got.State, got.Attempts, code, tt.state, tt.attempts, tt.code)
			}
		})
	}
}
