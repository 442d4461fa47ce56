package app_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"tributary/cmd/tributary/app"
)

func TestMisspeltVariables(t *testing.T) {
	for _, tt := range []struct{ name, want string }{
		{"LOGLEVEL", "did you mean LOG_LEVEL?"},
		{"LOG_LEVLE", "did you mean LOG_LEVEL?"},
		{"REDIS_URI", "did you mean REDIS_URL?"},
		{"API_KEY_FILE", "did you mean API_KEYS_FILE?"},
		{"OPENMETEO_TIME_OUT", "did you mean OPENMETEO_TIMEOUT?"},
		{"METNO_COLOUR", "is none of the gateway's variables, so it has no effect"},
		{"LOG_LEVEL", ""},
		{"API_KEYS_FILE", ""},
		{"GITHUB_REF", ""},             // of GitHub's runners
		{"DIRECTORY_SERVICE_HOST", ""}, // of Kubernetes
		{"REDIS_PORT", ""},
		{"OTEL_SERVICE_NAMES", ""},
		{"PATH_INFO", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv(tt.name, "")
			var stdout, stderr bytes.Buffer
			app.Run(t.Context(), []string{"check"}, os.Getenv, &stdout, &stderr)
			var got string
			for line := range strings.Lines(stderr.String()) {
				if rest, ok := strings.CutPrefix(line, tt.name+": warning: "); ok {
					got = rest
				}
			}
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("check says %q of it, want %q", got, tt.want)
			}
		})
	}
}

func TestTheStartTellsMisspeltVariables(t *testing.T) {
	t.Setenv("LOGLEVEL", "debug")
	p := start(t, nil, "demo")
	if log := p.logs.String(); strings.Count(log, "did you mean LOG_LEVEL?") != 1 || !strings.Contains(log, `"variable":"LOGLEVEL"`) {
		t.Errorf("log = %s, want one warning of LOGLEVEL", log)
	}
}
