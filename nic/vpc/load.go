package vpc

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"nitrocard/nic/vpc/ec2"
)

// unenforced lists what has an effect on packets in EC2 and none here. The other
// lists that describe-* commands answer with (Reservations, AvailabilityZones, …)
// say nothing that a card could act on.
var unenforced = []string{
	"CarrierGateways", "ClientVpnEndpoints", "EgressOnlyInternetGateways", "FlowLogs", "LocalGateways", "RouteServers",
	"TrafficMirrorSessions", "TransitGatewayAttachments", "TransitGateways", "TransitGatewayVpcAttachments",
	"VpcBlockPublicAccessExclusions", "VpcEndpoints", "VpnConnections", "VpnGateways",
}

// Bounds of a folder.
const (
	maxFolder = 256 << 20 // bytes
	maxFiles  = 4096
)

// Load reads a configuration: one file of YAML or JSON, or all files of a folder
// that end in .json, .yaml or .yml, merged list by list. A saved answer of
// `aws ec2 describe-*` is such a file as it is. It checks names and types;
// Compile checks what they mean.
func Load(path string) (*Config, error) {
	info, err := os.Stat(path)
	var failed *fs.PathError
	if errors.As(err, &failed) {
		return nil, fmt.Errorf("%s: %w", path, failed.Err)
	}
	if info.IsDir() {
		return loadFolder(path)
	}
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, data)
}

// Files are those that Load reads.
func Files(path string) ([]string, error) {
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return []string{path}, err
	}
	return configFiles(path)
}

func loadFolder(path string) (*Config, error) {
	files, err := configFiles(path)
	if err != nil {
		return nil, err
	}
	c, p, size := &Config{}, ec2.Problems{}, 0
	var errs []error
	for _, file := range files {
		data, err := readFile(file)
		if err != nil {
			return nil, err
		}
		if size += len(data); size > maxFolder {
			return nil, fmt.Errorf("%s: more than %d bytes of configuration", path, maxFolder)
		}
		part, err := Parse(file, data)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		c.merge(part, &p)
	}
	if err := errors.Join(append(errs, p.Err())...); err != nil {
		return nil, err
	}
	return c, nil
}

func configFiles(path string) ([]string, error) {
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		if ending := filepath.Ext(e.Name()); !e.IsDir() && slices.Contains([]string{".json", ".yaml", ".yml"}, ending) {
			files = append(files, filepath.Join(path, e.Name()))
		}
	}
	if len(files) == 0 || len(files) > maxFiles {
		return nil, fmt.Errorf("%s: holds %d .json, .yaml and .yml files; 1 to %d are expected", path, len(files), maxFiles)
	}
	return files, nil
}

// readFile stops where Parse would refuse, so that a device or a mistaken disk
// image cannot fill the memory.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, ec2.MaxJSON+1))
}

// Parse reads one file's bytes. name stands before each error, and an ending
// .json makes YAML an error. Errors are *all* that were found, one a line.
func Parse(name string, data []byte) (*Config, error) {
	tree, err := ec2.Tree(name, data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	members, is := tree.(map[string]any)
	if !is {
		return nil, fmt.Errorf("%s: an object with lists such as SecurityGroups is expected", name)
	}
	c, p := &Config{Unenforced: map[string][]any{}}, ec2.Problems{}
	for _, section := range slices.Sorted(maps.Keys(members)) {
		c.parseSection(section, members[section], &p)
	}
	if err := p.Err(); err != nil {
		return nil, prefixLines(name, err)
	}
	c.readFrom(name)
	return c, nil
}

func (c *Config) parseSection(name string, tree any, p *ec2.Problems) {
	field, ours := section(name)
	switch {
	case ours:
		ec2.Decode(name, tree, reflect.ValueOf(c).Elem().FieldByIndex(field.Index).Addr().Interface(), p)
	case slices.Contains(unenforced, name):
		c.parseUnenforced(name, tree, p)
	case name == "Entries":
		p.Add(name, "entries of a prefix list belong to their list: ManagedPrefixLists: [{PrefixListId: pl-…, Entries: […]}]")
	case !ec2.Has(ec2.Lists, name):
		p.Add("", "%s", ec2.Unknown(name, append(ec2.Members(reflect.TypeFor[Config]()), ec2.Names(ec2.Lists)...)))
	}
}

func (c *Config) parseUnenforced(name string, tree any, p *ec2.Problems) {
	objects, is := tree.([]any)
	if !is && tree != nil {
		p.Add(name, "a list is expected")
	}
	c.Unenforced[name] = objects
}

// section finds the list (or Placement) of that name.
func section(name string) (reflect.StructField, bool) {
	field, found := reflect.TypeFor[Config]().FieldByName(name)
	return field, found && field.Tag.Get("json") != "-"
}

// prefixLines puts the file's name before each line of a joined error.
func prefixLines(name string, err error) error {
	lines := strings.Split(err.Error(), "\n")
	for i := range lines {
		lines[i] = name + ": " + lines[i]
	}
	return errors.New(strings.Join(lines, "\n"))
}
