"""The whole suite checks the IR after each pass."""

import os

os.environ.setdefault("DUALAD_VERIFY", "1")
