//! The SQL statements, shared by both databases.
//!
//! SQLite numbers parameters by their first occurrence, so they must occur in the order of their numbers. Lists always compare
//! with a cursor; for the first page, it is one before or after all rows. With a condition such as "or there is no cursor",
//! neither database would seek in its index.

outrigger_sql::statements! {
    COUNT_ACCOUNTS = "
        select count(*) from access_accounts";

    INSERT_ACCOUNT = "
        insert into access_accounts
            (id, email, email_key, name, role, disabled, password_hash, created_at, last_login_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

    FIND_ACCOUNT = "
        select id, email, name, role, disabled, password_hash, created_at, last_login_at
        from access_accounts
        where id = $1";

    FIND_ACCOUNT_BY_EMAIL = "
        select id, email, name, role, disabled, password_hash, created_at, last_login_at
        from access_accounts
        where email_key = $1";

    FIND_OLDEST_OWNER = "
        select id, email, name, role, disabled, password_hash, created_at, last_login_at
        from access_accounts
        where role = 'owner' and not disabled
        order by created_at, id
        limit 1";

    LIST_ACCOUNTS = "
        select id, email, name, role, disabled, password_hash, created_at, last_login_at
        from access_accounts
        where (created_at, id) > ($1, $2)
        order by created_at, id
        limit $3";

    CHANGE_ACCOUNT = "
        update access_accounts
        set email         = coalesce($1, email),
            email_key     = coalesce($2, email_key),
            name          = coalesce($3, name),
            role          = coalesce($4, role),
            disabled      = coalesce($5, disabled),
            password_hash = coalesce($6, password_hash)
        where id = $7";

    COUNT_OWNERS = "
        select count(*) from access_accounts where role = 'owner' and not disabled";

    DELETE_ACCOUNT = "
        delete from access_accounts where id = $1";

    INSERT_SESSION = "
        insert into access_sessions
            (id, account_id, digest, address, user_agent, by_link, created_at, last_seen_at,
             expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

    NOTE_LOGIN = "
        update access_accounts set last_login_at = $1 where id = $2";

    // The limit exceeds the largest allowed number of sessions. The databases have no common syntax for "no limit".
    END_OLDEST_SESSIONS = "
        delete from access_sessions
        where id in (
            select id
            from access_sessions
            where account_id = $1
            order by created_at desc, id desc
            limit 1000000 offset $2
        )";

    FIND_SESSION = "
        select account.id, account.email, account.name, account.role, account.disabled,
               account.password_hash, account.created_at, account.last_login_at,
               session.id, session.account_id, coalesce(account.email, account.name),
               session.address, session.user_agent, session.by_link, session.created_at,
               session.last_seen_at, session.expires_at, session.digest
        from access_sessions session
        join access_accounts account on account.id = session.account_id
        where session.digest = $1";

    FIND_SESSION_BY_ID = "
        select account.id, account.email, account.name, account.role, account.disabled,
               account.password_hash, account.created_at, account.last_login_at,
               session.id, session.account_id, coalesce(account.email, account.name),
               session.address, session.user_agent, session.by_link, session.created_at,
               session.last_seen_at, session.expires_at, session.digest
        from access_sessions session
        join access_accounts account on account.id = session.account_id
        where session.id = $1";

    TOUCH_SESSION = "
        update access_sessions set last_seen_at = $1 where id = $2 and last_seen_at < $1";

    LIST_SESSIONS = "
        select session.id, session.account_id, coalesce(account.email, account.name),
               session.address, session.user_agent, session.by_link, session.created_at,
               session.last_seen_at, session.expires_at
        from access_sessions session
        join access_accounts account on account.id = session.account_id
        where session.expires_at > $1
          and session.last_seen_at > $2
          and (session.last_seen_at, session.id) < ($3, $4)
        order by session.last_seen_at desc, session.id desc
        limit $5";

    LIST_SESSIONS_OF_ACCOUNT = "
        select session.id, session.account_id, coalesce(account.email, account.name),
               session.address, session.user_agent, session.by_link, session.created_at,
               session.last_seen_at, session.expires_at
        from access_sessions session
        join access_accounts account on account.id = session.account_id
        where session.expires_at > $1
          and session.last_seen_at > $2
          and (session.last_seen_at, session.id) < ($3, $4)
          and session.account_id = $5
        order by session.last_seen_at desc, session.id desc
        limit $6";

    END_SESSION = "
        delete from access_sessions where id = $1";

    END_SESSIONS_EXCEPT = "
        delete from access_sessions where account_id = $1 and id <> $2";

    DELETE_ENDED_SESSIONS = "
        delete from access_sessions where expires_at <= $1 or last_seen_at <= $2";

    INSERT_LOGIN_LINK = "
        insert into access_login_links (digest, account_id, created_at, expires_at)
        values ($1, $2, $3, $4)";

    FIND_LOGIN_LINK = "
        select account.id, account.email, account.name, account.role, account.disabled,
               account.password_hash, account.created_at, account.last_login_at,
               link.digest, link.created_at, link.expires_at
        from access_login_links link
        join access_accounts account on account.id = link.account_id
        where link.digest = $1";

    USE_LOGIN_LINK = "
        delete from access_login_links where digest = $1";

    DELETE_LOGIN_LINKS = "
        delete from access_login_links where account_id = $1";

    DELETE_ENDED_LOGIN_LINKS = "
        delete from access_login_links where expires_at <= $1";

    FIND_CLOCK = "
        select seen_at from access_clock where id = 1";

    NOTE_CLOCK = "
        insert into access_clock (id, seen_at)
        values (1, $1)
        on conflict (id) do update set seen_at = excluded.seen_at";

    COUNT_TOKENS = "
        select count(*)
        from access_tokens
        where account_id = $1 and (expires_at is null or expires_at > $2)";

    INSERT_TOKEN = "
        insert into access_tokens
            (id, account_id, digest, hint, name, scopes, created_by, created_at, expires_at,
             last_used_at, parent_id)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

    FIND_TOKEN = "
        select account.id, account.email, account.name, account.role, account.disabled,
               account.password_hash, account.created_at, account.last_login_at,
               token.id, token.account_id, token.name, token.hint, token.scopes, token.created_by,
               token.created_at, token.expires_at, token.last_used_at, token.digest,
               token.parent_id
        from access_tokens token
        join access_accounts account on account.id = token.account_id
        where token.id = $1";

    LIST_TOKENS = "
        select id, account_id, name, hint, scopes, created_by, created_at, expires_at,
               last_used_at, digest, parent_id
        from access_tokens
        where (created_at, id) < ($1, $2)
        order by created_at desc, id desc
        limit $3";

    LIST_TOKENS_OF_ACCOUNT = "
        select id, account_id, name, hint, scopes, created_by, created_at, expires_at,
               last_used_at, digest, parent_id
        from access_tokens
        where (created_at, id) < ($1, $2) and account_id = $3
        order by created_at desc, id desc
        limit $4";

    TOUCH_TOKEN = "
        update access_tokens set last_used_at = $1 where id = $2";

    DELETE_TOKEN = "
        delete from access_tokens where id = $1";

    DELETE_EXPIRED_TOKENS = "
        delete from access_tokens where expires_at <= $1";

    COUNT_INGEST_KEYS = "
        select count(*) from access_ingest_keys";

    INSERT_INGEST_KEY = "
        insert into access_ingest_keys (id, name, key, created_at, last_used_at)
        values ($1, $2, $3, $4, $5)";

    FIND_INGEST_KEY = "
        select id, name, key, created_at, last_used_at from access_ingest_keys where key = $1";

    FIND_INGEST_KEY_BY_ID = "
        select id, name, key, created_at, last_used_at from access_ingest_keys where id = $1";

    LIST_INGEST_KEYS = "
        select id, name, key, created_at, last_used_at
        from access_ingest_keys
        where (created_at, id) < ($1, $2)
        order by created_at desc, id desc
        limit $3";

    TOUCH_INGEST_KEY = "
        update access_ingest_keys set last_used_at = $1 where id = $2";

    DELETE_INGEST_KEY = "
        delete from access_ingest_keys where id = $1";
}

/// The statements that read lists.
pub(super) const LISTS: [&str; 6] = [
    LIST_ACCOUNTS,
    LIST_SESSIONS,
    LIST_SESSIONS_OF_ACCOUNT,
    LIST_TOKENS,
    LIST_TOKENS_OF_ACCOUNT,
    LIST_INGEST_KEYS,
];
