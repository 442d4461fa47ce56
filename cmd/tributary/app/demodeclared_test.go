package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func TestDemoSimulatesDeclaredUpstreams(t *testing.T) {
	d := start(t, nil, "demo", "--endpoints", ordersFile)

	t.Run("prints a line for each, after the built-in ones", func(t *testing.T) {
		want := []string{"api", "sim", "openmeteo", "geocoding", "openweather", "metno", "directory", "github", "openmeteo_air", "orders", "customers", "shipping", "catalogue", "key"}
		if !slices.Equal(d.names, want) {
			t.Errorf("lines = %q, want %q", d.names, want)
		}
	})
	t.Run("answers with all parts", func(t *testing.T) {
		a := d.get("/v1/orders/123")
		if a.status != http.StatusOK || a.Meta.Status != "complete" {
			t.Fatalf("answer = %d %s", a.status, a.body)
		}
		for _, name := range []string{"id", "state", "total", "customer", "lines", "parcels", "temperature"} {
			if a.Data[name] == nil {
				t.Errorf("%s is missing in %s", name, a.body)
			}
		}
		for _, line := range a.Data["lines"].([]any) {
			if line := line.(map[string]any); line["title"] == nil || line["quantity"] == nil {
				t.Errorf("a line is %v, want a title and a quantity", line)
			}
		}
	})
	t.Run("joins parts by ids that agree", func(t *testing.T) {
		for id := range 20 {
			d.agree(t, fmt.Sprint(1000+id))
		}
	})
	t.Run("answers 200 made-up orders completely", func(t *testing.T) {
		for id := range 200 {
			if a := d.get(fmt.Sprint("/v1/orders/", 5000+id)); a.Meta.Status != "complete" {
				t.Fatalf("order %d: %d %s", 5000+id, a.status, a.body)
			}
		}
	})
	t.Run("answers as the example in the API's description says", func(t *testing.T) {
		example := d.example(t, "/v1/orders/{id}")
		got := d.get("/v1/orders/" + example["id"].(string)).Data
		delete(got, "temperature") // the weather is not simulated from a schema
		delete(example, "temperature")
		if !reflect.DeepEqual(got, example) {
			t.Errorf("answer = %v, want the example %v", got, example)
		}
	})
	t.Run("lists them at /_sim", func(t *testing.T) {
		states := d.do(http.MethodGet, d.urls["sim"]+"/_sim", "").body
		for _, name := range declaredUpstreams {
			if !strings.Contains(states, `"`+name+`":{`) {
				t.Errorf("/_sim lacks %s: %s", name, states)
			}
		}
	})
}

// example is the data of the example that the API's description has for a path.
func (p *program) example(t *testing.T, path string) (data map[string]any) {
	t.Helper()
	var description struct {
		Paths map[string]struct {
			Get struct {
				Responses map[string]struct {
					Content map[string]struct {
						Examples map[string]struct {
							Value struct{ Data any }
						}
					}
				}
			}
		}
	}
	if err := yaml.Unmarshal([]byte(p.get("/openapi.yaml").body), &description); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(description.Paths[path].Get.Responses["200"].Content["application/json"].Examples["madeUp"].Value.Data)
	if err != nil || json.Unmarshal(raw, &data) != nil || data == nil {
		t.Fatalf("the example of %s is %s: %v", path, raw, err)
	}
	return data
}

