package main

import "time"

// device is what both endpoints answer; the order of the fields is the contract's.
type device struct {
	ID        int64  `json:"id"`
	UUID      string `json:"uuid"`
	MAC       string `json:"mac"`
	Firmware  string `json:"firmware"`
	CreatedAt string `json:"created_at"`
	UpdatedAt string `json:"updated_at"`
}

// now is cut to what is shown, so that the row and the answer hold the same instant.
func now() time.Time {
	return time.Now().UTC().Truncate(time.Millisecond)
}

// shown is RFC 3339, always with milliseconds: time.RFC3339Nano drops zeros at the end.
func shown(at time.Time) string {
	return at.UTC().Format("2006-01-02T15:04:05.000Z")
}

// knownDevices are the three that GET shows (docs/design.md section 2).
var knownDevices = []device{
	{1, "9add349c-c35c-4d32-ab0f-53da1ba40a2a", "EF-2B-C4-F5-D6-34", "2.1.5",
		"2024-05-28T15:21:51.137Z", "2024-05-28T15:21:51.137Z"},
	{2, "d2293412-36eb-46e7-9231-af7e9249fffe", "E7-34-96-33-0C-4C", "1.0.3",
		"2024-01-28T15:20:51.137Z", "2024-01-28T15:20:51.137Z"},
	{3, "eee58ca8-ca51-47a5-ab48-163fd0e44b77", "68-93-9B-B5-33-B9", "4.3.1",
		"2024-08-28T15:18:21.137Z", "2024-08-28T15:18:21.137Z"},
}
