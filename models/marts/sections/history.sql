{{ section_mart() }}
