"""Randomness from one seed, in streams by name: what one part draws shifts no other's."""

from random import Random


class Chance:
    """Gives each part of a history a stream of its own."""

    def __init__(self, seed: int | str) -> None:
        self._seed = seed

    def stream(self, name: str) -> Random:
        """The stream of this name, from its beginning."""
        return Random(f"{self._seed}/{name}")
