"""CSV files as query tools and spreadsheets leave them: read, or refused with the first line at fault and the cause."""

import duckdb
import pytest
from conftest import DAY, Deliveries
from random_deliveries import with_parents

from orchestration.contract.worknet import WORKNET
from orchestration.failures import DeliveryRefused
from orchestration.landing.intake import land
from orchestration.settings import Settings

PROVIDERS_ONLY = with_parents(WORKNET, WORKNET.extract("providers"))
HEADER = "provider_id,provider_name,lwia_number"


def names(config: Settings, deliveries: Deliveries, content: str) -> list[str]:
    deliveries.write(PROVIDERS_ONLY, {"providers.csv": content.encode()}, promise={"providers.csv": 3})
    delivery = land(config, PROVIDERS_ONLY, DAY)
    found = duckdb.execute(f"select provider_name from '{delivery.folder}/providers.parquet'").fetchall()
    return [row[0] for row in found]


@pytest.mark.parametrize(
    "ends",
    [
        ("\n", "\n", "\n", "\n"),
        ("\r\n", "\r\n", "\r\n", "\r\n"),
        ("\n", "\r\n", "\n", "\n"),
        ("\r\n", "\n", "\r\n", "\r\n"),
        ("\n", "\r\n", "\r\n", "\r\n"),
        ("\r\n", "\n", "\n", "\n"),
        ("\r\r\n", "\r\r\n", "\n", "\n"),
        ("\n", "\n", "\r\n", ""),
    ],
)
@pytest.mark.parametrize("inside", ["\n", "\r\n", "\r", '""\r\n,', ""])
def test_lines_end_in_lf_or_crlf_also_in_one_file(
    config: Settings, deliveries: Deliveries, ends: tuple[str, ...], inside: str
) -> None:
    rows = [HEADER, f'P1,"No{inside}rth",7', 'P2,South,"7"', '"P3",12" pipe,7']
    content = "".join(row + end for row, end in zip(rows, ends, strict=True))
    assert names(config, deliveries, content) == [f"No{inside}rth".replace('""', '"'), "South", '12" pipe']


@pytest.mark.parametrize("inside", ["\r", ""])
def test_lines_may_all_end_in_cr(config: Settings, deliveries: Deliveries, inside: str) -> None:
    content = f'{HEADER}\rP1,"No{inside}rth",7\rP2,South,7\rP3,East,7\r'
    assert names(config, deliveries, content) == [f"No{inside}rth", "South", "East"]


def test_a_line_break_within_a_column_name(config: Settings, deliveries: Deliveries) -> None:
    tolerant = config.model_copy(update={"max_quarantined_share": 1.0})
    content = '"note\nof the\r\nprovider",provider_id\n,"provider_name","lwia_number\n"\nx,P1,a,7\nx,P2,b,c\n'
    content = content.replace("provider_id\n,", "provider_id,")
    deliveries.write(PROVIDERS_ONLY, {"providers.csv": content.encode()}, promise={"providers.csv": 2})
    delivery = land(tolerant, PROVIDERS_ONLY, DAY)
    assert delivery.warnings == (r"providers.csv has the extra column note\nof the\r\nprovider; ignored",)
    lines = duckdb.execute(f"select line_number, column_name from '{delivery.quarantine}'").fetchall()
    assert lines == [(6, "lwia_number")]


