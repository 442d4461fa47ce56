package app

import (
	"bytes"
	"net"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	off := map[string]string{"LISTEN_ADDR": "127.0.0.1:0", "ADMIN_ADDR": "off"}
	for _, tt := range []struct {
		name   string
		args   []string
		env    map[string]string
		code   int
		stderr string // a part of it
	}{
		{"an unknown command", []string{"sevre"}, off, 2, "usage:"},
		{"an unknown flag", []string{"serve", "-port", "80"}, off, 2, "usage:"},
		{"too many arguments", []string{"serve", "now"}, off, 2, "usage:"},
		{"help", []string{"--help"}, off, 0, ""},
		{"a port that is taken", nil, map[string]string{"LISTEN_ADDR": taken.Addr().String(), "ADMIN_ADDR": "off"}, 1, "LISTEN_ADDR"},
		{"an admin port that is taken", nil, map[string]string{"LISTEN_ADDR": "127.0.0.1:0", "ADMIN_ADDR": taken.Addr().String()}, 1, "ADMIN_ADDR"},
		{"a configuration with mistakes", nil, map[string]string{"PATIENCE": "soon", "LISTEN_ADDR": "here"}, 1, "PATIENCE: "},
		{"a sampler that does not exist", nil, map[string]string{"LISTEN_ADDR": "127.0.0.1:0", "ADMIN_ADDR": "off", "OTEL_TRACES_SAMPLER": "sometimes"}, 1, "OTEL_TRACES_SAMPLER"},
		{"a number that OpenTelemetry cannot use", nil, map[string]string{"LISTEN_ADDR": "127.0.0.1:0", "ADMIN_ADDR": "off", "OTEL_BSP_MAX_QUEUE_SIZE": "-1"}, 1, "OTEL_BSP_MAX_QUEUE_SIZE: "},
		{"a simulator on a port that is taken", []string{"sim"}, map[string]string{"SIM_ADDR": taken.Addr().String()}, 1, "sim"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := Run(t.Context(), tt.args, func(name string) string { return tt.env[name] }, &stdout, &stderr)
			if code != tt.code || !strings.Contains(stderr.String(), tt.stderr) {
				t.Errorf("run(%q) = %d, want %d and %q on stderr; it has:\n%s", tt.args, code, tt.code, tt.stderr, &stderr)
			}
		})
	}
}
