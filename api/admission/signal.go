package admission

import (
	"runtime/metrics"
	"slices"
	"time"
)

// fewWaits is the least number of waits that have a mean.
const fewWaits = 5

// SchedulerWait returns a function for Config.Wait: the mean time that goroutines were
// ready to run and waited for a processor, since its last call. It is 0 if few have waited.
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
			return 0
		}
		return mean(h, before)
	}
}

// mean is the mean of what is new in a histogram, whose counts it remembers in before. A
// wait counts as the lower end of its bucket.
func mean(h *metrics.Float64Histogram, before []uint64) time.Duration {
	var n uint64
	var sum float64
	for i, count := range h.Counts {
		added := count - before[i]
		before[i] = count
		n += added
		if low := h.Buckets[i]; added > 0 && low > 0 {
			sum += float64(added) * low
		}
	}
	if n < fewWaits {
		return 0
	}
	return time.Duration(sum / float64(n) * float64(time.Second))
}
