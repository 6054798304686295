package faults

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/memactor/memactor/e2e/harness"
)

// TestWrongConfiguration wants a quick end with a code that is not 0 and a message
// that names the key, the value and, where there is a range, what is allowed.
func TestWrongConfiguration(t *testing.T) {
	t.Parallel()
	const node = "--node=n1=127.0.0.1:1"
	tests := []struct {
		name    string
		program string
		args    []string
		file    string // written to a file that --config names
		says    []string
	}{
		{"port out of range", harness.GatewayProgram, []string{node, "-p", "70000"}, "", []string{"port", "70000", "65535"}},
		{"port no number", harness.GatewayProgram, []string{node, "-p", "eleven"}, "", []string{"port", "eleven"}},
		{"size no size", harness.GatewayProgram, []string{node, "-I", "1x"}, "", []string{"max-item-size", "1x"}},
		{"size too small", harness.GatewayProgram, []string{node, "-I", "10"}, "", []string{"max-item-size", "10", "1k"}},
		{"no connections", harness.GatewayProgram, []string{node, "-c", "0"}, "", []string{"max-connections", "0", "1.."}},
		{"unknown flag", harness.GatewayProgram, []string{node, "--prot", "1"}, "", []string{"prot"}},
		{"argument too many", harness.GatewayProgram, []string{node, "serve"}, "", []string{"serve"}},
		{"misspelt key", harness.GatewayProgram, []string{node}, "max-conections: 10\n", []string{"max-conections", "max-connections"}},
		{"wrong value in the file", harness.GatewayProgram, []string{node}, "max-connections: many\n", []string{"max-connections", "many"}},
		{"no YAML", harness.GatewayProgram, []string{node}, "{{{", []string{"config.yaml"}},
		{"no file", harness.GatewayProgram, []string{node, "--config", "nowhere.yaml"}, "", []string{"nowhere.yaml"}},
		{"node without an address", harness.GatewayProgram, []string{"--node", "n1"}, "", []string{"node", "n1"}},
		{"one node twice", harness.GatewayProgram, []string{node, node}, "", []string{"n1"}},
		{"no nodes", harness.GatewayProgram, nil, "", []string{"node"}},
		{"memory no size", harness.ShardNodeProgram, []string{"--id", "n1", "-m", "lots"}, "", []string{"m", "lots"}},
		{"node not in its list", harness.ShardNodeProgram, []string{"--id", "n9", node}, "", []string{"n9"}},
		{"misspelt key of a node", harness.ShardNodeProgram, []string{"--id", "n1"}, "zoen: a\n", []string{"zoen", "zone"}},
		{"dev without nodes", harness.MemactorProgram, []string{"dev", "--nodes", "0"}, "", []string{"nodes", "0"}},
		{"no such command", harness.MemactorProgram, []string{"devv"}, "", []string{"devv"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			args := test.args
			if test.file != "" {
				path := filepath.Join(t.TempDir(), "config.yaml")
				if err := os.WriteFile(path, []byte(test.file), 0o600); err != nil {
					t.Fatal(err)
				}
				args = append(args, "--config", path)
			}
			refused(t, harness.Start(t, test.program, harness.Binary(t, test.program), args...), test.says)
		})
	}
}

// refused fails the test unless the process ends soon, with an error that says
// all of says.
func refused(t *testing.T, p *harness.Process, says []string) {
	t.Helper()
	if !p.Ended(5 * time.Second) {
		t.Fatalf("it runs")
	}
	if code := p.ExitCode(t); code <= 0 {
		t.Errorf("exit code %d", code)
	}
	for _, word := range says {
		if !strings.Contains(p.Out.String(), word) {
			t.Errorf("it does not say %q but:\n%s", word, p.Out)
		}
	}
	if strings.Contains(p.Out.String(), "goroutine ") {
		t.Errorf("it panicked:\n%s", p.Out)
	}
}

// TestPortInUse wants the address in the message.
func TestPortInUse(t *testing.T) {
	t.Parallel()
	used, err := net.Listen("tcp", harness.FreeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = used.Close() }()
	address := used.Addr().String()
	for name, start := range map[string][]string{
		"clients": {harness.GatewayProgram, "--node", "n1=127.0.0.1:1", "-p", harness.Port(address)},
		"admin":   {harness.GatewayProgram, "--node", "n1=127.0.0.1:1", "-p", "-1", "--admin", address},
		"grpc":    {harness.ShardNodeProgram, "--id", "n1", "--grpc", address},
		"dev":     {harness.MemactorProgram, "dev", "-p", harness.Port(address)},
	} {
		t.Run(name, func(t *testing.T) {
			p := harness.Start(t, start[0], harness.Binary(t, start[0]), start[1:]...)
			refused(t, p, []string{harness.Port(address), "in use"})
		})
	}
}

// TestConfigurationTest: -t says whether a configuration is right, and starts nothing.
func TestConfigurationTest(t *testing.T) {
	t.Parallel()
	right := harness.Start(t, "right", harness.Binary(t, harness.GatewayProgram), "--node", "n1=127.0.0.1:1", "-t")
	if code := right.ExitCode(t); code != 0 {
		t.Errorf("a right configuration: exit code %d\n%s", code, right.Out)
	}
	wrong := harness.Start(t, "wrong", harness.Binary(t, harness.GatewayProgram), "--node", "n1=127.0.0.1:1", "-c", "-3", "-t")
	refused(t, wrong, []string{"max-connections", "-3"})
}

// TestConfigurationComesFromEverywhere sets one key by file, environment and flag:
// each of them overrules the one before.
func TestConfigurationComesFromEverywhere(t *testing.T) {
	t.Parallel()
	c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 1})
	path := filepath.Join(t.TempDir(), "gateway.yaml")
	if err := os.WriteFile(path, []byte("max-connections: 11\nmax-item-size: 2m\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	g := c.StartGateway(t, "configured", "--config", path, "-c", "33")
	g.WaitReady(t, g.Admin)
	reply := harness.Dial(t, g.Address).Do(t, "stats settings\r\n")
	for _, line := range []string{"STAT maxconns 33\r\n", "STAT item_size_max 2097152\r\n"} {
		if !strings.Contains(reply, line) {
			t.Errorf("stats settings does not say %q but:\n%s", line, reply)
		}
	}
}
