"""`python -m bakeoff.environments.spreadsheet.judge`: the verifier's process; its parent speaks to it over standard input and output."""

from bakeoff.environments.spreadsheet.judge.clerk import main

main()
