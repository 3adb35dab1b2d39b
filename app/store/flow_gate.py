"""The way of an occurrence through its flow: seen waiting, let through, claimed, over."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from heapq import merge
from typing import Any, NamedTuple

from app.domain import ids
from app.domain.partition_count import Count, PartitionsNow
from app.errors import ShardUnavailable
from app.store import flow_keys, keys
from app.store.claims import Claim, note_claimed, read_claim
from app.store.connection import StoreClient
from app.store.fields import EventField, OccurrenceField
from app.store.flow_looks import EndedAttempt, FlowsAway, HeadStatus, Lapsed
from app.store.flow_turns import Member, Turn, occurrence_of, read_turn
from app.store.reads_there import read_there, there
from app.store.scripts import Argument, ScriptCall, Scripts
from app.store.short_forms import read_occurrences
from app.store.whereabouts import read_events

TOGETHER = 64
"""Flows that one call asks: several partitions may have so many each, and a call for all of them
would keep the store from others for too long."""

AWAY_MS = 250
"""When flows are looked at again whose shard of a cluster is away."""

SAMPLED = 64
"""How many places of a flow one look for lapsed ones reads."""


class Waiting(NamedTuple):
    """What waits for flows that are to be looked at."""

    members: dict[bytes, list[Member]]
    """By flow, in its order, over all partitions that were looked at."""
    flows: dict[int, list[bytes]]
    """By partition, the flows for which something waits there."""


def wake_flows(client: StoreClient, partitions: int, flows: Sequence[bytes], now_ms: int) -> bool:
    """Have flows for which something waits looked at now, in every partition.

    Returns whether anything waits that nobody had been woken for; else nobody is told.
    """
    pipe = client.pipeline(transaction=False)
    for partition in range(partitions):
        pipe.zadd(keys.flowing(partition), dict.fromkeys(flows, 0), xx=True, ch=True)
    # (Those of a shard that is away are looked at by and by.)
    counts = pipe.execute(not client.is_cluster)
    if not any(isinstance(one, int) and one for one in counts):
        return False
    client.publish(keys.WAKE, str(now_ms))
    return True


class FlowGate:
    """What drains ask of flows. Every call is bounded and may run twice."""

    _partitions = PartitionsNow()

    def __init__(self, client: StoreClient, scripts: Scripts, partitions: Count) -> None:
        self._client = client
        self._scripts = scripts
        self._partitions = partitions
        self._keys = flow_keys.FlowKeys(is_cluster=client.is_cluster)

    def peek(
        self, now_ms: int, flows: int, each: int, until_ms: int, own: Collection[int] | None = None
    ) -> Waiting:
        """What waits for flows that are to be looked at, over all partitions.

        Of each partition so many ``flows``, of each flow so many occurrences. Others leave these
        flows alone until ``until_ms``, unless they are woken. If none of its ``own`` partitions has
        such a flow, a drain leaves them all to others.
        """
        found: dict[bytes, list[list[tuple[float, Member]]]] = {}
        places: dict[int, list[bytes]] = {}
        for partition in self._to_look_at(now_ms, own):
            place = keys.flowing(partition)
            args: list[Argument] = [keys.prefix(partition), now_ms, flows, each, until_ms]
            try:
                rows = self._scripts("peek_flows", [place], args)
            except ShardUnavailable:
                continue
            for flow, *waiting in rows:
                pairs = zip(map(float, waiting[1::2]), waiting[::2], strict=True)
                ids.found_in(partition, map(occurrence_of, waiting[::2]))
                found.setdefault(flow, []).append(list(pairs))
                places.setdefault(partition, []).append(flow)
        members = {
            flow: [member for _, member in merge(*lists)][:each] for flow, lists in found.items()
        }
        return Waiting(members, places)

    def _to_look_at(self, now_ms: int, own: Collection[int] | None) -> Iterable[int]:
        """The partitions with flows to look at; of a single one its script finds out."""
        if self._partitions == 1:
            return (0,)
        everywhere = range(self._partitions)
        # (The order of a flow holds over all partitions: one that is found is looked for in all.)
        shared = own is not None and len(own) < self._partitions
        if shared and not self._with_flows(set(everywhere).intersection(own or ()), now_ms):
            return ()
        return self._with_flows(everywhere, now_ms)

    def _with_flows(self, partitions: Collection[int], now_ms: int) -> list[int]:
        places = map(keys.flowing, partitions)
        found = read_there(self._client, "ZRANGEBYSCORE", places, "-inf", now_ms, "LIMIT", 0, 1)
        return [partition for partition, some in zip(partitions, found, strict=True) if some]

    def take(
        self,
        worker: bytes,
        request: int,
        waiting: Mapping[bytes, Sequence[Member]],
        *,
        now_ms: int,
        ahead_ms: int,
        deadline_ms: int,
    ) -> list[Turn]:
        """Let through what the flows allow, to start within ``ahead_ms``; in the order given.

        What is let through counts as under way until ``deadline_ms``. ``request`` must rise with
        each call; a repeated one is answered as before.
        """
        turns: dict[bytes, Turn] = {}
        asked, calls = [], list[ScriptCall]()
        for index, flows in self._keys.by_index(waiting).items():
            places = [flow_keys.used(index), flow_keys.answer(index, worker)]
            for at in range(0, len(flows), TOGETHER):
                some = flows[at : at + TOGETHER]
                number = f"{request}.{at}" if at else request
                args: list[Argument] = [flow_keys.prefix(index)]
                args += [now_ms, ahead_ms, deadline_ms, number]
                for flow in some:
                    members = waiting[flow]
                    args += [flow, len(members), *map(occurrence_of, members)]
                asked.append(some)
                calls.append((places, args))
        for some, text in zip(asked, self._answers("admit_occurrences", calls), strict=True):
            if isinstance(text, Exception):
                # Their shard is away: places that it gave nevertheless lapse by themselves.
                later_ms = now_ms + AWAY_MS
                turns |= {flow: Turn([None] * len(waiting[flow]), later_ms) for flow in some}
            else:
                found = map(read_turn, text.decode().split(";"))
                turns |= dict(zip(some, found, strict=True))
        return [turns[flow] for flow in waiting]

    def _answers(self, name: str, calls: Sequence[ScriptCall]) -> list[Any]:
        """Run a script for flows; on a cluster at the same time, and each fails by itself."""
        if self._client.is_cluster:
            return self._scripts.many(name, calls)
        return [self._scripts(name, *call) for call in calls]

    def claim(
        self,
        partition: int,
        chosen: Mapping[bytes, Sequence[Member]],
        looks: Mapping[bytes, int],
        token: bytes,
        *,
        now_ms: int,
        deadline_ms: int,
    ) -> tuple[list[Claim], list[bytes]]:
        """Lease waiting occurrences of one partition; ``looks``: when to look at each flow again.

        Returns them and the flows for which others wait. A repeated call with the same token
        answers the same. What waits no longer is left out.
        """
        args: list[Argument] = [keys.prefix(partition), now_ms, deadline_ms, token]
        for flow, look_ms in looks.items():
            members = chosen.get(flow, ())
            args += [flow, look_ms, len(members), *members]
        places = [keys.flowing(partition), keys.leases(partition)]
        try:
            rows, left = self._scripts("claim_flow", places, args)
        except ShardUnavailable:  # what it may have leased falls due again
            return [], []
        note_claimed(partition, rows)
        return [read_claim(row, token, now_ms) for row in rows], left

    def end(self, attempts: Sequence[EndedAttempt], now_ms: int) -> bool:
        """Free the places of attempts, and have their flows looked at; see ``wake_flows``.

        Raises ``FlowsAway`` if some are on a shard that is away: the others are freed.
        """
        ended: dict[bytes, list[Argument]] = {}
        flows = set()
        for one in attempts:
            index = self._keys.index(one.flow)
            args = ended.setdefault(index, [flow_keys.prefix(index)])
            turn = "" if one.turn is None else one.turn
            args += [one.flow, one.occurrence_id, one.from_ms, one.until_ms, turn]
            flows.add(one.flow)
        if not flows:
            return False
        answers = self._answers("end_flow_attempts", [([at], args) for at, args in ended.items()])
        woken = self.wake(sorted(flows), now_ms)
        away = {at for at, one in zip(ended, answers, strict=True) if isinstance(one, Exception)}
        if away:
            raise FlowsAway([one for one in attempts if self._keys.index(one.flow) in away])
        return woken

    def wake(self, flows: Sequence[bytes], now_ms: int) -> bool:
        """Have flows for which something waits looked at now; see ``wake_flows``."""
        return wake_flows(self._client, self._partitions, flows, now_ms)

    def renew(self, held: Mapping[bytes, Sequence[bytes]], deadline_ms: int) -> None:
        """Have occurrences, by flow, count as under way until later.

        Where a shard of a cluster is away, they count as long as they did before.
        """
        pipe = self._client.pipeline(transaction=False)
        for flow, occurrence_ids in held.items():
            scores = dict.fromkeys(occurrence_ids, deadline_ms)
            pipe.zadd(self._keys.busy(flow), scores, xx=True)
        pipe.execute(not self._client.is_cluster)

    def lapsed(self, flows: Sequence[bytes], from_ms: int) -> Lapsed:
        """The places that are held beyond ``from_ms`` although no receiver has a word to say.

        Only an attempt that its receiver has yet to acknowledge has a place for so long. Whatever
        cancels that occurrence meanwhile can't give the place back: flows are in another slot of
        the store. ``SAMPLED`` places of each flow are looked at, at random.
        """
        pipe = self._client.pipeline(transaction=False)
        for flow in flows:
            pipe.zrandmember(self._keys.busy(flow), SAMPLED, withscores=True)
        found = there(pipe.execute(not self._client.is_cluster)) if flows else []
        held = [
            EndedAttempt(flow, one, None, until_ms, until_ms)
            for flow, places in zip(flows, found, strict=True)
            if places
            for one, until_ms in zip(places[::2], map(int, places[1::2]), strict=True)
            if until_ms > from_ms
        ]
        occurrence_ids = [one.occurrence_id for one in held]
        fields = (OccurrenceField.EVENT, OccurrenceField.STATUS)
        try:
            rows = read_occurrences(self._client, occurrence_ids, fields)
        except ShardUnavailable:  # what is there is not known: look again
            return Lapsed([], set(flows))
        ended, acknowledging = [], set()
        for one, (_, status) in zip(held, rows, strict=True):
            if status == b"dispatched":
                acknowledging.add(one.flow)
            else:
                ended.append(one)
        return Lapsed(ended, acknowledging)

    def head_status(self, flow: bytes, occurrence_id: bytes) -> HeadStatus:
        """Whether the occurrence that a strict flow waits for, its head, is over."""
        try:
            rows = read_occurrences(self._client, [occurrence_id], _HEAD_FIELDS)
        except ShardUnavailable:
            return HeadStatus(awaits_retry=True)  # its shard is away: look again, as for a retry
        ((event, ended, its_flow, status),) = rows
        if event is None or ended is not None:
            return HeadStatus(is_over=True)
        if its_flow == flow:
            return HeadStatus(waiting=event + occurrence_id)
        ((now_in,),) = read_events(self._client, [event], (EventField.FLOW,))
        # An attempt that is under way has its place here until it ends.
        under_way = status == b"dispatched"
        is_over = now_in != flow and not under_way
        return HeadStatus(is_over=is_over, awaits_retry=not is_over and not under_way)


_HEAD_FIELDS = (
    OccurrenceField.EVENT,
    OccurrenceField.COMPLETED,
    OccurrenceField.FLOW,
    OccurrenceField.STATUS,
)
