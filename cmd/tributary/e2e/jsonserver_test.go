package e2e_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tributary/cache/redistest"
)

// startJSONServer runs json-server, of which JSONPlaceholder is made, with
// JSONPlaceholder's data.
func startJSONServer(t *testing.T) string {
	t.Helper()
	modules := os.Getenv("TRIBUTARY_NODE_MODULES")
	node, err := exec.LookPath("node")
	data, readErr := os.ReadFile(filepath.Join(modules, "jsonplaceholder", "data.json"))
	if err != nil || modules == "" || readErr != nil {
		redistest.Missing(t, "json-server",
			"npm install --prefix DIR json-server@0.17.4 jsonplaceholder@0.3.3, and set TRIBUTARY_NODE_MODULES=DIR/node_modules")
	}

	db := filepath.Join(t.TempDir(), "db.json")
	if err := os.WriteFile(db, data, 0o600); err != nil {
		t.Fatal(err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().(*net.TCPAddr)
	free.Close()
	server := exec.CommandContext(t.Context(), node, filepath.Join(modules, "json-server", "lib", "cli", "bin.js"),
		"--quiet", "--host", "127.0.0.1", "--port", fmt.Sprint(address.Port), db)
	server.Stderr = os.Stderr
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Wait() }) // the test's context has ended it
	base := "http://" + address.String()
	deadline := time.Now().Add(30 * time.Second)
	for {
		resp, err := http.Get(base + "/users/1")
		if err == nil {
			resp.Body.Close()
			http.DefaultClient.CloseIdleConnections()
			return base
		}
		if time.Now().After(deadline) {
			t.Fatalf("json-server does not answer: %v", err)
		}
	}
}

// The directory's shape is JSONPlaceholder's: what its own server does is what
// counts.
func TestRealJSONPlaceholder(t *testing.T) {
	d := startDemo(t, map[string]string{"DIRECTORY_URL": startJSONServer(t)})
	do := func(method, path, body string) answer {
		return d.do(method, d.urls["api"]+path, body, authorized())
	}
	a := do(http.MethodGet, "/v1/users/1?include=activity", "")
	if a.status != http.StatusOK || a.Data["name"] != "Leanne Graham" {
		t.Errorf("GET 1 = %d %s, want Leanne Graham", a.status, a.body)
	}
	if want := map[string]any{"posts": 10., "todos_open": 9., "todos_done": 11.}; fmt.Sprint(a.Data["activity"]) != fmt.Sprint(want) {
		t.Errorf("activity of 1 = %v, want %v", a.Data["activity"], want)
	}
	list := do(http.MethodGet, "/v1/users?page=2&per_page=4", "")
	if list.header.Get("X-Total-Count") != "10" || strings.Count(list.body, `"username"`) != 4 {
		t.Errorf("page 2 = %s of %s, want 4 of 10", list.body, list.header.Get("X-Total-Count"))
	}
	if found := do(http.MethodGet, "/v1/users?q=Romaguera", ""); !strings.Contains(found.body, "Leanne Graham") {
		t.Errorf("q=Romaguera = %s, want Leanne Graham", found.body)
	}
	made := do(http.MethodPost, "/v1/users", `{"name": "Ada", "address": {"city": "London", "postal_code": "N1", "latitude": 51.5, "longitude": -0.1}}`)
	if made.status != http.StatusCreated || made.header.Get("Location") != "/v1/users/11" {
		t.Fatalf("POST = %d %s at %q, want 201 at /v1/users/11", made.status, made.body, made.header.Get("Location"))
	}
	patched := do(http.MethodPatch, "/v1/users/11", `{"address": {"city": "Paris"}, "email": "ada@example.org"}`)
	address, _ := patched.Data["address"].(map[string]any)
	if patched.status != http.StatusOK || address["city"] != "Paris" || address["postal_code"] != "N1" || address["latitude"] != 51.5 {
		t.Errorf("PATCH = %d %s, want another city and the rest as before", patched.status, patched.body)
	}
	removed := do(http.MethodPatch, "/v1/users/11", `{"email": null}`)
	if removed.status != http.StatusOK || removed.Data["email"] != nil {
		t.Errorf("PATCH email away = %d %s, want no email", removed.status, removed.body)
	}
	put := do(http.MethodPut, "/v1/users/11", `{"name": "Grace"}`)
	if put.status != http.StatusOK || put.Data["name"] != "Grace" || put.Data["address"] != nil {
		t.Errorf("PUT = %d %s, want Grace and nothing else", put.status, put.body)
	}
	if got := do(http.MethodGet, "/v1/users/11", ""); got.Data["name"] != "Grace" {
		t.Errorf("GET after PUT = %s, want Grace", got.body)
	}
	if gone := do(http.MethodDelete, "/v1/users/11", ""); gone.status != http.StatusNoContent {
		t.Errorf("DELETE = %d %s, want 204", gone.status, gone.body)
	}
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		if none := do(method, "/v1/users/11", ""); none.status != http.StatusNotFound {
			t.Errorf("%s after DELETE = %d %s, want 404", method, none.status, none.body)
		}
	}
}
