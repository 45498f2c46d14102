-- Times are microseconds since 1970, ids the 16 bytes of a UUID, digests 32 bytes.

create table access_accounts (
    id            blob    not null primary key,
    -- As the person wrote it, and lower-cased: the same address in other letters is the same account.
    email         text,
    email_key     text    unique,
    name          text    not null,
    role          text    not null check (role in ('viewer', 'operator', 'admin', 'owner')),
    disabled      integer not null check (disabled in (0, 1)),
    password_hash text,
    created_at    integer not null,
    last_login_at integer
) strict, without rowid;

create table access_sessions (
    id           blob    not null primary key,
    account_id   blob    not null references access_accounts (id) on delete cascade,
    digest       blob    not null unique,
    address      text    not null,
    user_agent   text    not null,
    -- Whether it method with a login link instead of a password.
    by_link      integer not null check (by_link in (0, 1)),
    created_at   integer not null,
    last_seen_at integer not null,
    expires_at   integer not null
) strict, without rowid;

create index access_sessions_of_account on access_sessions (account_id, created_at);
create index access_sessions_by_expiry on access_sessions (expires_at);
create index access_sessions_by_last_seen on access_sessions (last_seen_at);

create table access_login_links (
    digest     blob    not null primary key,
    account_id blob    not null references access_accounts (id) on delete cascade,
    created_at integer not null,
    expires_at integer not null
) strict, without rowid;

create index access_login_links_of_account on access_login_links (account_id);
create index access_login_links_by_expiry on access_login_links (expires_at);

create table access_tokens (
    id           blob    not null primary key,
    account_id   blob    not null references access_accounts (id) on delete cascade,
    digest       blob    not null,
    hint         text    not null,
    name         text    not null,
    -- Separated by spaces.
    scopes       text    not null,
    created_by   text    not null,
    created_at   integer not null,
    expires_at   integer,
    last_used_at integer
) strict, without rowid;

create index access_tokens_of_account on access_tokens (account_id);

create table access_ingest_keys (
    id           blob    not null primary key,
    name         text    not null,
    key          text    not null unique,
    created_at   integer not null,
    last_used_at integer
) strict, without rowid;

-- Ids are time-ordered, so the newest entries are the last rows.
create table access_audit (
    id         blob    not null primary key,
    at         integer not null,
    actor_kind text    not null,
    actor_id   blob,
    actor      text    not null,
    via        text    not null,
    action     text    not null,
    target     text,
    outcome    text    not null,
    address    text,
    request_id text
) strict, without rowid;

create index access_audit_by_time on access_audit (at);
