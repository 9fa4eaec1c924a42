#!/usr/bin/env bash
# Plays tests/python/claim_and_redeem.py and cards.py against `zhisong up`, and lists its services with buf.
# Usage: run.sh BINARY, where BINARY has the `zhisong` command line.
set -euo pipefail
binary=$(realpath "${1:?usage: run.sh BINARY}")
cd "$(dirname "$0")/../.."

venv=target/ci-venv
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" install -q --disable-pip-version-check -r tests/python/requirements.txt

work=$(mktemp -d)
server=
finish() {
  [ -z "$server" ] || kill -KILL "$server" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT

# What the server says is read through a pipe: it is ready when the last token is printed, and the
# pipe ends if it dies before.
mkfifo "$work/pipe"
mkdir "$work/tls"
"$venv/bin/python" -m trustme --quiet --dir "$work/tls" --identities localhost
SSL_CERT_FILE="$work/tls/client.pem" "$binary" up --data "$work/data" --listen 127.0.0.1:0 --manual-clock 2022-07-22 >"$work/pipe" &
server=$!
exec 3<"$work/pipe"
until grep -qs '^ops ' "$work/said"; do
  IFS= read -r line <&3 || { echo "zhisong up ended before it was ready" >&2; exit 1; }
  printf '%s\n' "$line" >>"$work/said"
done
address=$(sed -n 's/^serving gRPC at \([^;]*\);.*/\1/p' "$work/said")
ops=$(sed -n 's/^ops //p' "$work/said")

echo "== the services by reflection, with buf"
curl=("$venv/bin/buf" curl --protocol grpc --http2-prior-knowledge)
"${curl[@]}" --list-services "http://$address" | tee "$work/listed"
for file in proto/zhisong/*/v1/*_service.proto; do
  package=$(sed -n 's/^package \(.*\);/\1/p' "$file")
  service=$(sed -n 's/^service \(.*\) {/\1/p' "$file")
  grep -qx "$package.$service" "$work/listed" || { echo "$package.$service is not listed" >&2; exit 1; }
done
# A call with what reflection tells of the messages, and nothing else.
"${curl[@]}" -H "authorization: Bearer $ops" "http://$address/zhisong.common.v1.ClockService/GetTime"

echo "== a voucher, with Python"
"$venv/bin/python" tests/python/claim_and_redeem.py "$work/said" proto "$work/tls"

echo "== cards at a gate without network, with Python"
"$venv/bin/python" tests/python/cards.py "$work/said" proto

kill -INT "$server"
wait "$server" || { echo "zhisong up did not end well" >&2; exit 1; }
server=
