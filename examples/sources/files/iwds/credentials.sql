select
    cred_id as iwds_credential_id,
    app_id as iwds_application_id,
    type as credential_type,
    as_date(earned, '%m/%d/%Y') as earned_on,
    _file,
    _line
from cred
