package main

import (
	"strings"
	"testing"
)

const goodMAC = `"mac":"EF-2B-C4-F5-D6-34"`

func TestDeviceRequestsThatAreTaken(t *testing.T) {
	for name, wanted := range map[string]struct{ body, mac, firmware string }{
		"plain":            {`{` + goodMAC + `,"firmware":"2.1.5"}`, "EF-2B-C4-F5-D6-34", "2.1.5"},
		"lower case":       {`{"mac":"ef-2b-c4-f5-d6-3a","firmware":"1"}`, "ef-2b-c4-f5-d6-3a", "1"},
		"last counts":      {`{"mac":"bad","firmware":[1],` + goodMAC + `,"firmware":"2"}`, "EF-2B-C4-F5-D6-34", "2"},
		"other case":       {`{` + goodMAC + `,"MAC":"x","firmware":"2","Firmware":""}`, "EF-2B-C4-F5-D6-34", "2"},
		"escaped key":      {`{"\u006dac":"EF-2B-C4-F5-D6-34","firmware":"2"}`, "EF-2B-C4-F5-D6-34", "2"},
		"white space":      {" \r\n{\t" + goodMAC + ", \"firmware\" : \"2\" }\n", "EF-2B-C4-F5-D6-34", "2"},
		"64 pairs":         {`{` + goodMAC + `,"firmware":"` + strings.Repeat(`\ud83d\ude00`, 64) + `"}`, "EF-2B-C4-F5-D6-34", strings.Repeat("😀", 64)},
		"no surrogate":     {`{` + goodMAC + `,"firmware":"\\ud83d \u00e9\ufffd"}`, "EF-2B-C4-F5-D6-34", `\ud83d é` + "\ufffd"},
		"backslash at end": {`{` + goodMAC + `,"firmware":"\\\\"}`, "EF-2B-C4-F5-D6-34", `\\`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := readDeviceRequest([]byte(wanted.body))
			if err != nil {
				t.Fatal(err)
			}
			if got.mac != wanted.mac || got.firmware != wanted.firmware {
				t.Fatalf("read %q", got)
			}
		})
	}
}

func TestDeviceRequestsThatAreRefused(t *testing.T) {
	firmware := func(text string) string { return `{` + goodMAC + `,"firmware":` + text + `}` }
	mac := func(text string) string { return `{"firmware":"1","mac":"` + text + `"}` }
	for body, detail := range map[string]string{
		"":                                 "not valid JSON",
		"{":                                "not valid JSON",
		firmware(`"1"`) + "x":              "not valid JSON",
		firmware(`"1"`) + "\x00":           "not valid JSON",
		firmware("\"\xff\""):               "not valid JSON",
		firmware(`"1","x":"` + "\xed\xa0"): "not valid JSON",
		firmware(`"\ud83d"`):               "not valid JSON",
		firmware(`"\ude00\ud83d"`):         "not valid JSON",
		firmware(`"\ud83d\u0041"`):         "not valid JSON",
		firmware(`"1","x":"\ud800"`):       "not valid JSON",
		"[]":                               "must be a JSON object",
		"null":                             "must be a JSON object",
		"1":                                "must be a JSON object",
		"{}":                               "mac is missing",
		`{"MAC":"EF-2B-C4-F5-D6-34"}`:      "mac is missing",
		`{` + goodMAC + `}`:                "firmware is missing",
		`{"mac":null}`:                     "mac must be a string",
		firmware("1"):                      "firmware must be a string",
		firmware(`"2","firmware":null`):    "firmware must be a string",
		mac(""):                            "hex groups",
		mac("EF:2B:C4:F5:D6:34"):           "hex groups",
		mac("EF-2B-C4-F5-D6-3G"):           "hex groups",
		mac(`EF-2B-C4-F5-D6-34\n`):         "hex groups",
		firmware(`""`):                     "1 to 64 characters",
		firmware(`"` + strings.Repeat("é", 65) + `"`): "1 to 64 characters",
		firmware(`"a\u0000"`):                         "NUL",
	} {
		if _, err := readDeviceRequest([]byte(body)); err == nil || !strings.Contains(err.Error(), detail) {
			t.Errorf("%q: %v, expected %q", body, err, detail)
		}
	}
}
