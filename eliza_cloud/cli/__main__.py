"""`python -m eliza_cloud.cli` is `eliza-cloud`."""

import sys

from eliza_cloud.cli.main import main

sys.exit(main())
