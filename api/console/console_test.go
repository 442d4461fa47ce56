package console_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestModel(t *testing.T) {
	it(t, "has what exists", func(t *testing.T) {
		k := newRig(t)
		k.user("1")
		var m struct {
			Build     struct{ Version string }
			Faults    *struct{ Modes []string }
			Upstreams []struct {
				Name, Host         string
				Enabled, Simulated bool
			}
			Sources   []struct{ Name, Upstream string }
			Endpoints []struct {
				Route, Summary string
				Sources        []string
			}
		}
		k.want(200, &m, "GET", "/console/model", "")
		if m.Build.Version != "v1.2.3" || m.Faults == nil || len(m.Faults.Modes) != 7 {
			t.Errorf("build %+v, faults %+v", m.Build, m.Faults)
		}
		if len(m.Upstreams) != 2 || !m.Upstreams[0].Enabled || !m.Upstreams[0].Simulated || m.Upstreams[1].Enabled {
			t.Errorf("upstreams = %+v", m.Upstreams)
		}
		if len(m.Sources) != 1 || m.Sources[0].Name != "directory" || m.Sources[0].Upstream != "directory" {
			t.Errorf("sources = %+v", m.Sources)
		}
		found := false
		for _, e := range m.Endpoints {
			if e.Route == "/v1/status" || e.Summary == "" {
				t.Errorf("endpoint = %+v", e)
			}
			found = found || e.Route == "/v1/users/{id}" && len(e.Sources) == 1 && e.Sources[0] == "directory"
		}
		if !found {
			t.Errorf("endpoints = %+v, want users with the directory as its source", m.Endpoints)
		}
	})
}

func TestOperations(t *testing.T) {
	it(t, "are those of the description", func(t *testing.T) {
		k := newRig(t)
		var all []struct {
			Method, Path, Summary string
			Parameters            []struct {
				Name, In string
				Required bool
				Schema   map[string]any
				Example  any
			}
			Body *struct{ Example any }
		}
		k.want(200, &all, "GET", "/console/operations", "")
		if len(all) < 10 || all[0].Path != "/v1/weather" || all[0].Method != "GET" {
			t.Fatalf("operations = %+v", all)
		}
		named := false
		for _, o := range all {
			if !strings.HasPrefix(o.Path, "/v1/") || o.Summary == "" {
				t.Errorf("%s %s has no summary, or is not below /v1/", o.Method, o.Path)
			}
			for _, p := range o.Parameters {
				named = named || p.Name == "city" && p.In == "query"
				if p.Schema == nil || p.Schema["$ref"] != nil || p.Name == "" || p.In == "" {
					t.Errorf("%s %s: parameter = %+v", o.Method, o.Path, p)
				}
			}
			if writes := o.Method != "GET" && o.Method != "DELETE"; writes != (o.Body != nil) || writes && o.Body.Example == nil {
				t.Errorf("%s %s: body = %+v", o.Method, o.Path, o.Body)
			}
		}
		if !named {
			t.Error("no operation has the parameter city")
		}
	})
}

func TestAsk(t *testing.T) {
	it(t, "answers as the API does, with the story", func(t *testing.T) {
		k := newRig(t)
		a := k.ask(`{"method":"GET","path":"/v1/users/1","headers":{"accept":"application/json"}}`)
		if a.Status != 200 || !strings.Contains(a.Body, `"id"`) || a.Story == nil || a.Story.Route != "/v1/users/{id}" {
			t.Fatalf("answer = %+v", a)
		}
		if len(a.Story.Steps) != 2 || a.Story.Steps[0].Text != "asked directory, GET /users/{id}" {
			t.Errorf("steps = %+v", a.Story.Steps)
		}
		var again struct{ Steps []any }
		k.want(200, &again, "GET", "/console/stories/"+a.Story.TraceID, "")
		if len(again.Steps) != 2 {
			t.Errorf("the story on its own = %+v", again)
		}
		var list struct {
			Stories []struct {
				TraceID string `json:"trace_id"`
				Steps   []any
			}
		}
		k.user("2")
		k.want(200, &list, "GET", "/console/stories?limit=1", "")
		if len(list.Stories) != 1 || list.Stories[0].TraceID == a.Story.TraceID || list.Stories[0].Steps != nil {
			t.Errorf("stories = %+v, want the newest, without steps", list)
		}
		k.want(200, &list, "GET", "/console/stories?complete=false", "")
		if len(list.Stories) != 0 {
			t.Errorf("stories = %+v, want none: all answers were complete", list)
		}
		k.want(200, nil, "PUT", "/console/faults/directory", `{"error_rate":1}`)
		failed := k.ask(`{"method":"GET","path":"/v1/users/3"}`)
		k.want(200, &list, "GET", "/console/stories?complete=false", "")
		if len(list.Stories) != 1 || list.Stories[0].TraceID != failed.Story.TraceID {
			t.Errorf("stories = %+v, want the one that failed", list)
		}
	})
	it(t, "passes on few headers, and the operator's address", func(t *testing.T) {
		k := newRig(t)
		a := k.ask(`{"method":"GET","path":"/v1/echo?city=Delhi","headers":{"x-api-key":"demo-key","Cache-Control":"no-cache"}}`)
		for _, want := range []string{`"X-Api-Key":["demo-key"]`, `"Cache-Control":["no-cache"]`, `"address":"pipe"`, `"query":"city=Delhi"`} {
			if !strings.Contains(a.Body, want) {
				t.Errorf("the API got %s, want %s in it", a.Body, want)
			}
		}
		if strings.Contains(a.Body, "Sec-Fetch") || a.Story != nil {
			t.Errorf("the API got %s, story %+v", a.Body, a.Story)
		}
	})
	for name, question := range map[string]string{
		"another path":              `{"method":"GET","path":"/metrics"}`,
		"a path that only begins":   `{"method":"GET","path":"/v1"}`,
		"another host":              `{"method":"GET","path":"http://example.com/v1/users"}`,
		"another host without http": `{"method":"GET","path":"//example.com/v1/users"}`,
		"another header":            `{"method":"GET","path":"/v1/users","headers":{"X-Forwarded-For":"1.2.3.4"}}`,
		"a header with a line":      `{"method":"GET","path":"/v1/users","headers":{"Accept":"a\r\nHost: b"}}`,
		"another method":            `{"method":"CONNECT","path":"/v1/users"}`,
		"no method":                 `{"path":"/v1/users"}`,
		"an unknown field":          `{"method":"GET","path":"/v1/users","url":"x"}`,
		"two questions":             `{"method":"GET","path":"/v1/users"}{}`,
		"no JSON":                   `GET /v1/users`,
	} {
		it(t, "refuses "+name, func(t *testing.T) { newRig(t).want(400, nil, "POST", "/console/ask", question) })
	}
	it(t, "tells that the API gave no answer", func(t *testing.T) {
		newRig(t).want(502, nil, "POST", "/console/ask", `{"method":"GET","path":"/v1/abort"}`)
	})
}

