#!/bin/sh
# Every speed figure of ours, one table after another.
set -e
cd "$(dirname "$0")/.."
.venv/bin/python benchmarks/miniwob_speed.py "$@"
.venv/bin/python benchmarks/products_speed.py
if command -v soffice >/dev/null || command -v libreoffice >/dev/null; then
  .venv/bin/python benchmarks/spreadsheet_speed.py --libreoffice
else
  .venv/bin/python benchmarks/spreadsheet_speed.py  # `make office` installs LibreOffice, the peer
fi
