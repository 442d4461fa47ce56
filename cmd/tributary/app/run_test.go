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
		{"an unknown command", []string{"sevre"}, off, 2, "unknown command \"sevre\" (did you mean serve?)\n\nusage:"},
		{"an unknown command that is like none", []string{"install"}, off, 2, "unknown command \"install\"\n\nusage:"},
		{"help about an unknown command", []string{"help", "demos"}, off, 2, "(did you mean demo?)"},
		{"an unknown flag", []string{"serve", "-port", "80"}, off, 2, "serve: unknown flag -port; it knows --endpoints, --help, --version\n\nusage: tributary serve"},
		{"a misspelt flag", []string{"demo", "--endpoint=x.yaml"}, off, 2, "demo: unknown flag --endpoint (did you mean --endpoints?)"},
		{"a flag without its value", []string{"demo", "--endpoints"}, off, 2, "demo: --endpoints needs a file"},
		{"a flag twice", []string{"demo", "--endpoints=a", "--endpoints=b"}, off, 2, "demo: --endpoints stands twice"},
		{"a flag of other commands", []string{"health", "--endpoints=a"}, off, 2, "health: it does not read --endpoints"},
		{"too many arguments", []string{"serve", "now"}, off, 2, "serve: unexpected \"now\": it takes no arguments"},
		{"too many arguments of health", []string{"health", "http://a", "http://b"}, off, 2, "health: unexpected \"http://b\": it takes one argument"},
		{"a port that is taken", nil, map[string]string{"LISTEN_ADDR": taken.Addr().String(), "ADMIN_ADDR": "off"}, 1, "LISTEN_ADDR: " + taken.Addr().String() + " is in use, perhaps by another gateway: stop that, or set LISTEN_ADDR to another port (LISTEN_ADDR=127.0.0.1:0 is any free one)"},
		{"an admin port that is taken", nil, map[string]string{"LISTEN_ADDR": "127.0.0.1:0", "ADMIN_ADDR": taken.Addr().String()}, 1, "set ADMIN_ADDR to another port (ADMIN_ADDR=127.0.0.1:0 is any free one)"},
		{"a demo on a port that is taken", []string{"demo"}, map[string]string{"LISTEN_ADDR": taken.Addr().String(), "ADMIN_ADDR": "off", "SIM_ADDR": "127.0.0.1:0"}, 1, "set LISTEN_ADDR to another port"},
		{"a configuration with mistakes", nil, map[string]string{"PATIENCE": "soon", "LISTEN_ADDR": "here"}, 1, "PATIENCE: "},
		{"a sampler that does not exist", nil, map[string]string{"LISTEN_ADDR": "127.0.0.1:0", "ADMIN_ADDR": "off", "OTEL_TRACES_SAMPLER": "sometimes"}, 1, "OTEL_TRACES_SAMPLER"},
		{"a number that OpenTelemetry cannot use", nil, map[string]string{"LISTEN_ADDR": "127.0.0.1:0", "ADMIN_ADDR": "off", "OTEL_BSP_MAX_QUEUE_SIZE": "-1"}, 1, "OTEL_BSP_MAX_QUEUE_SIZE: "},
		{"a simulator on a port that is taken", []string{"sim"}, map[string]string{"SIM_ADDR": taken.Addr().String()}, 1, "set SIM_ADDR to another address (SIM_ADDR=127.0.0.1:0 is any free ports)"},
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

func TestRunTellsWhatItIs(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string // the beginning of stdout
	}{
		{[]string{"--help"}, "usage: tributary [command]"},
		{[]string{"-h"}, "usage: tributary [command]"},
		{[]string{"help"}, "usage: tributary [command]"},
		{[]string{"help", "demo"}, "usage: tributary demo [--endpoints FILE]"},
		{[]string{"--version"}, "tributary "},
		{[]string{"-v"}, "tributary "},
		{[]string{"version"}, "tributary "},
		{[]string{"help", "version"}, "usage: tributary version\n"},
		{[]string{"health", "-h"}, "usage: tributary health [URL]\n"},
		{[]string{"check", "--help"}, "usage: tributary check [--endpoints FILE]"},
		{[]string{"serve", "--endpoints", "x.yaml", "--help"}, "usage: tributary serve"},
		{[]string{"sim", "--version"}, "tributary "},
		{[]string{"demo", "-v"}, "tributary "},
	} {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := Run(t.Context(), tt.args, func(string) string { return "" }, &stdout, &stderr)
			if code != 0 || stderr.Len() > 0 || !strings.HasPrefix(stdout.String(), tt.want) {
				t.Errorf("run(%q) = %d, stdout %q, stderr %q; want 0 and %q", tt.args, code, &stdout, &stderr, tt.want)
			}
		})
	}
}
