"""Schedules in English words: "every second Friday at 9:00". A small grammar that never guesses.

One way in, ``understand``. Data flows::

    text → tokens.py                       words, numbers, times, signs
         → forms.py, reading.py, clocks.py the grammar: forms with values in them
         → sentence.py, sayings.py         clauses: what was said, nothing twice
         → rules.py, daytimes.py           schedules as the API takes them
         → understanding.py                with a start and a time zone
"""

from app.domain.words.tokens import MAX_TEXT
from app.domain.words.understanding import Understood, understand

__all__ = ["MAX_TEXT", "Understood", "understand"]
