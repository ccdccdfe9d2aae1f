with

synced as (
    select
        applications.customer_id,
        applications.iwds_application_id,
        coalesce(applications.certified_on, applications.application_date) as enrolled_from,
        case when applications.status = 'exited' then applications.exited_on end as enrolled_until
    from {{ ref("int_customers__iwds_applications") }} as applications
    inner join {{ ref("int_customers__sync_status") }} as sync on applications.customer_id = sync.customer_id
    where sync.sync_status = 'synced'
)

select
    synced.customer_id,
    credentials.iwds_credential_id,
    credentials.credential_type,
    credentials.earned_on,
    synced.enrolled_from,
    synced.enrolled_until,
    credentials.earned_on >= synced.enrolled_from
    and (synced.enrolled_until is null or credentials.earned_on <= synced.enrolled_until) as is_while_enrolled
from {{ ref("stg_iwds__credentials") }} as credentials
inner join synced on credentials.iwds_application_id = synced.iwds_application_id
