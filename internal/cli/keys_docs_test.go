package cli_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

// keysHead stands before the commands of docs/keys.md. There is no hardware
// key and nobody at a terminal; who is shown for all others of a role acts for
// them, and whoever fills in the plan is a sed.
const keysHead = `set -eu
iotmark() {
  case "$1 $2" in
  "keys new") shift 2; command iotmark keys new --no-passphrase "$@" ;;
  *) command iotmark "$@" ;;
  esac
  [ ! -e ceremony/ceremony.yaml ] || [ -e filled ] || fill
}
fill() {
  awk '/org: "", person: ""/ { n++; sub(/org: "", person: ""/, "org: " (n % 3 == 0 ? "lab" : n % 3 == 1 ? "consumers" : "university") ", person: p" n) } 1' ceremony/ceremony.yaml >filled
  cp filled ceremony/ceremony.yaml
}
ssh_keygen() {
  case "$*" in
  "-t ed25519-sk -f root-1") for i in 1 2 3 4 5; do ssh-keygen -q -t ed25519 -N '' -f root-$i; done ;;
  "-t ed25519 -f committee-1") for i in 1 2 3 4 5; do ssh-keygen -q -t ed25519 -N '' -f committee-$i; done ;;
  "-Y sign -f root-1 -n ceremony"*) ssh-keygen -q "$@"; for k in root-2 committee-1 operator-1; do ssh-keygen -q -Y sign -f $k -n "$6" <ceremony/ceremony.txt >ceremony/transcript/$k.sig; done ;;
  "-Y sign -f root-1 -n decision@mark.example ceremony/"*) for k in root-1 root-2 root-3; do ssh-keygen -q -Y sign -f $k -n "$6" <"$7" >"$(dirname "$7")/$k.sig"; done ;;
  *) ssh-keygen -q "$@" ;;
  esac
}
cp() {
  case "$*" in
  "root-1.pub ceremony/keys/") command cp root-*.pub committee-[1-5].pub operator-1.pub issuer-1.pub ceremony/keys/ ;;
  *) command cp "$@" ;;
  esac
}
`

// The guide for holders of keys is a ceremony drill: its commands run as they
// stand, from the first key to the one that was replaced.
func TestGuideForKeyHolders(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var script strings.Builder
	script.WriteString(keysHead)
	n := 0
	for line := range strings.Lines(document(t, "keys.md")) {
		cmd := strings.TrimSpace(line)
		if !strings.HasPrefix(line, "    ") {
			continue
		}
		switch first, _, _ := strings.Cut(cmd, " "); first {
		case "iotmark", "cp":
		case "ssh-keygen":
			cmd = "ssh_keygen" + strings.TrimPrefix(cmd, "ssh-keygen")
		default:
			t.Errorf("a line of an indented block is no command that this test knows: %s", cmd)
			continue
		}
		n++
		fmt.Fprintf(&script, "echo '+ %s'\n%s\n", strings.ReplaceAll(cmd, "'", ""), cmd)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(dir, "bin")
	work := filepath.Join(dir, "work")
	for _, d := range []string{bin, work} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	pub := verifytest.NewKey("testlab.example/assessor/1", "testlab", "as1", verify.Assessor).Key
	for name, text := range map[string]string{
		filepath.Join(bin, "iotmark"):   "#!/bin/sh\nIOTMARK_AS_COMMAND=1 exec '" + exe + "' \"$@\"\n",
		filepath.Join(work, "lab.json"): `{"id":"testlab","kind":"laboratory","name":"Test Lab","scopes":["lighting"],"until":"2030-12-31","keys":[{"key":"` + pub + `","name":"testlab.example/assessor/1","org":"testlab","person":"as1","role":"assessor"}]}`,
		filepath.Join(work, "run.sh"):   script.String(),
	} {
		if err := os.WriteFile(name, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("sh", "run.sh")
	cmd.Dir = work
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "SSH_AUTH_SOCK=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		"signed   ceremony/ceremony.txt: by 4 of 12 keys",
		"3  ", "org.accredited\n", "It counts: as entry 3 of the log it has effect.",
		"Private key: committee-6. It is not locked",
		"mark.example/committee/2: committee",
		"keyring.set\n",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the guide did not lead to %q:\n%s", want, out)
		}
	}
	if n < 30 {
		t.Errorf("only %d commands were found", n)
	}
}
