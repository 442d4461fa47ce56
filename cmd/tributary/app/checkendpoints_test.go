package app

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A file of endpoints, in which tests replace one line.
const endpointsFile = `version: 1
upstreams:
  shop:
    url: http://shop.test
    timeout: 1s
sources:
  thing:
    get: shop /things/{id}
    answer: thing.json
endpoints:
  /v1/things/{id}:
    scope: things:read
    parameters:
      id: {type: string}
    parts:
      thing: {ask: {id: id}}
    data:
      name: thing.name
`

// writeEndpoints writes a file of endpoints with its schema, and returns its path.
func writeEndpoints(t *testing.T, content string) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range map[string]string{
		"endpoints.yaml": content,
		"thing.json":     `{"type": "object", "properties": {"name": {"type": "string"}}}`,
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(folder, "endpoints.yaml")
}

func runProgram(t *testing.T, vars environment, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	code = Run(t.Context(), args, vars.get, &out, &errs)
	return out.String(), errs.String(), code
}

func TestCheckPrintsThePlanOfEndpoints(t *testing.T) {
	file := writeEndpoints(t, endpointsFile)
	stdout, stderr, code := runProgram(t, environment{"SHOP_RETRIES": "1"}, "check", "--endpoints", file)
	if code != 0 || stderr != "" {
		t.Fatalf("check = %d, stderr %q", code, stderr)
	}
	for _, want := range []string{
		"ENDPOINTS_FILE=" + file + "\n", "BUILTIN_ENDPOINTS=weather,places,air_quality,users\n",
		"SHOP_URL=http://shop.test\n", "SHOP_TIMEOUT=1s\n", "SHOP_RETRIES=1\n",
		`
endpoint /v1/things/{id}
  scope things:read, cache private
  parts
    thing  thing of shop  at once
  data
    name  copied thing.name
`,
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("check does not print %s; it prints\n%s", want, stdout)
		}
	}
}

