package declared_test

import (
	"testing"
	"time"

	"tributary/upstream"
)

var rates = map[string]string{
	"rate.json": `{"type": "object", "required": ["rate"], "properties": {"rate": {"type": "number"}}}`,
	"endpoints.yaml": `
version: 1
upstreams: {first: {}, second: {}, third: {}, other: {}}
sources:
  bank:   {get: "first /rates?of={currency}", answer: rate.json}
  broker: {get: "second /{currency}", answer: rate.json}
  market: {get: "third /rates/{currency}", answer: rate.json}
  other:  {get: "other /other", answer: rate.json}
endpoints:
  /v1/rates/{currency}:
    scope: none
    parameters: {currency: {type: string}}
    parts:
      rate: {first_of: [bank, broker, market], ask: {currency: currency}, required: true}
    data: {rate: rate.rate}
  /v1/beside/{currency}:
    scope: none
    parameters: {currency: {type: string}}
    parts:
      rate:  {first_of: [bank, broker, market], ask: {currency: currency}}
      other: {ask: {}}
    data: {rate: rate.rate, other: other.rate}
`}

func rate(text string) behaviour { return answers(200, `{"rate": `+text+`}`) }

func TestFirstOf(t *testing.T) {
	const (
		ms   = time.Millisecond
		half = patience / 2
	)
	failing, missing := answers(500, ""), answers(404, "")
	for _, c := range []struct {
		name                string
		bank, broker, stock behaviour
		data, states, who   string
		asked               [3]int
		took                time.Duration
	}{
		{"asks nobody else when the first answers", rate("1.10"), rate("2"), rate("3"), `{"rate":1.10}`, "rate live", "bank", [3]int{1, 0, 0}, 0},
		{"asks the second when the first fails", after(60*ms, failing), rate("2"), rate("3"), `{"rate":2}`, "rate live", "broker", [3]int{1, 1, 0}, 60 * ms},
		{"asks the third when both fail", failing, answers(200, "garbage"), rate("3"), `{"rate":3}`, "rate live", "market", [3]int{1, 1, 1}, 0},
		{"asks the second when the first is slow", hangs, rate("2"), rate("3"), `{"rate":2}`, "rate live", "broker", [3]int{1, 1, 0}, half},
		{"takes the first that answers of two", after(half+20*ms, rate("1")), after(100*ms, rate("2")), rate("3"), `{"rate":1}`, "rate live", "bank", [3]int{1, 1, 0}, half + 20*ms},
	} {
		it(t, c.name, func(t *testing.T) {
			w := open(t, rates, map[string]behaviour{"first": c.bank, "second": c.broker, "third": c.stock})
			r := w.get("/v1/rates/{currency}", "currency=EUR")
			r.want(t, c.data, c.states)
			asked := [3]int{len(w.asked("first")), len(w.asked("second")), len(w.asked("third"))}
			if r.err != nil || r.sources[0].Source != c.who || asked != c.asked || r.took != c.took {
				t.Errorf("%+v, asked %v after %v; want an answer of %s, asked %v after %v", r.sources, asked, r.took, c.who, c.asked, c.took)
			}
		})
	}
	it(t, "asks nobody else when the first does not know the thing", func(t *testing.T) {
		w := open(t, rates, map[string]behaviour{"first": missing, "second": rate("2"), "third": rate("3")})
		if e := w.get("/v1/rates/{currency}", "currency=EUR").noAnswer(t); !e.NotFound() {
			t.Errorf("problem = %+v, want not found", e)
		}
		w.wantAsked("second")
	})
	it(t, "fails with the first one's reason when all fail", func(t *testing.T) {
		w := open(t, rates, map[string]behaviour{"first": answers(200, "garbage"), "second": failing, "third": failing})
		e := w.get("/v1/rates/{currency}", "currency=EUR").noAnswer(t)
		if o := e.Sources[0]; o.Err.Code != upstream.CodeInvalidResponse || o.Source != "" {
			t.Errorf("outcome = %+v, want that of the bank", o)
		}
	})
	it(t, "serves an old answer only when all have failed", func(t *testing.T) {
		w := open(t, rates, map[string]behaviour{"first": rate("1"), "second": failing, "third": failing})
		w.get("/v1/rates/{currency}", "currency=EUR")
		time.Sleep(time.Hour)
		w.now("first", failing)
		r := w.get("/v1/rates/{currency}", "currency=EUR")
		r.want(t, `{"rate":1}`, "rate stale server_error")
		if r.sources[0].Source != "bank" {
			t.Errorf("answered by %q, want bank", r.sources[0].Source)
		}
		w.now("third", rate("3"))
		time.Sleep(time.Hour)
		w.get("/v1/rates/{currency}", "currency=EUR").want(t, `{"rate":3}`, "rate live")
	})
	it(t, "asks the second beside a part that has answered, when the first hangs", func(t *testing.T) {
		w := open(t, rates, map[string]behaviour{"first": hangs, "second": after(100*ms, rate("2")), "third": failing, "other": rate("9")})
		r := w.get("/v1/beside/{currency}", "currency=EUR")
		r.want(t, `{"rate":2,"other":9}`, "rate live, other live")
		if r.took != half+100*ms {
			t.Errorf("it took %v, want %v", r.took, half+100*ms)
		}
	})
	it(t, "skips alternatives that are switched off", func(t *testing.T) {
		w := open(t, rates, map[string]behaviour{"third": rate("3")})
		w.get("/v1/rates/{currency}", "currency=EUR").want(t, `{"rate":3}`, "rate live")
	})
	it(t, "answers from the cache of the second without waiting for a first that hangs", func(t *testing.T) {
		w := open(t, rates, map[string]behaviour{"first": failing, "second": rate("2"), "third": failing})
		w.get("/v1/rates/{currency}", "currency=EUR")
		r := w.get("/v1/rates/{currency}", "currency=EUR") // the first has a cooldown
		r.want(t, `{"rate":2}`, "rate cached")
		if len(w.asked("second")) != 1 {
			t.Errorf("the second was asked %d times, want once", len(w.asked("second")))
		}
	})
}
