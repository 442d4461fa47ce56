package app_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// TestConsoleOfADemo sets a fault on the page, sees what it does, and leaves a stream open
// when the program ends, which must not keep it from ending.
func TestConsoleOfADemo(t *testing.T) {
	var stream *http.Response
	t.Cleanup(func() { // after the program has ended
		if stream != nil {
			stream.Body.Close()
		}
	})
	p := start(t, map[string]string{"ADMIN_ADDR": "127.0.0.1:0"}, "demo")
	origin := []string{"Origin", p.urls["admin"]}
	console := func(method, path, body string) answer {
		t.Helper()
		return p.do(method, p.urls["admin"]+"/console"+path, body, origin...)
	}
	if a := console(http.MethodGet, "/model", ""); a.status != 200 || !strings.Contains(a.body, `"docs_url":"`+p.urls["api"]+`/docs"`) || !strings.Contains(a.body, `"simulated":true`) {
		t.Errorf("model = %d %s", a.status, a.body)
	}
	if a := console(http.MethodPut, "/faults/metno", `{"mode":"down"}`); a.status != 200 {
		t.Fatalf("PUT of a fault = %d %s", a.status, a.body)
	}
	var asked struct {
		Status int
		Story  struct {
			Outcome string
			Steps   []struct{ Source, What, Text string }
		}
		Own []struct {
			Source string
			Values struct{ Temperature *float64 }
		}
	}
	a := console(http.MethodPost, "/ask", `{"method":"GET","path":"/v1/weather?lat=1&lon=1"}`)
	if err := json.Unmarshal([]byte(a.body), &asked); err != nil {
		t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	retried := false
	for _, step := range asked.Story.Steps {
		retried = retried || step.Source == "metno" && step.What == "retry" && strings.HasSuffix(step.Text, "because of a failed connection")
	}
	if asked.Status != 200 || asked.Story.Outcome != "degraded" || !retried {
		t.Errorf("answer = %+v, want a degraded one, with a retry of metno", asked)
	}
	if own := asked.Own; len(own) != 2 || own[0].Source != "openmeteo" || own[1].Source != "openweather" || own[0].Values.Temperature == nil {
		t.Errorf("the sources' own reports = %+v, want those of the two that answered", own)
	}
	var err error
	if stream, err = p.http.Get(p.urls["admin"] + "/console/live"); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stream.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "data: ") {
	}
	if !strings.Contains(lines.Text(), `"sentence":"1 of 7 upstreams is failing; the only answer since the start `) {
		t.Errorf("state = %.300s", lines.Text())
	}
}
