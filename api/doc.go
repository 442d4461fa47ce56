// Package api is the HTTP face: it reads questions, asks the domain, and
// writes answers and problems. It knows no provider.
package api
