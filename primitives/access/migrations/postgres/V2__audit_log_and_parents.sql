-- The audit log has a table of its own now, with migrations of its own, which run before these.
lock table access_audit in access exclusive mode;

insert into audit_log
    (id, at, actor_kind, actor_id, actor, via, action, target, outcome, address, request_id)
select id, at, actor_kind, actor_id, actor, via, action, target, outcome, address, request_id
from access_audit;

drop table access_audit;

-- Processes of the previous release that share the database go on writing and reading here.
create view access_audit as
select id, at, actor_kind, actor_id, actor, via, action, target, outcome, address, request_id
from audit_log;

-- The token that this one was made with: it ends with it.
alter table access_tokens add column parent_id uuid references access_tokens (id) on delete cascade;

create index access_tokens_of_parent on access_tokens (parent_id);

-- Lists are sorted by these.
create index access_accounts_by_age on access_accounts (created_at, id);
create index access_sessions_by_use on access_sessions (last_seen_at, id);
create index access_sessions_of_account_by_use on access_sessions (account_id, last_seen_at, id);
create index access_tokens_by_age on access_tokens (created_at, id);
create index access_tokens_of_account_by_age on access_tokens (account_id, created_at, id);
create index access_ingest_keys_by_age on access_ingest_keys (created_at, id);
drop index access_tokens_of_account;
drop index access_sessions_by_last_seen;

create index access_tokens_by_expiry on access_tokens (expires_at);

-- The latest time at which something was deleted because of its age. One row.
create table access_clock (
    id      integer     not null primary key check (id = 1),
    seen_at timestamptz not null
);
