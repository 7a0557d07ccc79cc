package tables

import "golang.org/x/sys/unix"

// adviseHuge asks the kernel for huge pages. With small pages, random look-ups in a large table miss the TLB and take 10 to
// 20 % longer. A kernel without huge pages refuses, and the table works with small ones.
func adviseHuge(b []byte) { _ = unix.Madvise(b, unix.MADV_HUGEPAGE) }
