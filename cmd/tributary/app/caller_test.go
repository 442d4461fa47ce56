package app

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestCallersTokenIsPassedOn(t *testing.T) {
	it(t, "to the upstreams that want it alone", func(t *testing.T) {
		c := newClub(t)
		ada := tokenOf("ada", time.Hour)
		c.want(c.as(ada, "/v1/members/1"), 200, `{"member":{"name":"ada"},"offers":{"sale":true}}`, "member live , offers live ")
		c.now("club.test", c.sees(says(500, "")))
		c.want(c.as(ada, "/v1/own/2"), 200, `{"rate":1}`, "best live ")
		c.wantSent("club.test", "Bearer "+ada, "Bearer "+ada)
		c.wantSent("shop.test", "")
		c.wantSent("bank.test", "Bearer bank-secret-of-ours")
	})
	for _, one := range []struct {
		name   string
		header []string
		detail string
	}{
		{"not without one, although anybody may read", nil, "needs a token"},
		{"never an API key", []string{"X-API-Key", clubKey}, "an API key is not enough"},
		{"never an API key as a bearer", []string{"Authorization", "Bearer " + clubKey}, "an API key is not enough"},
		{"not beside a key", []string{"X-API-Key", clubKey, "Authorization", "Bearer TOKEN"}, "more than one credential"},
		{"not as a key", []string{"X-API-Key", "TOKEN"}, "unknown API key"},
		{"not when we refuse it", []string{"Authorization", "Bearer TOKENx"}, "the token"},
	} {
		it(t, one.name, func(t *testing.T) {
			c := newClub(t)
			for i := range one.header {
				one.header[i] = strings.ReplaceAll(one.header[i], "TOKEN", tokenOf("ada", time.Hour))
			}
			for _, path := range []string{"/v1/members/1", "/v1/guests/1", "/v1/alone/1", "/v1/cards?ids=a", "/v1/own/1", "/v1/ours/1", "/v1/members/too-long-an-id"} {
				r := c.ask(http.MethodGet, path, "", one.header...)
				if r.status != 401 || r.body.Type != "/problems/unauthorized" || !strings.Contains(r.text, one.detail) {
					t.Errorf("%s = %d %s, want 401 with %q", path, r.status, r.text, one.detail)
				}
				if got := r.header.Get("WWW-Authenticate"); !strings.HasPrefix(got, `Bearer realm="tributary"`) {
					t.Errorf("%s: WWW-Authenticate = %q", path, got)
				}
			}
			for _, host := range []string{"club.test", "bank.test", "shop.test"} {
				c.wantCalls(host, 0)
			}
		})
	}
}

// wantCalls wants a number of requests to an upstream.
func (c *club) wantCalls(host string, n int) {
	c.t.Helper()
	if got := c.calls(host); got != n {
		c.t.Errorf("%s was asked %d times, want %d", host, got, n)
	}
}

func TestCallersNeverSeeEachOthersAnswers(t *testing.T) {
	it(t, "one after the other", func(t *testing.T) {
		c := newClub(t)
		for range 2 { // the second time from the cache
			for _, who := range []string{"ada", "bob"} {
				token := tokenOf(who, time.Hour)
				for _, path := range []string{"/v1/members/1", "/v1/guests/1"} {
					if r := c.as(token, path); string(r.body.Data) != `{"member":{"name":"`+who+`"},"offers":{"sale":true}}` {
						t.Errorf("%s as %s = %s", path, who, r.text)
					}
				}
				if r := c.as(token, "/v1/cards?ids=a&ids=b"); string(r.body.Data) != `{"first":"`+who+`","second":"`+who+`"}` {
					t.Errorf("cards of %s = %s", who, r.text)
				}
			}
		}
		c.wantCalls("club.test", 4) // a member and the cards, for each
		c.wantCalls("shop.test", 1)
	})
	it(t, "when they ask at the same time", func(t *testing.T) {
		c := newClub(t)
		c.now("club.test", func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(100 * time.Millisecond)
			knowsCaller(w, r)
		})
		var all sync.WaitGroup
		for range 10 {
			for _, who := range []string{"ada", "bob", "cat"} {
				token := tokenOf(who, time.Hour)
				all.Go(func() {
					if r := c.as(token, "/v1/members/1"); !strings.Contains(string(r.body.Data), who) {
						t.Errorf("as %s: %s", who, r.text)
					}
				})
			}
		}
		all.Wait()
		c.wantCalls("club.test", 3)
		c.wantCalls("shop.test", 1)
	})
	it(t, "with two tokens of one person", func(t *testing.T) {
		c := newClub(t)
		c.as(tokenOf("ada", time.Hour), "/v1/members/1")
		r := c.as(tokenOf("ada", 2*time.Hour), "/v1/members/1") // it may allow something else
		c.want(r, 200, `{"member":{"name":"ada"},"offers":{"sale":true}}`, "member live , offers cached ")
	})
	it(t, "but share what is the same for all", func(t *testing.T) {
		c := newClub(t)
		c.as(tokenOf("ada", time.Hour), "/v1/members/1")
		r := c.ask(http.MethodGet, "/v1/offers/1", "")
		c.want(r, 200, `{"offers":{"sale":true}}`, "offers cached ")
		if got := r.header.Get("Cache-Control"); !strings.HasPrefix(got, "public, ") {
			t.Errorf("Cache-Control = %q, want public", got)
		}
		c.wantCalls("shop.test", 1)
	})
}

