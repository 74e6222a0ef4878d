"""Where the channels of an image, signal or volume lie: the ``layout`` of convolutions and pooling."""

from __future__ import annotations

from ..ir.types import require

#: Layouts by the number of spatial dimensions; the first is the default.
LAYOUTS = {1: ("NCW", "NWC"), 2: ("NCHW", "NHWC"), 3: ("NCDHW", "NDHWC")}


def channel_axis(layout: str | None, spatial: int) -> int:
    """The axis of the channels among ``spatial`` + 2 axes, the first of which is the batch."""
    fitting = LAYOUTS[spatial]
    require(layout is None or layout in fitting, f"layout {layout} does not fit {spatial} spatial dimensions")
    return spatial + 1 if layout == fitting[1] else 1