@pytest.mark.parametrize(
    ("content", "rows", "says"),
    [
        (
            f"{HEADER}\nP1,a,7\nP2,b,7\n\n(2 rows)\n",
            2,
            "line 5 has 1 field, the header has 3; is it a footer?",
        ),
        (
            f"{HEADER}\r\nP1,a,7\r\n\r\nCompletion time: now\r\n",
            2,
            "line 4 has 1 field, the header has 3; is it a",
        ),
        (f"sep=,\n{HEADER}\nP1,a,7\n", 1, "begins with the line sep="),
        (f"sep=;\n{HEADER}\nP1,a,7\n", 2, "begins with the line sep="),
        (f"{HEADER}\n-----------,-------------,----\nP1,a,7\n", 1, "a line of dashes under the header, line 2"),
        (f"{HEADER}\n-----------,-------------,----\nP1,a,7\n", 2, "a line of dashes under the header, line 2"),
        (f"{HEADER}\nP1,a,7,\nP2,b,7,\n", 2, "4 fields in line 2, and the header has 3: the rows end with a delimiter"),
        (f"Providers of today\n{HEADER}\nP1,a,7\n", 2, "has its header in line 2; it must be line 1"),
        (f"{HEADER.replace(',', ';')}\nP1;a;7\n", 1, "has semicolons between the fields of its header"),
        (f"{HEADER.replace(',', '|')}\nP1|a|7\n", 1, "has vertical bars between the fields of its header"),
        (f"{HEADER}\nP1,Smith, Jr.,7\nP2,b,7\n", 2, "line 2 has 4 fields, the header has 3; is a comma in a value not"),
        (f'{HEADER}\nP1,"a\nb",7\nP2,b\n', 2, "line 4 has 2 fields, the header has 3"),
        (f"{HEADER}\nP1,a,7\nP2,b", 3, "line 3 has 2 fields, the header has 3; is the file cut off there?"),
        (f"{HEADER}\nP1,a,7\n", 3, "has 1 rows, the manifest says 3; is it cut short?"),
        (f'{HEADER}\nP1,a,7\nP2,"b,7\nP3,c,7\n', 3, "a quote is left open in line 3"),
        (f'{HEADER}\nP1,"a"b,7\nP2,b,7\n', 2, "line 2 has a quote within a quoted value; it must be doubled"),
        (f"{HEADER}\nP1,a\rb,7\nP2,b,7\n", 2, "has a carriage return outside quotes in line 2"),
    ],
)
def test_a_file_that_cannot_be_parsed_is_refused_with_line_and_cause(
    config: Settings, deliveries: Deliveries, content: str, rows: int, says: str
) -> None:
    deliveries.write(PROVIDERS_ONLY, {"providers.csv": content.encode()}, promise={"providers.csv": rows})
    with pytest.raises(DeliveryRefused) as refusal:
        land(config, PROVIDERS_ONLY, DAY)
    assert says in str(refusal.value)


def test_a_broken_row_is_found_whatever_columns_the_contract_leaves_out(
    config: Settings, deliveries: Deliveries
) -> None:
    tolerant = config.model_copy(update={"max_quarantined_share": 1.0})
    content = f"{HEADER},more,most\nP1,a,7,x,y\nP2,b,7,x\nP3,c,7\nP4,d,7,x,y,z\nP5,e,7,x,\n"
    deliveries.write(PROVIDERS_ONLY, {"providers.csv": content.encode()}, promise={"providers.csv": 5})
    delivery = land(tolerant, PROVIDERS_ONLY, DAY)
    lines = duckdb.execute(f"select line_number, reason from '{delivery.quarantine}' order by all").fetchall()
    assert lines == [
        (3, "unparseable: missing columns"),
        (4, "unparseable: missing columns"),
        (5, "unparseable: too many columns"),
    ]


def test_a_refusal_counts_only_causes_and_names_what_followed(config: Settings, deliveries: Deliveries) -> None:
    customers = [{"customer_id": f"C{n}", "lwia_number": "7"} for n in range(200)]
    deliveries.write(
        WORKNET,
        {
            "customers": [*customers, {"customer_id": "C200", "lwia_number": "?"}, {"customer_id": "C201"}],
            "case_notes": [{"case_note_id": f"N{n}", "customer_id": f"C{200 - n % 2}"} for n in range(20)],
            "services": [{"worknet_service_id": f"W{n}", "customer_id": "C200"} for n in range(3)],
        },
    )
    accepted = land(config, WORKNET, DAY)
    reasons = duckdb.execute(f"select reason, count(*) from '{accepted.quarantine}' group by 1 order by 1").fetchall()
    assert reasons == [("bad_type", 1), ("orphan_of_quarantined", 13)]
    deliveries.write(
        WORKNET,
        {
            "customers": [{}, *({"customer_id": f"C{n}", "provider_id": "P9"} for n in range(2, 5))],
            "case_notes": [{"case_note_id": f"N{n}", "customer_id": f"C{n}"} for n in range(2, 12)],
        },
        delivery=2,
    )
    with pytest.raises(DeliveryRefused) as refusal:
        land(config, WORKNET, DAY)
    assert (
        "customers.csv has 3 of 4 rows that don't fit (75.0%; the limit is 1.0%): 3 × orphan in provider_id, first in "
        "line 3; case_notes.csv has 7 of 10 rows that don't fit (70.0%; the limit is 1.0%): 7 × orphan in customer_id, "
        "first in line 5. 3 more rows in case_notes.csv only followed from these: what they refer to went to "
        "quarantine. yacp quarantine --as-of 2026-11-23 lists every row. Nothing was loaded."
    ) in str(refusal.value)
