package shard

import (
	"flag"
	"os"
	"testing"
)

// The arithmetic is cheap and everything stands on it: properties are checked by
// the thousand, unless the command line says otherwise.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "1000"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}
