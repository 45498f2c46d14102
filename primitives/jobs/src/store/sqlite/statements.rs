//! The statements of jobs in SQLite.

use super::super::row::job_columns;

outrigger_sql::statements! {
    FIND_HOLDER = "
        select id, state from jobs_jobs where unique_key = ?1 and state in (0, 1, 2)";

    INSERT_JOB = "
        insert into jobs_jobs (id, class, queue, state, priority, payload, tags, unique_key, created_at, run_at,
            attempts_max, retry, timeout, trace)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";

    IS_PAUSED = "
        select 1 from jobs_paused where queue = ?1";

    FIND_READY = "
        select seq from jobs_jobs
        where state = 1 and queue = ?1 and priority between ?2 and ?3
            and (?4 is null or class in (select value from json_each(?4)))
        order by priority, seq limit ?5";

    LEASE_JOB = "
        update jobs_jobs
        set state = 2, session = ?2, lease = ?3, started_at = ?4, attempt = attempt + 1, percent = null, message = null
        where seq = ?1
        returning id, class, queue, payload, attempt, timeout, trace";

    FIND_RUNNING = "
        select seq, queue, class, attempt, attempts_max, crashes, retry, is_cancelling, session, started_at
        from jobs_jobs where id = ?1 and state = 2 and lease = ?2";

    FIND_TIMEOUT = "
        select timeout from jobs_jobs where seq = ?1";

    END_ATTEMPT = "
        update jobs_jobs
        set state = ?2, run_at = coalesce(?3, run_at), attempt = ?4, crashes = ?5, finished_at = ?6, result = ?7, error = ?8,
            is_cancelling = 0
        where seq = ?1";

    INSERT_ATTEMPT = "
        insert into jobs_attempts (seq, lease, number, session, started_at, ended_at, outcome, error)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

    // The list of attempts has a bound: a worker can release a job again and again.
    TRIM_ATTEMPTS = "
        delete from jobs_attempts where seq = ?1 and (ended_at, lease) in (
            select ended_at, lease from jobs_attempts where seq = ?1 order by ended_at desc limit -1 offset 100)";

    FIND_ENDED = "
        select attempt.outcome
        from jobs_jobs job join jobs_attempts attempt on attempt.seq = job.seq
        where job.id = ?1 and attempt.lease = ?2";

    FIND_COMPLETED = "
        select 1 from jobs_jobs where id = ?1 and lease = ?2 and state = 3";

    JOBS_OF_SESSION = "
        select id, lease, is_cancelling from jobs_jobs where session = ?1 and state = 2";

    LOST_OF_SESSION = "
        select distinct job.id
        from jobs_attempts attempt join jobs_jobs job on job.seq = attempt.seq
        where attempt.session = ?1 and attempt.ended_at >= ?2 and attempt.outcome in (4, 5)
            and not (job.state = 2 and job.session = ?1)";

    FIND_DUE = "
        select seq, queue, class from jobs_jobs where state = 0 and run_at <= ?1 order by run_at limit ?2";

    MAKE_READY = "
        update jobs_jobs set state = 1 where seq = ?1";

    ALL_RUNNING = "
        select id, lease, session, started_at, timeout from jobs_jobs where state = 2";

    FIND_FOR_REPORT = "
        select seq, attempt from jobs_jobs where id = ?1 and state = 2 and lease = ?2";

    SET_PROGRESS = "
        update jobs_jobs set percent = ?2, message = ?3 where seq = ?1";

    LAST_LINE = "
        select coalesce(max(line), 0) from jobs_logs where seq = ?1";

    INSERT_LINE = "
        insert into jobs_logs (seq, line, at, attempt, text) values (?1, ?2, ?3, ?4, ?5)";

    FIND_STATE = "
        select seq, queue, class, state, unique_key from jobs_jobs where id = ?1";

    CANCEL_WAITING = "
        update jobs_jobs set state = 5, finished_at = ?2 where seq = ?1";

    CANCEL_RUNNING = "
        update jobs_jobs set is_cancelling = 1 where seq = ?1";

    RETRY_JOB = "
        update jobs_jobs
        set state = 1, run_at = ?2, attempt = 0, crashes = 0, finished_at = null, result = null
        where seq = ?1";

    PAUSE_QUEUE = "
        insert into jobs_paused (queue) values (?1) on conflict do nothing";

    RESUME_QUEUE = "
        delete from jobs_paused where queue = ?1";

    FIND_JOB = concat!("
        select ", job_columns!(), " from jobs_jobs where id = ?1");

    LIST_JOBS = concat!("
        select ", job_columns!(in list), " from jobs_jobs
        where (created_at, id) < (?1, ?2)
            and (?3 is null or state = ?3) and (?4 is null or queue = ?4) and (?5 is null or class = ?5)
            and (?6 is null or exists (select 1 from json_each(tags) where value = ?6))
        order by created_at desc, id desc limit ?7");

    LIST_ATTEMPTS = "
        select attempt.number, attempt.session, attempt.started_at, attempt.ended_at, attempt.outcome, attempt.error
        from jobs_jobs job join jobs_attempts attempt on attempt.seq = job.seq
        where job.id = ?1 order by attempt.ended_at limit 100";

    LIST_LOG = "
        select line.at, line.attempt, line.text
        from jobs_jobs job join jobs_logs line on line.seq = job.seq
        where job.id = ?1 order by line.line";

    CHANGE_COUNT = "
        insert into jobs_counts (queue, class, state, jobs) values (?1, ?2, ?3, ?4)
        on conflict (queue, class, state) do update set jobs = jobs + excluded.jobs";

    LIST_COUNTS = "
        select queue, state, sum(jobs) from jobs_counts group by queue, state having sum(jobs) > 0";

    LIST_PAUSED = "
        select queue from jobs_paused";

    NEXT_READY = "
        select priority, run_at from jobs_jobs
        where state = 1 and queue = ?1 and priority > ?2 order by priority, seq limit 1";

    FIND_OLD = "
        select seq, queue, class from jobs_jobs where state = ?1 and finished_at < ?2 order by finished_at limit ?3";

    DELETE_JOB = "
        delete from jobs_jobs where seq = ?1";
}
