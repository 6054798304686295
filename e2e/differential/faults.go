package differential

import (
	"fmt"
	"strconv"
	"strings"

	"pgregory.net/rapid"
)

// tooLongKey is a byte longer than a key may be.
var tooLongKey = longKey + "k"

// faults are lines that are wrong, or look so, and that both versions take in the same way. They name keys that others use, so that
// what they do nevertheless shows. A key that is too long stands first, as memcached has read those ahead of it.
var faults = []string{
	"set a 0 0 -1\r\n", "set a 0 0 x\r\n", "add a 0 0 1e3\r\n", "set a 0 0 2147483647\r\n", "replace a 0 0 2147483646\r\n",
	"append a 0 0 18446744073709551616\r\n", "set a -1 0 -1\r\n", "prepend a x y z\r\n", "set " + tooLongKey + " 0 0 -1\r\n",
	"set a 0 9223372036854775808 -1\r\n", "set a 0 1x -1\r\n", "cas a 0 0 -1 5\r\n", "cas a 0 0 -1 x\r\n", "Set a 0 0 1\r\n",
	"set a 0 0 01\r\nx\r\n", "set a 0 0 1 noreplyx\r\nx\r\n", "set a 0 0 1 NOREPLY\r\nx\r\n", "set  a  0 0  1 \r\nx\r\n", "set a 0 0 1\nx\r\n",
	"set noreply 0 0 1 noreply\r\nx\r\n", "get noreply a noreply\r\n", "gat 0 noreply a\r\n", "touch noreply 0\r\n", "incr noreply 1\r\n",
	"get " + tooLongKey + "\r\n", "get " + tooLongKey + " a\r\n", "gets " + tooLongKey + " a b\r\n", "gat 0 " + tooLongKey + " a\r\n",
	"get  a   b \r\n", "gets a\n", "get a\r b\r\n", "get\ta\r\n", "get / HTTP/1.1\r\n",
	"gat x a\r\n", "gats x a b\r\n", "gat 0x10 a\r\n", "gat 9223372036854775808 a\r\n", "gat 99999999999999999999 a\r\n",
	"touch " + tooLongKey + " 0\r\n", "touch a x\r\n", "touch a x noreply\r\n", "touch a 0x10\r\n", "touch a 1e3\r\n", "touch a +100\r\n",
	"touch a 9223372036854775808\r\n", "touch nobody x\r\n", "touch a 0 foo\r\n",
	"delete " + tooLongKey + "\r\n", "delete " + tooLongKey + " noreply\r\n", "delete a 0\r\n", "delete a 0 noreply\r\n",
	"incr " + tooLongKey + " 1\r\n", "incr " + tooLongKey + " 1 noreply\r\n", "incr n x\r\n", "incr n x noreply\r\n", "incr n -1\r\n", "incr n +1\r\n",
	"incr n 18446744073709551616\r\n", "incr n noreply\r\n", "incr n 1 foo\r\n", "incr nobody x\r\n",
	"decr n 0x1\r\n", "decr n 1e3\r\n", "decr n 00\r\n", "decr n -0\r\n", "decr nobody x noreply\r\n",
	"flush_all x\r\n", "flush_all x noreply\r\n", "flush_all 0 foo\r\n", "flush_all 00\r\n",
	"verbosity x\r\n", "verbosity -1\r\n", "verbosity 1 2\r\n", "verbosity x noreply\r\n", "verbosity noreply\r\n",
	"bogus\r\n", "bogus a b c\r\n", "bogus xHTTP/1.1\r\n", "GET a\r\n", "getsa\r\n", "quitx\r\n", "ab\r\n", "mx a\r\n", "mgx a\r\n", "MG a\r\n",
	"stats bogus\r\n", "stats foo bar\r\n", "cache_memlimit\r\n", "cache_memlimit x\r\n", "lru\r\n", "lru_crawler\r\n", "slabs\r\n",
}

// badBlocks draws a store whose data block does not end where its line says, and what is left of it: a line of more than one byte,
// about a shorter one the versions do not agree. It is no retrieval, which settle would not see.
func badBlocks(head func(t *rapid.T, length int) string) *rapid.Generator[string] {
	lengths := even(0, 1, 3, 100, 20_000)
	ends := even("vv", "\n\r", "\r\r", "\n\n", "v\n", "v\r", "\x00\n")
	left := even("bogus\r\n", "ab\r\n", "delete b\r\n", "touch a 0\r\n", "md n\r\n", "noreply\r\n", "ab\n")
	return rapid.Custom(func(t *rapid.T) string {
		length := lengths.Draw(t, "length")
		return head(t, length) + "\r\n" + strings.Repeat("v", length) + ends.Draw(t, "end") + left.Draw(t, "left")
	})
}

