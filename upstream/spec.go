package upstream

import (
	"context"
	"net/http"
	"time"
)

// Spec is what a provider describes: which request to send, and how to read the
// answer. Policies, caching and spans are added around it.
type Spec[Q, A any] struct {
	// Name of the source as it stands in meta, metrics and on spans.
	Name string

	// Route is the path with its variables left as names, "/users/{id}":
	// url.template on spans and the endpoint's name in metrics.
	Route string

	// Group is where replicas share its entries: sources of one group read what
	// the others of it have stored. Empty: the upstream's name and Route.
	Group string

	// Key is canonical within this source: equal questions, equal keys.
	Key func(Q) string

	// Request builds a request whose URL is relative: the upstream adds its
	// base URL, its User-Agent, validators and, last, credentials.
	Request func(ctx context.Context, q Q) (*http.Request, error)

	// Caller returns the caller whose credentials the request has. If it is nil, the
	// request has our own credentials. With a Caller, Key must tell callers apart, by a
	// hash of the credentials: callers whose keys are equal get each other's answers.
	// Nothing is stored in the shared cache. A 401, 403 or 404 removes the old answer of
	// its key. After a 401, 403 or 429 only that key is not asked for a while.
	Caller func(Q) Caller

	// Accepts says which statuses of 400 and above are answers too, which Decode
	// reads. Nil: none.
	Accepts func(status int) bool

	// Decode turns a response with a status of 200 to 299, or one that Accepts
	// names, into an answer, and validates it. Any error but an *Error is reported
	// as invalid_response. The answer must keep no part of the body, whose buffer is
	// used again.
	Decode func(Response) (A, error)

	// Check compares a decoded answer with the question: an answer about
	// something else is invalid_response. It is neither stored nor asked for
	// again within the same fetch. A nil Check accepts every answer.
	Check func(Q, A) error

	// Refusal returns the error for a status of 400 and above, if this provider
	// means something else by it than HTTP does. If it returns nil, or is nil, the
	// status decides.
	Refusal func(Response) *Error

	// Exhausted returns how long to send no request after a successful answer, because
	// that answer says that the quota is used up; 0: it is not. nil: never.
	Exhausted func(Response) time.Duration

	// Again is asked about a response with a status of 400 and above. True means
	// that the provider refused a detail of the request which Request now leaves
	// out: the request is built anew and sent once more, within the same
	// attempt. A nil Again means never.
	Again func(Q, Response) bool

	// Weight is what one request counts in the provider's quota; 0 means 1.
	Weight float64

	// Forbidden says what a 403 of this provider is about, and so what is not
	// asked again for a while after one. The zero value is the thing that was
	// asked for.
	Forbidden Scope

	// LimitPause is the least time that the upstream is not asked after a 429 that
	// names no time itself, by the provider's rules; it doubles, to 15
	// minutes, while the answer stays a 429. 0: the upstream's RetryMaxDelay.
	LimitPause time.Duration

	// MinFresh is the least time between two requests for the same thing,
	// however short the lifetime that the provider gives; 0: none.
	MinFresh time.Duration

	// Mutable means that our own writes change the answers, so the replicas send each
	// other invalidation messages.
	Mutable bool

	// Private keeps the URL off spans: it names a person.
	Private bool

	// Renewable says whether a 304 may still renew a value. A nil Renewable
	// means always.
	Renewable func(A, time.Time) bool

	// ObeyExpires makes the provider's own lifetime win over ours even where
	// it is the longer one.
	ObeyExpires bool
}
