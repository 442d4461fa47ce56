package cache

import "slices"

// listener is told which keys of a group were invalidated.
type listener struct {
	invalidate func(key string, keep bool)
}

// OnInvalidate calls invalidate with the keys of a group that were invalidated,
// and with "" for all of it: also whenever a message may have been missed. With
// keep, the old value may still be served when asking the upstream fails. It ends
// with a call of stop.
func (r *Redis) OnInvalidate(group string, invalidate func(key string, keep bool)) (stop func()) {
	if r == nil {
		return func() {}
	}
	n, l := r.invalidations, &listener{invalidate}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.listeners[group] = append(n.listeners[group], l)
	return func() { n.remove(group, l) }
}

func (n *invalidations) remove(group string, l *listener) {
	n.mu.Lock()
	defer n.mu.Unlock()
	// A new list: the old one may be in use.
	left := slices.DeleteFunc(slices.Clone(n.listeners[group]), func(other *listener) bool { return other == l })
	if len(left) == 0 {
		delete(n.listeners, group)
		return
	}
	n.listeners[group] = left
}

func (n *invalidations) listens(group string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.listeners[group]) > 0
}

// apply invalidates in this process.
func (n *invalidations) apply(group, key string, keep bool) {
	n.mu.Lock()
	listeners := n.listeners[group]
	n.mu.Unlock()
	for _, l := range listeners {
		l.invalidate(key, keep)
	}
}

// applyAll invalidates every group, because messages may have been missed. It is
// called when a lost connection is back, and not before: until then the memory of this
// process may be the only cache.
func (n *invalidations) applyAll() {
	n.mu.Lock()
	var all []*listener
	for _, listeners := range n.listeners {
		all = append(all, listeners...)
	}
	n.mu.Unlock()
	for _, l := range all {
		l.invalidate("", false)
	}
}
