package main

import (
	"time"

	"github.com/google/uuid"
)

// device is what both endpoints answer; the order of the fields is the contract's.
type device struct {
	ID        int64     `json:"id"`
	UUID      uuid.UUID `json:"uuid"`
	MAC       string    `json:"mac"`
	Firmware  string    `json:"firmware"`
	CreatedAt timestamp `json:"created_at"`
	UpdatedAt timestamp `json:"updated_at"`
}

// timestamp always shows milliseconds: time.Time's own JSON drops zeros at the end.
type timestamp struct{ time.Time }

// now is cut to what is shown, so that the row and the answer hold the same instant.
func now() timestamp {
	return timestamp{time.Now().UTC().Truncate(time.Millisecond)}
}

// MarshalJSON writes RFC 3339 in UTC.
func (t timestamp) MarshalJSON() ([]byte, error) {
	const form = `"2006-01-02T15:04:05.000Z"`
	return t.UTC().AppendFormat(make([]byte, 0, len(form)), form), nil
}

func known(id int64, name, mac, firmware string, at time.Time) device {
	return device{id, uuid.MustParse(name), mac, firmware, timestamp{at}, timestamp{at}}
}

const ms137 = 137 * int(time.Millisecond)

// knownDevices are the three that GET shows (docs/design.md section 2).
var knownDevices = []device{
	known(1, "9add349c-c35c-4d32-ab0f-53da1ba40a2a", "EF-2B-C4-F5-D6-34", "2.1.5",
		time.Date(2024, 5, 28, 15, 21, 51, ms137, time.UTC)),
	known(2, "d2293412-36eb-46e7-9231-af7e9249fffe", "E7-34-96-33-0C-4C", "1.0.3",
		time.Date(2024, 1, 28, 15, 20, 51, ms137, time.UTC)),
	known(3, "eee58ca8-ca51-47a5-ab48-163fd0e44b77", "68-93-9B-B5-33-B9", "4.3.1",
		time.Date(2024, 8, 28, 15, 18, 21, ms137, time.UTC)),
}
