create table history_events (
    id blob primary key,
    at integer not null,
    kind text not null,
    title text not null,
    attributes text not null,
    actor text not null,
    actor_kind text not null
) strict;

create index history_events_at on history_events (at, id);
create index history_events_kind on history_events (kind, at, id);

create table history_problems (
    id text primary key,
    code text not null,
    capability text not null,
    severity text not null,
    title text not null,
    detail text not null,
    fix text not null,
    page text not null,
    guide text,
    first_seen integer not null,
    last_seen integer not null,
    count integer not null,
    is_occurrence integer not null,
    state text not null,
    acknowledged_by text,
    acknowledged_at integer,
    resolved_at integer
) strict;

create table history_clock (
    id integer primary key check (id = 1),
    seen_at integer not null
) strict;
