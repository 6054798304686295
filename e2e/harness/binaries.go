package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

// Names of the three programs, as `make build` names them.
const (
	GatewayProgram   = "gateway"
	ShardNodeProgram = "shardnode"
	MemactorProgram  = "memactor"
)

// packages says which package builds which program, from the repository's root.
var packages = map[string]string{
	GatewayProgram:   "./gateway/cmd/gateway",
	ShardNodeProgram: "./shardnode/cmd/shardnode",
	MemactorProgram:  "./memactor",
}

// binaries is the folder that holds the programs of this test binary's run. It
// is shared by all tests of the process and made by the first that asks.
var binaries struct {
	once sync.Once
	dir  string
	err  error
	made bool
}

// Binary returns the path of one of the three programs. The programs come from
// the folder that MEMACTOR_BIN names, else all three are built, once.
func Binary(t testing.TB, program string) string {
	t.Helper()
	binaries.once.Do(prepareBinaries)
	if binaries.err != nil {
		t.Fatalf("harness: %v", binaries.err)
	}
	return filepath.Join(binaries.dir, program)
}

// Main runs a package's tests and removes the programs that were built for them.
// It is what TestMain of every package that uses Binary calls.
func Main(m *testing.M) int {
	code := m.Run()
	if binaries.made {
		_ = os.RemoveAll(binaries.dir)
	}
	return code
}

func prepareBinaries() {
	if dir := os.Getenv("MEMACTOR_BIN"); dir != "" {
		binaries.dir, binaries.err = filepath.Abs(dir)
		return
	}
	binaries.dir, binaries.err = os.MkdirTemp("", "memactor-e2e-")
	if binaries.err != nil {
		return
	}
	binaries.made = true
	for program, pkg := range packages {
		if binaries.err = build(program, pkg); binaries.err != nil {
			return
		}
	}
}

// Allowance is what a bound on time or memory is multiplied by: 1, and more when
// the programs are built with the race detector, which makes them slow and large.
func Allowance() int {
	if raceDetector() {
		return 10
	}
	return 1
}

func raceDetector() bool { return os.Getenv("MEMACTOR_RACE") != "" }

// build compiles one program; with MEMACTOR_RACE set, with the race detector.
func build(program, pkg string) error {
	args := []string{"build", "-o", filepath.Join(binaries.dir, program)}
	if raceDetector() {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, pkg)...)
	cmd.Dir = Root()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", program, err, out)
	}
	return nil
}

// Root returns the repository's root folder.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(filepath.Dir(filepath.Dir(file)))
}

// DebianProgram returns the path of a program that a Debian package brings. The
// tests need it: without it they fail and say what to install.
func DebianProgram(t testing.TB, program, debianPackage string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil { // Debian puts daemons where a user's path may not lead
		path, err = exec.LookPath("/usr/sbin/" + program)
	}
	if err != nil {
		t.Fatalf("harness: this test needs %q: apt-get install %s", program, debianPackage)
	}
	return path
}
