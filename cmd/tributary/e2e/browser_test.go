package e2e_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

const weatherOfOslo = "/v1/weather?city=Oslo"

// ask is how a script asks with these headers.
func ask(method, body string, headers ...string) asking {
	a := asking{Method: method, Body: body, Headers: map[string]string{}}
	for i := 0; i < len(headers); i += 2 {
		a.Headers[headers[i]] = headers[i+1]
	}
	return a
}

// What a page of another origin may do is for its browser to decide, by our
// headers.
func TestBrowserLetsIn(t *testing.T) {
	b, welcome := startChromium(t), blank(t)
	d := startDemo(t, map[string]string{"CORS_ORIGINS": welcome, "CLIENT_RATE_LIMIT": "1000/1h"})
	const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	const ada, key, once = `{"name": "Ada"}`, "X-API-Key", "Idempotency-Key"
	for _, tt := range []struct {
		name, path string
		how        asking
		went       string // after the preflight
		readable   []string
	}{
		{
			"asks for the weather, with a key and a trace of its own", weatherOfOslo,
			ask("GET", "", key, demoKey, "traceparent", "00-"+trace+"-00f067aa0ba902b7-01", "tracestate", "page=1", "X-Request-Id", "mine"),
			"GET 200", []string{"cache-control", "cache-status", "etag", "server-timing"},
		},
		{
			"asks for the weather again", weatherOfOslo,
			ask("GET", "", "Cache-Control", "no-cache"),
			"GET 200", []string{"cache-control", "cache-status", "etag", "server-timing"},
		},
		{
			"has the weather already", weatherOfOslo,
			ask("GET", "", "If-None-Match", "*"),
			"GET 304 If-None-Match", []string{"cache-control", "cache-status", "etag", "server-timing"},
		},
		{
			"lists users", "/v1/users?per_page=3",
			ask("GET", "", "Authorization", "Bearer "+demoKey),
			"GET 200", []string{"etag", "link", "server-timing", "x-total-count"},
		},
		{
			"adds a user", "/v1/users",
			ask("POST", ada, key, demoKey, "Content-Type", "application/json", once, `"once"`),
			"POST 201", []string{"location"},
		},
		{
			"adds that user again", "/v1/users",
			ask("POST", ada, key, demoKey, "Content-Type", "application/json", once, `"once"`),
			"POST 201", []string{"location", "idempotent-replayed"},
		},
		{
			"replaces a user", "/v1/users/2",
			ask("PUT", ada, key, demoKey, "Content-Type", "application/json"),
			"PUT 200", nil,
		},
		{
			"changes a user", "/v1/users/2",
			ask("PATCH", ada, key, demoKey, "Content-Type", "application/merge-patch+json"),
			"PATCH 200", nil,
		},
		{
			"removes a user", "/v1/users/2",
			ask("DELETE", "", key, demoKey),
			"DELETE 204", nil,
		},
		{
			"has a wrong key", weatherOfOslo,
			ask("GET", "", key, "guess"),
			"GET 401", []string{"www-authenticate"},
		},
	} {
		t.Run("a page that "+tt.name, func(t *testing.T) {
			w := newWire(t, d.urls["api"])
			a := b.open(t, welcome).fetch(w.url+tt.path, tt.how)
			preflight := w.want(t, "OPTIONS 204", tt.went)[0].header
			if got := preflight.Get("Access-Control-Request-Method"); got != tt.how.Method {
				t.Errorf("the preflight asked for %s, want %s", got, tt.how.Method)
			}
			for _, name := range append(tt.readable, "x-request-id") {
				if a.Header[name] == "" {
					t.Errorf("%s cannot be read, only %v", name, a.Header)
				}
			}
			if a.Status != http.StatusUnauthorized && (a.Header["ratelimit"] == "" || a.Header["ratelimit-policy"] == "") {
				t.Errorf("the limits cannot be read, only %v", a.Header)
			}
			if a.Header["vary"] != "" {
				t.Error("Vary can be read, which is not exposed: what can be tells nothing")
			}
			if id := tt.how.Headers["X-Request-Id"]; id != "" && (a.Header["x-request-id"] != id || !strings.Contains(a.Body, trace)) {
				t.Errorf("answer = %+v, want request %s and trace %s", a, id, trace)
			}
		})
	}

	t.Run("a page that comes back needs no second permission", func(t *testing.T) {
		w, p := newWire(t, d.urls["api"]), b.open(t, welcome)
		for range 3 { // users are asked for each time
			p.fetch(w.url+"/v1/users/1", ask("GET", "", "X-API-Key", demoKey))
		}
		w.want(t, "OPTIONS 204", "GET 200", "GET 304 If-None-Match", "GET 304 If-None-Match")
	})
}

