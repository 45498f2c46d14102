-- States: 0 scheduled, 1 pending, 2 processing, 3 completed, 4 failed, 5 cancelled. Durations are microseconds.

-- The time that sessions and deadlines are measured by. The nodes share it, whatever their own clocks show.
create function jobs_now() returns timestamptz language sql volatile as 'select clock_timestamp()';

create sequence jobs_seq;

create table jobs_jobs (
    -- The order of arrival.
    seq           bigint      not null primary key,
    id            uuid        not null constraint jobs_jobs_id_key unique,
    class         text        not null,
    queue         text        not null,
    state         bigint      not null,
    priority      bigint      not null,
    payload       text        not null,
    -- A JSON array.
    tags          text,
    unique_key    text,
    created_at    timestamptz not null,
    run_at        timestamptz not null,
    attempt       bigint      not null default 0,
    attempts_max  bigint      not null,
    crashes       bigint      not null default 0,
    retry         text        not null,
    timeout       bigint      not null,
    session       text,
    -- The token of the running attempt, or of the last one.
    lease         bigint,
    -- When the running attempt must end, by jobs_now().
    deadline      timestamptz,
    started_at    timestamptz,
    finished_at   timestamptz,
    is_cancelling boolean     not null default false,
    percent       bigint,
    message       text,
    result        text,
    error         text,
    trace         text
);

create index jobs_ready on jobs_jobs (queue, priority, seq) where state = 1;
create index jobs_due on jobs_jobs (run_at) where state = 0;
create index jobs_running on jobs_jobs (session) where state = 2;
create index jobs_deadlines on jobs_jobs (deadline) where state = 2;
create index jobs_listed on jobs_jobs (created_at, id);
create index jobs_ended on jobs_jobs (state, finished_at) where state in (3, 4, 5);
create unique index jobs_unique on jobs_jobs (unique_key) where unique_key is not null and state in (0, 1, 2);

-- Attempts that have ended, except the last one of a completed job, which its row describes.
create table jobs_attempts (
    seq        bigint      not null references jobs_jobs (seq) on delete cascade,
    lease      bigint      not null,
    number     bigint      not null,
    session    text        not null,
    started_at timestamptz not null,
    ended_at   timestamptz not null,
    outcome    bigint      not null,
    error      text,
    primary key (seq, ended_at, lease)
);

create index jobs_lost on jobs_attempts (session, ended_at) where outcome in (4, 5);

create table jobs_logs (
    seq     bigint      not null references jobs_jobs (seq) on delete cascade,
    line    bigint      not null,
    at      timestamptz not null,
    attempt bigint      not null,
    text    text        not null,
    primary key (seq, line)
);

create table jobs_sessions (
    name       text        not null primary key,
    -- By jobs_now().
    expires_at timestamptz not null
);

create index jobs_sessions_by_expiry on jobs_sessions (expires_at);

-- The number of jobs of each kind is the sum of both tables. Transactions only add rows to the second one, so that they do not
-- wait for each other, and a sweep adds these to the first one.
create table jobs_counts (
    queue text   not null,
    class text   not null,
    state bigint not null,
    jobs  bigint not null,
    primary key (queue, class, state)
);

create table jobs_count_changes (
    number bigint not null generated always as identity primary key,
    queue  text   not null,
    class  text   not null,
    state  bigint not null,
    jobs   bigint not null
);

create table jobs_paused (
    queue text not null primary key
);

-- One row: when a node swept last, to the second, by jobs_now().
create table jobs_swept (
    at timestamptz not null
);

insert into jobs_swept (at) values (jobs_now());
