package transcript

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/memactor/memactor/e2e/harness"
)

func parseTalk(t *testing.T, text string) Talk {
	t.Helper()
	talk, err := ParseTalk(text)
	if err != nil {
		t.Fatal(err)
	}
	return talk
}

func TestParseTalk(t *testing.T) {
	talk := parseTalk(t, "# about\n#\n$ memcached -A -I 2m\n\n## one\n# only 1.6.45: why\n> a\n>\n1> b\n< c\n1< d\n-- 1.5 seconds\n\n## two\n>x 80\n<x 81\n~ a\n")
	if strings.Join(talk.Options, " ") != "-A -I 2m" || len(talk.Scenes) != 2 {
		t.Fatalf("%+v", talk)
	}
	one, two := talk.Scenes[0], talk.Scenes[1]
	if one.Title != "one" || one.Only != "1.6.45" || two.Only != "" || !one.TellsTime() || two.TellsTime() {
		t.Errorf("%+v", talk)
	}
	if len(one.turns) != 5 || len(one.turns[0].lines) != 2 || one.turns[1].client != "1" || one.turns[4].pause != 1500*time.Millisecond {
		t.Errorf("%+v", one)
	}
	if len(two.turns) != 2 || !two.turns[0].lines[0].hex || !two.turns[1].lines[1].loose {
		t.Errorf("%+v", two)
	}
}

