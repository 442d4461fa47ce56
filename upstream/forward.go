package upstream

// Forward is why a question went to the upstream, in the words of RFC 9211 §2.2:
// the greater, the more was missing in the cache.
type Forward int

// The reasons.
const (
	NotForwarded Forward = iota // the cache answered
	FwdRequest                  // the entry is fresh, but the request's Cache-Control excludes it
	FwdStale                    // the entry is stale
	FwdMiss                     // there is no entry
)

// String is the value of Cache-Status's fwd parameter.
func (f Forward) String() string {
	switch f {
	case FwdRequest:
		return "request"
	case FwdStale:
		return "stale"
	case FwdMiss:
		return "uri-miss"
	}
	return ""
}
