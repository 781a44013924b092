"""Whether a machine can have what a config takes from elsewhere, asked in a minute before days of jobs."""

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path

import requests

from semtok.errors import SemtokError
from semtok.plan.published import PublishedModel
from semtok.run.files import check_writable

log = logging.getLogger(__name__)

_TIMEOUT = (10, 60)
"""Seconds to connect, and to answer."""


def problems(
    results: Path, addresses: Iterable[str], models: Iterable[PublishedModel], *, needs_gpu: bool
) -> Iterator[str]:
    """What is missing here, one message each; what is there goes to the log.

    Args:
        results: the folder that jobs write into.
        addresses: files to be downloaded, of which the first byte is.
        models: to be downloaded where the hub's cache does not have them.
        needs_gpu: whether it is an error that torch finds none.
    """
    try:
        check_writable(results)
        log.info("%s can be written to", results)
    except SemtokError as error:
        yield str(error)
    if needs_gpu:
        import torch

        if torch.cuda.is_available():
            log.info("torch %s finds %s", torch.__version__, torch.cuda.get_device_name())
        else:
            yield f"torch {torch.__version__} finds no GPU on this node; expected one, and a build of torch for CUDA"
    for url in addresses:
        if obstacle := _unreachable(url):
            yield f"{url}: {obstacle}; expected a file to download: do it elsewhere (docs/cluster.md), or set a mirror"
        else:
            log.info("%s answers", url)
    for model in models:
        if obstacle := _unavailable(model):
            yield (
                f"{model.name} ({model.library}): neither in the hub's cache nor to be had from it ({obstacle}); "
                "expected one of both: fill the cache where there is a network, and let HF_HOME name it"
            )
        else:
            log.info("%s (%s) is there", model.name, model.library)


def _unreachable(url: str) -> str:
    """Why a file cannot be downloaded; empty if it can."""
    try:
        with requests.get(url, headers={"Range": "bytes=0-0"}, stream=True, timeout=_TIMEOUT) as response:
            return "" if response.ok else f"the server answers {response.status_code} {response.reason}"
    except requests.RequestException as error:
        return f"found no server that answers ({type(error).__name__})"


def _unavailable(model: PublishedModel) -> str:
    """Why a model cannot be had; empty if it can."""
    from huggingface_hub import HfApi, try_to_load_from_cache

    name = model.name
    if model.library == "timm":
        from semtok.torchvision_operators import declare_missing

        declare_missing()
        import timm

        name = str(timm.get_pretrained_cfg(name).hf_hub_id) if timm.is_model(name.partition(".")[0]) else name
    elif model.library == "sentence-transformers" and "/" not in name:
        name = f"sentence-transformers/{name}"
    try:
        if isinstance(try_to_load_from_cache(name, "config.json", revision=model.revision or None), str):
            return ""
        HfApi().model_info(name, revision=model.revision or None, timeout=_TIMEOUT[0])
    # The hub raises errors of its own, of requests or httpx, and ValueError for a name that cannot be one.
    except Exception as error:
        return (str(error).splitlines() or [type(error).__name__])[0]
    return ""
