package telemetry

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestCheckEnvironment(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "s3cret.pem")
	if err := os.WriteFile(empty, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	const (
		header   = "is not name=value with the value percent-encoded, and is not sent"
		endpoint = "is not an absolute http or https URL (use http://host:4318), and is ignored"
		file     = "the file cannot be read or holds no certificate, and is ignored"
	)
	for name, c := range map[string]struct {
		vars map[string]string
		want []string
	}{
		"it finds no mistake without variables": {nil, nil},
		"it finds nothing wrong with good values": {map[string]string{
			"OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector.example:4318/base", "OTEL_EXPORTER_OTLP_HEADERS": "api-key=s3cret,Authorization=Basic%20s3cret%3D,empty=,",
			"OTEL_BSP_MAX_QUEUE_SIZE": "1000000", "OTEL_BSP_EXPORT_TIMEOUT": "0", "OTEL_ATTRIBUTE_COUNT_LIMIT": "-1", "OTEL_RESOURCE_ATTRIBUTES": "service.version=1, host.name = a%20b",
		}, nil},
		"it reports header entries": {map[string]string{
			"OTEL_EXPORTER_OTLP_HEADERS":         "api-key: s3cret,good=1,a b=s3cret",
			"OTEL_EXPORTER_OTLP_TRACES_HEADERS":  "api-key=s3cret%zz",
			"OTEL_EXPORTER_OTLP_METRICS_HEADERS": "=s3cret,line=s3cret%0Abreak",
		}, []string{
			"OTEL_EXPORTER_OTLP_HEADERS: entry 1 " + header,
			"OTEL_EXPORTER_OTLP_HEADERS: entry 3 " + header,
			"OTEL_EXPORTER_OTLP_TRACES_HEADERS: entry 1 " + header,
			"OTEL_EXPORTER_OTLP_METRICS_HEADERS: entry 1 " + header,
			"OTEL_EXPORTER_OTLP_METRICS_HEADERS: entry 2 " + header,
		}},
		"it reports endpoints": {map[string]string{
			"OTEL_EXPORTER_OTLP_ENDPOINT":         "http://user:s3cret@host:x",
			"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT":  "localhost:4318",
			"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "ftp://s3cret@host",
		}, []string{
			"OTEL_EXPORTER_OTLP_ENDPOINT: " + endpoint, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: " + endpoint, "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: " + endpoint,
		}},
		"it accepts the targets of gRPC": {map[string]string{
			"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_ENDPOINT": "localhost:4317",
			"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "localhost:4318",
		}, []string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: " + endpoint}},
		"it reports certificates": {map[string]string{
			"OTEL_EXPORTER_OTLP_CERTIFICATE": empty, "OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE": empty + "2", "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY": empty,
		}, []string{
			"OTEL_EXPORTER_OTLP_CERTIFICATE: " + file,
			"OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE: is no certificate with its key in OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY, and is not shown to the collector",
			"OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE: " + file,
		}},
		"it reports attributes": {map[string]string{"OTEL_RESOURCE_ATTRIBUTES": "good=1,s3cret,bad=%"}, []string{
			"OTEL_RESOURCE_ATTRIBUTES: entry 2 is not name=value with the value percent-encoded",
			"OTEL_RESOURCE_ATTRIBUTES: entry 3 is not name=value with the value percent-encoded",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, p := range CheckEnvironment(func(name string) string { return c.vars[name] }) {
				got = append(got, p.String())
				if p.Fatal {
					t.Errorf("%s keeps the program from starting", p)
				}
			}
			if !slices.Equal(got, c.want) || strings.Contains(strings.Join(got, " "), "s3cret") {
				t.Errorf("problems\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

// A number outside its bounds, for which the SDK would panic, is reported.
func TestNumbersOfTheEnvironment(t *testing.T) {
	for _, n := range numbers {
		t.Run(n.variable, func(t *testing.T) {
			for value, ok := range map[string]bool{
				"": true, fmt.Sprint(n.least): true, fmt.Sprint(n.most): true,
				fmt.Sprint(n.least - 1): false, fmt.Sprint(n.most + 1): false, "99999999999999999999": false, "5s": false, "1.5": false, " 1": false,
			} {
				problems := CheckEnvironment(func(name string) string { return map[string]string{n.variable: value}[name] })
				if ok != (len(problems) == 0) || !ok && (!problems[0].Fatal || problems[0].Variable != n.variable) {
					t.Errorf("%s=%q: problems %v, want none: %t", n.variable, value, problems, ok)
				}
			}
		})
	}
}

func TestSDKDisabled(t *testing.T) {
	for value, want := range map[string]bool{"true": true, "TRUE": true, "True": true, "tRuE": true, "": false, "false": false, "1": false, "yes": false} {
		env := func(name string) string {
			return map[string]string{"OTEL_SDK_DISABLED": value, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}[name]
		}
		for _, signal := range []string{"TRACES", "METRICS"} {
			if _, on, err := otlp(env, signal); on == want || err != nil {
				t.Errorf("OTEL_SDK_DISABLED=%s: %s exported = %t, %v; want %t", value, signal, on, err, !want)
			}
		}
	}
}

func TestUnusableEndpointsCountAsUnset(t *testing.T) {
	for name, c := range map[string]struct {
		vars map[string]string
		on   bool
	}{
		"it exports nothing to an invalid URL":          {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://host:x"}, false},
		"it exports nothing to a host without a scheme": {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "localhost:4318"}, false},
		"it uses the general endpoint if the signal's is invalid": {
			map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://host:x", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, true},
		"it uses the signal's endpoint if the general one is invalid": {
			map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://host:x"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			if _, on, err := otlp(func(name string) string { return c.vars[name] }, "TRACES"); on != c.on || err != nil {
				t.Errorf("exported = %t, %v; want %t", on, err, c.on)
			}
		})
	}
}
