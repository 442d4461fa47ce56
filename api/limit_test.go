package api_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"tributary/api"
	"tributary/api/auth"
	"tributary/cache"
	"tributary/cache/redistest"
)

// asFrom sends a request as if it came from an address, with headers as names
// and values in turn.
func (g *gateway) asFrom(address string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/v1/status", nil)
	r.RemoteAddr = address
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	g.handler.ServeHTTP(w, r)
	return w
}

func TestClientLimit(t *testing.T) {
	three := func(s *setup) { s.ClientLimit = api.Limit{Calls: 3, Window: time.Minute} }
	it(t, "lets a burst through, and then one request whenever a token is there", func(t *testing.T) {
		g := newGateway(t, three)
		for n, left := range []string{"r=2;t=20", "r=1;t=40", "r=0;t=60"} {
			w := g.asFrom("192.0.2.1:1000")
			if w.Code != http.StatusOK || w.Header().Get("RateLimit") != `"default";`+left || w.Header().Get("RateLimit-Policy") != `"default";q=3;w=60` {
				t.Errorf("request %d: %d, RateLimit %s, RateLimit-Policy %s; want 200, %s", n, w.Code, w.Header().Get("RateLimit"), w.Header().Get("RateLimit-Policy"), left)
			}
		}
		w := g.asFrom("192.0.2.1:1001")
		if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "20" || w.Header().Get("RateLimit") != `"default";r=0;t=20` || !strings.Contains(w.Body.String(), "too_many_requests") {
			t.Errorf("request 4: %d, Retry-After %s, RateLimit %s, %s; want 429, 20", w.Code, w.Header().Get("Retry-After"), w.Header().Get("RateLimit"), w.Body)
		}
		if w := g.asFrom("192.0.2.2:1000"); w.Code != http.StatusOK {
			t.Errorf("another client: %d, want 200", w.Code)
		}
		time.Sleep(20 * time.Second)
		if w := g.asFrom("192.0.2.1:1000"); w.Code != http.StatusOK {
			t.Errorf("after Retry-After: %d, want 200", w.Code)
		}
	})
	it(t, "does not limit probes", func(t *testing.T) {
		g := newGateway(t, three)
		for range 10 {
			if w := httptest.NewRecorder(); true {
				g.handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
				if w.Code != http.StatusOK || w.Header().Get("RateLimit") != "" {
					t.Errorf("/readyz: %d, RateLimit %q; want 200 without", w.Code, w.Header().Get("RateLimit"))
				}
			}
		}
	})
	it(t, "counts an IPv6 network as one, and a key wherever it comes from", func(t *testing.T) {
		a, err := auth.New(auth.Config{Keys: []auth.Key{{Name: "web", Key: "secret"}}})
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		g := newGateway(t, three, func(s *setup) { s.Auth = a })
		for n, address := range []string{"[2001:db8::1]:1", "[2001:db8::2]:1", "[2001:db8::3]:1", "[2001:db8::4]:1"} {
			if w := g.asFrom(address); (w.Code == http.StatusOK) != (n < 3) {
				t.Errorf("%s: %d, want one network", address, w.Code)
			}
		}
		for n, address := range []string{"192.0.2.1:1", "192.0.2.2:1", "192.0.2.3:1", "192.0.2.4:1"} {
			if w := g.asFrom(address, "X-API-Key", "secret"); (w.Code == http.StatusOK) != (n < 3) {
				t.Errorf("key from %s: %d, want one client", address, w.Code)
			}
		}
	})
}

