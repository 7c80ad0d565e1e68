"""A blind vote by a person: two pictures and some buttons over a `nst.Ballot`."""

import io
from collections.abc import Callable, Mapping

import ipywidgets as widgets

from nstlib.errors import InputError, NstError
from nstlib.evaluation.votes import ANSWERS, Ballot
from nstlib.images.files import load_image
from nstlib.notebook.choice import files_of
from nstlib.notebook.course import output_folder
from nstlib.notebook.kit import WIDGET_SIZE, as_jpeg, at_most, in_a_row


def preference_panel(ballot: Ballot, painters: Mapping[str, Callable] | None = None) -> "VotePanel":
    """Two pictures, and the buttons "left", "tie" and "right": a ballot for a person to answer.

    What the ballot has as given is shown above, half as large. Names and counts appear after the
    last answer, or with "stop"; "back" takes the last answer back, "save" writes the answers to
    `output_folder()` as votes_NAME.json, for `nst.join_votes`. The ballot keeps the answers.

    `painters` are functions, picture -> painting, by name. With them there are buttons, before the
    first answer, that add a painter to the ballot, and photos of one's own: every scene of the
    ballot then has to be given as (photo, …).
    """
    return VotePanel(ballot, painters or {})


class VotePanel(widgets.VBox):
    """What `preference_panel` returns."""

    def __init__(self, ballot: Ballot, painters: Mapping[str, Callable]):
        if painters and not ballot.given:
            raise InputError("To add a painter, the ballot needs the photos: given=[(photo, …), …]")
        self.ballot, self.painters = ballot, painters
        self.text, self.given, self.pictures = widgets.HTML(), widgets.HBox(), widgets.HBox()
        names = (*ANSWERS, "back", "stop")
        self.buttons = {name: widgets.Button(description=name) for name in names}
        for button in self.buttons.values():
            button.on_click(self._on_click)
        self.voter = widgets.Text("me", description="name")
        self.save = widgets.Button(description="save")
        self.save.on_click(self._on_save)
        self.said = widgets.Label()
        buttons = in_a_row(self.buttons.values())
        last = in_a_row([self.voter, self.save, *self._adders(), self.said])
        super().__init__([self.text, self.given, self.pictures, buttons, last])
        self._show(done=ballot.question is None)

    def _adders(self) -> list:
        """Buttons for painters that are not in the ballot yet, and for photos."""
        self.more = []
        for name in self.painters:
            if name not in self.ballot.paintings:
                button = widgets.Button(description=f"add {name}")
                button.on_click(self._on_add)
                self.more.append(button)
        self.upload = widgets.FileUpload(accept="image/*", description="your photos", multiple=True)
        self.upload.observe(self._on_upload, names="value")
        self.more += [self.upload] if self.ballot.paintings.keys() <= self.painters.keys() else []
        return self.more

    def _show(self, done: bool) -> None:
        ballot, answers = self.ballot, self.ballot.answers
        seen = () if done else ballot.pictures()
        self.text.value = f"{len(answers) + 1} of {len(ballot)}: which is the better painting?"
        if done:
            lefts = f"left: {answers.count('left')} of {len(answers)} answers"
            self.text.value = "<br>".join([*map(str, ballot.count()), lefts])
        self.given.children = [_image(picture, WIDGET_SIZE // 2) for picture in seen[2:]]
        self.pictures.children = [_image(picture, WIDGET_SIZE) for picture in seen[:2]]
        for name, button in self.buttons.items():
            button.disabled = not answers if name == "back" else done
        self.save.disabled = not answers
        for control in self.more:  # a ballot that has begun stays as it is
            control.disabled = bool(answers) or done

    def _on_click(self, button) -> None:
        name = button.description
        if name == "back":
            self.ballot.answers.pop()
        elif name != "stop":
            self.ballot.vote(name)
        self._show(done=name == "stop" or self.ballot.question is None)

    def _on_save(self, _) -> None:
        name = "".join(c for c in self.voter.value if c.isalnum() or c in "-_") or "me"
        try:
            path = self.ballot.save(output_folder() / f"votes_{name}.json")
            self.said.value = f"saved as {path}"
        except NstError as error:
            self.said.value = str(error)

    def _on_add(self, button) -> None:
        name, ballot = button.description.removeprefix("add "), self.ballot
        self.said.value, button.disabled = f"{name} paints …", True
        try:
            painted = [self.painters[name](photo) for photo, *_ in ballot.given]
        except NstError as error:
            self.said.value, button.disabled = str(error), False
            return
        ballot.renew({**ballot.paintings, name: painted}, ballot.given)
        button.layout.display, self.said.value = "none", f"{name} is in the ballot"
        self._show(done=False)

    def _on_upload(self, change) -> None:
        ballot = self.ballot
        size = max(max(photo.shape[1:3]) for photo, *_ in ballot.given)
        try:
            photos = [load_image(io.BytesIO(content), size) for _, content in files_of(change.new)]
            paintings = {
                name: [*there, *(self.painters[name](photo) for photo in photos)]
                for name, there in ballot.paintings.items()
            }
        except NstError as error:
            self.said.value = str(error)
            return
        rest = ballot.given[0][1:]  # such as the painting, the same for all
        ballot.renew(paintings, [*ballot.given, *((photo, *rest) for photo in photos)])
        self.said.value = f"{len(ballot.given)} photos are in the ballot"
        self._show(done=False)


def _image(picture, size: int):
    return widgets.Image(format="jpeg", value=as_jpeg(at_most(picture, size)))
