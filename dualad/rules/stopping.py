"""Where derivatives end on purpose."""

import numpy as np

from .registry import constant


def stopped(x: object) -> object:
    """Return a number itself; of an array a copy, whose memory nothing shares that carries a derivative."""
    return x.copy() if isinstance(x, np.ndarray) else x


STOPPED = constant(stopped, cheap=False)
