package sim_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"tributary/upstream/sim"
)

func TestErrorRateAnswersInTheProvidersWords(t *testing.T) {
	s := start(t, sim.Config{})
	for _, tt := range []struct {
		provider    string
		status      int
		contentType string
		body        string
	}{
		{sim.OpenMeteo, 503, "application/json; charset=utf-8", `{"error":true,"reason":"The service is overloaded. Please try again later."}`},
		{sim.OpenMeteo, 429, "application/json; charset=utf-8", `{"error":true,"reason":"Minutely API request limit exceeded. Please try again in one minute."}`},
		{sim.Geocoding, 500, "application/json; charset=utf-8", `{"error":true,"reason":"Internal Server Error"}`},
		{sim.OpenWeather, 401, "application/json; charset=utf-8", `{"cod":401, "message": "Invalid API key. Please see https://openweathermap.org/faq#error401 for more info."}`},
		{sim.OpenWeather, 404, "application/json; charset=utf-8", `{"cod":"404","message":"Not Found"}`},
		{sim.OpenWeather, 502, "application/json; charset=utf-8", `{"cod":502,"message":"Bad Gateway"}`},
		{sim.MetNorway, 500, "text/html; charset=utf-8", "<h1>500 Internal Server Error</h1>"},
		{sim.Directory, 500, "application/json; charset=utf-8", `{}`},
		{sim.GitHub, 502, "application/json; charset=utf-8", `{"message":"Server Error","documentation_url":"https://docs.github.com/rest","status":"502"}`},
		{sim.GitHub, 429, "application/json; charset=utf-8", `{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again","documentation_url":"https://docs.github.com/rest","status":"429"}`},
	} {
		t.Run(tt.provider, func(t *testing.T) {
			set(t, s, tt.provider, sim.Fault{ErrorRate: 1, Status: tt.status, RetryAfterS: 7})
			got := get(t, s.URL(tt.provider)+goodPaths[tt.provider])
			if got.status != tt.status {
				t.Errorf("status = %d, want %d", got.status, tt.status)
			}
			if ct := got.header.Get("Content-Type"); ct != tt.contentType {
				t.Errorf("Content-Type = %q, want %q", ct, tt.contentType)
			}
			if !strings.Contains(got.body, tt.body) {
				t.Errorf("body = %s, want %s", got.body, tt.body)
			}
			if ra := got.header.Get("Retry-After"); ra != "7" {
				t.Errorf("Retry-After = %q, want 7", ra)
			}
		})
	}
}

func TestErrorRateIsDecidedBeforeTheMode(t *testing.T) {
	s := start(t, sim.Config{})
	set(t, s, sim.GitHub, sim.Fault{ErrorRate: 1, Mode: sim.ModeHang})
	got := get(t, s.URL(sim.GitHub)+goodPaths[sim.GitHub])
	if got.status != http.StatusInternalServerError || got.header.Get("Retry-After") != "" {
		t.Errorf("status = %d, Retry-After = %q, want 500 and none", got.status, got.header.Get("Retry-After"))
	}
}

func TestErrorRateIsAShare(t *testing.T) {
	s := start(t, sim.Config{})
	set(t, s, sim.Directory, sim.Fault{ErrorRate: 0.5})
	statuses := map[int]int{}
	for range 60 { // they are all equal once in 2^59 runs
		statuses[get(t, s.URL(sim.Directory)+"/users/1").status]++
	}
	if len(statuses) != 2 || statuses[200] == 0 || statuses[500] == 0 {
		t.Errorf("statuses = %v, want 200 and 500", statuses)
	}
}

func TestLatencyDelaysErrorsToo(t *testing.T) {
	s := start(t, sim.Config{})
	for _, f := range []sim.Fault{
		{LatencyMS: 60, JitterMS: 20},
		{LatencyMS: 60, ErrorRate: 1, Status: 503},
	} {
		set(t, s, sim.MetNorway, f)
		began := time.Now()
		got := get(t, s.URL(sim.MetNorway)+goodPaths[sim.MetNorway])
		if took := time.Since(began); took < 60*time.Millisecond {
			t.Errorf("%+v: answered %d after %v, want at least 60ms", f, got.status, took)
		}
	}
}