func TestCheckReportsMistakesInEndpoints(t *testing.T) {
	for _, c := range []struct {
		name    string
		replace [2]string // a text of the file, and what stands there instead
		vars    environment
		want    []string // FILE stands for the path
	}{
		{"an upstream without a URL", [2]string{"    url: http://shop.test\n", ""}, nil,
			[]string{"SHOP_URL: is not set, and the file of endpoints gives no url"}},
		{"a URL that is malformed in the environment", [2]string{}, environment{"SHOP_URL": "shop"},
			[]string{"SHOP_URL: is not an absolute http or https URL (use https://host/prefix)"}},
		{"a setting that is malformed", [2]string{"timeout: 1s", "timeout: 1 s"}, nil,
			[]string{`FILE:5:14: upstreams.shop.timeout: "1 s" is not a duration (use 1500ms, 10m)`}},
		{"a setting that is not allowed", [2]string{"timeout: 1s", "timeout: 0s"}, nil,
			[]string{"FILE:5:14: upstreams.shop.timeout: 0s is not more than 0"}},
		{"a setting that is not allowed, and another in the environment", [2]string{"timeout: 1s", "timeout: 0s"}, environment{"SHOP_TIMEOUT": "1s"}, nil},
		{"answers that are kept for less long than they are fresh", [2]string{"timeout: 1s", "fresh_for: 48h"}, nil,
			[]string{"FILE:3:3: upstreams.shop: SHOP_STALE_FOR: 24h (the default) is less than SHOP_FRESH_FOR and SHOP_REVALIDATE_FOR together"}},
		{"the same by a setting of the file", [2]string{"timeout: 1s", "stale_for: 1m"}, nil,
			[]string{"FILE:5:16: upstreams.shop.stale_for: 1m is less than SHOP_FRESH_FOR and SHOP_REVALIDATE_FOR together"}},
		{"the same by the environment", [2]string{}, environment{"SHOP_STALE_FOR": "1m"},
			[]string{"SHOP_STALE_FOR: 1m is less than SHOP_FRESH_FOR and SHOP_REVALIDATE_FOR together"}},
		{"the name of a built-in upstream", [2]string{"  shop:\n", "  github:\n"}, nil,
			[]string{
				"FILE:3:3: upstreams.github: is the name of a built-in upstream, which sources may use as it is",
				"FILE:8:10: sources.thing.get: there is no upstream shop",
			}},
		{"a name that the program prints", [2]string{"  shop:\n", "  ready:\n"}, nil,
			[]string{
				"FILE:3:3: upstreams.ready: the name is taken by the gateway itself",
				"FILE:8:10: sources.thing.get: there is no upstream shop",
			}},
		{"a name that makes a variable of the gateway", [2]string{"  shop:\n", "  redis:\n"}, nil,
			[]string{
				"FILE:3:3: upstreams.redis: its variable REDIS_URL would be one of the gateway's own",
				"FILE:8:10: sources.thing.get: there is no upstream shop",
			}},
		{"scopes that nobody names", [2]string{}, environment{"API_KEYS": "web:thing:read:0123456789abcdef", "ANONYMOUS_SCOPES": "things:red"},
			[]string{
				`API_KEYS: entry 1 has a scope that is not one of weather:read users:read users:write things:read`,
				`ANONYMOUS_SCOPES: "things:red" is not one of weather:read users:read users:write things:read`,
			}},
		{"scopes that the file names", [2]string{}, environment{"API_KEYS": "web:things:read:0123456789abcdef", "ANONYMOUS_SCOPES": "things:read"}, nil},
		{"built-in endpoints that do not exist", [2]string{}, environment{"BUILTIN_ENDPOINTS": "wether,none"},
			[]string{
				`BUILTIN_ENDPOINTS: "wether" is not one of weather places air_quality users, none`,
				`BUILTIN_ENDPOINTS: "none" is not one of weather places air_quality users, none`,
			}},
		{"no built-in endpoint named", [2]string{}, environment{"BUILTIN_ENDPOINTS": ","},
			[]string{"BUILTIN_ENDPOINTS: names no endpoint (use weather,users, none)"}},
		{"a path that the gateway serves", [2]string{"  /v1/things/{id}:", "  /v1/users/{id}:"}, nil,
			[]string{"FILE:11:3: endpoints./v1/users/{id}: the gateway itself serves /v1/users/{id} (BUILTIN_ENDPOINTS can turn that off)"}},
		{"the same, turned off", [2]string{"  /v1/things/{id}:", "  /v1/users/{id}:"}, environment{"BUILTIN_ENDPOINTS": "weather"}, nil},
		{"a reference to nothing", [2]string{"thing.name", "thing.nam"}, nil,
			[]string{"FILE:18:19: endpoints./v1/things/{id}.data.name: unknown field nam (did you mean name?)"}},
		{"mistakes of every kind at once", [2]string{"    timeout: 1s", "    timeout: x\n    retries: 11"}, environment{"PATIENCE": "x", "ANONYMOUS_SCOPES": "y"},
			[]string{
				`PATIENCE: "x" is not a duration (use 1500ms, 10m)`,
				`ANONYMOUS_SCOPES: "y" is not one of weather:read users:read users:write things:read`,
				`FILE:5:14: upstreams.shop.timeout: "x" is not a duration (use 1500ms, 10m)`,
				`FILE:6:14: upstreams.shop.retries: 11 is not between 0 and 10`,
			}},
		{"a schema that is wrong", [2]string{"answer: thing.json", "answer: none.json"}, nil,
			[]string{"FILE:9:13: sources.thing.answer: "}},
		{"what is no YAML, so that its scopes are not known", [2]string{"version: 1", "version: ["}, environment{"API_KEYS": "web:things:read:0123456789abcdef,web", "ANONYMOUS_SCOPES": "things:read"},
			[]string{"API_KEYS: entry 2 is not name:scope+scope:key", "FILE:3:1: not valid YAML"}},
		{"what is no YAML", [2]string{"version: 1", "version: ["}, nil,
			[]string{"FILE:3:1: not valid YAML"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := writeEndpoints(t, strings.Replace(endpointsFile, c.replace[0], c.replace[1], 1))
			stdout, stderr, code := runProgram(t, c.vars, "check", "--endpoints", file)
			got := strings.ReplaceAll(stderr, file, "FILE")
			if len(c.want) == 0 {
				if code != 0 || stderr != "" {
					t.Errorf("check = %d, stderr\n%s\nwant 0 and none", code, got)
				}
				return
			}
			lines := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
			if code != 1 || stdout != "" || len(lines) != len(c.want) {
				t.Fatalf("check = %d, stdout %q, stderr\n%s\nwant 1, none and\n%s", code, stdout, got, strings.Join(c.want, "\n"))
			}
			for i, want := range c.want {
				if !strings.HasPrefix(lines[i], want) {
					t.Errorf("line %d is\n%s\nwant\n%s", i+1, lines[i], want)
				}
			}
		})
	}
}

