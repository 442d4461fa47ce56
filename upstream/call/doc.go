// Package call makes single calls to one upstream: the HTTP client with its
// credentials, the policies around each request, and typed errors. It knows no
// cache: what is stored, and what is served when a call fails, is decided by
// its callers.
package call
