package app

import (
	"bytes"
	"maps"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// documented is every variable as the contract lists it, with its default.
func documented() [][2]string {
	vars := [][2]string{
		{"LISTEN_ADDR", ":8080"},
		{"ADMIN_ADDR", "127.0.0.1:8081"},
		{"CONSOLE", "on"},
		{"CONSOLE_HOSTS", ""},
		{"PPROF", "on"},
		{"REQUEST_TIMEOUT", "5s"},
		{"PATIENCE", "800ms"},
		{"PATIENCE_MIN", "50ms"},
		{"SHUTDOWN_TIMEOUT", "15s"},
		{"DRAIN_DELAY", "0s"},
		{"LOG_LEVEL", "info"},
		{"LOG_FORMAT", "json"},
		{"CORS_ORIGINS", ""},
		{"CLIENT_RATE_LIMIT", "600/1m"},
		{"ADMISSION", "adaptive"},
		{"TRUSTED_PROXIES", ""},
		{"TRACE_PARENT", "join"},
		{"TRACE_PROPAGATE", ""},
		{"API_KEYS", "unset"},
		{"JWT_JWKS_URL", ""},
		{"JWT_ISSUER", ""},
		{"JWT_AUDIENCE", ""},
		{"ANONYMOUS_SCOPES", "weather:read+users:read"},
		{"REDIS_URL", "unset"},
		{"CACHE_MAX_ENTRIES", "100000"},
		{"JAEGER_UI_URL", ""},
		{"ENDPOINTS_FILE", ""},
		{"BUILTIN_ENDPOINTS", "weather,places,air_quality,users"},
	}
	const openMeteo = "600/1m,5000/1h,10000/24h"
	for _, u := range []struct{ name, url, enabled, concurrent, limit, fresh, revalidate, stale string }{
		{"OPENMETEO", "https://api.open-meteo.com", "true", "5", openMeteo, "10m", "10m", "24h"},
		{"GEOCODING", "https://geocoding-api.open-meteo.com", "true", "5", openMeteo, "24h", "24h", "720h"},
		{"OPENWEATHER", "https://api.openweathermap.org", "false", "64", "60/1m", "10m", "10m", "24h"},
		{"METNO", "https://api.met.no", "false", "64", "20/1s", "10m", "10m", "24h"},
		{"DIRECTORY", "https://jsonplaceholder.typicode.com", "true", "64", "off", "30s", "1m", "24h"},
		{"GITHUB", "https://api.github.com", "true", "64", "60/1h", "10m", "10m", "24h"},
		{"OPENMETEO_AIR", "https://air-quality-api.open-meteo.com", "true", "5", openMeteo, "10m", "10m", "24h"},
	} {
		vars = append(vars, [][2]string{
			{u.name + "_URL", u.url},
			{u.name + "_ENABLED", u.enabled},
			{u.name + "_TIMEOUT", "2s"},
			{u.name + "_RETRIES", "2"},
			{u.name + "_RETRY_DELAY", "100ms"},
			{u.name + "_RETRY_MAX_DELAY", "1s"},
			{u.name + "_HEDGE_QUANTILE", "0.95"},
			{u.name + "_MAX_CONCURRENT", u.concurrent},
			{u.name + "_RATE_LIMIT", u.limit},
			{u.name + "_BREAKER_FAILURE_RATE", "0.5"},
			{u.name + "_BREAKER_MIN_CALLS", "20"},
			{u.name + "_BREAKER_WINDOW", "10s"},
			{u.name + "_BREAKER_DELAY", "5s"},
			{u.name + "_FRESH_FOR", u.fresh},
			{u.name + "_REVALIDATE_FOR", u.revalidate},
			{u.name + "_STALE_FOR", u.stale},
		}...)
	}
	return append(vars, [][2]string{
		{"OPENWEATHER_API_KEY", "unset"},
		{"OPENMETEO_API_KEY", "unset"},
		{"DIRECTORY_TOKEN", "unset"},
		{"GITHUB_TOKEN", "unset"},
		{"METNO_CONTACT", ""},
		{"DIRECTORY_IDEMPOTENCY", "off"},
		{"USERS_GITHUB_LINK", "off"},
		{"SIM_ADDR", "127.0.0.1:9100"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "unset"},
	}...)
}

func runCheck(vars environment) (stdout, stderr string, code int) {
	var out, errs bytes.Buffer
	code = check(vars.get, &out, &errs)
	return out.String(), errs.String(), code
}

func TestCheckPrintsTheContractsDefaults(t *testing.T) {
	var want strings.Builder
	for _, v := range documented() {
		want.WriteString(v[0] + "=" + v[1] + "\n")
	}
	stdout, stderr, code := runCheck(nil)
	if code != 0 || stderr != "" || stdout != want.String() {
		t.Errorf("check = %d, stderr %q, stdout\n%s\nwant 0, none and\n%s", code, stderr, stdout, &want)
	}
}

// What check prints is a configuration: given back, it means the same, except
// that STALE_FOR is then set where it was a default.
func TestCheckPrintsWhatCouldBeSet(t *testing.T) {
	vars := environment{
		"LISTEN_ADDR": "[::1]:0", "ADMIN_ADDR": "off", "REQUEST_TIMEOUT": "90s", "PATIENCE": "1.5s", "DRAIN_DELAY": "1h0m5s",
		"CONSOLE": "off", "CONSOLE_HOSTS": "ops.example,console", "PPROF": "off",
		"LOG_LEVEL": "error", "CORS_ORIGINS": "https://a.example,http://b.example:81", "CLIENT_RATE_LIMIT": "off",
		"TRUSTED_PROXIES": "10.0.0.0/8,2001:db8::/32", "TRACE_PROPAGATE": "directory,github", "ANONYMOUS_SCOPES": "none",
		"JWT_JWKS_URL": "https://id.example/k?p=1", "JWT_ISSUER": "i", "JWT_AUDIENCE": "a", "JAEGER_UI_URL": "http://j:16686",
		"OPENMETEO_URL": "http://127.0.0.1:9101/a%2Fb", "OPENMETEO_RATE_LIMIT": "7/100ms,90/36h", "METNO_RATE_LIMIT": "off", "OPENMETEO_BREAKER_FAILURE_RATE": "0.125",
		"METNO_CONTACT": "a <b@c.example>", "DIRECTORY_IDEMPOTENCY": "on", "USERS_GITHUB_LINK": "username",
	}
	want := mustRead(t, vars)
	stdout, _, _ := runCheck(vars)
	again := environment{}
	for line := range strings.Lines(stdout) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if value != "unset" {
			again[name] = value
		}
	}
	want.upstream("directory").keepUnvalidated, want.upstream("github").keepUnvalidated = true, true
	if got := mustRead(t, again); !reflect.DeepEqual(got, want) {
		t.Errorf("read again\n got %+v\nwant %+v", got, want)
	}
}

