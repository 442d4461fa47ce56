// Package declared serves unified endpoints that an operator declares in a file
// instead of programming them. Read reads the file, Compile checks every reference
// and types every expression, and Bind connects the result with upstreams. A part of
// an endpoint is a Source like those of the built-in domains, and parts are gathered
// as theirs are.
package declared
