package aggregate_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"tributary/cache"
	"tributary/upstream"
	"tributary/upstream/aggregate"
)

// constant is a source whose answer is always the same number.
type constant struct{ number *int }

func (constant) Name() string      { return "constant" }
func (constant) Key(string) string { return "key" }

func (c constant) Lookup(context.Context, time.Time, string, string, upstream.Directives) (upstream.Answer[*int], bool, bool) {
	return upstream.Answer[*int]{Value: c.number, Provenance: upstream.Provenance{State: upstream.Cached}}, true, true
}

func (c constant) Fetch(context.Context, string, string, upstream.Directives) upstream.Answer[*int] {
	panic("it is in the cache")
}

func TestEachFormIsOfTheSameMerge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		merges := 0
		m := aggregate.NewMerger(cache.NewStore(10), aggregate.MergerConfig[string, int, string]{
			Providers: []aggregate.Provider[string, int]{{Source: constant{new(7)}}},
			Merge: func(q string, now time.Time, reports []*int) (*string, []bool) {
				merges++
				return new(fmt.Sprint(q, " ", *reports[0], " ", now.Unix())), []bool{true}
			},
		})
		encode := func(form int) string {
			merged, outcomes := m.Ask(context.Background(), "q", "key", upstream.Directives{})
			if len(outcomes) != 1 || outcomes[0].Unused {
				t.Errorf("outcomes = %+v, want one that is used", outcomes)
			}
			e, err := m.Encode("q", merged, form, func(s *string) any { return fmt.Sprint(*s, " ", form) })
			if err != nil {
				t.Fatal(err)
			}
			return string(e.JSON)
		}
		begun := time.Now().Unix()
		for _, tt := range []struct{ form, merges int }{{0, 1}, {0, 1}, {1, 2}, {1, 2}, {0, 2}} {
			if got, want := encode(tt.form), fmt.Sprintf(`"q 7 %d %d"`, begun, tt.form); got != want || merges != tt.merges {
				t.Errorf("form %d: %s after %d merges, want %s after %d", tt.form, got, merges, want, tt.merges)
			}
			time.Sleep(time.Minute)
		}
	})
}
