#!/bin/sh
# secret_backend_command: secrets are named file@PATH or k8s_secret@NAMESPACE/NAME/KEY.
exec datadog-cluster-agent secret-helper read --with-provider-prefixes
