package app

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// No label of a metric has what a caller or an upstream chose: the number of series is the
// same however many different requests there were.
func TestSeriesDoNotGrowWithRequests(t *testing.T) {
	d := openDoor(t, nil)
	d.now(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", "hush"+r.RequestURI)
		if r.Host == "directory.test" && r.URL.Query().Get("q") != "" {
			w.WriteHeader(http.StatusNotFound)
		}
		knowsDelhiAndAda(w, r)
	})
	round := func(n int) {
		id := fmt.Sprintf("hush%d", n)
		for _, sent := range []string{
			strings.Replace(get("/"), "GET", strings.ToUpper(id), 1),
			get("/" + id), get("/v1/" + id), get("/docs/" + id), get("/problems/" + id),
			get("/v1/users/" + id), get(fmt.Sprintf("/v1/users/%d", n+2)), get("/v1/users/1?include=" + id),
			get("/v1/users?q=" + id), get("/v1/users?page=" + id), get("/v1/places?q=" + id),
			get("/v1/weather?units=" + id), get(fmt.Sprintf("/v1/weather?lat=1&lon=%d", n)), get("/v1/weather?city=" + id),
			get("/v1/users/1", "X-API-Key: "+id), get("/v1/users/1", "Authorization: Bearer "+id), get("/v1/users/1", "Authorization: "+id+" x"),
			get("/v1/users/1", "Origin: http://"+id+".test", "User-Agent: "+id, "X-Request-Id: "+id, "Accept: "+id+"/*, */*", "X-Forwarded-For: "+id),
			get("/v1/users/1", "Traceparent: 00-"+fmt.Sprintf("%032x-%016x", n+1, n+1)+"-01", "Tracestate: "+id+"=1", "Baggage: a="+id),
			strings.Replace(get("/v1/users/1"), "gateway.test", id+".test", 1),
			strings.Replace(get("/v1/users/1", "X-API-Key: writer-key", "Idempotency-Key: "+id), "GET", "PATCH", 1),
			"GET /livez HTTP/1.1\r\n" + id + "\r\n\r\n",
		} {
			if got := d.send(sent); len(got) != 1 {
				t.Fatalf("%q: answers = %v, want one", sent, statuses(got))
			}
		}
	}
	round(0)
	before := d.series()
	for n := range 30 {
		round(n + 1)
	}
	after := d.series()
	for _, s := range after {
		if !slices.Contains(before, s) {
			t.Errorf("a new series: %s", s)
		}
		if strings.Contains(s, "hush") {
			t.Errorf("a label has what somebody sent: %s", s)
		}
	}
	if !slices.ContainsFunc(after, func(s string) bool { return strings.Contains(s, `http_request_method="_OTHER"`) }) {
		t.Errorf("no series counts an unknown method; the series are\n%s", strings.Join(after, "\n"))
	}
}

// series are the names and labels that the metrics page has.
func (d *door) series() (all []string) {
	d.t.Helper()
	resp, err := http.Get("http://" + d.admin + "/metrics")
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		d.t.Fatalf("/metrics: %d, %v", resp.StatusCode, err)
	}
	for line := range strings.Lines(string(page)) {
		if !strings.HasPrefix(line, "#") {
			all = append(all, line[:strings.LastIndexByte(line, ' ')])
		}
	}
	return all
}
