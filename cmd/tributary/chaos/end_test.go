//go:build chaos

package chaos_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"tributary/cmd/tributary/worstday"
	upstreamsim "tributary/upstream/sim"
)

// wellAgain asks each gateway about what nobody has asked for before, until every provider
// has given its value.
func (w *world) wellAgain(s worstday.Schedule) {
	w.t.Helper()
	for i, r := range w.replicas {
		missing := []string{"not asked"}
		deadline := time.Now().Add(time.Minute)
		for n := 0; len(missing) > 0 && time.Now().Before(deadline); n++ {
			missing = nil
			for _, path := range []string{"/v1/weather?lat=%d&lon=%d", "/v1/air-quality?lat=%d&lon=%d", "/v1/users/%d?include=github"} {
				about := []any{n, i + 100}
				if strings.Contains(path, "users") {
					about = []any{1 + n%8}
				}
				missing = append(missing, w.missing(r.url()+fmt.Sprintf(path, about...))...)
			}
			missing = slices.DeleteFunc(missing, func(provider string) bool { return mayBeAway(s, provider) })
			if len(missing) > 0 {
				time.Sleep(time.Second) // a breaker tries again after five
			}
		}
		if len(missing) > 0 {
			w.t.Errorf("gateway %d, a minute after everything was well again, has nothing of %q", i, missing)
		}
	}
}

// missing are the sources of an answer that have no value of now.
func (w *world) missing(url string) (names []string) {
	resp, err := w.clients.Get(url)
	if err != nil {
		return []string{err.Error()}
	}
	defer resp.Body.Close()
	var a struct {
		Meta    worstday.Meta
		Sources []worstday.Source // of a problem
	}
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil {
		return []string{err.Error()}
	}
	for _, s := range append(a.Meta.Sources, a.Sources...) {
		if s.State == "stale" || s.State == "failed" {
			names = append(names, s.Name)
		}
	}
	return names
}

// mayBeAway reports whether a provider may be left alone for longer than a test waits: it
// has refused us or asked for that, or we limit our own calls to it.
func mayBeAway(s worstday.Schedule, provider string) bool {
	name := strings.ToUpper(provider)
	if s.Env[name+"_RATE_LIMIT"] != "" || s.Env[name+"_MAX_CONCURRENT"] != "" {
		return true
	}
	return slices.ContainsFunc(s.Events, func(e worstday.Event) bool {
		var f upstreamsim.Fault
		return e.What == "fault" && e.Who == provider && json.Unmarshal([]byte(e.Args), &f) == nil &&
			slices.Contains([]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests}, f.Status)
	})
}
