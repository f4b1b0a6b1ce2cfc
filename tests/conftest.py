"""The whole suite checks the IR after each pass, and keeps nothing on disk."""

import os

os.environ.setdefault("DUALAD_VERIFY", "1")
os.environ.setdefault("DUALAD_CACHE", "0")
