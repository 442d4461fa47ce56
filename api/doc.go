// Package api serves Tributary over HTTP: it reads requests, calls the domain
// services, and writes answers and problem documents. It does not depend on any provider.
package api
