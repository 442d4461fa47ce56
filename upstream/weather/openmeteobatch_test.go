package weather

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"tributary/upstream"
	"tributary/upstream/upstreamtest"
)

func threePlaces() []Place {
	return []Place{NewPlace(28.65, 77.23), NewPlace(-33.87, 151.21), NewPlace(0, 0)}
}

// listOf is an answer about many places, each with its own temperature.
func listOf(t testing.TB, temperatures ...string) string {
	t.Helper()
	var items []string
	for n, temperature := range temperatures {
		item := edit(t, testdata(t, "openmeteo.json"), `"temperature_2m":24.1`, `"temperature_2m":`+temperature)
		if n > 0 {
			item = edit(t, item, `"elevation":216.0`, `"elevation":216.0,"location_id":`+string(rune('0'+n)))
		}
		items = append(items, strings.TrimSpace(item))
	}
	return "[" + strings.Join(items, ",") + "]"
}

func TestOpenMeteoBatchRequest(t *testing.T) {
	t.Run("of the current weather", func(t *testing.T) { checkBatchRequest(t, OpenMeteoBatch(), openMeteoQuery, 1.3) })
	t.Run("of forecasts", func(t *testing.T) { checkBatchRequest(t, OpenMeteoForecastBatch(), openMeteoForecastQuery, 1.4) })
}

// checkBatchRequest checks what a batch requests, and what each place weighs.
func checkBatchRequest[R any](t *testing.T, spec upstream.BatchSpec[Place, *R], query string, weight float64) {
	all := threePlaces()
	requested := func(places []Place, want string) {
		t.Helper()
		r, err := spec.RequestAll(t.Context(), places)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.URL.String(); got != want {
			t.Errorf("request = %s, want %s", got, want)
		}
	}
	const three, last = "/v1/forecast?latitude=28.65,-33.87,0&longitude=77.23,151.21,0", "/v1/forecast?latitude=0&longitude=0"
	requested(all, three+query+"&timezone=auto")
	requested(all[2:], last+query+"&timezone=auto")
	if got := upstreamtest.Requested(t, spec.Spec, all[2]); got != last+query+"&timezone=auto" {
		t.Errorf("a single place is requested by %s", got)
	}
	// Single questions find out which places have no zone.
	refused := respond(`{"error":true,"reason":"Invalid timezone"}`, now)
	refused.Status = 400
	for i, want := range []string{three + query + "&timezone=auto,GMT,auto", three + query + "&timezone=GMT,GMT,auto", three + query} {
		if !spec.Again([]Place{all[1], all[0], all[2]}[i], refused) {
			t.Fatal("it is not asked again without the zone")
		}
		requested(all, want)
	}
	if spec.Weight != weight || spec.WeightOf(1) != weight || spec.WeightOf(50) != 50*weight {
		t.Errorf("weights of a place, of one and of 50 = %g, %g, %g; want %g each", spec.Weight, spec.WeightOf(1), spec.WeightOf(50), weight)
	}
	if !spec.Spoils(&upstream.Error{Code: upstream.CodeNotFound, Status: 400}) || spec.Spoils(&upstream.Error{Code: upstream.CodeRateLimited, Status: 429}) {
		t.Error("a 400 is about one of the places, a 429 is not")
	}
}

