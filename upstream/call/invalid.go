package call

import (
	"sync"
	"time"
)

// invalidAnswers lets one key count once in a breaker's window as an invalid
// answer: one place with odd numbers, asked for often, says nothing about the
// others. It is safe for concurrent use.
type invalidAnswers struct {
	window time.Duration

	mu sync.Mutex
	at map[string]time.Time // by route and key
}

// maxInvalid bounds the keys that are remembered. Beyond it all are forgotten,
// and count again.
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