// agree checks that what an answer has of each upstream is about the same order.
func (p *program) agree(t *testing.T, id string) {
	t.Helper()
	var order struct {
		ID, Customer_ID string
		Lines           []struct{ SKU string }
	}
	var customer struct{ ID, First, Last string }
	var parcels struct{ Shipments []any }
	p.upstream("orders", "/orders/"+id, &order)
	p.upstream("customers", "/customers/"+order.Customer_ID, &customer)
	p.upstream("shipping", "/shipments?order="+id, &parcels)
	a := p.get("/v1/orders/" + id)
	if order.ID != id || customer.ID != order.Customer_ID || a.Data["id"] != id {
		t.Errorf("order %s is %q of customer %q, who is %q; the answer is about %v", id, order.ID, order.Customer_ID, customer.ID, a.Data["id"])
	}
	if name := a.Data["customer"].(map[string]any)["name"]; name != customer.First+" "+customer.Last {
		t.Errorf("customer of %s = %q, want %s %s", id, name, customer.First, customer.Last)
	}
	if got, _ := a.Data["parcels"].([]any); len(got) != len(parcels.Shipments) {
		t.Errorf("order %s has %d parcels, want %d", id, len(got), len(parcels.Shipments))
	}
	for i, line := range a.Data["lines"].([]any) {
		var products []struct{ SKU, Title string }
		p.upstream("catalogue", "/products?sku="+order.Lines[i].SKU, &products)
		if line := line.(map[string]any); len(products) != 1 || line["sku"] != products[0].SKU || line["title"] != products[0].Title {
			t.Errorf("line %d of %s = %v, want the product %v", i, id, line, products)
		}
	}
}

func TestDemoAnswersTheSameInEveryRun(t *testing.T) {
	run := func() (all []map[string]any) {
		d := start(t, nil, "demo", "--endpoints", ordersFile)
		for id := range 10 {
			data := d.get(fmt.Sprint("/v1/orders/", 100+id)).Data
			delete(data, "temperature") // the weather changes with the hour
			all = append(all, data)
		}
		return all
	}
	if first, second := run(), run(); !reflect.DeepEqual(first, second) {
		t.Errorf("the first run answered\n%v\nthe second\n%v", first, second)
	}
}

func TestSimSimulatesDeclaredUpstreams(t *testing.T) {
	s := start(t, map[string]string{"ENDPOINTS_FILE": ordersFile}, "sim")
	if len(s.names) != 12 || !slices.Equal(s.names[8:], declaredUpstreams) {
		t.Errorf("lines = %q, want 12, the last for %q", s.names, declaredUpstreams)
	}
	var order struct{ ID string }
	if s.upstream("orders", "/orders/9", &order); order.ID != "9" {
		t.Errorf("order 9 is %q", order.ID)
	}
	if a := s.do(http.MethodGet, s.urls["orders"]+"/orders/9", ""); a.status != http.StatusUnauthorized {
		t.Errorf("an order without credentials: %d, want 401", a.status)
	}
}

func TestDemoYieldsToTheEnvironment(t *testing.T) {
	asked := make(chan http.Header, 10)
	mine := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Header
		fmt.Fprintf(w, `{"id": "9", "customer_id": "7", "state": "NEW", "total": 1, "lines": [{"sku": "AB-0001", "qty": 5}]}`)
	}))
	defer mine.Close()
	d := start(t, map[string]string{"ORDERS_URL": mine.URL, "ORDERS_TOKEN": "mine", "ANONYMOUS_SCOPES": "weather:read"}, "demo", "--endpoints", ordersFile)
	if a := d.get("/v1/orders/9"); a.status != http.StatusUnauthorized {
		t.Errorf("an anonymous caller gets %d, want 401", a.status)
	}
	a := d.get("/v1/orders/9", "X-Api-Key", d.urls["key"])
	if a.status != http.StatusOK || a.Data["total"] != 1.0 || a.Data["customer"] == nil {
		t.Errorf("the printed key gets %d %s, want the order of ORDERS_URL", a.status, a.body)
	}
	if h := <-asked; h.Get("Authorization") != "Bearer mine" || h.Get("Traceparent") == "" {
		t.Errorf("asked with %v, want ORDERS_TOKEN and a trace", h)
	}
}

func TestDemoDoesNotCallTheURLsOfTheFile(t *testing.T) {
	file := copyOrders(t)
	edit(t, file, "{credentials: bearer,", `{url: "https://orders.invalid", credentials: bearer,`)
	if a := start(t, nil, "demo", "--endpoints", file).get("/v1/orders/9"); a.Meta.Status != "complete" {
		t.Errorf("answer = %d %s, want one of the simulator", a.status, a.body)
	}
}
