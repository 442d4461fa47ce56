package declared_test

import (
	"errors"
	"testing"
	"time"

	"tributary/upstream/aggregate"
	"tributary/upstream/declared"
)

// shop is a file with an order, its customer, who waits for it, and what the customer
// is worth, which waits for both.
var shop = map[string]string{
	"any.json": `{}`,
	"order.json": `{"type": "object", "required": ["id"], "properties": {
		"id": {"type": "string"}, "customer": {"type": "string"}, "open": {"type": "boolean"}, "total": {"type": "number"}}}`,
	"endpoints.yaml": `
version: 1
upstreams: {orders: {}, customers: {}, ratings: {}, parcels: {}}
sources:
  order:    {get: "orders /orders/{id}", answer: order.json}
  customer: {get: "customers /customers/{customer}", answer: any.json}
  rating:   {get: "ratings /ratings?of={name}", answer: any.json}
  parcels:  {get: "parcels /parcels?order={order}", answer: any.json, not_found: {sent: 0}}
endpoints:
  /v1/chain/{id}:
    scope: none
    parameters: {id: {type: string}}
    parts:
      rating:   {ask: {name: customer.name}}
      customer: {ask: {customer: order.customer}}
      order:    {ask: {id: id}, required: true}
    data: {order: order.id, customer: customer.name, rating: rating.stars}
  /v1/beside/{id}:
    scope: none
    parameters: {id: {type: string}}
    parts:
      order:   {ask: {id: id}, required: true}
      parcels: {ask: {order: id}}
    data: {order: order.id, sent: parcels.sent}
  /v1/optional/{id}:
    scope: none
    parameters: {id: {type: string}}
    parts:
      order:   {ask: {id: id}}
      parcels: {ask: {order: id}}
    data: {order: order.id, sent: parcels.sent}
  /v1/when/{id}:
    scope: none
    parameters: {id: {type: string}, all: {type: boolean}}
    parts:
      order:   {ask: {id: id}, required: true}
      parcels: {ask: {order: id}, when: order.open}
      rating:  {ask: {name: order.customer}, when: order.total > 10 or all}
    data: {order: order.id, sent: parcels.sent, rating: rating.stars}
  /v1/both/{id}:
    scope: none
    parameters: {id: {type: string}}
    parts:
      order:   {ask: {id: id}, required: true}
      parcels: {ask: {order: id}, required: true}
    data: {order: order.id, sent: parcels.sent}
`}

func shopWith(changes map[string]behaviour) map[string]behaviour {
	all := map[string]behaviour{
		"orders":    answers(200, `{"id": "7", "customer": "c1", "open": true, "total": 12.5}`),
		"customers": answers(200, `{"name": "Ada"}`),
		"ratings":   answers(200, `{"stars": 5}`),
		"parcels":   answers(200, `{"sent": 2}`),
	}
	for name, b := range changes {
		all[name] = b
	}
	return all
}

func slow(d time.Duration) map[string]behaviour {
	all := shopWith(nil)
	for name, b := range all {
		all[name] = after(d, b)
	}
	return all
}

func TestParts(t *testing.T) {
	it(t, "are asked side by side when none waits for another", func(t *testing.T) {
		w := open(t, shop, slow(50*time.Millisecond))
		r := w.get("/v1/beside/{id}", "id=7")
		r.want(t, `{"order":"7","sent":2}`, "order live, parcels live")
		if r.took != 50*time.Millisecond {
			t.Errorf("it took %v, want 50ms", r.took)
		}
	})
	it(t, "are asked as soon as what they refer to is there", func(t *testing.T) {
		w := open(t, shop, slow(50*time.Millisecond))
		r := w.get("/v1/chain/{id}", "id=7")
		r.want(t, `{"order":"7","customer":"Ada","rating":5}`, "rating live, customer live, order live")
		if r.took != 150*time.Millisecond {
			t.Errorf("it took %v, want 150ms", r.took)
		}
		w.wantAsked("customers", "/customers/c1")
		w.wantAsked("ratings", "/ratings?of=Ada")
	})
	it(t, "that wait for another have a patience of their own", func(t *testing.T) {
		w := open(t, shop, slow(700*time.Millisecond))
		r := w.get("/v1/chain/{id}", "id=7")
		r.want(t, `{"order":"7","customer":"Ada","rating":5}`, "rating live, customer live, order live")
	})
	it(t, "are asked for nothing when their answers are fresh", func(t *testing.T) {
		w := open(t, shop, shopWith(nil))
		for range 3 {
			w.get("/v1/chain/{id}", "id=7")
		}
		w.get("/v1/chain/{id}", "id=7").want(t, `{"order":"7","customer":"Ada","rating":5}`, "rating cached, customer cached, order cached")
		for _, host := range []string{"orders", "customers", "ratings"} {
			if n := len(w.asked(host)); n != 1 {
				t.Errorf("%s was asked %d times, want once", host, n)
			}
		}
	})
	it(t, "are skipped when what they refer to is absent", func(t *testing.T) {
		w := open(t, shop, shopWith(map[string]behaviour{"orders": answers(200, `{"id": "7"}`)}))
		w.get("/v1/chain/{id}", "id=7").want(t, `{"order":"7"}`, "rating skipped, customer skipped, order live")
		w.wantAsked("customers")
	})
	it(t, "whose upstream is switched off are skipped", func(t *testing.T) {
		has := shopWith(nil)
		delete(has, "parcels")
		open(t, shop, has).get("/v1/beside/{id}", "id=7").want(t, `{"order":"7"}`, "order live, parcels skipped")
	})
}

