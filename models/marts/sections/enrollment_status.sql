{{ section_mart("enrollment_status") }}
