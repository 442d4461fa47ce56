package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// environment is what a test gives for os.Getenv.
type environment map[string]string

func (e environment) get(name string) string { return e[name] }

func mustRead(t *testing.T, vars environment) config {
	t.Helper()
	cfg, err := readConfig(vars.get)
	if err != nil {
		t.Fatalf("readConfig(%v): %v", vars, err)
	}
	return cfg
}

func (cfg *config) upstream(name string) *upstreamConfig {
	for _, u := range cfg.Upstreams {
		if u.provider.name == name {
			return u
		}
	}
	panic("no upstream " + name)
}

func mustURL(raw string) *url.URL {
	u, err := url.Parse(raw)
	if err != nil {
		panic(err)
	}
	return u
}

func TestConfigIsRead(t *testing.T) {
	for name, tt := range map[string]struct {
		vars environment
		// change turns the configuration of an empty environment into the one wanted.
		change func(*config)
	}{
		"it leaves the defaults where nothing is set": {environment{}, func(*config) {}},
		"it takes an empty value for unset": {
			environment{"REQUEST_TIMEOUT": "", "API_KEYS": "", "API_KEYS_FILE": "", "OPENWEATHER_ENABLED": "", "ADMIN_ADDR": ""},
			func(*config) {},
		},
		"it ignores unknown variables": {environment{"REQUEST_TIMEOUTS": "abc", "OPENMETEO_X": "1"}, func(*config) {}},
		"it reads the listeners": {
			environment{"LISTEN_ADDR": "[::1]:0", "ADMIN_ADDR": ":8081", "SIM_ADDR": "localhost:65528"},
			func(c *config) { c.ListenAddr, c.AdminAddr, c.SimAddr = "[::1]:0", ":8081", "localhost:65528" },
		},
		"it switches the admin listener off": {
			environment{"ADMIN_ADDR": "off"},
			func(c *config) { c.AdminAddr = "" },
		},
		"it reads the times of a request and of the end": {
			environment{"REQUEST_TIMEOUT": "1500ms", "PATIENCE": "1500ms", "PATIENCE_MIN": "1500ms", "SHUTDOWN_TIMEOUT": "1m", "DRAIN_DELAY": "3s"},
			func(c *config) {
				c.RequestTimeout, c.Patience, c.PatienceMin = 1500*time.Millisecond, 1500*time.Millisecond, 1500*time.Millisecond
				c.ShutdownTimeout, c.DrainDelay = time.Minute, 3*time.Second
			},
		},
		"it keeps the default patience within the request's budget": {
			environment{"REQUEST_TIMEOUT": "500ms"},
			func(c *config) { c.RequestTimeout, c.Patience = 500*time.Millisecond, 500*time.Millisecond },
		},
		"it keeps the default of the least patience within patience": {
			environment{"PATIENCE": "20ms"},
			func(c *config) { c.Patience, c.PatienceMin = 20*time.Millisecond, 20*time.Millisecond },
		},
		"it reads how to log": {
			environment{"LOG_LEVEL": "warn", "LOG_FORMAT": "text"},
			func(c *config) { c.LogLevel, c.LogFormat = logLevel(slog.LevelWarn), logText },
		},
		"it lets any origin in": {
			environment{"CORS_ORIGINS": "*"},
			func(c *config) { c.CORSOrigins = origins{"*"} },
		},
		"it writes origins as browsers do": {
			environment{"CORS_ORIGINS": "https://App.Example.com:443, http://localhost:80,http://localhost:5173,"},
			func(c *config) {
				c.CORSOrigins = origins{"https://app.example.com", "http://localhost", "http://localhost:5173"}
			},
		},
		"it reads the clients' limit": {
			environment{"CLIENT_RATE_LIMIT": "10/1500ms"},
			func(c *config) { c.ClientRateLimit = rate{10, 1500 * time.Millisecond} },
		},
		"it switches the clients' limit off": {
			environment{"CLIENT_RATE_LIMIT": "off"},
			func(c *config) { c.ClientRateLimit = rate{} },
		},
		"it lets all requests in": {
			environment{"ADMISSION": "off"},
			func(c *config) { c.Admission = admissionOff },
		},
		"it reads proxies as networks": {
			environment{"TRUSTED_PROXIES": "10.1.2.3/8,192.0.2.7, 2001:db8::1 ,::ffff:192.0.2.8"},
			func(c *config) {
				c.TrustedProxies = prefixes{
					netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.7/32"),
					netip.MustParsePrefix("2001:db8::1/128"), netip.MustParsePrefix("192.0.2.8/32"),
				}
			},
		},
		"it reads how operators are served": {
			environment{"CONSOLE": "off", "PPROF": "off", "CONSOLE_HOSTS": "Console.Example.com, ops_1"},
			func(c *config) {
				c.Console, c.Pprof, c.ConsoleHosts = false, false, hostNames{"console.example.com", "ops_1"}
			},
		},
		"it reads what happens to traces": {
			environment{"TRACE_PARENT": "link", "TRACE_PROPAGATE": "github, directory,github", "JAEGER_UI_URL": "http://localhost:16686/jaeger"},
			func(c *config) {
				c.TraceParent, c.TracePropagate = traceLink, sourceNames{"directory", "github"}
				c.JaegerURL = mustURL("http://localhost:16686/jaeger")
			},
		},
		"it reads keys, and lets nobody in without one": {
			environment{"API_KEYS": "web:users:read+weather:read:s3cret,\r\nbatch job:users:write:t0ken\n"},
			func(c *config) {
				c.APIKeys = apiKeys{
					{"web", scopes{"weather:read", "users:read"}, newSecret("s3cret")},
					{"batch job", scopes{"users:write"}, newSecret("t0ken")},
				}
				c.AnonymousScopes = nil
			},
		},
		"it reads where tokens come from, and lets nobody in without one": {
			environment{"JWT_JWKS_URL": "https://id.example.com/keys?p=sign_in", "JWT_ISSUER": "https://id.example.com/", "JWT_AUDIENCE": "tributary"},
			func(c *config) {
				c.JWKSURL = mustURL("https://id.example.com/keys?p=sign_in")
				c.JWTIssuer, c.JWTAudience = "https://id.example.com/", "tributary"
				c.AnonymousScopes = nil
			},
		},
		"it lets anybody read where that is said": {
			environment{"API_KEYS": "web:users:write:s3cret", "ANONYMOUS_SCOPES": "users:read, weather:read"},
			func(c *config) {
				c.APIKeys = apiKeys{{"web", scopes{"users:write"}, newSecret("s3cret")}}
				c.AnonymousScopes = scopes{"weather:read", "users:read"}
			},
		},
		"it lets anybody write only where that is said": {
			environment{"ANONYMOUS_SCOPES": "users:write+weather:read"},
			func(c *config) { c.AnonymousScopes = scopes{"weather:read", "users:write"} },
		},
		"it lets nobody in where that is said": {
			environment{"ANONYMOUS_SCOPES": "none"},
			func(c *config) { c.AnonymousScopes = nil },
		},
		"it reads the caches": {
			environment{"REDIS_URL": "rediss://user:p4ss@redis.example.com:6380/2", "CACHE_MAX_ENTRIES": "1"},
			func(c *config) {
				c.RedisURL, c.CacheMaxEntries = newSecret("rediss://user:p4ss@redis.example.com:6380/2"), 1
			},
		},
		"it takes a socket for Redis": {
			environment{"REDIS_URL": "unix:///run/redis.sock?db=1"},
			func(c *config) { c.RedisURL = newSecret("unix:///run/redis.sock?db=1") },
		},
		"it reads all that an upstream has": {
			environment{
				"METNO_URL": "http://127.0.0.1:9104/met/", "METNO_ENABLED": "false", "METNO_TIMEOUT": "3s",
				"METNO_RETRIES": "0", "METNO_RETRY_DELAY": "20ms", "METNO_RETRY_MAX_DELAY": "20ms",
				"METNO_HEDGE_QUANTILE": "0", "METNO_MAX_CONCURRENT": "1", "METNO_RATE_LIMIT": "off",
				"METNO_BREAKER_FAILURE_RATE": "1", "METNO_BREAKER_MIN_CALLS": "1", "METNO_BREAKER_WINDOW": "1s",
				"METNO_BREAKER_DELAY": "2s", "METNO_FRESH_FOR": "0s", "METNO_REVALIDATE_FOR": "1h", "METNO_STALE_FOR": "1h",
				"METNO_CONTACT": "ops@example.com",
			},
			func(c *config) {
				*c.upstream("metno") = upstreamConfig{
					provider: c.upstream("metno").provider, Contact: "ops@example.com",
					URL: *mustURL("http://127.0.0.1:9104/met"), Timeout: 3 * time.Second,
					RetryDelay: 20 * time.Millisecond, RetryMaxDelay: 20 * time.Millisecond,
					MaxConcurrent: 1, BreakerFailureRate: 1, BreakerMinCalls: 1, BreakerWindow: time.Second,
					BreakerDelay: 2 * time.Second, RevalidateFor: time.Hour, StaleFor: time.Hour, keepUnvalidated: true,
				}
			},
		},
		"it keeps the default greatest delay above the first": {
			environment{"GITHUB_RETRY_DELAY": "3s"},
			func(c *config) {
				c.upstream("github").RetryDelay, c.upstream("github").RetryMaxDelay = 3*time.Second, 3*time.Second
			},
		},
		"it enables OpenWeather with a key": {
			environment{"OPENWEATHER_API_KEY": "k3y"},
			func(c *config) {
				*c.Keys["OPENWEATHER_API_KEY"], c.upstream("openweather").Enabled = newSecret("k3y"), true
			},
		},
		"it leaves OpenWeather disabled where that is said": {
			environment{"OPENWEATHER_API_KEY": "k3y", "OPENWEATHER_ENABLED": "false"},
			func(c *config) { *c.Keys["OPENWEATHER_API_KEY"] = newSecret("k3y") },
		},
		"it enables MET Norway with a contact": {
			environment{"METNO_CONTACT": "ops@example.com", "METNO_ENABLED": "true"},
			func(c *config) { c.upstream("metno").Contact, c.upstream("metno").Enabled = "ops@example.com", true },
		},
		"it knows that GitHub allows more with a token": {
			environment{"GITHUB_TOKEN": "t0ken"},
			func(c *config) {
				*c.Keys["GITHUB_TOKEN"], c.upstream("github").RateLimit = newSecret("t0ken"), rates{{5000, time.Hour}}
			},
		},
		"it reads several windows of a limit": {
			environment{"METNO_RATE_LIMIT": "20/1s, 1000/1h\n10000/24h", "OPENMETEO_RATE_LIMIT": "off"},
			func(c *config) {
				c.upstream("metno").RateLimit = rates{{20, time.Second}, {1000, time.Hour}, {10_000, 24 * time.Hour}}
				c.upstream("openmeteo").RateLimit = nil
			},
		},
		"it reads limits at the edge of numbers": {
			environment{"CLIENT_RATE_LIMIT": "2147483647/1s", "METNO_RATE_LIMIT": "999999999999999/1ns", "GITHUB_RATE_LIMIT": "1/8760h"},
			func(c *config) {
				c.ClientRateLimit = rate{2147483647, time.Second}
				c.upstream("metno").RateLimit, c.upstream("github").RateLimit = rates{{999_999_999_999_999, 1}}, rates{{1, 8760 * time.Hour}}
			},
		},
		"it allows a customer of Open-Meteo more calls in flight": {
			environment{"OPENMETEO_URL": "https://customer-api.open-meteo.com"},
			func(c *config) {
				c.upstream("openmeteo").URL, c.upstream("openmeteo").MaxConcurrent = *mustURL("https://customer-api.open-meteo.com"), 64
			},
		},
		"it knows Open-Meteo's free hosts however they are written": {
			environment{"OPENMETEO_URL": "http://API.Open-Meteo.com:80/", "GEOCODING_MAX_CONCURRENT": "7"},
			func(c *config) {
				c.upstream("openmeteo").URL, c.upstream("geocoding").MaxConcurrent = *mustURL("http://API.Open-Meteo.com:80"), 7
			},
		},
		"it keeps people's data that a directory wants revalidated only where that is said": {
			environment{"DIRECTORY_STALE_FOR": "24h"},
			func(c *config) { c.upstream("directory").keepUnvalidated = true },
		},
		"it keeps an account of GitHub's likewise": {
			environment{"GITHUB_STALE_FOR": "24h"},
			func(c *config) { c.upstream("github").keepUnvalidated = true },
		},
		"it reads a network of IPv4 that is written as IPv6": {
			environment{"TRUSTED_PROXIES": "::ffff:10.0.0.0/104"},
			func(c *config) { c.TrustedProxies = prefixes{netip.MustParsePrefix("10.0.0.0/8")} },
		},
		"it leaves OpenTelemetry's good numbers to it": {
			environment{"OTEL_BSP_MAX_QUEUE_SIZE": "1", "OTEL_EXPORTER_OTLP_TIMEOUT": "0", "OTEL_SPAN_EVENT_COUNT_LIMIT": "-1"},
			func(*config) {},
		},
		"it lets GitHub's limit be set beside a token": {
			environment{"GITHUB_TOKEN": "t0ken", "GITHUB_RATE_LIMIT": "15000/1h"},
			func(c *config) {
				*c.Keys["GITHUB_TOKEN"], c.upstream("github").RateLimit = newSecret("t0ken"), rates{{15000, time.Hour}}
			},
		},
		"it reads the rest": {
			environment{"OPENMETEO_API_KEY": "k3y", "DIRECTORY_TOKEN": "t0ken", "DIRECTORY_IDEMPOTENCY": "on", "USERS_GITHUB_LINK": "username"},
			func(c *config) {
				*c.Keys["OPENMETEO_API_KEY"], *c.Keys["DIRECTORY_TOKEN"] = newSecret("k3y"), newSecret("t0ken")
				c.DirectoryIdempotency, c.UsersGitHubLink = true, githubLinkUsername
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			want := mustRead(t, nil)
			tt.change(&want)
			if got := mustRead(t, tt.vars); !reflect.DeepEqual(got, want) {
				t.Errorf("readConfig(%v)\n got %+v\nwant %+v", tt.vars, got, want)
			}
		})
	}
}

