select customer_id from {{ ref("int_lines__suitability_review") }}
where line_key = 'ready_for_enrollment'