func TestLimitsAtTheEdgeOfNumbers(t *testing.T) {
	for name, c := range map[string]struct {
		limit  api.Limit
		burst  int // so many are let through at once
		policy string
		last   string // RateLimit of the last of them; "": time has passed meanwhile
	}{
		"it knows one call a year":               {api.Limit{Calls: 1, Window: 8760 * time.Hour}, 1, "q=1;w=31536000", "r=0;t=31536000"},
		"it knows windows that do not divide":    {api.Limit{Calls: 7, Window: time.Hour + 1}, 7, "q=7;w=3601", "r=0;t=3600"},
		"it knows one call a nanosecond":         {api.Limit{Calls: 1, Window: 1}, 1, "q=1;w=1", "r=0;t=1"},
		"it knows more calls than nanoseconds":   {api.Limit{Calls: 600, Window: 100}, 2000, "q=600;w=1", "r=600;t=0"},
		"it knows a limit of 31 bits":            {api.Limit{Calls: math.MaxInt32, Window: time.Second}, 2000, "q=2147483647;w=1", "r=2147483647;t=0"},
		"it knows a million millions":            {api.Limit{Calls: 1e12, Window: time.Minute}, 2000, "q=1000000000000;w=60", "r=1000000000000;t=0"},
		"it knows the greatest number":           {api.Limit{Calls: math.MaxInt, Window: math.MaxInt64}, 3, "q=9223372036854775807;w=9223372037", "r=9223372036854775804;t=1"},
		"it knows the longest window":            {api.Limit{Calls: 1, Window: math.MaxInt64}, 1, "q=1;w=9223372037", "r=0;t=9223372037"},
		"it knows a thousand million in seconds": {api.Limit{Calls: 1e9, Window: time.Second}, 1000, "q=1000000000;w=1", "r=999999000;t=1"},
	} {
		it(t, name, func(t *testing.T) {
			g := newGateway(t, func(s *setup) { s.ClientLimit = c.limit })
			var w *httptest.ResponseRecorder
			for n := range c.burst {
				if w = g.asFrom("192.0.2.1:1"); w.Code != http.StatusOK {
					t.Fatalf("request %d: %d %s, want 200", n, w.Code, w.Body)
				}
			}
			if got := w.Header().Get("RateLimit-Policy"); got != `"default";`+c.policy {
				t.Errorf("RateLimit-Policy = %s, want %s", got, c.policy)
			}
			if got := w.Header().Get("RateLimit"); got != `"default";`+c.last {
				t.Errorf("RateLimit = %s, want %s", got, c.last)
			}
		})
	}
}

func TestForwardedFor(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for name, c := range map[string]struct {
		peer    string
		lines   []string // of X-Forwarded-For
		address string   // that the request is counted against
	}{
		"it takes the address that a proxy names":             {"10.0.0.1:1", []string{"203.0.113.7"}, "203.0.113.7"},
		"it takes the last one, whatever the client claims":   {"10.0.0.1:1", []string{"9.9.9.9, 203.0.113.7"}, "203.0.113.7"},
		"it skips trusted proxies":                            {"10.0.0.1:1", []string{"9.9.9.9,203.0.113.7, 10.2.0.1 ,10.3.0.1"}, "203.0.113.7"},
		"it takes several lines for one list":                 {"10.0.0.1:1", []string{"9.9.9.9", "203.0.113.7", "10.2.0.1, 10.3.0.1"}, "203.0.113.7"},
		"it leaves out a port":                                {"10.0.0.1:1", []string{"203.0.113.7:51234"}, "203.0.113.7"},
		"it leaves out a proxy's port":                        {"10.0.0.1:1", []string{"203.0.113.7:51234, 10.2.0.1:8080"}, "203.0.113.7"},
		"it knows IPv6":                                       {"10.0.0.1:1", []string{"2001:db8::7"}, "[2001:db8::7]"},
		"it knows IPv6 in brackets":                           {"10.0.0.1:1", []string{"[2001:db8::7]"}, "[2001:db8::7]"},
		"it knows IPv6 in brackets with a port":               {"10.0.0.1:1", []string{"[2001:db8::7]:443"}, "[2001:db8::7]"},
		"it knows IPv4 that is written as IPv6":               {"10.0.0.1:1", []string{"::ffff:203.0.113.7"}, "203.0.113.7"},
		"it knows IPv4 that is written as IPv6 with a port":   {"10.0.0.1:1", []string{"[::ffff:203.0.113.7]:1, ::ffff:10.2.0.1"}, "203.0.113.7"},
		"it knows a peer that is written as IPv6":             {"[::ffff:10.0.0.1]:1", []string{"203.0.113.7"}, "203.0.113.7"},
		"it leaves out a zone":                                {"[fd00::1%eth0]:1", []string{"fe80::7%eth1"}, "[fe80::7]"},
		"it takes the first of trusted addresses only":        {"10.0.0.1:1", []string{"10.0.0.5, 10.0.0.6", "10.0.0.7"}, "10.0.0.5"},
		"it takes the only one, which is trusted":             {"10.0.0.1:1", []string{"10.0.0.5"}, "10.0.0.5"},
		"it skips empty elements":                             {"10.0.0.1:1", []string{", 203.0.113.7 ,, 10.2.0.1,", ""}, "203.0.113.7"},
		"it takes the peer if there is nothing":               {"10.0.0.1:1", []string{"", " , "}, "10.0.0.1"},
		"it takes the peer for what is no address":            {"10.0.0.1:1", []string{"unknown"}, "10.0.0.1"},
		"it takes the peer for a name":                        {"10.0.0.1:1", []string{"203.0.113.7, client.example"}, "10.0.0.1"},
		"it takes the peer for what is no address on the way": {"10.0.0.1:1", []string{"203.0.113.7, _hidden, 10.2.0.1"}, "10.0.0.1"},
		"it takes the peer for a port that is none":           {"10.0.0.1:1", []string{"203.0.113.7:99999"}, "10.0.0.1"},
		"it takes the peer for open brackets":                 {"10.0.0.1:1", []string{"[2001:db8::7"}, "10.0.0.1"},
		"it looks at nothing beyond the client":               {"10.0.0.1:1", []string{"unknown, 203.0.113.7"}, "203.0.113.7"},
		"it ignores what anybody else sends":                  {"192.0.2.1:1", []string{"203.0.113.7"}, "192.0.2.1"},
		"it ignores what a look-alike sends":                  {"[2001:db8::10]:1", []string{"203.0.113.7"}, "[2001:db8::10]"},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGateway(t, func(s *setup) {
				s.ClientLimit, s.TrustedProxies = api.Limit{Calls: 1, Window: time.Hour}, trusted
			})
			var header []string
			for _, line := range c.lines {
				header = append(header, "X-Forwarded-For", line)
			}
			if w := g.asFrom(c.peer, header...); w.Code != http.StatusOK {
				t.Fatalf("the first request: %d, want 200", w.Code)
			}
			if w := g.asFrom(c.address + ":2"); w.Code != http.StatusTooManyRequests {
				t.Errorf("a request of %s itself: %d, want 429", c.address, w.Code)
			}
			if w := g.asFrom("198.51.100.200:1"); w.Code != http.StatusOK {
				t.Errorf("a request of another client: %d, want 200", w.Code)
			}
		})
	}
	for name, c := range map[string]struct {
		trusted []netip.Prefix
		warns   int
	}{"it warns once where nobody is trusted": {nil, 1}, "it warns once of who is not trusted": {trusted, 1},
		"it does not warn of a trusted proxy": {[]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, 0}} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			g := newGateway(t, func(s *setup) { s.logTo, s.TrustedProxies = &log, c.trusted })
			for range 3 {
				g.asFrom("192.0.2.1:1", "X-Forwarded-For", "198.51.100.1")
			}
			if n := strings.Count(log.String(), "TRUSTED_PROXIES"); n != c.warns {
				t.Errorf("warned %d times, want %d", n, c.warns)
			}
		})
	}
}

