#!/bin/sh
# What the image runs. Helm mounts check configurations into /conf.d; the agent reads its own folder, as the Go agent does.
set -u

if [ -z "${DD_API_KEY:-}" ]; then
  echo "You must set an DD_API_KEY environment variable to run the Datadog Cluster Agent container"
  exit 1
fi

# ConfigMaps are mounted through "..data" links: their targets are copied, without those folders in the path.
# What cannot be copied is said, and does not keep the agent from starting.
mounted="${CONFD_MOUNT:-/conf.d}"
folder="${CONFD_FOLDER:-/etc/datadog-agent/conf.d}"
if [ -d "$mounted" ]; then
  find -L "$mounted" \( -name '*.yaml' -o -name '*.yaml.default' \) ! -path '*/..*' | while read -r file; do
    target="$folder/${file#"$mounted"/}"
    mkdir -p "$(dirname "$target")" && cp -fv "$file" "$target"
  done
fi

exec "$@"
