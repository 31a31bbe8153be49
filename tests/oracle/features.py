"""What the engine of this moment takes; everything else is made plain. Goes when everything is there."""

from __future__ import annotations

import os
from typing import Any

from tests.oracle.worlds import World

ON = set(os.environ.get("TANDEM_ORACLE_FEATURES", "").split(","))
NEW_POLICY = ("use_mix", "need_cli", "need_signature", "only_offers", "first_offers")


def plain_policy(policy: dict[str, Any]) -> dict[str, Any]:
    if "policies" in ON:
        return policy
    left = {k: v for k, v in policy.items() if k not in NEW_POLICY}
    return left | ({"kind": "cost"} if left["kind"] == "percentage" else {})


def plain_world(world: World) -> World:
    if "layers" not in ON:
        for rows in [*world.timelines.values(), *world.cards.values()]:
            rows[:] = [r for r in rows if r["origin"] is None and r["jurisdiction"] is None]
        for owner, table in list(world.tables.items()):
            import pyarrow.compute as pc

            keep = pc.and_(pc.is_null(table["origin"]), pc.is_null(table["jurisdiction"]))
            world.tables[owner] = table.filter(keep)
        world.rules, world.nanp = {}, None
    if "offers" not in ON:
        for o in world.offers:
            o |= {
                "weight": 0,
                "keeps_cli": True,
                "keeps_identity": False,
                "min_digits": 1,
                "max_digits": 15,
                "schedule": None,
            }
    for trunk in world.trunks.values():
        trunk["policy"] = plain_policy(trunk["policy"])
    world.__post_init__()
    return world


def plain_query(query: dict[str, Any]) -> dict[str, Any]:
    if query["policy"]:
        query["policy"] = plain_policy(query["policy"])
    if "state" not in ON:
        query["state"] = None
    if "layers" not in ON:
        query["a_lrn"] = None
    return query