func TestBrowserKeepsOut(t *testing.T) {
	b, welcome, stranger := startChromium(t), blank(t), blank(t)
	d := startDemo(t, map[string]string{"CORS_ORIGINS": welcome})
	users := d.users()
	for _, tt := range []struct {
		name, origin, path string
		how                asking
		went               string
	}{
		{"a stranger reads no answer", stranger, weatherOfOslo, asking{}, "GET 200"},
		{"a stranger may not send a key", stranger, weatherOfOslo, ask("GET", "", "X-API-Key", demoKey), "OPTIONS 204"},
		{"a stranger may not add a user", stranger, "/v1/users", ask("POST", `{"name": "Ada"}`, "Content-Type", "application/json"), "OPTIONS 204"},
		{"a stranger may not remove a user", stranger, "/v1/users/3", ask("DELETE", ""), "OPTIONS 204"},
		{"a page that is let in may not send whatever it likes", welcome, weatherOfOslo, ask("GET", "", "X-Forwarded-For", "10.0.0.1"), "OPTIONS 204"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWire(t, d.urls["api"])
			if a := b.open(t, tt.origin).fetch(w.url+tt.path, tt.how); a.Refused == "" {
				t.Errorf("answer = %+v, want none", a)
			}
			w.want(t, tt.went)
		})
	}
	if n := d.users(); n != users {
		t.Errorf("users = %d, want %d as before", n, users)
	}
}

func TestBrowserReadsProblems(t *testing.T) {
	b, welcome := startChromium(t), blank(t)
	d := startDemo(t, map[string]string{"CORS_ORIGINS": welcome, "DIRECTORY_RETRY_DELAY": "1ms"})
	d.fault("directory", `{"mode": "down"}`)
	limited := startDemo(t, map[string]string{"CORS_ORIGINS": welcome, "CLIENT_RATE_LIMIT": "1/1h"})
	limited.get("/v1/status")
	for _, tt := range []struct {
		code, method, url string
		status            int
		readable          string
	}{
		{"invalid_parameters", "GET", d.urls["api"] + "/v1/weather", http.StatusBadRequest, "x-request-id"},
		{"not_found", "GET", d.urls["api"] + "/v1/nothing", http.StatusNotFound, "x-request-id"},
		{"method_not_allowed", "POST", d.urls["api"] + "/v1/weather", http.StatusMethodNotAllowed, "x-request-id"},
		{"all_sources_failed", "GET", d.urls["api"] + "/v1/users/9", http.StatusBadGateway, "x-request-id"},
		{"too_many_requests", "GET", limited.urls["api"] + weatherOfOslo, http.StatusTooManyRequests, "retry-after"},
	} {
		t.Run(tt.code, func(t *testing.T) {
			a := b.open(t, welcome).fetch(tt.url, asking{Method: tt.method})
			var problem struct{ Code, Detail string }
			if err := json.Unmarshal([]byte(a.Body), &problem); err != nil {
				t.Errorf("answer = %+v: %v", a, err)
			}
			if a.Status != tt.status || problem.Code != tt.code || problem.Detail == "" || a.Header["content-type"] != "application/problem+json" || a.Header[tt.readable] == "" {
				t.Errorf("answer = %+v, want %d, %s, with %s", a, tt.status, tt.code, tt.readable)
			}
		})
	}
}

// timed is what a browser's own measurements tell a page about a request.
const timed = `url => new Promise(resolve =>
	new PerformanceObserver((list, observer) => {
		for (const entry of list.getEntriesByName(url)) {
			observer.disconnect();
			resolve(Object.fromEntries(entry.serverTiming.map(m => [m.name, m.toJSON()])));
		}
	}).observe({type: "resource", buffered: true}))`