// Numbers of people are kept as their provider wants it; weather and places are
// kept in any case.
func TestWhatIsKeptUnvalidated(t *testing.T) {
	cfg := mustRead(t, nil)
	for _, u := range cfg.Upstreams {
		name := u.provider.name
		if want := name != "directory" && name != "github"; u.keepUnvalidated != want {
			t.Errorf("%s: keepUnvalidated = %t, want %t", name, u.keepUnvalidated, want)
		}
	}
}

func TestConfigMistakes(t *testing.T) {
	const scopeList = "weather:read users:read users:write"
	for name, tt := range map[string]struct {
		vars environment
		want []string
	}{
		"it wants host:port": {
			environment{"LISTEN_ADDR": "8080", "ADMIN_ADDR": "no", "SIM_ADDR": "localhost:http"},
			[]string{
				`LISTEN_ADDR: "8080" is not host:port (use :8080, 127.0.0.1:8080)`,
				`ADMIN_ADDR: "no" is neither host:port nor off`,
				`SIM_ADDR: "localhost:http" is not host:port (use :8080, 127.0.0.1:8080)`,
			},
		},
		"it wants words and names for operators": {
			environment{"CONSOLE": "yes", "PPROF": "true", "CONSOLE_HOSTS": "console.example.com:8081,https://a.example,*.example"},
			[]string{
				`CONSOLE: "yes" is not one of off on`,
				`CONSOLE_HOSTS: "console.example.com:8081" is not a host name (use console.example.com, without a port)`,
				`CONSOLE_HOSTS: "https://a.example" is not a host name (use console.example.com, without a port)`,
				`CONSOLE_HOSTS: "*.example" is not a host name (use console.example.com, without a port)`,
				`PPROF: "true" is not one of off on`,
			},
		},
		"it wants a port of 16 bits": {
			environment{"LISTEN_ADDR": ":65536", "ADMIN_ADDR": ":-1"},
			[]string{
				`LISTEN_ADDR: ":65536" is not host:port (use :8080, 127.0.0.1:8080)`,
				`ADMIN_ADDR: ":-1" is neither host:port nor off`,
			},
		},
		"it does not switch the public listener off": {
			environment{"LISTEN_ADDR": "off"},
			[]string{`LISTEN_ADDR: "off" is not host:port (use :8080, 127.0.0.1:8080)`},
		},
		"it wants an address, not a URL": {
			environment{"LISTEN_ADDR": "http://:8080"},
			[]string{`LISTEN_ADDR: "http://:8080" is not host:port (use :8080, 127.0.0.1:8080)`},
		},
		"it wants room for the simulated providers": {
			environment{"SIM_ADDR": ":65529"},
			[]string{`SIM_ADDR: ":65529" leaves no 7 ports after it`},
		},
		"it wants units": {
			environment{"REQUEST_TIMEOUT": "abc", "DRAIN_DELAY": "5"},
			[]string{
				`REQUEST_TIMEOUT: "abc" is not a duration (use 1500ms, 10m)`,
				`DRAIN_DELAY: "5" is not a duration (use 1500ms, 10m)`,
			},
		},
		"it wants times above zero": {
			environment{"REQUEST_TIMEOUT": "0s", "PATIENCE": "-1s", "PATIENCE_MIN": "-2s", "SHUTDOWN_TIMEOUT": "0s", "DRAIN_DELAY": "-1s"},
			[]string{
				`REQUEST_TIMEOUT: 0s is not more than 0`,
				`PATIENCE: -1s is not more than 0`,
				`PATIENCE_MIN: -2s is not more than 0`,
				`SHUTDOWN_TIMEOUT: 0s is not more than 0`,
				`DRAIN_DELAY: -1s is less than 0`,
			},
		},
		"it wants patience within the request's budget": {
			environment{"REQUEST_TIMEOUT": "1s", "PATIENCE": "1001ms"},
			[]string{`PATIENCE: 1.001s is more than REQUEST_TIMEOUT, 1s`},
		},
		"it wants the least patience within patience": {
			environment{"PATIENCE": "100ms", "PATIENCE_MIN": "101ms"},
			[]string{`PATIENCE_MIN: 101ms is more than PATIENCE, 100ms`},
		},
		"it does not measure patience by a malformed budget": {
			environment{"REQUEST_TIMEOUT": "20", "PATIENCE": "10s"},
			[]string{`REQUEST_TIMEOUT: "20" is not a duration (use 1500ms, 10m)`},
		},
		"it wants words that it knows": {
			environment{
				"LOG_LEVEL": "INFO+2", "LOG_FORMAT": "xml", "TRACE_PARENT": "yes", "TRACE_PROPAGATE": "github,gitlab,weather",
				"DIRECTORY_IDEMPOTENCY": "true", "USERS_GITHUB_LINK": "email",
			},
			[]string{
				`LOG_LEVEL: "INFO+2" is not one of debug info warn error`,
				`LOG_FORMAT: "xml" is not one of json text`,
				`TRACE_PARENT: "yes" is not one of join trust link`,
				`TRACE_PROPAGATE: "gitlab" is not one of openmeteo geocoding openweather metno directory github openmeteo_air`,
				`TRACE_PROPAGATE: "weather" is not one of openmeteo geocoding openweather metno directory github openmeteo_air`,
				`DIRECTORY_IDEMPOTENCY: "true" is not one of off on`,
				`USERS_GITHUB_LINK: "email" is not one of off username`,
			},
		},
		"it wants origins": {
			environment{"CORS_ORIGINS": "https://a.example, https://b.example/,b.example,*,https://*.example,https://u:s3cret@c.example,null"},
			[]string{
				`CORS_ORIGINS: entry 2 is not an origin (use https://app.example.com, or * alone)`,
				`CORS_ORIGINS: entry 3 is not an origin (use https://app.example.com, or * alone)`,
				`CORS_ORIGINS: entry 4 is not an origin (use https://app.example.com, or * alone)`,
				`CORS_ORIGINS: entry 5 is not an origin (use https://app.example.com, or * alone)`,
				`CORS_ORIGINS: entry 6 is not an origin (use https://app.example.com, or * alone)`,
				`CORS_ORIGINS: entry 7 is not an origin (use https://app.example.com, or * alone)`,
			},
		},
		"it wants calls per window": {
			environment{"CLIENT_RATE_LIMIT": "600", "OPENMETEO_RATE_LIMIT": "0/1m", "GEOCODING_RATE_LIMIT": "5/m", "METNO_RATE_LIMIT": "5/-1s", "GITHUB_RATE_LIMIT": "60/1h/2"},
			[]string{
				`CLIENT_RATE_LIMIT: "600" is not calls per window (use 60/1m, off)`,
				`OPENMETEO_RATE_LIMIT: "0/1m" is not calls per window (use 60/1m, off)`,
				`GEOCODING_RATE_LIMIT: "5/m" is not calls per window (use 60/1m, off)`,
				`METNO_RATE_LIMIT: "5/-1s" is not calls per window (use 60/1m, off)`,
				`GITHUB_RATE_LIMIT: "60/1h/2" is not calls per window (use 60/1m, off)`,
			},
		},
		"it wants numbers of calls that a header can tell": {
			environment{"CLIENT_RATE_LIMIT": "1000000000000000/1m", "METNO_RATE_LIMIT": "9223372036854775807/1s", "GITHUB_RATE_LIMIT": "99999999999999999999/1h"},
			[]string{
				`CLIENT_RATE_LIMIT: "1000000000000000/1m" allows more than 999999999999999 calls (use off for no limit)`,
				`METNO_RATE_LIMIT: "9223372036854775807/1s" allows more than 999999999999999 calls (use off for no limit)`,
				`GITHUB_RATE_LIMIT: "99999999999999999999/1h" is not calls per window (use 60/1m, off)`,
			},
		},
		"it wants each of an upstream's windows to be one": {
			environment{"OPENMETEO_RATE_LIMIT": "600/1m,5000,0/1s", "GEOCODING_RATE_LIMIT": "600/1m,off", "METNO_RATE_LIMIT": " , ", "CLIENT_RATE_LIMIT": "600/1m,5000/1h"},
			[]string{
				`CLIENT_RATE_LIMIT: "600/1m,5000/1h" is not calls per window (use 60/1m, off)`,
				`OPENMETEO_RATE_LIMIT: "5000" is not calls per window (use 60/1m, off)`,
				`OPENMETEO_RATE_LIMIT: "0/1s" is not calls per window (use 60/1m, off)`,
				`GEOCODING_RATE_LIMIT: off cannot stand beside a limit`,
				`METNO_RATE_LIMIT: " , " is not calls per window (use 60/1m, off)`,
			},
		},
		"it wants numbers that OpenTelemetry can use": {
			environment{"OTEL_BSP_MAX_QUEUE_SIZE": "-1", "OTEL_BSP_SCHEDULE_DELAY": "0", "OTEL_METRIC_EXPORT_INTERVAL": "1m", "LISTEN_ADDR": "x"},
			[]string{
				`LISTEN_ADDR: "x" is not host:port (use :8080, 127.0.0.1:8080)`,
				`OTEL_BSP_SCHEDULE_DELAY: is not a whole number between 1 and 2147483647`,
				`OTEL_BSP_MAX_QUEUE_SIZE: is not a whole number between 1 and 1000000`,
				`OTEL_METRIC_EXPORT_INTERVAL: is not a whole number between 1 and 2147483647`,
			},
		},
		"it wants networks": {
			environment{"TRUSTED_PROXIES": "10.0.0.0/33,10.0.0.0/8,proxy.example.com,fe80::1%eth0"},
			[]string{
				`TRUSTED_PROXIES: "10.0.0.0/33" is neither a CIDR nor an address (use 10.0.0.0/8, 192.0.2.7)`,
				`TRUSTED_PROXIES: "proxy.example.com" is neither a CIDR nor an address (use 10.0.0.0/8, 192.0.2.7)`,
				`TRUSTED_PROXIES: "fe80::1%eth0" is neither a CIDR nor an address (use 10.0.0.0/8, 192.0.2.7)`,
			},
		},
		"it wants whole entries of keys, and quotes none": {
			environment{"API_KEYS": "hunter2,web:hunter2,:users:read:hunter2,a:users:read:,b:admin:hunter2,c::hunter2,d:users:read:hunter 2,e\x1b:users:read:hunter2"},
			[]string{
				`API_KEYS: entry 1 is not name:scope+scope:key`,
				`API_KEYS: entry 2 is not name:scope+scope:key`,
				`API_KEYS: entry 3 has no name`,
				`API_KEYS: entry 4 has an empty key`,
				`API_KEYS: entry 5 has a scope that is not one of ` + scopeList,
				`API_KEYS: entry 6 has a scope that is not one of ` + scopeList,
				`API_KEYS: entry 7 has a space, a control character or something beyond ASCII in its key`,
				`API_KEYS: entry 8 has a control character in its name`,
			},
		},
		"it wants every name and every key once": {
			environment{"API_KEYS": "web:users:read:one,web:users:write:two,batch:users:read:one"},
			[]string{`API_KEYS: entry 2 has the name of entry 1`, `API_KEYS: entry 3 has the key of entry 1`},
		},
		"it wants keys where it is given a list": {
			environment{"API_KEYS": " ,\n"},
			[]string{`API_KEYS: holds no key`},
		},
		"it wants an issuer and an audience for tokens": {
			environment{"JWT_JWKS_URL": "https://id.example.com/keys"},
			[]string{`JWT_ISSUER: is required with JWT_JWKS_URL`, `JWT_AUDIENCE: is required with JWT_JWKS_URL`},
		},
		"it wants the keys of an issuer": {
			environment{"JWT_ISSUER": "https://id.example.com", "JWT_AUDIENCE": "tributary"},
			[]string{`JWT_JWKS_URL: is required with JWT_ISSUER`},
		},
		"it does not call a malformed URL a missing one": {
			environment{"JWT_JWKS_URL": "id.example.com", "JWT_ISSUER": "https://id.example.com", "JWT_AUDIENCE": "tributary"},
			[]string{`JWT_JWKS_URL: is not an absolute http or https URL (use https://host/prefix)`},
		},
		"it wants scopes that it knows": {
			environment{"ANONYMOUS_SCOPES": "weather:read+admin"},
			[]string{`ANONYMOUS_SCOPES: "admin" is not one of ` + scopeList},
		},
		"it wants scopes or none": {
			environment{"ANONYMOUS_SCOPES": "+"},
			[]string{`ANONYMOUS_SCOPES: names no scope (use weather:read+users:read, none)`},
		},
		"it wants a Redis URL": {
			environment{"REDIS_URL": "http://:hunter2@redis:6379"},
			[]string{`REDIS_URL: is not a redis, rediss or unix URL (use redis://host:6379/0)`},
		},
		"it quotes no Redis URL that does not parse": {
			environment{"REDIS_URL": "redis://:hunter2%zz@redis:6379"},
			[]string{`REDIS_URL: is not a redis, rediss or unix URL (use redis://host:6379/0)`},
		},
		"it wants a host for Redis": {environment{"REDIS_URL": "redis:///0"}, []string{`REDIS_URL: has no host`}},
		"it wants a path to Redis":  {environment{"REDIS_URL": "unix://"}, []string{`REDIS_URL: has no path`}},
		"it wants a port that Redis can have": {
			environment{"REDIS_URL": "redis://:hunter2@redis:65536/0"},
			[]string{`REDIS_URL: has a port that is not between 1 and 65535`},
		},
		"it wants no port 0 for Redis": {
			environment{"REDIS_URL": "rediss://redis:0"},
			[]string{`REDIS_URL: has a port that is not between 1 and 65535`},
		},
		"it wants the database by number": {
			environment{"REDIS_URL": "redis://redis/main"},
			[]string{`REDIS_URL: has a database that is not a number`},
		},
		"it wants a cache": {
			environment{"CACHE_MAX_ENTRIES": "0"},
			[]string{`CACHE_MAX_ENTRIES: 0 is less than 1`},
		},
		"it wants whole numbers": {
			environment{"CACHE_MAX_ENTRIES": "1e5", "GITHUB_RETRIES": "two"},
			[]string{`CACHE_MAX_ENTRIES: "1e5" is not a whole number`, `GITHUB_RETRIES: "two" is not a whole number`},
		},
		"it wants base URLs, and quotes none": {
			environment{
				"JAEGER_UI_URL": "http://localhost:16686?x", "OPENMETEO_URL": "api.open-meteo.com", "GEOCODING_URL": "ftp://host",
				"OPENWEATHER_URL": "https://host?appid=hunter2", "METNO_URL": "https://u:hunter2@host", "DIRECTORY_URL": "https://:80",
				"GITHUB_URL": "https://host/#x",
			},
			[]string{
				`JAEGER_UI_URL: must not hold a query`,
				`OPENMETEO_URL: is not an absolute http or https URL (use https://host/prefix)`,
				`GEOCODING_URL: is not an absolute http or https URL (use https://host/prefix)`,
				`OPENWEATHER_URL: must not hold a query`,
				`METNO_URL: must not hold a user or a password`,
				`DIRECTORY_URL: is not an absolute http or https URL (use https://host/prefix)`,
				`GITHUB_URL: must not hold a fragment`,
			},
		},
		"it wants what OpenWeather and MET Norway cannot do without": {
			environment{"OPENWEATHER_ENABLED": "true", "METNO_ENABLED": "true"},
			[]string{
				`OPENWEATHER_ENABLED: true needs OPENWEATHER_API_KEY, which is not set`,
				`METNO_ENABLED: true needs METNO_CONTACT, which is not set`,
			},
		},
		"it does not call a malformed key or contact a missing one": {
			environment{"OPENWEATHER_ENABLED": "true", "OPENWEATHER_API_KEY": "hunter2\n", "METNO_ENABLED": "true", "METNO_CONTACT": "a\r\nb"},
			[]string{
				`OPENWEATHER_API_KEY: holds a space, a control character or something beyond ASCII`,
				`METNO_CONTACT: "a\r\nb" holds a control character or is not UTF-8`,
			},
		},
		"it wants a contact that somebody can write to": {
			environment{"METNO_CONTACT": "hunter2"},
			[]string{`METNO_CONTACT: is neither a mail address nor a web address (use ops@example.org, https://example.org/contact)`},
		},
		"it wants a web address of the world": {
			environment{"METNO_CONTACT": "http://localhost/me"},
			[]string{`METNO_CONTACT: is neither a mail address nor a web address (use ops@example.org, https://example.org/contact)`},
		},
		"it wants true or false": {
			environment{"OPENWEATHER_ENABLED": "yes"},
			[]string{`OPENWEATHER_ENABLED: "yes" is neither true nor false`},
		},
		"it wants an upstream's numbers within their bounds": {
			environment{
				"GITHUB_TIMEOUT": "0s", "GITHUB_RETRIES": "11", "GITHUB_RETRY_DELAY": "0s", "GITHUB_HEDGE_QUANTILE": "1",
				"GITHUB_MAX_CONCURRENT": "0", "GITHUB_BREAKER_FAILURE_RATE": "0", "GITHUB_BREAKER_MIN_CALLS": "0",
				"GITHUB_BREAKER_WINDOW": "1ms", "GITHUB_BREAKER_DELAY": "0s", "GITHUB_FRESH_FOR": "-1s",
				"GITHUB_REVALIDATE_FOR": "-1s", "GITHUB_STALE_FOR": "0s",
			},
			[]string{
				`GITHUB_TIMEOUT: 0s is not more than 0`,
				`GITHUB_RETRIES: 11 is not between 0 and 10`,
				`GITHUB_RETRY_DELAY: 0s is not more than 0`,
				`GITHUB_HEDGE_QUANTILE: 1 is not between 0 and 1 (use 0.95, or 0 for off)`,
				`GITHUB_MAX_CONCURRENT: 0 is less than 1`,
				`GITHUB_BREAKER_FAILURE_RATE: 0 is not more than 0 and at most 1`,
				`GITHUB_BREAKER_MIN_CALLS: 0 is less than 1`,
				`GITHUB_BREAKER_WINDOW: 1ms is less than 10ms`,
				`GITHUB_BREAKER_DELAY: 0s is not more than 0`,
				`GITHUB_FRESH_FOR: -1s is less than 0`,
				`GITHUB_REVALIDATE_FOR: -1s is less than 0`,
				`GITHUB_STALE_FOR: 0s is not more than 0`,
			},
		},
		"it wants numbers": {
			environment{"GITHUB_HEDGE_QUANTILE": "NaN", "GITHUB_BREAKER_FAILURE_RATE": "NaN", "METNO_HEDGE_QUANTILE": "95%"},
			[]string{
				`METNO_HEDGE_QUANTILE: "95%" is not a number (use 0.95)`,
				`GITHUB_HEDGE_QUANTILE: NaN is not between 0 and 1 (use 0.95, or 0 for off)`,
				`GITHUB_BREAKER_FAILURE_RATE: NaN is not more than 0 and at most 1`,
			},
		},
		"it wants the greatest delay to be the greatest": {
			environment{"GITHUB_RETRY_DELAY": "2s", "GITHUB_RETRY_MAX_DELAY": "1s"},
			[]string{`GITHUB_RETRY_MAX_DELAY: 1s is less than GITHUB_RETRY_DELAY, 2s`},
		},
		"it wants the last span to hold the other two": {
			environment{"GITHUB_FRESH_FOR": "1h", "GITHUB_STALE_FOR": "69m", "DIRECTORY_FRESH_FOR": "48h", "METNO_FRESH_FOR": "2562047h", "METNO_REVALIDATE_FOR": "2562047h"},
			[]string{
				`METNO_STALE_FOR: 24h (the default) is less than METNO_FRESH_FOR and METNO_REVALIDATE_FOR together`,
				`DIRECTORY_STALE_FOR: 24h (the default) is less than DIRECTORY_FRESH_FOR and DIRECTORY_REVALIDATE_FOR together`,
				`GITHUB_STALE_FOR: 1h9m is less than GITHUB_FRESH_FOR and GITHUB_REVALIDATE_FOR together`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readConfig(tt.vars.get)
			got, ok := errors.AsType[configError](err)
			if !ok || !slices.Equal(got, tt.want) {
				t.Errorf("readConfig(%v)\n got %v\nwant %s", tt.vars, err, strings.Join(tt.want, "\n"))
			}
		})
	}
}

