// Package upstream is how one upstream is called, whatever it answers about:
// a client, the policies around it, typed errors, and sources that remember
// what they were told. It knows no weather and no users.
package upstream
