"""The counter: one thin file per question, and how its answers and errors are spoken."""
