package conformance

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/memactor/memactor/e2e/harness"
)

// named are the words of a page that are set as code.
var named = regexp.MustCompile("`[^`\n]+`")

// TestPageHasAllOptionsAndStatistics holds docs/protocol.md to what memcached's --help says, and to what
// memcached and memactor tell of themselves.
func TestPageHasAllOptionsAndStatistics(t *testing.T) {
	t.Parallel()
	page := wordsOfPage(t)
	for _, word := range commandLine(t) {
		if word = strings.TrimPrefix(word, extended); !page[word] {
			t.Errorf("the option %s is not in docs/protocol.md", word)
		}
	}
	_, reference := harness.Memcached(t)
	c := harness.StartCluster(t, harness.ClusterOptions{})
	for _, address := range []string{reference, c.Address()} {
		conn := harness.Dial(t, address)
		conn.Do(t, "set a 0 0 1\r\n1\r\n") // or there would be no items
		for _, group := range []string{"stats", "stats settings", "stats items", "stats slabs"} {
			for name := range readStats(t, conn, group+"\r\n") {
				if word := name[1+strings.LastIndexByte(name, ':'):]; !page[word] {
					t.Errorf("%s: %s is not in docs/protocol.md", group, name)
				}
			}
		}
	}
}

// wordsOfPage are the words set as code in the page's sections of statistics and options.
func wordsOfPage(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(harness.Root(), "docs", "protocol.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, sections, found := strings.Cut(string(text), "\n## Statistics\n")
	sections, _, ended := strings.Cut(sections, "\n## Errors ")
	if !found || !ended {
		t.Fatal("docs/protocol.md has no sections Statistics and Options ahead of the errors")
	}
	words := map[string]bool{}
	for _, code := range named.FindAllString(sections, -1) {
		for word := range strings.FieldsSeq(strings.Trim(code, "`")) {
			words[word] = true
		}
	}
	return words
}
