package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"nitrocard/pmd/dpdk"
)

// ealOptions are options of DPDK's own (--eal), one word each.
type ealOptions []string

func (o *ealOptions) String() string { return strings.Join(*o, " ") }
func (o *ealOptions) Type() string   { return "options" }

// Set adds the words of s.
func (o *ealOptions) Set(s string) error {
	words, err := words(s)
	*o = append(*o, words...)
	return err
}

func ealFlag(cmd *cobra.Command) *ealOptions {
	var o ealOptions
	cmd.Flags().Var(&o, "eal", "`options` for DPDK, quoted as for a shell, such as \"-m 512 --no-pci\"; may be repeated")
	return &o
}

// start starts DPDK if it is given options. Without, it starts with its first
// port.
func (o *ealOptions) start() error {
	if len(*o) == 0 {
		return nil
	}
	return dpdk.Init(*o)
}

// words splits text where a shell would: at blanks that no quote and no
// backslash protects.
func words(text string) (words []string, err error) {
	var word strings.Builder
	var quote rune // that is open, a backslash among them; 0 if none is
	var begun bool // there is a word, even if it is empty
	for _, c := range text {
		switch {
		case quote == '\\':
			word.WriteRune(c)
			quote = 0
		case c == quote:
			quote = 0
		case quote == 0 && strings.ContainsRune(`'"\`, c):
			quote, begun = c, true
		case quote == 0 && strings.ContainsRune(" \t\n", c):
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(c)
			begun = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("the %c is not closed", quote)
	}
	if begun {
		words = append(words, word.String())
	}
	return words, nil
}
