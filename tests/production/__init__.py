"""Qhronos as an operations team runs it, through what they do to it and what happens to them."""
