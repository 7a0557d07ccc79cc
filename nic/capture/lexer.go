package capture

import (
	"fmt"
	"strings"
)

// words are the words and marks of an expression, in order.
type words struct {
	all []string
	at  int
}

// marks are those of two characters before those of one.
var marks = []string{"&&", "||", "!=", "==", "<=", ">=", "<<", ">>", "(", ")", "[", "]", "!", "&", "|", "=", "<", ">", "+", "*", "^", "%"}

// split cuts an expression into words and marks. Within brackets a colon is a mark; elsewhere it
// belongs to an address.
func split(text string) (*words, error) {
	w := &words{}
	for within := false; ; {
		text = strings.TrimLeft(text, " \t\r\n")
		if text == "" {
			return w, nil
		}
		n := wordLen(text, within)
		if n == 0 {
			return nil, fmt.Errorf("%q is no part of an expression", text[:1])
		}
		word := text[:n]
		text = text[n:]
		within = word == "[" || within && word != "]"
		w.all = append(w.all, word)
	}
}

// wordLen is how long the word or mark is that a text begins with, 0 if there is none.
func wordLen(text string, within bool) (n int) {
	if within && text[0] == ':' {
		return 1
	}
	for _, m := range marks {
		if strings.HasPrefix(text, m) {
			return len(m)
		}
	}
	for n < len(text) && isWord(text[n]) && !(within && text[n] == ':') {
		n++
	}
	return n
}

// isWord tells whether a character may be in a word.
func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(`.:-/_\`, c) >= 0
}

// peek is the next word, "" at the end.
func (w *words) peek() string { return w.ahead(0) }

// ahead is the word n behind the next one.
func (w *words) ahead(n int) string {
	if w.at+n >= len(w.all) {
		return ""
	}
	return w.all[w.at+n]
}

// take is the next word, which is done with.
func (w *words) take() string {
	word := w.peek()
	if w.at < len(w.all) {
		w.at++
	}
	return word
}

// takes takes the next word if it is one of some.
func (w *words) takes(some ...string) bool {
	for _, s := range some {
		if w.at < len(w.all) && w.peek() == s {
			w.at++
			return true
		}
	}
	return false
}
