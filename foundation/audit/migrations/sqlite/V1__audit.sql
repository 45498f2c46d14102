-- Times are microseconds since 1970, ids the 16 bytes of a UUID. Ids are time-ordered, so the newest entries are the last rows.

create table audit_log (
    id                     blob    not null primary key,
    at                     integer not null,
    actor_kind             text    not null,
    actor_id               blob,
    actor                  text    not null,
    via                    text    not null,
    action                 text    not null,
    target                 text,
    -- What the object was called at the time.
    target_name            text,
    -- JSON: [{"field", "from", "to"}].
    changes                text,
    outcome                text    not null,
    address                text,
    request_id             text,
    -- Whether the client chose the id of the request.
    request_id_from_client integer not null default 0 check (request_id_from_client in (0, 1)),
    -- The part of the action before the dot.
    capability             text    generated always as (substr(action, 1, instr(action || '.', '.') - 1)) virtual
) strict, without rowid;

create index audit_log_by_time on audit_log (at);
create index audit_log_by_actor on audit_log (actor, id);
create index audit_log_by_actor_id on audit_log (actor_id, id);
create index audit_log_by_action on audit_log (action, id);
create index audit_log_by_capability on audit_log (capability, id);
