package main

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"
)

func TestDeviceJSONHasTheContractsOrderAndMilliseconds(t *testing.T) {
	at := timestamp{time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600))}
	name := uuid.MustParse("9add349c-c35c-4d32-ab0f-53da1ba40a2a")
	got, err := json.Marshal(device{7, name, "00-00-00-00-00-00", `"é<`, at, at})
	if err != nil {
		t.Fatal(err)
	}
	const wanted = `{"id":7,"uuid":"9add349c-c35c-4d32-ab0f-53da1ba40a2a","mac":"00-00-00-00-00-00",` +
		`"firmware":"\"é\u003c","created_at":"2026-01-02T02:04:05.000Z","updated_at":"2026-01-02T02:04:05.000Z"}`
	if string(got) != wanted {
		t.Fatalf("got %s", got)
	}
}

func TestNowIsWhatIsShown(t *testing.T) {
	at := now()
	text, _ := at.MarshalJSON()
	var read time.Time
	if err := json.Unmarshal(text, &read); err != nil || !read.Equal(at.Time) {
		t.Fatalf("%s is not %s (%v)", text, at.Time, err)
	}
}
