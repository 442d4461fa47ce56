// Package weather merges the current weather of a place from several providers:
// what one provider reports ([Report]), what several report together ([Merge])
// and how that is shown ([Present]).
//
// A provider is one file: what to ask, the exact form of its answer, and how that
// becomes a Report. It is an [upstream.Spec] and knows no cache, no policy and no
// other provider.
package weather
