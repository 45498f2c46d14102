//! Every statement of the store.

outrigger_sql::statements! {
    // Writers of accounts take turns: otherwise two owners could demote each other at the same moment, or more accounts be made
    // than there may be. Readers do not wait.
    LOCK_ACCOUNTS = "
        lock table access_accounts in share row exclusive mode";

    INSERT_ACCOUNT = "
        insert into access_accounts
            (id, email, email_key, name, role, disabled, password_hash, created_at, last_login_at)
        select $1::uuid, $2::text, $3::text, $4::text, $5::text, $6::boolean, $7::text,
               $8::timestamptz, $9::timestamptz
        where (select count(*) from access_accounts) < $10";

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
        where $1::timestamptz is null or (created_at, id) > ($1, $2::uuid)
        order by created_at, id
        limit $3";

    CHANGE_ACCOUNT = "
        update access_accounts
        set email         = coalesce($2, email),
            email_key     = coalesce($3, email_key),
            name          = coalesce($4, name),
            role          = coalesce($5, role),
            disabled      = coalesce($6, disabled),
            password_hash = coalesce($7, password_hash)
        where id = $1";

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
        update access_accounts set last_login_at = $2 where id = $1";

    END_OLDEST_SESSIONS = "
        delete from access_sessions
        where id in (
            select id
            from access_sessions
            where account_id = $1
            order by created_at desc, id desc
            offset $2
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

    TOUCH_SESSION = "
        update access_sessions set last_seen_at = $2 where id = $1 and last_seen_at < $2";

    LIST_SESSIONS = "
        select session.id, session.account_id, coalesce(account.email, account.name),
               session.address, session.user_agent, session.by_link, session.created_at,
               session.last_seen_at, session.expires_at
        from access_sessions session
        join access_accounts account on account.id = session.account_id
        where ($1::uuid is null or session.account_id = $1)
          and session.expires_at > $2
          and session.last_seen_at > $3
          and ($4::timestamptz is null or (session.last_seen_at, session.id) < ($4, $5::uuid))
        order by session.last_seen_at desc, session.id desc
        limit $6";

    END_SESSION = "
        delete from access_sessions where id = $1 and ($2::uuid is null or account_id = $2)";

    END_SESSIONS_EXCEPT = "
        delete from access_sessions where account_id = $1 and ($2::uuid is null or id <> $2)";

    DELETE_ENDED_SESSIONS = "
        delete from access_sessions where expires_at <= $1 or last_seen_at <= $2";

    INSERT_LOGIN_LINK = "
        insert into access_login_links (digest, account_id, created_at, expires_at)
        values ($1, $2, $3, $4)";

    REDEEM_LOGIN_LINK = "
        delete from access_login_links where digest = $1 returning account_id, expires_at";

    DELETE_LOGIN_LINKS = "
        delete from access_login_links where account_id = $1";

    DELETE_ENDED_LOGIN_LINKS = "
        delete from access_login_links where expires_at <= $1";

    // An account's tokens are made one after the other, so that each is counted.
    LOCK_ACCOUNT = "
        select 1 from access_accounts where id = $1 for no key update";

    INSERT_TOKEN = "
        insert into access_tokens
            (id, account_id, digest, hint, name, scopes, created_by, created_at, expires_at,
             last_used_at)
        select $1::uuid, $2::uuid, $3::bytea, $4::text, $5::text, $6::text, $7::text,
               $8::timestamptz, $9::timestamptz, $10::timestamptz
        where (
            select count(*)
            from access_tokens
            where account_id = $2 and (expires_at is null or expires_at > $8)
        ) < $11";

    FIND_TOKEN = "
        select account.id, account.email, account.name, account.role, account.disabled,
               account.password_hash, account.created_at, account.last_login_at,
               token.id, token.account_id, token.name, token.hint, token.scopes, token.created_by,
               token.created_at, token.expires_at, token.last_used_at, token.digest
        from access_tokens token
        join access_accounts account on account.id = token.account_id
        where token.id = $1";

    LIST_TOKENS = "
        select id, account_id, name, hint, scopes, created_by, created_at, expires_at,
               last_used_at, digest
        from access_tokens
        where $1::timestamptz is null or (created_at, id) < ($1, $2::uuid)
        order by created_at desc, id desc
        limit $3";

    TOUCH_TOKEN = "
        update access_tokens set last_used_at = $2 where id = $1";

    DELETE_TOKEN = "
        delete from access_tokens where id = $1";

    DELETE_EXPIRED_TOKENS = "
        delete from access_tokens where expires_at <= $1";

    // The same for ingest keys.
    LOCK_INGEST_KEYS = "
        lock table access_ingest_keys in share row exclusive mode";

    INSERT_INGEST_KEY = "
        insert into access_ingest_keys (id, name, key, created_at, last_used_at)
        select $1::uuid, $2::text, $3::text, $4::timestamptz, $5::timestamptz
        where (select count(*) from access_ingest_keys) < $6";

    FIND_INGEST_KEY = "
        select id, name, key, created_at, last_used_at from access_ingest_keys where key = $1";

    LIST_INGEST_KEYS = "
        select id, name, key, created_at, last_used_at
        from access_ingest_keys
        where $1::timestamptz is null or (created_at, id) < ($1, $2::uuid)
        order by created_at desc, id desc
        limit $3";

    TOUCH_INGEST_KEY = "
        update access_ingest_keys set last_used_at = $2 where id = $1";

    DELETE_INGEST_KEY = "
        delete from access_ingest_keys where id = $1";

    INSERT_AUDIT_ENTRY = "
        insert into access_audit
            (id, at, actor_kind, actor_id, actor, via, action, target, outcome, address, request_id)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

    LIST_AUDIT = "
        select id, at, actor_kind, actor_id, actor, via, action, target, outcome, address,
               request_id
        from access_audit
        where ($1::uuid is null or id < $1)
          and ($2::text is null or actor = $2)
          and ($3::text is null or action = $3)
          and ($4::text is null or starts_with(action, $4))
        order by id desc
        limit $5";

    PRUNE_AUDIT = "
        delete from access_audit
        where id in (select id from access_audit where at < $1 order by at limit $2)";
}
