package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// machine says on what the figures were taken: processor, kernel, versions.
func machine(ctx context.Context, bin string) string {
	return fmt.Sprintf("%d x %s, Linux %s, %s; %s; %s; %s.",
		runtime.NumCPU(), processor(), firstLine(ctx, "uname", "-r"), runtime.Version(),
		firstLine(ctx, filepath.Join(bin, "gateway"), "--version"), firstLine(ctx, "memcached", "--version"),
		firstLine(ctx, "/usr/sbin/nutcracker", "--version"))
}

// processor is the model name in /proc/cpuinfo.
func processor() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for line := range strings.Lines(string(text)) {
		if name, found := strings.CutPrefix(line, "model name"); found {
			return strings.Trim(name, "\t\n :")
		}
	}
	return runtime.GOARCH
}

// firstLine is what a program prints first; it is for the report's head, so a program that is missing is no error.
func firstLine(ctx context.Context, program string, args ...string) string {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	text, _ := exec.CommandContext(ctx, program, args...).CombinedOutput()
	line, _, _ := strings.Cut(string(text), "\n")
	if line == "" {
		return filepath.Base(program) + ": not found"
	}
	return line
}
