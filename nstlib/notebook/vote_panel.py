"""A blind vote by a person: two pictures and some buttons over a `nst.Ballot`."""

import ipywidgets as widgets

from nstlib.evaluation.votes import ANSWERS, Ballot
from nstlib.notebook.kit import WIDGET_SIZE, as_jpeg, at_most


def preference_panel(ballot: Ballot):
    """Two pictures, and the buttons "left", "tie" and "right": a ballot for a person to answer.

    What the ballot has as given is shown above, half as large. Names and counts appear after the
    last answer, or with "stop"; "back" takes the last answer back. The ballot keeps the answers.
    """
    text, given, pictures = widgets.HTML(), widgets.HBox(), widgets.HBox()
    buttons = {name: widgets.Button(description=name) for name in (*ANSWERS, "back", "stop")}

    def show(done: bool) -> None:
        answers, seen = ballot.answers, () if done else ballot.pictures()
        text.value = f"{len(answers) + 1} of {len(ballot)}: which is the better painting?"
        if done:
            lefts = f"left: {answers.count('left')} of {len(answers)} answers"
            text.value = "<br>".join([*map(str, ballot.count()), lefts])
        given.children = [_image(picture, WIDGET_SIZE // 2) for picture in seen[2:]]
        pictures.children = [_image(picture, WIDGET_SIZE) for picture in seen[:2]]
        for name, button in buttons.items():
            button.disabled = not answers if name == "back" else done

    def on_click(button) -> None:
        name = button.description
        if name == "back":
            ballot.answers.pop()
        elif name != "stop":
            ballot.vote(name)
        show(done=name == "stop" or ballot.question is None)

    for button in buttons.values():
        button.on_click(on_click)
    show(done=ballot.question is None)
    return widgets.VBox([text, given, pictures, widgets.HBox(list(buttons.values()))])


def _image(picture, size: int):
    return widgets.Image(format="jpeg", value=as_jpeg(at_most(picture, size)))
