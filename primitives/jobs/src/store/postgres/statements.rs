//! The statements of jobs in PostgreSQL.
//!
//! Values of several rows are passed as arrays. A comparison with the time reads it in a subquery, once, so that it can use an index.
//! Transactions lock sessions before jobs, and jobs in the order of `seq`, or they skip locked rows. So they cannot deadlock.

use super::super::row::job_columns;

/// The columns of a running attempt, as `attempts::found` reads them.
macro_rules! running_columns {
    () => {
        "seq, id, lease, queue, class, session, started_at, attempt, attempts_max, crashes, retry, is_cancelling, timeout"
    };
}

outrigger_sql::statements! {
    // Rows arrive in the order of their keys, so that two transactions that add the same keys cannot deadlock.
    INSERT_JOBS = "
        with numbered as materialized (
            select nextval('jobs_seq') as seq, job.*
            from (
                select * from unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::text[],
                    $8::text[], $9::timestamptz[], $10::bigint[], $11::text[], $12::bigint[], $13::text[])
                with ordinality as new (id, class, queue, state, priority, payload, tags, unique_key, run_at, attempts_max,
                    retry, timeout, trace, place)
                order by place
            ) job
        )
        insert into jobs_jobs (seq, id, class, queue, state, priority, payload, tags, unique_key, created_at, run_at,
            attempts_max, retry, timeout, trace)
        select seq, id, class, queue, state, priority, payload, tags, unique_key, $14, run_at, attempts_max, retry, timeout,
            trace
        from numbered
        order by unique_key nulls first, id
        on conflict (unique_key) where unique_key is not null and state in (0, 1, 2) do nothing
        returning id";

    FIND_HOLDERS = "
        select unique_key, id, state from jobs_jobs where unique_key = any($1::text[]) and state in (0, 1, 2)";

    FIND_IDS = "
        select id from jobs_jobs where id = any($1::uuid[])";

    // Locks the session until the end of the transaction, so that it cannot end meanwhile.
    TOUCH_SESSION = "
        insert into jobs_sessions (name, expires_at) values ($1, jobs_now() + $2::bigint * interval '1 microsecond')
        on conflict (name) do update set expires_at = excluded.expires_at";

    // The queues that may have something, in the order of the request.
    FIND_QUEUES = "
        select wanted.queue
        from unnest($1::text[]) with ordinality as wanted (queue, place)
        where exists (select 1 from jobs_jobs job where job.state = 1 and job.queue = wanted.queue)
            and not exists (select 1 from jobs_paused paused where paused.queue = wanted.queue)
        order by wanted.place";

    FIND_READY = "
        select ready.seq, band.place - 1
        from unnest($3::bigint[], $4::bigint[]) with ordinality as band (low, high, place)
        cross join lateral (
            select seq, priority from jobs_jobs
            where state = 1 and queue = $1 and priority between band.low and band.high
                and ($2::text[] is null or class = any($2))
            order by priority, seq limit $5 for update skip locked
        ) ready
        order by band.place, ready.priority, ready.seq";

    LEASE_JOBS = "
        update jobs_jobs job
        set state = 2, session = $1, lease = leased.token, started_at = $2, attempt = job.attempt + 1, percent = null,
            message = null, deadline = jobs_now() + job.timeout * interval '1 microsecond'
        from unnest($3::bigint[], $4::bigint[]) as leased (seq, token)
        where job.seq = leased.seq
        returning job.lease, job.id, job.class, job.queue, job.payload, job.attempt, job.timeout, job.trace";

    LOCK_JOBS = concat!("
        select ", running_columns!(), ", state from jobs_jobs where id = any($1::uuid[]) order by seq for update");

    FIND_ENDED = "
        select job.id, attempt.lease, attempt.outcome
        from unnest($1::uuid[], $2::bigint[]) as settled (id, lease)
        join jobs_jobs job on job.id = settled.id
        join jobs_attempts attempt on attempt.seq = job.seq and attempt.lease = settled.lease";

    END_ATTEMPTS = "
        update jobs_jobs job
        set state = ended.state, run_at = coalesce(ended.run_at, job.run_at), attempt = ended.attempt, crashes = ended.crashes,
            finished_at = ended.finished_at, result = ended.result, error = ended.error, is_cancelling = false,
            deadline = null
        from unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::bigint[], $5::bigint[], $6::timestamptz[], $7::text[],
            $8::text[]) as ended (seq, state, run_at, attempt, crashes, finished_at, result, error)
        where job.seq = ended.seq";

    INSERT_ATTEMPTS = "
        insert into jobs_attempts (seq, lease, number, session, started_at, ended_at, outcome, error)
        select seq, lease, number, session, started_at, $8, outcome, error
        from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::timestamptz[], $6::bigint[], $7::text[])
            as ended (seq, lease, number, session, started_at, outcome, error)";

    // The list of attempts has a bound: a worker can release a job again and again.
    TRIM_ATTEMPTS = "
        delete from jobs_attempts attempt
        using (
            select seq, ended_at, lease, row_number() over (partition by seq order by ended_at desc) as place
            from jobs_attempts where seq = any($1::bigint[])
        ) ranked
        where ranked.place > 100
            and (attempt.seq, attempt.ended_at, attempt.lease) = (ranked.seq, ranked.ended_at, ranked.lease)";

    BEAT = "
        with touched as (
            insert into jobs_sessions (name, expires_at) values ($1, jobs_now() + $2::bigint * interval '1 microsecond')
            on conflict (name) do update set expires_at = excluded.expires_at
        )
        select id, is_cancelling from jobs_jobs where session = $1 and state = 2 order by seq";

    LOST_OF_SESSION = "
        select distinct job.id
        from jobs_attempts attempt join jobs_jobs job on job.seq = attempt.seq
        where attempt.session = $1 and attempt.ended_at >= $2 and attempt.outcome in (4, 5)
            and not (job.state = 2 and job.session = $1)";

    LOCK_JOBS_OF_SESSION = concat!("
        select ", running_columns!(), " from jobs_jobs
        where session = $1 and state = 2 and not id = any($2::uuid[]) order by seq for update");

    DELETE_SESSIONS = "
        delete from jobs_sessions where name = any($1::text[])";

    // What a sweep must do: the milliseconds since the last one, and whether there are ended sessions, late attempts, due jobs and
    // changes of counts.
    FIND_WORK = "
        select (extract(epoch from jobs_now() - at) * 1000)::bigint,
            exists (select 1 from jobs_sessions where expires_at <= (select jobs_now())),
            exists (select 1 from jobs_jobs where state = 2 and deadline <= (select jobs_now())),
            exists (select 1 from jobs_jobs where state = 0 and run_at <= $1),
            exists (select 1 from jobs_count_changes)
        from jobs_swept";

    LOCK_SWEPT = "
        select (extract(epoch from jobs_now() - at) * 1000)::bigint from jobs_swept for update";

    MARK_SWEPT = "
        update jobs_swept set at = jobs_now()";

    PROLONG_SESSIONS = "
        update jobs_sessions set expires_at = jobs_now() + $1::bigint * interval '1 microsecond'";

    LOCK_ENDED_SESSIONS = "
        select name from jobs_sessions where expires_at <= (select jobs_now())
        order by expires_at limit $1 for update skip locked";

    LOCK_LOST = concat!("
        select ", running_columns!(), " from jobs_jobs
        where session = any($1::text[]) and state = 2 order by seq limit $2 for update");

    LOCK_LATE = concat!("
        select ", running_columns!(), " from jobs_jobs
        where state = 2 and deadline <= (select jobs_now()) order by deadline limit $1 for update skip locked");

    MAKE_READY = "
        with due as (
            select seq from jobs_jobs where state = 0 and run_at <= $1
            order by run_at limit $2 for update skip locked
        )
        update jobs_jobs job set state = 1 from due where job.seq = due.seq returning job.queue, job.class";

    // Only one node at a time adds up counts.
    TRY_LOCK_SWEPT = "
        select 1 from jobs_swept for update skip locked";

    ADD_UP_COUNTS = "
        with changes as (
            delete from jobs_count_changes
            where number in (select number from jobs_count_changes order by number limit $1)
            returning queue, class, state, jobs
        ), summed as (
            insert into jobs_counts (queue, class, state, jobs)
            select queue, class, state, sum(jobs)::bigint from changes group by queue, class, state
            on conflict (queue, class, state) do update set jobs = jobs_counts.jobs + excluded.jobs
        )
        select count(*) from changes";

    CHANGE_COUNTS = "
        insert into jobs_count_changes (queue, class, state, jobs)
        select * from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[])";

    LOCK_FOR_REPORT = "
        select seq, attempt from jobs_jobs where id = $1 and state = 2 and lease = $2 for update";

    SET_PROGRESS = "
        update jobs_jobs set percent = $2, message = $3 where seq = $1";

    LAST_LINE = "
        select coalesce(max(line), 0) from jobs_logs where seq = $1";

    INSERT_LINES = "
        insert into jobs_logs (seq, line, at, attempt, text)
        select $1, $2::bigint + new.place, $3, $4, new.text from unnest($5::text[]) with ordinality as new (text, place)";

    LOCK_STATE = "
        select seq, queue, class, state, unique_key from jobs_jobs where id = $1 for update";

    CANCEL_WAITING = "
        update jobs_jobs set state = 5, finished_at = $2 where seq = $1";

    CANCEL_RUNNING = "
        update jobs_jobs set is_cancelling = true where seq = $1";

    RETRY_JOB = "
        update jobs_jobs
        set state = 1, run_at = $2, attempt = 0, crashes = 0, finished_at = null, result = null
        where seq = $1";

    PAUSE_QUEUE = "
        insert into jobs_paused (queue) values ($1) on conflict do nothing";

    RESUME_QUEUE = "
        delete from jobs_paused where queue = $1";

    FIND_JOB = concat!("
        select ", job_columns!(), " from jobs_jobs where id = $1");

    LIST_JOBS = concat!("
        select ", job_columns!(in list), " from jobs_jobs
        where (created_at, id) < ($1, $2)
            and ($3::bigint is null or state = $3) and ($4::text is null or queue = $4) and ($5::text is null or class = $5)
            and ($6::text is null or exists (
                select 1 from jsonb_array_elements_text(tags::jsonb) as tag (word) where tag.word = $6))
        order by created_at desc, id desc limit $7");

    LIST_ATTEMPTS = "
        select attempt.number, attempt.session, attempt.started_at, attempt.ended_at, attempt.outcome, attempt.error
        from jobs_jobs job join jobs_attempts attempt on attempt.seq = job.seq
        where job.id = $1 order by attempt.ended_at limit 100";

    LIST_LOG = "
        select line.at, line.attempt, line.text
        from jobs_jobs job join jobs_logs line on line.seq = job.seq
        where job.id = $1 order by line.line";

    LIST_COUNTS = "
        select queue, state, sum(jobs)::bigint
        from (
            select queue, state, jobs from jobs_counts
            union all
            select queue, state, jobs from jobs_count_changes
        ) as counted
        group by queue, state having sum(jobs) > 0";

    LIST_PAUSED = "
        select queue from jobs_paused";

    // Looks at the first job of each priority, so it reads at most 100 rows of a queue.
    OLDEST_READY = "
        select wanted.queue, min(first.run_at)
        from unnest($1::text[]) as wanted (queue)
        cross join generate_series(0, 99) as priority (number)
        cross join lateral (
            select run_at from jobs_jobs
            where state = 1 and queue = wanted.queue and priority = priority.number
            order by seq limit 1
        ) first
        group by wanted.queue";

    DELETE_OLD = "
        with old as (
            select seq from jobs_jobs where state = $1 and finished_at < $2
            order by finished_at limit $3 for update skip locked
        )
        delete from jobs_jobs job using old where job.seq = old.seq returning job.queue, job.class";
}
