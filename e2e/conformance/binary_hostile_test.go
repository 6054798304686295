package conformance

import (
	"strings"
	"testing"
	"time"

	"github.com/memactor/memactor/e2e/harness"
)

// zeros are the fields of a header that do not matter here.
func zeros(n int) string { return strings.Repeat("\x00", n) }

// Headers of the binary protocol that lie about their lengths, each on many connections that then send what they can:
// they cost the gateway next to nothing, and nobody else notices.
func TestBinaryHeadersThatLie(t *testing.T) {
	c := harness.StartCluster(t, harness.ClusterOptions{})
	other := harness.Dial(t, c.Address())
	other.Expect(t, "set a 0 0 1\r\nx\r\n", "STORED\r\n")
	before := c.Gateways[0].RSS(t)
	for name, header := range map[string]string{
		"a value of 4 GB":          "\x80\x01\x00\xfa\x08\x00\x00\x00\xff\xff\xff\xff" + zeros(12),
		"a value of 2 GB":          "\x80\x11\x00\x01\x08\x00\x00\x00\x80\x00\x00\x08" + zeros(12),
		"a key of 64 KB":           "\x80\x00\xff\xff\x00\x00\x00\x00\x00\x00\xff\xff" + zeros(12),
		"a key beyond the body":    "\x80\x00\x00\xfa\x00\x00\x00\x00\x00\x00\x00\x01" + zeros(12),
		"4 GB of an unknown thing": "\x80\x77\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff" + zeros(12),
		"4 GB of stat":             "\x80\x10\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff" + zeros(12),
		"4 GB of a token":          "\x80\x21\x00\x05\x00\x00\x00\x00\xff\xff\xff\xff" + zeros(12),
	} {
		conns := make([]*harness.Conn, 20)
		for i := range conns {
			conns[i] = harness.Dial(t, c.Address())
			_ = conns[i].Send(header + strings.Repeat("k", 512<<10)) // it may be closed meanwhile
		}
		for _, conn := range conns {
			if !conn.Hears(10 * time.Second) {
				t.Fatalf("%s: no answer", name)
			}
		}
		other.Expect(t, "get a\r\n", "VALUE a 0 1\r\nx\r\nEND\r\n")
	}
	const allowed = 32 << 20
	if grown := c.Gateways[0].RSS(t) - before; grown > allowed*harness.Allowance() {
		t.Errorf("the gateway has grown by %d bytes", grown)
	}
}
