package cluster

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/memactor/memactor/cluster/registry/registrytest"
	"github.com/memactor/memactor/e2e/harness"
)

// What does not fit the cluster is refused, with a word of why and an exit code.
func TestRefused(t *testing.T) {
	t.Parallel()
	agent := registrytest.StartAgent(t, nil)
	c := harness.StartCluster(t, harness.ClusterOptions{Consul: []string{agent.Address}, NodeArgs: []string{"--shards", "16"}})
	awaitOwners(t, c, "n1")
	copied := filepath.Join(t.TempDir(), "copy")
	harness.Eventually(t, patience, "the gateway's copy of the map", func() bool {
		args := c.Join("copy-g1")
		data, err := os.ReadFile(args[len(args)-1])
		return err == nil && os.WriteFile(copied, data, 0o600) == nil
	})
	for name, test := range map[string]struct {
		program, says string
		code          int
		args          []string
	}{
		"two nodes with one id": {harness.ShardNodeProgram, "another live node has this id: n1", 1, []string{"--id", "n1"}},
		"another shard count":   {harness.ShardNodeProgram, "e2e has 16, this process is set to 32", 1, []string{"--id", "n2", "--shards", "32"}},
		"a node of another cluster": {harness.ShardNodeProgram, "is the copy of e2e/", 2, []string{
			"--id", "n2", "--cluster", "other", "--map-copy", copied}},
		"a gateway of another cluster": {harness.GatewayProgram, "is the copy of e2e/", 2, []string{
			"--cluster", "other", "--map-copy", copied}},
		"both ways to join": {harness.ShardNodeProgram, "either a list of nodes or consul", 2, []string{"--node", "n1=127.0.0.1:1"}},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"--consul", agent.Address, "--cluster", "e2e", "--log-format", "json"}, test.args...)
			if test.program == harness.ShardNodeProgram {
				args = append(args, "--grpc", harness.FreeAddress(t))
			} else {
				args = append(args, "-p", "-1")
			}
			p := harness.Start(t, name, harness.Binary(t, test.program), args...)
			if code := p.ExitCode(t); code != test.code || !strings.Contains(p.Out.String(), test.says) {
				t.Errorf("exit code %d, and it says\n%s", code, p.Out.String())
			}
		})
	}
}
