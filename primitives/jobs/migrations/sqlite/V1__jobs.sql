-- States: 0 scheduled, 1 pending, 2 processing, 3 completed, 4 failed, 5 cancelled.
-- Times are microseconds since 1970, durations microseconds.
create table jobs_jobs (
    -- The order of arrival.
    seq integer primary key,
    id blob not null unique,
    class text not null,
    queue text not null,
    state integer not null,
    priority integer not null,
    payload text not null,
    -- A JSON array.
    tags text,
    unique_key text,
    created_at integer not null,
    run_at integer not null,
    attempt integer not null default 0,
    attempts_max integer not null,
    crashes integer not null default 0,
    retry text not null,
    timeout integer not null,
    session text,
    -- The token of the running attempt, or of the last one.
    lease integer,
    started_at integer,
    finished_at integer,
    is_cancelling integer not null default 0,
    percent integer,
    message text,
    result text,
    error text,
    trace text
) strict;

create index jobs_ready on jobs_jobs (queue, priority, seq) where state = 1;
create index jobs_due on jobs_jobs (run_at) where state = 0;
create index jobs_running on jobs_jobs (session) where state = 2;
create index jobs_listed on jobs_jobs (created_at, id);
create index jobs_ended on jobs_jobs (state, finished_at) where state in (3, 4, 5);
create unique index jobs_unique on jobs_jobs (unique_key) where unique_key is not null and state in (0, 1, 2);

-- Attempts that have ended, except the last one of a completed job, which its row describes.
create table jobs_attempts (
    seq integer not null references jobs_jobs (seq) on delete cascade,
    lease integer not null,
    number integer not null,
    session text not null,
    started_at integer not null,
    ended_at integer not null,
    outcome integer not null,
    error text,
    primary key (seq, ended_at, lease)
) strict, without rowid;

create index jobs_lost on jobs_attempts (session, ended_at) where outcome in (4, 5);

create table jobs_logs (
    seq integer not null references jobs_jobs (seq) on delete cascade,
    line integer not null,
    at integer not null,
    attempt integer not null,
    text text not null,
    primary key (seq, line)
) strict, without rowid;

-- The number of jobs of each kind, kept by every change.
create table jobs_counts (
    queue text not null,
    class text not null,
    state integer not null,
    jobs integer not null,
    primary key (queue, class, state)
) strict, without rowid;

create table jobs_paused (
    queue text primary key
) strict, without rowid;
