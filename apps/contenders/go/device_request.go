package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

const firmwareLimit = 64 // characters

// deviceRequest is the body of a POST.
type deviceRequest struct {
	mac      string
	firmware string
}

// readDeviceRequest's error is the detail of a 400.
func readDeviceRequest(body []byte) (deviceRequest, error) {
	var request deviceRequest
	// encoding/json would put U+FFFD in the place of what is not Unicode, and store that.
	if !utf8.Valid(body) || holdsLoneSurrogate(body) {
		return request, errors.New("the body is not valid JSON in UTF-8")
	}
	// A map, since keys of a struct are matched without regard to case. Of a key given twice the last stays,
	// and only what stays is looked at.
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		var other *json.UnmarshalTypeError
		if errors.As(err, &other) {
			return request, errors.New("the body must be a JSON object")
		}
		return request, errors.New("the body is not valid JSON in UTF-8")
	}
	if fields == nil { // null
		return request, errors.New("the body must be a JSON object")
	}
	var err error
	if request.mac, err = textOf(fields, "mac"); err != nil {
		return request, err
	}
	if !isMAC(request.mac) {
		return request, errors.New("the field mac must be six two-digit hex groups joined by '-'")
	}
	if request.firmware, err = textOf(fields, "firmware"); err != nil {
		return request, err
	}
	return request, checkFirmware(request.firmware)
}

func textOf(fields map[string]json.RawMessage, name string) (string, error) {
	raw, found := fields[name]
	if !found {
		return "", errors.New("the field " + name + " is missing")
	}
	if raw[0] != '"' { // null would be taken for an empty string
		return "", errors.New("the field " + name + " must be a string")
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return "", errors.New("the field " + name + " must be a string")
	}
	return text, nil
}

func checkFirmware(text string) error {
	if text == "" || utf8.RuneCountInString(text) > firmwareLimit {
		return errors.New("the field firmware must have 1 to 64 characters")
	}
	if strings.IndexByte(text, 0) >= 0 { // PostgreSQL's text cannot hold it
		return errors.New("the field firmware must not hold a NUL character")
	}
	return nil
}

func isMAC(text string) bool {
	if len(text) != len("EF-2B-C4-F5-D6-34") {
		return false
	}
	for i := range len(text) {
		if i%3 == 2 {
			if text[i] != '-' {
				return false
			}
		} else if !isHexDigit(text[i]) {
			return false
		}
	}
	return true
}

func isHexDigit(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// holdsLoneSurrogate looks for an escape \ud800 to \udfff without its other half. What is no JSON at all is
// left to the parser.
func holdsLoneSurrogate(text []byte) bool {
	for {
		at := bytes.IndexByte(text, '\\')
		if at < 0 || at+1 >= len(text) {
			return false
		}
		text = text[at:]
		unit, escaped := utf16Escape(text)
		switch {
		case !escaped:
			text = text[2:]
		case !utf16.IsSurrogate(unit):
			text = text[6:]
		default:
			other, _ := utf16Escape(text[6:])
			if utf16.DecodeRune(unit, other) == utf8.RuneError {
				return true
			}
			text = text[12:]
		}
	}
}

// utf16Escape reads a \uXXXX at the start.
func utf16Escape(text []byte) (rune, bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return rune(unit), err == nil
}
