{{ section_mart("application_status") }}