func TestLatencyEndsWithTheSimulator(t *testing.T) {
	s := start(t, sim.Config{})
	set(t, s, sim.MetNorway, sim.Fault{LatencyMS: 3_600_000})
	failed := inBackground(t, s, sim.MetNorway, http.MethodGet, goodPaths[sim.MetNorway], "")
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := <-failed; err == nil {
		t.Error("the delayed request succeeded")
	}
}

func TestHangEndsWhen(t *testing.T) {
	for name, end := range map[string]func(*testing.T, *sim.Simulator){
		"the fault is cleared":      func(t *testing.T, s *sim.Simulator) { set(t, s, sim.GitHub, sim.Fault{}) },
		"another fault is set":      func(t *testing.T, s *sim.Simulator) { set(t, s, sim.GitHub, sim.Fault{Mode: sim.ModeHang}) },
		"the provider goes down":    func(t *testing.T, s *sim.Simulator) { set(t, s, sim.GitHub, sim.Fault{Mode: sim.ModeDown}) },
		"the simulator is closed":   func(t *testing.T, s *sim.Simulator) { _ = s.Close() },
		"DELETE clears all of them": func(t *testing.T, s *sim.Simulator) { call(t, "DELETE", s.URL(sim.Control)+"/_sim", "") },
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, sim.Config{})
			set(t, s, sim.GitHub, sim.Fault{Mode: sim.ModeHang})
			failed := inBackground(t, s, sim.GitHub, http.MethodGet, goodPaths[sim.GitHub], "")
			select {
			case err := <-failed:
				t.Fatalf("the hung request ended at once: %v", err)
			default:
			}
			end(t, s)
			if err := <-failed; err == nil || isTimeout(err) {
				t.Errorf("the hung request ended with %v, want a closed connection", err)
			}
		})
	}
}

func TestHangOutlastsATimeOut(t *testing.T) {
	s := start(t, sim.Config{})
	set(t, s, sim.Directory, sim.Fault{Mode: sim.ModeHang})
	if _, err := client(t, 50*time.Millisecond).Get(s.URL(sim.Directory) + "/users"); !isTimeout(err) {
		t.Errorf("error = %v, want a time-out", err)
	}
}

func TestReset(t *testing.T) {
	s := start(t, sim.Config{})
	set(t, s, sim.OpenMeteo, sim.Fault{Mode: sim.ModeReset})
	_, err := client(t, patience).Get(s.URL(sim.OpenMeteo) + goodPaths[sim.OpenMeteo])
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("error = %v, want a connection reset", err)
	}
}

func TestTruncate(t *testing.T) {
	s := start(t, sim.Config{})
	for _, p := range providers {
		t.Run(p, func(t *testing.T) {
			whole := get(t, s.URL(p)+goodPaths[p])
			set(t, s, p, sim.Fault{Mode: sim.ModeTruncate})
			resp, err := ask(t, client(t, patience), http.MethodGet, s.URL(p)+goodPaths[p], "")
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if resp.StatusCode != http.StatusOK || resp.ContentLength != int64(len(whole.body)) {
				t.Errorf("status %d, length %d, want 200, %d", resp.StatusCode, resp.ContentLength, len(whole.body))
			}
			body, err := io.ReadAll(resp.Body)
			if !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("error = %v, want an unexpected end", err)
			}
			if want := whole.body[:len(whole.body)/2]; string(body) != want {
				t.Errorf("body = %.40q… of %d bytes, want the first half, %d", body, len(body), len(want))
			}
		})
	}
}

func TestGarbage(t *testing.T) {
	s := start(t, sim.Config{})
	for _, p := range providers {
		t.Run(p, func(t *testing.T) {
			contentType := get(t, s.URL(p)+goodPaths[p]).header.Get("Content-Type")
			set(t, s, p, sim.Fault{Mode: sim.ModeGarbage})
			got := get(t, s.URL(p)+goodPaths[p])
			if got.status != http.StatusOK || got.header.Get("Content-Type") != contentType {
				t.Errorf("status %d, type %q, want 200, %q", got.status, got.header.Get("Content-Type"), contentType)
			}
			if strings.HasPrefix(got.body, "{") || strings.HasPrefix(got.body, "[") {
				t.Errorf("body = %q, want what is not JSON", got.body)
			}
		})
	}
}

