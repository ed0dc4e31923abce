"""`python -m toolway`: the command line."""

from toolway.cli import main

if __name__ == "__main__":
    main()
