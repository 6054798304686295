// Package frametext writes frames of the binary protocol as text, for transcripts that people can read:
//
//	80 00 0003 00 00 0000 00000003 0000002a 0000000000000000 "abc"
//
// That is the header, field by field (magic, opcode, length of the key, length of the extras, data type, status, length of
// the body, opaque, cas unique), the extras in hexadecimal, and key and value quoted.
package frametext

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

const headerLen = 24

// ErrText says that a text is not of the form.
var ErrText = errors.New("frametext: neither hexadecimal nor quoted")

// Parse makes bytes of a text. Anything goes, not only frames; "abc"*3 is "abcabcabc".
func Parse(text string) ([]byte, error) {
	var out []byte
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		word, rest, err := next(text)
		if err != nil {
			return nil, err
		}
		out, text = append(out, word...), rest
	}
	return out, nil
}

// next reads the first word of text.
func next(text string) (word []byte, rest string, err error) {
	if text[0] == '"' {
		return quoted(text)
	}
	digits, rest, _ := strings.Cut(strings.ReplaceAll(text, "\n", " "), " ")
	word, err = hex.DecodeString(digits)
	if err != nil {
		return nil, "", fmt.Errorf("%w: %q", ErrText, digits)
	}
	return word, rest, nil
}

func quoted(text string) (word []byte, rest string, err error) {
	prefix, err := strconv.QuotedPrefix(text)
	if err != nil {
		return nil, "", fmt.Errorf("%w: %q", ErrText, text)
	}
	inner, err := strconv.Unquote(prefix)
	if err != nil {
		return nil, "", fmt.Errorf("%w: %q", ErrText, prefix)
	}
	rest = text[len(prefix):]
	if !strings.HasPrefix(rest, "*") {
		return []byte(inner), rest, nil
	}
	var times int
	if _, err := fmt.Sscanf(rest, "*%d", &times); err != nil {
		return nil, "", fmt.Errorf("%w: %q", ErrText, rest)
	}
	return []byte(strings.Repeat(inner, times)), strings.TrimLeft(rest, "*0123456789"), nil
}

// Format writes frames, one a line. What is no whole frame at the end is written in hexadecimal.
func Format(frames []byte) string {
	var text strings.Builder
	for len(frames) >= headerLen {
		extras, key := int(frames[4]), int(binary.BigEndian.Uint16(frames[2:]))
		end := headerLen + int(binary.BigEndian.Uint32(frames[8:]))
		if end > len(frames) || extras+key > end-headerLen {
			break
		}
		formatOne(&text, frames[:end], headerLen+extras, headerLen+extras+key)
		frames = frames[end:]
	}
	if len(frames) > 0 {
		fmt.Fprintf(&text, "%x\n", frames)
	}
	return text.String()
}

// formatOne writes a frame with its key and its value from these offsets on.
func formatOne(text *strings.Builder, f []byte, key, value int) {
	fmt.Fprintf(text, "%x %x %x %x %x %x %x %x %x", f[:1], f[1:2], f[2:4], f[4:5], f[5:6], f[6:8], f[8:12], f[12:16], f[16:24])
	if key > headerLen {
		fmt.Fprintf(text, " %x", f[headerLen:key])
	}
	for _, part := range [][]byte{f[key:value], f[value:]} {
		if len(part) > 0 {
			text.WriteString(" " + shorten(string(part)))
		}
	}
	text.WriteByte('\n')
}

// shorten writes a long run of one byte as its beginning and its length.
func shorten(part string) string {
	if len(part) > 20 && strings.Count(part, part[:1]) == len(part) {
		return fmt.Sprintf("%q*%d", part[:1], len(part))
	}
	return strconv.Quote(part)
}