func TestBrowserReadsServerTiming(t *testing.T) {
	b, welcome := startChromium(t), blank(t)
	d := startDemo(t, map[string]string{"CORS_ORIGINS": welcome})
	url := d.urls["api"] + weatherOfOslo
	type metric struct {
		Duration    float64
		Description string
	}
	t.Run("tells a page of each source, and of the trace", func(t *testing.T) {
		p := b.open(t, welcome)
		var a answer
		if body := p.fetch(url, asking{}).Body; json.Unmarshal([]byte(body), &a) != nil || len(a.Meta.Sources) != 4 {
			t.Fatalf("body = %s, want 4 sources", body)
		}
		metrics := evaluate[map[string]metric](p, timed, url)
		if trace := metrics["trace"].Description; a.Meta.TraceID == "" || !strings.Contains(trace, a.Meta.TraceID) {
			t.Errorf("trace = %q, want that of %s", trace, a.Meta.TraceID)
		}
		for _, s := range a.Meta.Sources {
			if m := metrics[s.Name]; m.Description != s.State || m.Duration <= 0 {
				t.Errorf("%s = %+v, want %s and a time", s.Name, m, s.State)
			}
		}
	})
	t.Run("tells a stranger nothing", func(t *testing.T) {
		p := b.open(t, blank(t))
		p.fetch(url, asking{Mode: "no-cors"})
		if metrics := evaluate[map[string]metric](p, timed, url); len(metrics) > 0 {
			t.Errorf("metrics = %v, want none", metrics)
		}
	})
}

// What a browser keeps, and what it asks again, is for it to decide, by our
// headers.
func TestBrowserCaches(t *testing.T) {
	b, welcome := startChromium(t), blank(t)
	d := startDemo(t, map[string]string{"CORS_ORIGINS": welcome})
	guarded := startDemo(t, map[string]string{"CORS_ORIGINS": welcome, "ANONYMOUS_SCOPES": "none"})
	withKey := func(key string) asking { return ask("GET", "", "X-API-Key", key) }
	for _, tt := range []struct {
		name          string
		api           *running
		path          string
		first, second asking
		went          []string
		same          bool // the second answer is the first to the byte
		status        int  // of the second; 0 for 200
	}{
		{
			"the weather comes from the cache while it is fresh", d, weatherOfOslo,
			asking{}, asking{},
			[]string{"GET 200"}, true, 0,
		},
		{
			"the weather need not be sent again if it is the same", d, weatherOfOslo,
			asking{}, asking{Cache: "no-cache"},
			[]string{"GET 200", "GET 304 If-None-Match"}, true, 0,
		},
		{
			"a user is asked for each time, and need not be sent again", d, "/v1/users/1",
			asking{}, asking{},
			[]string{"GET 200", "GET 304 If-None-Match"}, true, 0,
		},
		{
			"users are asked for each time, and need not be sent again", d, "/v1/users?per_page=3",
			asking{}, asking{},
			[]string{"GET 200", "GET 304 If-None-Match"}, true, 0,
		},
		{
			"a problem is not kept", d, "/v1/weather",
			asking{}, asking{},
			[]string{"GET 400", "GET 400"}, false, http.StatusBadRequest,
		},
		{
			"the weather that a key has got comes from the cache for that key", guarded, weatherOfOslo,
			withKey(demoKey), withKey(demoKey),
			[]string{"OPTIONS 204", "GET 200"}, true, 0,
		},
		{
			"the weather that a key has got is not for another", guarded, weatherOfOslo,
			withKey(demoKey), withKey("guess"),
			[]string{"OPTIONS 204", "GET 200", "GET 401 If-None-Match"}, false, http.StatusUnauthorized,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, p := newWire(t, tt.api.urls["api"]), b.open(t, welcome)
			first, second := p.fetch(w.url+tt.path, tt.first), p.fetch(w.url+tt.path, tt.second)
			w.want(t, tt.went...)
			if second.Status != cmp.Or(tt.status, http.StatusOK) || (second.Body == first.Body) != tt.same {
				t.Errorf("answers = %+v and %+v, want a second with %d, the same: %t", first, second, cmp.Or(tt.status, http.StatusOK), tt.same)
			}
		})
	}
	t.Run("the weather that our own page has got lacks what another page needs", func(t *testing.T) {
		w := newWire(t, d.urls["api"])
		p := b.open(t, w.url+"/livez")
		p.fetch(w.url+weatherOfOslo, asking{})
		p.do(chromedp.Navigate(welcome))
		if a := p.fetch(w.url+weatherOfOslo, asking{}); a.Status != http.StatusOK || a.Header["etag"] == "" {
			t.Errorf("answer = %+v, want one that can be read", a)
		}
		w.want(t, "GET 200", "GET 304 If-None-Match")
	})
	t.Run("a user whom the page has changed is new to it", func(t *testing.T) {
		w, p := newWire(t, d.urls["api"]), b.open(t, welcome)
		user := w.url + "/v1/users/4"
		p.fetch(user, asking{})
		p.fetch(user, ask("PATCH", `{"name": "Ada"}`, "X-API-Key", demoKey, "Content-Type", "application/json"))
		if a := p.fetch(user, asking{}); !strings.Contains(a.Body, `"name":"Ada"`) {
			t.Errorf("user = %+v, want Ada", a)
		}
		// RFC 9111 §4.4: the change has thrown away what was kept.
		w.want(t, "GET 200", "OPTIONS 204", "PATCH 200", "GET 200")
	})
}

