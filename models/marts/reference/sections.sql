select
    section_number,
    section_key,
    section_name,
    note
from {{ ref("dashboard_sections") }}
order by section_number
