package users_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tributary/cache"
	"tributary/upstream"
	"tributary/upstream/aggregate"
	"tributary/upstream/sim"
	"tributary/upstream/upstreamtest"
	"tributary/upstream/users"
	"tributary/upstream/weather"
)

// bench is a service whose upstreams are simulated.
type bench struct {
	sim *sim.Simulator
	*users.Service
}

type setup struct {
	users.Config
	cache.Lifetimes
	retries int
	quotas  map[string]sim.Quota

	// front sits in front of the directory; requests that it does not answer go on.
	front func(w http.ResponseWriter, r *http.Request) (answered bool)
}

func newBench(t testing.TB, changes ...func(*setup)) bench {
	t.Helper()
	set := setup{
		Config:    users.Config{Patience: 5 * time.Second, LinkByUsername: true, Weather: mild},
		Lifetimes: cache.Lifetimes{FreshFor: time.Minute, RevalidateFor: time.Minute, StaleFor: time.Hour},
	}
	for _, change := range changes {
		change(&set)
	}
	s, err := sim.Start(t.Context(), sim.Config{Addr: "127.0.0.1:0", Quotas: set.quotas})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	directory := s.URL(sim.Directory)
	if set.front != nil {
		directory = inFront(t, directory, set.front)
	}
	set.Directory = open(t, sim.Directory, directory, set)
	set.GitHub = open(t, sim.GitHub, s.URL(sim.GitHub), set)
	return bench{s, users.NewService(set.Config)}
}

func open(t testing.TB, name, base string, set setup) *upstream.Upstream {
	t.Helper()
	return upstreamtest.Open(t, name, base, upstream.Config{
		UserAgent: "tributary/test",
		Policies:  upstream.Policies{Retries: set.retries, RetryDelay: time.Millisecond, RetryMaxDelay: time.Millisecond},
		Lifetimes: set.Lifetimes,
		Logger:    slog.New(slog.NewJSONHandler(watch.Lines(), nil)),
	})
}