func TestDripIsCutByATimeOut(t *testing.T) {
	s := start(t, sim.Config{})
	whole := get(t, s.URL(sim.Geocoding)+goodPaths[sim.Geocoding])
	set(t, s, sim.Geocoding, sim.Fault{Mode: sim.ModeDrip})
	resp, err := client(t, 700*time.Millisecond).Get(s.URL(sim.Geocoding) + goodPaths[sim.Geocoding])
	if err != nil {
		t.Fatalf("no header in time: %v", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if !isTimeout(err) {
		t.Errorf("error = %v, want a time-out", err)
	}
	if len(body) == 0 || len(body) > 8 || !strings.HasPrefix(whole.body, string(body)) {
		t.Errorf("read %q, want the first few bytes of %.20q…", body, whole.body)
	}
	if shortest := 100 * time.Millisecond * time.Duration(len(whole.body)); shortest < 2*time.Second {
		t.Errorf("the whole answer would take %v, less than a usual time-out", shortest)
	}
}

func TestDownRefusesConnectionsAndComesBack(t *testing.T) {
	s := start(t, sim.Config{})
	for _, p := range providers {
		t.Run(p, func(t *testing.T) {
			c := client(t, patience) // its pooled connection must be closed too
			url := s.URL(p) + goodPaths[p]
			question := func() error {
				resp, err := ask(t, c, http.MethodGet, url, "")
				if err != nil {
					return err
				}
				defer resp.Body.Close()
				_, err = io.ReadAll(resp.Body)
				return err
			}
			if err := question(); err != nil {
				t.Fatal(err)
			}
			set(t, s, p, sim.Fault{Mode: sim.ModeDown})
			for range 3 {
				if err := question(); !errors.Is(err, syscall.ECONNREFUSED) {
					t.Errorf("while down: error = %v, want a refused connection", err)
				}
			}
			if got := s.URL(p) + goodPaths[p]; got != url {
				t.Errorf("URL while down = %q, want %q", got, url)
			}
			set(t, s, p, sim.Fault{})
			if err := question(); err != nil {
				t.Errorf("after it came back: %v", err)
			}
			if got := s.Calls(p); got != 2 {
				t.Errorf("Calls = %d, want 2", got)
			}
		})
	}
}

func TestDownCutsWhatIsUnderWay(t *testing.T) {
	s := start(t, sim.Config{})
	set(t, s, sim.MetNorway, sim.Fault{LatencyMS: 3_600_000})
	failed := inBackground(t, s, sim.MetNorway, http.MethodGet, goodPaths[sim.MetNorway], "")
	set(t, s, sim.MetNorway, sim.Fault{Mode: sim.ModeDown})
	if err := <-failed; err == nil || isTimeout(err) {
		t.Errorf("the request under way ended with %v, want a closed connection", err)
	}
}

func TestComingBackToATakenPort(t *testing.T) {
	s := start(t, sim.Config{})
	set(t, s, sim.GitHub, sim.Fault{Mode: sim.ModeDown})
	squatter := listenURL(t, s.URL(sim.GitHub))
	if err := s.SetFault(sim.GitHub, sim.Fault{}); err == nil || !strings.Contains(err.Error(), sim.GitHub) {
		t.Errorf("SetFault = %v, want an error that names the provider", err)
	}
	_ = squatter.Close()
	set(t, s, sim.GitHub, sim.Fault{})
	if got := get(t, s.URL(sim.GitHub)+goodPaths[sim.GitHub]).status; got != http.StatusOK {
		t.Errorf("status = %d, want 200", got)
	}
}

func TestSpoiltWriteHasHappened(t *testing.T) {
	for _, mode := range []sim.Mode{sim.ModeHang, sim.ModeReset, sim.ModeTruncate, sim.ModeGarbage, sim.ModeDrip} {
		t.Run(string(mode), func(t *testing.T) {
			s := start(t, sim.Config{})
			url := s.URL(sim.Directory) + "/users"
			set(t, s, sim.Directory, sim.Fault{Mode: mode})
			failed := inBackground(t, s, sim.Directory, http.MethodPost, "/users", `{"name":"New"}`)
			set(t, s, sim.Directory, sim.Fault{})
			if err := <-failed; err == nil && mode != sim.ModeGarbage {
				t.Error("the broken answer arrived complete")
			}
			if got := get(t, url+"/11").status; got != http.StatusOK {
				t.Errorf("user 11: status = %d, want 200", got)
			}
		})
	}
}

func TestRefusedWriteHasNotHappened(t *testing.T) {
	s := start(t, sim.Config{})
	set(t, s, sim.Directory, sim.Fault{ErrorRate: 1, Status: 503})
	call(t, "POST", s.URL(sim.Directory)+"/users", `{"name":"New"}`)
	set(t, s, sim.Directory, sim.Fault{})
	if got := get(t, s.URL(sim.Directory)+"/users/11").status; got != http.StatusNotFound {
		t.Errorf("user 11: status = %d, want 404", got)
	}
}

func TestSetFaultRefuses(t *testing.T) {
	s := start(t, sim.Config{})
	for name, f := range map[string]sim.Fault{
		"latency_ms":    {LatencyMS: -1},
		"jitter_ms":     {JitterMS: 1 << 60},
		"error_rate":    {ErrorRate: 1.01},
		"status":        {Status: 200},
		"retry_after_s": {RetryAfterS: -1},
		"mode":          {Mode: "slow"},
		"for_s":         {ForS: 1 << 60},
		"match":         {Mode: sim.ModeDown, Match: "x"},
	} {
		if err := s.SetFault(sim.GitHub, f); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("SetFault(%+v) = %v, want an error that names %s", f, err, name)
		}
	}
	if err := s.SetFault("nobody", sim.Fault{}); err == nil {
		t.Error("a fault of an unknown provider was accepted")
	}
}

func TestQuota(t *testing.T) {
	now := noon
	quotas := map[string]sim.Quota{}
	for _, p := range providers {
		quotas[p] = sim.Quota{Calls: 2, Per: time.Hour}
	}
	s := start(t, sim.Config{Now: func() time.Time { return now }, Quotas: quotas})
	want := map[string]struct {
		status int
		body   string
	}{
		sim.OpenMeteo:   {429, `{"error":true,"reason":"Hourly API request limit exceeded. Please try again in the next hour."}`},
		sim.Geocoding:   {429, `{"error":true,"reason":"Hourly API request limit exceeded. Please try again in the next hour."}`},
		sim.OpenWeather: {429, `{"cod":429,"message":"Your account is temporary blocked`},
		sim.MetNorway:   {429, "Request throttled"},
		sim.Directory:   {429, "{}"},
		sim.GitHub:      {403, `{"message":"API rate limit exceeded for 127.0.0.1. (But here's the good news`},

		sim.OpenMeteoAir: {429, `{"error":true,"reason":"Hourly API request limit exceeded. Please try again in the next hour."}`},
	}
	for _, p := range providers {
		t.Run(p, func(t *testing.T) {
			now = noon
			for range 2 {
				if got := get(t, s.URL(p)+goodPaths[p]); got.status != http.StatusOK {
					t.Fatalf("within the quota: %d", got.status)
				}
			}
			got := get(t, s.URL(p)+goodPaths[p])
			if got.status != want[p].status || !strings.Contains(got.body, want[p].body) {
				t.Errorf("a call too many: %d %s, want %d %s", got.status, got.body, want[p].status, want[p].body)
			}
			now = noon.Add(time.Hour)
			if got := get(t, s.URL(p)+goodPaths[p]); got.status != http.StatusOK {
				t.Errorf("in the next window: %d, want 200", got.status)
			}
		})
	}
}

func set(t *testing.T, s *sim.Simulator, provider string, f sim.Fault) {
	t.Helper()
	if err := s.SetFault(provider, f); err != nil {
		t.Fatalf("SetFault(%s, %+v): %v", provider, f, err)
	}
}

// ask sends a request with a User-Agent that all providers accept.
func ask(t *testing.T, c *http.Client, method, url, body string) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "sim-test/1.0 test@example.org")
	return c.Do(req)
}

// inBackground sends a request and returns when it has arrived. The channel receives
// its result.
func inBackground(t *testing.T, s *sim.Simulator, provider, method, path, body string) <-chan error {
	t.Helper()
	before := s.Calls(provider)
	c := client(t, patience)
	failed := make(chan error, 1)
	go func() {
		resp, err := ask(t, c, method, s.URL(provider)+path, body)
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			_ = resp.Body.Close()
		}
		failed <- err
	}()
	poll := time.NewTicker(time.Millisecond)
	defer poll.Stop()
	for s.Calls(provider) == before {
		<-poll.C
		if len(failed) > 0 && s.Calls(provider) == before {
			t.Fatalf("the question ended before it arrived: %v", <-failed)
		}
	}
	return failed
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) && timeout.Timeout()
}
