package protocol

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
	"github.com/memactor/memactor/protos/wire"
)

// TestMeta shows, in testdata/meta, what the actor is asked for each meta command (`ask`: lines), and how what it replies is
// answered (`answer`: the line, then one reply a line, as the status and what else is set).
func TestMeta(t *testing.T) {
	datadriven.Walk(t, "testdata/meta", func(t *testing.T, path string) {
		t.Helper()
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			t.Helper()
			lines := strings.Split(d.Input, "\n")
			var out strings.Builder
			switch d.Cmd {
			case "ask":
				for _, line := range lines {
					out.WriteString(asked(line) + "\n")
				}
			case "answer":
				for _, reply := range lines[1:] {
					out.WriteString(answered(t, lines[0], reply) + "\n")
				}
			}
			return out.String()
		})
	})
}

// asked is what a line asks the actor, short.
func asked(line string) string {
	var c Command
	if err := Parse([]byte(line), &c); err != OK {
		return err.String()
	}
	text := strings.TrimPrefix(c.Op.String(), "OP_") + " " + strconv.Quote(string(c.Key))
	for o := uint32(1); o != 0; o <<= 1 {
		if c.Options&o != 0 {
			text += " " + strings.TrimPrefix(shardv1.Option(o).String(), "OPTION_")
		}
	}
	v := reflect.ValueOf(c.Envelope)
	for _, field := range []string{"Flags", "Exptime", "Cas", "Delta", "Vivify", "Recache", "NewCas", "Initial"} {
		if f := v.FieldByName(field); !f.IsZero() {
			text += fmt.Sprintf(" %s=%v", strings.ToLower(field), f)
		}
	}
	if c.Kind == Block {
		text += fmt.Sprintf(" (%d bytes)", c.Bytes)
	}
	return text
}

func answered(t *testing.T, line, reply string) string {
	t.Helper()
	var c Command
	if err := Parse([]byte(line), &c); err != OK {
		return err.String()
	}
	c.Value = make([]byte, c.Bytes)
	words := strings.Fields(reply)
	r := wire.Reply{Status: shardv1.Status(shardv1.Status_value["STATUS_"+words[0]])}
	for _, word := range words[1:] {
		name, value, _ := strings.Cut(word, "=")
		if mark, ok := shardv1.Mark_value["MARK_"+name]; ok {
			r.Marks |= uint32(mark)
			continue
		}
		f := reflect.ValueOf(&r).Elem().FieldByName(name)
		n, err := strconv.ParseInt(value, 10, 64)
		switch {
		case name == "Value":
			r.Value = []byte(value)
		case err != nil:
			t.Fatalf("%s: %v", word, err)
		case f.CanInt():
			f.SetInt(n)
		default:
			f.SetUint(uint64(n))
		}
	}
	text := string(c.Append(nil, &c.Envelope, &r))
	if text == "" {
		return "(nothing)"
	}
	return strings.ReplaceAll(strings.TrimSuffix(text, crlf), crlf, `\r\n`)
}

// TestKeysInBase64 compares with the oracle, and with what memcached was seen to make of them.
func TestKeysInBase64(t *testing.T) {
	for _, text := range []string{
		"YQ==", "YWI=", "YWJj", "Y!Q==", "YQ==x", "YQ==YQ==", "YR==", "====", "A===", "=AAA", "==AA", "A", "AA", "AAA", "AAAA", "!!!!",
		"a-_=", "+/+/", "AAAA====", strings.Repeat("AAAA", 62),
	} {
		if got, want := string(appendDecoded([]byte("x"), []byte(text))), "x"+string(oracleDecode(text)); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{"YR==": "a", "Y!Q==": "a", "YQ==YQ==": "a", "YQ==x": "", "====": ""} {
		if got := string(appendDecoded(nil, []byte(text))); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// TestDecodedKeysStay: the keys of a round's commands do not run into each other.
func TestDecodedKeysStay(t *testing.T) {
	var c Command
	var keys [][]byte
	for i := range 300 {
		text := appendEncoded(fmt.Sprintf("key %d", i))
		if err := Parse([]byte("mg "+text+" b v"), &c); err != OK {
			t.Fatal(err)
		}
		keys = append(keys, c.Key)
	}
	for i, key := range keys {
		if want := fmt.Sprintf("key %d", i); string(key) != want {
			t.Errorf("%q, want %q", key, want)
		}
	}
	c.Forget()
	if c.Key != nil || len(c.decoded) != 0 {
		t.Errorf("%+v", c)
	}
}

func appendEncoded(key string) string {
	a := Answer{Base64: true}
	return string(a.appendKey(nil, []byte(key)))
}

func TestMetaAllocatesNothing(t *testing.T) {
	for _, line := range []string{
		"mg key v t f s c h l k O123 N30 R30 q", "ms key 3 F5 T30 c s k O7 MA N10 C5 E6", "md key I T30 E5 C4 q k", "ma key N0 J13 D5 v t c k",
		"mg a2V5IGluIGJhc2U2NA== b k v", "ms a2V5IGluIGJhc2U2NA== 3 b k", "me key", "mg key v v", "mg key Tx",
	} {
		var c Command
		buf, value := make([]byte, 0, 4096), []byte("value")
		r := wire.Reply{Status: shardv1.Status_STATUS_OK, Value: value, TTL: -1, Cas: 1 << 63, Number: 1 << 63, Marks: 15}
		bytes := []byte(line)
		if n := testing.AllocsPerRun(20, func() {
			c.Forget()
			if Parse(bytes, &c) == OK {
				buf = c.Append(buf[:0], &c.Envelope, &r)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", line, n)
		}
	}
}
