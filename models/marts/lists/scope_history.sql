select
    customer_id,
    provider_id,
    lwia_number,
    valid_from,
    valid_to
from {{ ref("int_history__scope_changes") }}
where not is_removed
