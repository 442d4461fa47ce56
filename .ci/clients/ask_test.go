package clients_test

import (
	"context"
	"net/http"
	"os"
	"testing"

	"github.com/ogen-go/ogen/ogenerrors"

	"clients/oapi"
	"clients/ogen"
)

// The types of both clients must hold for what the gateway answers.

func TestOapiCodegen(t *testing.T) {
	c, err := oapi.NewClientWithResponses(os.Getenv("TRIBUTARY_URL"))
	if err != nil {
		t.Fatal(err)
	}
	response, err := c.GetWeatherWithResponse(t.Context(), &oapi.GetWeatherParams{City: new("Delhi")})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := response.JSON200.AsWeatherAnswer()
	if err != nil {
		t.Fatal(err)
	}
	if answer.Data.Temperature == nil || *answer.Data.Place.Name != "Delhi" || len(answer.Meta.Sources) == 0 {
		t.Errorf("answer = %s, want the weather of Delhi with its sources", response.Body)
	}
	refused, err := c.GetWeatherWithResponse(t.Context(), &oapi.GetWeatherParams{})
	if err != nil {
		t.Fatal(err)
	}
	if p := refused.ApplicationproblemJSON400; p == nil || p.Status != http.StatusBadRequest {
		t.Errorf("answer = %s, want a problem", refused.Body)
	}
}

func TestOgen(t *testing.T) {
	c, err := ogen.NewClient(os.Getenv("TRIBUTARY_URL"), anonymous{})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := c.GetWeather(t.Context(), ogen.GetWeatherParams{City: ogen.NewOptString("Delhi")})
	if err != nil {
		t.Fatal(err)
	}
	w, ok := answer.(*ogen.WeatherAnswerHeaders)
	if !ok || !w.Response.Data.Temperature.Set || len(w.Response.Meta.Sources) == 0 {
		t.Errorf("answer = %+v, want the weather of Delhi with its sources", answer)
	}
}

// anonymous has no credentials.
type anonymous struct{}

func (anonymous) ApiKey(context.Context, ogen.OperationName) (ogen.ApiKey, error) {
	return ogen.ApiKey{}, ogenerrors.ErrSkipClientSecurity
}

func (anonymous) Bearer(context.Context, ogen.OperationName) (ogen.Bearer, error) {
	return ogen.Bearer{}, ogenerrors.ErrSkipClientSecurity
}
