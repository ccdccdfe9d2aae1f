with

today as (
    select system, extract, rows_loaded from {{ source("run", "deliveries") }}
),

before as (
    select system, extract, row_count from {{ source("run", "rows_before") }}
    where row_count > 0
)

select
    before.system,
    before.extract,
    before.row_count as rows_before,
    today.rows_loaded as rows_today,
    -- Below 0 where rows were added.
    1e0 * (before.row_count - today.rows_loaded) / before.row_count as lost_share
from before
inner join today on before.system = today.system and before.extract = today.extract
