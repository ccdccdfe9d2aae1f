select
    app_id as iwds_application_id,
    person_id as iwds_customer_id,
    worknet_ref as worknet_application_id,
    first as first_name,
    last as last_name,
    as_date(dob, '%m/%d/%Y') as date_of_birth,
    ssn4 as ssn_last4,
    lwia as lwia_number,
    case status
        when 'I' then 'inquirant'
        when 'A' then 'applicant'
        when 'R' then 'registrant'
        when 'E' then 'exited'
        else status  -- goes to quarantine as it is
    end as status,
    as_date(app_date, '%m/%d/%Y') as application_date,
    as_date(status_date, '%m/%d/%Y') as status_date,
    as_date(cert_date, '%m/%d/%Y') as certified_on,
    as_date(exit_date, '%m/%d/%Y') as exited_on,
    _file,
    _line
from app
