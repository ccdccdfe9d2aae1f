-- What looks random is a hash of the seed, a name and a number, so that the same arguments give the same
-- bytes on any number of threads.

-- 64 bits for one fact about one number: enough for four independent picks of 16 bits.
create or replace macro draw(about, number) as
    md5_number_lower(getvariable('seed') || ':' || about || ':' || number);

-- A whole number from 0 to choices - 1, from one quarter (0 to 3) of the bits.
create or replace macro pick(bits, quarter, choices) as
    ((((bits >> (quarter * 16)) & 65535) % choices)::integer);

-- An element of a list.
create or replace macro one_of(options, bits, quarter) as
    options[1 + pick(bits, quarter, len(options))];

-- How many days a step takes: nearly always on time, sometimes not.
create or replace macro step_days(bits, quarter) as
    case
        when pick(bits, quarter, 100) < 93 then (pick(bits, quarter, 65536) // 100) % 6
        else 6 + (pick(bits, quarter, 65536) // 100) % 15
    end;

-- How many days somebody waits whom nobody helps on. This is an assumption about programs that look through their
-- customers once a month: half are found within five weeks, one in ten only after more than four months.
create or replace macro stuck_days(bits, quarter) as
    one_of([12, 14, 17, 20, 24, 28, 33, 40, 50, 65, 85, 110, 150, 220], bits, quarter)
    + pick(bits, quarter, 65536) // 14 % 7;

-- Case notes and progress updates come in turns. These are the last three before a day, and those before the time
-- without any: in that time and right behind it they are the latest.
create or replace macro latest_turns(ready_on, interval_days, until, lapse_on) as
    list_distinct(flatten([
        [(last_day - ready_on) // interval_days - back for back in range(3)]
        for last_day in [until, least(until, lapse_on)]
    ]));

-- Whether something is entered on a day: not after the last one, and not in the time without any.
create or replace macro is_entered(entered_on, until, lapse_on, resume_on) as
    entered_on <= until and (entered_on < lapse_on or entered_on >= resume_on) is not false;

-- A local time in Chicago on a given day, between two hours.
create or replace macro wall_time(happened_on, from_hour, to_hour, bits) as
    happened_on::timestamp + to_seconds(
        from_hour * 3600 + (pick(bits, 0, 65536) * 3 + pick(bits, 1, 3)) % ((to_hour - from_hour) * 3600)
    );

create or replace macro in_utc(wall) as
    timezone('UTC', timezone('America/Chicago', wall));

-- A local time as it is delivered: mostly without an offset, one in twenty in UTC, one in twenty with its offset.
create or replace macro delivered(wall, bits) as
    case pick(bits, 2, 20)
        when 0 then strftime(in_utc(wall), '%Y-%m-%dT%H:%M:%SZ')
        when 1 then strftime(wall, '%Y-%m-%dT%H:%M:%S-0') || date_diff('hour', wall, in_utc(wall)) || ':00'
        else strftime(wall, '%Y-%m-%dT%H:%M:%S')
    end;

create or replace macro moment(happened_on, from_hour, to_hour, bits) as
    delivered(wall_time(happened_on, from_hour, to_hour, bits), bits);

create or replace macro numbered(letters, number) as
    letters || lpad(number::varchar, 9, '0');

-- Whether a rare case applies, evenly spread over the customers; cases with different places fall on different ones.
create or replace macro is_one_in(number, every, place) as
    (number * 7 + getvariable('rotation')) % every = place;

-- Every provider except the last has customers; the first ones have more.
create or replace macro provider_of(bits) as
    least(
        (bits & 4294967295)::bigint % (getvariable('providers') - 1),
        (bits >> 32)::bigint % (getvariable('providers') - 1)
    );

-- The first providers cover every area; of the others, every third is in Chicago and Cook.
create or replace macro area_of(provider) as
    case
        when provider >= len(getvariable('areas')) and provider % 3 = 0 then 7
        else getvariable('areas')[1 + provider % len(getvariable('areas'))]
    end;

create or replace macro planner_of(provider, bits) as
    numbered('S', provider) || '-' || (1 + pick(bits, 3, 2));