// inFront returns the URL of a server in front of another one.
func inFront(t testing.TB, base string, front func(http.ResponseWriter, *http.Request) bool) string {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	onwards := httputil.NewSingleHostReverseProxy(u)
	onwards.Transport = &http.Transport{DisableKeepAlives: true}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !front(w, r) {
			onwards.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// alwaysAsked makes answers stale at once.
func alwaysAsked(s *setup) { s.Lifetimes = cache.Lifetimes{FreshFor: 1, StaleFor: time.Hour} }

func patience(d time.Duration) func(*setup) { return func(s *setup) { s.Patience = d } }

// mild is the same cached weather everywhere.
func mild(_ context.Context, at weather.Place, _ upstream.Directives) (weather.Current, []aggregate.Outcome, error) {
	return weather.Current{Place: at, Temperature: new(20.0)},
		[]aggregate.Outcome{{Name: "openmeteo", Provenance: upstream.Provenance{State: upstream.Cached, Age: time.Second}}}, nil
}

func (b bench) fault(t *testing.T, provider string, f sim.Fault) {
	t.Helper()
	if err := b.sim.SetFault(provider, f); err != nil {
		t.Fatal(err)
	}
}

var everything = users.Include{GitHub: true, Activity: true, Weather: true}

// user asks for a user that exists.
func (b bench) user(t *testing.T, id int64, include users.Include) (users.Profile, []aggregate.Outcome) {
	t.Helper()
	p, sources, err := b.User(t.Context(), id, include, upstream.Directives{})
	if err != nil {
		t.Fatalf("User(%d) = %v", id, err)
	}
	return p, sources
}

func wantSources(t *testing.T, got []aggregate.Outcome, want ...string) {
	t.Helper()
	var names []string
	for _, o := range got {
		name := o.Name + " " + string(o.State)
		if o.Err != nil {
			name += " " + string(o.Err.Code)
		}
		names = append(names, name)
	}
	if !slices.Equal(names, want) {
		t.Errorf("sources = %q, want %q", names, want)
	}
}

func (b bench) wantCalls(t *testing.T, directory, github int64) {
	t.Helper()
	if d, g := b.sim.Calls(sim.Directory), b.sim.Calls(sim.GitHub); d != directory || g != github {
		t.Errorf("calls to directory, github = %d, %d; want %d, %d", d, g, directory, github)
	}
}

func encoded(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestUser(t *testing.T) {
	t.Run("has all parts with the contract's names", func(t *testing.T) {
		b := newBench(t)
		p, sources := b.user(t, 1, everything)
		want := `{"id":1,"name":"Leanne Graham","username":"Bret","email":"Sincere@april.biz","phone":"1-770-736-8031 x56442","website":"hildegard.org",` +
			`"address":{"street":"Kulas Light","suite":"Apt. 556","city":"Gwenborough","postal_code":"92998-3874","latitude":-37.3159,"longitude":81.1496},` +
			`"company":{"name":"Romaguera-Crona"},"github":{"login":"Bret","name":"Leanne Graham","url":"https://github.com/Bret",`
		got := encoded(t, p)
		if !strings.HasPrefix(got, want) {
			t.Errorf("data = %s, want it to begin with %s", got, want)
		}
		if !strings.Contains(got, `"activity":{"posts":10,"todos_open":9,"todos_done":11},"weather":{"place":{"latitude":-37.32,"longitude":81.15}`) {
			t.Errorf("data = %s, want activity and weather", got)
		}
		if strings.Contains(got, "spread") {
			t.Errorf("data = %s, want no spread", got)
		}
		wantSources(t, sources, "directory live", "github live", "activity live", "weather cached")
		if a := sources[2]; a.Attempts != 1 || a.Forward == upstream.NotForwarded {
			t.Errorf("activity = %+v, want one attempt: neither of its requests was repeated", a)
		}
		b.wantCalls(t, 3, 1)
	})
	t.Run("sends no request and starts no goroutine while all is fresh", func(t *testing.T) {
		var stack string
		b := newBench(t, func(s *setup) {
			s.Weather = func(ctx context.Context, at weather.Place, w upstream.Directives) (weather.Current, []aggregate.Outcome, error) {
				stack = string(debug.Stack())
				return mild(ctx, at, w)
			}
		})
		b.user(t, 1, everything)
		first := stack
		_, sources := b.user(t, 1, everything)
		wantSources(t, sources, "directory cached", "github cached", "activity cached", "weather cached")
		b.wantCalls(t, 3, 1)
		if strings.Contains(first, "(*Service).User(") || !strings.Contains(stack, "(*Service).User(") {
			t.Errorf("the weather was asked first\n%s\nthen\n%s\nwant the second time by the caller itself", first, stack)
		}
	})
	t.Run("asks only for the requested parts", func(t *testing.T) {
		b := newBench(t)
		p, sources := b.user(t, 2, users.Include{})
		wantSources(t, sources, "directory live")
		if p.GitHub != nil || p.Activity != nil || p.Weather != nil {
			t.Errorf("profile = %+v, want no part", p)
		}
		b.wantCalls(t, 1, 0)
	})
	t.Run("waits for a slow part if only the directory has answered", func(t *testing.T) {
		b := newBench(t)
		b.user(t, 3, users.Include{})
		_, sources := b.user(t, 3, everything)
		wantSources(t, sources, "directory cached", "github live", "activity live", "weather cached")
	})
	t.Run("does not wait for a part longer than its patience", func(t *testing.T) {
		b := newBench(t, patience(300*time.Millisecond))
		b.fault(t, sim.GitHub, sim.Fault{Mode: sim.ModeHang})
		start := time.Now()
		p, sources := b.user(t, 1, everything)
		wantSources(t, sources, "directory live", "github failed timeout", "activity live", "weather cached")
		if took := time.Since(start); took < 300*time.Millisecond || took > 5*time.Second {
			t.Errorf("took %v, want 300ms", took)
		}
		if p.GitHub != nil || p.Activity == nil || p.Weather == nil {
			t.Errorf("profile = %s, want all but github", encoded(t, p))
		}
	})
	t.Run("waits for the weather no longer either", func(t *testing.T) {
		hang := func(ctx context.Context, _ weather.Place, _ upstream.Directives) (weather.Current, []aggregate.Outcome, error) {
			<-ctx.Done()
			timeout := upstream.Provenance{State: upstream.Failed, Err: upstream.Errorf(upstream.CodeTimeout, "no answer in time"), Forward: upstream.FwdMiss}
			return weather.Current{}, nil, &aggregate.NoAnswerError{Sources: []aggregate.Outcome{{Name: "metno", Provenance: timeout}}}
		}
		b := newBench(t, patience(50*time.Millisecond), func(s *setup) { s.Weather = hang })
		for range 2 { // in parallel with the directory, and after it
			p, sources := b.user(t, 1, users.Include{Weather: true})
			if o := sources[1]; p.Weather != nil || o.State != upstream.Failed || o.Err.Code != upstream.CodeTimeout || o.Latency <= 0 {
				t.Errorf("weather = %v, %+v; want failed with timeout", p.Weather, o)
			}
		}
	})
	t.Run("waits longer than its patience for a directory without a stale answer", func(t *testing.T) {
		b := newBench(t, patience(time.Millisecond))
		b.fault(t, sim.Directory, sim.Fault{LatencyMS: 100})
		p, sources := b.user(t, 1, users.Include{GitHub: true})
		if p.ID != 1 || sources[0].State != upstream.Live {
			t.Errorf("profile = %+v, directory %s; want it live", p, sources[0].State)
		}
	})
	t.Run("serves a stale user if the directory hangs, with the parts that are cached", func(t *testing.T) {
		b := newBench(t, alwaysAsked, patience(100*time.Millisecond))
		b.user(t, 1, everything)
		b.fault(t, sim.Directory, sim.Fault{Mode: sim.ModeHang})
		p, sources := b.user(t, 1, everything)
		if p.Name != "Leanne Graham" || sources[0].State != upstream.Stale || sources[0].Err.Code != upstream.CodeTimeout {
			t.Errorf("user = %q, directory = %+v; want the old one", p.Name, sources[0])
		}
		if a := sources[2]; p.Activity == nil || a.State != upstream.Stale {
			t.Errorf("activity = %v, %+v; want the old one", p.Activity, a)
		}
		if p.GitHub == nil {
			t.Errorf("github = %+v, want at least the old one", sources[1])
		}
	})
	t.Run("serves a stale user if the directory is down", func(t *testing.T) {
		b := newBench(t, alwaysAsked)
		b.user(t, 1, users.Include{})
		b.fault(t, sim.Directory, sim.Fault{Mode: sim.ModeDown})
		_, sources := b.user(t, 1, users.Include{GitHub: true})
		wantSources(t, sources, "directory stale connection", "github live")
	})
	t.Run("fails at once without the directory, even if other parts hang", func(t *testing.T) {
		hanging := make(chan struct{})
		b := newBench(t, func(s *setup) {
			s.front = func(w http.ResponseWriter, r *http.Request) bool {
				if strings.HasSuffix(r.URL.Path, "/posts") {
					close(hanging)
					<-r.Context().Done()
					return true
				}
				if r.URL.Path == "/users/1" {
					<-hanging
					w.WriteHeader(http.StatusInternalServerError)
					return true
				}
				return false
			}
		})
		start := time.Now()
		_, _, err := b.User(t.Context(), 1, everything, upstream.Directives{})
		none, ok := errors.AsType[*aggregate.NoAnswerError](err)
		if !ok || none.NotFound() || none.Subject != "this user" {
			t.Fatalf("User = %v, want a NoAnswerError about this user", err)
		}
		wantSources(t, none.Sources, "directory failed server_error")
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("took %v", took)
		}
	})
	t.Run("fails if the directory is down and nothing is cached", func(t *testing.T) {
		b := newBench(t)
		b.fault(t, sim.Directory, sim.Fault{Mode: sim.ModeDown})
		_, _, err := b.User(t.Context(), 1, everything, upstream.Directives{})
		none, ok := errors.AsType[*aggregate.NoAnswerError](err)
		if !ok || none.NotFound() {
			t.Fatalf("User = %v, want a NoAnswerError", err)
		}
		wantSources(t, none.Sources, "directory failed connection")
	})
	t.Run("fails for an unknown user, and caches that", func(t *testing.T) {
		b := newBench(t)
		var calls []int64
		for range 2 {
			_, _, err := b.User(t.Context(), 404, users.Include{GitHub: true, Weather: true}, upstream.Directives{})
			if none, ok := errors.AsType[*aggregate.NoAnswerError](err); !ok || !none.NotFound() {
				t.Errorf("User = %v, want that it is not found", err)
			}
			calls = append(calls, b.sim.Calls(sim.Directory))
		}
		_, _, err := b.User(t.Context(), 404, everything, upstream.Directives{}) // for an unknown user no other source is called
		if none, ok := errors.AsType[*aggregate.NoAnswerError](err); !ok || !none.NotFound() {
			t.Errorf("User = %v, want that it is not found", err)
		}
		if want := []int64{1, 1}; !slices.Equal(calls, want) || b.sim.Calls(sim.Directory) != 1 {
			t.Errorf("calls = %v, then %d; want 1", calls, b.sim.Calls(sim.Directory))
		}
	})
	t.Run("rejects an answer about another user", func(t *testing.T) {
		b := newBench(t, func(s *setup) {
			s.front = func(w http.ResponseWriter, r *http.Request) bool {
				_, _ = io.WriteString(w, `{"id":2,"name":"Somebody Else"}`)
				return true
			}
		})
		for range 2 {
			_, _, err := b.User(t.Context(), 1, users.Include{}, upstream.Directives{})
			none, ok := errors.AsType[*aggregate.NoAnswerError](err)
			if !ok {
				t.Fatalf("User = %v, want a NoAnswerError", err)
			}
			wantSources(t, none.Sources, "directory failed invalid_response")
			if strings.Contains(none.Sources[0].Err.Error(), "Somebody") {
				t.Errorf("error quotes the directory: %v", none.Sources[0].Err)
			}
		}
	})
	t.Run("ends with its caller", func(t *testing.T) {
		b := newBench(t)
		b.fault(t, sim.Directory, sim.Fault{Mode: sim.ModeHang})
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, _, err := b.User(ctx, 1, everything, upstream.Directives{})
		none, ok := errors.AsType[*aggregate.NoAnswerError](err)
		if !ok {
			t.Fatalf("User = %v, want a NoAnswerError", err)
		}
		wantSources(t, none.Sources, "directory failed timeout")
	})
}

func TestParts(t *testing.T) {
	t.Run("activity is absent and failed if one of its requests fails", func(t *testing.T) {
		b := newBench(t, func(s *setup) {
			s.front = func(w http.ResponseWriter, r *http.Request) bool {
				if !strings.HasSuffix(r.URL.Path, "/todos") {
					return false
				}
				w.WriteHeader(http.StatusInternalServerError)
				return true
			}
		})
		p, sources := b.user(t, 1, users.Include{Activity: true})
		wantSources(t, sources, "directory live", "activity failed server_error")
		if p.Activity != nil {
			t.Errorf("activity = %+v, want none", p.Activity)
		}
	})
	t.Run("github is skipped for an unknown account", func(t *testing.T) {
		b := newBench(t)
		made, _, err := b.Create(t.Context(), whole(t, `{"name":"A","username":"nobody-there"}`), "")
		if err != nil {
			t.Fatal(err)
		}
		p, sources := b.user(t, made.User.ID, everything)
		wantSources(t, sources, "directory live", "github skipped not_found", "activity live", "weather skipped")
		if p.GitHub != nil || p.Activity == nil || p.Weather != nil {
			t.Errorf("profile = %s, want activity alone", encoded(t, p))
		}
	})
	t.Run("github's answer about another account is rejected and not cached", func(t *testing.T) {
		var asked atomic.Int64
		other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			asked.Add(1)
			_, _ = io.WriteString(w, `{"login":"somebody-else","bio":"private"}`)
		}))
		t.Cleanup(other.Close)
		b := newBench(t)
		cfg := b.Config
		cfg.GitHub = open(t, sim.GitHub, other.URL, setup{Lifetimes: cache.Lifetimes{FreshFor: time.Minute, StaleFor: time.Hour}, retries: 2})
		service := users.NewService(cfg)
		for range 2 {
			p, sources, err := service.User(t.Context(), 1, users.Include{GitHub: true}, upstream.Directives{})
			if err != nil {
				t.Fatal(err)
			}
			wantSources(t, sources[1:], "github failed invalid_response")
			if p.GitHub != nil || strings.Contains(sources[1].Err.Error(), "somebody") {
				t.Errorf("github = %+v, %v; want nothing of another account", p.GitHub, sources[1].Err)
			}
		}
		if n := asked.Load(); n != 2 {
			t.Errorf("requests = %d, want 2: the answer is neither retried nor stored", n)
		}
	})
	t.Run("github is not called for an invalid login", func(t *testing.T) {
		b := newBench(t, func(s *setup) {
			s.front = func(w http.ResponseWriter, r *http.Request) bool {
				_, _ = io.WriteString(w, `{"id":1,"name":"A","username":"../repos"}`)
				return true
			}
		})
		_, sources := b.user(t, 1, users.Include{GitHub: true})
		wantSources(t, sources, "directory live", "github skipped")
		b.wantCalls(t, 0, 0)
	})
	t.Run("github is skipped if usernames are not logins", func(t *testing.T) {
		b := newBench(t, func(s *setup) { s.LinkByUsername = false })
		_, sources := b.user(t, 1, users.Include{GitHub: true})
		wantSources(t, sources, "directory live", "github skipped")
		b.wantCalls(t, 1, 0)
	})
	t.Run("github is not called while its quota is exhausted", func(t *testing.T) {
		b := newBench(t, func(s *setup) { s.quotas = map[string]sim.Quota{sim.GitHub: {Calls: 1, Per: time.Hour}} })
		_, sources := b.user(t, 1, users.Include{GitHub: true})
		wantSources(t, sources, "directory live", "github live")
		_, sources = b.user(t, 2, users.Include{GitHub: true})
		wantSources(t, sources, "directory live", "github failed rate_limited")
		b.wantCalls(t, 2, 1)
	})
	t.Run("github and weather are skipped if they are switched off", func(t *testing.T) {
		b := newBench(t)
		cfg := b.Config
		cfg.GitHub, cfg.Weather = nil, nil
		_, sources, err := users.NewService(cfg).User(t.Context(), 1, everything, upstream.Directives{})
		if err != nil {
			t.Fatal(err)
		}
		wantSources(t, sources, "directory live", "github skipped", "activity live", "weather skipped")
	})
}

