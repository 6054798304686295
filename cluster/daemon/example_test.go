package daemon_test

import (
	"context"
	"fmt"
	"os"

	"github.com/memactor/memactor/cluster/daemon"
)

type exampleConfig struct {
	daemon.Common
	Port   int         `name:"port" short:"p" usage:"TCP port" range:"0..65535"`
	Memory daemon.Size `name:"memory" short:"m" usage:"item memory, in megabytes" unit:"1m" range:"1m.."`
	Nodes  []string    `name:"node" usage:"a node as ID=HOST:PORT; repeat for each"`
}

func (c exampleConfig) Validate() error { return nil }

// The layers of the configuration: the flag wins over the environment, and the
// environment over the default.
func ExampleCommand() {
	config := exampleConfig{Common: daemon.DefaultCommon(), Port: 11211, Memory: 64 * daemon.MiB}
	command := daemon.Command(daemon.Spec{
		Name:    "gateway",
		Short:   "an example",
		Config:  &config,
		Environ: []string{"MEMACTOR_PORT=1", "MEMACTOR_GATEWAY_MEMORY=128"},
		Run: func(context.Context, daemon.Process) error {
			fmt.Println(config.Port, config.Memory, config.Nodes)
			return nil
		},
	})
	command.SetErr(os.Stdout)

	code := daemon.Execute(context.Background(), command, []string{"-p", "2", "--node", "a=127.0.0.1:7001,b=127.0.0.1:7002"})
	fmt.Println("exit", code)
	code = daemon.Execute(context.Background(), command, []string{"-p", "70000"})
	fmt.Println("exit", code)
	// Output:
	// 2 128m [a=127.0.0.1:7001 b=127.0.0.1:7002]
	// exit 0
	// gateway: configuration: --port: port "70000": out of range; allowed: a whole number in 0..65535
	// exit 2
}