func TestSecretsAreReadFromFiles(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cfg := mustRead(t, environment{
		"API_KEYS_FILE":            file("keys", "web:users:read:one\nbatch:users:write:two\n"),
		"REDIS_URL_FILE":           file("redis", "redis://:p4ss@redis:6379\r\n"),
		"OPENWEATHER_API_KEY_FILE": file("openweather", "k3y"),
		"OPENMETEO_API_KEY_FILE":   file("openmeteo", "k4y\n"),
		"DIRECTORY_TOKEN_FILE":     file("directory", "t0ken\n"),
		"GITHUB_TOKEN_FILE":        file("github", "t1ken\n"),
	})
	if got, want := fmt.Sprint(cfg.APIKeys), "set (2 keys: web, batch)"; got != want {
		t.Errorf("APIKeys = %s, want %s", got, want)
	}
	for i, got := range []Secret{cfg.RedisURL, *cfg.Keys["OPENWEATHER_API_KEY"], *cfg.Keys["OPENMETEO_API_KEY"], *cfg.Keys["DIRECTORY_TOKEN"], *cfg.Keys["GITHUB_TOKEN"], cfg.APIKeys[1].Key} {
		if want := []string{"redis://:p4ss@redis:6379", "k3y", "k4y", "t0ken", "t1ken", "two"}[i]; got.Reveal() != want {
			t.Errorf("secret %d = %q, want %q", i, got.Reveal(), want)
		}
	}
	if !cfg.upstream("openweather").Enabled || cfg.AnonymousScopes != nil || cfg.upstream("github").RateLimit[0].Calls != 5000 {
		t.Errorf("secrets from files count less than others: %+v", cfg)
	}

	_, err := readConfig(environment{
		"API_KEYS_FILE":            file("empty", "\n"),
		"REDIS_URL_FILE":           dir,
		"OPENWEATHER_ENABLED":      "true",
		"OPENWEATHER_API_KEY":      "hunter2",
		"OPENWEATHER_API_KEY_FILE": filepath.Join(dir, "openweather"),
		"DIRECTORY_TOKEN_FILE":     "hunter2", // the secret where its path belongs
		"GITHUB_TOKEN_FILE":        file("two-lines", "hunter2\n\n"),
		"METNO_CONTACT_FILE":       filepath.Join(dir, "openweather"), // no secret, so no such variable
	}.get)
	want := configError{
		"API_KEYS_FILE: the file is empty",
		"REDIS_URL_FILE: the file cannot be read: is a directory",
		"OPENWEATHER_API_KEY_FILE: OPENWEATHER_API_KEY is set as well (use one of them)",
		"DIRECTORY_TOKEN_FILE: the file cannot be read: no such file or directory",
		"GITHUB_TOKEN: holds a space, a control character or something beyond ASCII",
	}
	if !reflect.DeepEqual(err, error(want)) {
		t.Errorf("mistakes with files\n got %v\nwant %v", err, want)
	}
}