func TestWeather(t *testing.T) {
	outcome := func(state upstream.State, age int, code upstream.Code) aggregate.Outcome {
		o := aggregate.Outcome{Name: "one", Provenance: upstream.Provenance{State: state, Age: time.Duration(age) * time.Second, Attempts: 1, Forward: upstream.FwdMiss}}
		if code != "" {
			o.Err = upstream.Errorf(code, "so it is")
		}
		return o
	}
	unused := outcome(upstream.Stale, 9, upstream.CodeTimeout)
	unused.Unused = true
	for name, tt := range map[string]struct {
		sources  []aggregate.Outcome
		err      error
		want     string
		age      time.Duration
		attempts int
	}{
		"is as fresh as the least fresh source":    {[]aggregate.Outcome{outcome(upstream.Live, 0, ""), outcome(upstream.Cached, 7, "")}, nil, "weather cached", 7 * time.Second, 1},
		"is stale where a source is":               {[]aggregate.Outcome{outcome(upstream.Live, 0, ""), outcome(upstream.Stale, 9, upstream.CodeTimeout)}, nil, "weather stale timeout", 9 * time.Second, 1},
		"does not suffer from those not used":      {[]aggregate.Outcome{outcome(upstream.Failed, 0, upstream.CodeTimeout), unused, outcome(upstream.Revalidating, 3, "")}, nil, "weather revalidating", 3 * time.Second, 1},
		"is live without sources":                  {nil, nil, "weather live", 0, 0},
		"fails when all do":                        {nil, &aggregate.NoAnswerError{Sources: []aggregate.Outcome{outcome(upstream.Skipped, 0, upstream.CodeNotFound), outcome(upstream.Failed, 0, upstream.CodeTimeout)}}, "weather failed timeout", 0, 1},
		"fails if no source has data now":          {nil, &aggregate.NoAnswerError{Sources: []aggregate.Outcome{outcome(upstream.Skipped, 0, upstream.CodeNotFound), outcome(upstream.Failed, 0, upstream.CodeNoData)}}, "weather failed no_data", 0, 1},
		"is skipped if no source covers the place": {nil, &aggregate.NoAnswerError{Sources: []aggregate.Outcome{outcome(upstream.Skipped, 0, upstream.CodeNotFound)}}, "weather skipped not_found", 0, 1},
		"is skipped when all are off":              {nil, weather.ErrNoProvider, "weather skipped", 0, 0},
		"fails for no reason that we know":         {nil, errors.New("broken"), "weather failed invalid_response", 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, func(s *setup) {
				s.Weather = func(context.Context, weather.Place, upstream.Directives) (weather.Current, []aggregate.Outcome, error) {
					return weather.Current{}, tt.sources, tt.err
				}
			})
			p, sources := b.user(t, 1, users.Include{Weather: true})
			wantSources(t, sources, "directory live", tt.want)
			if got := sources[1]; got.Age != tt.age || got.Attempts != tt.attempts {
				t.Errorf("age = %v after %d attempts, want %v after %d", got.Age, got.Attempts, tt.age, tt.attempts)
			}
			its := tt.sources
			if none, ok := errors.AsType[*aggregate.NoAnswerError](tt.err); ok {
				its = none.Sources
			}
			if got := sources[1].Sources; !reflect.DeepEqual(got, its) {
				t.Errorf("its sources = %+v, want %+v", got, its)
			}
			if got, want := sources[1].Degraded(), slices.ContainsFunc(append(its, sources[1]), func(o aggregate.Outcome) bool { return o.State == upstream.Stale || o.State == upstream.Failed }); got != want {
				t.Errorf("degraded = %t, want %t", got, want)
			}
			if (p.Weather == nil) != (tt.err != nil) {
				t.Errorf("weather = %v with error %v", p.Weather, tt.err)
			}
		})
	}
	t.Run("has each attribution of the used sources once", func(t *testing.T) {
		by := func(state upstream.State, unused bool, attribution string) aggregate.Outcome {
			return aggregate.Outcome{Attribution: attribution, Unused: unused, Provenance: upstream.Provenance{State: state}}
		}
		b := newBench(t, func(s *setup) {
			s.Weather = func(context.Context, weather.Place, upstream.Directives) (weather.Current, []aggregate.Outcome, error) {
				return weather.Current{}, []aggregate.Outcome{
					by(upstream.Live, false, "A"), by(upstream.Cached, false, "B"), by(upstream.Live, false, "A"), by(upstream.Live, false, ""),
					by(upstream.Failed, false, "C"), by(upstream.Stale, true, "D"),
				}, nil
			}
		})
		_, sources := b.user(t, 1, users.Include{Weather: true})
		if got := sources[1].Attribution; got != "A; B" {
			t.Errorf("attribution = %q, want %q", got, "A; B")
		}
	})
	t.Run("is the current weather of the weather service", func(t *testing.T) {
		b := newBench(t)
		provider := func(name string, spec upstream.Spec[weather.Place, *weather.PackedReport]) weather.Provider {
			up := open(t, name, b.sim.URL(name), setup{Lifetimes: cache.Lifetimes{FreshFor: time.Minute, StaleFor: time.Hour}})
			return weather.Provider{Source: upstream.NewSource(up, spec)}
		}
		cfg := b.Config
		cfg.Weather = users.FromWeather(weather.NewService(cache.NewStore(10), nil, time.Second,
			provider(sim.OpenMeteo, weather.OpenMeteo()), provider(sim.MetNorway, weather.METNorway())))
		p, sources, err := users.NewService(cfg).User(t.Context(), 1, users.Include{Weather: true}, upstream.Directives{})
		if err != nil {
			t.Fatal(err)
		}
		wantSources(t, sources, "directory live", "weather live")
		if p.Weather == nil || p.Weather.Temperature == nil || p.Weather.Place.Latitude != -37.32 || p.Weather.Units.Temperature != "°C" || p.Weather.Spread != (weather.Spread{}) {
			t.Errorf("weather = %s, want that of the user's place, in °C and without spread", encoded(t, p.Weather))
		}
		cfg.Weather = users.FromWeather(weather.NewService(cache.NewStore(10), nil, time.Second))
		_, sources, err = users.NewService(cfg).User(t.Context(), 1, users.Include{Weather: true}, upstream.Directives{})
		if err != nil {
			t.Fatal(err)
		}
		wantSources(t, sources, "directory live", "weather skipped")
	})
}

