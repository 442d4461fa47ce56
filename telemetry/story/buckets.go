package story

import "time"

// buckets are values by time: one for each step of time, the last n of them. The caller
// serialises calls.
type buckets[T any] struct {
	step  time.Duration
	slots []bucket[T]
}

type bucket[T any] struct {
	n     int64 // the time in steps; 0: unused
	value T
}

func newBuckets[T any](step time.Duration, n int) buckets[T] {
	return buckets[T]{step, make([]bucket[T], n)}
}

// at is the bucket of now.
func (b *buckets[T]) at(now time.Time) *T {
	n := now.UnixNano() / int64(b.step)
	s := &b.slots[n%int64(len(b.slots))]
	if s.n != n {
		*s = bucket[T]{n: n}
	}
	return &s.value
}

// last calls yield for the buckets that have been used of the last n, in no order. ago is
// 0 for the current one.
func (b *buckets[T]) last(now time.Time, n int, yield func(ago int, value *T)) {
	current := now.UnixNano() / int64(b.step)
	for i := range b.slots {
		s := &b.slots[i]
		if ago := current - s.n; s.n > 0 && ago >= 0 && ago < int64(n) {
			yield(int(ago), &s.value)
		}
	}
}
