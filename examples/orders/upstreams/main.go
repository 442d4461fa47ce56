// Command upstreams is four small services to try the example with: orders,
// customers, shipping and catalogue. Name those that are to run; without names all do.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"strconv"
)

// services are the services with their addresses, in the order in which they start.
var services = []struct {
	name, address string
	handler       http.Handler
}{
	{"orders", "127.0.0.1:9301", route("GET /orders/{id}", order)},
	{"customers", "127.0.0.1:9302", route("GET /customers/{id}", customer)},
	{"shipping", "127.0.0.1:9303", route("GET /shipments", shipments)},
	{"catalogue", "127.0.0.1:9304", route("GET /products", products)},
}

func main() {
	failed := make(chan error)
	for _, s := range services {
		if !wanted(s.name) {
			continue
		}
		fmt.Printf("%s http://%s\n", s.name, s.address)
		go func() { failed <- http.ListenAndServe(s.address, s.handler) }()
	}
	log.Fatal(<-failed)
}

func wanted(name string) bool {
	for _, arg := range os.Args[1:] {
		if arg == name {
			return true
		}
	}
	return len(os.Args) == 1
}

// object is an answer.
type object map[string]any

// route answers one pattern; a nil answer is a 404.
func route(pattern string, answer func(*http.Request) any) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		v := answer(r)
		w.Header().Set("Content-Type", "application/json")
		if v == nil {
			w.WriteHeader(http.StatusNotFound)
			v = object{"error": "not found"}
		}
		_ = json.NewEncoder(w).Encode(v) // fails only when the caller has gone
	})
	return mux
}

// order knows the orders 1 to 999.
func order(r *http.Request) any {
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil || id < 1 || id > 999 {
		return nil
	}
	states := []string{"NEW", "PAID", "SHIPPED", "DELIVERED"}
	return object{
		"id": r.PathValue("id"), "customer_id": strconv.Itoa(id%7 + 1), "state": states[id%4],
		"total": json.Number(fmt.Sprintf("%d.%02d", id%90+9, id%100)),
		"lines": []object{
			{"sku": fmt.Sprintf("AB-%04d", id), "qty": 1 + id%3},
			{"sku": fmt.Sprintf("CD-%04d", id%50), "qty": 1},
		},
		"ship_to": object{"city": "Berlin", "lat": 52.52, "lon": 13.41},
	}
}

func customer(r *http.Request) any {
	first := []string{"Ada", "Grace", "Alan", "Edsger", "Barbara", "Donald", "Radia"}
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil || id < 1 || id > len(first) {
		return nil
	}
	name := first[id-1]
	return object{"id": r.PathValue("id"), "first": name, "last": "Example", "email": fmt.Sprintf("%s@example.org", name)}
}

// shipments answers 404 for orders that were not sent yet, as some services do.
func shipments(r *http.Request) any {
	id, err := strconv.Atoi(r.URL.Query().Get("order"))
	if err != nil || id%4 < 2 {
		return nil
	}
	return object{"shipments": []object{{"carrier": "DHL", "eta": "2026-12-24"}}}
}

func products(r *http.Request) any {
	all := []object{}
	for _, sku := range r.URL.Query()["sku"] {
		all = append(all, object{"sku": sku, "title": "Article " + sku, "price": 4.99})
	}
	return all
}
