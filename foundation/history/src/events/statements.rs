//! The SQL statements of events.

outrigger_sql::statements! {
    INSERT = "
        insert or ignore into history_events (id, at, kind, title, attributes, actor, actor_kind)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

    LIST = "
        select id, at, kind, title, attributes, actor, actor_kind
        from history_events
        where (at, id) < (?1, ?2)
          and at between ?3 and ?4
        order by at desc, id desc
        limit ?5";

    LIST_OF_KIND = "
        select id, at, kind, title, attributes, actor, actor_kind
        from history_events
        where kind = ?6
          and (at, id) < (?1, ?2)
          and at between ?3 and ?4
        order by at desc, id desc
        limit ?5";

    PRUNE_BY_AGE = "
        delete from history_events
        where id in (
            select id from history_events where at < ?1 order by at limit ?2)";

    IS_OVER = "
        select events > ?2 or bytes > ?3
        from history_event_shares
        where share = ?1";

    DELETE_FIRST = "
        delete from history_events
        where arrival = (select min(arrival) from history_events where share = ?1)";
}
