package daemon

import (
	"runtime"
	"testing"

	"github.com/rs/zerolog"
)

func TestAwake(t *testing.T) {
	for _, test := range []struct {
		debug, want string
		needed      bool
	}{
		{"", awakeSetting, true},
		{"gctrace=1", "gctrace=1," + awakeSetting, true},
		{awakeSetting, awakeSetting, false},
		{"schedtrace=1000,gctrace=1", "schedtrace=1000,gctrace=1", false},
	} {
		if got, needed := awake(test.debug); got != test.want || needed != test.needed {
			t.Errorf("%q: %q %v", test.debug, got, needed)
		}
	}
}

func TestThreads(t *testing.T) {
	t.Setenv(debugVariable, awakeSetting)
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	for _, test := range []struct {
		threads int
		environ string
		start   int
		want    int
	}{
		{threads: 3, start: 8, want: 3},
		{threads: 0, start: 8, want: 4},
		{threads: 0, start: 1, want: 1},
		{threads: 0, start: 8, environ: "8", want: 8},
	} {
		runtime.GOMAXPROCS(test.start)
		t.Setenv("GOMAXPROCS", test.environ)
		(&Runtime{Threads: test.threads}).tune(zerolog.Nop())
		if got := runtime.GOMAXPROCS(0); got != test.want {
			t.Errorf("%+v: %d", test, got)
		}
	}
}
