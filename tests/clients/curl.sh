#!/usr/bin/env bash
# Has work done: curl.sh http://127.0.0.1:7071 '{"number": 24}'
set -euo pipefail
base=$1 work=$2
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT

# Sends a request; a refusal for now is sent again after its Retry-After. Any other failure ends the
# script, with the problem document.
call() {
  curl --silent --show-error --fail-with-body --max-time 120 --retry 5 \
    --dump-header "$folder/headers" --output "$folder/body" "$@" || { cat "$folder/body" >&2; exit 1; }
}

# A header of the last reply.
header() { sed -n "s/^$1: *//Ip" "$folder/headers" | tail -n 1 | tr -d '\r'; }

# The key makes it safe to send the submission again: it is accepted once.
submit() {
  call "$base/api/tasks" --data "$work" --header 'Content-Type: application/json' \
    --header "Idempotency-Key: \"$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')\"" "$@"
}

# Submit, look at the monitor until the task has ended, get the result.
submit
monitor=$(header operation-location) result=$(header location)
call "$monitor"
while grep -Eq '"status":"(NotStarted|Running)"' "$folder/body"; do
  pause=$(header retry-after)
  echo "not yet, again in $pause s"
  sleep "$pause"
  call "$monitor"
done
call "$result"
cat "$folder/body"
echo

# The same in one round trip, when the task is done within ten seconds: 200 with the result, or the
# 202 of above.
submit --header 'Prefer: wait=10'
cat "$folder/body"
echo