func TestOpenMeteoBatchReads(t *testing.T) {
	good := listOf(t, "1.5", "2.5", "3.5")
	const broken, again = "broken", "again"
	for name, tt := range map[string]struct {
		body string
		want []string // temperatures, broken or again; nil: the whole answer is refused
	}{
		"it reads each place":                    {good, []string{"1.5", "2.5", "3.5"}},
		"it reads a list with white space":       {" \n" + strings.ReplaceAll(good, "},{\"latitude", "} ,\n{\"latitude") + "\n", []string{"1.5", "2.5", "3.5"}},
		"it reads the others beside a bare nan":  {strings.Replace(listOf(t, "1.5", "2.5", "3.5"), `"latitude":28.625`, `"latitude":nan`, 1), []string{broken, "2.5", "3.5"}},
		"it reads the others beside a null":      {listOf(t, "1.5", "null", "3.5"), []string{"1.5", broken, "3.5"}},
		"it asks again after an error in it":     {good[:strings.LastIndex(good, `"current_units"`)] + `Unexpected error while streaming data: "}"`, []string{"1.5", "2.5", broken + again}},
		"it asks again after an error at once":   {"[Unexpected error while streaming data: x", []string{broken + again, again, again}},
		"it asks again after an error between":   {strings.Replace(good, `},{"latitude"`, `},Unexpected error while {"latitude"`, 1), []string{"1.5", broken + again, again}},
		"it asks again after a cut":              {good[:len(good)/2], []string{"1.5", broken + again, again}},
		"it refuses fewer places":                {listOf(t, "1.5", "2.5"), nil},
		"it refuses more places":                 {listOf(t, "1.5", "2.5", "3.5", "4.5"), nil},
		"it refuses none":                        {"[]", nil},
		"it refuses an object":                   {testdata(t, "openmeteo.json"), nil},
		"it refuses a page":                      {"<html>", nil},
		"it refuses another order":               {strings.Replace(good, `"location_id":1`, `"location_id":2`, 1), nil},
		"it refuses what comes after the list":   {good + "x", nil},
		"it refuses all places without an end":   {strings.TrimSuffix(good, "]"), nil},
		"it takes items without their number":    {strings.ReplaceAll(good, `,"location_id":1`, ``), []string{"1.5", "2.5", "3.5"}},
		"it is not misled by braces in a text":   {strings.Replace(good, "Asia/Kolkata", `A\"}{\\`, 1), []string{"1.5", "2.5", "3.5"}},
		"it refuses a number where an item is":   {strings.Replace(good, "[", "[7,", 1), []string{broken + again, again, again}},
		"it reads what comes before a lost item": {strings.Replace(good, `,{"latitude"`, `,null,{"latitude"`, 1), []string{"1.5", broken + again, again}},
	} {
		t.Run(name, func(t *testing.T) {
			items, err := OpenMeteoBatch().DecodeAll(threePlaces(), respond(tt.body, now))
			if (err != nil) != (tt.want == nil) {
				t.Fatalf("error = %v, want items %q", err, tt.want)
			}
			for i, p := range threePlaces()[:len(tt.want)] {
				got, want := items[p.Key()], tt.want[i]
				if got.Again != strings.HasSuffix(want, again) || (got.Err != nil) != strings.HasPrefix(want, broken) {
					t.Errorf("item %d = %+v, want %s", i, got, want)
				}
				if got.Value != nil && known(got.Value.Report().Temperature) != want {
					t.Errorf("temperature %d = %s, want %s", i, known(got.Value.Report().Temperature), want)
				}
				if got.Value == nil && want >= "0" && want <= "9" {
					t.Errorf("item %d has no value, want %s: %v", i, want, got.Err)
				}
			}
		})
	}
}

// What the splitting takes for items are those that a JSON parser finds, if it is JSON at
// all; and reading an item of a list is reading it alone.
func FuzzOpenMeteoBatch(f *testing.F) {
	f.Add([]byte(listOf(f, "1.5", "2.5", "3.5")))
	f.Add([]byte(`[{"a":"}\"{"},{"b":[{}]} , {}]`))
	f.Add([]byte(`[{"latitude":nan},{"current":{}},{"x":1}]`))
	f.Add([]byte(`[{"a":1},{"b":Unexpected error while streaming data: "x"`))
	f.Fuzz(func(t *testing.T, body []byte) {
		objects, whole, err := splitList(body)
		var list []jsontext.Value
		if json.Valid(body) && json.Unmarshal(body, &list) == nil && list != nil {
			isObject := func(n int) bool { return list[n].Kind() == jsontext.KindBeginObject }
			n := 0
			for n < len(list) && isObject(n) {
				n++
			}
			if err != nil || len(objects) != n || whole != (n == len(list)) {
				t.Fatalf("%d objects, whole %t, %v; a parser finds %d, then %d others", len(objects), whole, err, n, len(list)-n)
			}
			for i := range objects {
				if string(objects[i]) != strings.TrimSpace(string(list[i])) {
					t.Errorf("object %d = %s, want %s", i, objects[i], list[i])
				}
			}
		}
		places := threePlaces()
		items, err := OpenMeteoBatch().DecodeAll(places, respond(string(body), now))
		if err != nil {
			if len(items) > 0 {
				t.Errorf("an error and items: %v", err)
			}
			return
		}
		spoilers := 0
		for i, p := range places {
			item, ok := items[p.Key()]
			if !ok {
				t.Fatalf("nothing about place %d", i)
			}
			if item.Again {
				if item.Err != nil {
					spoilers++
				}
				continue
			}
			alone, err := OpenMeteo().Decode(respond(string(objects[i]), now))
			if (err != nil) != (item.Err != nil) || asJSON(t, alone) != asJSON(t, item.Value) {
				t.Errorf("item %d = %v, %v; alone %v, %v", i, item.Value, item.Err, alone, err)
			}
			if _, typed := errors.AsType[*upstream.Error](err); err != nil && !typed && strings.Contains(err.Error(), "\n") {
				t.Errorf("error of %d lines: %q", 1+strings.Count(err.Error(), "\n"), err)
			}
		}
		if spoilers > 1 {
			t.Errorf("%d places spoil the answer, want one at most", spoilers)
		}
	})
}
