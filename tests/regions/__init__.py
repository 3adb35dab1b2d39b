"""Two regions on one machine: the active one is lost, the passive one takes over."""
