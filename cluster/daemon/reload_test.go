package daemon

import (
	"errors"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

func TestReloadsRunAllAndNameWhatFailed(t *testing.T) {
	var r Reloads
	if err := r.Run(); err != nil {
		t.Errorf("nothing to reload: %v", err)
	}
	ran := 0
	r.Add("passwords", func() error { ran++; return errWork })
	r.Add("certificates", func() error { ran++; return nil })
	err := r.Run()
	if ran != 2 || !errors.Is(err, errWork) {
		t.Errorf("%d ran, %v", ran, err)
	}
	mustContain(t, err.Error(), "reload: passwords: ")
}

// A hangup reloads, each time, until stop; the process lives on.
func TestReloadsOnHangup(t *testing.T) {
	var r Reloads
	ran := make(chan int, 10)
	n := 0
	r.Add("part", func() error { n++; ran <- n; return nil })
	stop := r.onHangup(zerolog.Nop())
	for want := range 2 {
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		select {
		case got := <-ran:
			if got != want+1 {
				t.Errorf("reload %d", got)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("not reloaded")
		}
	}
	stop()
}
