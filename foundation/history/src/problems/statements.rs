//! The SQL statements of problems.

outrigger_sql::statements! {
    LOAD = "
        select id, code, capability, severity, title, detail, fix, page, guide, first_seen, last_seen,
               count, is_occurrence, state, acknowledged_by, acknowledged_at, resolved_at
        from history_problems
        limit 1000";

    SAVE = "
        insert or replace into history_problems
            (id, code, capability, severity, title, detail, fix, page, guide, first_seen, last_seen,
             count, is_occurrence, state, acknowledged_by, acknowledged_at, resolved_at)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)";

    IDS = "
        select id
        from history_problems";

    DELETE = "
        delete from history_problems
        where id = ?1";
}
