-- Answers to requests with an `Idempotency-Key`, for a day.
create table http_idempotency (
    caller      text   not null,
    key         text   not null,
    fingerprint bytea  not null,
    -- Microseconds since 1970.
    claimed_at  bigint not null,
    -- Sealed; null while the request is being worked on.
    answer      bytea,
    primary key (caller, key)
);

create index http_idempotency_claimed_at on http_idempotency (claimed_at);
