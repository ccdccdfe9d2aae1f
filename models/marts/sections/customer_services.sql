{{ section_mart("customer_services") }}
