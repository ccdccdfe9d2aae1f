{#- "field YYYY-MM-DD" for each date of a row that lies after the as-of date, joined into one sentence. -#}
{% macro dates_after_as_of(columns) -%}
    concat_ws(', '
        {%- for column in columns %},
        case when {{ column }} > {{ as_of_date() }} then {{ dbt.concat(["'" ~ column ~ " '", as_text(column)]) }} end
        {%- endfor %}
    )
{%- endmacro %}

{#- "later DATE before earlier DATE" for each pair of dates of a row that breaks the given order. -#}
{% macro dates_out_of_order(columns) -%}
    concat_ws(', '
        {%- for earlier in columns %}{% for later in columns[loop.index:] %},
        case
            when {{ earlier }} > {{ later }}
                then {{ dbt.concat(["'" ~ later ~ " '", as_text(later), "' before " ~ earlier ~ " '", as_text(earlier)]) }}
        end
        {%- endfor %}{% endfor %}
    )
{%- endmacro %}

{#- The order that dates must keep, as the business rules give it. -#}
{% macro application_dates() -%}
    {{ return([
        "prescreening_started_on",
        "prescreening_completed_on",
        "application_started_on",
        "application_submitted_on",
        "recommended_on",
    ]) }}
{%- endmacro %}

{% macro iwds_dates() -%}
    {{ return(["application_date", "certified_on", "exited_on"]) }}
{%- endmacro %}

{% macro service_dates() -%}
    {{ return([
        "open_request_on",
        "career_service_on",
        "training_service_on",
        "work_based_learning_service_on",
        "iwds_credential_on",
    ]) }}
{%- endmacro %}

{#- Every date that a line's clock or gate reads. -#}
{% macro judged_dates() -%}
    {{ return(application_dates() + iwds_dates() + [
        "outcome_on",
        "status_date",
        "last_progress_on",
        "last_case_note_on",
        "completion_recorded_on",
    ] + service_dates()) }}
{%- endmacro %}
