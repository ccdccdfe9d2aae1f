with

customers as (
    select * from {{ ref("stg_worknet__customers") }}
),

worknet_applications as (
    select application_key from {{ ref("stg_worknet__applications") }}
),

-- IWDS applications of the linked person that name a workNet application that isn't there.
unknown_origin as (
    select
        customers.customer_id,
        count(*) as application_count,
        min(iwds_applications.iwds_application_id) as iwds_application_id,
        min(iwds_applications.worknet_application_id) as worknet_application_id
    from {{ ref("stg_iwds__applications") }} as iwds_applications
    inner join customers on iwds_applications.iwds_customer_key = customers.iwds_customer_key
    left join worknet_applications
        on iwds_applications.worknet_application_key = worknet_applications.application_key
    where iwds_applications.worknet_application_key is not null and worknet_applications.application_key is null
    group by customers.customer_id
),

unknown_lwia as (
    select
        customers.customer_id,
        customers.lwia_number
    from customers
    left join {{ ref("lwias") }} as lwias on customers.lwia_number = lwias.lwia_number
    where lwias.lwia_number is null
),

used_codes as (
    select customer_id, service_code, category from {{ ref("int_customers__worknet_services") }}
    union all
    select customer_id, service_code, category from {{ ref("int_customers__iwds_services") }}
),

unknown_codes as (
    select
        customer_id,
        count(distinct service_code) as code_count,
        min(service_code) as service_code
    from used_codes
    where category = 'unknown'
    group by customer_id
)

select
    {{ no_reason() }} as section_key,
    customer_id,
    'unknown_iwds_origin' as reason,
    {{ dbt.concat([
        "'IWDS application '", "iwds_application_id",
        "' names workNet application '", "worknet_application_id",
        "', which workNet does not have ('", as_text("application_count"), "' in all).'"
    ]) }} as detail
from unknown_origin
union all
select
    {{ no_reason() }} as section_key,
    customer_id,
    'unknown_lwia' as reason,
    {{ dbt.concat(["'LWIA '", as_text("lwia_number"), "' is not in the reference.'"]) }} as detail
from unknown_lwia
union all
select
    'customer_services' as section_key,
    customer_id,
    'unknown_service_code' as reason,
    {{ dbt.concat([
        "'Service code '", "service_code", "' is not in the catalog ('", as_text("code_count"), "' in all).'"
    ]) }} as detail
from unknown_codes
