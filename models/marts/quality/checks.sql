-- A view, because the checks of a run are known only after its models; publishing copies the results.
{{ config(materialized="view") }}

select
    name,
    asset,
    severity,
    passed,
    observed,
    expected,
    title
from {{ source("run", "check_results") }}
