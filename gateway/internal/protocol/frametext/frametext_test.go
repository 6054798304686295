package frametext

import (
	"errors"
	"strings"
	"testing"
)

func TestThereAndBack(t *testing.T) {
	for _, text := range []string{
		`80 00 0003 00 00 0000 00000003 0000002a 0000000000000000 "abc"`,
		`81 00 0003 04 00 0000 0000000a 00000000 0000000000000007 0000002a "a\r\n" "\x00\"7"`,
		`81 00 0000 00 00 0081 0000000f 00000000 0000000000000000 "Unknown command"`,
		`80 01 00fa 08 00 0000 00000102 00000000 0000000000000000 0000000000000000 "k"*250`,
	} {
		raw, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimSuffix(Format(raw), "\n"); got != text {
			t.Errorf("got  %s\nwant %s", got, text)
		}
		two := text + "\n" + text + "\n80 00\n"
		raw, err = Parse(two)
		if got := Format(raw); err != nil || got != strings.Replace(two, "80 00\n", "8000\n", 1) && !strings.HasSuffix(got, "\n8000\n") {
			t.Errorf("two frames and a rest: %v, %s", err, got)
		}
	}
}

func TestWhatIsNoText(t *testing.T) {
	for _, text := range []string{"8", "zz", `"abc`, `"\q"`, `"a"*x`} {
		if _, err := Parse(text); !errors.Is(err, ErrText) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// A header whose lengths do not fit is written in hexadecimal and not walked.
func TestWhatIsNoFrame(t *testing.T) {
	for _, text := range []string{
		"81000000000000000000000900000000" + "0000000000000000" + "00",
		"81000009000000000000000100000000" + "0000000000000000" + "00",
	} {
		raw, err := Parse(text)
		if err != nil || Format(raw) != text+"\n" {
			t.Errorf("%v, %s", err, Format(raw))
		}
	}
}
