with

customers as (
    select
        customer_id,
        last_case_note_on,
        case_note_reference_on as reference_on,
        required_until
    from {{ ref("int_lines__update_clocks") }}
),

-- A recommendation starts the clock of the overdue line, but it is no case note: without one, nothing is current.
judged as (
    select
        *,
        case
            when {{ as_of_date() }} > required_until then 'case_note_not_required'
            when {{ age("last_case_note_on") }} <= {{ threshold("case_note_current") }} then 'case_note_current'
            else 'case_note_due'
        end as line_key
    from customers
)

select
    customer_id,
    line_key,
    case line_key
        when 'case_note_not_required' then {{ days_after("required_until", 1) }}
        else reference_on
    end as since_on,
    {{ no_reason() }} as unclassified_reason
from judged
