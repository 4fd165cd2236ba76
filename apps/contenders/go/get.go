package main

import (
	"encoding/json"
	"net/http"
)

// listDevices serialises the three devices for each request: that is the work which is measured.
func listDevices(*http.Request, []byte) answer {
	body, err := json.Marshal(knownDevices)
	if err != nil {
		return internal
	}
	return answer{status: http.StatusOK, body: body}
}
