"""A blind vote by a person: two pictures and some buttons over a `nst.Ballot`."""

from nstlib.evaluation.votes import ANSWERS, Ballot
from nstlib.notebook.kit import WIDGET_SIZE, as_jpeg, at_most


def preference_panel(ballot: Ballot, *, size: int = WIDGET_SIZE):
    """Two pictures, and the buttons "left", "tie" and "right": a ballot for a person to answer.

    The pictures have `size` pixels on the longest side, at most; what the ballot has as given is
    shown above, half as large. Names and counts appear after the last answer, or with "stop";
    "back" takes the last answer back. Answers go to `ballot.answers`, and `ballot.count()` counts
    them. Returns the widget, which Jupyter displays.
    """
    import ipywidgets as widgets

    text, given, pictures = widgets.HTML(), widgets.HBox(), widgets.HBox()
    buttons = {name: widgets.Button(description=name) for name in (*ANSWERS, "back", "stop")}

    def show(done: bool) -> None:
        text.value = _result(ballot) if done else _question(ballot)
        given.children = () if done else _images(ballot.beside(), size // 2)
        pictures.children = () if done else _images(ballot.pictures(), size)
        for name, button in buttons.items():
            button.disabled = not ballot.answers if name == "back" else done

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


def _question(ballot: Ballot) -> str:
    return f"{len(ballot.answers) + 1} of {len(ballot)}: which is the better painting?"


def _result(ballot: Ballot) -> str:
    answers = ballot.answers
    lines = [*map(str, ballot.count()), f"left: {answers.count('left')} of {len(answers)} answers"]
    return "<br>".join(lines)


def _images(pictures, size: int) -> list:
    import ipywidgets as widgets

    files = (as_jpeg(at_most(picture, size)) for picture in pictures)
    return [widgets.Image(format="jpeg", value=file) for file in files]
