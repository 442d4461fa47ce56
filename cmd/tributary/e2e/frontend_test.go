package e2e_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"tributary/cache/redistest"
)

const frontend = "../../../examples/frontend"

// What a frontend copies is what openapi.yaml gives, refuses misuse, and works.
func TestFrontend(t *testing.T) {
	dir := installFrontend(t)

	t.Run("has the types that openapi.yaml gives", func(t *testing.T) {
		types := filepath.Join(dir, "tributary.d.ts")
		before, err := os.ReadFile(types)
		if err != nil {
			t.Fatal(err)
		}
		if out, err := npm(t, dir, "run", "generate"); err != nil {
			t.Fatalf("npm run generate: %v\n%s", err, out)
		}
		after, err := os.ReadFile(types)
		if err != nil {
			t.Fatal(err)
		}
		if string(after) != string(before) {
			t.Error("examples/frontend/tributary.d.ts is not what openapi.yaml gives; renew it with: cd examples/frontend && npm ci && npm run generate")
		}
	})
	t.Run("compiles", func(t *testing.T) {
		if out, err := npm(t, dir, "run", "check"); err != nil {
			t.Errorf("npm run check: %v\n%s", err, out)
		}
	})
	t.Run("does not compile where it is misused", func(t *testing.T) {
		misuse := filepath.Join(dir, "misuse.ts")
		source, err := os.ReadFile(misuse)
		if err != nil {
			t.Fatal(err)
		}
		const expected = "// @ts-expect-error"
		bare := strings.ReplaceAll(string(source), expected, "//")
		if err := os.WriteFile(misuse, []byte(bare), 0o600); err != nil {
			t.Fatal(err)
		}
		defer os.WriteFile(misuse, source, 0o600)
		out, err := npm(t, dir, "run", "check", "--", "--pretty", "false")
		got, want := strings.Count(out, "misuse.ts("), strings.Count(string(source), expected)
		if err == nil || got != want || want == 0 {
			t.Errorf("npm run check with %d mistakes: %v, %d errors, want as many\n%s", want, err, got, out)
		}
	})
	t.Run("works against a gateway", func(t *testing.T) {
		if out, err := npm(t, dir, "run", "build"); err != nil {
			t.Fatalf("npm run build: %v\n%s", err, out)
		}
		d := startDemo(t, nil)
		smoke := exec.CommandContext(t.Context(), "node", "smoke.js", d.urls["api"])
		smoke.Dir = dir
		if out, err := smoke.CombinedOutput(); err != nil {
			t.Errorf("node smoke.js: %v\n%s", err, out)
		}
	})
	t.Run("has a page with a forecast, and hears of changes", func(t *testing.T) { pageIsLive(t, dir) })
	t.Run("compiles with the types of declared endpoints", func(t *testing.T) {
		files := map[string][]byte{
			filepath.Join(dir, "..", "..", "openapi.yaml"): ordersDocument(t),
			filepath.Join(dir, "orders.ts"):                []byte(ordersClient),
		}
		for name, content := range files {
			if err := os.WriteFile(name, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for _, script := range []string{"generate", "check"} {
			if out, err := npm(t, dir, "run", script); err != nil {
				t.Fatalf("npm run %s: %v\n%s", script, err, out)
			}
		}
	})
	t.Run("has a page whose scripts are there", func(t *testing.T) {
		page, err := os.ReadFile(filepath.Join(dir, "index.html"))
		if err != nil {
			t.Fatal(err)
		}
		scripts := regexp.MustCompile(`"([^" ]+\.m?js)"`).FindAllSubmatch(page, -1)
		if len(scripts) != 2 {
			t.Errorf("index.html names %q, want the page's own script and the library's", scripts)
		}
		for _, script := range scripts {
			if _, err := os.Stat(filepath.Join(dir, string(script[1]))); err != nil {
				t.Error(err)
			}
		}
	})
}

// pageIsLive looks at the built page in a browser while a source fails.
func pageIsLive(t *testing.T, dir string) {
	pages := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer pages.Close()
	d := startDemo(t, map[string]string{"OPENWEATHER_FRESH_FOR": "1s", "OPENWEATHER_REVALIDATE_FOR": "0s"})
	p := startChromium(t).open(t, pages.URL+"/?api="+d.urls["api"])
	const until = `(wanted) => new Promise((done) => {
		const look = () => new Function("return " + wanted)() ? done(true) : requestAnimationFrame(look);
		look();
	})`
	evaluate[bool](p, until, `document.querySelector(".sign")?.checkVisibility()`)
	evaluate[bool](p, until, `document.querySelector("#forecast svg path.temperature")`)
	if days := evaluate[int](p, `() => document.querySelectorAll("#forecast .days li").length`); days != 6 {
		t.Errorf("the page shows %d days, want 6", days)
	}
	d.fault("openweather", `{"mode": "down"}`)
	evaluate[bool](p, until, `document.querySelector("#weather li.stale")?.textContent.startsWith("openweather: stale")`)
	if wide := evaluate[bool](p, `() => document.documentElement.scrollWidth > innerWidth`); wide {
		t.Error("the page is wider than the window")
	}
	if _, complaints := p.heard(); len(complaints) > 0 {
		t.Errorf("the browser complained of %q", complaints)
	}
}

// ordersClient uses the types of examples/orders.
const ordersClient = `import { answer, connect } from "./client.js";

export async function orders() {
  const gateway = connect("http://localhost:8080");
  const { data, meta } = await answer(gateway.GET("/v1/orders/{id}", { params: { path: { id: "1" } } }));
  const titles: (string | undefined)[] | undefined = data.lines?.map((line) => line.title);
  const failed: ("order" | "customer" | "parcels" | "products" | "weather" | undefined)[] = meta.sources
    .filter((source) => source.state === "failed")
    .map((source) => source.name);
  // @ts-expect-error: a value may be absent
  data.total.toFixed(2);
  // @ts-expect-error: a value that is not there
  data.totl;
  // @ts-expect-error: a part that is not there
  meta.sources.some((source) => source.name === "parcel");
  // @ts-expect-error: a parameter of another type
  gateway.GET("/v1/orders/{id}", { params: { path: { id: 1 } } });
  return { titles, failed };
}
`

// ordersDocument is /openapi.yaml of a gateway with examples/orders.
func ordersDocument(t *testing.T) []byte {
	t.Helper()
	response, err := http.Get(serveOrders(t).url + "/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	document, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return document
}

// serveOrders is a gateway with examples/orders, none of whose upstreams can be
// reached.
func serveOrders(t *testing.T) *gateway {
	t.Helper()
	env := map[string]string{"LISTEN_ADDR": "127.0.0.1:0", "ADMIN_ADDR": "off", "ENDPOINTS_FILE": "../../../examples/orders/orders.yaml"}
	for _, name := range []string{"ORDERS", "CUSTOMERS", "SHIPPING", "CATALOGUE"} {
		env[name+"_URL"] = "http://127.0.0.1:1"
	}
	g := serve(t, env, &lockedBuffer{})
	t.Cleanup(g.stop)
	return g
}

// installFrontend is a copy of the example, with what it depends on, beside a
// copy of openapi.yaml.
func installFrontend(t *testing.T) string {
	t.Helper()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			redistest.Missing(t, program, "Debian's packages nodejs and npm bring it")
		}
	}
	root := t.TempDir()
	dir := filepath.Join(root, "examples", "frontend")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(frontend)
	if err != nil {
		t.Fatal(err)
	}
	copies := map[string]string{"../../../openapi.yaml": filepath.Join(root, "openapi.yaml")}
	for _, e := range entries {
		if !e.IsDir() && filepath.Ext(e.Name()) != ".js" { // neither node_modules nor what an earlier build made
			copies[filepath.Join(frontend, e.Name())] = filepath.Join(dir, e.Name())
		}
	}
	for from, to := range copies {
		b, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := npm(t, dir, "ci", "--include=dev", "--ignore-scripts", "--prefer-offline", "--fetch-retry-mintimeout=500", "--fetch-retry-maxtimeout=2000")
	if code := unreached.FindString(out); err != nil && code != "" {
		redistest.Missing(t, "the registry of npm ("+code+")", "a network brings it, or a mirror named in npm_config_registry")
	}
	if err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
	return dir
}

// unreached is how npm says that it came as far as no registry.
var unreached = regexp.MustCompile(`\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ENOTCACHED|ERR_SOCKET_TIMEOUT)\b`)

// npm runs it in a directory, and returns all that it prints.
func npm(t *testing.T, dir string, arguments ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "npm", append([]string{"--no-audit", "--no-fund", "--no-update-notifier"}, arguments...)...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}