func TestParseTalkRefuses(t *testing.T) {
	for _, text := range []string{
		"> a\n", "what\n", "## s\nwhat\n", "## s\n-- a while\n", "## s\n> a\n", "## s\n1> a\n2< b\n", "## s\n> a\n< \\q\n",
		"## s\n>x 8\n< a\n", "## s\n>x 80 zz\n< a\n", "## s\n# only 1.4: why\n> a\n< b\n", "## s\n# only 1.6.45\n> a\n< b\n",
		"## s\n$ memcached\n> a\n< b\n",
	} {
		if _, err := ParseTalk(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

// answer reads the lines of an answer.
func answer(t *testing.T, text string) []line {
	t.Helper()
	return parseTalk(t, "## s\n> a\n"+text).Scenes[0].turns[1].lines
}

func TestPattern(t *testing.T) {
	tests := []struct{ answer, right, wrong string }{
		{"< a.b", "a.b\r\n", "axb\r\n"},
		{"< a\\", "a", "a\r\n"},
		{"< a\\n\\", "a\n", "a\r\n"},
		{"<", "\r\n", ""},
		{"< REP{x,3}\\x00\\\\", "xxx\x00\\\r\n", "xx\x00\\\r\n"},
		{"< t{95..100}", "t95\r\n", "t94\r\n"},
		{"< t{95..100}", "t100\r\n", "t101\r\n"},
		{"< n {number}", "n 12\r\n", "n -1\r\n"},
		{"< n {any}", "n what ever\r\n", "n a\r\nb\r\n"},
		{"< a\n< ...\n< END", "a\r\nEND\r\n", "a\r\nEND\r\nb\r\n"},
		{"< a\n< ...\n< END", "a\r\nb\r\nc\r\nEND\r\n", "a\r\nb\r\nEN"},
		{"~ a {number}\n~ b\n~ c\n< END", "c\r\na 1\r\nb\r\nEND\r\n", "c\r\na 1\r\na 1\r\nEND\r\n"},
		{"< a\n< <closed>", "a\r\n<closed>", "a\r\n"},
		{"<x 81 \"a\" ff | of no use", "\x81a\xff", "\x81a\xfe"},
		{"<x 81 {2 bytes} 00", "\x81\r\xff\x00", "\x81\xff\x00"},
		{"<x {cas:a}", "\xff\x00345678", "\xff\x0034567"},
		{"< {cas:a} {cas:a}", "5 5\r\n", "5 6\r\n"},
		{"< {cas:a} {cas:b}", "5 6\r\n", "5 5\r\n"},
	}
	for _, test := range tests {
		want, err := compile(answer(t, test.answer+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		if !want.match(test.right, memory{}) {
			t.Errorf("%q does not fit %q", test.right, test.answer)
		}
		if want.match(test.wrong, memory{}) {
			t.Errorf("%q fits %q", test.wrong, test.answer)
		}
	}
}

// TestUniquesAreRemembered: what was heard is sent, in the form in which it was heard, and
// has to be heard again.
func TestUniquesAreRemembered(t *testing.T) {
	known := memory{}
	for _, step := range []struct {
		answer, text string
		fits         bool
	}{
		{"< c{cas:a}", "c5\r\n", true}, {"< c{cas:a}", "c6\r\n", false}, {"< c{cas:b}", "c5\r\n", false},
		{"< c{cas:b}", "c6\r\n", true}, {"<x {cas:raw}", "\x80\x00345678", true},
	} {
		want, err := compile(answer(t, step.answer+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		if want.match(step.text, known) != step.fits {
			t.Errorf("%q and %q: not %v", step.answer, step.text, step.fits)
		}
	}
	said, err := say([]line{{text: "cas {cas:b} x"}, {text: "{cas:raw}", hex: true}}, known)
	if said != "cas 6 x\r\n\x80\x00345678" || err != nil {
		t.Errorf("%q, %v", said, err)
	}
	if _, err := say([]line{{text: "{cas:c}"}}, known); err == nil {
		t.Error("a unique was sent that nobody has heard")
	}
}

// memcachedTalk is answered so by memcached.
const memcachedTalk = `## talk
> set a 1 0 1
> x
> gets a
< STORED
< VALUE a 1 1 {cas:a}
< x
< END
2> cas a 2 0 1 {cas:a}
2> y
2< STORED
> get a
< VALUE a 2 1
< y
< END
> quit
< <closed>
`

// stages are the ways in which a talk is played here.
func stages(address string, silence time.Duration) []Stage {
	whole := func() harness.Chunks { return harness.Whole }
	return []Stage{
		{Address: address, Chunks: whole, Silence: silence},
		{Address: address, Chunks: harness.ByteByByte, Silence: silence},
	}
}

func TestStagePlays(t *testing.T) {
	_, address := harness.Memcached(t)
	for _, stage := range stages(address, 30*time.Second) {
		if err := stage.Play(parseTalk(t, memcachedTalk).Scenes[0]); err != nil {
			t.Error(err)
		}
	}
}

// TestStageSeesWrongTalks changes one thing in what is written down; memcached does
// not answer so.
func TestStageSeesWrongTalks(t *testing.T) {
	_, address := harness.Memcached(t)
	for _, change := range [][2]string{
		{"VALUE a 2 1", "VALUE a 3 1"}, {"< STORED\n< VALUE", "< VALUE"}, {"< y\n< END", "< y"}, {"2< STORED", "2< EXISTS"},
		{"cas a 2 0 1 {cas:a}", "cas a 2 0 1 1{cas:a}"}, {"> quit", "> mn"}, {"< <closed>", "< MN"},
		{"2< STORED", "2< STORED\n2< STORED"}, {"> quit", "2> mn\n2> mn\n2< MN\n> quit"},
		{"< END\n2>", "< END\n> gets a\n< VALUE a 1 1 {cas:b}\n< x\n< END\n2>"},
	} {
		text := strings.Replace(memcachedTalk, change[0], change[1], 1)
		if text == memcachedTalk {
			t.Fatalf("%q is not there", change[0])
		}
		for i, stage := range stages(address, 100*time.Millisecond) {
			if err := stage.Play(parseTalk(t, text).Scenes[0]); err == nil {
				t.Errorf("%q in place of %q, stage %d: not noticed", change[1], change[0], i)
			}
		}
	}
}

// TestStageSeesBugs plants bugs in the server.
func TestStageSeesBugs(t *testing.T) {
	_, address := harness.Memcached(t)
	altered := func(from, to string) func() harness.Alter {
		return func() harness.Alter {
			return func(reply string, _ func() bool) string { return strings.Replace(reply, from, to, 1) }
		}
	}
	for name, bug := range map[string]func() harness.Alter{
		"another flag": altered("VALUE a 2", "VALUE a 3"), "another value": altered("\r\ny\r\n", "\r\nz\r\n"),
		"one reply more": altered("VALUE a 2", "STORED\r\nVALUE a 2"), "no reply": altered("STORED\r\n", ""),
		"a doubled line end": altered("END\r\n", "END\r\n\r\n"),
	} {
		for _, stage := range stages(harness.Proxy(t, address, bug), 100*time.Millisecond) {
			if stage.Play(parseTalk(t, memcachedTalk).Scenes[0]) == nil {
				t.Errorf("%s: not noticed", name)
			}
		}
	}
	for _, stage := range stages(harness.Proxy(t, address, harness.Faithful), 30*time.Second) {
		if err := stage.Play(parseTalk(t, memcachedTalk).Scenes[0]); err != nil {
			t.Errorf("faithful: %v", err)
		}
	}
}

// TestStageWithoutServer: no server is an error, and no talk that went well.
func TestStageWithoutServer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	for _, stage := range stages(address, time.Second) {
		if stage.Play(parseTalk(t, memcachedTalk).Scenes[0]) == nil {
			t.Error("nobody answered, and nobody noticed")
		}
	}
}
