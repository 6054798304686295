package protocol

import "bytes"

// NextKey takes the first of the space separated words off keys. At the end key is empty.
// Both results borrow keys.
func NextKey(keys []byte) (key, rest []byte) {
	start := 0
	for start < len(keys) && keys[start] == ' ' {
		start++
	}
	end := start
	for end < len(keys) && keys[end] != ' ' {
		end++
	}
	return keys[start:end:end], keys[end:]
}

// cutVerb splits a line at its first space. The arguments keep that space: see [noReply].
func cutVerb(line []byte) (word, args []byte) {
	end := bytes.IndexByte(line, ' ')
	if end < 0 {
		end = len(line)
	}
	return line[:end], line[end:]
}

// noReply says whether the last argument is exactly "noreply". args begins with a space, or is empty.
func noReply(args []byte) bool {
	return bytes.HasSuffix(trimRight(args), []byte(" noreply"))
}

// lastWord returns the last of the arguments, empty if there are none. args begins with a space, or is empty.
func lastWord(args []byte) []byte {
	args = trimRight(args)
	return args[bytes.LastIndexByte(args, ' ')+1:]
}

func trimRight(args []byte) []byte {
	end := len(args)
	for end > 0 && args[end-1] == ' ' {
		end--
	}
	return args[:end]
}
