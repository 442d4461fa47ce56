// Package aggregate is what every unified answer shares: sources asked side by
// side, what became of each, numbers merged from several reports, and the
// encoded answer with its tag. It knows no domain.
package aggregate
