// Package weather is what the gateway knows of the weather: what one provider
// reports of a place ([Report]), what several say of it together ([Merge]) and
// how that is told to a reader ([Present]).
//
// A provider is one file: where to ask, what its answer looks like to the
// letter, and what it means in our terms. It is an [upstream.Spec] and knows of
// no cache, no policy and no other provider.
package weather