func TestRefusals(t *testing.T) {
	for request, want := range map[string]int{
		"GET /console/stories/abc":                              400,
		"GET /console/stories/00000000000000000000000000000000": 400,
		"GET /console/stories/4bf92f3577b34da6a3ce929d0e0e4736": 404,
		"GET /console/stories?limit=0":                          400,
		"GET /console/stories?complete=no":                      400,
		"GET /console/nothing.js":                               404,
		"GET /console/../console.go":                            404,
		"POST /console/model":                                   405,
		"PUT /console/faults/nobody":                            404,
	} {
		it(t, request, func(t *testing.T) {
			method, path, _ := strings.Cut(request, " ")
			newRig(t).want(want, nil, method, path, "{}")
		})
	}
}

func TestFiles(t *testing.T) {
	it(t, "are revalidated", func(t *testing.T) {
		k := newRig(t)
		for path, kind := range map[string]string{
			"/console": "text/html", "/console/": "text/html", "/console/tributary.css": "text/css", "/console/mark.svg": "image/svg+xml",
		} {
			resp, body := k.call("GET", path, "")
			if resp.StatusCode != 200 || !strings.HasPrefix(resp.Header.Get("Content-Type"), kind) || body == "" || resp.Header.Get("Cache-Control") != "no-cache" {
				t.Errorf("%s = %d %v", path, resp.StatusCode, resp.Header)
			}
			if again, _ := k.call("GET", path, "", "If-None-Match", resp.Header.Get("ETag")); again.StatusCode != 304 {
				t.Errorf("%s again = %d, want 304", path, again.StatusCode)
			}
			if head, body := k.call("HEAD", path, ""); head.StatusCode != 200 || body != "" {
				t.Errorf("HEAD %s = %d, want the headers of GET", path, head.StatusCode)
			}
		}
	})
}

func TestHistory(t *testing.T) {
	it(t, "has 15 minutes", func(t *testing.T) {
		k := newRig(t)
		time.Sleep(time.Minute)
		k.user("1")
		time.Sleep(time.Minute)
		synctest.Wait()
		var h struct {
			StepS     int `json:"step_s"`
			At        []time.Time
			Endpoints struct{ Complete, Degraded, Problems []*int }
			Upstreams map[string]struct {
				Calls, Failures []*int
				P50             []*float64 `json:"p50_ms"`
				State           []*string
			}
			Events []event
		}
		k.want(200, &h, "GET", "/console/history", "")
		d := h.Upstreams["directory"]
		if h.StepS != 5 || len(h.At) != 180 || len(h.Endpoints.Complete) != 180 || len(d.Calls) != 180 || len(d.State) != 180 {
			t.Fatalf("history = %+v", h)
		}
		sum, calls, quantiles, states := 0, 0, 0, make(map[string]int)
		for i := range 180 {
			known := h.Endpoints.Complete[i] != nil
			if early := i < 180-26; early == known && i != 180-26 {
				t.Errorf("interval %d is known: %t", i, known)
			}
			if known {
				sum += *h.Endpoints.Complete[i]
				calls += *d.Calls[i]
			}
			if d.P50[i] != nil {
				quantiles++
			}
			if d.State[i] != nil {
				states[*d.State[i]]++
			}
		}
		if sum != 1 || calls != 1 || quantiles != 1 {
			t.Errorf("%d answers, %d calls and %d medians, want one of each", sum, calls, quantiles)
		}
		if states["idle"] < 10 || states["well"] < 10 {
			t.Errorf("states = %v, want idle, and then well", states)
		}
	})
}
