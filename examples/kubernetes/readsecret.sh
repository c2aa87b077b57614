#!/bin/sh
# secret_backend_command: a file for each secret, in the folder that secret_backend_arguments names.
exec datadog-cluster-agent secret-helper read "$1"
