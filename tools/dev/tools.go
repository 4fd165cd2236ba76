//go:build tools

// Package dev pins the developers' tools that ./bench setup dev makes: what go.mod and go.sum say, and nothing newer.
package dev

import (
	_ "github.com/prometheus/memcached_exporter/cmd/memcached_exporter"
	_ "sigs.k8s.io/kustomize/kustomize/v5"
)
