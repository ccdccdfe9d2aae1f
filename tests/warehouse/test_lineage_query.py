"""What each column of a query is made of, for every shape of SQL that a model may have."""

import pytest

from orchestration.warehouse.lineage.query import Origin, Unreadable, read_query

RELATIONS = {"s": {"t": ["id", "x", "y", "tags", "pair"], "u": ["id", "z"]}}
ROWS = "(rows)"


def _said(origin: Origin) -> str:
    """The parts that there are, such as ``s.t.x | rows s.t | by s.t.y | = 'a'``."""
    words = ("", "rows ", "by ", "= ")
    parts = (origin.values, origin.rows, origin.decides, origin.constants)
    return " | ".join(word + ", ".join(sorted(names)) for word, names in zip(words, parts, strict=True) if names)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select * exclude (y, tags, pair) replace (x + y as x) from s.t", {"id": "s.t.id", "x": "s.t.x, s.t.y"}),
        ("select t.* from s.t left join s.u on t.id = u.id", {"x": "s.t.x", ROWS: "rows s.t, s.u | by s.t.id, s.u.id"}),
        ("select x as a, a + y as b from s.t", {"b": "s.t.x, s.t.y"}),
        (
            "select unnest(tags) as tag, pair.a as a, {'k': x} as k from s.t",
            {"tag": "s.t.tags", "a": "s.t.pair", "k": "s.t.x"},
        ),
        ("select tag from s.t, unnest(t.tags) as e (tag)", {"tag": "s.t.tags", ROWS: "rows s.t | by s.t.tags"}),
        ("select list_transform(tags, lambda tag: tag || x) as l from s.t", {"l": "s.t.tags, s.t.x"}),
        ("select l.w from s.t, lateral (select z as w from s.u where u.id = t.x) as l", {"w": "s.t.x, s.u.id, s.u.z"}),
        ("select row_number() over () as n from s.t", {"n": "rows s.t"}),
        ("select row_number() over (partition by x order by y) as n from s.t", {"n": "s.t.x, s.t.y"}),
        ("select count(*) as n from s.t where id > 1 group by x", {"n": "rows s.t | by s.t.id, s.t.x"}),
        ("select count(*) filter (where y) as n, count(t.*) as m from s.t", {"n": "s.t.y | rows s.t", "m": "rows s.t"}),
        ("select count(*) over (partition by x) as n from s.t", {"n": "s.t.x | rows s.t"}),
        ("select count(x) as n, sum(1) as m from s.t", {"n": "s.t.x", "m": "rows s.t"}),
        ("select x from s.t group by x having count(*) > max(y)", {ROWS: "rows s.t | by s.t.x, s.t.y"}),
        ("select (select max(z) from s.u where u.id = t.id) as z from s.t", {"z": "s.t.id, s.u.id, s.u.z"}),
        ("select exists (select 1 from s.u where u.id = t.x) as has from s.t", {"has": "s.t.x, s.u.id"}),
        ("select x in (select z from s.u) as has from s.t", {"has": "s.t.x, s.u.z", ROWS: "rows s.t"}),
        ("select id from s.t semi join s.u on t.x = u.id", {"id": "s.t.id", ROWS: "rows s.t | by s.t.x, s.u.id"}),
        ("select id, z from s.t join s.u using (id)", {"id": "s.t.id, s.u.id", "z": "s.u.z"}),
        ("select id from s.t qualify row_number() over (order by y) = 1", {ROWS: "rows s.t | by s.t.y"}),
        ("select id from s.t order by y limit 3", {ROWS: "rows s.t | by s.t.y"}),
        ("select id from s.t order by y", {ROWS: "rows s.t"}),
        ("select distinct x from s.t", {ROWS: "rows s.t | by s.t.x"}),
        (
            "select 1 as a, cast(null as date) as b, upper('c') as c from s.t",
            {"a": "= 1", "b": "= NULL", "c": "= UPPER('c')"},
        ),
        ("select x from s.t union all select z from s.u", {"x": "s.t.x, s.u.z", ROWS: "rows s.t, s.u"}),
        ("select id as a, x as b from s.t union all by name select z as b, id as a from s.u", {"a": "s.t.id, s.u.id"}),
        (
            "select 'a' as k from s.t where x union all select 'b' from s.t where y",
            {"k": "by s.t.x, s.t.y | = 'a', 'b'"},
        ),
        ("select 'a' as k from s.t union all select 'b' from s.u", {"k": "rows s.t, s.u | = 'a', 'b'"}),
        ("select x from s.t where y union all select null from s.u where z", {"x": "s.t.x"}),
        ("select null as k from s.t where y union all select null from s.u where z", {"k": "= NULL"}),
        (
            "with c as (select 'a' as k, x from s.t) select k from c where x union all select null from c",
            {"k": "by s.t.x | = 'a'"},
        ),
        (
            "select id, n, v from s.t unpivot (v for n in (x, y))",
            {"id": "s.t.id", "n": "by s.t.x, s.t.y | = 'x', 'y'", "v": "s.t.x, s.t.y"},
        ),
        (
            "with c as (select x as p from s.t) select n, v from c unpivot (v for n in (p))",
            {"n": "by s.t.x | = 'p'", "v": "s.t.x", ROWS: "rows s.t | by s.t.x"},
        ),
    ],
)
def test_every_shape_is_followed(sql: str, expected: dict[str, str]) -> None:
    columns, rows = read_query(sql, RELATIONS)
    found = {name: _said(origin) for name, origin in {**columns, ROWS: rows}.items()}
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    "sql",
    [
        "selec x frm",
        "summarize s.t",
        "select nothing from s.t",
        "select x from s.nothing",
        "select count(*) as n from s.nothing",
        "select t as whole from s.t",
        "select columns(*) from s.t",
        "select * from s.t pivot (sum(x) for y in (1, 2))",
        "select n from (select id, x from s.t) unpivot (n for v in (x))",
        "with recursive r as (select x as n from s.t union all select n + 1 from r) select n from r",
        "select x, day from s.t, generate_series(1, y) as days (day)",
    ],
)
def test_what_cannot_be_followed_is_refused(sql: str) -> None:
    with pytest.raises(Unreadable):
        read_query(sql, RELATIONS)