func TestAnAnswerEndsWithTheToken(t *testing.T) {
	it(t, "fresh, cached or kept for when asking fails", func(t *testing.T) {
		c := newClub(t)
		ada := tokenOf("ada", time.Minute)
		c.as(ada, "/v1/members/1")
		c.as(ada, "/v1/cards?ids=a")
		c.now("club.test", says(500, ""))
		time.Sleep(time.Minute - 1)
		c.want(c.as(ada, "/v1/members/1"), 200, `{"member":{"name":"ada"},"offers":{"sale":true}}`, "member cached , offers cached ")
		c.want(c.as(ada, "/v1/cards?ids=a"), 200, `{"first":"ada"}`, "cards cached ")
		time.Sleep(time.Nanosecond) // a token is accepted for half a minute more, as clocks differ
		c.want(c.as(ada, "/v1/members/1"), 502, "", "member failed server_error")
		c.want(c.as(ada, "/v1/cards?ids=a"), 502, "", "cards failed server_error")
		time.Sleep(30 * time.Second)
		c.want(c.as(ada, "/v1/members/1"), 401, "", "")
	})
	it(t, "in the caches of the caller too", func(t *testing.T) {
		c := newClub(t)
		ada := tokenOf("ada", time.Minute)
		for path, want := range map[string]string{
			"/v1/members/1": "private, max-age=60", "/v1/guests/1": "private, max-age=60", "/v1/cards?ids=a": "private, max-age=60", "/v1/own/1": "private, max-age=60",
		} {
			r := c.as(ada, path)
			if got := r.header.Get("Cache-Control"); r.status != 200 || got != want {
				t.Errorf("%s = %d with Cache-Control %q, want %q", path, r.status, got, want)
			}
			if vary := strings.Join(r.header.Values("Vary"), ","); !strings.Contains(vary, "Authorization") {
				t.Errorf("%s: Vary = %q, want Authorization", path, vary)
			}
		}
		time.Sleep(57*time.Second + time.Second/2)
		c.now("shop.test", says(500, ""))
		if got := c.as(ada, "/v1/members/2").header.Get("Cache-Control"); got != "private, max-age=2" {
			t.Errorf("Cache-Control of a degraded answer = %q, want it to end with the token", got)
		}
		c.now("club.test", says(404, "{}"))
		if r := c.as(ada, "/v1/members/3"); r.status != 404 || r.header.Get("Cache-Control") != "no-store" {
			t.Errorf("what is not there = %d with Cache-Control %q, want no-store", r.status, r.header.Get("Cache-Control"))
		}
	})
	it(t, "although it was accepted after its end", func(t *testing.T) {
		c := newClub(t)
		ada := tokenOf("ada", -10*time.Second)
		for range 2 {
			r := c.as(ada, "/v1/guests/1")
			if !strings.HasPrefix(states(r.answer), "member live ") || r.header.Get("Cache-Control") != "private, max-age=0" {
				t.Errorf("answer = %s with Cache-Control %q, want a live one that is not kept", r.text, r.header.Get("Cache-Control"))
			}
		}
	})
	it(t, "in the background too", func(t *testing.T) {
		c := newClub(t)
		ada := tokenOf("ada", 15*time.Minute)
		c.as(ada, "/v1/members/1")
		time.Sleep(12 * time.Minute)
		c.want(c.as(ada, "/v1/members/1"), 200, `{"member":{"name":"ada"},"offers":{"sale":true}}`, "member revalidating , offers revalidating ")
		synctest.Wait()
		c.now("club.test", says(500, ""))
		time.Sleep(3 * time.Minute)
		c.want(c.as(ada, "/v1/members/1"), 502, "", "member failed server_error")
	})
}
