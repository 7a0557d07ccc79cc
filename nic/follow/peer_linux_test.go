package follow

import (
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/pmd/pmdtest"
)

// peer is another tool of TUF, in Python: it checks the IDs of a document's keys and the signatures,
// and prints the document of the next version, signed by the key of a private half in hex.
const peer = `
import hashlib, json, sys
from securesystemslib import formats, keys

doc, key_id, private = json.load(open(sys.argv[1])), sys.argv[2], sys.argv[3]
signed = doc["signed"]
canonical = lambda x: formats.encode_canonical(x).encode()
for own, key in signed["keys"].items():
    assert hashlib.sha256(canonical(key)).hexdigest() == own, "the ID of a key"
assert len(doc["signatures"]) == 2
for s in doc["signatures"]:
    assert keys.verify_signature(dict(signed["keys"][s["keyid"]], keyid=s["keyid"]), s, canonical(signed)), "a signature"
signed["version"] += 1
key = dict(signed["keys"][key_id], keyid=key_id)
key["keyval"] = dict(key["keyval"], private=private)
print(json.dumps({"signed": signed, "signatures": [keys.create_signature(key, canonical(signed))]}))
`

// Debian's tool of TUF takes our documents, and one that it made and signed is one of ours once the
// other root key has signed it, too.
func TestAnotherToolOfTUF(t *testing.T) {
	const python = "/usr/bin/python3" // the one that Debian's modules are for
	if out, err := exec.Command(python, "-c", "import securesystemslib, nacl").CombinedOutput(); err != nil {
		pmdtest.Missing(t, "Debian's python3-securesystemslib is not installed (as root: `make deps`): "+string(out))
	}
	p := newProvider(t)
	path := filepath.Join(t.TempDir(), "1.root.json")
	require.NoError(t, os.WriteFile(path, p.first.Text(), 0o600))
	id := p.first.meta.Signatures[0].KeyID // of a, which signed first
	cmd := exec.Command(python, "-c", peer, path, id, hex.EncodeToString(p.a.key.Seed()))
	cmd.Stderr = os.Stderr
	made, err := cmd.Output()
	require.NoError(t, err)
	_, err = p.first.Next(made)
	require.ErrorContains(t, err, "root version 2 is signed by 1 of the root keys of version 1, which asks for 2")
	theirs, err := ParseRoot(made)
	require.NoError(t, err)
	both, err := p.b.SignRoot(theirs)
	require.NoError(t, err)
	_, err = p.first.Next(both.Text())
	require.NoError(t, err)
}
