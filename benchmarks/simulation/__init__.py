"""A discrete-event simulation of workers, partitions, store nodes and receivers."""
