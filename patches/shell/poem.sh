#!/bin/sh
# poem.sh FIRST LAST [HOST:PORT]: the way from one line to another, as a poem. Needs curl and python3, or jq.
# Without lines it goes from the sea to a heart.
set -eu
first=${1:-The sea is calm tonight.}
last=${2:-My heart is sad.}
at=${3:-127.0.0.1:8000}

# A text as a string of JSON: what JSON gives a meaning to is escaped.
quoted() { printf '"%s"' "$(printf '%s' "$1" | sed 's/\\/\\\\/g; s/"/\\"/g')"; }

# POST /models/poetry/gradient: the lines on the way, none of them twice
answer=$(curl -sS -X POST "$at/models/poetry/gradient" \
    -d "{\"from\": $(quoted "$first"), \"to\": $(quoted "$last"), \"steps\": 12}")
if command -v jq >/dev/null; then
    printf '%s' "$answer" | jq -r '.error // .lines[]'
else
    printf '%s' "$answer" | python3 -c 'import json, sys
answer = json.load(sys.stdin)
print(answer.get("error") or "\n".join(answer["lines"]))'
fi
