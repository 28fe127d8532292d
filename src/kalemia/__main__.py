"""`python -m kalemia` is `kalemia`."""

from kalemia.cli import main

main()
