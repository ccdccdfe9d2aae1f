{#- The day that everything is judged at the end of. Read while models run, not while they are parsed,
    so that another day doesn't make dbt parse the project anew. -#}
{% macro as_of_date() -%}
    {%- if execute -%}
        cast('{{ env_var("YACP_AS_OF_DATE") }}' as date)
    {%- else -%}
        cast(null as date)
    {%- endif -%}
{%- endmacro %}

{#- The calendar day of an instant in America/Chicago. -#}
{% macro chicago_date(instant) -%}
    {{ return(adapter.dispatch("chicago_date")(instant)) }}
{%- endmacro %}

{% macro duckdb__chicago_date(instant) -%}
    cast(timezone('America/Chicago', {{ instant }}) as date)
{%- endmacro %}

{% macro spark__chicago_date(instant) -%}
    to_date(from_utc_timestamp(to_utc_timestamp({{ instant }}, current_timezone()), 'America/Chicago'))
{%- endmacro %}

{#- Days since a calendar day at the as-of date, never below 0; null when the day is null. -#}
{% macro age(day) -%}
    case
        when {{ day }} > {{ as_of_date() }} then 0
        else {{ dbt.datediff(day, as_of_date(), "day") }}
    end
{%- endmacro %}

{#- The day so many days or years after another one; 29 February plus a year is 28 February. -#}
{% macro days_after(day, number) -%}
    cast({{ dbt.dateadd("day", number, day) }} as date)
{%- endmacro %}

{% macro years_after(day, number) -%}
    cast({{ dbt.dateadd("year", number, day) }} as date)
{%- endmacro %}
