"""Use cases: what the product does, with stores, senders and clocks passed in."""
