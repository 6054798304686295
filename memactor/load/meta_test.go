package load

import (
	"fmt"
	"testing"
)

// found is the VA of key in testData; foundNamed is the same in the answer to a get of many.
func found(key int) string      { return fmt.Sprintf("VA 3 f0\r\n%03d\r\n", key) }
func foundNamed(key int) string { return fmt.Sprintf("VA 3 f0 kb3-%09d\r\n%03d\r\n", key, key) }

const (
	miss    = "EN\r\n"
	metaEnd = "MN\r\n"
)

func TestALaneRendersMetaCommands(t *testing.T) {
	l := newLane(metaWords{}, testData(), newScript("set 7", "get 8", "get 1 2"), newTally(), 10, 8)
	want := "ms b3-000000007 3 F0 T0\r\n007\r\n" +
		"mg b3-000000008 v f\r\n" +
		"mg b3-000000001 v f k q\r\nmg b3-000000002 v f k q\r\nmn\r\n"
	if got := send(l); got != want {
		t.Errorf("got %q", got)
	}
}

func TestMetaAnswers(t *testing.T) {
	tests := []exchange{
		{"hit", []string{"get 1"}, found(1), tally{gets: 1, hits: 1}},
		{"miss", []string{"get 1"}, miss, tally{gets: 1, misses: 1}},
		{"set", []string{"set 1"}, "HD\r\n", tally{sets: 1}},
		{"multiget", []string{"get 1 2 3"}, foundNamed(1) + foundNamed(3) + metaEnd, tally{gets: 1, hits: 2, misses: 1}},
		{"multiget, all missing", []string{"get 1 2 3"}, metaEnd, tally{gets: 1, misses: 3}},
		{"the same key twice", []string{"get 1 1"}, foundNamed(1) + foundNamed(1) + metaEnd, tally{gets: 1, hits: 2}},
		{"the same key once", []string{"get 1 1"}, foundNamed(1) + metaEnd, tally{gets: 1, hits: 1, misses: 1}},
		{"pipelined", []string{"get 1", "set 2", "get 2"}, miss + "HD\r\n" + found(2), tally{gets: 2, sets: 1, hits: 1, misses: 1}},
		{"a key that was not asked for by name", []string{"get 1"}, foundNamed(1), tally{gets: 1, hits: 1}},
		{"refused get", []string{"get 1", "get 2"}, "SERVER_ERROR busy\r\n" + miss, tally{gets: 1, misses: 1, refused: 1}},
		{"refused set", []string{"set 1", "set 2"}, "HD\r\nSERVER_ERROR busy\r\n", tally{sets: 1, refused: 1}},
		{"refused in a multiget, which goes on", []string{"get 1 2 3", "get 3"}, foundNamed(1) + "SERVER_ERROR busy\r\n" + foundNamed(3) + metaEnd + miss, tally{gets: 1, misses: 1, refused: 1}},
		{"values out of order", []string{"get 1 2", "get 3"}, foundNamed(2) + foundNamed(1) + metaEnd + miss, tally{gets: 1, misses: 1, wrong: 1}},
		{"value of another key", []string{"get 1", "get 3"}, found(9) + miss, tally{gets: 1, misses: 1, wrong: 1}},
		{"value named by another key", []string{"get 1 2"}, foundNamed(9) + metaEnd, tally{wrong: 1}},
		{"value of a foreign key", []string{"get 1 2"}, "VA 3 f0 kx\r\n001\r\n" + metaEnd, tally{wrong: 1}},
		{"value without a name in a multiget", []string{"get 1 2"}, found(1) + metaEnd, tally{wrong: 1}},
		{"value twice", []string{"get 1 2"}, foundNamed(1) + foundNamed(1) + metaEnd, tally{wrong: 1}},
		{"a value too short", []string{"get 1"}, "VA 2 f0\r\n00\r\n", tally{wrong: 1}},
		{"a value too long", []string{"get 1"}, "VA 4 f0\r\n0010\r\n", tally{wrong: 1}},
		{"replies of two gets swapped", []string{"get 1", "get 2"}, found(2) + found(1), tally{wrong: 2}},
	}
	for _, test := range tests {
		test.run(t, metaWords{})
	}
}

