package api

import (
	"net/http"
	"time"

	"tributary/upstream"
)

// Status is the body of GET /v1/status. Unknown values are absent.
type Status struct {
	Upstreams []UpstreamStatus `json:"upstreams"`
	Cache     CacheStatus      `json:"cache"`
	Admission AdmissionStatus  `json:"admission"`
}

// UpstreamStatus is the status of one upstream. A disabled one has only its name.
type UpstreamStatus struct {
	Name    string `json:"name"`
	Enabled bool   `json:"enabled"`
	*UpstreamCounts
}

// UpstreamCounts count since the start of the process.
type UpstreamCounts struct {
	Breaker   BreakerStatus  `json:"breaker"`
	Calls     int64          `json:"calls"`
	Failures  int64          `json:"failures"`
	Refusals  int64          `json:"refusals"`
	Retries   int64          `json:"retries"`
	Hedges    int64          `json:"hedges"`
	InFlight  int64          `json:"in_flight"`
	LatencyMS *LatencyStatus `json:"latency_ms,omitempty"`
	QuotaLeft *int           `json:"quota_left,omitempty"`
	LastError *ErrorStatus   `json:"last_error,omitempty"`
}

// BreakerStatus is the state of a breaker, closed, open or half_open, and if it is open
// the time until one call may test the upstream.
type BreakerStatus struct {
	State          string   `json:"state"`
	RetryInSeconds *float64 `json:"retry_in_seconds,omitempty"`
}

// LatencyStatus has quantiles of recent successful calls, in milliseconds.
type LatencyStatus struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
}

// ErrorStatus is the latest failure of an upstream.
type ErrorStatus struct {
	Code upstream.Code `json:"code"`
	At   time.Time     `json:"at"`
}

// CacheStatus counts cache use over all upstreams.
type CacheStatus struct {
	Entries     int   `json:"entries"`
	Hits        int64 `json:"hits"`
	Misses      int64 `json:"misses"`
	StaleServed int64 `json:"stale_served"`
	Collapsed   int64 `json:"coalesced"`
	Evictions   int64 `json:"evictions"`
}

// Enabled is the status of an enabled upstream.
func Enabled(s upstream.Status) UpstreamStatus {
	c := &UpstreamCounts{
		Breaker:   BreakerStatus{State: s.Breaker},
		Calls:     s.Calls,
		Failures:  s.Failures,
		Refusals:  s.Refusals,
		Retries:   s.Retries,
		Hedges:    s.Hedges,
		InFlight:  s.InFlight,
		QuotaLeft: s.QuotaLeft,
	}
	if s.Breaker == "open" {
		c.Breaker.RetryInSeconds = new(float64(s.RetryIn.Round(100*time.Millisecond).Milliseconds()) / 1e3)
	}
	if l := s.Latency; l != nil {
		c.LatencyMS = &LatencyStatus{P50: milliseconds(l.P50), P95: milliseconds(l.P95), P99: milliseconds(l.P99)}
	}
	if e := s.LastError; e != nil {
		c.LastError = &ErrorStatus{Code: e.Code, At: e.At.UTC().Truncate(time.Millisecond)}
	}
	return UpstreamStatus{Name: s.Name, Enabled: true, UpstreamCounts: c}
}

// milliseconds rounds to one decimal.
func milliseconds(d time.Duration) float64 {
	return float64(d.Round(100*time.Microsecond).Microseconds()) / 1e3
}

// status is GET /v1/status.
func (s *server) status(w http.ResponseWriter, r *http.Request) error {
	if err := mustAccept(w, r); err != nil {
		return err
	}
	now := s.Status()
	now.Admission = s.admissionStatus()
	return writeJSON(w, http.StatusOK, "no-store", now)
}

// livez is GET /livez: the process is up. It checks nothing else.
func (s *server) livez(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, "no-store", map[string]string{"status": "ok"})
}

// readyz is GET /readyz. An upstream that is down does not make us unready: its
// answers may still be cached.
func (s *server) readyz(w http.ResponseWriter, _ *http.Request) error {
	if !s.Ready() {
		return writeJSON(w, http.StatusServiceUnavailable, "no-store", map[string]string{"status": "draining"})
	}
	return writeJSON(w, http.StatusOK, "no-store", map[string]string{"status": "ready"})
}

// document is GET /openapi.yaml.
func (s *server) document(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "application/yaml")
	w.Header().Set("Cache-Control", "public, max-age=300")
	_, err := w.Write(s.contract())
	return err
}

// contract is the description of the API as it is now.
func (s *server) contract() []byte {
	if routes := s.declared.begin(); routes != nil {
		defer routes.requests.Done()
		return routes.document()
	}
	return s.Document()
}
