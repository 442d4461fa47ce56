// Package upstream answers questions that one upstream can answer, safely: from the
// cache while an answer is fresh, else by one fetch per key, and from the cache again
// when that fails. How a single call is made is package call's. It knows nothing of
// weather or users.
package upstream
