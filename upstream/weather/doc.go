// Package weather merges the current weather of a place from several providers:
// [Report] is what one provider measured or computed, [Merge] combines several
// reports, and [Present] converts the result for the API.
//
// A provider is one file with an [upstream.Spec]: how to make the request, the form
// of the answer, and its conversion to a Report. It knows no cache, no policy and no
// other provider.
package weather
