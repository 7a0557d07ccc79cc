package imds

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/nictest"
	"nitrocard/nic/vpc"
)

// rig is a server with a clock that the test owns, and the instance of eni-a1.
type rig struct {
	testing.TB
	server  *Server
	now     time.Time
	request Request // of every request, but for what a test asks
	ttl     int
}

func newRig(t testing.TB) *rig {
	config, err := vpc.Load("../testdata/region.yaml")
	require.NoError(t, err)
	region, err := vpc.NewRegion(config)
	require.NoError(t, err)
	policy, err := region.Policy("x", nil)
	require.NoError(t, err)
	r := &rig{TB: t, now: time.Unix(1_780_000_000, 0)}
	r.server = New(func() time.Time { return r.now })
	r.request = Request{Instance: Instance{[]*vpc.OwnENI{nictest.ENI(policy, "eni-a1")}, region}, Options: vpc.MetadataOptions{HopLimit: 1}, SetTTL: func(ttl int) { r.ttl = ttl }}
	return r
}

// put puts objects in force, each in YAML under its kind.
func (r *rig) put(kindsAndObjects ...string) {
	r.Helper()
	var edits []vpc.Edit
	for i := 0; i < len(kindsAndObjects); i += 2 {
		edit, err := vpc.Put(kindsAndObjects[i], []byte(kindsAndObjects[i+1]))
		require.NoError(r, err)
		edits = append(edits, edit)
	}
	region, err := r.request.Instance.Region.Change(edits...)
	require.NoError(r, err)
	policy, err := region.Policy("x", nil)
	require.NoError(r, err)
	r.request.Instance = Instance{[]*vpc.OwnENI{nictest.ENI(policy, "eni-a1")}, region}
	r.request.Options = region.MetadataOptions("i-a1")
}

