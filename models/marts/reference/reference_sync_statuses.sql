select
    sync_order,
    sync_status,
    meaning,
    next_step
from {{ ref("sync_statuses") }}
order by sync_order
