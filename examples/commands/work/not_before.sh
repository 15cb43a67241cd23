# Waits for a time without a process that waits: says on stderr how many seconds are left, and ends with 75.

input=$(cat)
[[ $input =~ \"not_before\":\ *([0-9]+) ]] || exit 64
now=$(date +%s)
left=$((BASH_REMATCH[1] - now))
if ((left > 0)); then
  echo "@retry-after $left" >&2
  exit 75
fi
echo "{\"attempt\": $TASK_ATTEMPT, \"seconds_late\": $((-left))}"