func TestARequiredPart(t *testing.T) {
	it(t, "that is not found makes the answer not found", func(t *testing.T) {
		w := open(t, shop, shopWith(map[string]behaviour{"orders": answers(404, "")}))
		if e := w.get("/v1/beside/{id}", "id=7").noAnswer(t); !e.NotFound() || len(e.Sources) != 1 {
			t.Errorf("problem = %+v, want not found, with the required part alone", e)
		}
	})
	it(t, "that fails ends the others", func(t *testing.T) {
		w := open(t, shop, shopWith(map[string]behaviour{"orders": after(50*time.Millisecond, answers(500, "")), "parcels": hangs}))
		r := w.get("/v1/both/{id}", "id=7")
		e := r.noAnswer(t)
		if e.NotFound() || len(e.Sources) != 2 || r.took != 50*time.Millisecond {
			t.Errorf("problem = %+v after %v, want a failure of two required parts after 50ms", e, r.took)
		}
	})
	it(t, "ends optional parts when it fails", func(t *testing.T) {
		w := open(t, shop, shopWith(map[string]behaviour{"orders": answers(500, ""), "parcels": hangs}))
		r := w.get("/v1/beside/{id}", "id=7")
		if e := r.noAnswer(t); len(e.Sources) != 1 || r.took != 0 {
			t.Errorf("problem = %+v after %v, want that of order at once", e, r.took)
		}
	})
	it(t, "whose upstream is switched off switches the endpoint off", func(t *testing.T) {
		has := shopWith(nil)
		delete(has, "orders")
		if r := open(t, shop, has).get("/v1/beside/{id}", "id=7"); !errors.Is(r.err, aggregate.ErrSwitchedOff) {
			t.Errorf("error = %v, want switched off", r.err)
		}
	})
	it(t, "has the whole request for its answer", func(t *testing.T) {
		w := open(t, shop, shopWith(map[string]behaviour{"orders": after(1500*time.Millisecond, answers(200, `{"id": "7"}`))}))
		w.get("/v1/beside/{id}", "id=7").want(t, `{"order":"7","sent":2}`, "order live, parcels live")
	})
}

func TestAnOptionalPart(t *testing.T) {
	it(t, "that fails leaves its members out", func(t *testing.T) {
		w := open(t, shop, shopWith(map[string]behaviour{"parcels": answers(500, "")}))
		w.get("/v1/beside/{id}", "id=7").want(t, `{"order":"7"}`, "order live, parcels failed server_error")
	})
	it(t, "that hangs is waited for no longer than patience", func(t *testing.T) {
		w := open(t, shop, shopWith(map[string]behaviour{"parcels": hangs}))
		r := w.get("/v1/beside/{id}", "id=7")
		r.want(t, `{"order":"7"}`, "order live, parcels failed timeout")
		if r.took != patience {
			t.Errorf("it took %v, want %v", r.took, patience)
		}
	})
	it(t, "that is not found is skipped", func(t *testing.T) {
		w := open(t, shop, shopWith(map[string]behaviour{"customers": answers(404, "")}))
		w.get("/v1/chain/{id}", "id=7").want(t, `{"order":"7"}`, "rating skipped, customer skipped not_found, order live")
	})
	it(t, "whose 404 means something has that value", func(t *testing.T) {
		w := open(t, shop, shopWith(map[string]behaviour{"parcels": answers(404, "<html>")}))
		w.get("/v1/beside/{id}", "id=7").want(t, `{"order":"7","sent":0}`, "order live, parcels live")
	})
	it(t, "that is stale is in the answer with its reason", func(t *testing.T) {
		w := open(t, shop, shopWith(nil))
		w.get("/v1/beside/{id}", "id=7")
		time.Sleep(time.Hour)
		w.now("parcels", answers(500, ""))
		w.get("/v1/beside/{id}", "id=7").want(t, `{"order":"7","sent":2}`, "order live, parcels stale server_error")
	})
}

