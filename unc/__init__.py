"""The tool people run: a laptop-sized AWS, messages to play with, and what became of them.

Nothing in here ships: the zip holds src/ and its pinned dependencies only.
"""