func TestMetaRepliesThatLoseTheOrder(t *testing.T) {
	tests := []disorder{
		{"HD for a get", []string{"get 1"}, "HD\r\n", `get b3-000000001 answered by "HD"`},
		{"EN for a set", []string{"set 1"}, miss, `set b3-000000001 answered by "EN"`},
		{"MN for a set", []string{"set 1"}, metaEnd, `set b3-000000001 answered by "MN"`},
		{"VA for a set", []string{"set 1"}, found(1), "answered by"},
		{"MN for a get of one key", []string{"get 1"}, metaEnd, `"MN"`},
		{"EN for a quiet get", []string{"get 1 2"}, miss, `"EN"`},
		{"NS", []string{"set 1"}, "NS\r\n", `"NS"`},
		{"words of the classic commands", []string{"get 1"}, end, `"END"`},
		{"one reply too many", []string{"get 1"}, miss + miss, "nothing was asked"},
		{"flags that were not stored", []string{"get 1"}, "VA 3 f1\r\n001\r\n", `"VA 3 f1"`},
		{"a block without its end", []string{"get 1"}, "VA 3 f0\r\n001xx", "answered by"},
		{"a huge value", []string{"get 1"}, "VA 1000000 f0\r\n", "a reply of 1000017 bytes"},
	}
	for _, test := range tests {
		test.run(t, metaWords{})
	}
}

func TestParseMetaReply(t *testing.T) {
	tests := []parsed{
		{"EN\r\n", replyMiss, 4, "", ""},
		{"EN\n", replyMiss, 3, "", ""},
		{"MN\r\nEN\r\n", replyEnd, 4, "", ""},
		{"HD\r\n", replyStored, 4, "", ""},
		{"HD O1\r\n", replyGarbage, 7, "", ""},
		{"NS\r\n", replyGarbage, 4, "", ""},
		{"END\r\n", replyGarbage, 5, "", ""},
		{"ERROR\r\n", replyRefused, 7, "", ""},
		{"CLIENT_ERROR bad command line format\r\n", replyRefused, 38, "", ""},
		{"VA 3 f0\r\nabc\r\nEN\r\n", replyValue, 14, "", "abc"},
		{"VA 3 f0 kx\r\nabc\r\n", replyValue, 17, "x", "abc"},
		{"VA 0 f0\r\n\r\n", replyValue, 11, "", ""},
		{"VA 6 f0\r\na\r\nEN\r\r\n", replyValue, 17, "", "a\r\nEN\r"},
		{"VA 3 f0\r\nabcd\r\n", replyGarbage, 14, "", ""},
		{"VA 3\r\nabc\r\n", replyGarbage, 6, "", ""},
		{"VA 3 kx f0\r\nabc\r\n", replyGarbage, 12, "", ""},
		{"VA 3 f0 s3\r\nabc\r\n", replyGarbage, 12, "", ""},
		{"VA  f0\r\n", replyGarbage, 8, "", ""},
		{"VA -1 f0\r\n", replyGarbage, 10, "", ""},
		{"VA 99999999999999999999 f0\r\n", replyGarbage, 28, "", ""},
	}
	for _, test := range tests {
		test.check(t, metaWords{})
	}
}

func FuzzParseMetaReply(f *testing.F) {
	for _, seed := range []string{
		"", "\n", "\r\n", "EN\r\n", "MN\r\n", "HD\r\n", "VA 3 f0\r\nabc\r\n", "VA 3 f0 kx\r\nabc\r\nMN\r\n", "VA 0 f0\r\n\r\n",
		"SERVER_ERROR busy\r\n", "VA 18446744073709551616 f0\r\n", "VA \r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) { checkSize(t, metaWords{}, in) })
}
