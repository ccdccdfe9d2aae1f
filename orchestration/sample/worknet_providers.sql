select
    numbered('PR', provider) as provider_id,
    getvariable('provider_heads')[1 + provider % len(getvariable('provider_heads'))]
    || ' '
    || one_of(getvariable('provider_tails'), draw('provider name', provider), 0)
    || case
        when provider < len(getvariable('provider_heads')) then ''
        else ' ' || (1 + provider // len(getvariable('provider_heads')))
    end as provider_name,
    area_of(provider) as lwia_number
from range(getvariable('providers')) as providers (provider)
