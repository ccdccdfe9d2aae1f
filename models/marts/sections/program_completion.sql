{{ section_mart("program_completion") }}
