#!/bin/sh
# Records the captures of industrial/ and standalone/ between real brokers, servers and clients, in network namespaces of
# its own: nothing leaves the machine. Needs root and, of Debian: mosquitto mosquitto-clients dnsmasq-base busybox chrony
# libcoap3-bin python3-pymodbus curl openssl tcpdump iproute2.
#
#   sudo ./record.sh DIR    writes DIR/plant.pcap and DIR/room.pcap
#
# A recording is never the same bytes twice: times, ports and keys are new. What is committed counts. After a new one,
# copy it into the dossier, run `go run ./testdata/products/tools hashes PRODUCT` and look at truth.yaml again.
set -eu
export LC_ALL=C TZ=UTC0
out=$(cd "$1" && pwd)
tmp=$(mktemp -d)
spaces=""
cleanup() {
	for n in $spaces; do
		ip netns pids "$n" 2>/dev/null | xargs -r kill -9 2>/dev/null || true
		ip netns del "$n" 2>/dev/null || true
	done
	rm -rf "$tmp"
}
trap cleanup EXIT INT TERM

# space NAME: a network namespace
space() {
	ip netns add "iotmark-$1"
	spaces="$spaces iotmark-$1"
	at "$1" ip link set lo up
}
# at NAME COMMAND...: run there
at() {
	n=iotmark-$1
	shift
	ip netns exec "$n" "$@"
}
# plug NAME MAC [ADDRESS]: a cable from NAME to the hub
plug() {
	ip link add "h-$1" netns iotmark-hub type veth peer name eth0 netns "iotmark-$1"
	at hub ip link set "h-$1" master br0 up
	at "$1" ip link set eth0 address "$2" up
	[ $# -lt 3 ] || at "$1" ip addr add "$3" dev eth0
}
# until COMMAND...: wait for a thing to be there, not for a time
await() {
	i=0
	until "$@" >/dev/null 2>&1; do
		i=$((i + 1))
		[ $i -lt 200 ] || { echo "gave up waiting for: $*" >&2; tail -n 5 "$tmp"/*.log >&2; exit 1; }
		busybox usleep 50000
	done
}
# listening SPACE t|u PORT: wait until somebody listens there
listening() {
	await at "$1" sh -c "busybox netstat -ln$2 | grep -q ':$3 '"
}
# capture SPACE INTERFACE FILE: start to record, as a user who can write there; captured: stop, with all on disk
capture() {
	(exec ip netns exec "iotmark-$1" tcpdump -i "$2" -s 0 -U --immediate-mode -Z root -w "$3" 2>"$tmp/tcpdump.log") &
	recorder=$!
	await grep -q 'listening on' "$tmp/tcpdump.log"
}
captured() {
	busybox usleep 300000 # what is under way
	kill -INT $recorder
	wait $recorder || true
}
# authority NAME: a private certificate authority
authority() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=$2" \
		-keyout "$tmp/$1.key" -out "$tmp/$1.crt" 2>/dev/null
}
# certificate NAME CA HOST: a certificate for a host
certificate() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$3" -addext "subjectAltName=DNS:$3" \
		-keyout "$tmp/$1.key" -out "$tmp/$1.csr" 2>/dev/null
	openssl x509 -req -in "$tmp/$1.csr" -CA "$tmp/$2.crt" -CAkey "$tmp/$2.key" -CAcreateserial -days 397 -copy_extensions copy \
		-out "$tmp/$1.crt" 2>/dev/null
}
# lease: what udhcpc calls with its result
cat >"$tmp/lease" <<'EOF'
#!/bin/sh
[ "$1" = bound ] || [ "$1" = renew ] || exit 0
ip addr replace "$ip/$mask" dev "$interface"
[ -z "${router:-}" ] || ip route replace default via "$router"
EOF
chmod +x "$tmp/lease"
# hex TEXT
hex() { printf %s "$1" | od -An -tx1 | tr -d ' \n'; }
# names SPACE: the resolver of a space is the router
mkdir -p "$tmp/etc"

# ---------------------------------------------------------------- the plant: a pump controller on a site's own broker
space hub
at hub ip link add br0 type bridge ageing_time 0 # floods every frame, as a hub does, so that one place sees all
at hub ip link set br0 up
space gate; space broker; space pump; space laptop; space meter; space outside
plug gate 02:1b:c5:00:00:01 10.20.0.1/24
plug broker 02:1b:c5:00:00:05 10.20.0.5/24
plug pump 02:1b:c5:0a:40:11
plug laptop 3c:52:82:00:4e:21
plug meter 02:7a:11:00:00:63 10.20.0.63/24
ip link add wan netns iotmark-gate type veth peer name eth0 netns iotmark-outside
at gate ip link set wan up
at gate ip addr add 203.0.113.1/24 dev wan
at gate sysctl -qw net.ipv4.ip_forward=1
at outside ip link set eth0 up
at outside ip addr add 203.0.113.10/24 dev eth0
at outside ip addr add 203.0.113.80/24 dev eth0
at outside ip route add 10.20.0.0/24 via 203.0.113.1
for s in iotmark-broker iotmark-pump iotmark-laptop iotmark-meter; do
	mkdir -p "/etc/netns/$s"
	echo "nameserver 10.20.0.1" >"/etc/netns/$s/resolv.conf"
done
trap 'cleanup; for s in broker pump laptop meter; do rm -f /etc/netns/iotmark-$s/resolv.conf; rmdir /etc/netns/iotmark-$s 2>/dev/null || true; done' EXIT INT TERM

authority plant "Wehrbach Works plant CA"
certificate broker plant broker.wehrbach.example
certificate pump plant ipg4-000417
authority maker "Halden Fluid update CA"
certificate updates maker updates.halden-fluid.example

at gate dnsmasq --no-daemon --no-resolv --no-hosts --bind-interfaces --interface=eth0 --dhcp-range=10.20.0.100,10.20.0.150,12h \
	--dhcp-host=02:1b:c5:0a:40:11,10.20.0.40 --dhcp-option=option:router,10.20.0.1 --dhcp-option=option:dns-server,10.20.0.1 \
	--dhcp-option=option:ntp-server,10.20.0.1 --dhcp-leasefile="$tmp/leases" --user=root \
	--address=/broker.wehrbach.example/10.20.0.5 --address=/updates.halden-fluid.example/203.0.113.10 \
	--address=/intranet.wehrbach.example/203.0.113.80 >"$tmp/dnsmasq.log" 2>&1 &
cat >"$tmp/chrony.conf" <<EOF
local stratum 8
allow 10.20.0.0/24
cmdport 0
pidfile $tmp/chrony.pid
EOF
at gate chronyd -x -d -f "$tmp/chrony.conf" >"$tmp/chrony.log" 2>&1 &
cat >"$tmp/mosquitto.conf" <<EOF
per_listener_settings true
user root
listener 8883 10.20.0.5
cafile $tmp/plant.crt
certfile $tmp/broker.crt
keyfile $tmp/broker.key
require_certificate true
use_identity_as_username true
tls_version tlsv1.2
listener 1883 10.20.0.5
allow_anonymous true
EOF
at broker mosquitto -c "$tmp/mosquitto.conf" >"$tmp/mosquitto.log" 2>&1 &
mkdir -p "$tmp/www/ipg4"
head -c 24000 /dev/urandom >"$tmp/www/ipg4/3.8.1.bin"
echo '{"version":"3.8.1","sha256":"'"$(sha256sum "$tmp/www/ipg4/3.8.1.bin" | cut -d' ' -f1)"'"}' >"$tmp/www/ipg4/latest.json"
(cd "$tmp/www" && exec ip netns exec iotmark-outside openssl s_server -accept 203.0.113.10:443 -WWW -quiet \
	-cert "$tmp/updates.crt" -key "$tmp/updates.key" -tls1_3 >"$tmp/https.log" 2>&1) &
mkdir -p "$tmp/intranet"
echo '<p>Shift plan</p>' >"$tmp/intranet/plan.html"
at outside busybox httpd -f -p 203.0.113.80:80 -h "$tmp/intranet" &
cat >"$tmp/modbus.py" <<'EOF'
from pymodbus.server import StartTcpServer
from pymodbus.datastore import ModbusSequentialDataBlock, ModbusSlaveContext, ModbusServerContext
block = ModbusSequentialDataBlock(0, [417, 38, 1450, 212, 0, 1, 6, 90] + [0] * 92)
StartTcpServer(context=ModbusServerContext(slaves=ModbusSlaveContext(hr=block, ir=block), single=True), address=("0.0.0.0", 502))
EOF
cat >"$tmp/panel.py" <<'EOF'
import sys
from pymodbus.client import ModbusTcpClient
c = ModbusTcpClient(sys.argv[1], port=502)
assert c.connect()
for _ in range(5):
    print(c.read_holding_registers(0, 8, slave=1).registers)
c.close()
EOF
listening broker t 8883
listening outside t 443
listening outside t 80
listening gate u 67
listening gate u 123

capture hub br0 "$out/plant.pcap"

# the controller starts: address, clock, broker, update server
at pump busybox udhcpc -i eth0 -q -n -s "$tmp/lease" -x hostname:ipg4-000417 -V "Halden IPG-4" \
	-x "0xa1:$(hex https://halden-fluid.example/ipg-4/mud.json)" >/dev/null 2>&1
at laptop busybox udhcpc -i eth0 -q -n -s "$tmp/lease" -x hostname:LAPTOP-7Q2 -V "MSFT 5.0" >/dev/null 2>&1
at pump chronyd -Q -t 10 "server 10.20.0.1 iburst maxsamples 4" >"$tmp/ntp.log" 2>&1 || true
at pump /usr/bin/python3 "$tmp/modbus.py" >"$tmp/modbus.log" 2>&1 &
listening pump t 502
tls="--cafile $tmp/plant.crt --cert $tmp/pump.crt --key $tmp/pump.key -h broker.wehrbach.example -p 8883 -V 5"
at pump mosquitto_sub $tls -t plant/pumps/000417/set -C 1 -W 20 >"$tmp/set.log" 2>&1 &
sub=$!
for n in 1 2 3 4 5 6; do
	at pump mosquitto_pub $tls -t plant/pumps/000417/state -m "{\"flow_l_min\":3$n.4,\"pressure_kpa\":212,\"vibration_mm_s\":1.$n}"
done
at pump curl -sS --cacert "$tmp/maker.crt" -o "$tmp/latest" https://updates.halden-fluid.example/ipg4/latest.json
at pump curl -sS --cacert "$tmp/maker.crt" -o "$tmp/image" https://updates.halden-fluid.example/ipg4/3.8.1.bin
cmp "$tmp/image" "$tmp/www/ipg4/3.8.1.bin"
# the operator's panel reads registers on the same line
at broker /usr/bin/python3 "$tmp/panel.py" 10.20.0.40 >"$tmp/panel.log"
# the operator sets a value over the broker
at broker mosquitto_pub --cafile "$tmp/plant.crt" --cert "$tmp/broker.crt" --key "$tmp/broker.key" -h broker.wehrbach.example -p 8883 \
	-t plant/pumps/000417/set -m '{"target_kpa":205}'
wait $sub
# what stands beside it, and is not the product: a meter with a password in the clear, a laptop with an old page
at meter mosquitto_pub -h broker.wehrbach.example -p 1883 -u meter63 -P letmein63 -t plant/meters/63 -m '{"kwh":18817}'
at laptop curl -sS -u shift:plan2019 -A "Mozilla/5.0 (Windows NT 10.0; Win64; x64)" -o "$tmp/plan" http://intranet.wehrbach.example/plan.html
captured
cleanup
tmp=$(mktemp -d)

# ---------------------------------------------------------------- the room: a display without any cloud, and the owner's computer
spaces=""
space room; space owner
ip link add eth0 netns iotmark-room type veth peer name eth0 netns iotmark-owner
at room ip link set eth0 address 02:5f:e1:7c:00:2a up
at owner ip link set eth0 address a4:83:e7:10:22:9b up
at room ip addr add 192.168.40.42/24 dev eth0
at owner ip addr add 192.168.40.9/24 dev eth0
authority room "Fernleaf display 2A"
certificate display room fernleaf-2a.local
at room coap-server-openssl -A 192.168.40.42 -c "$tmp/display.crt" -j "$tmp/display.key" -n >"$tmp/coap.log" 2>&1 &
listening room u 5684
capture room any "$out/room.pcap"
for p in time .well-known/core time; do
	at owner coap-client-openssl -m get -R "$tmp/room.crt" -B 5 "coaps://192.168.40.42/$p" >"$tmp/coap-$(echo $p | tr / _)" 2>&1
done
cat "$tmp"/coap-time
captured
