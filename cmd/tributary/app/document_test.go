package app_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tributary/api/contracttest"
	"tributary/cmd/tributary/app"
)

// shop is the upstreams of examples/orders.
func shop(t *testing.T) *httptest.Server {
	answers := map[string]string{
		"/orders/1": `{"id":"1","customer_id":"7","state":"PAID","total":12.50,"lines":[{"sku":"AB-0001","qty":2},{"sku":"AB-0002","qty":1}],"ship_to":{"lat":52.1,"lon":4.3}}`,
		"/orders/2": `{"id":"2","customer_id":"8","state":"NEW","total":0,"lines":[{"sku":"AB-0001","qty":1}]}`,
		"/orders/4": `{"id":"5","customer_id":"7","state":"PAID","total":12.50,"lines":[]}`,

		"/customers/7": `{"id":"7","first":"Ada","last":"Lovelace","email":"ada@example.org"}`,
		"/products":    `[{"sku":"AB-0001","title":"Lamp"},{"sku":"AB-0002","title":"Desk"}]`,
		"/shipments":   `{"shipments":[{"carrier":"DHL","eta":"2027-01-02"}]}`,
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, ok := answers[r.URL.Path]
		if !ok {
			http.Error(w, "{}", http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(s.Close)
	return s
}

// orders is the environment of a gateway with examples/orders, whose upstreams are at
// a URL. The built-in ones are off.
func orders(upstreams string) map[string]string {
	env := map[string]string{
		"LISTEN_ADDR": "127.0.0.1:0", "ADMIN_ADDR": "off", "ENDPOINTS_FILE": "../../../examples/orders/orders.yaml",
		"ANONYMOUS_SCOPES": "orders:read", "ORDERS_TOKEN": "secret", "CUSTOMERS_API_KEY": "secret",
	}
	for _, name := range []string{"OPENMETEO", "GEOCODING", "DIRECTORY", "GITHUB", "OPENMETEO_AIR"} {
		env[name+"_ENABLED"] = "false"
	}
	for _, name := range []string{"ORDERS", "CUSTOMERS", "SHIPPING", "CATALOGUE"} {
		env[name+"_URL"] = upstreams
		env[name+"_RETRIES"] = "0"
	}
	return env
}

func get(t *testing.T, url string, header ...string) (*http.Request, *http.Response, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r, response, body
}

// What a gateway with declared endpoints answers is as its own /openapi.yaml says.
func TestDeclaredAnswersAreAsDescribed(t *testing.T) {
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	well := serveOn(t, app.Network{}, orders(shop(t).URL), 1)[0]
	ill := serveOn(t, app.Network{}, orders("http://"+gone.Addr().String()), 1)[0]
	_, _, document := get(t, well+"/openapi.yaml")
	contract, err := contracttest.New(document)
	if err != nil {
		t.Fatal(err)
	}
	if contract.Model.Paths.PathItems.GetOrZero("/v1/orders/{id}") == nil {
		t.Fatal("/openapi.yaml does not have /v1/orders/{id}")
	}
	_, first, _ := get(t, well+"/v1/orders/1")
	for _, c := range []struct {
		name, url string
		header    []string
		status    int
		has       string
	}{
		{"a complete answer", well + "/v1/orders/1", nil, 200, `"title":"Desk"`},
		{"one with a part that does not exist", well + "/v1/orders/2", nil, 200, `"name":"customer","state":"skipped"`},
		{"the same again", well + "/v1/orders/1", []string{"If-None-Match", first.Header.Get("ETag")}, 304, ""},
		{"no such order", well + "/v1/orders/3", nil, 404, `"name":"order"`},
		{"an answer about another order", well + "/v1/orders/4", nil, 502, `"name":"order"`},
		{"a parameter that breaks its rule", well + "/v1/orders/x", nil, 400, `"errors"`},
		{"an upstream that is gone", ill + "/v1/orders/1", nil, 502, `"code":"connection"`},
		{"nothing cached", ill + "/v1/orders/9", []string{"Cache-Control", "only-if-cached"}, 504, `"code":"not_cached"`},
		{"a key that is wrong", well + "/v1/orders/1", []string{"X-API-Key", "wrong"}, 200, ""}, // credentials are not configured
		{"another media type", well + "/v1/orders/1", []string{"Accept", "text/html"}, 406, ""},
		{"the status", well + "/v1/status", nil, 200, `"name":"orders"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			request, response, body := get(t, c.url, c.header...)
			if response.StatusCode != c.status || !strings.Contains(string(body), c.has) {
				t.Errorf("%d %s, want %d with %s", response.StatusCode, body, c.status, c.has)
			}
			defer func() {
				if t.Failed() {
					t.Logf("%d %v %s", response.StatusCode, response.Header, body)
				}
			}()
			for _, mistake := range contract.Mistakes(request, response, body) {
				t.Errorf("the answer is not as described: %s", mistake)
			}
		})
	}
}

func TestServedDocumentHidesWhatIsSwitchedOff(t *testing.T) {
	env := orders("http://127.0.0.1:1")
	env["BUILTIN_ENDPOINTS"] = "weather"
	_, _, document := get(t, serveOn(t, app.Network{}, env, 1)[0]+"/openapi.yaml")
	for path, want := range map[string]bool{
		"/v1/weather": true, "/v1/air-quality": false, "/v1/places": false, "/v1/users": false, "/v1/users/{id}": false,
		"/v1/status": true, "/v1/orders/{id}": true,
	} {
		if got := strings.Contains(string(document), "\n  "+path+":\n"); got != want {
			t.Errorf("it has %s: %t, want %t", path, got, want)
		}
	}
}
