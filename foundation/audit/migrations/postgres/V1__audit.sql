-- Ids are time-ordered, so the newest entries are the last rows.

create table audit_log (
    id                     uuid        not null primary key,
    at                     timestamptz not null,
    actor_kind             text        not null,
    actor_id               uuid,
    actor                  text        not null,
    via                    text        not null,
    action                 text        not null,
    target                 text,
    -- What the object was called at the time.
    target_name            text,
    -- JSON: [{"field", "from", "to"}].
    changes                text,
    outcome                text        not null,
    address                text,
    request_id             text,
    -- Whether the client chose the id of the request.
    request_id_from_client boolean     not null default false,
    -- The part of the action before the dot.
    capability             text        generated always as (split_part(action, '.', 1)) stored
);

create index audit_log_by_time on audit_log (at);
create index audit_log_by_actor on audit_log (actor, id);
create index audit_log_by_actor_id on audit_log (actor_id, id);
create index audit_log_by_action on audit_log (action, id);
create index audit_log_by_capability on audit_log (capability, id);
