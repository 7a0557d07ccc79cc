package lab

import (
	"bytes"
	"fmt"
)

// archive is a file system as the kernel takes it at its start: cpio's format
// newc (initramfs-buffer-format in the kernel's documentation).
type archive struct {
	buf   bytes.Buffer
	inode int
}

// Types of what an archive holds (inode(7)).
const (
	folderType = 0o040000
	fileType   = 0o100000
)

func (a *archive) folder(name string) { a.add(name, folderType|0o755, nil) }

// file adds a file that may be run.
func (a *archive) file(name string, data []byte) { a.add(name, fileType|0o755, data) }

// add writes an entry: a header of hexadecimal numbers, its name and its data,
// each filled up to 4 bytes.
func (a *archive) add(name string, mode int, data []byte) {
	a.inode++
	const links = 1
	a.buf.WriteString("070701")
	for _, field := range []int{a.inode, mode, 0, 0, links, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0} {
		fmt.Fprintf(&a.buf, "%08x", field)
	}
	a.buf.WriteString(name + "\x00")
	a.fill()
	a.buf.Write(data)
	a.fill()
}

func (a *archive) fill() { a.buf.Write(make([]byte, -a.buf.Len()&3)) }

// end is the whole archive.
func (a *archive) end() []byte {
	a.add("TRAILER!!!", 0, nil)
	return a.buf.Bytes()
}
