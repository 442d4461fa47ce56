package cache_test

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"
	"unsafe"

	"tributary/cache"
)

var start = time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC)

func TestEntrySpans(t *testing.T) {
	e := cache.NewEntry(nil, start, cache.Windows{
		FreshUntil: start.Add(time.Minute), RevalidateUntil: start.Add(2 * time.Minute), GoneAt: start.Add(3 * time.Minute),
	}).Cooled(start.Add(90*time.Second), nil, 0)
	for name, tt := range map[string]struct {
		age                                 time.Duration
		fresh, cooling, revalidatable, gone bool
	}{
		"it is fresh when stored":                     {0, true, true, true, false},
		"it is fresh while younger than its lifetime": {time.Minute - 1, true, true, true, false},
		"it is stale at the end of its lifetime":      {time.Minute, false, true, true, false},
		"the cooldown is over at its end":             {90 * time.Second, false, false, true, false},
		"it is not revalidatable at the end of that":  {2 * time.Minute, false, false, false, false},
		"it is not gone before its end":               {3*time.Minute - 1, false, false, false, false},
		"it is gone at its end":                       {3 * time.Minute, false, false, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			now := start.Add(tt.age)
			if e.Fresh(now) != tt.fresh || e.Cooling(now) != tt.cooling || e.Revalidatable(now) != tt.revalidatable || e.Gone(now) != tt.gone {
				t.Errorf("fresh %v, cooling %v, revalidatable %v, gone %v, want %v, %v, %v, %v",
					e.Fresh(now), e.Cooling(now), e.Revalidatable(now), e.Gone(now), tt.fresh, tt.cooling, tt.revalidatable, tt.gone)
			}
			if got := e.Age(now); got != tt.age {
				t.Errorf("age = %v, want %v", got, tt.age)
			}
		})
	}
	t.Run("its age is never negative", func(t *testing.T) {
		if got := e.Age(start.Add(-time.Second)); got != 0 {
			t.Errorf("age = %v, want 0", got)
		}
	})
}

func TestCooled(t *testing.T) {
	why := errors.New("down")
	e := cache.NewEntry("fine", start, cache.FreshOnly(start, time.Minute))
	e.Version = 7
	e.SetTerms(cache.Terms{ETag: `"1"`, LastModified: "then", Until: start})
	h := e.Cooled(start.Add(time.Second), why, 0)
	if !h.Cooling(start) || h.Cooling(start.Add(time.Second)) || h.Cooldown().Why != why {
		t.Errorf("cooled = %+v, want a cooldown of a second because of %v", h, why)
	}
	if e.Cooling(start) || e.Cooldown().Why != nil {
		t.Errorf("the entry itself was changed: %+v", e)
	}
	h.SetCooldown(e.Cooldown())
	if *h != *e {
		t.Errorf("cooled = %+v, want all other fields as in %+v", h, e)
	}
}

// There is one for each answer: a place has four.
func TestEntryIsSmall(t *testing.T) {
	const most = 112 // bytes, the size class below 128
	if got := unsafe.Sizeof(cache.Entry{}); got > most {
		t.Errorf("an entry has %d bytes, want at most %d: what few entries have belongs in Terms or Cooldown", got, most)
	}
}

func TestWindowsOfAnEntry(t *testing.T) {
	w := cache.Windows{FreshUntil: start.Add(time.Minute), RevalidateUntil: start.Add(2 * time.Minute), GoneAt: start.Add(3 * time.Minute)}
	e := cache.NewEntry("fine", start, w)
	if got := e.Windows(); got != w || e.FreshUntil() != w.FreshUntil || e.GoneAt() != w.GoneAt {
		t.Errorf("windows = %+v, want %+v", got, w)
	}
	e.EndBy(start.Add(90 * time.Second))
	if got, want := e.Windows(), (cache.Windows{FreshUntil: w.FreshUntil, RevalidateUntil: start.Add(90 * time.Second), GoneAt: start.Add(90 * time.Second)}); got != want {
		t.Errorf("ended by 90 s, windows = %+v, want %+v", got, want)
	}
	e.SetWindows(cache.Windows{})
	e.EndBy(start)
	if got := e.Windows(); got != (cache.Windows{}) || e.Fresh(start.Add(-time.Second)) || !e.Gone(start) {
		t.Errorf("without windows, they are %+v, and it is fresh or not gone", got)
	}
}

func TestLifetimes(t *testing.T) {
	ours := cache.Lifetimes{FreshFor: 10 * time.Minute, RevalidateFor: 5 * time.Minute, StaleFor: time.Hour}
	for name, tt := range map[string]struct {
		provider    cache.ProviderLifetime
		least, most time.Duration
	}{
		"it shortens our own by up to a tenth":     {cache.ProviderLifetime{}, 9 * time.Minute, 10 * time.Minute},
		"it lengthens a provider's by as much":     {cache.ProviderLifetime{For: 5 * time.Minute, Given: true}, 5 * time.Minute, 330 * time.Second},
		"it takes the shorter of the two":          {cache.ProviderLifetime{For: 20 * time.Minute, Given: true}, 9 * time.Minute, 10 * time.Minute},
		"it lets a provider's win":                 {cache.ProviderLifetime{For: 20 * time.Minute, Given: true, Wins: true}, 20 * time.Minute, 22 * time.Minute},
		"it lets nothing win that was not given":   {cache.ProviderLifetime{For: 20 * time.Minute, Wins: true}, 9 * time.Minute, 10 * time.Minute},
		"it is over at once where a provider says": {cache.ProviderLifetime{Given: true}, 0, 0},
		"it ends with the greatest age":            {cache.ProviderLifetime{For: 2 * time.Hour, Given: true, Wins: true}, time.Hour, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			differ := map[time.Time]bool{}
			for range 500 {
				s := ours.Windows(start, tt.provider)
				fresh := s.FreshUntil.Sub(start)
				if fresh < tt.least || fresh > tt.most {
					t.Fatalf("fresh for %v, want %v to %v", fresh, tt.least, tt.most)
				}
				if want := min(fresh+5*time.Minute, time.Hour); s.RevalidateUntil.Sub(start) != want || s.GoneAt.Sub(start) != time.Hour {
					t.Fatalf("windows = %+v, want them to end after %v and an hour", s, want)
				}
				differ[s.FreshUntil] = true
			}
			if tt.least != tt.most && len(differ) < 100 {
				t.Errorf("%d lifetimes of 500, want them to differ", len(differ))
			}
		})
	}
	t.Run("its generator decides the jitter", func(t *testing.T) {
		drawn := func(seed uint64) time.Time {
			l := ours
			l.Rand = rand.New(rand.NewPCG(seed, 0))
			return l.Windows(start, cache.ProviderLifetime{}).FreshUntil
		}
		if first, again, other := drawn(1), drawn(1), drawn(2); first != again || first == other {
			t.Errorf("fresh until %v and %v for one seed, %v for another, want only the first two equal", first, again, other)
		}
	})
	t.Run("a lifetime of some nanoseconds has no jitter", func(t *testing.T) {
		s := cache.Lifetimes{FreshFor: 9, StaleFor: 9}.Windows(start, cache.ProviderLifetime{})
		if s.FreshUntil.Sub(start) != 9 {
			t.Errorf("fresh for %v, want 9ns", s.FreshUntil.Sub(start))
		}
	})
}
