package app

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"tributary/cache/redistest"
	"tributary/telemetry/telemetrytest"
)

// TestACallersTokenIsNowhereElse asks in all ways that an answer can take, with Redis
// and a collector of spans and metrics, and looks for the tokens in what comes out.
func TestACallersTokenIsNowhereElse(t *testing.T) {
	redis := redistest.Start(t)
	var watch telemetrytest.Watch
	collector := watch.Collector()
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	c := newClub(t, "REDIS_URL", redis.PatientURL(), "OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL, "CLUB_FRESH_FOR", "0s", "CLUB_REVALIDATE_FOR", "0s")
	ada, bob := tokenOf("ada", time.Hour), tokenOf("bob", time.Hour)
	for _, token := range []string{ada, bob} {
		watch.Keep(token)
		watch.Keep(strings.Split(token, ".")...)
	}
	check := func(r reply) {
		t.Helper()
		watch.Check(telemetrytest.Answer, []byte(r.text))
		for name, values := range r.header {
			watch.Check(telemetrytest.Answer, []byte(name+": "+strings.Join(values, ", ")))
		}
	}
	for n, behaves := range []http.HandlerFunc{
		knowsCaller, refuses("ada", 400), refuses("ada", 401), refuses("ada", 403), refuses("ada", 404), refuses("ada", 429), refuses("ada", 500), says(200, "garbage"),
		func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://shop.test/offers/1", http.StatusFound)
		},
	} {
		c.now("club.test", c.sees(behaves))
		id := string(rune('a' + n))
		for _, token := range []string{ada, bob} {
			for _, path := range []string{"/v1/members/", "/v1/guests/", "/v1/cards?ids=", "/v1/own/", "/v1/ours/"} {
				check(c.as(token, path+id))
			}
		}
	}
	check(c.ask(http.MethodGet, "/v1/members/z", "", "Authorization", "Bearer "+ada+"x"))
	check(c.ask(http.MethodPost, "/v1/users", `{"name":"Cat","username":"cat","email":"cat@example.org"}`,
		"Authorization", "Bearer "+ada, "Idempotency-Key", "once", "Content-Type", "application/json"))
	check(c.ask(http.MethodGet, "/v1/status", ""))
	for host, sent := range c.sent {
		for _, credentials := range sent {
			if host != "club.test" && strings.Contains(credentials, "ey") {
				t.Errorf("%s got %q", host, credentials)
			}
		}
	}
	if len(c.sent["club.test"]) < 20 {
		t.Errorf("the club was asked %d times, want each way of answering", len(c.sent["club.test"]))
	}
	c.g.endpoints.close() // which waits for what would be stored
	client := redis.Client()
	keys := client.Keys(context.Background(), "*").Val()
	shared := false
	for _, key := range keys {
		shared = shared || strings.Contains(key, "offers")
		content := client.Dump(context.Background(), key).Val()
		for _, name := range []string{"declared member", "declared cards"} {
			if strings.Contains(key, name) {
				t.Errorf("Redis has %q", key)
			}
		}
		watch.Check("key of Redis", []byte(key+" "+content))
		for _, who := range []string{`"name":"ada"`, `"name":"bob"`, `"of":"ada"`} {
			if strings.Contains(content, who) {
				t.Errorf("Redis has %s under %q", who, key)
			}
		}
	}
	if !shared {
		t.Errorf("Redis has %q, want what is the same for all", keys)
	}
	watch.Check(telemetrytest.Log, []byte(c.logs.String()))
	if err := c.tel.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	if leaks := watch.Leaks(); len(leaks) > 0 {
		t.Errorf("leaks: %q", leaks)
	}
}

// dialer reaches real servers on loopback, and all other hosts in memory.
func dialer(memory func(context.Context, string, string) (net.Conn, error)) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if strings.HasPrefix(address, "127.0.0.1:") {
			return (&net.Dialer{}).DialContext(ctx, network, address)
		}
		return memory(ctx, network, address)
	}
}

func TestCallersNeedAnIssuer(t *testing.T) {
	file := writeEndpoints(t, strings.Replace(endpointsFile, "    timeout: 1s\n", "    credentials: caller\n", 1))
	_, stderr, code := runProgram(t, environment{}, "check", "--endpoints", file)
	if want := file + ":3:3: upstreams.shop: credentials: caller needs JWT_JWKS_URL, which is not set\n"; code != 1 || !strings.Contains(stderr, want) {
		t.Errorf("check = %d with %q, want %q", code, stderr, want)
	}
	issuer := environment{"JWT_JWKS_URL": "https://id.test/keys", "JWT_ISSUER": "https://id.test", "JWT_AUDIENCE": "tributary"}
	if stdout, stderr, code := runProgram(t, issuer, "check", "--endpoints", file); code != 0 || stderr != "" || !strings.Contains(stdout, "endpoint /v1/things/{id}") {
		t.Errorf("check with an issuer = %d with %q", code, stderr)
	}
}
