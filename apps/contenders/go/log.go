package main

import (
	"log/slog"
	"sync/atomic"
	"time"
)

// occasionally logs once in an interval at most: a failure under load comes with every request.
type occasionally struct {
	interval time.Duration
	last     atomic.Int64 // Unix nanoseconds
	silent   atomic.Int64 // left out since
}

func newOccasionally(interval time.Duration) *occasionally {
	return &occasionally{interval: interval}
}

func (o *occasionally) warn(message string, about slog.Attr) {
	last, at := o.last.Load(), time.Now().UnixNano()
	if at-last < int64(o.interval) || !o.last.CompareAndSwap(last, at) {
		o.silent.Add(1)
		return
	}
	slog.Warn(message, about, slog.Int64("left_out", o.silent.Swap(0)))
}
