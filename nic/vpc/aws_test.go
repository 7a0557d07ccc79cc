package vpc

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// AWS.md names tests that exist, and each of its rows a test or a reason.
func TestPageNamesTests(t *testing.T) {
	page, err := os.ReadFile("AWS.md")
	require.NoError(t, err)
	there := map[string]bool{}
	of := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	err = filepath.WalkDir(filepath.Join("..", ".."), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, found := range of.FindAllSubmatch(text, -1) {
			there[string(found[1])] = true
		}
		return err
	})
	require.NoError(t, err)
	named := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(string(page), -1)
	require.Greater(t, len(named), 60)
	for _, name := range named {
		require.True(t, there[name[1]], "there is no %s", name[1])
	}
	for line := range strings.Lines(string(page)) {
		if cells := strings.Split(line, "|"); len(cells) == 4 {
			require.NotEmpty(t, strings.TrimSpace(cells[2]), line)
		}
	}
}
