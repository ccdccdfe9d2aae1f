from orchestration.contract import documents


def test_what_is_written_from_the_contract_is_up_to_date() -> None:
    assert documents.SOURCES.read_text() == documents.sources(), "run make contract"
    assert documents.PAGE.read_text() == documents.page(), "run make contract"