// secretVars sets every secret to something that holds "hunter".
var secretVars = environment{
	"API_KEYS":            "web:users:read:hunter1,batch:users:write:hunter2",
	"REDIS_URL":           "redis://:hunter3@redis:6379",
	"OPENWEATHER_API_KEY": "hunter4",
	"OPENMETEO_API_KEY":   "hunter5",
	"DIRECTORY_TOKEN":     "hunter6",
	"GITHUB_TOKEN":        "hunter7",
}

func TestSecretsAreNeverShown(t *testing.T) {
	cfg := mustRead(t, secretVars)
	for _, v := range cfg.variables() {
		if v.secret && secretVars[v.name] == "" {
			t.Errorf("this test does not know the secret %s", v.name)
		}
	}

	hidden := struct{ cfg config }{cfg} // fmt calls no method of what is in here
	var shown bytes.Buffer
	for _, part := range []any{cfg, &cfg, hidden, cfg.APIKeys, cfg.APIKeys[0], &cfg.APIKeys[0], *cfg.Keys["GITHUB_TOKEN"], cfg.Keys["GITHUB_TOKEN"]} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			fmt.Fprintf(&shown, verb+"\n", part)
		}
		encoded, err := json.Marshal(part)
		if err != nil {
			t.Fatal(err)
		}
		shown.Write(encoded)
		for _, h := range []slog.Handler{slog.NewJSONHandler(&shown, nil), slog.NewTextHandler(&shown, nil)} {
			slog.New(h).Info("config", "part", part)
		}
	}
	for _, leak := range []string{"hunter", "68756e746572", "68756E746572", "104 117 110"} {
		if strings.Contains(shown.String(), leak) {
			t.Errorf("%q is shown in:\n%s", leak, &shown)
		}
	}
}

func TestSecretSaysOnlyWhetherItIsSet(t *testing.T) {
	for _, tt := range []struct {
		secret Secret
		want   string
	}{{newSecret("hunter2"), "set"}, {newSecret(""), "unset"}, {Secret{}, "unset"}} {
		encoded, err := json.Marshal(tt.secret)
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprintf("%v %+v %#v %s %s", tt.secret, tt.secret, tt.secret, tt.secret.LogValue(), encoded)
		if want := fmt.Sprintf("%[1]s %[1]s %[1]s %[1]s %[1]q", tt.want); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// A field that is added to config and not to variables would keep its default.
func TestEveryFieldHasItsVariable(t *testing.T) {
	cfg := defaults()
	bound := map[any]bool{}
	for _, v := range cfg.variables() {
		bound[v.field] = true
	}
	check := func(s reflect.Value) {
		for field, value := range s.Fields() {
			if field.IsExported() && field.Name != "Upstreams" && field.Name != "Keys" && !bound[value.Addr().Interface()] {
				t.Errorf("no variable sets %s", field.Name)
			}
		}
	}
	check(reflect.ValueOf(&cfg).Elem())
	check(reflect.ValueOf(cfg.upstream("metno")).Elem()) // which has all that one can have
}
