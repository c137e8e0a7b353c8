#!/usr/bin/env bash
# Makes this checkout ready: Debian packages that are missing, then .venv with pinned versions. Safe to run again; does nothing when nothing is to do.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\033[1m%s\033[0m\n' "$*"; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

PYTHON=${PYTHON:-}
if [ -z "$PYTHON" ]; then
  for candidate in python3.13 python3.12 python3.11 python3; do
    if command -v "$candidate" >/dev/null && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      PYTHON=$candidate
      break
    fi
  done
fi

missing=()
[ -n "$PYTHON" ] || missing+=(python3)
if [ -z "$PYTHON" ] || ! "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null; then missing+=(python3-venv); fi
[ -n "${BAKEOFF_CHROMIUM:-}" ] || command -v chromium >/dev/null || missing+=(chromium)
# Chromium without windows or an interface does the same work with less of the processor; older systems do not have it and do without, as do people who may not install.
shell_wanted() { { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; } && [ -z "${BAKEOFF_CHROMIUM:-}" ] && ! command -v chromium-headless-shell >/dev/null && apt-cache show chromium-headless-shell >/dev/null 2>&1; }
[ -d /usr/share/fonts/truetype/dejavu ] || missing+=(fonts-dejavu-core)

if [ ${#missing[@]} -gt 0 ] || shell_wanted; then
  if ! command -v apt-get >/dev/null; then
    echo "bakeoff needs ${missing[*]}, and this machine has no apt-get: install them by hand, then run this again" >&2
    exit 2
  fi
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  if shell_wanted; then missing+=(chromium-headless-shell); fi
  say "Installing ${missing[*]} (apt-get)"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
PYTHON=${PYTHON:-python3}
if ! "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  echo "bakeoff needs Python 3.11 or newer; $("$PYTHON" --version) is too old. Set PYTHON=/path/to/python and run this again" >&2
  exit 2
fi

stamp=.venv/.ready
want=$(cat pyproject.toml constraints.txt | sha256sum | cut -d' ' -f1)
if [ "$(cat "$stamp" 2>/dev/null || true)" != "$want" ]; then
  say "Preparing .venv ($("$PYTHON" --version))"
  [ -x .venv/bin/python ] || "$PYTHON" -m venv .venv
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
  if command -v npm >/dev/null && ! .venv/bin/python -m bakeoff.environments.spreadsheet.grid.assets >/dev/null; then
    echo "The web spreadsheet could not be fetched; everything else works. \`make grid\` tries again." >&2
  fi
  echo "$want" >"$stamp"
fi