func TestWithoutRequiredParts(t *testing.T) {
	it(t, "one part is enough", func(t *testing.T) {
		w := open(t, shop, shopWith(map[string]behaviour{"orders": answers(500, "")}))
		w.get("/v1/optional/{id}", "id=7").want(t, `{"sent":2}`, "order failed server_error, parcels live")
	})
	it(t, "the answer is an error when all fail", func(t *testing.T) {
		w := open(t, shop, shopWith(map[string]behaviour{"orders": answers(500, ""), "parcels": answers(503, "")}))
		if e := w.get("/v1/optional/{id}", "id=7").noAnswer(t); e.NotFound() || len(e.Sources) != 2 {
			t.Errorf("problem = %+v, want a failure of both", e)
		}
	})
	it(t, "the answer is empty when one is not found and the other failed", func(t *testing.T) {
		w := open(t, shop, shopWith(map[string]behaviour{"orders": answers(404, ""), "parcels": answers(503, "")}))
		w.get("/v1/optional/{id}", "id=7").want(t, `{}`, "order skipped not_found, parcels failed server_error")
	})
}

func TestWhen(t *testing.T) {
	for _, c := range []struct{ name, order, all, data, states string }{
		{"asks where it is true", `{"id":"7","customer":"c","open":true,"total":12}`, "", `{"order":"7","sent":2,"rating":5}`, "order live, parcels live, rating live"},
		{"skips where it is false", `{"id":"7","customer":"c","open":false,"total":10}`, "all=false", `{"order":"7"}`, "order live, parcels skipped, rating skipped"},
		{"skips where it is absent", `{"id":"7","customer":"c","total":1}`, "", `{"order":"7"}`, "order live, parcels skipped, rating skipped"},
		{"reads a parameter", `{"id":"7","customer":"c","total":1}`, "all=true", `{"order":"7","rating":5}`, "order live, parcels skipped, rating live"},
	} {
		it(t, c.name, func(t *testing.T) {
			w := open(t, shop, shopWith(map[string]behaviour{"orders": answers(200, c.order)}))
			w.get("/v1/when/{id}", "id=7", c.all).want(t, c.data, c.states)
		})
	}
}

func TestManyCallersOfAColdEndpointAreOneCallToEachUpstream(t *testing.T) {
	it(t, "with 500 callers", func(t *testing.T) {
		w := open(t, shop, slow(50*time.Millisecond))
		results := make(chan result)
		for range 500 {
			go func() { results <- w.get("/v1/chain/{id}", "id=7") }()
		}
		for range 500 {
			if r := <-results; r.data != `{"order":"7","customer":"Ada","rating":5}` {
				t.Fatalf("answer = %s (%s), error %v", r.data, r.states(), r.err)
			}
		}
		for _, host := range []string{"orders", "customers", "ratings"} {
			if n := len(w.asked(host)); n != 1 {
				t.Errorf("%s was asked %d times, want once", host, n)
			}
		}
	})
}

func TestParametersThatCannotBeAskedFor(t *testing.T) {
	for _, value := range []string{"", ".", ".."} {
		it(t, "are the caller's mistake: "+value, func(t *testing.T) {
			w := open(t, shop, shopWith(nil))
			r := w.get("/v1/beside/{id}", "id="+value)
			if wrong, ok := errors.AsType[*declared.ParameterError](r.err); !ok || wrong.Parameter != "id" {
				t.Errorf("error = %v, want a ParameterError of id", r.err)
			}
			w.wantAsked("orders")
		})
		it(t, "are skipped where a part gives them: "+value, func(t *testing.T) {
			w := open(t, shop, shopWith(map[string]behaviour{"orders": answers(200, `{"id":"7","customer":"`+value+`"}`)}))
			w.get("/v1/chain/{id}", "id=7").want(t, `{"order":"7"}`, "rating skipped, customer skipped, order live")
			w.wantAsked("customers")
		})
	}
}
