package protocol

import (
	"encoding/base64"
	"strconv"

	shardv1 "github.com/memactor/memactor/protos/shard/v1"
)

// AppendMetadump is the line of lru_crawler metadump for one entry. It ends in a space and "\n" alone, as memcached's does.
func AppendMetadump(dst []byte, e *shardv1.Metadata) []byte {
	expires := e.GetExpires()
	if expires == 0 {
		expires = -1
	}
	dst = appendEscaped(append(dst, "key="...), e.GetKey())
	dst = strconv.AppendInt(append(dst, " exp="...), expires, 10)
	dst = strconv.AppendInt(append(dst, " la="...), e.GetAccessed(), 10)
	dst = strconv.AppendUint(append(dst, " cas="...), e.GetCas(), 10)
	dst = append(append(dst, " fetch="...), yesNo(e.GetFetched())...)
	dst = strconv.AppendInt(append(dst, " cls="...), ItemClass, 10)
	dst = strconv.AppendInt(append(dst, " size="...), int64(itemSize(len(e.GetKey()), int(e.GetSize()), e.GetFlags())), 10)
	dst = strconv.AppendUint(append(dst, " flags="...), uint64(e.GetFlags()), 10)
	return append(dst, " \n"...)
}

// AppendMgdump is the line of lru_crawler mgdump for one entry: the command that reads it. A key that no command line
// could hold is in base64.
func AppendMgdump(dst []byte, e *shardv1.Metadata) []byte {
	dst = append(dst, "mg "...)
	if isWord(e.GetKey()) {
		dst = append(dst, e.GetKey()...)
	} else {
		dst = append(base64.StdEncoding.AppendEncode(dst, e.GetKey()), " b"...)
	}
	return append(dst, crlf...)
}

// AppendCachedump is the line of stats cachedump for one entry; nothing for one whose key no command line could hold.
func AppendCachedump(dst []byte, e *shardv1.Metadata) []byte {
	if !isWord(e.GetKey()) {
		return dst
	}
	dst = append(append(dst, "ITEM "...), e.GetKey()...)
	dst = strconv.AppendUint(append(dst, " ["...), e.GetSize(), 10)
	dst = strconv.AppendInt(append(dst, " b; "...), e.GetExpires(), 10)
	return append(dst, " s]\r\n"...)
}

// AppendDumpEnd ends the dump of that verb.
func AppendDumpEnd(dst []byte, v Verb) []byte {
	if v == VerbMgdump {
		return append(dst, "EN\r\n"...)
	}
	return AppendEnd(dst)
}

// isWord tells whether key can be a word of a command line.
func isWord(key []byte) bool {
	for _, c := range key {
		if c <= ' ' || c == 0x7f {
			return false
		}
	}
	return true
}

// appendEscaped appends a key as in a URI: all but letters, digits and "-._~" as %XX.
func appendEscaped(dst, key []byte) []byte {
	const hex = "0123456789ABCDEF"
	for _, c := range key {
		switch {
		case c|0x20 >= 'a' && c|0x20 <= 'z', c >= '0' && c <= '9', c == '-', c == '.', c == '_', c == '~':
			dst = append(dst, c)
		default:
			dst = append(dst, '%', hex[c>>4], hex[c&15])
		}
	}
	return dst
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}
