create table history_series (
    tier integer not null,
    start_ms integer not null,
    data blob not null,
    primary key (tier, start_ms)
) strict;
