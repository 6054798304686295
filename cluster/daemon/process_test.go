package daemon

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

var errWork = errors.New("the disk is on fire")

// A trial is a process without admin port in a bubble of its own time.
type trial struct {
	p       Process
	signals chan os.Signal
	result  chan error
}

func startTrial(ctx context.Context, limit time.Duration, work func(context.Context, Process) error) *trial {
	tr := &trial{p: NewTestProcess("x", zerolog.Nop()), signals: make(chan os.Signal, 2), result: make(chan error, 1)}
	tr.p.Ready.Add("part", func() error { return nil })
	go func() { tr.result <- live(ctx, tr.p, Common{DrainTimeout: limit}, tr.signals, work) }()
	return tr
}

func (tr *trial) mustEnd(t *testing.T, want error) {
	t.Helper()
	if err := <-tr.result; !errors.Is(err, want) {
		t.Errorf("ended with %v; want %v", err, want)
	}
}

func TestLiveUntilTheWorkEnds(t *testing.T) {
	for _, want := range []error{nil, errWork} {
		synctest.Test(t, func(t *testing.T) {
			tr := startTrial(t.Context(), time.Second, func(context.Context, Process) error { return want })
			tr.mustEnd(t, want)
		})
	}
}

// The order of the end: not ready first, then the context, then the drain.
func TestLiveUntilASignal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var atCancel error
		tr := startTrial(t.Context(), time.Minute, func(ctx context.Context, p Process) error {
			<-ctx.Done()
			atCancel = p.Ready.Err()
			time.Sleep(30 * time.Second) // work in flight
			return nil
		})
		synctest.Wait()
		if err := tr.p.Ready.Err(); err != nil {
			t.Errorf("running: %v", err)
		}
		begin := time.Now()
		tr.signals <- syscall.SIGTERM
		tr.mustEnd(t, nil)
		if !errors.Is(atCancel, ErrNotReady) {
			t.Errorf("ready while it stops: %v", atCancel)
		}
		if took := time.Since(begin); took != 30*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestLiveUntilTheContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		tr := startTrial(ctx, time.Minute, func(ctx context.Context, _ Process) error { <-ctx.Done(); return ctx.Err() })
		cancel()
		tr.mustEnd(t, nil)
	})
}

// Work that gives up without being told to is a failure, whatever it calls it.
func TestLiveIsNotFooledByCanceled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := startTrial(t.Context(), time.Second, func(context.Context, Process) error { return context.Canceled })
		tr.mustEnd(t, context.Canceled)
	})
}

func TestLiveDrainsNoLongerThanTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := startTrial(t.Context(), 8*time.Second, func(context.Context, Process) error { time.Sleep(time.Hour); return nil })
		synctest.Wait()
		begin := time.Now()
		tr.signals <- os.Interrupt
		tr.mustEnd(t, ErrDrain)
		if took := time.Since(begin); took != 8*time.Second {
			t.Errorf("took %v", took)
		}
		time.Sleep(time.Hour) // the work that was given up on ends
	})
}

func TestLiveEndsAtTheSecondSignal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := startTrial(t.Context(), time.Hour, func(context.Context, Process) error { time.Sleep(2 * time.Hour); return nil })
		synctest.Wait()
		begin := time.Now()
		tr.signals <- os.Interrupt
		time.Sleep(time.Second)
		tr.signals <- os.Interrupt
		tr.mustEnd(t, ErrSecondSignal)
		if took := time.Since(begin); took != time.Second {
			t.Errorf("took %v", took)
		}
		time.Sleep(2 * time.Hour)
	})
}

// What goes wrong while draining is not hidden by the signal.
func TestLiveReportsAFailedDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := startTrial(t.Context(), time.Minute, func(ctx context.Context, _ Process) error { <-ctx.Done(); return errWork })
		synctest.Wait()
		tr.signals <- syscall.SIGTERM
		tr.mustEnd(t, errWork)
	})
}

func TestLiveNeedsItsAdminPort(t *testing.T) {
	p := NewTestProcess("x", zerolog.Nop())
	ran := false
	err := live(t.Context(), p, Common{Admin: "nonsense"}, nil, func(context.Context, Process) error { ran = true; return nil })
	mustBeConfigError(t, err, "nonsense")
	if ran {
		t.Error("it ran")
	}
}

// The admin port answers "stopping" for as long as the work drains.
func TestAdminOutlivesTheWork(t *testing.T) {
	var out bytes.Buffer
	p := NewTestProcess("x", zerolog.New(&out))
	p.Ready.Add("part", func() error { return nil })
	signals := make(chan os.Signal, 2)
	var code int
	err := live(t.Context(), p, Common{Admin: "127.0.0.1:0", DrainTimeout: time.Minute}, signals, func(ctx context.Context, _ Process) error {
		signals <- syscall.SIGTERM
		<-ctx.Done()
		code = statusOf(t, strings.Split(out.String(), `"`)[7])
		return nil
	})
	if err != nil || code != http.StatusServiceUnavailable {
		t.Errorf("ended with %v; while draining /readyz said %d", err, code)
	}
}

func statusOf(t *testing.T, address string) int {
	t.Helper()
	response, err := http.Get("http://" + address + "/readyz")
	if err != nil {
		t.Error(err)
		return 0
	}
	defer response.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	return response.StatusCode
}

// The signals of the system reach the process.
func TestSignalsOfTheSystem(t *testing.T) {
	config := defaults()
	command := Command(Spec{Name: "gateway", Config: config, Environ: []string{}, Run: func(ctx context.Context, _ Process) error {
		if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
			return err
		}
		<-ctx.Done()
		return nil
	}})
	var out bytes.Buffer
	command.SetErr(&out)
	if code := Execute(t.Context(), command, nil); code != ExitOK {
		t.Errorf("exit %d: %s", code, out.String())
	}
	mustContain(t, out.String(), `"message":"stopping"`, `"signal":"terminated"`)
}

// Parts that register the same metric stay apart by their label.
func TestPart(t *testing.T) {
	var out bytes.Buffer
	p := NewTestProcess("dev", zerolog.New(&out))
	for _, name := range []string{"node-1", "node-2"} {
		part := p.Part("node", name)
		part.Metrics.MustRegister(prometheus.NewCounter(prometheus.CounterOpts{Name: "memactor_part_total", Help: "test"}))
		part.Log.Info().Msg("here")
		if part.Name != name {
			t.Errorf("name %q", part.Name)
		}
		mustContain(t, out.String(), `"node":"`+name+`"`)
	}
	families, err := p.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "memactor_part_total" && len(f.GetMetric()) == 2 {
			return
		}
	}
	t.Error("the two counters are not there")
}