// do asks, with headers as name and value in turns.
func (r *rig) do(method, path string, headers ...string) *http.Response {
	r.Helper()
	q := r.request
	q.Request = httptest.NewRequest(method, "http://169.254.169.254"+path, nil)
	for i := 0; i < len(headers); i += 2 {
		q.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	r.server.Serve(w, &q)
	return w.Result()
}

func body(t testing.TB, a *http.Response) string {
	b, err := io.ReadAll(a.Body)
	require.NoError(t, err)
	return string(b)
}

// token asks for a token that holds for so many seconds.
func (r *rig) token(seconds string) string {
	a := r.do("PUT", "/latest/api/token", ttlHeader, seconds)
	require.Equal(r, 200, a.StatusCode)
	require.Equal(r, seconds, a.Header.Get(ttlHeader))
	return body(r, a)
}

// The status codes are those that EC2 sends.
func TestStatusCodes(t *testing.T) {
	for _, c := range []struct {
		what, method, path string
		headers            []string
		required           bool
		want               int
	}{
		{"a token", "PUT", "/latest/api/token", []string{ttlHeader, "60"}, false, 200},
		{"a token without a time", "PUT", "/latest/api/token", nil, false, 400},
		{"a token for no time", "PUT", "/latest/api/token", []string{ttlHeader, "0"}, false, 400},
		{"a token for more than six hours", "PUT", "/latest/api/token", []string{ttlHeader, "21601"}, false, 400},
		{"a token for words", "PUT", "/latest/api/token", []string{ttlHeader, "a while"}, false, 400},
		{"a token of another version", "PUT", "/2021-03-23/api/token", []string{ttlHeader, "60"}, false, 403},
		{"a token through a proxy", "PUT", "/latest/api/token", []string{ttlHeader, "60", "X-Forwarded-For", "10.0.0.1"}, false, 403},
		{"a token by GET", "GET", "/latest/api/token", nil, false, 405},
		{"metadata", "GET", "/latest/meta-data/instance-id", nil, false, 200},
		{"metadata by HEAD", "HEAD", "/latest/meta-data/instance-id", nil, false, 200},
		{"metadata by POST", "POST", "/latest/meta-data/instance-id", nil, false, 405},
		{"metadata without a token that is required", "GET", "/latest/meta-data/instance-id", nil, true, 401},
		{"metadata with a wrong token", "GET", "/latest/meta-data/instance-id", []string{tokenHeader, "AQAAAA=="}, false, 401},
		{"nothing there", "GET", "/latest/meta-data/iam/info", nil, false, 404},
		{"user data that is not set", "GET", "/latest/user-data", nil, false, 404},
		{"a version that is not there", "GET", "/2000-01-01/meta-data/", nil, false, 404},
		{"a way out", "GET", "/latest/../../etc/passwd", nil, false, 404},
		{"the versions", "GET", "/", nil, false, 200},
		{"nothing behind two slashes", "GET", "//nonsense", nil, false, 404},
		{"metadata behind two slashes", "GET", "//latest/meta-data/", nil, false, 404},
		{"two slashes", "GET", "//", nil, false, 404},
		{"which methods there are", "OPTIONS", "/latest/meta-data/", nil, true, 200},
		{"which methods a token has", "OPTIONS", "/latest/api/token", nil, true, 200},
		{"a leaf as a folder", "GET", "/latest/meta-data/mac/", nil, false, 404},
	} {
		r := newRig(t)
		r.request.Options.TokenRequired = c.required
		a := r.do(c.method, c.path, c.headers...)
		require.Equal(t, c.want, a.StatusCode, c.what)
		require.Equal(t, c.method == "PUT" && c.want == 200, r.ttl == 1, "%s: the hop limit is for tokens alone", c.what)
		require.Equal(t, "EC2ws", a.Header.Get("Server"), c.what)
		require.Equal(t, "text/plain", a.Header.Get("Content-Type"), c.what)
		require.Equal(t, "close", a.Header.Get("Connection"), c.what)
		allow := ""
		switch {
		case c.method != "OPTIONS" && c.want != 405:
		case strings.HasSuffix(c.path, "/api/token"):
			allow = "OPTIONS, PUT"
		default:
			allow = "OPTIONS, GET, HEAD"
		}
		require.Equal(t, allow, a.Header.Get("Allow"), c.what)
		if c.want == 200 && (c.method == "GET" || c.method == "HEAD") {
			require.Equal(t, "none", a.Header.Get("Accept-Ranges"), c.what)
			_, err := http.ParseTime(a.Header.Get("Last-Modified"))
			require.NoError(t, err, c.what)
			require.True(t, strings.HasSuffix(a.Header.Get("Last-Modified"), " GMT"), c.what)
		}
		if c.want >= 400 || c.method == "OPTIONS" {
			require.Empty(t, body(t, a), c.what)
		}
	}
}

// A token has 56 characters, tells how long it holds, ends, and is its instance's alone.
func TestATokenHoldsForItsTimeAndItsInstance(t *testing.T) {
	r := newRig(t)
	r.request.Options.TokenRequired = true
	r.request.Options.HopLimit = 2
	token := r.token("60")
	require.Len(t, token, 56)
	require.Equal(t, 2, r.ttl)
	a := r.do("GET", "/latest/meta-data/mac", tokenHeader, token)
	require.Equal(t, "06:00:00:00:0a:01", body(t, a))
	require.Equal(t, "60", a.Header.Get(ttlHeader))
	r.now = r.now.Add(59 * time.Second)
	require.Equal(t, "1", r.do("GET", "/latest/meta-data/mac", tokenHeader, token).Header.Get(ttlHeader))
	r.now = r.now.Add(time.Second)
	require.Equal(t, 401, r.do("GET", "/latest/meta-data/mac", tokenHeader, token).StatusCode)

	other := newRig(t)
	other.server = r.server
	region := r.request.Instance.Region
	policy, err := region.Policy("x", nil)
	require.NoError(t, err)
	other.request.Instance.ENIs = []*vpc.OwnENI{nictest.ENI(policy, "eni-a2")}
	require.Equal(t, 401, other.do("GET", "/latest/meta-data/mac", tokenHeader, r.token("60")).StatusCode)
}

func TestWhatAnInstanceHears(t *testing.T) {
	r := newRig(t)
	at := "/latest/meta-data/network/interfaces/macs/06:00:00:00:0a:01/"
	for path, want := range map[string]string{
		"/latest/":                          "dynamic/\nmeta-data/",
		"/latest/meta-data/local-ipv4":      "10.0.1.5",
		"/2021-03-23/meta-data/public-ipv4": "35.72.2.8",
		"/latest/meta-data/local-hostname":  "ip-10-0-1-5.ec2.internal",
		"/latest/meta-data/public-hostname": "ec2-35-72-2-8.compute-1.amazonaws.com",
		at + "interface-id":                 "eni-a1",
		at + "subnet-ipv4-cidr-block":       "10.0.1.0/24",
		at + "vpc-ipv6-cidr-blocks":         "2001:db8:a::/56",
		at + "ipv4-associations/35.72.2.8":  "10.0.1.5",
		"/latest/meta-data/network":         "interfaces/",
	} {
		require.Equal(t, want, body(t, r.do("GET", path)), path)
	}
	require.True(t, strings.HasSuffix(body(t, r.do("GET", "/")), "\nlatest"))
	require.Contains(t, body(t, r.do("GET", "/latest/dynamic/instance-identity/document")), `"privateIp": "10.0.1.5"`)
}

// FuzzServer asks for any path with any token: the answer is one of EC2's, and nothing but a token
// that was given out opens what requires one.
func FuzzServer(f *testing.F) {
	f.Add("PUT", "/latest/api/token", "60", "")
	f.Add("GET", "/latest/meta-data/", "", "AQAAAA==")
	f.Add("GET", "//latest//meta-data/../x", "", "")
	f.Add("HEAD", "/latest/meta-data/public-keys/0=my key/", "", "")
	f.Add("GET", "/latest/dynamic/instance-identity/pkcs7", "", "")
	r := newRig(f)
	r.launch(", MetadataOptions: {InstanceMetadataTags: enabled}")
	token := r.token("60")
	r.request.Options.TokenRequired = true
	f.Fuzz(func(t *testing.T, method, path, ttl, given string) {
		q := r.request
		q.Request = &http.Request{Method: method, URL: &url.URL{Path: path}, Header: http.Header{}}
		q.Header.Set(ttlHeader, ttl)
		q.Header.Set(tokenHeader, given)
		w := httptest.NewRecorder()
		r.server.Serve(w, &q)
		require.Contains(t, []int{200, 400, 401, 403, 404, 405}, w.Code)
		require.True(t, w.Code != 200 || method == "PUT" || method == "OPTIONS" && w.Body.Len() == 0 || given == token, "a token that was not given out")
		require.False(t, w.Code == 200 && method == "GET" && strings.HasPrefix(path, "//"), "a path without a version")
	})
}
