package forecast

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tributary/upstream/upstreamtest"
	"tributary/upstream/weather"
)

// melbourneMoved is the recorded forecast of Melbourne, moved to the days of that of
// Copenhagen.
func melbourneMoved(t *testing.T) string {
	t.Helper()
	text := body(t, "openmeteo-melbourne")
	for day := utc(2025, 5, 8, 0, 0); day.Day() <= 15; day = day.AddDate(0, 0, 1) {
		text = strings.ReplaceAll(text, day.Format(time.DateOnly), day.AddDate(1, 0, 78).Format(time.DateOnly))
	}
	return text
}

// A place of many is read as it is alone: with its own time zone, and whatever is wrong
// with the others.
func TestOpenMeteoListOfRecordedPlaces(t *testing.T) {
	now := recorded["openmeteo-copenhagen"]
	all := []string{
		body(t, "openmeteo-copenhagen"),
		body(t, "openmeteo-berlin"), // it is all over
		melbourneMoved(t),
		body(t, "openmeteo-twente"), // it has nothing but nulls
	}
	var places []weather.Place
	for i := range all {
		places = append(places, weather.NewPlace(float64(i), 0))
		if all[i] = strings.TrimSpace(all[i]); i > 0 {
			all[i] = strings.Replace(all[i], "{", fmt.Sprintf(`{"location_id":%d,`, i), 1)
		}
	}
	items, err := weather.OpenMeteoForecastBatch().DecodeAll(places, upstreamtest.Respond("["+strings.Join(all, ",")+"]", now))
	if err != nil {
		t.Fatal(err)
	}
	for i, readable := range []bool{true, false, true, false} {
		item := items[places[i].Key()]
		alone, err := decode("openmeteo", all[i], now)
		if (item.Err == nil) != readable || fmt.Sprint(item.Err) != fmt.Sprint(err) || item.Again {
			t.Errorf("place %d: error = %v, asked again = %t; alone %v", i, item.Err, item.Again, err)
		}
		value, _ := unpacked(item.Value, item.Err)
		if got, want := upstreamtest.AsJSON(t, value), upstreamtest.AsJSON(t, alone); got != want {
			t.Errorf("place %d = %s, alone %s", i, got, want)
		}
	}
	if first, second := items[places[0].Key()].Value.Series().Steps[1].At, items[places[2].Key()].Value.Series().Steps[1].At; second.Sub(first).Hours() != 2 {
		t.Errorf("the first hours = %s and %s, want them two hours apart, as the time zones are", first, second)
	}
}
