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

	"nitrocard/nic/vpc/ec2"
)

// Access is which groups may do what at a socket. Root and the card's user may do
// all. The zero value: whoever may open the socket may do all.
type Access struct {
	Readers *uint32 // may open the socket, and not write unless they are Writers too
	Writers *uint32 // without Readers, they alone may open the socket
}

// Grant lets the groups in: it gives them the socket at path, and its folder if it is
// this user's alone.
func (a Access) Grant(path string) error {
	group := cmp.Or(a.Readers, a.Writers)
	if group == nil {
		return nil
	}
	if err := os.Lchown(path, -1, int(*group)); err != nil {
		return fmt.Errorf("socket %s: its group cannot be %s: %w", path, groupName(*group), err)
	}
	folder := filepath.Dir(path)
	if info, err := os.Stat(folder); err == nil && info.Mode().Perm() == folderMode {
		return os.Chown(folder, -1, int(*group))
	}
	return nil
}

// mayWrite tells whether somebody may change the configuration.
func (a Access) mayWrite(p *peer) bool {
	switch {
	case a.Readers == nil && a.Writers == nil:
		return true
	case !p.known:
		return false
	case p.user == 0 || int(p.user) == os.Geteuid():
		return true
	}
	return a.Writers != nil && slices.Contains(p.groups, *a.Writers)
}

// who says who may write, for who may not.
func (a Access) who() string {
	if a.Writers == nil {
		return "root and the card's user"
	}
	return "root, the card's user and members of the group " + groupName(*a.Writers)
}

// peer is who asks, as the kernel says (unix(7), SO_PEERCRED).
type peer struct {
	known   bool
	process int32
	user    uint32
	groups  []uint32
}

// peerKey is where a request's context has its peer.
type peerKey struct{}

// withPeer is what http.Server.ConnContext takes.
func withPeer(ctx context.Context, conn net.Conn) context.Context {
	p, _ := peerOf(conn) // an unknown one may do what anybody may
	return context.WithValue(ctx, peerKey{}, &p)
}

// write logs who asks for a change and what comes of it, and refuses whoever may
// not.
func (s *server) write(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			h.ServeHTTP(w, r)
			return
		}
		p, known := r.Context().Value(peerKey{}).(*peer)
		if !known {
			p = &peer{}
		}
		answer := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		if s.access.mayWrite(p) {
			h.ServeHTTP(answer, r)
		} else {
			fail(answer, http.StatusForbidden, "%s may ask this card and not change it; %s may", userName(p), s.access.who())
		}
		level := slog.LevelInfo
		if answer.status != http.StatusOK {
			level = slog.LevelWarn
		}
		s.log.Log(r.Context(), level, "asked for a change", "user", userName(p), "process", p.process,
			"method", r.Method, "path", ec2.Shorten(r.URL.Path), "status", answer.status)
	})
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

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// userName is who asks, by name where the system has one.
func userName(p *peer) string {
	if !p.known {
		return "an unknown user"
	}
	id := strconv.FormatUint(uint64(p.user), 10)
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return "user " + id
}

// groupName is a group's name, or the number of one without.
func groupName(gid uint32) string {
	id := strconv.FormatUint(uint64(gid), 10)
	if g, err := user.LookupGroupId(id); err == nil {
		return g.Name
	}
	return id
}
