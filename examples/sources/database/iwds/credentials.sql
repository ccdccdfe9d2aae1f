select
    iw_credential.credential_no as iwds_credential_id,
    iw_credential.enrollment_no as iwds_application_id,
    iw_status.status_name as credential_type,
    iw_credential.earned as earned_on
from iw_credential
left join iw_status on iw_credential.kind_id = iw_status.status_id
