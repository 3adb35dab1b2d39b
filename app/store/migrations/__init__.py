"""Ways from an earlier form of the store to the present one, a file for each.

``schema`` lists them in order and runs those that a store has yet to see. A migration that has been
released never changes, and neither does its number.
"""
