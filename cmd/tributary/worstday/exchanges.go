package worstday

import (
	"slices"
	"time"
)

// exchange is a request that runs, or has run.
type exchange struct {
	request     Request
	began, over time.Duration // over is 0 while it runs
}

// alone reports whether the replica did nothing else from a while before an answer's
// request until the answer.
func (m *Model) alone(a Answer, before time.Duration) bool {
	for _, x := range m.running[a.Replica] {
		if x.request.Number != a.Number && (x.over == 0 || x.over > a.Began-before) && x.began < a.Ended {
			return false
		}
	}
	return true
}

// atOnce is the number of requests to the replica of an answer that ran at some instant
// while its request did.
func (m *Model) atOnce(a Answer) (n int) {
	for _, x := range m.running[a.Replica] {
		if x.began <= a.Ended && (x.over == 0 || x.over >= a.Began) {
			n++
		}
	}
	return n
}

// asksAnew reports whether a client sent no-cache to a replica at some instant of a time.
func (m *Model) asksAnew(replica int, at span) bool {
	return slices.ContainsFunc(m.running[replica], func(x *exchange) bool {
		over := x.over
		if over == 0 {
			over = m.now()
		}
		return x.request.header("Cache-Control") == "no-cache" && at.meets(span{x.began, over + 5*time.Second})
	})
}
