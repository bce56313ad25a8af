#!/usr/bin/env bash
# Has checkpoints of our log cosigned by witnesses of others, and by ours:
#   scripts/interop/witness.sh OMNIWITNESS [LITEWITNESS]
# The programs are built from source elsewhere; docs/interop.md says which. All
# of it runs on the loopback; unshare -rn keeps it there.
set -eu
[ $# -ge 1 ] || { echo "usage: $0 OMNIWITNESS [LITEWITNESS]" >&2; exit 2; }
omni=$(realpath "$1")
lite=${2:+$(realpath "$2")}
root=$(cd "$(dirname "$0")/../.." && pwd)
tmp=$(mktemp -d)
mkdir "$tmp/bin"
[ -n "${IOTMARK:-}" ] && ln -s "$(realpath "$IOTMARK")" "$tmp/bin/iotmark" || (cd "$root" && CGO_ENABLED=0 go build -o "$tmp/bin/iotmark" ./cmd/iotmark)
PATH=$tmp/bin:$PATH
cd "$tmp"
pids=
trap 'kill $pids 2>/dev/null || :; rm -rf "$tmp"' EXIT
wait_for() { for _ in $(seq 300); do "$@" >/dev/null 2>&1 && return 0; sleep 0.1; done; echo "no answer: $*" >&2; return 1; }
port() { (exec 3<>"/dev/tcp/127.0.0.1/$1"); }

# A scheme after its ceremony; the entries are real ones.
iotmark keys ceremony --domain mark.example c >out 2>&1
{
	printf 'domain: mark.example\norigin: log.mark.example/1\nthreshold: 2\nlog: keys/log.pub\nkeys:\n'
	n=0
	for k in root/1 root/2 root/3 committee/1 committee/2 committee/3 operator/1 issuer/1; do
		n=$((n + 1))
		ssh-keygen -q -t ed25519 -N '' -f "${k/\//-}"
		cp "${k/\//-}.pub" c/keys/
		printf '  - {role: %s, name: mark.example/%s, org: org%d, person: p%d, file: keys/%s.pub}\n' "${k%/*}" "$k" "$n" "$n" "${k/\//-}"
	done
} >c/ceremony.yaml
iotmark keys new --no-passphrase --role log --name log.mark.example/1 log.key >log.vkey 2>out
cp log.key.pub c/keys/log.pub
iotmark keys ceremony c >out 2>&1
for step in 1-log.opened 2-keyring.set 3-policy.set; do
	for k in root-1 root-2; do ssh-keygen -q -Y sign -f $k -n decision@mark.example <c/$step/entry.txt >c/$step/$k.sig; done
	iotmark keys ceremony --seal c >out 2>&1
done
iotmark log init --key log.key log >out 2>&1

# Ours.
iotmark keys new --no-passphrase --role witness --name ours.witness.example ours.key >ours.vkey 2>out
iotmark witness init --key ours.key ours >out 2>&1
iotmark witness serve --key ours.key --log log.vkey --listen 127.0.0.1:7401 ours >out 2>ours.log & pids="$pids $!"
echo "witness ours $(cat ours.vkey) http://127.0.0.1:7401" >policy
group=ours

# omniwitness, with our log beside those that it knows.
iotmark keys new --no-passphrase --role witness --name omni.witness.example omni.key >omni.vkey 2>out
printf 'Logs:\n  - Origin: log.mark.example/1\n    URL: http://127.0.0.1:7400\n    PublicKey: %s\n    Feeder: none\n' "$(cat log.vkey)" >logs.yaml
"$omni" --listen 127.0.0.1:7402 --metrics_listen "" --private_key_path omni.key --additional_logs logs.yaml --db_file omni.db --logtostderr >omni.log 2>&1 & pids="$pids $!"
echo "witness omni $(cat omni.vkey) http://127.0.0.1:7402" >>policy
group="$group omni"

# litewitness takes its key from an ssh agent.
if [ -n "$lite" ]; then
	ssh-keygen -q -t ed25519 -N '' -f lite.ssh
	eval "$(ssh-agent -a "$tmp/agent")" >out
	pids="$pids $SSH_AGENT_PID"
	ssh-add -q lite.ssh 2>out
	"$lite" -name lite.witness.example -db lite.db -ssh-agent "$tmp/agent" -listen 127.0.0.1:7403 -key "$(ssh-keygen -l -f lite.ssh.pub | cut -d ' ' -f 2)" >lite.log 2>&1 & pids="$pids $!"
	wait_for port 7403
	sqlite3 lite.db "INSERT INTO log(origin, tree_size, tree_hash) VALUES('log.mark.example/1', 0, '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='); INSERT INTO key(origin, key) VALUES('log.mark.example/1', '$(cat log.vkey)');"
	lite_vkey=$(curl -s http://127.0.0.1:7403/ | grep -o 'lite.witness.example+[0-9a-f]*+[A-Za-z0-9+/=]*' | head -n 1)
	echo "witness lite $lite_vkey http://127.0.0.1:7403" >>policy
	group="$group lite"
fi
wait_for port 7402
printf 'group everybody all %s\nquorum everybody\n' "$group" >>policy

echo "== all of them must sign: $group"
iotmark log append --key log.key --trust c/trust.json --policy policy log c/1-log.opened/entry.note | tee opened
leaf=$(cut -c 4-67 opened)
iotmark log append --key log.key --trust c/trust.json --policy policy log c/2-keyring.set/entry.note c/3-policy.set/entry.note
cat log/checkpoint
iotmark log fsck --log log.vkey --policy policy log
cp -r log evil

echo "== a copy of the tree with another continuation, under the log's own key, is refused"
for k in 4 5; do
	printf '{"leaf":"%s","text":"Continuation %d."}' "$leaf" $k >correction.json
	iotmark entry draft --log log --trust c/trust.json --out $k.txt note.correction correction.json 2>out || { cat out >&2; exit 1; }
	for c in 1 2; do ssh-keygen -q -Y sign -f committee-$c -n decision@mark.example $k.txt && mv $k.txt.sig $k.$c.sig; done
	iotmark entry seal --log log --trust c/trust.json --out $k.note $k.txt $k.1.sig $k.2.sig 2>out
done
iotmark log append --key log.key --trust c/trust.json --policy policy log 4.note
if iotmark log append --key log.key --trust c/trust.json --policy policy evil 5.note; then
	echo "a fork was published" >&2
	exit 1
fi
iotmark log fsck --log log.vkey --policy policy evil
echo "== the log goes on"
iotmark log fsck --log log.vkey --policy policy log
