{% macro name_key(name) -%}
    {{ return(adapter.dispatch("name_key")(name)) }}
{%- endmacro %}

{% macro duckdb__name_key(name) -%}
    regexp_replace(
        lower(strip_accents({{ name }})),
        '[\s\x{0B}\x{85}\p{Z}\p{Pd}\x{AD}\x{2043}\x{2212}''’‘‛ʼʻʹ′＇`´]', '', 'g'
    )
{%- endmacro %}

{% macro spark__name_key(name) -%}
    regexp_replace(
        {{ lower_case(without_accents(name)) }},
        '[\\s\\u000B\\u0085\\p{Z}\\p{Pd}\\u00AD\\u2043\\u2212\\u2E5D\'’‘‛ʼʻʹ′＇`´]', ''
    )
{%- endmacro %}

{% macro service_name_key(name) -%}
    {{ return(adapter.dispatch("service_name_key")(name)) }}
{%- endmacro %}

{% macro duckdb__service_name_key(name) -%}
    regexp_replace(lower({{ name }}), '[\s\x{0B}\x{85}\p{Z}]', '', 'g')
{%- endmacro %}

{% macro spark__service_name_key(name) -%}
    regexp_replace({{ lower_case(name) }}, '[\\s\\u000B\\u0085\\p{Z}]', '')
{%- endmacro %}

{% macro lower_case(text) -%}
    {{ return(adapter.dispatch("lower_case")(text)) }}
{%- endmacro %}

{% macro duckdb__lower_case(text) -%}
    lower({{ text }})
{%- endmacro %}

{% macro spark__lower_case(text) -%}
    translate({{ text }}, '{{ capital_letters() }}', '{{ small_letters() }}')
{%- endmacro %}

{% macro plain_address(address) -%}
    case when {{ is_plain_address(address) }} then translate({{ address }}, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') end
{%- endmacro %}

{% macro is_plain_address(address) -%}
    {{ return(adapter.dispatch("is_plain_address")(address)) }}
{%- endmacro %}

{% macro duckdb__is_plain_address(address) -%}
    regexp_full_match({{ address }}, '[A-Za-z0-9.!#$%&''*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9][A-Za-z0-9.-]{0,253}')
{%- endmacro %}

{% macro spark__is_plain_address(address) -%}
    {{ address }} rlike '^[A-Za-z0-9.!#$%&\'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9][A-Za-z0-9.-]{0,253}\\z'
{%- endmacro %}

{% macro without_accents(text) -%}
    translate({{ text }}, '{{ accented_letters() }}{{ accents() }}', '{{ plain_letters() }}')
{%- endmacro %}

{% macro as_text(value) -%}
    cast({{ value }} as {{ dbt.type_string() }})
{%- endmacro %}

{% macro is_four_digits(value) -%}
    {{ return(adapter.dispatch("is_four_digits")(value)) }}
{%- endmacro %}

{% macro duckdb__is_four_digits(value) -%}
    regexp_full_match({{ value }}, '[0-9]{4}')
{%- endmacro %}

{% macro spark__is_four_digits(value) -%}
    {{ value }} rlike '^[0-9]{4}\\z'
{%- endmacro %}

{% macro sorted_list(value, between=", ") -%}
    {{ return(adapter.dispatch("sorted_list")(value, between)) }}
{%- endmacro %}

{% macro duckdb__sorted_list(value, between) -%}
    string_agg({{ value }}, '{{ between }}' order by {{ value }})
{%- endmacro %}

{% macro spark__sorted_list(value, between) -%}
    array_join(array_sort(collect_list({{ value }})), '{{ between }}')
{%- endmacro %}

{% macro list_in_order(value, place, between=", ") -%}
    {{ return(adapter.dispatch("list_in_order")(value, place, between)) }}
{%- endmacro %}

{% macro duckdb__list_in_order(value, place, between) -%}
    string_agg({{ value }}, '{{ between }}' order by {{ place }})
{%- endmacro %}

{% macro spark__list_in_order(value, place, between) -%}
    array_join(transform(array_sort(collect_list(struct({{ place }}, {{ value }}))), pair -> pair.{{ value }}), '{{ between }}')
{%- endmacro %}

{% macro filled_in(template, values) -%}
    {%- set filled = namespace(text=template) -%}
    {%- for name, value in values.items() -%}
        {%- set filled.text = "replace(" ~ filled.text ~ ", '{" ~ name ~ "}', " ~ value ~ ")" -%}
    {%- endfor -%}
    {{ filled.text }}
{%- endmacro %}

{% macro is_web_address(value) -%}
    {{ return(adapter.dispatch("is_web_address")(value)) }}
{%- endmacro %}

{% macro duckdb__is_web_address(value) -%}
    regexp_full_match({{ value }}, 'https://[A-Za-z0-9.-]+[^\s"''<>\\]*')
{%- endmacro %}

{% macro spark__is_web_address(value) -%}
    {{ value }} rlike '^https://[A-Za-z0-9.-]+[^\\s"\'<>\\\\]*\\z'
{%- endmacro %}

{% macro url_encoded(text) -%}
    {{ return(adapter.dispatch("url_encoded")(text)) }}
{%- endmacro %}

{% macro duckdb__url_encoded(text) -%}
    url_encode({{ text }})
{%- endmacro %}

{% macro spark__url_encoded(text) -%}
    replace(replace(replace(url_encode({{ text }}), '+', '%20'), '*', '%2A'), '%7E', '~')
{%- endmacro %}

{% macro customer_url(customer_id) -%}
    {%- set template = env_var("YACP_CUSTOMER_URL", "") if execute else "" -%}
    {%- if template -%}
        replace('{{ template }}', '{customer_id}', {{ url_encoded(customer_id) }})
    {%- else -%}
        cast(null as {{ dbt.type_string() }})
    {%- endif -%}
{%- endmacro %}
