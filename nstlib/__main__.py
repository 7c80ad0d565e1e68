"""`python -m nstlib`: the command line, which is in `nstlib.cli`."""

import sys

from nstlib.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
