package weather

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tributary/upstream"
	"tributary/upstream/upstreamtest"
)

const invalidTimezone = `{"error":true,"reason":"Invalid timezone"}`

func refusedWith(status int, body string) upstream.Response {
	return upstream.Response{Status: status, Header: http.Header{}, Body: []byte(body), At: time.Now()}
}

// asksForZone reports whether the request for a place has timezone=auto.
func asksForZone(t *testing.T, spec upstream.Spec[Place, *PackedReport], latitude, longitude float64) bool {
	t.Helper()
	url := upstreamtest.Requested(t, spec, NewPlace(latitude, longitude))
	if !strings.Contains(url, "&timeformat=unixtime") {
		t.Errorf("request = %s, want unix time with and without a time zone", url)
	}
	return strings.Contains(url, "timezone=auto")
}

func TestOpenMeteoWithoutATimeZone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spec := OpenMeteo()
		caracas := NewPlace(10.49, -66.88)
		if !asksForZone(t, spec, 10.49, -66.88) {
			t.Fatal("does not ask for a time zone at first")
		}
		if !spec.Again(caracas, refusedWith(400, invalidTimezone)) {
			t.Fatal("does not ask again after an invalid time zone")
		}
		for _, tt := range []struct {
			name                string
			latitude, longitude float64
			want                bool
		}{
			{"the same place", 10.49, -66.88, false},
			{"a place of the same degree", 10.01, -66.01, false},
			{"a place on its corner", 10, -67, false},
			{"a place to the north", 11, -66.88, true},
			{"a place to the east", 10.49, -65.99, true},
			{"a place to the west", 10.49, -67.01, true},
			{"a place of the same degree in the east", 10.49, 66.88, true},
			{"a place of the same degree in the south", -10.49, -66.88, true},
		} {
			if got := asksForZone(t, spec, tt.latitude, tt.longitude); got != tt.want {
				t.Errorf("%s: asks for a time zone = %v, want %v", tt.name, got, tt.want)
			}
		}
		if !asksForZone(t, OpenMeteo(), 10.49, -66.88) {
			t.Error("the refusal applies to another source")
		}

		time.Sleep(24*time.Hour - time.Second)
		if asksForZone(t, spec, 10.49, -66.88) {
			t.Error("asks for a time zone within a day")
		}
		time.Sleep(time.Second)
		if !asksForZone(t, spec, 10.49, -66.88) {
			t.Error("does not ask for a time zone after a day")
		}
		spec.Again(caracas, refusedWith(400, invalidTimezone))
		if asksForZone(t, spec, 10.49, -66.88) {
			t.Error("does not store a second refusal")
		}
	})
}

// If two concurrent requests are refused, both are sent again.
func TestOpenMeteoSendsEveryRefusedRequestAgain(t *testing.T) {
	spec := OpenMeteo()
	var wait sync.WaitGroup
	for i := range 20 {
		wait.Go(func() {
			p := NewPlace(10+float64(i)/100, -66.5)
			if !spec.Again(p, refusedWith(400, invalidTimezone)) {
				t.Error("does not ask again")
			}
			if r, err := spec.Request(t.Context(), p); err != nil || strings.Contains(r.URL.RawQuery, "timezone=") {
				t.Errorf("asks again with %v, %v", r, err)
			}
		})
	}
	wait.Wait()
}

func TestOpenMeteoKeepsTheTimeZone(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		body   string
		want   bool // whether the request is sent again
	}{
		{"an invalid time zone", 400, invalidTimezone, true},
		{"with more words", 400, `{"reason":"Invalid timezone.","error":true}`, true},
		{"in another case", 400, `{"error":true,"reason":"invalid Timezone"}`, true},
		{"no data", 400, `{"error":true,"reason":"No data is available for this location"}`, false},
		{"another parameter", 400, `{"error":true,"reason":"Latitude must be in range of -90 to 90°. Given: 91.0."}`, false},
		{"time zones not supported", 400, `{"error":true,"reason":"This API does not yet support timezones"}`, false},
		{"a reason that is not text", 400, `{"error":true,"reason":["Invalid timezone"]}`, false},
		{"a reason by another name", 400, `{"error":true,"Reason":"Invalid timezone"}`, false},
		{"a page", 400, `<html>Invalid timezone</html>`, false},
		{"nothing", 400, ``, false},
		{"another status", 404, invalidTimezone, false},
		{"a broken server", 500, invalidTimezone, false},
		{"a limit", 429, invalidTimezone, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			spec := OpenMeteo()
			if got := spec.Again(NewPlace(10.49, -66.88), refusedWith(tt.status, tt.body)); got != tt.want {
				t.Errorf("asked again = %v, want %v", got, tt.want)
			}
			if got := asksForZone(t, spec, 10.49, -66.88); got == tt.want {
				t.Errorf("asks for a time zone = %v, want %v", got, !tt.want)
			}
		})
	}
}

// Regions at the edges of the coordinate range have valid indices.
func TestRegionOfTheEdges(t *testing.T) {
	seen := map[region]bool{}
	for _, p := range [][2]float64{{-90, -180}, {-90, 180}, {90, -180}, {90, 180}, {0, 0}, {-0.01, -0.01}, {89.99, 179.99}} {
		seen[regionOf(NewPlace(p[0], p[1]))] = true
	}
	if len(seen) != 7 {
		t.Errorf("%d regions, want 7: %v", len(seen), seen)
	}
}
