package upstream_test

import (
	"net/http"
	"testing"
	"time"

	"tributary/upstream"
)

func TestProviderLifetime(t *testing.T) {
	const (
		ours   = 10 * time.Minute
		second = time.Second
	)
	in := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
	for name, tt := range map[string]struct {
		header      func() []string
		wins        bool
		least, most time.Duration
	}{
		"shortens our lifetime by a tenth at most":       {func() []string { return nil }, false, ours * 9 / 10, ours},
		"uses a shorter max-age":                         {func() []string { return []string{"Cache-Control", "max-age=60"} }, false, 60 * second, 66 * second},
		"keeps our lifetime when max-age is longer":      {func() []string { return []string{"Cache-Control", "max-age=6000"} }, false, ours * 9 / 10, ours},
		"prefers s-maxage":                               {func() []string { return []string{"Cache-Control", "max-age=10, s-maxage=60"} }, false, 60 * second, 66 * second},
		"subtracts Age":                                  {func() []string { return []string{"Cache-Control", "max-age=60", "Age", "40"} }, false, 20 * second, 22 * second},
		"is zero when Age is over max-age":               {func() []string { return []string{"Cache-Control", "max-age=60", "Age", "70"} }, false, 0, 0},
		"is zero with no-cache":                          {func() []string { return []string{"Cache-Control", "max-age=60, No-Cache"} }, false, 0, 0},
		"uses a shorter Expires":                         {func() []string { return []string{"Expires", in(60 * second)} }, false, 60 * second, 66 * second},
		"subtracts the provider's Date from Expires":     {func() []string { return []string{"Expires", in(3660 * second), "Date", in(3600 * second)} }, false, 60 * second, 66 * second},
		"is zero with an Expires of 0":                   {func() []string { return []string{"Expires", "0"} }, false, 0, 0},
		"is zero with an Expires in the past":            {func() []string { return []string{"Expires", in(-60 * second)} }, false, 0, 0},
		"is zero with an Expires in the year 0":          {func() []string { return []string{"Expires", "Tue, 01 Nov 0000 00:00:00 GMT", "Age", "1"} }, false, 0, 0},
		"prefers max-age to Expires":                     {func() []string { return []string{"Expires", in(10 * second), "Cache-Control", "max-age=60"} }, false, 60 * second, 66 * second},
		"keeps our lifetime when Expires is in 9999":     {func() []string { return []string{"Expires", "Fri, 31 Dec 9999 23:59:59 GMT"} }, false, ours * 9 / 10, ours},
		"uses a longer Expires if the source trusts it":  {func() []string { return []string{"Expires", in(30 * time.Minute)} }, true, 30 * time.Minute, 33 * time.Minute},
		"uses a shorter Expires if the source trusts it": {func() []string { return []string{"Expires", in(time.Minute)} }, true, 60 * second, 66 * second},
		"is no longer than our greatest age":             {func() []string { return []string{"Cache-Control", "max-age=99999999999"} }, true, 24 * time.Hour, 24 * time.Hour},
		"is limited with an Expires in 9999":             {func() []string { return []string{"Expires", "Fri, 31 Dec 9999 23:59:59 GMT"} }, true, 24 * time.Hour, 24 * time.Hour},
		"reads quotes and spaces in directives":          {func() []string { return []string{"Cache-Control", ` , max-age="60" ,`} }, false, 60 * second, 66 * second},
		"reads a max-age that is not a number as 0":      {func() []string { return []string{"Cache-Control", "max-age=soon"} }, false, 0, 0},
		"uses the first of two max-age":                  {func() []string { return []string{"Cache-Control", "max-age=10", "Cache-Control", "max-age=60"} }, false, 10 * second, 11 * second},
		"is zero with no-cache beside one with fields":   {func() []string { return []string{"Cache-Control", `no-cache, no-cache="set-cookie", max-age=60`} }, false, 0, 0},
		"reads directives from several field lines":      {func() []string { return []string{"Cache-Control", "public", "Cache-Control", "max-age=60"} }, false, 60 * second, 66 * second},
	} {
		it(t, name, func(t *testing.T) {
			f := newFake(answers(200, "fine", tt.header()...))
			s := things(open(t, f), func(s *spec) { s.ObeyExpires = tt.wins })
			seen := map[time.Duration]bool{}
			for range 200 {
				d := time.Until(ask(s, fresh()).FreshUntil)
				if d < tt.least || d > tt.most {
					t.Fatalf("fresh for %v, want %v to %v", d, tt.least, tt.most)
				}
				seen[d] = true
			}
			if tt.least != tt.most && len(seen) < 100 {
				t.Errorf("%d lifetimes in 200 answers, want them to differ", len(seen))
			}
		})
	}
	it(t, "does not store no-store", func(t *testing.T) {
		f := newFake(answers(200, "fine", "Cache-Control", "no-store"))
		_, s := serve(t, f)
		got := ask(s, "a")
		want(t, got, upstream.Live, "")
		if got.Stored || got.Value != "fine" {
			t.Errorf("answer = %+v, want fine, and not stored", got)
		}
		want(t, ask(s, "a"), upstream.Live, "")
		wantSent(t, f, 2)
	})
	it(t, "deletes the entry when the next answer says no-store", func(t *testing.T) {
		f := newFake(well)
		_, s := serve(t, f, noRetries)
		ask(s, "a")
		time.Sleep(time.Hour)
		f.Now(answers(200, "secret", "Cache-Control", "no-store"))
		ask(s, "a")
		f.Now(answers(500, ""))
		want(t, ask(s, "a"), upstream.Failed, upstream.CodeServerError)
	})
}

