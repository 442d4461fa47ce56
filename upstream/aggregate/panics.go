package aggregate

import (
	"fmt"
	"runtime/debug"
	"sync"
)

// Panics takes a panic out of the goroutines of a fan-out, and gives it to the one that
// waits for them: there it can be recovered, while one in a goroutine of its own ends
// the process. The zero Panics is ready for use.
type Panics struct {
	mu    sync.Mutex
	first error // nil: none
}

// Catch keeps the panic that the goroutine is ending with. Defer it.
func (p *Panics) Catch() {
	v := recover()
	if v == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.first == nil {
		p.first = fmt.Errorf("%v\n%s", v, debug.Stack())
	}
}

// Repanic panics with the first panic that was kept, if any. Call it when all
// goroutines have ended.
func (p *Panics) Repanic() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.first != nil {
		panic(p.first)
	}
}
