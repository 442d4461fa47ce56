// Package call makes single calls to one upstream: the HTTP client with its
// credentials, the policies around each request, and typed errors. It has no cache:
// its callers decide what to store, and what to serve when a call fails.
package call
