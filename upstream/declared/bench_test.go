package declared_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"tributary/upstream"
	"tributary/upstream/aggregate"
	"tributary/upstream/declared"
)

// An order with its customer and its parcels, declared and by hand.
const (
	theOrder    = `{"id":"7","customer":"c1","state":"OPEN","total":12.50,"lines":[{"sku":"a","qty":2},{"sku":"b","qty":1}]}`
	theCustomer = `{"id":"c1","first":"Ada","last":"Lovelace","email":"a"}`
	theParcels  = `{"shipments":[{"carrier":"post","eta":"2027-01-02"}]}`
	theData     = `{"id":"7","state":"open","total":12.50,"customer":{"name":"Ada Lovelace","email":"a"},"lines":[{"sku":"a","quantity":2},{"sku":"b","quantity":1}],"parcels":[{"carrier":"post","eta":"2027-01-02"}]}`
)

var orders = map[string]string{
	"order.json": `{"type":"object","required":["id"],"properties":{"id":{"type":"string"},"customer":{"type":"string"},"state":{"type":"string"},"total":{"type":"number"},
		"lines":{"type":"array","items":{"type":"object","properties":{"sku":{"type":"string"},"qty":{"type":"integer"}}}}}}`,
	"customer.json": `{"type":"object","properties":{"first":{"type":"string"},"last":{"type":"string"},"email":{"type":"string"}}}`,
	"parcels.json":  `{"type":"object","properties":{"shipments":{"type":"array","items":{"type":"object","properties":{"carrier":{"type":"string"},"eta":{"type":"string"}}}}}}`,
	"endpoints.yaml": `
version: 1
upstreams: {orders: {}, customers: {}, parcels: {}}
sources:
  order:    {get: "orders /orders/{id}", answer: order.json}
  customer: {get: "customers /customers/{customer}", answer: customer.json}
  parcels:  {get: "parcels /parcels?order={order}", answer: parcels.json}
endpoints:
  /v1/orders/{id}:
    scope: none
    parameters: {id: {type: string}}
    parts:
      order:    {ask: {id: id}, required: true}
      customer: {ask: {customer: order.customer}}
      parcels:  {ask: {order: id}}
    data:
      id: order.id
      state: lower(order.state)
      total: order.total
      customer: {name: customer.first + " " + customer.last, email: customer.email}
      lines: {each: order.lines, as: {sku: .sku, quantity: .qty}}
      parcels: {each: parcels.shipments, as: {carrier: .carrier, eta: .eta}}
`}

func orderUpstreams() map[string]behaviour {
	return map[string]behaviour{"orders": answers(200, theOrder), "customers": answers(200, theCustomer), "parcels": answers(200, theParcels)}
}

func BenchmarkFreshHit(b *testing.B) {
	b.Run("declared", func(b *testing.B) {
		w := open(b, orders, orderUpstreams())
		e := w.endpoint("/v1/orders/{id}")
		q := declared.Query{Parameters: []json.RawMessage{json.RawMessage(`"7"`)}}
		benchmarkAnswer(b, func(ctx context.Context) ([]byte, []aggregate.Outcome, error) {
			data, sources, err := w.table.Answer(ctx, e, q)
			return data.JSON, sources, err
		})
	})
	b.Run("by hand", func(b *testing.B) {
		s := newByHand(b)
		benchmarkAnswer(b, func(ctx context.Context) ([]byte, []aggregate.Outcome, error) {
			return s.answer(ctx, "7", upstream.Directives{})
		})
	})
}

func benchmarkAnswer(b *testing.B, answer func(context.Context) ([]byte, []aggregate.Outcome, error)) {
	ctx := b.Context()
	if data, _, err := answer(ctx); err != nil || string(data) != theData {
		b.Fatalf("answer = %s, error %v; want %s", data, err, theData)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, sources, err := answer(ctx); err != nil || sources[1].State != upstream.Cached {
			b.Fatal(sources, err)
		}
	}
}

// byHand is the same endpoint as a programmer would write it.
type byHand struct {
	order    *upstream.Source[string, *handOrder]
	customer *upstream.Source[string, *handCustomer]
	parcels  *upstream.Source[string, *handParcels]
}

type (
	handOrder struct {
		ID       string      `json:"id"`
		Customer string      `json:"customer"`
		State    string      `json:"state"`
		Total    json.Number `json:"total"`
		Lines    []struct {
			SKU string `json:"sku"`
			Qty int    `json:"qty"`
		} `json:"lines"`
	}
	handCustomer struct{ First, Last, Email string }
	handParcels  struct {
		Shipments []handParcel `json:"shipments"`
	}
	handParcel struct {
		Carrier string `json:"carrier"`
		ETA     string `json:"eta"`
	}
	handLine struct {
		SKU      string `json:"sku"`
		Quantity int    `json:"quantity"`
	}
	handPerson struct {
		Name  string `json:"name"`
		Email string `json:"email"`
	}
	handData struct {
		ID       string       `json:"id"`
		State    string       `json:"state"`
		Total    json.Number  `json:"total"`
		Customer *handPerson  `json:"customer,omitempty"`
		Lines    []handLine   `json:"lines"`
		Parcels  []handParcel `json:"parcels,omitempty"`
	}
)

