#!/usr/bin/env bash
# keep_run.sh RUN [BRANCH]: adds a run directory to a branch of origin that holds runs and nothing else. The checkout is
# left as it is. Nothing is ever replaced: a push that comes second is made again on top of the first.
set -euo pipefail
run=${1:?a run directory}
branch=${2:-resnet-bench-runs}
[ -f "$run/run.json" ] || { echo "'$run' is not a run directory: it has no run.json." >&2; exit 2; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export GIT_INDEX_FILE="$scratch/index"
export GIT_AUTHOR_NAME=resnet-bench GIT_AUTHOR_EMAIL=resnet-bench@users.noreply.github.com
export GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL
measured=$(git rev-parse HEAD)
name="runs/$(date -u +%Y%m%d-%H%M%S)-${measured:0:12}-$$-$RANDOM"

for attempt in 1 2 3 4 5 6 7 8 9 10; do
  tip=$(git ls-remote origin "refs/heads/$branch" | cut -f 1)
  rm -f "$GIT_INDEX_FILE"
  if [ -n "$tip" ]; then
    git fetch --quiet --no-tags origin "$tip"
    git read-tree "$tip"
  fi
  for file in run.json launches.jsonl layers.jsonl; do
    if [ -f "$run/$file" ]; then
      git update-index --add --cacheinfo "100644,$(git hash-object -w "$run/$file"),$name/$file"
    fi
  done
  commit=$(git commit-tree "$(git write-tree)" ${tip:+-p "$tip"} -m "Run of ${measured:0:12}")
  if git push --quiet origin "$commit:refs/heads/$branch" 2>"$scratch/said"; then
    echo "$name"
    exit 0
  fi
  sleep "$((attempt % 4)).$((RANDOM % 10))"
done
echo "could not push to $branch of origin: $(tail -n 1 "$scratch/said")" >&2
exit 3
