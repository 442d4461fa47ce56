// Package admission limits how many requests ask upstreams at the same time. The limit
// follows how long our own goroutines wait for a processor, so that a slow upstream, which
// keeps many requests waiting and no processor busy, is never taken for overload. The
// package knows no HTTP and no upstream.
package admission
