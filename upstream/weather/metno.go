package weather

import (
	"context"
	"net/http"
	"time"

	"tributary/upstream"
	"tributary/upstream/aggregate"
)

// METNorwayAttribution must be shown with MET Norway's data (licence).
const METNorwayAttribution = "Data from MET Norway (CC BY 4.0)"

const (
	// metnoHorizon is how many hours of the series can become the current weather. It
	// must exceed the half hour after which MET is asked again.
	metnoHorizon = 5 * time.Hour

	// metnoRenewable is the greatest age of the entry for now at which a 304 may renew
	// the report: entries are an hour apart, plus some room.
	metnoRenewable = 90 * time.Minute
)

// METNorway gets MET Norway's Locationforecast. Its current weather is the latest
// entry of the forecast whose time is not after now; the whole of it is in
// Report.Forecast, so that both need one call.
// https://docs.api.met.no/doc/locationforecast/HowTO.html
func METNorway() upstream.Spec[Place, *PackedReport] {
	return upstream.Spec[Place, *PackedReport]{
		Name:  "metno",
		Route: "/weatherapi/locationforecast/2.0/compact",
		Key:   Place.Key,
		Request: func(ctx context.Context, p Place) (*http.Request, error) {
			// More than four decimals would be answered with a 403.
			return aggregate.Get(ctx, "/weatherapi/locationforecast/2.0/compact?"+p.Query("lat", "lon"))
		},
		Decode: packed(decodeMETNorway),
		Refusal: func(r upstream.Response) *upstream.Error {
			if r.Status == http.StatusUnprocessableEntity {
				return notCovered(r.Status)
			}
			return nil
		},
		Renewable: func(r *PackedReport, now time.Time) bool {
			return now.Sub(r.At(now).ObservedAt()) <= metnoRenewable
		},
		ObeyExpires: true,                  // https://api.met.no/doc/TermsOfService
		Forbidden:   upstream.ThisUpstream, // a ban, which more calls would make permanent
		MinFresh:    MinFresh,
	}
}

func decodeMETNorway(r upstream.Response) (*Report, error) {
	var a metnoAnswer
	series := &a.series
	series.now = r.At
	defer series.reuse()
	if err := upstream.DecodeJSON(r.Body, '{', &a); err != nil {
		return nil, err
	}
	if err := a.unusable(); err != nil {
		return nil, err
	}
	declared, kept := a.units.Value, series.kept()
	first, err := kept[0].report(declared)
	if err != nil {
		return nil, err
	}
	if err := first.validate(r.At); err != nil {
		return nil, err
	}
	last := first
	for i := range kept[1:] {
		report, err := kept[1+i].report(declared)
		if err != nil || report.checkTemperature() != nil {
			break // a later entry is unreadable, so the series ends before it
		}
		report.dropImpossible()
		last.Next, last = report, report
	}
	first.Forecast = series.forecast(declared).Pack()
	return first, nil
}
