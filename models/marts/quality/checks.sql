-- A view: the checks of a run are known only after its models; publishing copies what they found.
{{ config(materialized="view") }}

select
    name,
    asset,
    severity,
    passed,
    observed,
    expected
from {{ source("run", "check_results") }}
