"""The search for the request that costs most.

    seeds.py ─▶ search.py ─▶ schedules.py, grammar.py, mutations.py: another request
                    └──────▶ meter.py: what it costs ─▶ the worst of each kind

A request is searched for, within the API's limits, that takes more than ``MAX_CPU_MS`` of a
processor or more than ``MAX_MB`` of memory. ``make costs`` searches for as long as it is told; the
suite holds what was found once (the seeds) to the bounds, and searches for a few seconds.
"""