func newByHand(b *testing.B) *byHand {
	w := open(b, orders, orderUpstreams())
	return &byHand{
		order:    handSource[handOrder](w.upstreams["orders"], "order", "/orders/"),
		customer: handSource[handCustomer](w.upstreams["customers"], "customer", "/customers/"),
		parcels:  handSource[handParcels](w.upstreams["parcels"], "parcels", "/parcels?order="),
	}
}

func handSource[A any](up *upstream.Upstream, name, path string) *upstream.Source[string, *A] {
	return upstream.NewSource(up, upstream.Spec[string, *A]{
		Name: name, Route: path, Private: true,
		Key: func(id string) string { return id },
		Request: func(ctx context.Context, id string) (*http.Request, error) {
			return aggregate.Get(ctx, path+url.PathEscape(id))
		},
		Decode: func(r upstream.Response) (*A, error) {
			a := new(A)
			return a, json.Unmarshal(r.Body, a)
		},
	})
}

func (s *byHand) answer(ctx context.Context, id string, d upstream.Directives) ([]byte, []aggregate.Outcome, error) {
	order := aggregate.NewSlot(s.order, id, d)
	parcels := aggregate.NewSlot(s.parcels, id, d)
	customer := &aggregate.Later[string, *handCustomer]{
		Name: "customer", Source: s.customer, Directives: d,
		Question: func() (string, bool) { return order.Answer.Value.Customer, order.Answer.Value.Customer != "" },
	}
	aggregate.Lead(ctx, patience, &order, []aggregate.Part{&parcels}, []aggregate.Part{customer})
	outcomes := []aggregate.Outcome{order.Outcome(), customer.Outcome(), parcels.Outcome()}
	if !order.Useful() {
		return nil, outcomes, &aggregate.NoAnswerError{Sources: outcomes}
	}
	o := order.Answer.Value
	data := handData{ID: o.ID, State: strings.ToLower(o.State), Total: o.Total}
	for _, l := range o.Lines {
		data.Lines = append(data.Lines, handLine{l.SKU, l.Qty})
	}
	if customer.Useful() {
		c := customer.Answer.Value
		data.Customer = &handPerson{c.First + " " + c.Last, c.Email}
	}
	if parcels.Useful() {
		data.Parcels = parcels.Answer.Value.Shipments
	}
	body, err := json.Marshal(data)
	aggregate.Tag(body) // both answers have an entity tag
	return body, outcomes, err
}

// many is a file with as many endpoints, of about 600 bytes each, and a fifth as many
// sources. Each endpoint has three computed leaves.
func many(endpoints int) map[string]string {
	var b strings.Builder
	b.WriteString("version: 1\nupstreams: {things: {url: \"http://things.test\"}}\nsources:\n")
	for i := range endpoints / 5 {
		fmt.Fprintf(&b, "  thing%d: {get: \"things /things%d/{id}\", answer: thing.json}\n", i, i)
	}
	b.WriteString("endpoints:\n")
	for i := range endpoints {
		fmt.Fprintf(&b, `  /v1/things%d/{id}:
    summary: Everything that is known about one of the things number %d of the catalogue, and about its neighbour in the list
    scope: things:read
    parameters:
      id: {type: string, pattern: "^[0-9]{1,19}$"}
    parts:
      thing: {source: thing%d, ask: {id: id}, required: true}
      next:  {source: thing%d, ask: {id: thing.next}}
    data:
      id: thing.id
      name: lower(thing.name)
      total: thing.price * thing.count
      next: {id: next.id, name: next.name + " " + thing.name, price: next.price}
      tags: {each: thing.tags, as: {label: .label, size: .size}}
`, i, i, i/5, i/5)
	}
	return map[string]string{
		"endpoints.yaml": b.String(),
		"thing.json": `{"type":"object","properties":{"id":{"type":"string"},"next":{"type":"string"},"name":{"type":"string"},"price":{"type":"number"},"count":{"type":"integer"},
			"tags":{"type":"array","items":{"type":"object","properties":{"label":{"type":"string"},"size":{"type":"integer"}}}}}}`,
	}
}

// BenchmarkLoad tells the seconds of CPU and the greatest heap of reading and compiling
// 10,000 endpoints.
func BenchmarkLoad(b *testing.B) {
	files := many(10_000)
	b.Logf("%d bytes", len(files["endpoints.yaml"]))
	var d *declared.Definition
	for b.Loop() {
		runtime.GC()
		stop := watchHeap()
		before := cpu()
		d, _ = load(declared.Known{Files: folder(files)}, "endpoints.yaml")
		b.ReportMetric((cpu() - before).Seconds(), "cpu-s/op")
		b.ReportMetric(float64(stop())/1e6, "peak-MB")
		if d == nil || len(d.Endpoints) != 10_000 {
			b.Fatal("the file has mistakes")
		}
	}
	runtime.GC()
	b.ReportMetric(float64(heap())/1e6, "kept-MB")
	runtime.KeepAlive(d)
}

func cpu() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// watchHeap returns a function that ends it and has the greatest heap since.
func watchHeap() (stop func() uint64) {
	var peak atomic.Uint64
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(5 * time.Millisecond)
		defer ticker.Stop()
		for {
			peak.Store(max(peak.Load(), heap()))
			select {
			case <-done:
				return
			case <-ticker.C:
			}
		}
	}()
	return func() uint64 {
		close(done)
		<-ended
		return peak.Load()
	}
}
