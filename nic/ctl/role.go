package ctl

import (
	"context"
	"crypto/x509/pkix"
	"net/http"
	"slices"

	"golang.org/x/sync/semaphore"

	"nitrocard/nic"
	"nitrocard/nic/vpc"
)

// role is what a client may do.
type role int

const (
	stranger role = iota // nothing here; a card, at a controller
	reader               // ask
	owner                // ask about some VPCs, and change what is in them
	provider             // ask and change everything
)

// Roles by certificate: an organization (O) of the certificate's subject names the role. A
// certificate without one is a stranger's.
const (
	RoleReader   = "nitrocard:reader"
	RoleOwner    = "nitrocard:owner" // of the VPCs whose IDs are the organizational units (OU)
	RoleProvider = "nitrocard:provider"
)

// caller is who makes a request.
type caller struct {
	name    string
	process int32 // 0: elsewhere
	role    role
	vpcs    vpc.Owned // of an owner
}

// callerKey is the key of a request's caller in the request's context.
type callerKey struct{}

// callerOf is who makes a request.
func callerOf(r *http.Request) *caller { return r.Context().Value(callerKey{}).(*caller) }

// withCaller adds who makes a request to the request's context.
func (s *server) withCaller(r *http.Request) *http.Request {
	c := certified(r)
	if !s.certified {
		p, _ := r.Context().Value(peerKey{}).(peer) // the zero peer is not known
		c = &caller{name: userName(&p), process: p.process, role: reader}
		if s.access.mayWrite(&p) {
			c.role = provider
		}
	}
	return r.WithContext(context.WithValue(r.Context(), callerKey{}, c))
}

// IsPerson tells whether a certificate has a role, and so is no card's.
func IsPerson(subject pkix.Name) bool { return roleOf(subject) != stranger }

// roleOf is the highest role that a certificate's subject names.
func roleOf(subject pkix.Name) role {
	for _, named := range []struct {
		organization string
		role         role
	}{{RoleProvider, provider}, {RoleOwner, owner}, {RoleReader, reader}} {
		if slices.Contains(subject.Organization, named.organization) {
			return named.role
		}
	}
	return stranger
}

// certified is whom the certificate of a request names.
func certified(r *http.Request) *caller {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return &caller{}
	}
	subject := r.TLS.PeerCertificates[0].Subject
	c := &caller{name: subject.CommonName, role: roleOf(subject)}
	if c.role == owner {
		c.vpcs = subject.OrganizationalUnit
	}
	return c
}

// sees tells whether the caller may see an object.
func (c *caller) sees(r *vpc.Region, e vpc.Edit) bool { return c.role != owner || c.vpcs.Sees(r, e) }

// mayMake is an error unless the caller may make edits of a region.
func (c *caller) mayMake(r *vpc.Region, edits []vpc.Edit) error {
	if c.role != owner {
		return nil
	}
	return forbidden(c.vpcs.May(r, edits))
}

// mayDraft is an error unless the caller may have vpc.Region.Create complete a draft.
func (c *caller) mayDraft(r *vpc.Region, kind string, object any) error {
	if c.role != owner {
		return nil
	}
	return forbidden(c.vpcs.MayDraft(r, kind, object))
}

// mayCreate is mayMake for what vpc.Region.Create made of a draft.
func (c *caller) mayCreate(r *vpc.Region, edits []vpc.Edit) error {
	if c.role != owner {
		return nil
	}
	return forbidden(c.vpcs.MayCreate(r, edits))
}

// ByOwner tells whether the request of a context is one of the owner of some VPCs.
func ByOwner(ctx context.Context) bool {
	c, is := ctx.Value(callerKey{}).(*caller)
	return is && c.role == owner
}

// forbidden is the answer for an error of vpc.Owned's.
func forbidden(err error) error {
	if err == nil {
		return nil
	}
	return &Error{Status: http.StatusForbidden, Message: err.Error(), Code: unauthorizedOperation}
}

// toldOf is a change as the caller is told of it: notices are of the whole region, and so none of an
// owner's.
func (c *caller) toldOf(done nic.Change) nic.Change {
	if c.role == owner {
		done.Notices = []vpc.Notice{}
	}
	return done
}

// room is what only so many requests may have at a time. Owners share one, and all others another, so
// that no owner keeps the provider out.
type room struct{ others, owners *semaphore.Weighted }

func newRoom(others, owners int64) room {
	return room{semaphore.NewWeighted(others), semaphore.NewWeighted(owners)}
}

// of is the room that the caller shares.
func (r room) of(c *caller) *semaphore.Weighted {
	if c.role == owner {
		return r.owners
	}
	return r.others
}

// forProviders refuses the owner of some VPCs.
func forProviders(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if c := callerOf(r); c.role == owner {
			fail(w, http.StatusForbidden, "%q has some VPCs, and this is about all", c.name)
			return
		}
		h(w, r)
	}
}
