select
    system,
    as_of_date,
    delivery,
    file,
    rows_in_manifest,
    rows_loaded,
    rows_quarantined,
    rows_duplicate,
    loaded_at
from {{ source("run", "deliveries") }}
