//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// naive is a merge as one writes it in an hour: it asks the three providers side by side,
// decodes their answers, and sends the median temperature. It has a time-out and no
// other policy. Its arguments are an address and the providers' URLs.
func naive(args []string) error {
	addr, openmeteo, openweather, metno := args[0], args[1], args[2], args[3]
	client := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 1000}}
	return http.ListenAndServe(addr, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lat, lon := r.FormValue("lat"), r.FormValue("lon")
		var (
			om openMeteoAnswer
			ow openWeatherAnswer
			mn metAnswer
		)
		asks := []struct {
			url  string
			into any
		}{
			{openmeteo + "/v1/forecast?latitude=" + lat + "&longitude=" + lon + "&current=temperature_2m&wind_speed_unit=ms", &om},
			{openweather + "/data/2.5/weather?units=metric&appid=bench&lat=" + lat + "&lon=" + lon, &ow},
			{metno + "/weatherapi/locationforecast/2.0/compact?lat=" + lat + "&lon=" + lon, &mn},
		}
		errs := make([]error, len(asks))
		var wg sync.WaitGroup
		for i, a := range asks {
			wg.Go(func() { errs[i] = fetch(r.Context(), client, a.url, a.into) })
		}
		wg.Wait()
		var temperatures []float64
		for i, t := range []float64{om.Current.Temperature, ow.Main.Temperature, mn.temperature()} {
			if errs[i] == nil {
				temperatures = append(temperatures, t)
			}
		}
		if len(temperatures) == 0 {
			http.Error(w, fmt.Sprint(errs), http.StatusBadGateway)
			return
		}
		slices.Sort(temperatures)
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"data": map[string]any{"temperature": temperatures[len(temperatures)/2]}, "meta": map[string]any{"sources": len(temperatures)}})
	}))
}

func fetch(ctx context.Context, client *http.Client, url string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	req.Header.Set("User-Agent", "naive bench@example.com")
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(into)
}

type openMeteoAnswer struct {
	Current struct {
		Temperature float64 `json:"temperature_2m"`
	} `json:"current"`
}

type openWeatherAnswer struct {
	Main struct {
		Temperature float64 `json:"temp"`
	} `json:"main"`
}

type metAnswer struct {
	Properties struct {
		Timeseries []struct {
			Time time.Time `json:"time"`
			Data struct {
				Instant struct {
					Details map[string]float64 `json:"details"`
				} `json:"instant"`
			} `json:"data"`
		} `json:"timeseries"`
	} `json:"properties"`
}

func (m *metAnswer) temperature() float64 {
	if len(m.Properties.Timeseries) == 0 {
		return 0
	}
	return m.Properties.Timeseries[0].Data.Instant.Details["air_temperature"]
}
