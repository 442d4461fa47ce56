package call

import (
	"sync"
	"time"
)

// invalidAnswers makes each key's invalid answers count once in a breaker's window.
// Otherwise one place with wrong numbers, if it is asked for often, could open the
// breaker for all. It is safe for concurrent use.
type invalidAnswers struct {
	window time.Duration

	mu sync.Mutex
	at map[string]time.Time // by route and key
}

// maxInvalid bounds the number of stored keys. Beyond it all are removed, and their next
// invalid answers count again.
const maxInvalid = 10_000

// first reports whether an invalid answer for key is the first in the window.
func (i *invalidAnswers) first(key string, now time.Time) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if at, ok := i.at[key]; ok && now.Sub(at) < i.window {
		return false
	}
	if i.at == nil || len(i.at) >= maxInvalid {
		i.at = make(map[string]time.Time)
	}
	i.at[key] = now
	return true
}
