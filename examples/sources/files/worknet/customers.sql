select
    cust_no as customer_id,
    org_no as provider_id,
    lwia as lwia_number,
    first_nm as first_name,
    last_nm as last_name,
    as_date(birth_dt, '%m/%d/%Y') as date_of_birth,
    ssn4 as ssn_last4,
    email_addr as email,
    phone_no as phone,
    pathway_desc as pathway,
    planner_usr_id as career_planner_staff_id,
    iwds_person_no as iwds_customer_id,
    as_timestamp(last_sync_dttm, '%m/%d/%Y %I:%M:%S %p') as last_synced_at,
    as_timestamp(create_dttm, '%m/%d/%Y %I:%M:%S %p') as created_at,
    _file,
    _line
from cust
