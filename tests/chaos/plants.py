"""``python -m tests.chaos.plants [NAME …] [--seconds 60]``: is what is broken on purpose named?

Each plant breaks the service at one place, seldom enough that the rest goes on. A short run of
chaos on a copy of it has to name the kind of problem that follows. Leaves with 1 if one is not
named.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.run import Load, chaos
from tests.chaos.verdict import Kind
from tests.support.processes import CHECKOUT, ROOT


@dataclass(frozen=True)
class Plant:
    """In a file of ``app/``, ``new`` stands for ``old``; ``kinds``: what has to be named, one of."""

    file: str
    old: str
    new: str
    kinds: tuple[Kind, ...]

    def grow(self, directory: Path) -> None:
        """Make a directory that has the service as links one that has it broken."""
        for name in CHECKOUT:
            (directory / name).unlink()
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, directory / name)
            else:
                shutil.copy(ROOT / name, directory / name)
        path = directory / "app" / self.file
        path.write_text(self.grown(path.read_text(encoding="utf-8")), encoding="utf-8")

    def grown(self, text: str) -> str:
        """The text of its file with this plant in it, which must have its place there once."""
        assert text.count(self.old) == 1, f"{self.file} has this {text.count(self.old)} times"
        return text.replace(self.old, self.new)


PLANTS = {
    "a successor is dropped": Plant(
        "store/lua/schedule_successors.lua",
        "  if is_waiting and stored_plan == plan and successor ~= '' and not seen[id] then",
        "  if is_waiting and (tonumber(scheduled) or 0) % 20000 < 1000 then\n"
        "    over[#over + 1] = id\n"
        "  elseif is_waiting and stored_plan == plan and successor ~= '' and not seen[id] then",
        (Kind.LOST, Kind.GIVEN_UP, Kind.STANDING),
    ),
    "a pending occurrence is lost by a change": Plant(
        "store/lua/include/withdraw_occurrences.lua",
        "if was_there and scheduled.is_recorded then",
        "if false then",
        (Kind.LOST,),
    ),
    "a pending occurrence is given up by any change": Plant(
        "services/event_planner.py",
        "plan = plan_next(event, timetable, since, came_ms=left_ms)",
        "plan = plan_next(event, timetable, since, came_ms=())",
        (Kind.GIVEN_UP,),
    ),
    "what is delivered is delivered again": Plant(
        "engine/attempts.py",
        "    elif outcome.ack_required and outcome.status_code in (ACCEPTED, None):",
        "    elif claim.attempt == 1 and claim.scheduled_ms % 17 == 0:\n"
        '        verdict, next_ms = "retrying", now_ms\n'
        "    elif outcome.ack_required and outcome.status_code in (ACCEPTED, None):",
        (Kind.REPEATED,),
    ),
    "what is claimed ahead is sent at once": Plant(
        "engine/claimer.py",
        "            if claim.due_ms > now_ms:",
        "            if False:",
        (Kind.EARLY,),
    ),
    "a series is planned three seconds late": Plant(
        "planning/successors.py",
        "        then_ms = later(",
        "        due_ms += 3_000 * (claim.scheduled_ms % 7 == 0)\n        then_ms = later(",
        (Kind.STANDING,),
    ),
    "a claim is held back for three seconds": Plant(
        "engine/drain.py",
        "            record = unsendable(claim, now_ms)\n",
        "            if claim.scheduled_ms % 29 == 0 and now_ms - claim.scheduled_ms < 2_500:\n"
        "                self._recorder.defer(claim, claim.scheduled_ms + 3_000)\n"
        "                self._claimer.settle(1)\n"
        "                continue\n"
        "            record = unsendable(claim, now_ms)\n",
        (Kind.STANDING,),
    ),
    "a record has no delivery": Plant(
        "engine/attempts.py",
        "    if claim.definition is None:\n        return _ended(",
        "    if claim.scheduled_ms % 29 == 0:\n"
        '        return _ended(claim, "completed", "")\n'
        "    if claim.definition is None:\n        return _ended(",
        (Kind.LOST,),
    ),
    "a delivery has no record": Plant(
        "store/lua/record_attempts.lua",
        "leave_claimed(prefix, claimed, done, by_status)\n",
        "leave_claimed(prefix, claimed, done, by_status)\n"
        "for _, id in ipairs(together) do\n"
        "  if string.byte(id, 6) % 29 == 0 then redis.call('HDEL', prefix .. 'fresh', id) end\n"
        "end\n",
        (Kind.WITHOUT_RECORD,),
    ),
    "a cancelled one gives no reason": Plant(
        "store/lua/include/cancel_occurrence.lua",
        "OccurrenceField.ERROR, message,",
        "OccurrenceField.ERROR, '',",
        (Kind.WITHOUT_RECORD,),
    ),
    "a paused event fires once more": Plant(
        "planning/next_occurrence.py",
        "        return NOTHING\n    if timetable is None:",
        "        return Plan(keep=True)\n    if timetable is None:",
        (Kind.MADE_UP, Kind.CONTRADICTION),
    ),
    "a pause does not end": Plant(
        "engine/upkeep.py",
        "            self.deletions.end_pause(event_id)",
        "            pass",
        (Kind.LOST,),
    ),
    "a calendar's change is not learnt": Plant(
        "services/calendars.py",
        "            _, is_done = self._replan(name, steps=REPLAN_STEPS)",
        "            is_done = True",
        (Kind.LOST, Kind.MADE_UP, Kind.STANDING),
    ),
    "If-Match is not looked at": Plant(
        "services/event_writes.py",
        "    if if_match is not None and event.version != if_match:",
        "    if False:",
        (Kind.ANSWER,),
    ),
    "what is answered with 201 is not stored": Plant(
        "services/events.py",
        "            saved, event = self.planner.create(draft, timetable, now_ms, once)",
        "            saved, event = Saved.DONE, draft\n"
        "            if now_ms % 29:\n"
        "                saved, event = self.planner.create(draft, timetable, now_ms, once)",
        (Kind.LOST, Kind.ANSWER),
    ),
    "an acknowledgement is forgotten": Plant(
        "engine/acknowledgements.py",
        "            if self.work.record([record], self.clock.now_ms()):",
        "            if one.claim.scheduled_ms % 5 == 0 or self.work.record(\n"
        "                [record], self.clock.now_ms()\n"
        "            ):",
        (Kind.REPEATED,),
    ),
    "a retry is not made due": Plant(
        "store/lua/record_attempts.lua",
        "      add_due(due, event, id, moment)",
        "      if tonumber(one.scheduled) % 5 ~= 0 then add_due(due, event, id, moment) end",
        (Kind.LOST, Kind.CONTRADICTION),
    ),
    "a dead worker's claim is not taken over": Plant(
        "store/lua/release_leases.lua",
        "if limit ~= '0' then",
        "if false then",
        (Kind.LOST, Kind.STANDING, Kind.CONTRADICTION),
    ),
    "a change leaves no trace in the audit log": Plant(
        "services/audit.py",
        "        return self.log.append(_entry(act, now_ms), now_ms, noted)",
        "        if now_ms % 29 == 0:\n"
        "            self.log.withdraw(noted)\n"
        "            return 0\n"
        "        return self.log.append(_entry(act, now_ms), now_ms, noted)",
        (Kind.UNAUDITED,),
    ),
    "a revoked token is good": Plant(
        "store/tokens.py",
        "            revoked is not None,\n",
        "            False,\n",
        (Kind.ANSWER,),
    ),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=[], help="left out: all")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    missed = 0
    for name in given.names or PLANTS:
        plant, said = PLANTS[name], list[str]()
        verdict = chaos(given.seed, given.seconds, said.append, Load(10, 4), plant.grow)
        named = {kind: verdict.count(kind) for kind in Kind if verdict.count(kind)}
        is_named = any(kind in named for kind in plant.kinds)
        missed += not is_named
        counts = ", ".join(f"{count} {kind}" for kind, count in named.items())
        print(f"{'named ' if is_named else 'MISSED'} {name}: {counts or 'nothing'}", flush=True)
    return min(missed, 1)


if __name__ == "__main__":
    sys.exit(main())
