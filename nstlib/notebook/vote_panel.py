"""A blind vote by a person: two pictures and three buttons over a `nstlib.evaluation.votes.Ballot`.

Core ipywidgets and JPEG pictures, which JupyterLab and Colab both show.
"""

import io

from nstlib.evaluation.votes import ANSWERS, Ballot
from nstlib.images.arrays import as_image, resize, to_pil

SHOWN = 320  # pixels: longest side of a picture, at most; what is given beside it has half of that


def preference_panel(ballot: Ballot, *, size: int = SHOWN):
    """Two pictures, and the buttons "left", "tie" and "right": a ballot for a person to answer.

    What the ballot has as given is shown above. Names and counts appear after the last answer, or
    with "stop"; "back" takes the last answer back. Answers go to `ballot.answers`, and
    `ballot.count()` counts them. Returns the widget, which Jupyter displays.
    """
    return _Panel(ballot, size).widget


class _Panel:
    """The panel's parts, each shown when there is something for it to show."""

    def __init__(self, ballot: Ballot, size: int):
        import ipywidgets as widgets

        self.ballot, self.size = ballot, size
        self.text, self.given, self.pictures = widgets.HTML(), widgets.HBox(), widgets.HBox()
        names = (*ANSWERS, "back", "stop")
        self.buttons = {name: widgets.Button(description=name) for name in names}
        for button in self.buttons.values():
            button.on_click(self.click)
        row = widgets.HBox(list(self.buttons.values()))
        self.widget = widgets.VBox([self.text, self.given, self.pictures, row])
        self.show(done=ballot.question is None)

    def click(self, button) -> None:
        """An answer; or one answer fewer; or the end."""
        name = button.description
        if name == "back":
            self.ballot.answers.pop()
        elif name != "stop":
            self.ballot.vote(name)
        self.show(done=name == "stop" or self.ballot.question is None)

    def show(self, done: bool) -> None:
        """The next question, or the result."""
        self.text.value = _result(self.ballot) if done else _asked(self.ballot)
        self.given.children = () if done else _images(self.ballot.beside(), self.size // 2)
        self.pictures.children = () if done else _images(self.ballot.pictures(), self.size)
        for name, button in self.buttons.items():
            button.disabled = not self.ballot.answers if name == "back" else done


def _asked(ballot: Ballot) -> str:
    return f"{len(ballot.answers) + 1} of {len(ballot)}: which is the better painting?"


def _result(ballot: Ballot) -> str:
    answers = ballot.answers
    lines = [*map(str, ballot.count()), f"left: {answers.count('left')} of {len(answers)} answers"]
    return "<br>".join(lines)


def _images(pictures, size: int) -> list:
    import ipywidgets as widgets

    return [widgets.Image(format="jpeg", value=_jpeg(picture, size)) for picture in pictures]


def _jpeg(picture, size: int) -> bytes:
    picture, file = as_image(picture), io.BytesIO()
    small = resize(picture, size) if max(picture.shape[1:3]) > size else picture
    to_pil(small).save(file, format="jpeg", quality=90)
    return file.getvalue()
