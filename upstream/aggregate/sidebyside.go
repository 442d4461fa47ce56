package aggregate

import "sync"

// SideBySide calls f with the numbers from 0 to n-1, at the same time, and returns when
// all calls have. If one panics, SideBySide does in the caller's goroutine, where a
// server recovers it.
func SideBySide(n int, f func(i int)) {
	var (
		wg     sync.WaitGroup
		panics Panics
	)
	for i := range n {
		wg.Go(func() {
			defer panics.Catch()
			f(i)
		})
	}
	wg.Wait()
	panics.Repanic()
}