// Our pages as somebody with a browser has them.
func TestBrowserShowsPages(t *testing.T) {
	b, d := startChromium(t), startDemo(t, nil)
	api := d.urls["api"]

	t.Run("the front page asks for the weather, and an upstream can be unplugged", func(t *testing.T) {
		p := b.open(t, api+"/")
		p.wantText("#verdict", "Complete: 4 of 4 sources")
		p.wantText("#weather", "°C")
		p.screenshot("front")
		p.do(chromedp.Click(chromedp.CSS("#sources tr:nth-child(2) button")))
		p.wantText("#sources tr:nth-child(2) button", "Plug in")
		p.wantText("#verdict", "although openmeteo is unplugged: the cache still has a fresh answer")
		p.do(chromedp.Click(chromedp.CSS("#others button")))
		p.wantText("#verdict", "Degraded, but answered")
		p.wantText("#sources tr:nth-child(2) .state", "failed")
		p.screenshot("front, an upstream is unplugged")
		p.do(chromedp.Click(chromedp.CSS("#sources tr:nth-child(2) button")))
		p.wantText("#sources tr:nth-child(2) button", "Unplug")
		p.wantPeace(api)
	})

	t.Run("the front page shows a problem, and a command that a shell can run", func(t *testing.T) {
		p := b.open(t, api+"/")
		p.wantText("#verdict", "Complete: 4 of 4 sources")
		p.do(chromedp.SetValue("#city", "<b>O'Nowhere</b>"), chromedp.Click("#ask .primary"))
		p.wantText("#verdict", "No weather: the gateway answered 404")
		p.wantText("#call", "curl -i '"+api+"/v1/weather?city=%3Cb%3EO%27Nowhere%3C%2Fb%3E'")
	})

	t.Run("the front page leads to that of the API", func(t *testing.T) {
		p := b.open(t, api+"/")
		p.do(chromedp.Click(chromedp.CSS(`a[href="/docs"]`)), chromedp.WaitVisible(docsDrawn))
		p.screenshot("api")
		p.wantPeace(api)
	})

	t.Run("no page is wider than a phone", func(t *testing.T) {
		for _, path := range []string{"/", "/docs", "/docs#" + weatherOperation, "/problems", "/problems/all-sources-failed"} {
			p := b.open(t, "about:blank")
			p.do(chromedp.EmulateViewport(390, 844), chromedp.Navigate(api+path))
			if strings.HasPrefix(path, "/docs") {
				p.do(chromedp.WaitVisible(docsDrawn))
			}
			if over := evaluate[int](p, `() => document.documentElement.scrollWidth - innerWidth`); over > 0 {
				t.Errorf("%s is %d pixels wider than the screen", path, over)
			}
			p.screenshot("phone, " + strings.NewReplacer("/", "_", "#", "_").Replace(path))
		}
	})

	for _, tt := range []struct {
		name, operation, asked, shown string
	}{
		{"the weather", weatherOperation, "/v1/weather?city=Delhi", `"country": "IN"`},
		{"the forecast", "tag/weather/GET/v1/weather/forecast", "/v1/weather/forecast?city=Delhi", `"daily"`},
		{"places", "tag/places/GET/v1/places", "/v1/places?q=Springfield", `"name": "Springfield"`},
		{"a user", "tag/users/GET/v1/users/{id}", "/v1/users/7", `"id": 7`},
	} {
		t.Run("the first request to read "+tt.name+" is a good one", func(t *testing.T) {
			p := b.openOperation(t, api, tt.operation)
			p.send("200 OK", tt.shown)
			p.screenshot("api, " + tt.name)
			if asked, _ := p.heard(); !slices.Contains(asked, api+tt.asked) {
				t.Errorf("asked for: %q, want %s among it", asked, tt.asked)
			}
			p.wantPeace(api)
		})
	}

	t.Run("the page of the API adds a user, with the key of the demo", func(t *testing.T) {
		p := b.openOperation(t, api, "tag/users/POST/v1/users")
		p.send("201 Created", `"name": "Grace Hopper"`)
		p.screenshot("api, a new user")
		p.wantPeace(api)
	})
}

