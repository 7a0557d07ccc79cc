package vpc

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// An object of a folder is named by its file and its index there, however many
// of its list other files hold; one that was put by hand is in no file.
func TestObjectsAreNamedByTheirFile(t *testing.T) {
	folder := t.TempDir()
	for file, list := range map[string]string{"a.yaml": "Vpcs: [{VpcId: vpc-1}, {VpcId: vpc-2}]", "b.yaml": "Vpcs: [{VpcId: vpc-3}]"} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, file), []byte(list), 0o600))
	}
	c, err := Load(folder)
	require.NoError(t, err)
	_, err = Compile(c, CompileOptions{})
	require.ErrorContains(t, err, "b.yaml: Vpcs[0] vpc-3: CidrBlock is missing")
	_, err = Compile(put(t, c, "Vpcs", "{VpcId: vpc-3}"), CompileOptions{})
	require.ErrorContains(t, err, "\nVpcs[2] vpc-3: CidrBlock is missing")
	_, err = Compile(remove(t, c, "Vpcs", "vpc-1"), CompileOptions{})
	require.ErrorContains(t, err, "a.yaml: Vpcs[1] vpc-2: CidrBlock is missing")
}

// An answer without objects is a list that is there, and empty.
func TestAnEmptyAnswerIsThere(t *testing.T) {
	c, err := Parse("a.json", []byte(`{"Subnets": [], "NextToken": null}`))
	require.NoError(t, err)
	require.NotNil(t, c.Subnets)
	require.Nil(t, c.Vpcs)
}
