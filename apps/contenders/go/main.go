// Command server is the contender in Go: /api/devices with net/http, pgx and gomemcache, as docs/design.md
// section 2 asks. One kind of request a process: GET, or with --postgres POST.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
)

const program = "go"

// Set by the setup program (-ldflags -X).
var (
	version  = "0.0.0"
	revision = "unknown"
)

func main() {
	given, err := parse(os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Print(usage())
	case err != nil:
		fmt.Fprintf(os.Stderr, "%s: %v; see %s --help\n", program, err, program)
		os.Exit(2)
	case given.version:
		fmt.Printf("%s %s (%s)\n", program, version, revision)
	default:
		if err := run(given); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", program, err)
			os.Exit(1)
		}
	}
}
