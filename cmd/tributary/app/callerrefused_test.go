package app

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestAnUpstreamsRefusalIsTheCallers(t *testing.T) {
	for status, problem := range map[int]string{401: "/problems/unauthorized", 403: "/problems/forbidden"} {
		code := map[int]string{401: "unauthorized", 403: "forbidden"}[status]
		for _, one := range []struct{ path, part string }{
			{"/v1/members/1", "member"}, {"/v1/cards?ids=a&ids=b", "cards"}, {"/v1/alone/1", "member"}, // which has no other part
		} {
			it(t, code+" for "+one.path, func(t *testing.T) {
				c := newClub(t)
				ada := tokenOf("ada", time.Hour)
				c.now("club.test", refuses("ada", status, "WWW-Authenticate", `Bearer realm="theirs"`))
				for range 2 {
					r := c.as(ada, one.path)
					if c.want(r, status, "", one.part+" failed "+code); r.body.Type != problem || !strings.Contains(r.text, "an upstream") {
						t.Errorf("problem = %s, want %s that says who refuses", r.text, problem)
					}
					challenge := r.header.Get("WWW-Authenticate")
					if ours := strings.HasPrefix(challenge, `Bearer realm="tributary", error="invalid_token"`); ours != (status == 401) || r.header.Get("Cache-Control") != "no-store" {
						t.Errorf("headers = %v", r.header)
					}
				}
				c.wantCalls("club.test", 1) // it is not asked again at once
			})
		}
		it(t, code+" fails a part that is not required", func(t *testing.T) {
			c := newClub(t)
			c.now("club.test", refuses("ada", status))
			r := c.as(tokenOf("ada", time.Hour), "/v1/guests/1")
			c.want(r, 200, `{"offers":{"sale":true}}`, "member failed "+code+", offers live ")
		})
		it(t, code+" is not told where another part may have a value later", func(t *testing.T) {
			c := newClub(t)
			c.now("club.test", refuses("ada", status))
			c.now("shop.test", says(500, ""))
			c.want(c.as(tokenOf("ada", time.Hour), "/v1/guests/1"), 502, "", "member failed "+code+", offers failed server_error")
		})
		it(t, code+" of the first lets the second answer", func(t *testing.T) {
			c := newClub(t)
			c.now("club.test", refuses("ada", status))
			ada := tokenOf("ada", time.Hour)
			c.want(c.as(ada, "/v1/own/1"), 200, `{"rate":1}`, "best live ")
			c.now("bank.test", says(500, ""))
			c.want(c.as(ada, "/v1/own/2"), status, "", "best failed "+code)
		})
		it(t, code+" to our own credentials is not the caller's", func(t *testing.T) {
			c := newClub(t)
			c.now("bank.test", says(status, ""))
			c.now("club.test", says(500, ""))
			c.want(c.as(tokenOf("ada", time.Hour), "/v1/ours/1"), 502, "", "best failed "+code)
		})
	}
}

func TestAnOldAnswerNeverCoversARefusal(t *testing.T) {
	for status, part := range map[int]string{401: "failed unauthorized", 403: "failed forbidden", 404: "skipped not_found"} {
		it(t, part, func(t *testing.T) {
			c := newClub(t)
			ada, bob := tokenOf("ada", 24*time.Hour), tokenOf("bob", 24*time.Hour)
			for _, token := range []string{ada, bob} {
				c.as(token, "/v1/members/1")
				c.as(token, "/v1/guests/1")
			}
			time.Sleep(time.Hour)
			c.now("club.test", refuses("ada", status))
			c.want(c.as(ada, "/v1/guests/1"), 200, `{"offers":{"sale":true}}`, "member "+part+", offers live ")
			c.want(c.as(ada, "/v1/members/1"), status, "", "member "+part)
			c.now("club.test", says(500, ""))
			time.Sleep(time.Minute)
			c.want(c.as(ada, "/v1/members/1"), 502, "", "member failed server_error")
			c.want(c.as(bob, "/v1/members/1"), 200, `{"member":{"name":"bob"},"offers":{"sale":true}}`, "member stale server_error, offers cached ")
		})
	}
	it(t, "not even one of the second source", func(t *testing.T) {
		c := newClub(t)
		ada := tokenOf("ada", 24*time.Hour)
		c.as(ada, "/v1/own/1")
		time.Sleep(time.Hour)
		c.now("bank.test", says(500, ""))
		c.now("club.test", says(500, ""))
		c.want(c.as(ada, "/v1/own/1"), 200, `{"name":"ada"}`, "best stale server_error")
		time.Sleep(time.Minute)
		c.now("club.test", refuses("ada", 403))
		c.want(c.as(ada, "/v1/own/1"), 403, "", "best failed forbidden")
	})
}

func TestARefusedCallerHoldsBackNobodyElse(t *testing.T) {
	for _, one := range []struct {
		status int
		header []string
		code   string
		is     int
	}{
		{401, nil, "unauthorized", 401},
		{403, nil, "forbidden", 403},
		{429, nil, "rate_limited", 503},
		{429, []string{"Retry-After", "60"}, "rate_limited", 503},
	} {
		name := strings.Join(append([]string{one.code}, one.header...), " ")
		it(t, name, func(t *testing.T) {
			c := newClub(t)
			ada, bob := tokenOf("ada", time.Hour), tokenOf("bob", time.Hour)
			c.now("club.test", refuses("ada", one.status, one.header...))
			for range 50 { // more than open a breaker
				c.want(c.as(ada, "/v1/members/1"), one.is, "", "member failed "+one.code)
				c.want(c.as(ada, "/v1/cards?ids=a"), one.is, "", "cards failed "+one.code)
			}
			c.wantCalls("club.test", 2)
			time.Sleep(time.Nanosecond) // until the offers, which were given up, are stored
			c.want(c.as(bob, "/v1/members/1"), 200, `{"member":{"name":"bob"},"offers":{"sale":true}}`, "member live , offers cached ")
			c.want(c.as(bob, "/v1/cards?ids=a"), 200, `{"first":"bob"}`, "cards live ")
			for _, other := range []string{"2", "3", "4"} {
				c.as(ada, "/v1/members/"+other)
				c.want(c.as(bob, "/v1/own/"+other), 200, `{"name":"bob"}`, "best live ")
			}
			r := c.ask(http.MethodGet, "/v1/status", "")
			if !strings.Contains(r.text, `"club"`) || strings.Contains(r.text, `"open"`) {
				t.Errorf("status = %s, want the circuit closed", r.text)
			}
		})
	}
	it(t, "nor itself with a new token", func(t *testing.T) {
		c := newClub(t)
		c.now("club.test", refuses("ada", 401))
		c.as(tokenOf("ada", time.Hour), "/v1/alone/1")
		c.now("club.test", knowsCaller)
		c.want(c.as(tokenOf("ada", 2*time.Hour), "/v1/alone/1"), 200, `{"name":"ada"}`, "member live ")
	})
	it(t, "nor itself once the time is over", func(t *testing.T) {
		c := newClub(t)
		ada := tokenOf("ada", time.Hour)
		c.now("club.test", refuses("ada", 429, "Retry-After", "20"))
		if r := c.as(ada, "/v1/alone/1"); r.status != 503 || r.header.Get("Retry-After") != "20" {
			t.Errorf("answer = %d %v, want 503 with the Retry-After of the upstream", r.status, r.header)
		}
		c.now("club.test", knowsCaller)
		time.Sleep(20 * time.Second)
		c.want(c.as(ada, "/v1/alone/1"), 200, `{"name":"ada"}`, "member live ")
	})
}