func TestASecretOfADeclaredUpstreamThatIsNotSetIsAWarning(t *testing.T) {
	for _, c := range []struct {
		name, credentials string
		vars              environment
		want              string
	}{
		{"a token", "bearer", nil, "SHOP_TOKEN: warning: is not set, so shop is called without credentials\n"},
		{"a key in a header", "{header: X-Key}", nil, "SHOP_API_KEY: warning: is not set, so shop is called without credentials\n"},
		{"a key in the query", "{query: key}", nil, "SHOP_API_KEY: warning: is not set, so shop is called without credentials\n"},
		{"a token that is set", "bearer", environment{"SHOP_TOKEN": "s3cret"}, ""},
		{"a token of an upstream that is off", "bearer", environment{"SHOP_ENABLED": "false"}, ""},
		{"none", "none", nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := writeEndpoints(t, strings.Replace(endpointsFile, "timeout: 1s", "credentials: "+c.credentials, 1))
			if _, stderr, code := runProgram(t, c.vars, "check", "--endpoints", file); code != 0 || stderr != c.want {
				t.Errorf("check = %d, stderr %q, want 0 and %q", code, stderr, c.want)
			}
		})
	}
}

func TestEndpointsFlag(t *testing.T) {
	good := writeEndpoints(t, endpointsFile)
	bad := writeEndpoints(t, "version: 2\n")
	for _, c := range []struct {
		name string
		vars environment
		args []string
		code int
		out  string // in stdout or stderr
	}{
		{"the flag wins over the variable", environment{"ENDPOINTS_FILE": bad}, []string{"check", "--endpoints", good}, 0, "ENDPOINTS_FILE=" + good},
		{"the variable alone", environment{"ENDPOINTS_FILE": bad}, []string{"check"}, 1, "must be 1"},
		{"with an equals sign", nil, []string{"check", "--endpoints=" + good}, 0, "ENDPOINTS_FILE=" + good},
		{"before nothing", nil, []string{"check", "--endpoints"}, 2, "usage:"},
		{"with an empty value", nil, []string{"check", "--endpoints="}, 2, "usage:"},
		{"twice", nil, []string{"check", "--endpoints", good, "--endpoints", good}, 2, "usage:"},
		{"a flag that does not exist", nil, []string{"check", "--endpoint", good}, 2, "usage:"},
		{"health does not take it", nil, []string{"health", "--endpoints", good}, 2, "usage:"},
		{"version does not take it", nil, []string{"version", "--endpoints", good}, 2, "usage:"},
		{"an unknown command does not take it", nil, []string{"chek", "--endpoints", good}, 2, "usage:"},
		{"a file that does not exist", nil, []string{"check", "--endpoints", good + ".no"}, 1, "the file cannot be read: no such file or directory"},
		{"a folder", nil, []string{"check", "--endpoints", filepath.Dir(good)}, 1, "the file cannot be read: is a directory"},
	} {
		t.Run(c.name, func(t *testing.T) {
			stdout, stderr, code := runProgram(t, c.vars, c.args...)
			if code != c.code || !strings.Contains(stdout+stderr, c.out) {
				t.Errorf("exit code %d, want %d and %q; it prints\n%s%s", code, c.code, c.out, stdout, stderr)
			}
			if code == 1 && strings.Count(stderr, "\n") != 1 {
				t.Errorf("it reports\n%s\nwant one mistake", stderr)
			}
		})
	}
}
