//go:build containers

package compose

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/memactor/memactor/e2e/harness"
)

const (
	// callTimeout bounds one call of the docker tools; to start or stop everything
	// is one call.
	callTimeout = 2 * time.Minute
	// healthTimeout bounds every wait until a container is well.
	healthTimeout = 90 * time.Second
)

// calls is what every call of the docker tools runs under, but for those that take the
// containers away: an interrupted test fails at its next call, and cleans up.
var calls, _ = signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)

// images are what docker-compose.yml names; `make images` builds them.
var images = []string{"memactor/gateway", "memactor/shardnode", "memactor/memactor"}

// stack is docker-compose.yml, running under a project name and on ports of its own.
type stack struct {
	t        *testing.T
	compose  []string // the command: docker compose, or docker-compose
	project  string
	env      []string
	gateways [2]string // where they serve memcached clients
	consul   string    // where Consul's agent serves HTTP
	profiles []string
}

// start starts the stack and waits until all its containers are healthy. It is
// removed when the test ends.
func start(t *testing.T, profiles ...string) *stack {
	t.Helper()
	s := &stack{
		t: t, compose: composeCommand(t), project: fmt.Sprintf("memactor-test-%d", os.Getpid()),
		gateways: [2]string{harness.FreeAddress(t), harness.FreeAddress(t)}, consul: harness.FreeAddress(t),
	}
	for _, profile := range profiles {
		s.profiles = append(s.profiles, "--profile", profile)
	}
	s.env = append(os.Environ(), "GATEWAY1_PORT="+harness.Port(s.gateways[0]),
		"GATEWAY2_PORT="+harness.Port(s.gateways[1]), "CONSUL_PORT="+harness.Port(s.consul))
	t.Cleanup(s.remove)
	s.run("up", "-d", "--no-build")
	s.waitHealthy()
	return s
}

// remove takes everything away: containers, networks, volumes.
func (s *stack) remove() {
	if s.t.Failed() {
		out, _ := s.try("logs", "--no-color", "--tail=40")
		s.t.Logf("the end of what the containers printed:\n%s", out)
	}
	// An interrupted call may have left the engine at work: then once more.
	harness.Eventually(s.t, 2*callTimeout, "all is taken away", func() bool {
		out, err := s.call(context.Background(), "down", "-v", "-t", "1", "--remove-orphans")
		if err != nil {
			s.t.Logf("compose down: %v\n%s", err, out)
		}
		return err == nil
	})
}

// run calls compose for the stack; a failure fails the test.
func (s *stack) run(args ...string) string {
	s.t.Helper()
	out, err := s.try(args...)
	if err != nil {
		s.t.Fatalf("%s %s: %v\n%s", strings.Join(s.compose, " "), strings.Join(args, " "), err, out)
	}
	return out
}

func (s *stack) try(args ...string) (string, error) { return s.call(calls, args...) }

func (s *stack) call(ctx context.Context, args ...string) (string, error) {
	all := append(append(s.compose[1:len(s.compose):len(s.compose)], "-p", s.project), s.profiles...)
	return call(ctx, s.env, s.compose[0], append(all, args...)...)
}

// call runs a command in the repository's root, for at most callTimeout.
func call(ctx context.Context, env []string, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = harness.Root(), env
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // the tools clean up, too
	cmd.WaitDelay = 20 * time.Second
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// docker calls the engine; a failure fails the test.
func (s *stack) docker(args ...string) string {
	s.t.Helper()
	out, err := call(calls, nil, "docker", args...)
	if err != nil {
		s.t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// container is the id of a service's container.
func (s *stack) container(service string) string {
	s.t.Helper()
	id := s.docker("ps", "-aq", "--filter", "label=com.docker.compose.project="+s.project,
		"--filter", "label=com.docker.compose.service="+service)
	if id == "" || strings.Contains(id, "\n") {
		s.t.Fatalf("the containers of %s are %q, not one", service, id)
	}
	return id
}

// inspect is one thing that the engine knows of a service's container.
func (s *stack) inspect(service, format string) string {
	s.t.Helper()
	return s.docker("inspect", "-f", format, s.container(service))
}

// waitHealthy waits until all containers are healthy.
func (s *stack) waitHealthy() {
	s.t.Helper()
	harness.Eventually(s.t, healthTimeout, "all containers are healthy", func() bool {
		time.Sleep(200 * time.Millisecond) // each look is a process of its own
		all := s.docker("ps", "-a", "--filter", "label=com.docker.compose.project="+s.project, "--format", "{{.Status}}")
		return strings.Count(all, "(healthy)") == strings.Count(all, "\n")+1
	})
}

// get asks Consul's agent and decodes its answer into what answer points to; it
// reports whether there was one.
func (s *stack) get(path string, answer any) bool {
	client := http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get("http://" + s.consul + path)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	return response.StatusCode == http.StatusOK && json.NewDecoder(response.Body).Decode(answer) == nil
}

// composeCommand is version 2 of compose, or else version 1. Without an engine, or
// without either, the test is skipped; in CI it fails.
func composeCommand(t *testing.T) []string {
	t.Helper()
	if out, err := call(calls, nil, "docker", "version", "--format", "{{.Server.Version}}"); err != nil {
		without(t, "a Docker engine: "+out+" "+err.Error())
	}
	for _, image := range images {
		if out, err := call(calls, nil, "docker", "image", "inspect", image); err != nil {
			t.Fatalf("no image %s: make images (%s)", image, out)
		}
	}
	if command := os.Getenv("MEMACTOR_COMPOSE"); command != "" {
		return strings.Fields(command)
	}
	for _, command := range [][]string{{"docker", "compose"}, {"docker-compose"}} {
		if _, err := call(calls, nil, command[0], append(command[1:], "version")...); err == nil {
			return command
		}
	}
	without(t, "docker compose or docker-compose")
	return nil
}

func without(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("this test needs %s", what)
	}
	t.Skipf("skipped: this test needs %s", what)
}