func TestBrowserShowsDeclaredEndpoints(t *testing.T) {
	b, gateway := startChromium(t), serveOrders(t)
	p := b.openOperation(t, gateway.url, "tag/declared/GET/v1/orders/{id}")
	p.screenshot("api, a declared endpoint")
	text := evaluate[string](p, `() => document.getElementById("api-1/tag/declared/GET/v1/orders/{id}").textContent`)
	for _, want := range []string{"An order, who placed it", "orders:read", `"customer": {`, `"name": "parcels"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the page shows %q, want %s in it", text, want)
		}
	}
	p.wantPeace(gateway.url)

	demo := startDemo(t, map[string]string{"ENDPOINTS_FILE": "../../../examples/orders/orders.yaml"})
	b.openOperation(t, demo.urls["api"], "tag/declared/GET/v1/orders/{id}").send("200 OK", `"lines"`)
}

const weatherOperation = "tag/weather/GET/v1/weather"

// docsDrawn is there when Scalar has drawn the page of the API.
const docsDrawn = chromedp.CSS("#docs .section")

// openOperation opens the page of the API at one operation, and the form of its request.
func (c *chromium) openOperation(t *testing.T, api, place string) *tab {
	t.Helper()
	p := c.open(t, api+"/docs#"+place)
	button := fmt.Sprintf(`[id="api-1/%s"] .show-api-client-button`, place)
	p.do(chromedp.WaitVisible(chromedp.CSS(button)), chromedp.Click(chromedp.CSS(button)))
	return p
}

// send sends the request of the open form as it is filled in, and wants these texts in the
// answer.
func (p *tab) send(status, body string) {
	p.t.Helper()
	press := `() => {
		const button = [...document.querySelectorAll(".scalar-client button")].find(b => b.textContent.trim().startsWith("Send"));
		button?.click();
		return !!button;
	}`
	eventually(p.t, "there is a button that sends", func() bool { return evaluate[bool](p, press) })
	p.wantText(`section[aria-label="Response"]`, status)
	p.wantText(`section[aria-label="Response"]`, body)
}

// wantText wants an element, sooner or later, that has the text.
func (p *tab) wantText(selector, text string) {
	p.t.Helper()
	var texts []string
	found := false
	defer func() { // also when eventually ends the test
		if !found {
			p.t.Logf("%s had, when last looked at: %.2000q", selector, texts)
		}
	}()
	eventually(p.t, fmt.Sprintf("%s has %q", selector, text), func() bool {
		texts = evaluate[[]string](p, `selector => [...document.querySelectorAll(selector)].map(e => e.textContent)`, selector)
		found = slices.ContainsFunc(texts, func(t string) bool { return strings.Contains(t, text) })
		return found
	})
}

// wantPeace wants a page that asked only its own host, and that neither its
// browser nor its scripts have complained of. What it then does wrong on
// purpose comes after all that it did by itself.
func (p *tab) wantPeace(host string) {
	p.t.Helper()
	const elsewhere = "http://elsewhere.invalid/"
	evaluate[chromedp.Void](p, `url => { new Image().src = url }`, elsewhere)
	complained := func() bool {
		_, complaints := p.heard()
		return slices.ContainsFunc(complaints, func(c string) bool { return strings.Contains(c, elsewhere) })
	}
	eventually(p.t, "the browser complains of a picture from elsewhere", complained)
	asked, complaints := p.heard()
	for _, url := range asked {
		if !strings.HasPrefix(url, host+"/") && !strings.HasPrefix(url, "data:") && url != elsewhere {
			p.t.Errorf("the page asked for %s", url)
		}
	}
	if len(complaints) != 1 || !strings.Contains(complaints[0], "Content Security Policy") {
		p.t.Errorf("complaints = %q, want only that of the policy", complaints)
	}
}
