package vpc

import (
	"strings"

	"nitrocard/nic/vpc/ec2"
)

// foreign is a document in which nothing is EC2's.
type foreign struct {
	source
	names []string // of its members
}

// passOver names the files that hold nothing of EC2's, in notices. If no file holds
// anything of EC2's, passOver names them as mistakes.
func (l *loader) passOver() {
	var files []foreign
	for _, f := range l.foreign {
		if last := len(files) - 1; last >= 0 && files[last].file == f.file {
			files[last].names = append(files[last].names, f.names...)
			continue
		}
		files = append(files, f)
	}
	for _, f := range files {
		if l.known {
			l.notice(FilePassedOver, f.String(), nothingOf(f.names))
		} else {
			l.mistaken(f)
		}
	}
}

// mistaken is the mistake of a file that holds nothing of EC2's: the error names the list
// whose name was misspelt, or describes what is expected.
func (l *loader) mistaken(f foreign) {
	l.problems.File = f.String()
	near := false
	for _, name := range distinct(f.names) {
		if list := nearList(name); list != "" {
			near = true
			l.problems.Add("", "%s", ec2.NoField(name, list))
		}
	}
	const expected = "an object with lists such as SecurityGroups is expected, as aws ec2 describe-* prints it"
	switch {
	case near:
	case len(f.names) == 0:
		l.problems.Add("", expected)
	default:
		l.problems.Add("", "%s; %s", nothingOf(f.names), expected)
	}
}

// nearList is the list whose name a name may misspell; "": none.
func nearList(name string) string {
	list := ec2.Nearest(name, sectionNames)
	if list == "" || ec2.Known(name) || !ec2.Close(name, list) {
		return ""
	}
	return list
}

// distinct are the names without repetitions, in order.
func distinct(names []string) (all []string) {
	seen := map[string]bool{}
	for _, name := range names {
		if !seen[name] {
			seen[name], all = true, append(all, name)
		}
	}
	return all
}

// nothingOf says that a document holds nothing of EC2's, and what it holds.
func nothingOf(names []string) string {
	names = distinct(names)
	if len(names) == 0 {
		return "holds nothing of EC2"
	}
	const most = 3
	shown := names[:min(len(names), most)]
	for i := range shown {
		shown[i] = ec2.Shorten(shown[i])
	}
	return "holds nothing of EC2: " + strings.Join(shown, ", ")
}