func drawStoreHead(t *rapid.T, length int) string {
	verb := even("set", "add", "replace", "append", "prepend", "cas").Draw(t, "verb")
	text := fmt.Sprintf("%s %s %s %s %d", verb, keys.Draw(t, "key"), flags.Draw(t, "flags"), wideTimes.Draw(t, "exptime"), length)
	if verb == "cas" {
		text += " 5"
	}
	return text + drawNoreply(t)
}

// metaFaults are lines that both versions refuse, or take, in the same way.
var metaFaults = []string{
	"mg a v v\r\n", "mg a z\r\n", "mg a 5\r\n", "mg a T\r\n", "mg a Tx v\r\n", "mg a T1x\r\n", "mg a Nx\r\n", "mg a N1x\r\n", "mg a Rx\r\n", "mg a R-1\r\n", //nolint:dupword // flags that are given twice
	"mg a Cx\r\n", "mg a F\r\n", "mg a T00100\r\n", "mg a T2147483647 v\r\n", "mg a T-2147483648 v\r\n", "mg a vv\r\n", "mg a qq\r\n", "mg a v1 kx\r\n",
	"mg a Jx\r\n", "mg a Dx\r\n", "mg a Tx z\r\n", "mg a Tx v v\r\n", "mg a Fx Tx\r\n", "mg a Tx Fx\r\n", "mg a q q\r\n", "mg a O v O1\r\n", //nolint:dupword // flags that are given twice
	"mg ==== b v\r\n", "mg a b\r\n", "mg A=== b q\r\n", "mg YQ==x b\r\n", "mg YQ=a b v\r\n", "mg YQ b v\r\n", "mg noreply v\r\n", "mg a\r v\r\n", "mg  a   v  \r\n", "mg a v\n",
	"mg nobody O" + tooLongOpaque + "\r\n", "mg nobody q O" + tooLongOpaque + "\r\n", "mg " + tooLongKey + " v\r\n", "mg " + tooLongKey + " q\r\n", "mg a" + strings.Repeat(" v", 30) + "\r\n",
	"ms a 1 c c\r\nx\r\n", "ms a 1 z\r\nx\r\n", "ms a 1 5\r\nx\r\n", "ms a 1 S5\r\nx\r\n", "ms a 1 T\r\nx\r\n", "ms a 1 Tx q\r\nx\r\n", //nolint:dupword // flags that are given twice
	"ms a 1 C\r\nx\r\n", "ms a 1 Cx\r\nx\r\n", "ms a 1 C-1\r\nx\r\n", "ms a 1 C0\r\nx\r\n", "ms a 1 c C0 I\r\nx\r\n", "ms a 1 C18446744073709551616\r\nx\r\n",
	"ms a 1 F\r\nx\r\n", "ms a 1 F-1\r\nx\r\n", "ms a 1 Fx\r\nx\r\n", "ms a 1 F00005\r\nx\r\n", "ms a 1 MZ\r\nx\r\n", "ms a 1 Ma\r\nx\r\n", "ms a 1 Ms q\r\nx\r\n",
	"ms a 1 b\r\nx\r\n", "ms a 1 noreply\r\nx\r\n", "ms a 1 O" + tooLongOpaque + "\r\nx\r\n", "ms a 1 T-1\r\nx\r\n", "ms a 01 q\r\nx\r\n", "ms a 1\nx\r\n",
	"ms a\r\n", "ms a x\r\n", "ms a -1\r\n", "ms a S1\r\n", "ms a 1e3\r\n", "ms a 2147483646\r\n", "ms a 2147483648\r\n", "ms a 18446744073709551616\r\n",
	"ms " + tooLongKey + " -1\r\n", "ms " + tooLongKey + " x\r\n",
	"ma a v v\r\n", "ma a z\r\n", "ma a Dx\r\n", "ma n D-1\r\n", "ma n D\r\n", "ma n D18446744073709551616 q\r\n", "ma a Jx N0\r\n", "ma n J-1 N0\r\n", //nolint:dupword // flags that are given twice
	"ma nobody J N0\r\n", "ma a Tx\r\n", "ma a b\r\n", "ma a MZ v v\r\n", "ma n Mi v\r\n", "ma n C-1 v\r\n", "ma n C0 v\r\n", "ma nobody O" + tooLongOpaque + "\r\n", //nolint:dupword // flags that are given twice
	"me a b\r\n", "me\r\n", "me a b c\r\n", "me " + tooLongKey + "\r\n",
	"md nobody O" + tooLongOpaque + "\r\n", "md " + tooLongKey + "\r\n", "md " + tooLongKey + " q\r\n",
}

// tooLongOpaque has 32 bytes, 33 with its O.
var tooLongOpaque = strings.Repeat("o", 32)

func drawMetaSetHead(t *rapid.T, length int) string {
	return drawMeta(t, "ms", strconv.Itoa(length), setFlags)
}
