// Package aggregate has what all domains share to answer from several sources: asking
// the sources at the same time, the outcome of each, merging the numbers of several
// reports, and the encoded answer with its tag. It imports no domain.
package aggregate
