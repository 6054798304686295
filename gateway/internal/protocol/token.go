package protocol

import "bytes"

// NextKey takes the first of the words, which are separated by one or more spaces, off keys. At the end key is
// empty. Both results borrow keys.
func NextKey(keys []byte) (key, rest []byte) {
	return cutWord(bytes.TrimLeft(keys, " "))
}

// cutWord splits line before its first space. What is appended to the word does not run into the rest.
func cutWord(line []byte) (word, rest []byte) {
	end := bytes.IndexByte(line, ' ')
	if end < 0 {
		end = len(line)
	}
	return line[:end:end], line[end:]
}

// countWords is how many words NextKey finds.
func countWords(args []byte) (n int) {
	for word, rest := NextKey(args); len(word) > 0; word, rest = NextKey(rest) {
		n++
	}
	return n
}

// lastWord is the last word of args, empty if there is none.
func lastWord(args []byte) []byte {
	args = bytes.TrimRight(args, " ")
	return args[bytes.LastIndexByte(args, ' ')+1:]
}

// noReply says whether the last argument is exactly "noreply".
func noReply(args []byte) bool {
	return string(lastWord(args)) == "noreply"
}
