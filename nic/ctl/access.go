package ctl

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"nitrocard/nic/vpc/ec2"
)

// Access is the rights of groups at a socket. Root and the card's user may do everything.
// With the zero value, every user who may open the socket may do everything.
// A socket has one group: with Readers and Writers, a writer must be a reader, too, to open
// the socket.
type Access struct {
	Readers *uint32 // a group that may open the socket, and may only read
	Writers *uint32 // a group that may change the configuration; without Readers, only Writers may open the socket
}

// opener is the group that may open the socket, nil without groups.
func (a Access) opener() *uint32 { return cmp.Or(a.Readers, a.Writers) }

// Grant lets the groups in: it gives the socket at path to the group that may open the
// socket, and its folder, too, if that is the card's own: the DefaultSocket's, as Folder
// makes it.
func (a Access) Grant(path string) error {
	group := a.opener()
	if group == nil {
		return nil
	}
	if err := os.Lchown(path, -1, int(*group)); err != nil {
		return fmt.Errorf("socket %s: its group cannot be %s: %w", path, groupName(*group), err)
	}
	if path != DefaultSocket() {
		return nil
	}
	folder := filepath.Dir(path)
	if info, err := os.Lstat(folder); err == nil && info.Mode().Perm() == folderMode {
		return os.Lchown(folder, -1, int(*group))
	}
	return nil
}

// warn logs a socket whose folder keeps the group out that may open the socket.
func (a Access) warn(log *slog.Logger, path string) {
	folder := filepath.Dir(path)
	if group := a.opener(); group != nil && !enters(folder, *group) {
		log.Warn("the group that may open the socket may not enter its folder", "socket", path, "group", groupName(*group),
			"remedy", "chgrp "+groupName(*group)+" "+folder+" and chmod g+x "+folder+", or a socket in another folder")
	}
}

// mayWrite tells whether a peer may change the configuration.
func (a Access) mayWrite(p *peer) bool {
	switch {
	case a.Readers == nil && a.Writers == nil:
		return true
	case !p.known:
		return false
	case p.user == 0 || int(p.user) == os.Geteuid() && int64(p.user) != anyUser:
		return true
	}
	return a.Writers != nil && slices.Contains(p.groups, *a.Writers) && int64(*a.Writers) != anyGroup
}

// anyUser and anyGroup stand for all users and groups that have no number in this process's
// user namespace (user_namespaces(7), "Unmapped user and group IDs"); -1 where all have one.
// They are read at the start: a sandbox may keep their files shut.
var (
	anyUser  = standIn(readProc("sys/kernel/overflowuid"), readProc("self/uid_map"))
	anyGroup = standIn(readProc("sys/kernel/overflowgid"), readProc("self/gid_map"))
)

// standIn is the number overflow, unless the namespace's numbers are all that there are.
func standIn(overflow, numbers string) int64 {
	if slices.Equal(strings.Fields(numbers), []string{"0", "0", "4294967295"}) {
		return -1
	}
	id, err := strconv.ParseUint(strings.TrimSpace(overflow), 10, 32)
	if err != nil {
		return -1
	}
	return int64(id)
}

// readProc is a file of proc(5), "" if there is none.
func readProc(name string) string {
	text, _ := os.ReadFile("/proc/" + name) // another system has no user namespaces
	return string(text)
}

// who names those who may write, for an error.
func (a Access) who() string {
	if a.Writers == nil {
		return "root and the card's user"
	}
	return "root, the card's user and members of the group " + groupName(*a.Writers)
}

// peer is the process at the other end of a connection, as the kernel says (unix(7),
// SO_PEERCRED).
type peer struct {
	known   bool // the kernel told
	process int32
	user    uint32
	groups  []uint32
}

// peerKey is the key of a request's peer in the request's context.
type peerKey struct{}

// withPeer adds a connection's peer to a context, for http.Server.ConnContext.
func withPeer(ctx context.Context, conn net.Conn) context.Context {
	p, _ := peerOf(conn) // a peer that is not known has no rights of a group or user
	return context.WithValue(ctx, peerKey{}, p)
}

// admit refuses who may not ask, or not change, and logs who asked for each change, and its result.
func (s *server) admit(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = s.withCaller(r)
		c := callerOf(r)
		reads := r.Method == http.MethodGet || r.Method == http.MethodHead
		if reads && c.role != stranger {
			h.ServeHTTP(w, r)
			return
		}
		answer := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		switch {
		case c.role == stranger:
			fail(answer, http.StatusForbidden, "the certificate of %q has no role; its organization is to be %s, %s or %s", c.name, RoleReader, RoleOwner, RoleProvider)
		case c.role == reader && s.certified:
			fail(answer, http.StatusForbidden, "%q may ask and not change anything", c.name)
		case c.role == reader:
			fail(answer, http.StatusForbidden, "%s may ask this card and not change it; %s may", c.name, s.access.who())
		default:
			h.ServeHTTP(answer, r)
		}
		level := slog.LevelInfo
		if answer.status >= http.StatusMultipleChoices {
			level = slog.LevelWarn
		}
		if !reads {
			s.log.Log(r.Context(), level, askedFor(r), "user", c.name, "process", c.process,
				"method", r.Method, "path", ec2.Shorten(r.URL.Path), "status", answer.status)
		}
	})
}

// askedFor is what a request that is no read asks for, for the log.
func askedFor(r *http.Request) string {
	if r.URL.Path == "/v1/"+dryRunPath {
		return "asked for a dry run"
	}
	return "asked for a change"
}

// statusWriter notes an answer's status.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes the status.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// userName is the name of a peer's user, or the number of a user without a name.
func userName(p *peer) string {
	if !p.known {
		return "an unknown user"
	}
	return nameOf(p.user)
}

// nameOf is the name of a user, or the number of a user without a name.
func nameOf(uid uint32) string {
	id := strconv.FormatUint(uint64(uid), 10)
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return "user " + id
}

// groupName is a group's name, or the number of a group without a name.
func groupName(gid uint32) string {
	id := strconv.FormatUint(uint64(gid), 10)
	if g, err := user.LookupGroupId(id); err == nil {
		return g.Name
	}
	return id
}
