select
    wn_youth.youth_no as customer_id,
    wn_youth.org_id as provider_id,
    wn_youth.area_no as lwia_number,
    wn_person.first_name,
    wn_person.last_name,
    wn_person.birth_date as date_of_birth,
    wn_person.ssn_last4,
    wn_youth.email,
    wn_youth.phone,
    wn_pathway.pathway_name as pathway,
    wn_youth.planner_id as career_planner_staff_id,
    wn_youth.iwds_person_no as iwds_customer_id,
    wn_youth.last_sync as last_synced_at,
    wn_youth.created as created_at
from wn_youth
inner join wn_person on wn_youth.person_id = wn_person.person_id
left join wn_pathway on wn_youth.pathway_id = wn_pathway.pathway_id
