package main

import (
	"encoding/json"
	"testing"
	"time"
)

func TestDeviceJSONHasTheContractsOrderAndMilliseconds(t *testing.T) {
	at := shown(time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600)))
	got, err := json.Marshal(device{7, "9add349c-c35c-4d32-ab0f-53da1ba40a2a", "00-00-00-00-00-00", `"é<`, at, at})
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
	if read, err := time.Parse(time.RFC3339, shown(at)); err != nil || !read.Equal(at) {
		t.Fatalf("%s is not %s (%v)", shown(at), at, err)
	}
}
