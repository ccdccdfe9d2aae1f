with

customers as (
    select * from {{ ref("stg_worknet__customers") }}
    where iwds_customer_id is null
),

-- Any of a person's IWDS applications may be the one that matches.
iwds_applications as (
    select * from {{ ref("stg_iwds__applications") }}
),

same_ssn as (
    select
        customers.customer_id,
        min(iwds_applications.iwds_customer_id) as iwds_customer_id,
        'same_ssn' as match_kind
    from customers
    inner join iwds_applications
        on
            customers.ssn_last4 = iwds_applications.ssn_last4
            and customers.date_of_birth = iwds_applications.date_of_birth
            and customers.last_name_key = iwds_applications.last_name_key
    group by customers.customer_id, iwds_applications.iwds_customer_key
),

other_ssn as (
    select
        customers.customer_id,
        min(iwds_applications.iwds_customer_id) as iwds_customer_id,
        'other_ssn' as match_kind
    from customers
    inner join iwds_applications
        on
            customers.date_of_birth = iwds_applications.date_of_birth
            and customers.last_name_key = iwds_applications.last_name_key
            and customers.first_name_key = iwds_applications.first_name_key
    where
        iwds_applications.ssn_last4 is null
        or customers.ssn_last4 <> iwds_applications.ssn_last4
    group by customers.customer_id, iwds_applications.iwds_customer_key
)

select * from same_ssn
union all
select * from other_ssn
