//go:build netns

package partition

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/memactor/memactor/e2e/harness"
)

// inside marks the process that runs the tests: this program once more, in
// namespaces of its own. What is made there goes with it, however it ends.
const inside = "NETNS_TEST_INSIDE"

// apart says why there are no namespaces; nil: there are.
var apart error

func TestMain(m *testing.M) {
	if os.Getenv(inside) == "" {
		code, err := runInside()
		if err == nil {
			os.Exit(code)
		}
		apart = err
	} else {
		apart = prepare()
	}
	os.Exit(harness.Main(m))
}

// runInside runs this program in a network and a mount namespace of its own, and
// returns its exit code.
func runInside() (int, error) {
	for _, tool := range []string{"ip", "nft"} {
		if _, err := exec.LookPath(tool); err != nil {
			return 0, err
		}
	}
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), inside+"=yes")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL,
	}
	if uid, gid := os.Getuid(), os.Getgid(); uid != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: uid, Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: gid, Size: 1}}
	}
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("namespaces of its own: %w", err)
	}
	_ = cmd.Wait() // the exit code says all
	return cmd.ProcessState.ExitCode(), nil
}

// prepare makes /run private, where ip keeps the names of namespaces, and the switch.
func prepare() error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("making mounts private: %w", err)
	}
	if err := syscall.Mount("tmpfs", "/run", "tmpfs", 0, ""); err != nil {
		return fmt.Errorf("mounting /run: %w", err)
	}
	for _, command := range []string{
		"ip link set lo up",
		"ip link add switch type bridge",
		"ip address add " + observer.String() + "/24 dev switch",
		"ip link set switch up",
		"nft add table bridge faults",
		"nft add set bridge faults cut { type ipv4_addr . ipv4_addr ; }",
		"nft add chain bridge faults forward { type filter hook forward priority 0 ; }",
		"nft add rule bridge faults forward ip saddr . ip daddr @cut drop",
	} {
		if err := run(command); err != nil {
			return err
		}
	}
	return nil
}

// run runs a command given as words with one space between them.
func run(command string) error {
	words := strings.Split(command, " ")
	if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", command, err, out)
	}
	return nil
}

func must(t *testing.T, command string) {
	t.Helper()
	if err := run(command); err != nil {
		t.Fatal(err)
	}
}

// observer is the address of the tests themselves. They stand at the switch, so that
// no cut hides a host from them.
var observer = netip.MustParseAddr("10.213.0.254")

// host is a machine at the switch.
type host struct {
	name string
	ip   netip.Addr
}

// newHost makes a machine; it goes when the test ends.
func newHost(t *testing.T, name string, ip string) host {
	t.Helper()
	h := host{name, netip.MustParseAddr(ip)}
	must(t, "ip netns add "+name)
	t.Cleanup(func() { must(t, "ip netns delete "+name) })
	must(t, "ip link add "+name+" type veth peer name eth0 netns "+name)
	must(t, "ip link set "+name+" master switch up")
	must(t, "ip -n "+name+" address add "+ip+"/24 dev eth0")
	must(t, "ip -n "+name+" link set eth0 up")
	must(t, "ip -n "+name+" link set lo up")
	return h
}

// at is an address of the host.
func (h host) at(port uint16) string { return netip.AddrPortFrom(h.ip, port).String() }

// start starts a program on the host.
func (h host) start(t *testing.T, path string, args ...string) *harness.Process {
	t.Helper()
	return harness.Start(t, h.name, "ip", append([]string{"netns", "exec", h.name, path}, args...)...)
}

// cut drops what goes between a host and others, both ways, until heal.
func cut(t *testing.T, from host, others ...host) {
	t.Helper()
	mute(t, from, others...)
	deafen(t, from, others...)
}

// mute drops what a host sends to others, and not what they send to it, until heal.
func mute(t *testing.T, from host, others ...host) {
	t.Helper()
	for _, other := range others {
		must(t, fmt.Sprintf("nft add element bridge faults cut { %s . %s }", from.ip, other.ip))
	}
}

// deafen drops what others send to a host, and not what it sends to them, until heal.
func deafen(t *testing.T, to host, others ...host) {
	t.Helper()
	for _, other := range others {
		mute(t, other, to)
	}
}

// heal ends all cuts.
func heal(t *testing.T) {
	t.Helper()
	must(t, "nft flush set bridge faults cut")
}
