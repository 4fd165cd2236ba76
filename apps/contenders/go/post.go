package main

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"

	"github.com/google/uuid"
)

// poster stores a device for each POST: a row first, then a cache entry.
type poster struct {
	store    *store
	cache    *cache
	rejected *rejections
}

func (p *poster) storeDevice(r *http.Request, body []byte) answer {
	if !isJSON(r.Header.Get("Content-Type")) {
		return wrongType
	}
	fields, err := readDeviceRequest(body)
	if err != nil {
		return badRequest(err.Error())
	}
	fresh := row{uuid: uuid.New(), mac: fields.mac, firmware: fields.firmware, at: now()}
	id, err := p.store.insert(fresh)
	if err != nil {
		return p.notStored(err)
	}
	name, at := fresh.uuid.String(), shown(fresh.at)
	content, err := json.Marshal(device{id, name, fresh.mac, fresh.firmware, at, at})
	if err != nil {
		return internal
	}
	// The row is the truth: what happens to the cache entry is told, and changes nothing else.
	stored := answer{status: http.StatusCreated, body: content, cache: "stored"}
	if p.cache.set(name, content) != nil {
		stored.cache = "failed"
	}
	return stored
}

func (p *poster) notStored(err error) answer {
	switch {
	case errors.Is(err, errUnavailable):
		p.rejected.unavailable.Inc()
		return failed(http.StatusServiceUnavailable, "database_unavailable",
			"no connection to the database; the row is not stored")
	case errors.Is(err, errOverloaded):
		p.rejected.overload.Inc()
		return failed(http.StatusServiceUnavailable, "overloaded",
			"too many requests wait for the database; the row is not stored")
	case errors.Is(err, errRefused):
		return failed(http.StatusInternalServerError, "database_error",
			"the database refused the row; it is not stored")
	case errors.Is(err, errTimedOut):
		return failed(http.StatusGatewayTimeout, "outcome_unknown",
			"the database did not answer in time; the row may be stored")
	default:
		return failed(http.StatusGatewayTimeout, "outcome_unknown",
			"the link to the database was lost after the statement was sent; the row may be stored")
	}
}

func isJSON(contentType string) bool {
	if contentType == "" || contentType == "application/json" {
		return true
	}
	kind, _, err := mime.ParseMediaType(contentType) // in lower case
	return (err == nil || errors.Is(err, mime.ErrInvalidMediaParameter)) && kind == "application/json"
}
