// Package upstream answers questions to upstreams: from the cache while an answer is
// fresh, otherwise by one fetch for each key, and with a stale answer if the fetch fails.
// Package call makes the single calls. Both know no domain.
package upstream
