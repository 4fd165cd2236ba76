package main

import (
	"strings"
	"testing"
	"time"
)

func TestCommandLineIsRead(t *testing.T) {
	got, err := parse([]string{"--address", "127.0.0.1", "--port", "9", "--pool=64", "--cache-idle-connections", "2",
		"--drain-delay", "0", "--insert-timeout", "1m30s"})
	if err != nil {
		t.Fatal(err)
	}
	if got.address != "127.0.0.1" || got.port != 9 || got.pool != 64 || got.cacheIdle != 2 ||
		got.insertTimeout != 90*time.Second || got.postgres != "" {
		t.Fatalf("read %+v", got)
	}
}

func TestMistakesAreNamedInOneLine(t *testing.T) {
	for _, wrong := range [][]string{
		{"--port", "80x"}, {"--port", "65536"}, {"--port", "0"}, {"--admin-port", "-1"}, {"--port"}, {"--address", "here"},
		{"--admin-address", ""}, {"--pool", "0"}, {"--pool", "10001"}, {"--memcached", "host"}, {"--memcached", ":1"},
		{"--memcached", "host:0"}, {"--cache-idle-connections", "0"}, {"--idle-timeout", "5"}, {"--idle-timeout", "-5s"},
		{"--body-timeout", "0"}, {"--drain-timeout", "-1s"}, {"--threads", "-1"}, {"--no-such-flag"},
	} {
		_, err := parse(wrong)
		if err == nil || !strings.Contains(err.Error(), wrong[0]) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v: %v", wrong, err)
		}
	}
	if _, err := parse([]string{"stray"}); err == nil || !strings.Contains(err.Error(), "stray") {
		t.Error(err)
	}
}

func TestUsageNamesEveryFlagWithTwoDashes(t *testing.T) {
	text := usage()
	for _, name := range []string{"address", "admin-port", "postgres", "pool", "cache-idle-connections", "version"} {
		if !strings.Contains(text, "\n  --"+name+" ") {
			t.Errorf("--%s is not explained", name)
		}
	}
}