func TestWrongCredentials(t *testing.T) {
	a, err := auth.New(auth.Config{Keys: []auth.Key{{Name: "reader", Scopes: []string{auth.UsersRead}, Key: "reader-secret"}}, Anonymous: []string{auth.WeatherRead}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	guarded := func(limit int) func(*setup) {
		return func(s *setup) {
			s.Auth, s.ClientLimit = a, api.Limit{Calls: limit, Window: time.Hour}
			s.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
		}
	}
	for name, header := range map[string][]string{
		"unknown keys":          {"X-API-Key", "guess"},
		"unknown bearers":       {"Authorization", "Bearer guess"},
		"empty keys":            {"X-API-Key", ""},
		"another scheme":        {"Authorization", "Basic Z3Vlc3M="},
		"the scheme alone":      {"Authorization", "Bearer"},
		"two keys":              {"Authorization", "Bearer guess", "X-API-Key", "reader-secret"},
		"a header twice":        {"X-API-Key", "guess", "X-API-Key", "guess"},
		"tokens, not taken":     {"Authorization", "Bearer a.b.c"},
		"forwarded by a proxy":  {"X-API-Key", "guess", "X-Forwarded-For", "192.0.2.1:77"},
		"IPv6, forwarded so":    {"X-API-Key", "guess", "X-Forwarded-For", "[::ffff:192.0.2.1]:77"},
		"where reading is open": {"X-API-Key", "guess"},
	} {
		it(t, "are a 429 after the limit: "+name, func(t *testing.T) {
			g := newGateway(t, guarded(3))
			peer := "192.0.2.1:1"
			if strings.Contains(strings.Join(header, " "), "Forwarded") {
				peer = "10.0.0.1:1"
			}
			for n := range 5 {
				w := g.asFrom(peer, header...)
				if want := map[bool]int{true: 401, false: 429}[n < 3]; w.Code != want {
					t.Errorf("try %d: %d, want %d", n+1, w.Code, want)
				}
				if n >= 3 && (w.Header().Get("Retry-After") != "1200" || w.Header().Get("RateLimit") != `"default";r=0;t=1200` ||
					w.Header().Get("RateLimit-Policy") != `"default";q=3;w=3600` || !strings.Contains(w.Body.String(), "wrong credentials")) {
					t.Errorf("try %d: headers %v, body %s; want to be told to wait 20 minutes", n+1, w.Header(), w.Body)
				}
			}
			if w := g.asFrom("192.0.2.2:1", "X-API-Key", "guess"); w.Code != 401 {
				t.Errorf("another address: %d, want 401", w.Code)
			}
			time.Sleep(20 * time.Minute)
			if w := g.asFrom(peer, header...); w.Code != 401 {
				t.Errorf("after Retry-After: %d, want 401", w.Code)
			}
		})
	}
	it(t, "lock out nobody who has the right ones, or none", func(t *testing.T) {
		g := newGateway(t, guarded(3))
		for range 100 {
			g.asFrom("192.0.2.1:1", "X-API-Key", "guess")
		}
		for n := range 3 { // of each, as the tries do not count as requests
			if w := g.asFrom("192.0.2.1:1", "X-API-Key", "reader-secret"); w.Code != http.StatusOK || w.Header().Get("RateLimit") != fmt.Sprintf(`"default";r=%d;t=%d`, 2-n, 1200*(n+1)) {
				t.Errorf("the right key from there: %d, RateLimit %s; want 200", w.Code, w.Header().Get("RateLimit"))
			}
			if w := g.asFrom("192.0.2.1:1"); w.Code != http.StatusOK {
				t.Errorf("no key from there: %d, want 200", w.Code)
			}
		}
	})
	it(t, "count an IPv6 network as one", func(t *testing.T) {
		g := newGateway(t, guarded(3))
		for n := range 5 {
			w := g.asFrom(fmt.Sprintf("[2001:db8::%d]:1", n), "X-API-Key", "guess")
			if want := map[bool]int{true: 401, false: 429}[n < 3]; w.Code != want {
				t.Errorf("try %d: %d, want %d", n+1, w.Code, want)
			}
		}
	})
	it(t, "are limited to 600 a minute where requests are not", func(t *testing.T) {
		g := newGateway(t, guarded(0))
		for n := range 610 {
			w := g.asFrom("192.0.2.1:1", "X-API-Key", "guess")
			if want := map[bool]int{true: 401, false: 429}[n < 600]; w.Code != want {
				t.Fatalf("try %d: %d, want %d", n+1, w.Code, want)
			}
		}
		if w := g.asFrom("192.0.2.1:1", "X-API-Key", "reader-secret"); w.Code != http.StatusOK || w.Header().Get("RateLimit") != "" {
			t.Errorf("the right key from there: %d, RateLimit %q; want 200 without", w.Code, w.Header().Get("RateLimit"))
		}
	})
	it(t, "are a problem as openapi.yaml has it", func(t *testing.T) {
		g := newGateway(t, guarded(1))
		g.get("/v1/status", "X-API-Key", "guess").problem(http.StatusUnauthorized, "unauthorized")
		for _, path := range []string{here, forecastHere, airHere, "/v1/places?q=Delhi", "/v1/users", "/v1/users/1", "/v1/status"} {
			g.get(path, "X-API-Key", "guess").problem(http.StatusTooManyRequests, "too_many_requests")
		}
		g.get("/livez", "X-API-Key", "guess").wantStatus(http.StatusOK)
	})
}

func TestWrongCredentialsInAFleet(t *testing.T) {
	server := redistest.Start(t)
	var replicas []*gateway
	for range 2 {
		redis, err := cache.NewRedis(cache.RedisConfig{URL: server.URL(), Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { redis.Close() })
		a, err := auth.New(auth.Config{Keys: []auth.Key{{Name: "reader", Key: "reader-secret"}}, Anonymous: []string{auth.WeatherRead}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(a.Close)
		replicas = append(replicas, newGateway(t, func(s *setup) {
			s.Auth, s.Redis, s.ClientLimit = a, redis, api.Limit{Calls: 4, Window: time.Hour}
		}))
	}
	for n := range 8 {
		w := replicas[n%2].asFrom("192.0.2.1:1", "X-API-Key", "guess")
		if want := map[bool]int{true: 401, false: 429}[n < 4]; w.Code != want {
			t.Errorf("try %d, at replica %d: %d, want %d", n+1, n%2, w.Code, want)
		}
	}
	for n := range 4 { // whose requests have another bucket
		if w := replicas[n%2].asFrom("192.0.2.1:1"); w.Code != http.StatusOK {
			t.Errorf("request %d from that address: %d, want 200", n+1, w.Code)
		}
	}
}
