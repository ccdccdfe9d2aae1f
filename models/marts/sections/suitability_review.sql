{{ section_mart("suitability_review") }}
