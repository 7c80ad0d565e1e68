"""A menu of the bundled pictures or clips, with a button for one of the reader's own beside it."""

import io
import tempfile
from pathlib import Path

import ipywidgets as widgets
import numpy as np

from nstlib.errors import choice
from nstlib.images.bundled import clips, find_clip, find_picture, pictures
from nstlib.images.files import load_image

KINDS = {"photo": ("photo",), "painting": ("painting", "texture")}
KINDS["picture"] = KINDS["photo"] + KINDS["painting"]


class PictureChoice(widgets.HBox):
    """Choose a picture: `kind` is "photo", "painting" or, for all, "picture"; `name` comes first.

    What is uploaded stands in the menu from then on, under its file's name, and is chosen.
    """

    accept = "image/*"

    def __init__(self, kind: str, name: str):
        names = self._names(kind)
        self.kind, self._own = kind, {}
        self.menu = widgets.Dropdown(
            options=names, value=choice(kind, name, names), description=kind
        )
        self.upload = widgets.FileUpload(
            accept=self.accept, description="yours", layout={"width": "110px"}
        )
        self.upload.observe(self._on_upload, names="value")
        super().__init__([self.menu, self.upload])

    def _names(self, kind: str) -> list[str]:
        return [entry.name for entry in pictures() if entry.kind in KINDS[kind]]

    @property
    def name(self) -> str:
        """The bundled name, or the name of the file."""
        return self.menu.value

    @property
    def is_own(self) -> bool:
        return self.name in self._own

    def load(self, size: int) -> np.ndarray:
        """The chosen picture, (1, height, width, 3), RGB, 0..1, `size` pixels at most."""
        if not self.is_own:
            return load_image(find_picture(self.name), size)
        return load_image(io.BytesIO(self._own[self.name]), size)

    def code(self, size: int) -> str:
        """The call that loads it."""
        if self.is_own:
            return f"nst.load_image({self.name!r}, {size})"
        if self.kind == "picture":
            return f"nst.load_image(nst.find_picture({self.name!r}), {size})"
        return f"nst.{self.kind}({self.name!r}, {size})"

    def _on_upload(self, change) -> None:
        for name, content in files_of(change.new):
            self._own[name] = content
            if name not in self.menu.options:
                self.menu.options = (*self.menu.options, name)
            self.menu.value = name


class ClipChoice(PictureChoice):
    """The same for films: `path()` is the file of the bundled clip, or of the one uploaded."""

    accept = "video/*"

    def __init__(self, name: str):
        super().__init__("clip", name)

    def _names(self, kind: str) -> list[str]:
        return [entry.name for entry in clips()]

    def path(self) -> Path:
        if not self.is_own:
            return find_clip(self.name)
        path = Path(tempfile.mkdtemp()) / Path(self.name).name
        path.write_bytes(self._own[self.name])
        return path


def files_of(value) -> list[tuple[str, bytes]]:
    """(name, content) of what was uploaded: a tuple of dicts, or a dict by name (ipywidgets 7)."""
    if isinstance(value, dict):
        value = [{"name": name, **file} for name, file in value.items()]
    return [(entry["name"], bytes(entry["content"])) for entry in value]
