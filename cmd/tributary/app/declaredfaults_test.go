package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

var declaredUpstreams = []string{"orders", "customers", "shipping", "catalogue"}

// unshielded is the environment of a demo in which each request meets the fault itself.
func unshielded(more ...string) map[string]string {
	env := make(map[string]string)
	for _, name := range declaredUpstreams {
		name = strings.ToUpper(name)
		env[name+"_RETRIES"], env[name+"_HEDGE_QUANTILE"], env[name+"_BREAKER_MIN_CALLS"] = "0", "0", "1000"
		for i := 0; i+1 < len(more); i += 2 {
			env[name+more[i]] = more[i+1]
		}
	}
	return env
}

// partOf is the part of /v1/orders/{id} that an upstream answers.
var partOf = map[string]string{"orders": "order", "customers": "customer", "shipping": "parcels", "catalogue": "products"}

func TestDeclaredUpstreamsHaveEachFault(t *testing.T) {
	d := start(t, unshielded(), "demo", "--endpoints", ordersFile)
	next := 100
	order := func() string { next++; return fmt.Sprint("/v1/orders/", next) }
	for _, upstream := range declaredUpstreams {
		for fault, code := range map[string]string{
			`{"error_rate": 1}`:                     "server_error",
			`{"error_rate": 1, "status": 503}`:      "server_error",
			`{"error_rate": 1, "match": "?nobody"}`: "",
			`{"latency_ms": 20, "jitter_ms": 5}`:    "",
			`{"mode": "reset"}`:                     "connection",
			`{"mode": "truncate"}`:                  "invalid_response",
			`{"mode": "garbage"}`:                   "invalid_response",
			`{"mode": "down"}`:                      "connection",
			`{"mode": "down", "for_s": 3600}`:       "connection",
		} {
			t.Run(upstream+" "+fault, func(t *testing.T) {
				d.fault(upstream, fault)
				d.wantBroken(t, order(), upstream, code)
				d.fault(upstream, "")
				d.wantBroken(t, order(), upstream, "")
			})
		}
	}
}

// wantBroken asks for an order while an upstream is broken; "": while none is.
func (p *program) wantBroken(t *testing.T, path, upstream, code string) {
	t.Helper()
	a := p.get(path)
	status, state := http.StatusOK, "degraded"
	switch {
	case code == "":
		state = "complete"
	case upstream == "orders": // the endpoint requires it
		status, state = http.StatusBadGateway, ""
	}
	if a.status != status && !(state == "" && a.status >= 500) || a.Meta.Status != state {
		t.Errorf("%s = %d %q, want %d %q: %s", path, a.status, a.Meta.Status, status, state, a.body)
	}
	if got := a.source(partOf[upstream]); got.Error.Code != code {
		t.Errorf("%s: %s is %q with %q, want %q", path, partOf[upstream], got.State, got.Error.Code, code)
	}
}

func TestDeclaredUpstreamsThatDoNotAnswerInTime(t *testing.T) {
	env := unshielded("_TIMEOUT", "50ms")
	env["ORDERS_TIMEOUT"] = "1s" // the others are asked only after it has answered
	d := start(t, env, "demo", "--endpoints", ordersFile)
	for i, upstream := range declaredUpstreams {
		for j, fault := range []string{`{"mode": "hang"}`, `{"mode": "drip"}`, `{"latency_ms": 60000}`} {
			d.fault(upstream, fault)
			a := d.get(fmt.Sprint("/v1/orders/", 100+10*i+j))
			if got := a.source(partOf[upstream]); got.State != "failed" || got.Error.Code != "timeout" {
				t.Errorf("%s %s: %d, %s is %+v; want a time-out", upstream, fault, a.status, partOf[upstream], got)
			}
			d.fault(upstream, "")
		}
	}
}

func TestDeclaredUpstreamsThatWantToBeLeftAlone(t *testing.T) {
	for fault, code := range map[string]string{
		`{"error_rate": 1, "status": 429, "retry_after_s": 60}`: "rate_limited",
		`{"error_rate": 1, "status": 401}`:                      "unauthorized",
	} {
		d := start(t, unshielded(), "demo", "--endpoints", ordersFile)
		for i, upstream := range []string{"catalogue", "shipping", "customers", "orders"} { // the required one last
			d.fault(upstream, fault)
			if got := d.get(fmt.Sprint("/v1/orders/", i+1)).source(partOf[upstream]); got.Error.Code != code {
				t.Errorf("%s %s: %+v, want %s", upstream, fault, got, code)
			}
		}
	}
}

func TestMissingParcelsAreNone(t *testing.T) {
	d := start(t, unshielded(), "demo", "--endpoints", ordersFile)
	d.fault("shipping", `{"error_rate": 1, "status": 404}`)
	a := d.get("/v1/orders/1")
	if got, ok := a.Data["parcels"].([]any); a.Meta.Status != "complete" || !ok || len(got) != 0 {
		t.Errorf("answer = %s, want no parcels, complete", a.body)
	}
}
