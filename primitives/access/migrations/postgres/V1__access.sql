create table access_accounts (
    id            uuid        not null primary key,
    -- As the person wrote it, and lower-cased: the same address in other letters is the same account.
    email         text,
    email_key     text        constraint access_accounts_email_key unique,
    name          text        not null,
    role          text        not null check (role in ('viewer', 'operator', 'admin', 'owner')),
    disabled      boolean     not null,
    password_hash text,
    created_at    timestamptz not null,
    last_login_at timestamptz
);

create table access_sessions (
    id           uuid        not null primary key,
    account_id   uuid        not null references access_accounts (id) on delete cascade,
    digest       bytea       not null unique,
    address      text        not null,
    user_agent   text        not null,
    -- Whether it method with a login link instead of a password.
    by_link      boolean     not null,
    created_at   timestamptz not null,
    last_seen_at timestamptz not null,
    expires_at   timestamptz not null
);

create index access_sessions_of_account on access_sessions (account_id, created_at);
create index access_sessions_by_expiry on access_sessions (expires_at);
create index access_sessions_by_last_seen on access_sessions (last_seen_at);

create table access_login_links (
    digest     bytea       not null primary key,
    account_id uuid        not null references access_accounts (id) on delete cascade,
    created_at timestamptz not null,
    expires_at timestamptz not null
);

create index access_login_links_of_account on access_login_links (account_id);
create index access_login_links_by_expiry on access_login_links (expires_at);

create table access_tokens (
    id           uuid        not null primary key,
    account_id   uuid        not null references access_accounts (id) on delete cascade,
    digest       bytea       not null,
    hint         text        not null,
    name         text        not null,
    -- Separated by spaces.
    scopes       text        not null,
    created_by   text        not null,
    created_at   timestamptz not null,
    expires_at   timestamptz,
    last_used_at timestamptz
);

create index access_tokens_of_account on access_tokens (account_id);

create table access_ingest_keys (
    id           uuid        not null primary key,
    name         text        not null,
    key          text        not null unique,
    created_at   timestamptz not null,
    last_used_at timestamptz
);

-- Ids are time-ordered, so the newest entries are the last rows.
create table access_audit (
    id         uuid        not null primary key,
    at         timestamptz not null,
    actor_kind text        not null,
    actor_id   uuid,
    actor      text        not null,
    via        text        not null,
    action     text        not null,
    target     text,
    outcome    text        not null,
    address    text,
    request_id text
);

create index access_audit_by_time on access_audit (at);
