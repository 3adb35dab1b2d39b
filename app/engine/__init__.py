"""The drain machine: the scheduler, the drains that deliver what is due, and periodic upkeep."""