func TestCheckWarns(t *testing.T) {
	certificate := filepath.Join(t.TempDir(), "hunter8.pem")
	for name, tt := range map[string]struct {
		vars environment
		want []string
	}{
		"it warns of no key of 16 characters": {environment{"API_KEYS": "web:users:read:0123456789abcdef"}, nil},
		"it warns of each shorter key by its name": {
			environment{"API_KEYS": "web:users:read:0123456789abcde,batch:users:write:hunter2,good:users:read:0123456789abcdefg"},
			[]string{
				`API_KEYS: warning: the key "web" has fewer than 16 characters and may be guessed (use a long random one)`,
				`API_KEYS: warning: the key "batch" has fewer than 16 characters and may be guessed (use a long random one)`,
			},
		},
		"it warns of OpenTelemetry's variables without their values": {
			environment{
				"OTEL_EXPORTER_OTLP_HEADERS": "good=1, api-key: hunter8", "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "hunter8",
				"OTEL_EXPORTER_OTLP_ENDPOINT": "http://user:hunter8@localhost:x", "OTEL_EXPORTER_OTLP_CERTIFICATE": certificate,
			},
			[]string{
				`OTEL_EXPORTER_OTLP_ENDPOINT: warning: is not an absolute http or https URL (use http://host:4318), and is ignored`,
				`OTEL_EXPORTER_OTLP_HEADERS: warning: entry 2 is not name=value with the value percent-encoded, and is not sent`,
				`OTEL_EXPORTER_OTLP_CERTIFICATE: warning: the file cannot be read or holds no certificate, and is ignored`,
				`OTEL_EXPORTER_OTLP_TRACES_HEADERS: warning: entry 1 is not name=value with the value percent-encoded, and is not sent`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			stdout, stderr, code := runCheck(tt.vars)
			if want := strings.Join(append(tt.want, ""), "\n"); code != 0 || stderr != want {
				t.Errorf("check = %d, stderr\n%swant 0 and\n%s", code, stderr, want)
			}
			if strings.Contains(stdout+stderr, "hunter") {
				t.Errorf("check shows a secret:\n%s%s", stdout, stderr)
			}
		})
	}
}

func TestCheckShowsOfSecretsOnlyThatTheyAreSet(t *testing.T) {
	vars := maps.Clone(secretVars)
	vars["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://hunter8@localhost:4317"
	stdout, stderr, code := runCheck(vars)
	if code != 0 || strings.Contains(stdout+stderr, "hunter") {
		t.Errorf("check = %d, stderr %q, stdout\n%s", code, stderr, stdout)
	}
	for _, want := range []string{
		"API_KEYS=set (2 keys: web, batch)", "REDIS_URL=set", "OPENWEATHER_API_KEY=set", "OPENMETEO_API_KEY=set",
		"DIRECTORY_TOKEN=set", "GITHUB_TOKEN=set", "OTEL_EXPORTER_OTLP_ENDPOINT=set", "ANONYMOUS_SCOPES=none",
	} {
		if !strings.Contains(stdout, want+"\n") {
			t.Errorf("check does not print %s", want)
		}
	}
}

func TestCheckReportsEveryMistakeAtOnce(t *testing.T) {
	stdout, stderr, code := runCheck(environment{
		"USERS_GITHUB_LINK":    "yes",
		"GITHUB_TOKEN_FILE":    "/nowhere/at/all",
		"OPENMETEO_STALE_FOR":  "1m",
		"METNO_ENABLED":        "true",
		"API_KEYS":             "hunter2",
		"REQUEST_TIMEOUT":      "abc",
		"OPENMETEO_RATE_LIMIT": "5/1m",
	})
	want := `REQUEST_TIMEOUT: "abc" is not a duration (use 1500ms, 10m)
API_KEYS: entry 1 is not name:scope+scope:key
OPENMETEO_STALE_FOR: 1m is less than OPENMETEO_FRESH_FOR and OPENMETEO_REVALIDATE_FOR together
METNO_ENABLED: true needs METNO_CONTACT, which is not set
GITHUB_TOKEN_FILE: the file cannot be read: no such file or directory
USERS_GITHUB_LINK: "yes" is not one of off username
`
	if code != 1 || stdout != "" || stderr != want {
		t.Errorf("check = %d, stdout %q, stderr\n%s\nwant 1, none and\n%s", code, stdout, stderr, want)
	}
}
