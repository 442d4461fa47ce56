package declared_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

var enriched = map[string]string{
	"order.json": `{"type": "object", "properties": {"lines": {"type": "array", "items": {"type": "object",
		"properties": {"sku": {"type": "string"}}}}}}`,
	"product.json": `{"type": "object", "required": ["sku"], "properties": {"sku": {"type": "string"}, "title": {"type": "string"}}}`,
	"endpoints.yaml": `
version: 1
upstreams: {orders: {}, catalogue: {}}
sources:
  order: {get: "orders /orders/{id}", answer: order.json}
  products:
    get: catalogue /products?sku={skus}
    answer: product.json
    batch: {over: skus, by: .sku, most: 50}
endpoints:
  /v1/orders/{id}:
    scope: none
    parameters: {id: {type: string}}
    parts:
      order: {ask: {id: id}, required: true}
      products: {ask: {skus: "map(order.lines, .sku)"}}
    data:
      lines: {each: order.lines, as: {sku: .sku, title: "products[.sku].title"}}
`}

// orderOf is an order with a line for each of these numbers.
func orderOf(from, to int) behaviour {
	var lines []string
	for n := from; n < to; n++ {
		lines = append(lines, fmt.Sprintf(`{"sku": "S%d"}`, n))
	}
	return answers(200, `{"lines": [`+strings.Join(lines, ",")+`]}`)
}

// catalogue has every product that is asked for.
func catalogue(r *http.Request) (*http.Response, error) {
	var all []map[string]string
	for _, sku := range r.URL.Query()["sku"] {
		all = append(all, map[string]string{"sku": sku, "title": "Title of " + sku})
	}
	body, err := json.Marshal(all)
	if err != nil {
		return nil, err
	}
	return answers(200, string(body))(r)
}

func TestEachLineOfAnOrderIsEnriched(t *testing.T) {
	it(t, "in few calls, and in none while the products are fresh", func(t *testing.T) {
		w := open(t, enriched, map[string]behaviour{"orders": orderOf(0, 200), "catalogue": catalogue})
		r := w.get("/v1/orders/{id}", "id=1")
		if got := strings.Count(r.data, `"title":"Title of S`); r.err != nil || got != 200 {
			t.Fatalf("%d lines have a title (error %v), want 200", got, r.err)
		}
		if got := len(w.asked("catalogue")); got != 4 {
			t.Errorf("200 products took %d calls, want 4", got)
		}
		w.get("/v1/orders/{id}", "id=1")
		w.now("orders", orderOf(150, 260)) // 50 of them are known
		time.Sleep(time.Minute)
		w.get("/v1/orders/{id}", "id=2")
		if got := len(w.asked("catalogue")); got != 6 {
			t.Errorf("with 60 products that are new %d calls, want 6", got)
		}
	})
}
