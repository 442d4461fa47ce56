package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tributary/upstream/forecast"
)

// fifty are the latitudes from 0 to 49, and a place at each.
func fifty() (latitudes, places []string) {
	for i := range 50 {
		latitudes, places = append(latitudes, strconv.Itoa(i)), append(places, fmt.Sprintf("%d,10", i))
	}
	return latitudes, places
}

func TestManyPlacesAreOneCall(t *testing.T) {
	latitudes, places := fifty()
	for path, of := range atPlaces {
		it(t, path+" asks about 50 places in one call, which costs as much quota as 50", func(t *testing.T) {
			a := newAtlas(t, openMeteoAnswers)
			a.has(path, places, "")
			if got := a.calledFor(); len(got) != 1 || !slices.Equal(got[0], latitudes) {
				t.Errorf("asked for %v, want all 50 in their order", got)
			}
			if left, want := *a.upstreams[of.upstream].Status().QuotaLeft, 600-int(50*of.weight); left != want {
				t.Errorf("quota left = %d, want %d", left, want)
			}
		})
		it(t, path+" asks again about none, and about one of them later neither", func(t *testing.T) {
			a := newAtlas(t, openMeteoAnswers)
			a.has(path, places, "")
			a.has(path, places, "")
			a.get(path + "?lat=7&lon=10").wantStatus(http.StatusOK)
			if got := a.calledFor(); len(got) != 1 {
				t.Errorf("asked for %v, want one call", got)
			}
		})
		it(t, path+" asks only about what is not cached", func(t *testing.T) {
			a := newAtlas(t, openMeteoAnswers)
			a.get(path + "?lat=7&lon=10").wantStatus(http.StatusOK)
			a.has(path, places, "")
			if got := a.calledFor(); len(got) != 2 || len(got[1]) != 49 || slices.Contains(got[1], "7") {
				t.Errorf("asked for %v, want the other 49 in a second call", got)
			}
		})
		it(t, path+" tells about a place that stands there twice as often, and asks once", func(t *testing.T) {
			a := newAtlas(t, openMeteoAnswers)
			a.has(path, []string{"5,10", "4,10", "5,10"}, "")
			if got := fmt.Sprint(a.calledFor()); got != "[[5 4]]" {
				t.Errorf("asked for %s, want 5 and 4 once", got)
			}
		})
	}
}

func TestOnePlaceDoesNotSpoilOthers(t *testing.T) {
	_, places := fifty()
	for name, tt := range map[string]struct {
		spoils func(items []string, i int) behaviour // how the i-th place does it
		status int                                   // of its problem
		most   int                                   // calls
	}{
		"that is refused": {func([]string, int) behaviour {
			return answers(http.StatusBadRequest, `{"error":true,"reason":"No data is available for this location"}`)
		}, http.StatusNotFound, 16},
		"that breaks off the answer": {func(items []string, i int) behaviour {
			items[i] = items[i][:len(items[i])-10] + `Unexpected error while streaming data: timeout`
			return answers(http.StatusOK, "["+strings.Join(items[:i+1], ","))
		}, http.StatusBadGateway, 3},
		"that has no number": {func(items []string, i int) behaviour {
			items[i] = strings.Replace(items[i], "{", `{"latitude":nan,`, 1)
			return sendsItems(items)
		}, http.StatusBadGateway, 1},
	} {
		for path := range atPlaces {
			it(t, path+" with one "+name, func(t *testing.T) {
				a := newAtlas(t, func(r *http.Request) (*http.Response, error) {
					items := openMeteoItems(r, nil)
					if i := slices.Index(latitudes(r), "20"); i >= 0 {
						return tt.spoils(items, i)(r)
					}
					return sendsItems(items)(r)
				})
				if p := a.has(path, places, "20"); p == nil || p.Status != tt.status {
					t.Errorf("problem = %+v, want a %d", p, tt.status)
				}
				if n := a.openMeteo.Sent(); n > tt.most {
					t.Errorf("%d calls, want %d at most: %v", n, tt.most, a.calledFor())
				}
			})
		}
	}
}

// Open-Meteo tells the time zone of each place, and its days are those of its calendar.
func TestManyPlacesInTheirTimeZones(t *testing.T) {
	zones := map[string]string{"2": "Pacific/Kiritimati", "52": "Europe/Berlin", "28": "Asia/Kolkata", "-14": "Pacific/Pago_Pago"}
	it(t, "have forecasts of the days of their own calendars", func(t *testing.T) {
		a := newAtlas(t, func(r *http.Request) (*http.Response, error) {
			return sendsItems(openMeteoItems(r, zones))(r)
		})
		time.Sleep(10*time.Hour + 30*time.Minute) // it is 00:30 in Kiritimati, 23:30 in Pago Pago
		entries, _ := batchOf[forecast.Forecast](a.get(batchPath("/v1/weather/forecast", "place", "2,-157", "52,13", "28,77", "-14,-170", "0,0")))
		for i, want := range []string{"Pacific/Kiritimati 2000-01-04", "Europe/Berlin 2000-01-03", "Asia/Kolkata 2000-01-03", "Pacific/Pago_Pago 2000-01-02", "UTC 2000-01-03"} {
			f := entries[i].Data
			if len(f.Daily) == 0 {
				t.Fatalf("entry %d = %s, want days", i, mustJSON(t, entries[i]))
			}
			if got := f.Place.Timezone + " " + f.Daily[0].Date; got != want {
				t.Errorf("entry %d begins with %s, want %s", i, got, want)
			}
		}
		if a.openMeteo.Sent() != 1 {
			t.Errorf("asked for %v, want one call", a.calledFor())
		}
	})
}
