package conformance

import (
	"context"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/memactor/memactor/e2e/harness"
)

// options are the flags, short and long, and the extended options that a --help names.
var options = regexp.MustCompile(`(?m)^(-[A-Za-z])\b(?:,? +(--[a-z_-]+))?|^ +- ([a-z_]+):`)

// TestMemcachedsCommandLine gives the gateway each word of memcached's own command line: what
// it does not take it refuses with what to do instead, and not as a word that it has never heard.
func TestMemcachedsCommandLine(t *testing.T) {
	t.Parallel()
	help, err := exec.Command(harness.DebianProgram(t, "memcached", "memcached"), "--help").Output()
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, found := range options.FindAllStringSubmatch(string(help), -1) {
		for _, flag := range found[1:3] {
			switch flag = strings.ReplaceAll(flag, "_", "-"); flag { // its --napi_ids is --napi-ids
			case "":
			case "-o", "--extended":
				words = append(words, flag+" modern")
			default:
				words = append(words, flag+" 1")
			}
		}
		if option := found[3]; option != "" {
			words = append(words, "-o "+option+"=1")
		}
	}
	if len(words) < 100 {
		t.Fatalf("only %d words were found in memcached's --help: %q", len(words), words)
	}
	for _, word := range words {
		said := say(t, word)
		known := !strings.Contains(said, "unknown flag") && !strings.Contains(said, "unknown shorthand") && !strings.Contains(said, "unknown option")
		if external := strings.HasPrefix(word, "-o ext_"); known == external {
			t.Errorf("gateway %s: %s", word, said)
		}
	}
}

// say is what the gateway says to some words of a command line when it only tests them.
func say(t *testing.T, words string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	args := append([]string{"-t", "--node", "n1=127.0.0.1:1"}, strings.Fields(words)...)
	command := exec.CommandContext(ctx, harness.Binary(t, harness.GatewayProgram), args...)
	command.Env = harness.Environment()
	said, _ := command.CombinedOutput() // most of them are wrong by their value
	if len(said) == 0 {
		t.Fatalf("gateway %s said nothing", words)
	}
	return string(said)
}
