// Package api serves Tributary over HTTP: it reads requests, calls the domain
// services, and writes answers and problem documents. It knows no provider.
package api
