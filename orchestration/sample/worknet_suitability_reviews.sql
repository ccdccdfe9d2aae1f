-- Half of the reviews start on the day of the submission, before there is a recommendation.
with
started as (
    select
        *,
        recommended_on <= getvariable('as_of') as is_recommended,
        coalesce(reviewed_again_on <= getvariable('as_of'), false) as is_reviewed_again
    from present
    where
        recommended_on <= getvariable('as_of')
        or (application_submitted_on <= getvariable('as_of') and pick(outcome_bits, 0, 2) = 0)
)

select
    customer_id,
    case
        when
            (route = 'review_without_program' and ready_on > getvariable('as_of'))
            or (program_lost_on <= getvariable('as_of') and program_found_on > getvariable('as_of'))
            then null
        when is_recommended and recommendation = 'ready_for_enrollment'
            then one_of(getvariable('programs'), outcome_bits, 1)
        when pick(outcome_bits, 2, 2) = 0 then one_of(getvariable('programs'), outcome_bits, 1)
    end as training_program,
    case
        when is_reviewed_again then one_of(['not_suitable', 'declined_to_participate'], again_bits, 3)
        when is_recommended then recommendation
    end as recommendation,
    case
        when is_recommended
            then moment(
                if(is_reviewed_again, reviewed_again_on, recommended_on), 19, 22, draw('recommended', number)
            )
    end as recommended_at
from started
