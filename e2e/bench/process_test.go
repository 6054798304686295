package main

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	const text = "4242 (a) name (x) S 1 4242 4242 0 -1 4194560 100 0 0 0 123 45 0 0 20 0 5 0 1000 1000000 250\n"
	if got, err := parseStat([]byte(text)); err != nil || got != 1680*time.Millisecond {
		t.Errorf("%v, %v", got, err)
	}
	for _, text := range []string{"", "1 (x) S", "1 (x) S 1 1 1 0 -1 1 1 0 0 0 a b 0 0"} {
		if got, err := parseStat([]byte(text)); !errors.Is(err, errProc) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

func TestParseStatus(t *testing.T) {
	if got, err := parseStatus([]byte("Name:\tx\nVmHWM:\t  9 kB\nVmRSS:\t  1234 kB\nThreads:\t1\n")); err != nil || got != 1234<<10 {
		t.Errorf("%v, %v", got, err)
	}
	for _, text := range []string{"", "Name:\tx\n", "VmRSS:\tmuch kB\n"} {
		if got, err := parseStatus([]byte(text)); !errors.Is(err, errProc) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

func TestAProcessIsMeasuredAndStopped(t *testing.T) {
	p, err := start("busy", "sh", "-c", "while :; do :; done")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.stop)
	if err := p.await(t.Context(), "busy", func() bool {
		used, err := p.cpu()
		return err == nil && used > 50*time.Millisecond
	}); err != nil {
		t.Error(err)
	}
	if size, err := p.rss(); err != nil || size < 100<<10 || size > 100<<20 {
		t.Errorf("%d bytes, %v", size, err)
	}
	p.stop()
	if _, err := os.Stat("/proc/" + p.pid()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it still exists: %v", err)
	}
	if _, err := p.cpu(); err == nil {
		t.Error("the CPU time of a process that is gone")
	}
	p.stop() // twice is no harm
}

func TestAProcessThatEndsWhileItIsAwaitedSaysWhy(t *testing.T) {
	p, err := start("broken", "sh", "-c", "echo no such option >&2; exit 3")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.stop)
	err = p.await(t.Context(), "ready", func() bool { return false })
	if err == nil || !strings.Contains(err.Error(), "broken ended before it was ready: no such option") {
		t.Error(err)
	}
}

func TestAProgramThatDoesNotExist(t *testing.T) {
	if _, err := start("nothing", "/does/not/exist"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

func TestTheTailOfTheOutputIsKept(t *testing.T) {
	var out tail
	for range 3000 {
		_, _ = out.Write([]byte("0123456789"))
	}
	_, _ = out.Write([]byte("the end"))
	if text := out.String(); len(text) > tailSize || !strings.HasSuffix(text, "9the end") {
		t.Errorf("%d bytes", len(text))
	}
}

func TestFreeAddressesDiffer(t *testing.T) {
	all, err := freeAddresses(50)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, address := range all {
		if seen[address] || !strings.HasPrefix(address, "127.0.0.1:2") && !strings.HasPrefix(address, "127.0.0.1:3") {
			t.Errorf("%q", address)
		}
		seen[address] = true
	}
}