func TestValidators(t *testing.T) {
	tagged := answers(200, "fine", "ETag", `W/"1"`, "Last-Modified", "Tue, 24 Nov 2026 06:00:00 GMT")
	it(t, "sends the stored validators, and a 304 renews the value", func(t *testing.T) {
		f := newFake(tagged)
		_, s := serve(t, f)
		first := ask(s, "a")
		if h := f.Request(0).Header; h.Get("If-None-Match")+h.Get("If-Modified-Since") != "" {
			t.Errorf("first request is conditional: %v", h)
		}
		time.Sleep(time.Hour)
		f.Now(answers(304, ""))
		got := ask(s, "a")
		want(t, got, upstream.Live, "")
		if got.Value != "fine" || got.Version != first.Version || got.Age != 0 || got.FwdStatus != 304 || !got.Stored {
			t.Errorf("answer = %+v, want the same value and version, of age 0, with 304", got)
		}
		h := f.Request(1).Header
		if h.Get("If-None-Match") != `W/"1"` || h.Get("If-Modified-Since") != "Tue, 24 Nov 2026 06:00:00 GMT" {
			t.Errorf("validators sent = %v, want those that came", h)
		}
		time.Sleep(5 * time.Minute)
		got = ask(s, "a")
		want(t, got, upstream.Cached, "")
		if got.Age != 5*time.Minute {
			t.Errorf("age = %v, want 5m since it was confirmed", got.Age)
		}
	})
	dated := answers(200, "fine", "Last-Modified", "Tue, 24 Nov 2026 06:00:00 GMT")
	for name, tt := range map[string]struct {
		first     behaviour
		confirmed []string // headers of the 304
		believed  bool
	}{
		"accepts a 304 without validators":                                    {tagged, nil, true},
		"accepts a 304 with the same tag, now strong":                         {tagged, []string{"ETag", `"1"`}, true},
		"accepts a 304 with the same date":                                    {dated, []string{"Last-Modified", "Tue, 24 Nov 2026 06:00:00 GMT"}, true},
		"repeats the request without validators after a 304 with another tag": {tagged, []string{"ETag", `W/"2"`}, false},
		"repeats it after a 304 with a tag when none was stored":              {dated, []string{"ETag", `"2"`}, false},
		"repeats it after a 304 with another date":                            {dated, []string{"Last-Modified", "Tue, 24 Nov 2026 07:00:00 GMT"}, false},
		"repeats it after another tag with the same date":                     {tagged, []string{"ETag", `"2"`, "Last-Modified", "Tue, 24 Nov 2026 06:00:00 GMT"}, false},
	} {
		it(t, name, func(t *testing.T) {
			f := newFake(inTurn(tt.first, answers(304, "", tt.confirmed...), answers(200, "new", "ETag", `"2"`)))
			_, s := serve(t, f)
			ask(s, "a")
			time.Sleep(time.Hour)
			got := ask(s, "a")
			want(t, got, upstream.Live, "")
			if tt.believed {
				wantSent(t, f, 2)
				if got.Value != "fine" {
					t.Errorf("value = %q, want fine", got.Value)
				}
				return
			}
			wantSent(t, f, 3)
			if h := f.Request(2).Header; h.Get("If-None-Match")+h.Get("If-Modified-Since") != "" {
				t.Errorf("third request is conditional: %v", h)
			}
			if got.Value != "new" || got.Attempts != 2 {
				t.Errorf("answer = %q after %d requests, want new after 2", got.Value, got.Attempts)
			}
		})
	}
	it(t, "fails on a 304 to the repeated, unconditional request", func(t *testing.T) {
		f := newFake(inTurn(tagged, answers(304, "", "ETag", `"2"`)))
		_, s := serve(t, f, noRetries)
		ask(s, "a")
		time.Sleep(time.Hour)
		got := ask(s, "a")
		want(t, got, upstream.Stale, upstream.CodeInvalidResponse)
		wantSent(t, f, 3)
	})
	it(t, "rejects a 304 to an unconditional request", func(t *testing.T) {
		f := newFake(inTurn(well, answers(304, "")))
		_, s := serve(t, f, noRetries)
		ask(s, "a")
		time.Sleep(time.Hour)
		want(t, ask(s, "a"), upstream.Stale, upstream.CodeInvalidResponse)
	})
	it(t, "sends none when a 304 could not be used", func(t *testing.T) {
		f := newFake(inTurn(tagged, answers(304, "")))
		s := things(open(t, f, noRetries), func(s *spec) {
			s.Renewable = func(value string, now time.Time) bool { return value != "fine" }
		})
		ask(s, "a")
		time.Sleep(time.Hour)
		want(t, ask(s, "a"), upstream.Stale, upstream.CodeInvalidResponse)
		if h := f.Request(1).Header; h.Get("If-None-Match") != "" {
			t.Errorf("validators sent = %v, want none", h)
		}
	})
	it(t, "keeps them through a cooldown, which a 304 ends", func(t *testing.T) {
		f := newFake(inTurn(tagged, answers(500, ""), answers(304, "")))
		_, s := serve(t, f, noRetries)
		ask(s, "a")
		time.Sleep(time.Hour)
		want(t, ask(s, "a"), upstream.Stale, upstream.CodeServerError)
		time.Sleep(5 * time.Second)
		want(t, ask(s, "a"), upstream.Live, "")
		if h := f.Request(2).Header; h.Get("If-None-Match") != `W/"1"` {
			t.Errorf("validators sent = %v, want the tag", h)
		}
		time.Sleep(11 * time.Minute)
		want(t, ask(s, "a"), upstream.Revalidating, "")
	})
	it(t, "sends none for a stored 404", func(t *testing.T) {
		f := newFake(answers(404, "", "ETag", `"gone"`))
		_, s := serve(t, f)
		ask(s, "a")
		time.Sleep(30 * time.Second)
		ask(s, "a")
		if h := f.Request(1).Header; h.Get("If-None-Match") != "" {
			t.Errorf("validators sent = %v, want none", h)
		}
	})
}
