"""What the exercises of chapters 8 to 10 ask for, and a hint for each."""

ANSWERS = {}
