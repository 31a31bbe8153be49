"""The peers on the same rates, numbers and grants, timed inside the server (no client, no network in their figures).

Yeti style: `prefix_range` under GiST, the longest match of each vendor by rank(). mod_lcr style: all prefixes of the number
in one IN, under a B-tree. Both are asked for the same thing: each granted vendor's longest match, the five cheapest.
"""

from __future__ import annotations

from pathlib import Path

import psycopg

from benches.lcr.peer import Peer
from tests.integration.postgres import start, stop

ROUTES = 5

TABLES = """
create table rate (vendor int not null, code text not null, cost bigint);
create table granted (vendor int primary key);
"""
YETI = f"""
select coalesce(array_agg(cost order by cost), '{{}}') from (
  select cost from (
    select vendor, cost, rank() over (partition by vendor order by length(prefix) desc) as place
    from dialpeer where prefix @> number::prefix_range
      and vendor in (select vendor from granted)
  ) matched where place = 1 and cost is not null order by cost limit {ROUTES}
) best
"""
MOD_LCR = f"""
select coalesce(array_agg(cost order by cost), '{{}}') from (
  select cost from (
    select distinct on (vendor) vendor, cost from rate
    where code in (select substr(number, 1, n) from generate_series(1, length(number)) n)
      and vendor in (select vendor from granted)
    order by vendor, length(code) desc
  ) matched where cost is not null order by cost limit {ROUTES}
) best
"""
TIMED = """
create function timed_{name}(numbers text[], out micros float8, out answers text[]) language plpgsql as $$
declare number text; best bigint[]; begun timestamptz;
begin
  answers := '{{}}';
  begun := clock_timestamp();
  foreach number in array numbers loop
    best := ({query});
    answers := answers || array_to_string(best, ' ');
  end loop;
  micros := extract(epoch from clock_timestamp() - begun) * 1e6 / array_length(numbers, 1);
end $$
"""


def postgres(folder: Path, questions: int) -> list[Peer]:
    """Both SQL peers over `rates.csv` of the folder."""
    cluster, url = start()
    try:
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            return _ask(connection, folder, questions)
    finally:
        stop(cluster)


def _ask(connection: psycopg.Connection, folder: Path, questions: int) -> list[Peer]:
    numbers = (folder / "numbers.txt").read_text().split()[:questions]
    answers = (folder / "answers.txt").read_text().splitlines()[:questions]
    connection.execute(TABLES)
    with (
        connection.cursor() as cursor,
        cursor.copy("copy rate from stdin (format csv)") as copy,
        (folder / "rates.csv").open("rb") as source,
    ):
        while block := source.read(1 << 20):
            copy.write(block)
    with connection.cursor() as cursor, cursor.copy("copy granted from stdin (format csv)") as copy:
        copy.write((folder / "granted.txt").read_bytes())
    counted = connection.execute("select count(*) from rate").fetchone()
    rates = int(counted[0]) if counted else 0
    peers = []
    ways = {
        "mod_lcr": (MOD_LCR, "create index on rate (code)"),
        "yeti": (
            YETI,
            "create extension prefix; create table dialpeer as select vendor, code::prefix_range as prefix, cost from rate; "
            "create index on dialpeer using gist (prefix); analyze dialpeer",
        ),
    }
    for name, (query, index) in ways.items():
        title = f"PostgreSQL, {name} style"
        try:
            connection.execute(index)
        except psycopg.Error as fault:
            peers.append(Peer(title, None, why=str(fault).splitlines()[0]))
            continue
        connection.execute("analyze rate")
        connection.execute(TIMED.format(name=name, query=query))
        ask = f"select micros, answers from timed_{name}(%s)"
        connection.execute(ask, [numbers[:50]])  # warm
        runs = []
        wrong = 0
        for _ in range(3):
            row = connection.execute(ask, [numbers]).fetchone()
            assert row is not None
            runs.append(float(row[0]))
            wrong = sum(1 for theirs, ours in zip(row[1], answers, strict=True) if theirs != ours)
        peers.append(Peer(title, sorted(runs)[1], rates, len(numbers), wrong))
    return peers
