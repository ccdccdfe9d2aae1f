select
    customer_id,
    section_key,
    line_key,
    valid_from,
    valid_to
from {{ ref("int_history__line_changes") }}
where not is_removed
