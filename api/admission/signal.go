package admission

import (
	"runtime/metrics"
	"slices"
	"time"
)

// fewWaits is the least number of waits that have a mean.
const fewWaits = 5

// unknown is a wait that has no mean yet.
const unknown time.Duration = -1

// SchedulerWait returns a function for Config.Wait: the mean time that goroutines were
// ready to run and waited for a processor.
func SchedulerWait() func() time.Duration {
	sample := []metrics.Sample{{Name: "/sched/latencies:seconds"}} // its histogram is reused
	var before []uint64
	return func() time.Duration {
		metrics.Read(sample)
		if sample[0].Value.Kind() != metrics.KindFloat64Histogram {
			return 0 // a runtime without this metric
		}
		h := sample[0].Value.Float64Histogram()
		if before == nil {
			before = slices.Clone(h.Counts)
			return unknown
		}
		return mean(h, before)
	}
}

// mean is the mean of what is new in a histogram, whose counts it remembers in before; or
// it is unknown, and these count next time too. A wait counts as the lower end of its
// bucket.
func mean(h *metrics.Float64Histogram, before []uint64) time.Duration {
	var n uint64
	var sum float64
	for i, count := range h.Counts {
		added := count - before[i]
		n += added
		if low := h.Buckets[i]; added > 0 && low > 0 {
			sum += float64(added) * low
		}
	}
	if n < fewWaits {
		return unknown
	}
	copy(before, h.Counts)
	return time.Duration(sum / float64(n) * float64(time.Second))
}
