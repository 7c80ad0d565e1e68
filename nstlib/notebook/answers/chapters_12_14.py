"""What the exercises of chapters 12 to 14 ask for, and a hint for each."""

ANSWERS = {}