func TestList(t *testing.T) {
	b := newBench(t)
	page, outcome, err := b.List(t.Context(), users.ListQuery{Page: 2, PerPage: 3}, upstream.Directives{})
	if err != nil || len(page.Users) != 3 || page.Users[0].ID != 4 || page.Total == nil || *page.Total != 10 || outcome.State != upstream.Live || outcome.Name != "directory" {
		t.Errorf("List = %s, %+v, %v; want users 4 to 6 of 10", encoded(t, page), outcome, err)
	}
	page, _, err = b.List(t.Context(), users.ListQuery{Page: 1, PerPage: 3, Text: "leanne"}, upstream.Directives{})
	if err != nil || len(page.Users) != 1 || page.Users[0].ID != 1 {
		t.Errorf("List = %s, %v; want user 1", encoded(t, page), err)
	}
	t.Run("leaves out an unreadable user with an error, also from the cache", func(t *testing.T) {
		b := newBench(t, answering(http.StatusOK, `[{"id":1,"name":"A"},{"id":"x","name":"B"},{"id":3,"name":"C"}]`))
		for _, state := range []upstream.State{upstream.Live, upstream.Cached} {
			page, outcome, err := b.List(t.Context(), users.ListQuery{Page: 1, PerPage: 10}, upstream.Directives{})
			if err != nil || len(page.Users) != 2 || page.Users[1].ID != 3 {
				t.Fatalf("List = %s, %v; want users 1 and 3", encoded(t, page), err)
			}
			if outcome.State != state || outcome.Err == nil || outcome.Err.Code != upstream.CodeInvalidResponse || !outcome.Degraded() ||
				outcome.Err.Detail != "1 of 3 left out: [1].id: missing, or not a positive integer below 2^53 in decimal digits" {
				t.Errorf("outcome = %+v, %v; want %s with what was left out", outcome, outcome.Err, state)
			}
		}
	})
	t.Run("has the age of the page itself, not of the one that it is compared with", func(t *testing.T) {
		b := newBench(t, func(s *setup) {
			s.front = func(w http.ResponseWriter, r *http.Request) bool { // pages without a header that says so
				id := 1
				if r.URL.Query().Get("_page") == "2" {
					id = 2
				}
				_, _ = fmt.Fprintf(w, `[{"id":%d,"name":"A"}]`, id)
				return true
			}
		})
		for n := 1; n <= 2; n++ { // the second page is compared with the cached first
			page, outcome, err := b.List(t.Context(), users.ListQuery{Page: n, PerPage: 1}, upstream.Directives{})
			if err != nil || len(page.Users) != 1 || page.Users[0].ID != int64(n) || outcome.State != upstream.Live {
				t.Errorf("List(%d) = %s, %s, %v; want user %d, live", n, encoded(t, page), outcome.State, err, n)
			}
		}
	})
	t.Run("fails if no user can be read", func(t *testing.T) {
		b := newBench(t, answering(http.StatusOK, `[{"id":"x","name":"B"},null]`))
		_, outcome, err := b.List(t.Context(), users.ListQuery{Page: 1, PerPage: 10}, upstream.Directives{})
		if _, ok := errors.AsType[*aggregate.NoAnswerError](err); !ok {
			t.Fatalf("List = %v, want a NoAnswerError", err)
		}
		wantSources(t, []aggregate.Outcome{outcome}, "directory failed invalid_response")
	})
	t.Run("has an empty second page if the directory sends all users on every page", func(t *testing.T) {
		b := newBench(t, func(s *setup) {
			s.front = func(_ http.ResponseWriter, r *http.Request) bool {
				r.URL.RawQuery = ""
				return false
			}
		})
		for _, perPage := range []int{10, 20} {
			page, outcome, err := b.List(t.Context(), users.ListQuery{Page: 2, PerPage: perPage}, upstream.Directives{})
			if err != nil || len(page.Users) != 0 || page.Next || outcome.Attempts != 1 || outcome.State != upstream.Live {
				t.Errorf("List = %s, %+v, %v; want no user, and no next page", encoded(t, page), outcome, err)
			}
		}
	})
	t.Run("cuts pages out of the list of a directory without pages", func(t *testing.T) {
		b := newBench(t, func(s *setup) {
			s.front = func(_ http.ResponseWriter, r *http.Request) bool {
				r.URL.RawQuery = ""
				return false
			}
		})
		page, _, err := b.List(t.Context(), users.ListQuery{Page: 3, PerPage: 4}, upstream.Directives{})
		if err != nil || len(page.Users) != 2 || page.Users[0].ID != 9 || *page.Total != 10 {
			t.Errorf("List = %s, %v; want users 9 and 10 of 10", encoded(t, page), err)
		}
	})
	t.Run("fails if the directory has no answer", func(t *testing.T) {
		b := newBench(t)
		b.fault(t, sim.Directory, sim.Fault{ErrorRate: 1})
		_, outcome, err := b.List(t.Context(), users.ListQuery{Page: 1, PerPage: 4}, upstream.Directives{})
		if _, ok := errors.AsType[*aggregate.NoAnswerError](err); !ok || outcome.State != upstream.Failed {
			t.Errorf("List = %+v, %v; want a NoAnswerError", outcome, err)
		}
	})
}
