//! The statements of the series.

outrigger_sql::statements! {
    FIND = "
        select data
        from history_series
        where tier = ?1 and start_ms = ?2";

    SAVE = "
        insert or replace into history_series (tier, start_ms, data)
        values (?1, ?2, ?3)";

    RANGE = "
        select start_ms, data
        from history_series
        where tier = ?1 and start_ms between ?2 and ?3
        order by start_ms";

    SIZE = "
        select coalesce(sum(length(data)), 0)
        from history_series";

    OLDEST = "
        select start_ms, length(data), start_ms = (select max(start_ms) from history_series where tier = ?1)
        from history_series
        where tier = ?1
        order by start_ms
        limit 1";

    DELETE = "
        delete from history_series
        where tier = ?1 and start_ms = ?2";

    PRUNE = "
        delete from history_series
        where tier = ?1 and start_ms < ?2";
}
