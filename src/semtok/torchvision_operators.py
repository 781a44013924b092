"""The published torchvision beside a CPU-only torch, where it cannot be imported as it comes.

torchvision's wheels are built for CUDA. Beside a CPU build of torch their library of operators does not load, and
`import torchvision` ends with "operator torchvision::nms does not exist": with it timm, and transformers, which import
it where it is installed. Neither uses these operators here; it is enough that they are declared.
"""

from functools import cache

import torch

SIGNATURES = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


@cache
def declare_missing() -> torch.library.Library | None:
    """Make torchvision importable; call it before timm or transformers are imported.

    Returns what holds the declarations for as long as the process lives, or None where nothing is amiss: torchvision is
    healthy or not installed.
    """
    try:
        import torchvision  # noqa: F401
    except ModuleNotFoundError:
        return None
    except RuntimeError as error:
        if "operator torchvision::" not in str(error):
            raise
        library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
        for signature in SIGNATURES:
            library.define(signature)  # type: ignore[no-untyped-call]
        return library
    return None
