#!/usr/bin/env bash
# LibreOffice from Debian's packages, without a desktop. Does nothing where it is installed.
set -euo pipefail
command -v soffice >/dev/null || command -v libreoffice >/dev/null && exit 0
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
if ! command -v apt-get >/dev/null; then
  echo "this machine has no apt-get: install LibreOffice (Calc and Impress) by hand, or name its program in BAKEOFF_OFFICE" >&2
  exit 2
fi
as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
echo "Installing libreoffice-calc libreoffice-impress (apt-get)"
as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libreoffice-calc libreoffice-impress >/dev/null
