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
	for _, word := range commandLine(t) {
		switch word {
		case "-o", "--extended":
			word += " modern"
		default:
			word += " 1"
		}
		if name, ok := strings.CutPrefix(word, extended); ok {
			word = "-o " + strings.Replace(name, " ", "=", 1)
		}
		said := say(t, word)
		known := !strings.Contains(said, "unknown flag") && !strings.Contains(said, "unknown shorthand") && !strings.Contains(said, "unknown option")
		if external := strings.HasPrefix(word, "-o ext_"); known == external {
			t.Errorf("gateway %s: %s", word, said)
		}
	}
}

// extended stands ahead of the names of what -o takes.
const extended = "-o:"

// commandLine are memcached's flags, short and long, and its extended options.
func commandLine(t *testing.T) (words []string) {
	t.Helper()
	help, err := exec.Command(harness.DebianProgram(t, "memcached", "memcached"), "--help").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range options.FindAllStringSubmatch(string(help), -1) {
		for _, flag := range found[1:3] {
			if flag != "" {
				words = append(words, strings.ReplaceAll(flag, "_", "-")) // --napi_ids is --napi-ids
			}
		}
		if option := found[3]; option != "" {
			words = append(words, extended+option)
		}
	}
	if len(words) < 100 {
		t.Fatalf("only %d words were found in memcached's --help: %q", len(words), words)
	}
	return words
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
